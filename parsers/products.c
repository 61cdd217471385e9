/* Mail products: the table, and how its rows are compared with greetings and stamps. */
#include "products.h"

#include "smtp_capability.h"
#include "smtp_text.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define CAN(keyword) SMTP_KEYWORD_BIT(SMTP_KEYWORD_##keyword)
#define HEX_LEAST    16 /* digits that # stands for, at least */

struct product {
	const char *name;
	const char *banner, *host;	 /* see products.inc; NULL: not asked for */
	const char *comment, *with, *id; /* of a stamp */
	const char *version;
	const char *hello;   /* of a client */
	uint64_t has, lacks; /* SMTP_KEYWORD_BIT() */
	bool cipher_version;
};

static const struct product products[] = {
#include "products.inc"
};

_Static_assert(COUNT(products) < UINT8_MAX, "a product's number is a byte");

const char *const product_basis_names[PRODUCT_BASES] = {
    [PRODUCT_BASIS_BANNER] = "banner",
    [PRODUCT_BASIS_CAPABILITIES] = "capabilities",
    [PRODUCT_BASIS_BOTH] = "banner_and_capabilities",
    [PRODUCT_BASIS_RECEIVED] = "received",
    [PRODUCT_BASIS_HELLO] = "hello",
};

/* ---- Patterns ---- */

static bool is_digit(uint8_t b)
{
	return b >= '0' && b <= '9';
}

static bool is_letter(uint8_t b)
{
	return smtp_text_upper(b) >= 'A' && smtp_text_upper(b) <= 'Z';
}

/* What a version is made of, behind its first digit. */
static bool is_versions(uint8_t b)
{
	return is_digit(b) || is_letter(b) || b == '.' || b == '_' || b == '-';
}

static bool take_version(struct cursor *text, struct cursor *version)
{
	struct cursor found = cursor_over(text->at, 0);
	uint8_t b;

	if (!cursor_peek(text, 0, &b) || !is_digit(b))
		return false;
	while (cursor_peek(text, 0, &b) && is_versions(b) && cursor_skip(text, 1))
		found.left++;
	while (found.left > 0 && cursor_peek(&found, found.left - 1, &b) && !is_digit(b) &&
	       !is_letter(b))
		found.left--;
	*version = found;
	return true;
}

static bool take_hex(struct cursor *text)
{
	size_t length = 0;
	uint8_t b;

	for (; cursor_peek(text, 0, &b); length++) {
		b = smtp_text_upper(b);
		if (!is_digit(b) && !(b >= 'A' && b <= 'F'))
			break;
		if (!cursor_skip(text, 1))
			break;
	}
	return length >= HEX_LEAST;
}

/* Capital letters of a pattern stand for small ones, too. */
static bool take_byte(struct cursor *text, char wanted)
{
	uint8_t b;

	return cursor_u8(text, &b) &&
	       (b == (uint8_t)wanted || smtp_text_upper(b) == (uint8_t)wanted);
}

/* Whether text begins as the pattern says; takes that much. */
static bool take_pattern(struct cursor *text, const char *pattern, struct cursor *version)
{
	for (; *pattern != '\0'; pattern++) {
		bool fit = *pattern == '%'   ? take_version(text, version)
			   : *pattern == '#' ? take_hex(text)
					     : take_byte(text, *pattern);

		if (!fit)
			return false;
	}
	return true;
}

/* ... and does not go on in the middle of a word. */
static bool fits(struct cursor text, const char *pattern, struct cursor *version)
{
	uint8_t b;

	return take_pattern(&text, pattern, version) &&
	       (!cursor_peek(&text, 0, &b) || !is_letter(b) ||
		   !is_letter((uint8_t)pattern[strlen(pattern) - 1]));
}

static bool ends_with(struct cursor text, const char *end)
{
	size_t length = strlen(end);

	return text.left >= length && cursor_skip(&text, text.left - length) &&
	       smtp_text_same(text, end);
}

static bool version_fits(const struct product *p, struct cursor version)
{
	return p->version == NULL || smtp_text_begins(version, p->version);
}

/* ---- Greetings ---- */

#define LETTER(b) (1u << ((b)&0x1f))

#define WORDS_MAX 160 /* of a greeting: a byte each, in no more than SMTP_BANNER_MAX */

struct greeting {
	struct cursor host;	       /* the first word */
	struct cursor text[WORDS_MAX]; /* from each word on that may name a product */
	unsigned words;
	uint32_t letters; /* LETTER() of each word's first byte */
	bool capabilities_seen;
	uint64_t capabilities;
};

static bool begins_word(uint8_t before)
{
	return before == ' ' || before == '(' || before == '<' || before == '[';
}

