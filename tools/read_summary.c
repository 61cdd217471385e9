/* Sessions of captures, added up by host pair. */
#include "read_summary.h"

#include <stdlib.h>
#include <string.h>

#include "../parsers/tls_names.h"
#include "pair_rows.h"

#define NS_PER_MS 1000000u

static int by_pair(const void *left, const void *right)
{
	const struct record *a = *(const struct record *const *)left,
			    *b = *(const struct record *const *)right;
	int order = memcmp(&a->server_ip, &b->server_ip, sizeof(a->server_ip));

	return order != 0 ? order : memcmp(&a->client_ip, &b->client_ip, sizeof(a->client_ip));
}

static bool add_name(struct totals *t, enum count_kind kind, const char *name, uint64_t ms)
{
	return name == NULL || counts_add(&t->counts, kind, name, ms);
}

static bool add_value(
    struct totals *t, enum count_kind kind, const struct record *r, const char *field, uint64_t ms)
{
	struct field_value value;

	record_value(r, record_field(field), &value);
	return value.kind != VALUE_TEXT || counts_add(&t->counts, kind, value.text, ms);
}

static void add_times(struct totals *t, const struct record *r, uint64_t ms)
{
	bool legacy = record_is_legacy(r);

	if (t->first_ms == 0 || ms < t->first_ms)
		t->first_ms = ms;
	if (ms > t->last_ms)
		t->last_ms = ms;
	if (legacy && ms > t->legacy_ms)
		t->legacy_ms = ms;
	if (record_is_clear(r) && ms > t->plaintext_ms)
		t->plaintext_ms = ms;
}

/* As the tally counts it. */
static bool add_trouble(struct totals *t, const struct record *r, uint64_t ms)
{
	char code[8];

	if (r->outcome == OUTCOME_TLS_FAILED &&
	    !add_value(t, COUNT_ALERT, r, "tls.alert.description", ms))
		return false;
	if (r->starttls_reply == 0 || r->starttls_reply / 100 == 2)
		return true;
	snprintf(code, sizeof(code), "%u", r->starttls_reply);
	return add_name(t, COUNT_REPLY, code, ms);
}

static bool add_record(struct totals *t, const struct record *r)
{
	uint64_t ms = r->start_ns / NS_PER_MS;
	const char *label = tls_version_label(r->tls_version);

	t->sessions++;
	add_times(t, r, ms);
	if (r->client_max_version > t->max_version)
		t->max_version = r->client_max_version;
	t->fallback += r->fallback == RECORD_TRUE;
	t->stripping += r->stripping == RECORD_TRUE;
	t->injected += r->starttls_injected == RECORD_TRUE || r->reply_injected == RECORD_TRUE;
	if (!add_trouble(t, r, ms))
		return false;
	return (label != NULL ? add_name(t, COUNT_VERSION, label, ms)
			      : add_value(t, COUNT_VERSION, r, "tls.version", ms)) &&
	       add_value(t, COUNT_CIPHER, r, "tls.cipher", ms) &&
	       add_name(t, COUNT_OUTCOME, record_outcome_name(r->outcome), ms) &&
	       add_name(t, COUNT_LEGACY_SIDE, record_legacy_side_name(r->legacy_side), ms);
}

static bool add_records(struct totals_list *pairs, const struct record **records, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (i == 0 || by_pair(&records[i - 1], &records[i]) != 0) {
			struct totals pair = {0};

			address_format(&records[i]->client_ip, pair.client);
			address_format(&records[i]->server_ip, pair.server);
			if (!totals_list_add(pairs, &pair))
				return false;
		}
		if (!add_record(&pairs->items[pairs->count - 1], records[i]))
			return false;
	}
	return true;
}

static bool write_pairs(struct totals_list *pairs, const struct options *o)
{
	struct table *t = pair_rows_table(stdout, o, NULL);
	size_t rows = o->limit != 0 && o->limit < pairs->count ? o->limit : pairs->count;

	if (t == NULL)
		return false;
	pair_rows_sort(pairs, ORDER_LAST);
	for (size_t i = 0; i < rows && table_alive(t); i++) {
		counts_sort(&pairs->items[i].counts);
		pair_rows_put(t, &pairs->items[i]);
	}
	table_finish(t);
	return true;
}

bool read_summary_write(const struct sessions *s, const struct options *o)
{
	const struct record **records = calloc(s->count + 1, sizeof(*records));
	struct totals_list pairs = {0};
	bool good = records != NULL;

	for (size_t i = 0; good && i < s->count; i++)
		records[i] = s->items[i].record;
	if (good && s->count > 1)
		qsort(records, s->count, sizeof(*records), by_pair);
	good = good && add_records(&pairs, records, s->count) && write_pairs(&pairs, o);
	totals_list_free(&pairs);
	free(records);
	return good;
}
