/* Records as text: nested JSON (RFC 8259), lists, times (RFC 3339). */
#include "record.h"

#include <string.h>
#include <time.h>

#include "decimal.h"

/* Writes a number of so many digits, with leading zeros. */
static char *put_digits(char *at, unsigned number, int digits)
{
	for (int i = digits; i > 0; i--, number /= 10)
		at[i - 1] = (char)('0' + number % 10);
	return at + digits;
}

/* "2026-01-01T00:00:00", of the years 0 to 9999. Returns its end. */
static char *put_seconds(char *at, int64_t epoch_s)
{
	time_t seconds = (time_t)epoch_s;
	struct tm tm = {0};

	gmtime_r(&seconds, &tm);
	at = put_digits(at, (unsigned)(tm.tm_year + 1900), 4);
	*at++ = '-';
	at = put_digits(at, (unsigned)tm.tm_mon + 1, 2);
	*at++ = '-';
	at = put_digits(at, (unsigned)tm.tm_mday, 2);
	*at++ = 'T';
	at = put_digits(at, (unsigned)tm.tm_hour, 2);
	*at++ = ':';
	at = put_digits(at, (unsigned)tm.tm_min, 2);
	*at++ = ':';
	at = put_digits(at, (unsigned)tm.tm_sec, 2);
	return at;
}

const char *time_format(uint64_t ns, char text[TIME_TEXT_MAX])
{
	char *at = put_seconds(text, (int64_t)(ns / 1000000000u)); /* before the year 2555 */

	*at++ = '.';
	at = put_digits(at, (unsigned)(ns % 1000000000u), 9);
	memcpy(at, "Z", 2);
	return text;
}

const char *date_format(int64_t epoch_s, char text[TIME_TEXT_MAX])
{
	memcpy(put_seconds(text, epoch_s), "Z", 2);
	return text;
}

const char *hash_format(const uint8_t *hash, size_t size, char *text)
{
	static const char digits[] = "0123456789abcdef";
	char *to = text;

	for (size_t i = 0; i < size; i++) {
		*to++ = digits[hash[i] >> 4];
		*to++ = digits[hash[i] & 0xf];
	}
	*to = '\0';
	return text;
}