/* Moves to where the next word begins. */
static bool next_word(struct cursor *text)
{
	uint8_t before, b;

	while (cursor_u8(text, &before))
		if (begins_word(before) && cursor_peek(text, 0, &b) && b != ' ')
			return true;
	return false;
}

static void read_greeting(struct greeting *g, struct cursor banner)
{
	uint8_t b;

	g->host = cursor_over(banner.at, 0);
	g->words = 0;
	g->letters = 0;
	while (cursor_peek(&banner, g->host.left, &b) && b != ' ')
		g->host.left++;
	if (smtp_text_contains(g->host, ".") && !next_word(&banner)) /* a name is no product's */
		return;
	do {
		if (!cursor_peek(&banner, 0, &b))
			return;
		g->letters |= LETTER(b);
		g->text[g->words++] = banner;
	} while (g->words < WORDS_MAX && next_word(&banner));
}

static bool banner_fits(const struct greeting *g, const char *pattern, struct cursor *version)
{
	if (!(g->letters & LETTER(pattern[0])))
		return false;
	for (unsigned i = 0; i < g->words; i++)
		if (fits(g->text[i], pattern, version))
			return true;
	return false;
}

static bool server_fits(const struct product *p, const struct greeting *g, struct cursor *version)
{
	if (p->banner == NULL && p->has == 0)
		return false;
	if (p->has != 0 && (!g->capabilities_seen || (g->capabilities & p->has) != p->has ||
			       (g->capabilities & p->lacks) != 0))
		return false;
	if (p->banner == NULL)
		return true;
	return banner_fits(g, p->banner, version) && version_fits(p, *version) &&
	       (p->host == NULL || ends_with(g->host, p->host));
}

struct product_match product_of_server(
    struct cursor banner, bool capabilities_seen, uint64_t capabilities)
{
	struct greeting g;

	read_greeting(&g, banner);
	g.capabilities_seen = capabilities_seen;
	g.capabilities = capabilities;
	for (size_t i = 0; i < COUNT(products); i++) {
		const struct product *p = &products[i];
		struct product_match m = {.product = (uint8_t)(i + 1)};

		if (!server_fits(p, &g, &m.version))
			continue;
		m.basis = p->has == 0	      ? PRODUCT_BASIS_BANNER
			  : p->banner == NULL ? PRODUCT_BASIS_CAPABILITIES
					      : PRODUCT_BASIS_BOTH;
		return m;
	}
	return (struct product_match){.product = 0};
}

/* ---- Stamps ---- */

static bool comment_fits(const struct product_stamp *s, const char *pattern, struct cursor *version)
{
	for (size_t i = 0; i < s->comment_count; i++)
		if (fits(s->comments[i], pattern, version))
			return true;
	return false;
}

static bool stamp_fits(
    const struct product *p, const struct product_stamp *s, struct cursor *version)
{
	struct cursor with = s->with;

	if (p->comment == NULL && p->with == NULL)
		return false;
	if (p->host != NULL && !ends_with(s->by, p->host))
		return false;
	if (p->with != NULL && !take_pattern(&with, p->with, version)) /* ESMTP is ESMTPSA, too */
		return false;
	if (p->id != NULL && !smtp_text_begins(s->id, p->id))
		return false;
	if (p->comment != NULL && !comment_fits(s, p->comment, version))
		return false;
	return version_fits(p, *version);
}

struct product_match product_of_stamp(const struct product_stamp *stamp)
{
	for (size_t i = 0; i < COUNT(products); i++) {
		struct product_match m = {
		    .product = (uint8_t)(i + 1), .basis = PRODUCT_BASIS_RECEIVED};

		if (!stamp_fits(&products[i], stamp, &m.version))
			continue;
		if (products[i].id != NULL)
			m.version = stamp->id;
		return m;
	}
	return (struct product_match){.product = 0};
}

struct product_match product_of_hello(struct cursor ja4)
{
	for (size_t i = COUNT(products);
	     i-- > 0 && products[i].hello != NULL;) /* they stand last */
		if (ends_with(ja4, products[i].hello))
			return (struct product_match){
			    .product = (uint8_t)(i + 1), .basis = PRODUCT_BASIS_HELLO};
	return (struct product_match){.product = 0};
}

bool product_states_cipher_version(uint8_t product)
{
	return product > 0 && product <= COUNT(products) && products[product - 1].cipher_version;
}

const char *product_name(uint8_t product)
{
	return product > 0 && product <= COUNT(products) ? products[product - 1].name : NULL;
}

void product_version_text(char to[PRODUCT_VERSION_MAX], struct cursor version)
{
	smtp_text_keep(to, PRODUCT_VERSION_MAX, version);
}
