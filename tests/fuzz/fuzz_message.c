/*
 * What a worker may send to the recorder. First byte even: the bytes of messages. Odd: a good
 * record, changed: each three bytes say where (two, little-endian) and to what; so the corpus stays
 * good when a record gets another field. One that passes the check must do no harm to what takes
 * it: every field can be shown, and the tally counts it.
 */
#include <stdlib.h>
#include <string.h>

#include "../../sensor/message.h"
#include "take_entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Touches each byte of a text: a sanitizer sees one that has no end. */
static void take_text(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			abort();
}

static void take_record(const struct record *r)
{
	static FILE *nowhere;
	struct field_value value;
	struct tally *tally = tally_new(0);

	if (nowhere == NULL)
		nowhere = fopen("/dev/null", "w");
	if (nowhere == NULL || tally == NULL)
		abort();
	for (size_t i = 0; i < record_field_count; i++) {
		record_value(r, &record_fields[i], &value);
		if (value.kind == VALUE_TEXT)
			take_text(value.text);
	}
	record_write_json(nowhere, r);
	record_write_list(nowhere, r);
	if (tally_add(tally, r) != 0)
		abort();
	tally_each_waiting(tally, take_entry, NULL);
	tally_free(tally);
}

static size_t make_good(struct message *m)
{
	memset(m, 0, sizeof(*m));
	m->kind = MESSAGE_RECORD;
	record_init(&m->record);
	record_set_text(&m->record, &m->record.banner, "mx.example.net ESMTP");
	record_set_text(&m->record, &m->record.helo, "out.example.org");
	record_set_text(&m->record, &m->record.server_name, "mx.example.net");
	m->record.outcome = OUTCOME_TLS;
	return message_size(m);
}

static size_t make_message(struct message *m, const uint8_t *data, size_t size)
{
	size_t used, at;

	if (size == 0 || data[0] % 2 == 0) {
		used = size > 0 ? size - 1 : 0;
		used = used < sizeof(*m) ? used : sizeof(*m);
		memcpy(m, data + 1, used);
		return used;
	}
	used = make_good(m);
	for (data++, size--; size >= 3; data += 3, size -= 3) {
		at = data[0] | (size_t)data[1] << 8;
		if (at < sizeof(*m))
			((uint8_t *)m)[at] = data[2];
	}
	/* The length that it claims is mostly the one that came. */
	return m->record.text_used % 8 == 7 ? used : message_size(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct message made;
	size_t made_size = make_message(&made, data, size), at = BUNDLE_HEAD;
	uint32_t head[] = {0, 0};
	const struct message *m;
	struct record *r;
	uint8_t *b;

	_Static_assert(sizeof(head) == BUNDLE_HEAD, "size and number of records");

	if (made_size > sizeof(made))
		made_size = sizeof(made);
	made_size = (made_size + 7) / 8 * 8;
	/* Only its own bytes: so it is none of the full size for the compiler either. */
	b = malloc(BUNDLE_HEAD + made_size);
	if (b == NULL)
		abort();
	head[0] = (uint32_t)(BUNDLE_HEAD + made_size);
	memcpy(b, head, BUNDLE_HEAD);
	memcpy(b + BUNDLE_HEAD, &made, made_size);
	while ((m = bundle_next((const void *)b, &at)) != NULL) {
		if (m->kind != MESSAGE_RECORD)
			continue;
		r = malloc(record_size(&m->record));
		if (r == NULL)
			abort();
		memcpy(r, &m->record, record_size(&m->record));
		take_record(r);
		free(r);
	}
	free(b);
	return 0;
}
