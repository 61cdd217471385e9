/* What one line of SMTP says by itself (RFC 5321 sections 4.1 and 4.2). A new verb is a row. */
#include "smtp_syntax.h"

#include "smtp_text.h"

#define ANYTHING  "*" /* an argument, or none */
#define SOMETHING "?" /* an argument */
#define NOTHING	  ""  /* no argument; anything else is what the argument must begin with */

#define KEYWORD_MAX 20

struct keyword {
	char text[KEYWORD_MAX]; /* in upper case */
	uint8_t length;
};

#define KEYWORD(text)                                                                              \
	{                                                                                          \
		text, sizeof(text) - 1                                                             \
	}

/* One row a command; a verb may have several, then the form of the argument decides. */
static const struct verb {
	struct keyword word;
	uint8_t kind;
	const char *argument;
	bool only_smtp; /* FTP, POP3 and NNTP have the others too */
} verbs[] = {
    {KEYWORD("EHLO"), SMTP_EHLO, SOMETHING, true},
    {KEYWORD("STARTTLS"), SMTP_STARTTLS, NOTHING, true},       /* RFC 3207 */
    {KEYWORD("X-ANONYMOUSTLS"), SMTP_STARTTLS, NOTHING, true}, /* Exchange, between its servers */
    {KEYWORD("HELO"), SMTP_HELO, SOMETHING, true},
    {KEYWORD("LHLO"), SMTP_EHLO, SOMETHING, true}, /* RFC 2033 */
    {KEYWORD("MAIL"), SMTP_MAIL_FROM, "FROM:", true},
    {KEYWORD("RCPT"), SMTP_OTHER, "TO:", true},
    {KEYWORD("DATA"), SMTP_DATA, NOTHING, true},
    {KEYWORD("BDAT"), SMTP_BDAT, SOMETHING, true},   /* RFC 3030 */
    {KEYWORD("AUTH"), SMTP_AUTH, SOMETHING, false},  /* RFC 4954 */
    {KEYWORD("X-EXPS"), SMTP_AUTH, SOMETHING, true}, /* Exchange's own AUTH */
    {KEYWORD("QUIT"), SMTP_QUIT, NOTHING, false},
    {KEYWORD("RSET"), SMTP_OTHER, NOTHING, false},
    {KEYWORD("NOOP"), SMTP_OTHER, ANYTHING, false},
    {KEYWORD("HELP"), SMTP_OTHER, ANYTHING, false},
    {KEYWORD("VRFY"), SMTP_OTHER, SOMETHING, true},
    {KEYWORD("EXPN"), SMTP_OTHER, SOMETHING, true},
    {KEYWORD("ETRN"), SMTP_OTHER, SOMETHING, true}, /* RFC 1985 */
    {KEYWORD("ATRN"), SMTP_OTHER, ANYTHING, true},  /* RFC 2645 */
    {KEYWORD("TURN"), SMTP_OTHER, NOTHING, true},   /* RFC 821, as the next three */
    {KEYWORD("SEND"), SMTP_OTHER, "FROM:", true},
    {KEYWORD("SOML"), SMTP_OTHER, "FROM:", true},
    {KEYWORD("SAML"), SMTP_OTHER, "FROM:", true},
    {KEYWORD("BURL"), SMTP_OTHER, SOMETHING, true},    /* RFC 4468 */
    {KEYWORD("XCLIENT"), SMTP_OTHER, SOMETHING, true}, /* Postfix */
    {KEYWORD("XFORWARD"), SMTP_OTHER, SOMETHING, true},
    {KEYWORD("PROXY"), SMTP_PROXY, "TCP", false}, /* HAProxy */
    {KEYWORD("PROXY"), SMTP_PROXY, "UNKNOWN", false},
};

/* The first bytes of TLS. RFC 8446 section 5.1: type, version, length, then the handshake message's
 * type; RFC 5246 appendix E.2: a length with its first bit set, the message's type, the version. */
