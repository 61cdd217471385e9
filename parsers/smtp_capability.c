/* Capabilities: one table, looked up by the first letter. */
#include "smtp_capability.h"

#include "smtp_text.h"

struct keyword {
	char text[SMTP_OTHER_LENGTH_MAX]; /* in upper case */
	uint8_t length;
};

#define ROW(text)                                                                                  \
	{                                                                                          \
		text, sizeof(text) - 1                                                             \
	}

static const struct keyword keywords[SMTP_KEYWORDS] = {
    [SMTP_KEYWORD_ATRN] = ROW("ATRN"),
    [SMTP_KEYWORD_AUTH] = ROW("AUTH"),
    [SMTP_KEYWORD_BINARYMIME] = ROW("BINARYMIME"),
    [SMTP_KEYWORD_BURL] = ROW("BURL"),
    [SMTP_KEYWORD_CHECKPOINT] = ROW("CHECKPOINT"),
    [SMTP_KEYWORD_CHUNKING] = ROW("CHUNKING"),
    [SMTP_KEYWORD_CONPERM] = ROW("CONPERM"),
    [SMTP_KEYWORD_DELIVERBY] = ROW("DELIVERBY"),
    [SMTP_KEYWORD_DSN] = ROW("DSN"),
    [SMTP_KEYWORD_ENHANCEDSTATUSCODES] = ROW("ENHANCEDSTATUSCODES"),
    [SMTP_KEYWORD_ETRN] = ROW("ETRN"),
    [SMTP_KEYWORD_EXPN] = ROW("EXPN"),
    [SMTP_KEYWORD_FUTURERELEASE] = ROW("FUTURERELEASE"),
    [SMTP_KEYWORD_HELP] = ROW("HELP"),
    [SMTP_KEYWORD_LIMITS] = ROW("LIMITS"),
    [SMTP_KEYWORD_MTRK] = ROW("MTRK"),
    [SMTP_KEYWORD_MT_PRIORITY] = ROW("MT-PRIORITY"),
    [SMTP_KEYWORD_NO_SOLICITING] = ROW("NO-SOLICITING"),
    [SMTP_KEYWORD_OK] = ROW("OK"),
    [SMTP_KEYWORD_ONEX] = ROW("ONEX"),
    [SMTP_KEYWORD_PIPECONNECT] = ROW("PIPECONNECT"),
    [SMTP_KEYWORD_PIPELINING] = ROW("PIPELINING"),
    [SMTP_KEYWORD_PRDR] = ROW("PRDR"),
    [SMTP_KEYWORD_REQUIRETLS] = ROW("REQUIRETLS"),
    [SMTP_KEYWORD_RRVS] = ROW("RRVS"),
    [SMTP_KEYWORD_SAML] = ROW("SAML"),
    [SMTP_KEYWORD_SEND] = ROW("SEND"),
    [SMTP_KEYWORD_SIZE] = ROW("SIZE"),
    [SMTP_KEYWORD_SMTPUTF8] = ROW("SMTPUTF8"),
    [SMTP_KEYWORD_SOML] = ROW("SOML"),
    [SMTP_KEYWORD_STARTTLS] = ROW("STARTTLS"),
    [SMTP_KEYWORD_TLS] = ROW("TLS"),
    [SMTP_KEYWORD_TURN] = ROW("TURN"),
    [SMTP_KEYWORD_UTF8SMTP] = ROW("UTF8SMTP"),
    [SMTP_KEYWORD_VERB] = ROW("VERB"),
    [SMTP_KEYWORD_VRFY] = ROW("VRFY"),
    [SMTP_KEYWORD_8BITMIME] = ROW("8BITMIME"),
    [SMTP_KEYWORD_X_ANONYMOUSTLS] = ROW("X-ANONYMOUSTLS"),
    [SMTP_KEYWORD_X_EXPS] = ROW("X-EXPS"),
    [SMTP_KEYWORD_X_LINK2STATE] = ROW("X-LINK2STATE"),
    [SMTP_KEYWORD_X_RCPTLIMIT] = ROW("X-RCPTLIMIT"),
    [SMTP_KEYWORD_X_PIPE_CONNECT] = ROW("X_PIPE_CONNECT"),
    [SMTP_KEYWORD_XADR] = ROW("XADR"),
    [SMTP_KEYWORD_XCIR] = ROW("XCIR"),
    [SMTP_KEYWORD_XCLIENT] = ROW("XCLIENT"),
    [SMTP_KEYWORD_XEXCH50] = ROW("XEXCH50"),
    [SMTP_KEYWORD_XFORWARD] = ROW("XFORWARD"),
    [SMTP_KEYWORD_XGEN] = ROW("XGEN"),
    [SMTP_KEYWORD_XPROXY] = ROW("XPROXY"),
    [SMTP_KEYWORD_XRDST] = ROW("XRDST"),
    [SMTP_KEYWORD_XSHADOW] = ROW("XSHADOW"),
    [SMTP_KEYWORD_XSHADOWREQUEST] = ROW("XSHADOWREQUEST"),
    [SMTP_KEYWORD_XSTA] = ROW("XSTA"),
};

