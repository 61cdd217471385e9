/* What one Received: header says of TLS (RFC 5321 section 4.4 fixes its clauses; how a product adds
 * TLS to them is its own: the forms are beside the functions that read them). */
#include "received.h"

#include "smtp_text.h"
#include "tls_hello.h"
#include "tls_names.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

const char *const received_basis_names[RECEIVED_BASES] = {
    [RECEIVED_NOTHING] = "nothing",
    [RECEIVED_PROTOCOL] = "protocol",
    [RECEIVED_BY_CIPHER] = "cipher",
    [RECEIVED_STATED] = "stated",
};

/* What has been found so far. */
struct reading {
	struct product_stamp parts;
	struct cursor version, cipher; /* as they are written; empty: not found */
	uint16_t bits;
	bool tls;			/* there was */
	bool list;			/* within Courier's list: its bits and cipher come next */
	struct cursor last, one_before; /* the words before this one */
};

/* ---- Clauses ---- */

static bool is_blank(uint8_t b)
{
	return b == ' ' || b == '\t';
}

static bool is_word(struct cursor text, const char *word)
{
	return text.left == strlen(word) && smtp_text_same(text, word);
}

/* Takes a comment whose ( has been taken, with those nested in it. */
static struct cursor take_comment(struct cursor *text)
{
	struct cursor comment = cursor_over(text->at, 0);
	int depth = 1;
	uint8_t b;

	while (cursor_u8(text, &b)) {
		depth += b == '(' ? 1 : b == ')' ? -1 : 0;
		if (depth == 0)
			break;
		comment.left++;
		if (b == '\\' && cursor_u8(text, &b))
			comment.left++;
	}
	return comment;
}

static void keep_comment(struct product_stamp *parts, struct cursor comment)
{
	if (parts->comment_count < PRODUCT_COMMENTS_MAX)
		parts->comments[parts->comment_count++] = comment;
}

static struct cursor take_clause_word(struct cursor *text)
{
	struct cursor word = cursor_over(text->at, 0);
	uint8_t b;

	while (cursor_peek(text, 0, &b) && !is_blank(b) && b != '(' && b != ';' &&
	       cursor_skip(text, 1))
		word.left++;
	return word;
}

static void skip_blanks(struct cursor *text)
{
	uint8_t b;

	while (cursor_peek(text, 0, &b) && is_blank(b) && cursor_skip(text, 1))
		;
}

/* Where a word of the clauses is one of their names, what stands behind it is theirs. */
static void keep_clause(struct product_stamp *parts, struct cursor name, struct cursor rest)
{
	skip_blanks(&rest);
	if (is_word(name, "BY") && parts->by.left == 0)
		parts->by = take_clause_word(&rest);
	else if (is_word(name, "WITH") && parts->with.left == 0)
		parts->with = rest;
	else if (is_word(name, "ID") && parts->id.left == 0)
		parts->id = take_clause_word(&rest);
}

/* Up to the date. */
static void read_clauses(struct product_stamp *parts, struct cursor text)
{
	uint8_t b;

	while (cursor_peek(&text, 0, &b) && b != ';') {
		struct cursor word;

		if (b == '(' && cursor_skip(&text, 1)) {
			keep_comment(parts, take_comment(&text));
			continue;
		}
		if (is_blank(b) && cursor_skip(&text, 1))
			continue;
		word = take_clause_word(&text);
		if (word.left == 0)
			break;
		keep_clause(parts, word, text);
	}
}

/* RFC 3848, RFC 6531: an S in the protocol's name. "Microsoft SMTP Server" is none. */
static bool names_tls(struct cursor with)
{
	static const char *const protocols[] = {"ESMTPS", "ESMTPSA", "SMTPS", "SMTPSA", "LMTPS",
	    "LMTPSA", "UTF8SMTPS", "UTF8SMTPSA", "UTF8LMTPS", "UTF8LMTPSA"};
	uint8_t b;

	while (cursor_peek(&with, 0, &b) && b != ';') {
		struct cursor word = take_clause_word(&with);

		for (size_t i = 0; i < COUNT(protocols); i++)
			if (is_word(word, protocols[i]))
				return true;
		if (word.left == 0 && b == '(' && cursor_skip(&with, 1))
			(void)take_comment(&with);
		skip_blanks(&with);
	}
	return false;
}