/* Length of the well-formed UTF-8 character at `s` (RFC 3629 section 4), 0 where it is none. */
static size_t utf8_length(const unsigned char *s)
{
	size_t length = s[0] < 0x80 ? 1 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;

	if (s[0] >= 0x80 && (s[0] < 0xc2 || s[0] > 0xf4))
		return 0;
	for (size_t i = 1; i < length; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return length;
}

/* Text on its way to a file: stdio costs more a call than most of our pieces are long. */
struct out {
	FILE *to;
	size_t used;
	char bytes[4096];
};

static void begin_out(struct out *o, FILE *to)
{
	o->to = to;
	o->used = 0;
}

/* No two threads write to the same file: its lock would cost more than the text. */
static void end_out(struct out *o)
{
	fwrite_unlocked(o->bytes, 1, o->used, o->to);
	o->used = 0;
}

static inline void write_text(struct out *o, const void *text, size_t length)
{
	const char *from = text;
	size_t piece;

	for (; length > sizeof(o->bytes) - o->used; from += piece, length -= piece) {
		piece = sizeof(o->bytes) - o->used;
		memcpy(o->bytes + o->used, from, piece);
		o->used += piece;
		end_out(o);
	}
	memcpy(o->bytes + o->used, from, length);
	o->used += length;
}

static inline void write_char(struct out *o, char c)
{
	if (o->used == sizeof(o->bytes))
		end_out(o);
	o->bytes[o->used++] = c;
}

/* Whether all bytes of a word stand in a JSON string as they are; a few more than need it do not.
 */
static inline bool is_plain_word(const unsigned char *s)
{
	const uint64_t ones = UINT64_MAX / 0xff, highs = ones << 7;
	uint64_t word, quote, backslash;

	memcpy(&word, s, sizeof(word));
	quote = word ^ ones * '"';
	backslash = word ^ ones * '\\';
	/* A byte's high bit is set: in itself, or where it is 0x7f, below 0x20, or one of the two.
	 */
	return ((word | (word + ones) | (word - ones * 0x20) | (quote - ones) |
		    (backslash - ones)) &
		   highs) == 0;
}

/* How many bytes a JSON string of so many has as they are: up to what needs a look. */
static size_t plain_length(const unsigned char *s, size_t most)
{
	size_t length = 0, word = sizeof(uint64_t);

	while (most - length >= word && is_plain_word(s + length))
		length += word;
	if (length > 0 && most - length < word && is_plain_word(s + most - word))
		return most;
	while (length < most && s[length] >= 0x20 && s[length] < 0x7f && s[length] != '"' &&
	       s[length] != '\\')
		length++;
	return length;
}

/* Writes the one character at `s`, whatever it is. Returns its length. */
static size_t write_character(struct out *o, const unsigned char *s)
{
	size_t length = utf8_length(s);
	char escape[8];

	if (length == 0) {
		write_text(o, "\\ufffd", 6);
		return 1;
	}
	if (*s == '"' || *s == '\\')
		write_char(o, '\\');
	if (*s < 0x20 || *s == 0x7f)
		write_text(o, escape, (size_t)snprintf(escape, sizeof(escape), "\\u%04x", *s));
	else
		write_text(o, s, length);
	return length;
}

/* `length` bytes, with a NUL or a blank behind them. */
static void write_string(struct out *o, const char *text, size_t length)
{
	const unsigned char *s = (const unsigned char *)text, *end = s + length;
	size_t piece;

	write_char(o, '"');
	while (s < end) {
		piece = plain_length(s, (size_t)(end - s));
		if (piece > 0)
			write_text(o, s, piece);
		else
			piece = write_character(o, s);
		s += piece;
	}
	write_char(o, '"');
}

void json_write_string(FILE *to, const char *text)
{
	struct out o;

	begin_out(&o, to);
	write_string(&o, text, strlen(text));
	end_out(&o);
}

static void write_number(struct out *o, uint64_t number)
{
	char digits[DECIMAL_MAX];

	write_text(o, digits, (size_t)(decimal_put(digits, number) - digits));
}

static void write_words(struct out *o, const char *words)
{
	size_t length;

	for (char mark = '['; *words != '\0';
	     mark = ',', words += length + (words[length] == ' ')) {
		length = (size_t)(strchrnul(words, ' ') - words);
		write_char(o, mark);
		write_string(o, words, length);
	}
	write_char(o, ']');
}

static void write_json_value(struct out *o, const struct field *f, const struct field_value *v)
{
	if (f->type == FIELD_WORDS)
		write_words(o, v->text);
	else if (v->kind == VALUE_TEXT)
		write_string(o, v->text, strlen(v->text));
	else if (v->kind == VALUE_BOOLEAN)
		write_text(o, v->number ? "true" : "false", v->number ? 4 : 5);
	else
		write_number(o, v->number);
}

/* How many bytes of two dotted names are whole labels in common, the last label never. */
static size_t shared_prefix(const char *a, const char *b)
{
	size_t shared = 0;

	for (size_t i = 0; a[i] != '\0' && a[i] == b[i]; i++)
		if (a[i] == '.')
			shared = i + 1;
	return shared;
}

static void close_objects(struct out *o, const char *labels)
{
	while ((labels = strchr(labels, '.')) != NULL) {
		write_char(o, '}');
		labels++;
	}
}

/* A label needs no escapes: it is ours. */
static void write_key(struct out *o, const char *label, size_t length)
{
	write_char(o, '"');
	write_text(o, label, length);
	write_text(o, "\":", 2);
}

/* A name so far: what of it stands before its last label. */
struct place {
	const char *name;
	size_t parent;
};

static struct place place_of(const char *name)
{
	const char *dot = strrchr(name, '.');

	return (struct place){name, dot == NULL ? 0 : (size_t)(dot + 1 - name)};
}

/* Closes the objects that `last` stood in and `next` does not, opens those that it does. */
static void change_object(struct out *o, const char *last, const struct place *next)
{
	size_t shared = shared_prefix(last, next->name);
	const char *label = next->name + shared, *end = next->name + next->parent, *dot;

	close_objects(o, last + shared);
	if (last[0] != '\0')
		write_char(o, ',');
	for (; label < end; label = dot + 1) {
		dot = strchr(label, '.');
		write_key(o, label, (size_t)(dot - label));
		write_char(o, '{');
	}
}

static void write_json_name(struct out *o, const struct place *last, const struct place *next)
{
	if (last->name[0] != '\0' && last->parent == next->parent &&
	    memcmp(last->name, next->name, next->parent) == 0)
		write_char(o, ',');
	else
		change_object(o, last->name, next);
	write_key(o, next->name + next->parent, strlen(next->name + next->parent));
}

void record_write_json(FILE *to, const struct record *r)
{
	struct place last = {"", 0}, next;
	struct field_value value;
	struct out out, *o = &out;

	begin_out(o, to);
	write_char(o, '{');
	for (size_t i = 0; i < record_field_count; i++) {
		const struct field *f = &record_fields[i];

		record_value(r, f, &value);
		if (value.kind == VALUE_ABSENT)
			continue;
		next = place_of(f->name);
		write_json_name(o, &last, &next);
		write_json_value(o, f, &value);
		last = next;
	}
	close_objects(o, last.name);
	write_text(o, "}\n", 2);
	end_out(o);
}

void record_write_list(FILE *to, const struct record *r)
{
	struct field_value value;

	for (size_t i = 0; i < record_field_count; i++) {
		record_value(r, &record_fields[i], &value);
		if (value.kind == VALUE_TEXT)
			fprintf(to, "%s: %s\n", record_fields[i].name, value.text);
		else if (value.kind == VALUE_BOOLEAN)
			fprintf(
			    to, "%s: %s\n", record_fields[i].name, value.number ? "true" : "false");
		else if (value.kind == VALUE_NUMBER)
			fprintf(to, "%s: %llu\n", record_fields[i].name,
			    (unsigned long long)value.number);
	}
}
