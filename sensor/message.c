/* Messages between processes, and the check of what strangers may have made of them. */
#include "message.h"

#include <string.h>

#include "../parsers/smtp_text.h"

_Static_assert(sizeof(struct message) <= LIMIT_BUNDLE_BYTES, "a bundle holds any message");
_Static_assert(BUNDLE_HEAD % 8 == 0 && MESSAGE_HEAD == 8, "messages are aligned as records are");

static size_t padded(size_t size)
{
	return (size + 7) / 8 * 8;
}

bool bundle_add(
    struct bundle *b, enum message_kind kind, uint32_t generation, const void *what, size_t size)
{
	const uint32_t head[] = {kind, generation};
	unsigned char *at = (unsigned char *)b + b->size;
	size_t all = padded(MESSAGE_HEAD + size);

	if (all > sizeof(*b) - b->size)
		return false;
	memcpy(at, head, MESSAGE_HEAD);
	memcpy(at + MESSAGE_HEAD, what, size);
	memset(at + MESSAGE_HEAD + size, 0, all - MESSAGE_HEAD - size);
	b->size += (uint32_t)all;
	b->records += kind == MESSAGE_RECORD;
	return true;
}

const struct message *bundle_next(const struct bundle *b, size_t *at)
{
	const struct message *m = (const void *)((const unsigned char *)b + *at);
	size_t left = b->size - *at, size;

	if (left < MESSAGE_HEAD ||
	    (m->kind == MESSAGE_RECORD && left <= offsetof(struct message, record.text)))
		return NULL;
	size = message_size(m);
	if (padded(size) > left || !message_check(m, size))
		return NULL;
	*at += padded(size);
	return m;
}

size_t message_size(const struct message *m)
{
	return MESSAGE_HEAD +
	       (m->kind == MESSAGE_RECORD ? record_size(&m->record) : sizeof(m->numbers));
}

bool message_check(const struct message *m, size_t size)
{
	if (size < MESSAGE_HEAD)
		return false;
	size -= MESSAGE_HEAD;
	switch (m->kind) {
	case MESSAGE_RECORD:
		return record_valid(&m->record, size);
	case MESSAGE_NUMBERS:
		return size == sizeof(m->numbers);
	default:
		return false;
	}
}

/* As smtp_text_keep leaves it: what it would change, no session gave. */
static bool is_clean(const char *text)
{
	char kept[RECORD_TEXT_MAX];
	size_t length = strlen(text);

	smtp_text_keep(kept, sizeof(kept), cursor_over((const uint8_t *)text, length));
	return memcmp(kept, text, length + 1) == 0;
}

static bool text_valid(const struct record *r, uint16_t at)
{
	if (at == 0)
		return true;
	return at < r->text_used && r->text[at - 1] == '\0' && is_clean(r->text + at);
}

static bool string_valid(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL && is_clean(text);
}

static bool word_valid(const struct field *f, uint8_t word)
{
	return word == 0 || (word < f->names_count && f->names[word] != NULL);
}

static bool field_valid(const struct record *r, const struct field *f)
{
	const char *at = (const char *)r + f->offset;
	uint64_t u64;
	uint16_t u16;

	switch ((enum field_type)f->type) { /* no default: a new type is to be thought of */
	case FIELD_TEXT:
	case FIELD_WORDS:
		memcpy(&u16, at, sizeof(u16));
		return text_valid(r, u16);
	case FIELD_CAPABILITIES:
		return text_valid(r, r->other_capabilities);
	case FIELD_STRING:
		return string_valid(at, f->size);
	case FIELD_BOOLEAN:
		return (uint8_t)*at <= RECORD_TRUE;
	case FIELD_ENUM:
		return word_valid(f, (uint8_t)*at);
	case FIELD_TRANSCRIPT:
		return r->event_count <= RECORD_EVENTS_MAX;
	case FIELD_DATE:
		memcpy(&u64, at, sizeof(u64));
		return u64 <= RECORD_DATE_MAX;
	case FIELD_TIME:
	case FIELD_DURATION:
	case FIELD_IP:
	case FIELD_NUMBER:
	case FIELD_SMALL:
	case FIELD_MD5:
	case FIELD_SHA256:
	case FIELD_VERSION:
	case FIELD_VERSION_PROTOCOL:
	case FIELD_CIPHER:
	case FIELD_GROUP:
	case FIELD_ALERT_CODE:
	case FIELD_ALERT_DESCRIPTION:
		return true; /* any number is one */
	}
	return false;
}

bool record_valid(const struct record *r, size_t size)
{
	if (size <= offsetof(struct record, text) || r->text_used == 0 ||
	    r->text_used > RECORD_TEXT_MAX || size != record_size(r) || r->text[0] != '\0' ||
	    r->text[r->text_used - 1] != '\0')
		return false;
	for (size_t i = 0; i < record_field_count; i++)
		if (!field_valid(r, &record_fields[i]))
			return false;
	return true;
}