static const struct look {
	uint8_t side;
	uint8_t length;
	uint8_t value[SMTP_LOOK_STRICT];
	uint8_t mask[SMTP_LOOK_STRICT];
} looks[] = {
    {SIDE_CLIENT, 6, {0x16, 3, 0, 0, 0, 1}, {0xff, 0xff, 0xf8, 0x80, 0, 0xff}},
    {SIDE_CLIENT, 5, {0x80, 0, 1, 3, 0}, {0x80, 0, 0xff, 0xff, 0xf8}},
    {SIDE_CLIENT, 5, {0x80, 0, 1, 0, 2}, {0x80, 0, 0xff, 0xff, 0xff}},
    {SIDE_SERVER, 6, {0x16, 3, 0, 0, 0, 2}, {0xff, 0xff, 0xf8, 0x80, 0, 0xff}},
    {SIDE_SERVER, 5, {0x15, 3, 0, 0, 2}, {0xff, 0xff, 0xf8, 0xff, 0xff}}, /* an alert at once */
    {SIDE_SERVER, 3, {0x80, 0, 4}, {0x80, 0, 0xff}},
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static bool is_blank(uint8_t b)
{
	return b <= ' ' && (b == ' ' || b == '\t' || b == '\r');
}

static bool is_digit(uint8_t b)
{
	return b >= '0' && b <= '9';
}

static struct cursor trim_front(struct cursor text)
{
	uint8_t b;

	while (cursor_peek(&text, 0, &b) && is_blank(b) && cursor_skip(&text, 1))
		;
	return text;
}

static struct cursor trim(struct cursor text)
{
	uint8_t b;

	text = trim_front(text);
	while (text.left > 0 && cursor_peek(&text, text.left - 1, &b) && is_blank(b))
		text.left--;
	return text;
}

/* Takes bytes up to a blank, or up to `stop`. */
static struct cursor take_word(struct cursor *text, uint8_t stop)
{
	struct cursor word = cursor_over(text->at, 0);
	uint8_t b;

	while (cursor_peek(text, 0, &b) && !is_blank(b) && b != stop && cursor_skip(text, 1))
		word.left++;
	return word;
}

static bool is_word(struct cursor text, const char *word)
{
	return text.left == strlen(word) && smtp_text_same(text, word);
}

static bool argument_fits(struct cursor argument, const char *form)
{
	if (strcmp(form, ANYTHING) == 0)
		return true;
	if (strcmp(form, SOMETHING) == 0)
		return argument.left > 0;
	if (strcmp(form, NOTHING) == 0)
		return argument.left == 0;
	return smtp_text_begins(argument, form);
}

/* Verbs whose meaning hangs on the argument's first word: without it a server takes them for an
 * error. */
static bool needs_prefix(const struct verb *v)
{
	return strlen(v->argument) > 1;
}

struct smtp_command smtp_command_read(struct cursor line)
{
	struct smtp_command c = {.kind = SMTP_OTHER};
	struct cursor rest = trim_front(line); /* servers do, though RFC 5321 does not */
	bool indented = rest.left < line.left;
	struct cursor word = take_word(&rest, '\0');

	c.argument = trim(rest);
	if (word.left == 0 && c.argument.left == 0)
		c.kind = SMTP_BLANK;
	for (const struct verb *v = verbs; v < verbs + COUNT(verbs); v++) {
		bool fits;

		if (v->word.length != word.left || !smtp_text_same(word, v->word.text))
			continue;
		fits = argument_fits(c.argument, v->argument);
		c.known = true;
		c.verb = (uint8_t)(v - verbs + 1);
		if (!fits && needs_prefix(v))
			continue;
		c.kind = v->kind;
		c.strict = fits && !indented;
		c.only_smtp = v->only_smtp && !indented;
		c.anonymous = v->kind == SMTP_STARTTLS && v->word.text[0] == 'X';
		break;
	}
	return c;
}

const char *smtp_verb_name(unsigned verb)
{
	return verb > 0 && verb <= COUNT(verbs) ? verbs[verb - 1].word.text : NULL;
}

bool smtp_chunk_read(struct cursor argument, uint64_t *size, bool *last)
{
	struct cursor digits = take_word(&argument, '\0');
	struct cursor word = trim(argument);
	uint64_t value = 0;
	uint8_t b;

	if (digits.left == 0)
		return false;
	while (cursor_u8(&digits, &b)) {
		if (!is_digit(b) || value > (UINT64_MAX - 9) / 10)
			return false;
		value = value * 10 + (uint64_t)(b - '0');
	}
	*size = value;
	*last = is_word(word, "LAST");
	return *last || word.left == 0;
}

bool smtp_reply_read(struct cursor line, struct smtp_reply *reply)
{
	uint8_t digits[SMTP_CODE_LENGTH], b = ' ';

	if (!cursor_copy(&line, digits, sizeof(digits)) || digits[0] < '2' || digits[0] > '5' ||
	    !is_digit(digits[1]) || !is_digit(digits[2]))
		return false;
	if (cursor_u8(&line, &b) && !is_blank(b) && b != '-')
		return false;
	reply->code =
	    (uint16_t)((digits[0] - '0') * 100 + (digits[1] - '0') * 10 + digits[2] - '0');
	reply->last = b != '-';
	reply->text = trim(line);
	return true;
}

bool smtp_reply_may_begin(struct cursor bytes)
{
	uint8_t b;

	for (int i = 0; i < 3; i++) {
		if (!cursor_u8(&bytes, &b))
			return true;
		if (!is_digit(b) || (i == 0 && (b < '2' || b > '5')))
			return false;
	}
	return !cursor_u8(&bytes, &b) || is_blank(b) || b == '-';
}

bool smtp_reply_has_status(const struct smtp_reply *reply)
{
	struct cursor text = reply->text;
	int dots = 0;
	uint8_t b, before = '.';

	if (!cursor_peek(&text, 0, &b) || b != '0' + reply->code / 100)
		return false;
	while (cursor_u8(&text, &b) && !is_blank(b) && b != '\0') {
		if (b == '.' ? before == '.' : !is_digit(b))
			return false;
		dots += b == '.';
		before = b;
	}
	return dots == 2 && before != '.';
}

bool smtp_reply_is_greeting(const struct smtp_reply *reply)
{
	struct cursor text = reply->text;
	struct cursor name = take_word(&text, '\0');

	if (smtp_reply_has_status(reply))
		return false;
	return smtp_text_contains(name, ".") || smtp_text_contains(reply->text, "SMTP");
}

static enum smtp_tls_look look_at(const struct look *l, struct cursor bytes, size_t depth)
{
	size_t length = l->length < depth ? l->length : depth;
	uint8_t b;

	for (size_t i = 0; i < length; i++) {
		if (!cursor_u8(&bytes, &b))
			return SMTP_LOOK_MORE;
		if ((b & l->mask[i]) != l->value[i])
			return SMTP_LOOK_NO;
	}
	return SMTP_LOOK_YES;
}

enum smtp_tls_look smtp_tls_look(enum side side, struct cursor bytes, size_t depth)
{
	enum smtp_tls_look best = SMTP_LOOK_NO;

	if (bytes.left == 0)
		return SMTP_LOOK_NONE;
	for (const struct look *l = looks; l < looks + COUNT(looks); l++) {
		enum smtp_tls_look look;

		if (l->side != side)
			continue;
		look = look_at(l, bytes, depth);
		if (look > best)
			best = look;
	}
	return best;
}
