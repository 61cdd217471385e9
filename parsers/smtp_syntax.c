/* What one line of SMTP says by itself (RFC 5321 sections 4.1 and 4.2). A new verb or capability is
 * a row. */
#include "smtp_syntax.h"

#define ANYTHING  "*" /* an argument, or none */
#define SOMETHING "?" /* an argument */
#define NOTHING	  ""  /* no argument; anything else is what the argument must begin with */

/* One row a command; a verb may have several, then the form of the argument decides. */
static const struct verb {
	const char *name;
	uint8_t kind;
	const char *argument;
	bool only_smtp; /* FTP, POP3 and NNTP have the others too */
} verbs[] = {
    {"EHLO", SMTP_EHLO, SOMETHING, true},
    {"HELO", SMTP_HELO, SOMETHING, true},
    {"LHLO", SMTP_EHLO, SOMETHING, true},	      /* RFC 2033 */
    {"STARTTLS", SMTP_STARTTLS, NOTHING, true},	      /* RFC 3207 */
    {"X-ANONYMOUSTLS", SMTP_STARTTLS, NOTHING, true}, /* Exchange, between its servers */
    {"MAIL", SMTP_MAIL_FROM, "FROM:", true},
    {"RCPT", SMTP_OTHER, "TO:", true},
    {"DATA", SMTP_DATA, NOTHING, true},
    {"BDAT", SMTP_BDAT, SOMETHING, true},   /* RFC 3030 */
    {"AUTH", SMTP_AUTH, SOMETHING, false},  /* RFC 4954 */
    {"X-EXPS", SMTP_AUTH, SOMETHING, true}, /* Exchange's own AUTH */
    {"QUIT", SMTP_QUIT, NOTHING, false},
    {"RSET", SMTP_OTHER, NOTHING, false},
    {"NOOP", SMTP_OTHER, ANYTHING, false},
    {"HELP", SMTP_OTHER, ANYTHING, false},
    {"VRFY", SMTP_OTHER, SOMETHING, true},
    {"EXPN", SMTP_OTHER, SOMETHING, true},
    {"ETRN", SMTP_OTHER, SOMETHING, true}, /* RFC 1985 */
    {"ATRN", SMTP_OTHER, ANYTHING, true},  /* RFC 2645 */
    {"TURN", SMTP_OTHER, NOTHING, true},   /* RFC 821, as the next three */
    {"SEND", SMTP_OTHER, "FROM:", true},
    {"SOML", SMTP_OTHER, "FROM:", true},
    {"SAML", SMTP_OTHER, "FROM:", true},
    {"BURL", SMTP_OTHER, SOMETHING, true},    /* RFC 4468 */
    {"XCLIENT", SMTP_OTHER, SOMETHING, true}, /* Postfix */
    {"XFORWARD", SMTP_OTHER, SOMETHING, true},
    {"PROXY", SMTP_PROXY, "TCP", false}, /* HAProxy */
    {"PROXY", SMTP_PROXY, "UNKNOWN", false},
};

/* Keywords that tell a reply to EHLO from any other (IANA, SMTP Service Extensions; those in use).
 */