/* ---- Words ---- */

static bool ends_word(uint8_t b)
{
	return is_blank(b) || b == ',' || b == ';' || b == '(' || b == ')';
}

static struct cursor take_word(struct cursor *text)
{
	struct cursor word;
	uint8_t b;

	while (cursor_peek(text, 0, &b) && ends_word(b) && cursor_skip(text, 1))
		;
	word = cursor_over(text->at, 0);
	while (cursor_peek(text, 0, &b) && !ends_word(b) && cursor_skip(text, 1))
		word.left++;
	return word;
}

/* Up to `stop`, which is passed over, or the end. */
static struct cursor take_part(struct cursor *text, uint8_t stop)
{
	struct cursor part = cursor_over(text->at, 0);
	uint8_t b;

	while (cursor_u8(text, &b) && b != stop)
		part.left++;
	return part;
}

/* The number that text begins with; 0: none. */
static uint16_t read_number(struct cursor text)
{
	unsigned n = 0;
	uint8_t b;

	while (cursor_u8(&text, &b) && b >= '0' && b <= '9' && n < 10000)
		n = n * 10 + (unsigned)(b - '0');
	return n < 10000 ? (uint16_t)n : 0;
}

static bool is_version(struct cursor word)
{
	struct tls_range range;

	return tls_words_version(word, &range);
}

static bool is_cipher(struct cursor word)
{
	uint16_t code;

	return tls_words_cipher(word, 0, &code);
}

static void keep(struct cursor *to, struct cursor word)
{
	if (to->left == 0)
		*to = word;
}

static void keep_version(struct reading *r, struct cursor word)
{
	r->tls = true;
	if (!is_word(word, "TLS"))
		keep(&r->version, word);
}

static void keep_bits(struct reading *r, struct cursor word)
{
	if (r->bits == 0)
		r->bits = read_number(word);
}

/* version=TLS1_2, cipher=TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, bits=256/256: Sendmail, Exchange,
 * Gmail, Mimecast, Proofpoint, Haraka, OpenSMTPD before 6.6 and many more. */
static bool read_pair(struct reading *r, struct cursor word)
{
	struct cursor name = take_part(&word, '=');

	if (word.left == 0)
		return false;
	if (is_word(name, "VERSION") && is_version(word))
		keep_version(r, word);
	else if (is_word(name, "CIPHER"))
		keep(&r->cipher, word);
	else if (is_word(name, "BITS"))
		keep_bits(r, word);
	else
		return false;
	return true;
}

/* TLSv1.3:TLS_AES_256_GCM_SHA384:256: Exim up to 4.92, OpenSMTPD, MDaemon. GnuTLS in an old Exim
 * gives the key's size in bytes. "UNKNOWN" instead of a version is OpenSSL's. */
static bool read_triple(struct reading *r, struct cursor word)
{
	struct cursor version = take_part(&word, ':'), cipher = take_part(&word, ':');
	uint16_t bits = read_number(word);

	if (cipher.left == 0 || (!is_version(version) && !is_word(version, "UNKNOWN")))
		return false;
	if (is_word(version, "UNKNOWN") && !is_cipher(cipher))
		return false;
	if (is_version(version))
		keep_version(r, version);
	keep(&r->cipher, cipher);
	if (r->bits == 0)
		r->bits = bits == 16 || bits == 24 || bits == 32 ? (uint16_t)(bits * 8) : bits;
	return true;
}

/* ESMTP/TLS/ECDHE-RSA-AES256-GCM-SHA384: IronPort. */
static bool read_slashes(struct reading *r, struct cursor word)
{
	struct cursor protocol = take_part(&word, '/'), tls = take_part(&word, '/');

	if (!is_word(tls, "TLS") || word.left == 0 ||
	    (!is_word(protocol, "ESMTP") && !is_word(protocol, "SMTP")))
		return false;
	r->tls = true;
	keep(&r->cipher, word);
	return true;
}

