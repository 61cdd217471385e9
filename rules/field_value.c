/* The values of fields in one session: as record_value() says them, without making text of them
 * first. */
#include "evaluate.h"

#include <string.h>

#include "../parsers/tls_hello.h"
#include "../parsers/tls_names.h"
#include "derived.h"
#include "rule_set.h"

#define NS_PER_S UINT64_C(1000000000)

const char *const rules_direction_words[DIRECTION_TRANSIT + 1] = {
    [DIRECTION_INBOUND] = "inbound",
    [DIRECTION_OUTBOUND] = "outbound",
    [DIRECTION_INTERNAL] = "internal",
    [DIRECTION_TRANSIT] = "transit",
};

const struct rules_field derived_fields[DERIVED_FIELDS] = {
    [DERIVED_DIRECTION] = {.name = "direction",
	.type = RULES_WORD,
	.source = RULES_DERIVED,
	.index = DERIVED_DIRECTION,
	.words = rules_direction_words,
	.word_count = DIRECTION_TRANSIT + 1,
	.help = "Where the mail went, seen from the network `own` of the rules file; absent "
		"without it.",
	.example = "inbound"},
    [DERIVED_NOW] = {.name = "now",
	.type = RULES_TIME,
	.source = RULES_DERIVED,
	.index = DERIVED_NOW,
	.help = "The time at which the session is judged: its last packet.",
	.example = "2026-03-01T08:15:30Z"},
};

const size_t derived_field_count = DERIVED_FIELDS;

/* ---- Values ---- */

static enum rules_truth present(bool there)
{
	return there ? RULES_TRUE : RULES_FALSE;
}

static enum rules_truth take_u16(
    const struct record *r, const struct field *f, uint16_t n, struct rules_value *v)
{
	v->number = n;
	switch (f->type) {
	case FIELD_TEXT:
	case FIELD_WORDS:
		v->text = record_text(r, n);
		return present(v->text != NULL && v->text[0] != '\0');
	case FIELD_VERSION_PROTOCOL:
		v->number =
		    n == TLS_VERSION_SSL2 || n == TLS_VERSION_SSL3; /* rules_protocol_words */
		return present(n >= TLS_VERSION_SSL3 ? n <= TLS_VERSION_13 : n == TLS_VERSION_SSL2);
	case FIELD_CIPHER:
		return present(r->tls_version != 0 && r->tls_version != TLS_VERSION_SSL2);
	default: /* FIELD_NUMBER, FIELD_VERSION, FIELD_GROUP */
		return present(n != 0);
	}
}

static enum rules_truth take_u8(
    const struct record *r, const struct field *f, uint8_t n, struct rules_value *v)
{
	switch (f->type) {
	case FIELD_BOOLEAN:
		v->number = n == RECORD_TRUE;
		return present(n != RECORD_ABSENT);
	case FIELD_ENUM:
		v->number = n;
		return present(n < f->names_count && f->names[n] != NULL);
	case FIELD_SMALL:
		v->number = n;
		return present(n != 0);
	case FIELD_ALERT_CODE:
		v->number = n;
		return present(r->alert_level != 0);
	default: /* FIELD_ALERT_DESCRIPTION */
		v->number = n;
		return present(r->alert_level != 0 && tls_alert_name(n) != NULL);
	}
}

/* A date as ns since the epoch, for comparing: what lies beyond that number's range stays at its
 * end. Its text says which it is. */
static enum rules_truth take_date(struct rules_value *v, char *buffer)
{
	enum rules_truth truth = present(v->number != 0);
	int64_t epoch_s = record_date_epoch(v->number);

	v->text = date_format(epoch_s, buffer);
	if (epoch_s < 0)
		v->number = 0;
	else if ((uint64_t)epoch_s > UINT64_MAX / NS_PER_S)
		v->number = UINT64_MAX;
	else
		v->number = (uint64_t)epoch_s * NS_PER_S;
	return truth;
}

/* Kinds of fields that are not known here: the text that record_value() says. */
static enum rules_truth take_other(
    const struct record *r, const struct field *f, struct rules_value *v, char *buffer)
{
	struct field_value value;

	record_value(r, f, &value);
	if (value.kind == VALUE_ABSENT)
		return RULES_FALSE;
	if (value.kind == VALUE_TEXT)
		snprintf(buffer, RULES_VALUE_TEXT_MAX, "%s", value.text);
	else
		snprintf(buffer, RULES_VALUE_TEXT_MAX, "%llu", (unsigned long long)value.number);
	v->text = buffer;
	return RULES_TRUE;
}

static enum rules_truth take(
    const struct record *r, const struct field *f, struct rules_value *v, char *buffer)
{
	const char *at = (const char *)r + f->offset;
	uint16_t n;

	switch (f->type) {
	case FIELD_TIME:
		memcpy(&v->number, at, sizeof(v->number));
		return present(v->number != 0);
	case FIELD_DURATION:
		memcpy(&v->number, at, sizeof(v->number));
		return RULES_TRUE;
	case FIELD_DATE:
		memcpy(&v->number, at, sizeof(v->number));
		return take_date(v, buffer);
	case FIELD_IP:
		memcpy(&v->address, at, sizeof(v->address));
		return RULES_TRUE;
	case FIELD_STRING:
		v->text = at;
		return present(at[0] != '\0');
	case FIELD_BOOLEAN:
	case FIELD_SMALL:
	case FIELD_ENUM:
	case FIELD_ALERT_CODE:
	case FIELD_ALERT_DESCRIPTION:
		return take_u8(r, f, (uint8_t)*at, v);
	case FIELD_NUMBER:
	case FIELD_TEXT:
	case FIELD_WORDS:
	case FIELD_VERSION:
	case FIELD_VERSION_PROTOCOL:
	case FIELD_CIPHER:
	case FIELD_GROUP:
		memcpy(&n, at, sizeof(n));
		return take_u16(r, f, n, v);
	default:
		return take_other(r, f, v, buffer);
	}
}

static enum rules_truth derive(const struct rules_subject *s, uint16_t index, struct rules_value *v)
{
	if (index == DERIVED_DIRECTION) {
		v->number = rules_direction(s->file, s->record);
		return present(v->number != DIRECTION_ABSENT);
	}
	v->number = s->now_ns != 0 ? s->now_ns : s->record->start_ns + s->record->duration_ns;
	return RULES_TRUE;
}

enum rules_truth rules_field_value(const struct rules_subject *s, uint16_t slot,
    struct rules_value *v, char buffer[RULES_VALUE_TEXT_MAX])
{
	const struct rules_field *f = rules_field(slot);

	if (f->source == RULES_OF_RECORD)
		return take(s->record, &record_fields[f->index], v, buffer);
	if (f->source == RULES_DERIVED)
		return derive(s, f->index, v);
	if (s->history == NULL)
		return RULES_UNKNOWN;
	return present(s->history(s->context, f->index, v));
}

enum rules_direction rules_direction(const struct rule_file *file, const struct record *r)
{
	bool from_us, to_us;

	if (file == NULL || file->own == NULL)
		return DIRECTION_ABSENT;
	from_us = network_holds(file->own, &r->client_ip);
	to_us = network_holds(file->own, &r->server_ip);
	if (from_us)
		return to_us ? DIRECTION_INTERNAL : DIRECTION_OUTBOUND;
	return to_us ? DIRECTION_INBOUND : DIRECTION_TRANSIT;
}