static const struct capability {
	const char *name;
	uint8_t bits;
} capabilities[] = {
    {"STARTTLS", SMTP_CAPABILITY_KNOWN | SMTP_CAPABILITY_STARTTLS},
    {"X-ANONYMOUSTLS", SMTP_CAPABILITY_KNOWN | SMTP_CAPABILITY_STARTTLS},
    {"8BITMIME", SMTP_CAPABILITY_KNOWN},
    {"AUTH", SMTP_CAPABILITY_KNOWN},
    {"BINARYMIME", SMTP_CAPABILITY_KNOWN},
    {"CHUNKING", SMTP_CAPABILITY_KNOWN},
    {"DELIVERBY", SMTP_CAPABILITY_KNOWN},
    {"DSN", SMTP_CAPABILITY_KNOWN},
    {"ENHANCEDSTATUSCODES", SMTP_CAPABILITY_KNOWN},
    {"ETRN", SMTP_CAPABILITY_KNOWN},
    {"LIMITS", SMTP_CAPABILITY_KNOWN},
    {"MT-PRIORITY", SMTP_CAPABILITY_KNOWN},
    {"PIPELINING", SMTP_CAPABILITY_KNOWN},
    {"REQUIRETLS", SMTP_CAPABILITY_KNOWN},
    {"SIZE", SMTP_CAPABILITY_KNOWN},
    {"SMTPUTF8", SMTP_CAPABILITY_KNOWN},
    {"XCLIENT", SMTP_CAPABILITY_KNOWN},
    {"XFORWARD", SMTP_CAPABILITY_KNOWN},
    {"X-EXPS", SMTP_CAPABILITY_KNOWN},
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

/* Characters that would move, hide or turn round what stands beside them on a screen. */
static const struct range {
	uint32_t first, last;
} unprintable[] = {
    {0, 0x1f},
    {0x7f, 0x9f},
    {0xad, 0xad},
    {0x61c, 0x61c},
    {0x200b, 0x200f},
    {0x2028, 0x202e},
    {0x2060, 0x206f},
    {0xfe00, 0xfe0f},
    {0xfeff, 0xfeff},
    {0xfff0, 0xfffb},
    {0xfffe, 0xffff},
    {0xe0000, 0xe0fff},
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static bool is_blank(uint8_t b)
{
	return b == ' ' || b == '\t' || b == '\r';
}

static bool is_digit(uint8_t b)
{
	return b >= '0' && b <= '9';
}

/* ASCII only: the locale has no say in a protocol. */
static uint8_t upper(uint8_t b)
{
	return b >= 'a' && b <= 'z' ? (uint8_t)(b - 'a' + 'A') : b;
}

static struct cursor trim(struct cursor text)
{
	uint8_t b;

	while (cursor_peek(&text, 0, &b) && is_blank(b) && cursor_skip(&text, 1))
		;
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

/* `word` is in upper case. */
static bool begins_with(struct cursor text, const char *word)
{
	uint8_t b;

	for (; *word != '\0'; word++) {
		if (!cursor_u8(&text, &b) || upper(b) != (uint8_t)*word)
			return false;
	}
	return true;
}

static bool is_word(struct cursor text, const char *word)
{
	return text.left == strlen(word) && begins_with(text, word);
}

static bool argument_fits(struct cursor argument, const char *form)
{
	if (strcmp(form, ANYTHING) == 0)
		return true;
	if (strcmp(form, SOMETHING) == 0)
		return argument.left > 0;
	if (strcmp(form, NOTHING) == 0)
		return argument.left == 0;
	return begins_with(argument, form);
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
	struct cursor rest = line;
	struct cursor word = take_word(&rest, '\0');

	c.argument = trim(rest);
	for (const struct verb *v = verbs; v < verbs + COUNT(verbs); v++) {
		bool fits = argument_fits(c.argument, v->argument);

		if (!is_word(word, v->name))
			continue;
		c.known = true;
		if (!fits && needs_prefix(v))
			continue;
		c.kind = v->kind;
		c.strict = fits;
		c.only_smtp = v->only_smtp;
		c.anonymous = v->kind == SMTP_STARTTLS && upper(word.at[0]) == 'X';
		break;
	}
	return c;
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
	uint16_t code = 0;
	uint8_t b;

	if (!smtp_reply_may_begin(line) || line.left < 3)
		return false;
	for (int i = 0; i < 3 && cursor_u8(&line, &b); i++)
		code = (uint16_t)(code * 10 + b - '0');
	reply->code = code;
	reply->last = !(cursor_u8(&line, &b) && b == '-');
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
	struct cursor word = take_word(&text, '\0');
	int dots = 0;
	uint8_t b, before = '.';

	if (!cursor_peek(&word, 0, &b) || b != '0' + reply->code / 100)
		return false;
	while (cursor_u8(&word, &b)) {
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

/* Cisco's fixup writes X over each letter, newer ones a letter of its own over the last. */
static bool is_masked(struct cursor word)
{
	uint8_t b;

	if (word.left != strlen("STARTTLS") || !begins_with(word, "XXXXXXX"))
		return false;
	return cursor_peek(&word, word.left - 1, &b) && upper(b) >= 'A' && upper(b) <= 'Z';
}

uint8_t smtp_capability_read(struct cursor text)
{
	struct cursor word = take_word(&text, '='); /* "AUTH=LOGIN", once common */

	for (const struct capability *c = capabilities; c < capabilities + COUNT(capabilities);
	     c++) {
		if (is_word(word, c->name))
			return c->bits;
	}
	return is_masked(word) ? SMTP_CAPABILITY_KNOWN | SMTP_CAPABILITY_MASKED : 0;
}

bool smtp_text_contains(struct cursor text, const char *word)
{
	for (; text.left > 0; text.left--, text.at++) {
		if (begins_with(text, word))
			return true;
	}
	return false;
}

bool smtp_text_is_binary(struct cursor text)
{
	size_t seen = 0, controls = 0;
	uint8_t b;

	while (cursor_u8(&text, &b)) {
		seen += b != '\r'; /* that of the ending is not always among the bytes */
		controls += b < ' ' && !is_blank(b) && b != '\b'; /* a person may type that */
		if (seen >= 4 && controls * 4 >= seen)
			return true;
	}
	return false;
}

/* Reads one character of UTF-8 (RFC 3629), or one byte that is none as U+0000. */
static size_t read_character(struct cursor text, uint32_t *value)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	uint8_t b = 0;
	size_t length, i;

	*value = 0;
	if (!cursor_u8(&text, &b) || (b >= 0x80 && b < 0xc2) || b > 0xf4)
		return 1;
	length = b < 0x80 ? 1 : b < 0xe0 ? 2 : b < 0xf0 ? 3 : 4;
	*value = length == 1 ? b : b & (0x7fu >> length);
	for (i = 1; i < length; i++) {
		if (!cursor_u8(&text, &b) || (b & 0xc0) != 0x80) {
			*value = 0;
			return 1;
		}
		*value = *value << 6 | (b & 0x3f);
	}
	if (*value < least[length] || *value > 0x10ffff || (*value >= 0xd800 && *value < 0xe000)) {
		*value = 0;
		return 1;
	}
	return length;
}

static bool is_printable(uint32_t character)
{
	for (size_t i = 0; i < COUNT(unprintable); i++) {
		if (character >= unprintable[i].first && character <= unprintable[i].last)
			return false;
	}
	return true;
}

void smtp_text_keep(char *to, size_t size, struct cursor text)
{
	static const uint8_t question = '?';
	size_t used = 0;

	while (text.left > 0) {
		uint32_t character;
		struct cursor bytes;
		size_t length = read_character(text, &character);

		if (!cursor_take(&text, length, &bytes))
			break;
		if (!is_printable(character))
			bytes = cursor_over(&question, 1);
		if (used + bytes.left >= size)
			break;
		memcpy(to + used, bytes.at, bytes.left);
		used += bytes.left;
	}
	to[used] = '\0';
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
