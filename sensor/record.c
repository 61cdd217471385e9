/* The session record: its texts and dates, and what it amounts to. */
#include "record.h"

#include <string.h>

#include "../parsers/smtp_syntax.h"
#include "../parsers/tls_hello.h"

#define SECONDS_TO_1970 INT64_C(62167219200) /* from the year 0 */

void record_init(struct record *r)
{
	memset(r, 0, offsetof(struct record, text) + 1);
	r->text_used = 1; /* offset 0 means absent */
}

size_t record_size(const struct record *r)
{
	return offsetof(struct record, text) + r->text_used;
}

/* Bytes of a UTF-8 character must not be torn: steps back over continuation bytes. */
static size_t whole_characters(const char *text, size_t length)
{
	while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
		length--;
	return length;
}

void record_set_text(struct record *r, uint16_t *field, const char *text)
{
	size_t room = RECORD_TEXT_MAX - r->text_used, length = strlen(text);

	if (length == 0 || room < 2)
		return;
	if (length > room - 1)
		length = whole_characters(text, room - 1);
	memcpy(r->text + r->text_used, text, length);
	r->text[r->text_used + length] = '\0';
	*field = r->text_used;
	r->text_used = (uint16_t)(r->text_used + length + 1);
}

void record_set_words(struct record *r, uint16_t *field, const char *words)
{
	static const char more[] = "...";
	size_t room = RECORD_TEXT_MAX - r->text_used, length = strlen(words);
	char cut[RECORD_TEXT_MAX];

	if (length < room) {
		record_set_text(r, field, words);
		return;
	}
	if (room < sizeof(more))
		return;
	for (length = room - sizeof(more); length > 0 && words[length - 1] != ' ';)
		length--;
	memcpy(cut, words, length);
	memcpy(cut + length, more, sizeof(more));
	record_set_text(r, field, cut);
}

uint64_t record_date(int64_t epoch_s)
{
	return epoch_s <= -SECONDS_TO_1970 ? 0 : (uint64_t)(epoch_s + SECONDS_TO_1970);
}

int64_t record_date_epoch(uint64_t date)
{
	return (int64_t)date - SECONDS_TO_1970;
}

const char *record_text(const struct record *r, uint16_t field)
{
	return field == 0 ? NULL : r->text + field;
}

bool record_tells_legacy(const struct record *r)
{
	if (r->tls_version == 0 && r->legacy_side == LEGACY_CLIENT)
		return r->client_max_version < TLS_VERSION_12;
	return r->tls_version != 0 || r->legacy_side == LEGACY_SERVER;
}

bool record_is_legacy(const struct record *r)
{
	return record_tells_legacy(r) && r->legacy_side > LEGACY_NONE;
}

bool record_is_failure(const struct record *r)
{
	return r->outcome == OUTCOME_TLS_FAILED || r->outcome == OUTCOME_STARTTLS_REFUSED ||
	       r->outcome == OUTCOME_STARTTLS_ABANDONED;
}

bool record_event_is(const struct record_event *e, const char *verb)
{
	const char *name = smtp_verb_name(e->what);

	return name != NULL && strcmp(name, verb) == 0;
}

bool record_is_clear(const struct record *r)
{
	return r->plaintext_mail == RECORD_TRUE && r->plaintext_refused != RECORD_TRUE;
}
