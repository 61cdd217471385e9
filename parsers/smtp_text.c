/* Text of SMTP, whatever it says. Nearly all of it is plain ASCII, which is read eight bytes at a
 * time. */
#include "smtp_text.h"

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

static uint8_t lower(uint8_t b)
{
	return b >= 'A' && b <= 'Z' ? (uint8_t)(b - 'A' + 'a') : b;
}

bool smtp_text_begins(struct cursor text, const char *word)
{
	struct cursor head;

	return cursor_take(&text, strlen(word), &head) && smtp_text_same(head, word);
}

/* Whether text has `word` in it with this first byte. */
static bool contains_from(struct cursor text, uint8_t first, const char *word)
{
	const uint8_t *found;

	while (text.left > 0 && (found = memchr(text.at, first, text.left)) != NULL) {
		if (cursor_skip(&text, (size_t)(found - text.at)) && smtp_text_begins(text, word))
			return true;
		if (!cursor_skip(&text, 1))
			break;
	}
	return false;
}

bool smtp_text_contains(struct cursor text, const char *word)
{
	uint8_t first = (uint8_t)word[0];

	return contains_from(text, first, word) ||
	       (lower(first) != first && contains_from(text, lower(first), word));
}

/* Eight bytes, each of them a printable character of ASCII. */
static bool all_plain(uint64_t eight)
{
	const uint64_t ones = UINT64_MAX / 0xff;
	uint64_t below = eight - ones * ' ';	      /* the top bit of a byte: it was below ' ' */
	uint64_t above = eight + ones * (0x7f - '~'); /* ... behind '~' */

	return ((eight | below | above) & ones * 0x80) == 0;
}

/* How many printable characters of ASCII text begins with: nearly all of it, nearly always. */
static size_t plain_run(struct cursor text)
{
	struct cursor rest = text;
	size_t length = 0;
	uint64_t eight;
	uint8_t b;

	while (cursor_copy(&rest, &eight, sizeof(eight)) && all_plain(eight))
		length += sizeof(eight);
	while (cursor_peek(&text, length, &b) && b >= ' ' && b <= '~')
		length++;
	return length;
}

/* Those that lines of text have, or a person types, apart. */
static bool is_control(uint8_t b)
{
	return b < ' ' && b != '\t' && b != '\r' && b != '\b';
}

bool smtp_text_is_binary(struct cursor text)
{
	size_t seen = plain_run(text), controls = 0;
	uint8_t b;

	if (!cursor_skip(&text, seen))
		return false;
	while (cursor_u8(&text, &b)) {
		seen += b != '\r'; /* that of the ending is not always among the bytes */
		controls += is_control(b);
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

/* Takes the plain text that comes next, `most` bytes of it. */
static struct cursor take_plain(struct cursor *text, size_t most)
{
	struct cursor plain;
	size_t length = plain_run(*text);

	return cursor_take(text, length < most ? length : most, &plain) ? plain : *text;
}

/* Takes the character that comes next, or a byte that is none, as it is to be shown. */
static struct cursor take_character(struct cursor *text)
{
	static const uint8_t question = '?';
	struct cursor character;
	uint32_t value;
	size_t length = read_character(*text, &value);

	if (!cursor_take(text, length, &character) || !is_printable(value))
		return cursor_over(&question, 1);
	return character;
}

void smtp_text_keep(char *to, size_t size, struct cursor text)
{
	size_t used = 0, room = size - 1;

	while (text.left > 0) {
		struct cursor piece = take_plain(&text, room - used);

		if (piece.left == 0)
			piece = take_character(&text);
		if (piece.left > room - used)
			break;
		memcpy(to + used, piece.at, piece.left);
		used += piece.left;
	}
	to[used] = '\0';
}
