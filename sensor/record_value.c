/* What a field says in a record. */
#include "record.h"

#include <string.h>

#include "../parsers/smtp_dialog.h"
#include "../parsers/tls_hello.h"
#include "../parsers/tls_names.h"
#include "decimal.h"

static void say_text(struct field_value *v, const char *text)
{
	if (text == NULL || text[0] == '\0')
		return;
	v->kind = VALUE_TEXT;
	v->text = text;
}

static void say_number(struct field_value *v, uint64_t number)
{
	v->kind = VALUE_NUMBER;
	v->number = number;
}

/* A code point without a name is shown as it is; it was seen, so it is not absent. */
static void say_code(struct field_value *v, const char *name, unsigned code)
{
	if (name == NULL) {
		snprintf(v->buffer, sizeof(v->buffer), "0x%04X", code);
		name = v->buffer;
	}
	say_text(v, name);
}

static void say_u16(
    struct field_value *v, const struct record *r, const struct field *f, uint16_t n)
{
	switch (f->type) {
	case FIELD_NUMBER:
		if (n != 0)
			say_number(v, n);
		break;
	case FIELD_TEXT:
	case FIELD_WORDS:
		say_text(v, record_text(r, n));
		break;
	case FIELD_VERSION:
		if (n != 0)
			say_code(v, tls_version_number(n), n);
		break;
	case FIELD_VERSION_PROTOCOL:
		if (n != 0)
			say_text(v, tls_version_protocol(n));
		break;
	case FIELD_CIPHER:
		if (r->tls_version != 0 && r->tls_version != TLS_VERSION_SSL2)
			say_code(v, tls_cipher_suite_name(n), n);
		break;
	default: /* FIELD_GROUP */
		if (n != 0)
			say_code(v, tls_group_name(n), n);
	}
}

static void say_u8(struct field_value *v, const struct record *r, const struct field *f, uint8_t n)
{
	switch (f->type) {
	case FIELD_BOOLEAN:
		if (n == RECORD_ABSENT)
			return;
		v->kind = VALUE_BOOLEAN;
		v->number = n == RECORD_TRUE;
		break;
	case FIELD_ENUM:
		say_text(v, n < f->names_count ? f->names[n] : NULL);
		break;
	case FIELD_SMALL:
		if (n != 0)
			say_number(v, n);
		break;
	case FIELD_ALERT_CODE:
		if (r->alert_level != 0)
			say_number(v, n);
		break;
	default: /* FIELD_ALERT_DESCRIPTION */
		if (r->alert_level != 0)
			say_text(v, tls_alert_name(n));
	}
}

/* Words with a blank between, as many as have room. */
static void add_word(struct field_value *v, size_t *used, const char *word)
{
	size_t length = strlen(word);

	if (*used + 1 + length >= sizeof(v->buffer))
		return;
	if (*used > 0)
		v->buffer[(*used)++] = ' ';
	memcpy(v->buffer + *used, word, length + 1);
	*used += length;
}

static void say_capabilities(struct field_value *v, const struct record *r)
{
	const char *others = record_text(r, r->other_capabilities);
	uint64_t known = r->capabilities & (SMTP_KEYWORD_BIT(SMTP_KEYWORDS) - 1);
	size_t used = 0;

	v->buffer[0] = '\0';
	for (uint64_t left = known; left != 0; left &= left - 1)
		add_word(v, &used, smtp_keyword_name((unsigned)__builtin_ctzll(left)));
	if (others != NULL)
		add_word(v, &used, others);
	say_text(v, v->buffer);
}

static char *put_event(char *at, const struct record_event *e)
{
	const char *verb;

	if (e->what >= SMTP_EVENT_REPLIES) {
		*at++ = '<';
		return decimal_put(at, e->what);
	}
	*at++ = e->what == SMTP_EVENT_GAP ? '-' : '>';
	if (e->what == SMTP_EVENT_GAP)
		return at;
	verb = smtp_verb_name(e->what);
	return stpcpy(at, verb != NULL ? verb : "?");
}

static void say_transcript(struct field_value *v, const struct record *r)
{
	char word[64], *at; /* two numbers, a verb and three marks */
	size_t used = 0;

	v->buffer[0] = '\0';
	for (size_t i = 0; i < r->event_count && i < RECORD_EVENTS_MAX; i++) {
		const struct record_event *e = &r->events[i];

		at = put_event(decimal_put(word, e->ms), e);
		if (e->times > 1) {
			*at++ = '*';
			at = decimal_put(at, e->times);
		}
		*at = '\0';
		add_word(v, &used, word);
	}
	if (r->events_lost > 0) {
		word[0] = '+';
		*decimal_put(word + 1, r->events_lost) = '\0';
		add_word(v, &used, word);
	}
	say_text(v, v->buffer);
}

static void say_hash(struct field_value *v, const uint8_t *hash, size_t size)
{
	static const uint8_t none[32];

	if (memcmp(hash, none, size) != 0)
		say_text(v, hash_format(hash, size, v->buffer));
}

void record_value(const struct record *r, const struct field *field, struct field_value *value)
{
	const char *at = (const char *)r + field->offset;
	struct frame_address address;
	uint64_t u64;
	uint16_t u16;

	value->kind = VALUE_ABSENT;
	switch (field->type) {
	case FIELD_TIME:
		memcpy(&u64, at, sizeof(u64));
		if (u64 != 0)
			say_text(value, time_format(u64, value->buffer));
		break;
	case FIELD_DATE:
		memcpy(&u64, at, sizeof(u64));
		if (u64 != 0)
			say_text(value, date_format(record_date_epoch(u64), value->buffer));
		break;
	case FIELD_DURATION:
		memcpy(&u64, at, sizeof(u64));
		say_number(value, u64);
		break;
	case FIELD_MD5:
		say_hash(value, (const uint8_t *)at, sizeof(r->ja3));
		break;
	case FIELD_SHA256:
		say_hash(value, (const uint8_t *)at, sizeof(r->server_certificate));
		break;
	case FIELD_IP:
		memcpy(&address, at, sizeof(address));
		say_text(value, address_format(&address, value->buffer));
		break;
	case FIELD_STRING:
		say_text(value, at);
		break;
	case FIELD_CAPABILITIES:
		say_capabilities(value, r);
		break;
	case FIELD_TRANSCRIPT:
		say_transcript(value, r);
		break;
	case FIELD_BOOLEAN:
	case FIELD_SMALL:
	case FIELD_ENUM:
	case FIELD_ALERT_CODE:
	case FIELD_ALERT_DESCRIPTION:
		say_u8(value, r, field, (uint8_t)*at);
		break;
	default:
		memcpy(&u16, at, sizeof(u16));
		say_u16(value, r, field, u16);
	}
}