/* TLS: TLSv1/SSLv3,256bits,AES256-SHA: Courier, InterScan, McAfee. */
static bool read_list(struct reading *r, struct cursor word)
{
	if (is_word(r->last, "TLS:") && is_version(word)) {
		keep_version(r, word);
		r->list = true;
		return true;
	}
	if (!r->list)
		return false;
	if (r->bits == 0 && read_number(word) > 0) {
		keep_bits(r, word);
		return true;
	}
	keep(&r->cipher, word);
	r->list = false;
	return true;
}

/* using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits): Postfix, FOPE, Kerio, Postini.
 * tls TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: Exim, Haraka.
 * DHE-RSA-AES256-SHA encrypted: qmail, qpsmtpd; with a version before it in some.
 * over TLS secured channel: IIS. */
static void read_phrase(struct reading *r, struct cursor word)
{
	if (is_word(r->last, "USING") && is_version(word))
		keep_version(r, word);
	else if (is_word(r->last, "CIPHER"))
		keep(&r->cipher, word);
	else if (is_word(r->last, "TLS") && is_cipher(word))
		keep(&r->cipher, word);
	else if (is_word(word, "ENCRYPTED") && is_cipher(r->last))
		keep(&r->cipher, r->last);
	else if (is_word(word, "SECURED") && is_word(r->last, "TLS"))
		r->tls = true;
	else if (is_word(word, "BITS") && r->cipher.left > 0)
		keep_bits(r, r->last);
	if (is_word(word, "ENCRYPTED") && is_version(r->one_before))
		keep_version(r, r->one_before);
}

static void read_word(struct reading *r, struct cursor word)
{
	if (!read_list(r, word) && !read_pair(r, word) && !read_triple(r, word) &&
	    !read_slashes(r, word))
		read_phrase(r, word);
	r->one_before = r->last;
	r->last = word;
}

/* A comment that is a version and no more: Exim since 4.93 (TLS1.3), Exchange up to 2010 (TLS). */
static void read_comments(struct reading *r)
{
	for (size_t i = 0; i < r->parts.comment_count; i++)
		if (is_version(r->parts.comments[i]))
			keep_version(r, r->parts.comments[i]);
}

/* ---- What follows ---- */

static bool is_exact(struct tls_range range)
{
	return range.least != 0 && range.least == range.most;
}

static struct tls_range both(struct tls_range a, struct tls_range b)
{
	if (a.most == 0 || b.most == 0)
		return a.most == 0 ? b : a;
	return (struct tls_range){
	    a.least > b.least ? a.least : b.least, a.most < b.most ? a.most : b.most};
}

/* An AEAD cipher under a name that nobody knows. */
static struct tls_range range_of_name(struct cursor cipher)
{
	static const char *const aead[] = {"GCM", "POLY1305", "CCM"};

	for (size_t i = 0; i < COUNT(aead); i++)
		if (smtp_text_contains(cipher, aead[i]))
			return (struct tls_range){TLS_VERSION_12, TLS_VERSION_13};
	return (struct tls_range){0, 0};
}

/*
 * What OpenSSL since 1.1 calls a cipher suite's version is the first that had it: SSLv3 or TLSv1.0,
 * which it never calls a connection's ("TLSv1").
 */
static bool states_cipher_version(const struct reading *r, uint8_t product)
{
	return product_states_cipher_version(product) &&
	       (is_word(r->version, "TLSV1.0") || is_word(r->version, "SSLV3"));
}