/* The first row of each letter; 0, too, where there is none. */
#define LETTER_BITS 0x1f
static const uint8_t first_rows[LETTER_BITS + 1] = {
    ['A' & LETTER_BITS] = SMTP_KEYWORD_ATRN,
    ['B' & LETTER_BITS] = SMTP_KEYWORD_BINARYMIME,
    ['C' & LETTER_BITS] = SMTP_KEYWORD_CHECKPOINT,
    ['D' & LETTER_BITS] = SMTP_KEYWORD_DELIVERBY,
    ['E' & LETTER_BITS] = SMTP_KEYWORD_ENHANCEDSTATUSCODES,
    ['F' & LETTER_BITS] = SMTP_KEYWORD_FUTURERELEASE,
    ['H' & LETTER_BITS] = SMTP_KEYWORD_HELP,
    ['L' & LETTER_BITS] = SMTP_KEYWORD_LIMITS,
    ['M' & LETTER_BITS] = SMTP_KEYWORD_MTRK,
    ['N' & LETTER_BITS] = SMTP_KEYWORD_NO_SOLICITING,
    ['O' & LETTER_BITS] = SMTP_KEYWORD_OK,
    ['P' & LETTER_BITS] = SMTP_KEYWORD_PIPECONNECT,
    ['R' & LETTER_BITS] = SMTP_KEYWORD_REQUIRETLS,
    ['S' & LETTER_BITS] = SMTP_KEYWORD_SAML,
    ['T' & LETTER_BITS] = SMTP_KEYWORD_TLS,
    ['U' & LETTER_BITS] = SMTP_KEYWORD_UTF8SMTP,
    ['V' & LETTER_BITS] = SMTP_KEYWORD_VERB,
    ['8' & LETTER_BITS] = SMTP_KEYWORD_8BITMIME,
};

/* Words that any 250 may begin with: they tell nothing. */
#define PLAIN_WORDS                                                                                \
	(SMTP_KEYWORD_BIT(SMTP_KEYWORD_ATRN) | SMTP_KEYWORD_BIT(SMTP_KEYWORD_EXPN) |               \
	    SMTP_KEYWORD_BIT(SMTP_KEYWORD_HELP) | SMTP_KEYWORD_BIT(SMTP_KEYWORD_OK) |              \
	    SMTP_KEYWORD_BIT(SMTP_KEYWORD_ONEX) | SMTP_KEYWORD_BIT(SMTP_KEYWORD_SAML) |            \
	    SMTP_KEYWORD_BIT(SMTP_KEYWORD_SEND) | SMTP_KEYWORD_BIT(SMTP_KEYWORD_SOML) |            \
	    SMTP_KEYWORD_BIT(SMTP_KEYWORD_TLS) | SMTP_KEYWORD_BIT(SMTP_KEYWORD_TURN) |             \
	    SMTP_KEYWORD_BIT(SMTP_KEYWORD_VERB) | SMTP_KEYWORD_BIT(SMTP_KEYWORD_VRFY))

#define MASKED_LENGTH 8 /* as long as STARTTLS */
#define MASKED_EQUAL  7 /* so many of its letters the same: the last one may be the device's own */
#define MASKED_LEFT   5 /* ... or so many of STARTTLS's left where they were */

