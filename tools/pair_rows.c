/* Host pairs as rows. */
#include "pair_rows.h"

#include <stdlib.h>
#include <string.h>

#include "../parsers/tls_hello.h"

#define PAIR_COLUMNS(server_heading, client_heading)                                               \
	{                                                                                          \
		{.name = "client.ip", .heading = client_heading},                                  \
		    {.name = "server.ip", .heading = server_heading},                              \
		    {.name = "sessions", .heading = "SESSIONS", .flags = COLUMN_RIGHT},            \
		    {.name = "versions",                                                           \
			.heading = "VERSIONS",                                                     \
			.flags = COLUMN_WORDS,                                                     \
			.least = 30},                                                              \
		    {.name = "client_max", .heading = "OFFERED", .drop = 3},                       \
		    {.name = "ciphers",                                                            \
			.heading = "CIPHERS",                                                      \
			.flags = COLUMN_WORDS,                                                     \
			.least = 20,                                                               \
			.drop = 1},                                                                \
		    {.name = "outcomes",                                                           \
			.heading = "OUTCOMES",                                                     \
			.flags = COLUMN_WORDS,                                                     \
			.least = 10,                                                               \
			.drop = 2},                                                                \
		    {.name = "legacy_sides", .heading = "FAULT", .least = 18},                     \
		    {.name = "fallback"}, {.name = "stripping"}, {.name = "injected"},             \
		    {.name = "first_seen"}, {.name = "last_seen", .heading = "LAST SEEN (UTC)"},   \
		    {.name = "last_legacy"}, {.name = "last_plaintext"},                           \
	}

static const struct column both[] = PAIR_COLUMNS("SERVER", "CLIENT");
static const struct column of_server[] = PAIR_COLUMNS(NULL, "CLIENT");
static const struct column of_client[] = PAIR_COLUMNS("SERVER", NULL);

struct table *pair_rows_table(FILE *to, const struct options *o, const char *subject)
{
	const struct column *columns = subject == NULL			? both
				       : strcmp(subject, "server") == 0 ? of_server
									: of_client;

	return table_new(to, o, columns, sizeof(both) / sizeof(both[0]));
}

static int newer_first(uint64_t a, uint64_t b)
{
	return a > b ? -1 : a < b;
}

static int by_last(const void *left, const void *right)
{
	const struct totals *a = left, *b = right;
	int order = newer_first(a->last_ms, b->last_ms);

	if (order == 0)
		order = strcmp(a->server, b->server);
	return order != 0 ? order : strcmp(a->client, b->client);
}

static int by_sessions(const void *left, const void *right)
{
	int order = newer_first(
	    ((const struct totals *)left)->sessions, ((const struct totals *)right)->sessions);

	return order != 0 ? order : by_last(left, right);
}

static int by_legacy(const void *left, const void *right)
{
	int order = newer_first(totals_legacy_sessions(left), totals_legacy_sessions(right));

	return order != 0 ? order : by_last(left, right);
}

void pair_rows_sort(struct totals_list *pairs, enum pair_order order)
{
	if (pairs->count > 1)
		qsort(pairs->items, pairs->count, sizeof(*pairs->items),
		    order == ORDER_LAST	      ? by_last
		    : order == ORDER_SESSIONS ? by_sessions
					      : by_legacy);
}

static void put_counts(
    struct table *t, const struct totals *p, enum count_kind kind, enum style style)
{
	char text[256];

	table_counts(t, &p->counts, kind,
	    counts_text(&p->counts, kind, p->sessions, text, sizeof(text)), style);
}

static enum style outcomes_style(const struct totals *p)
{
	if (p->plaintext_ms != 0)
		return STYLE_WARN;
	return counts_of(&p->counts, COUNT_OUTCOME, "tls_failed") > 0 ? STYLE_BAD : STYLE_PLAIN;
}

/* Of the outcomes, and of what they led to. */
static void put_outcomes(struct table *t, const struct totals *p)
{
	static const char *const names[] = {"fallback", "stripped?", "injected"};
	const uint64_t sessions[] = {p->fallback, p->stripping, p->injected};
	char text[512];
	size_t used;

	counts_text(&p->counts, COUNT_OUTCOME, p->sessions, text, sizeof(text) / 2);
	for (size_t i = 0; i < 3; i++) {
		used = strlen(text);
		if (sessions[i] > 0)
			snprintf(text + used, sizeof(text) - used, "%s%s %llu",
			    used > 0 ? ", " : "", names[i], (unsigned long long)sessions[i]);
	}
	table_counts(t, &p->counts, COUNT_OUTCOME, text, outcomes_style(p));
}

void pair_rows_put(struct table *t, const struct totals *p)
{
	char fault[80];
	bool legacy = totals_legacy_sessions(p) > 0,
	     old_client = p->max_version != 0 && p->max_version < TLS_VERSION_12;

	table_text(t, p->client, STYLE_PLAIN);
	table_text(t, p->server, STYLE_PLAIN);
	table_number(t, p->sessions);
	put_counts(t, p, COUNT_VERSION, legacy ? STYLE_BAD : STYLE_PLAIN);
	table_text(t, totals_max_label(p), old_client ? STYLE_BAD : STYLE_PLAIN);
	put_counts(t, p, COUNT_CIPHER, STYLE_PLAIN);
	put_outcomes(t, p);
	table_counts(t, &p->counts, COUNT_LEGACY_SIDE, totals_fault_text(p, fault, sizeof(fault)),
	    STYLE_BAD);
	table_number(t, p->fallback);
	table_number(t, p->stripping);
	table_number(t, p->injected);
	table_time(t, p->first_ms);
	table_time(t, p->last_ms);
	table_time(t, p->legacy_ms);
	table_time(t, p->plaintext_ms);
	table_end_row(t);
}