static void conclude(const struct reading *r, struct received_stamp *s)
{
	struct tls_range stated, cipher, range;
	bool known;

	if (!tls_words_version(r->version, &stated))
		stated.least = stated.most = 0;
	known = tls_words_cipher(r->cipher, stated.most, &s->cipher_suite);
	cipher = known ? tls_words_cipher_range(s->cipher_suite) : range_of_name(r->cipher);
	if (states_cipher_version(r, s->product))
		stated.most = TLS_VERSION_12;
	range = both(stated, cipher);
	if (range.least >
	    range.most) /* it cannot have been: the cipher suite is nearer the truth */
		range = cipher;
	s->range = range;
	s->bits = r->bits;
	if (range.most == 0)
		s->basis = r->tls || r->cipher.left > 0 ? RECEIVED_PROTOCOL : RECEIVED_NOTHING;
	else if (is_exact(stated) && range.least == stated.least && range.most == stated.most)
		s->basis = RECEIVED_STATED;
	else
		s->basis = RECEIVED_BY_CIPHER;
}

void received_read(struct cursor text, struct received_stamp *stamp, struct cursor *version)
{
	struct reading r = {.tls = false};
	struct product_match product;

	memset(stamp, 0, sizeof(*stamp));
	read_clauses(&r.parts, text);
	read_comments(&r);
	r.tls |= names_tls(r.parts.with);
	while (text.left > 0)
		read_word(&r, take_word(&text));
	product = product_of_stamp(&r.parts);
	stamp->product = product.product;
	if (version != NULL)
		*version = product.version;
	conclude(&r, stamp);
}

bool received_is_exact(const struct received_stamp *stamp)
{
	return is_exact(stamp->range);
}

static char *put_text(char *to, const char *text)
{
	size_t length = strlen(text);

	memcpy(to, text, length + 1);
	return to + length;
}

const char *received_range_text(struct tls_range range, char text[RECEIVED_RANGE_MAX])
{
	const char *least = tls_version_label(range.least), *most = tls_version_label(range.most);
	char *to = text;

	text[0] = '\0';
	if (least == NULL || most == NULL)
		return text;
	if (least != most)
		to = put_text(put_text(to, least), " to ");
	put_text(to, most);
	return text;
}

bool received_is_legacy(const struct received_stamp *stamp)
{
	return stamp->range.most != 0 && stamp->range.most < TLS_VERSION_12;
}

/* ---- Of a connection ---- */

static bool same_stamp(const struct received_stamp *a, const struct received_stamp *b)
{
	return a->hop == b->hop && a->product == b->product && a->basis == b->basis &&
	       a->range.least == b->range.least && a->range.most == b->range.most &&
	       a->cipher_suite == b->cipher_suite && a->bits == b->bits;
}

/* Where a stamp goes: a place of its own, or that of one that matters less; NULL: nowhere. */
static struct received_stamp *place_for(
    struct received_facts *facts, const struct received_stamp *stamp)
{
	for (size_t i = 0; i < facts->count; i++)
		if (same_stamp(&facts->stamps[i], stamp))
			return NULL;
	if (facts->count < RECEIVED_STAMPS_MAX)
		return &facts->stamps[facts->count++];
	for (size_t i = facts->count; received_is_legacy(stamp) && i-- > 0;)
		if (!received_is_legacy(&facts->stamps[i]))
			return &facts->stamps[i];
	return NULL;
}

void received_keep(struct received_facts *facts, const struct received_reader *r,
    const uint8_t kept[RECEIVED_TEXT_MAX])
{
	struct received_stamp stamp, *place;
	struct cursor version;

	received_read(cursor_over(kept, r->used), &stamp, &version);
	stamp.hop = (uint8_t)r->hops;
	if (r->hops > facts->hops)
		facts->hops = r->hops;
	if (r->hops == 1 && stamp.product != 0) {
		facts->sender = stamp.product;
		product_version_text(facts->sender_version, version);
	}
	place = place_for(facts, &stamp);
	if (place != NULL)
		*place = stamp;
}

const struct received_stamp *received_lowest(const struct received_facts *facts)
{
	const struct received_stamp *lowest = NULL;

	for (size_t i = 0; i < facts->count; i++) {
		const struct received_stamp *s = &facts->stamps[i];

		if ((received_is_legacy(s) || is_exact(s->range)) &&
		    (lowest == NULL || s->range.most < lowest->range.most))
			lowest = s;
	}
	return lowest;
}