static bool ends_word(uint8_t b)
{
	return b <= ' ' || b == '='; /* "AUTH=LOGIN", once common */
}

static void skip_blanks(struct cursor *text)
{
	uint8_t b;

	while (cursor_peek(text, 0, &b) && (b == ' ' || b == '\t' || b == '\r') &&
	       cursor_skip(text, 1))
		;
}

static struct cursor first_word(struct cursor text)
{
	struct cursor word = cursor_over(text.at, 0);
	uint8_t b;

	while (cursor_u8(&text, &b) && !ends_word(b))
		word.left++;
	return word;
}

/* Whether this is the first word. */
static inline bool is_keyword(struct cursor text, const struct keyword *k)
{
	struct cursor word;
	uint8_t next;

	if (!cursor_take(&text, k->length, &word) ||
	    (cursor_peek(&text, 0, &next) && !ends_word(next)))
		return false;
	/* Nearly all are written as here. */
	return memcmp(word.at, k->text, k->length) == 0 || smtp_text_same(word, k->text);
}

/* The row of the first word, SMTP_KEYWORDS where it is not known. */
static unsigned find(struct cursor text)
{
	uint8_t letter;

	if (!cursor_peek(&text, 0, &letter))
		return SMTP_KEYWORDS;
	letter &= LETTER_BITS;
	for (unsigned row = first_rows[letter];
	     row < SMTP_KEYWORDS && ((uint8_t)keywords[row].text[0] & LETTER_BITS) == letter; row++)
		if (is_keyword(text, &keywords[row]))
			return row;
	return SMTP_KEYWORDS;
}

static bool may_be_kept(struct cursor word)
{
	uint8_t b;

	if (word.left == 0 || word.left > SMTP_OTHER_LENGTH_MAX)
		return false;
	while (cursor_u8(&word, &b)) {
		b = smtp_text_upper(b);
		if (!(b >= 'A' && b <= 'Z') && !(b >= '0' && b <= '9') &&
		    (b == '\0' || strchr("-_.*+#", b) == NULL))
			return false;
	}
	return true;
}

static void keep_other(struct smtp_capabilities *c, struct cursor word)
{
	uint8_t b;

	if (!may_be_kept(word) || c->others_used + 1 + word.left >= SMTP_OTHERS_MAX)
		return;
	if (c->others_used > 0)
		c->others[c->others_used++] = ' ';
	while (cursor_u8(&word, &b))
		c->others[c->others_used++] = (char)smtp_text_upper(b);
	c->others[c->others_used] = '\0';
}

void smtp_capability_read(struct smtp_capabilities *c, struct cursor text)
{
	struct cursor word;
	unsigned row;

	skip_blanks(&text);
	row = find(text);
	if (row < SMTP_KEYWORDS) {
		c->known |= SMTP_KEYWORD_BIT(row);
		return;
	}
	word = first_word(text);
	c->masked |= smtp_word_is_masked(word);
	keep_other(c, word);
}

bool smtp_capabilities_offer_tls(const struct smtp_capabilities *c)
{
	return c->known & (SMTP_KEYWORD_BIT(SMTP_KEYWORD_STARTTLS) |
			      SMTP_KEYWORD_BIT(SMTP_KEYWORD_X_ANONYMOUSTLS));
}

bool smtp_capabilities_tell_ehlo(const struct smtp_capabilities *c)
{
	return c->masked || (c->known & ~(uint64_t)PLAIN_WORDS) != 0;
}

const char *smtp_keyword_name(unsigned keyword)
{
	return keyword < SMTP_KEYWORDS ? keywords[keyword].text : NULL;
}

bool smtp_word_is_masked(struct cursor word)
{
	static const char was[] = "STARTTLS";
	unsigned equal = 0, left = 0;
	uint8_t first, b;

	if (word.left != MASKED_LENGTH || !cursor_peek(&word, 0, &first))
		return false;
	for (size_t i = 0; cursor_peek(&word, i, &b); i++) {
		equal += b == first;
		left += smtp_text_upper(b) == (uint8_t)was[i];
	}
	if (left == MASKED_LENGTH)
		return false;
	return left >= MASKED_LEFT || equal >= MASKED_EQUAL;
}
