/* Who sends or takes mail in the clear, and why. */
#include "plaintext.h"

#include <stdlib.h>
#include <string.h>

#include "../sensor/store_keys.h"
#include "evidence.h"

#define COLUMNS(role_heading)                                                                      \
	{                                                                                          \
		{.name = "role"}, {.name = "ip", .heading = role_heading}, {.name = "name"},       \
		    {.name = "last_plaintext", .heading = "LAST CLEAR (UTC)"},                     \
		    {.name = "sessions", .heading = "SESSIONS", .flags = COLUMN_RIGHT},            \
		    {.name = "best_version", .heading = "BEST TLS"},                               \
		    {.name = "why", .heading = "WHY", .flags = COLUMN_WORDS, .least = 30},         \
		    {.name = "fallback"}, {.name = "stripping"}, {.name = "injected"},             \
		    {.name = "last_seen"},                                                         \
	}

static const struct column server_columns[] = COLUMNS("SERVER");
static const struct column client_columns[] = COLUMNS("CLIENT");

struct reading {
	struct plaintext_hosts *hosts;
	uint64_t since_ms;
};

/* Those that did not do it any more since then do not come. */
static bool take(void *context, struct totals *t)
{
	struct reading *r = context;

	if (t->plaintext_ms != 0 && t->plaintext_ms >= r->since_ms)
		return totals_list_add(&r->hosts->list, t);
	r->hosts->flagged--;
	totals_free(t);
	return true;
}

static bool add_keys(
    struct texts *keys, const struct ranking *flagged, size_t rows, bool servers, struct query *q)
{
	struct texts sensors = {0};
	bool good = query_sensors(q, &sensors);

	for (size_t i = 0; good && i < rows; i++)
		good = totals_add_keys(keys, servers ? KEY_SERVER : KEY_CLIENT,
		    flagged->items[i].member, NULL, &sensors);
	texts_free(&sensors);
	return good;
}

bool plaintext_read(struct query *q, const struct options *o, bool servers, size_t limit,
    struct plaintext_hosts *hosts)
{
	struct ranking flagged = {0};
	struct texts keys = {0};
	struct reading r = {.hosts = hosts, .since_ms = o->since_ms};
	size_t rows;
	bool good;

	*hosts = (struct plaintext_hosts){.servers = servers};
	good = query_ranking(
	    q, servers ? KEY_PLAINTEXT_SERVERS : KEY_PLAINTEXT_CLIENTS, o->since_ms, &flagged);
	hosts->flagged = flagged.count;
	rows = limit != 0 && limit < flagged.count ? limit : flagged.count;
	good = good && add_keys(&keys, &flagged, rows, servers, q) &&
	       totals_read(q, &keys, true, take, &r);
	ranking_free(&flagged);
	texts_free(&keys);
	return good;
}

void plaintext_free(struct plaintext_hosts *hosts)
{
	totals_list_free(&hosts->list);
	*hosts = (struct plaintext_hosts){0};
}

struct table *plaintext_table(FILE *to, const struct options *o, bool servers)
{
	return table_new(to, o, servers ? server_columns : client_columns,
	    sizeof(server_columns) / sizeof(server_columns[0]));
}

static void note_evidence(struct table *t, const char *json)
{
	static struct evidence e;
	char text[512];

	if (evidence_parse(json, &e))
		table_note(t, evidence_clear_sentence(&e, text, sizeof(text)), STYLE_DIM);
}

static void put_host(struct table *t, const struct totals *h, bool server)
{
	char why[TOTALS_WHY_MAX], name[128];
	const char *best = totals_max_label(h), *known = totals_host_name(h, name);
	bool worst = h->fallback + h->stripping + h->injected > 0;

	table_text(t, server ? "server" : "client", STYLE_PLAIN);
	table_text(t, server ? h->server : h->client, STYLE_PLAIN);
	table_text(t, known, STYLE_PLAIN);
	table_time(t, h->plaintext_ms);
	table_number(t, h->sessions);
	table_text(t, best, best != NULL && version_is_legacy(best) ? STYLE_BAD : STYLE_PLAIN);
	table_text(t, totals_why_text(h, why), worst ? STYLE_BAD : STYLE_WARN);
	table_number(t, h->fallback);
	table_number(t, h->stripping);
	table_number(t, h->injected);
	table_time(t, h->last_ms);
	table_end_row(t);
	if (known != NULL)
		table_note(t, known, STYLE_DIM);
	note_evidence(t, h->fallback_evidence);
	note_evidence(t, h->stripping_evidence);
}

void plaintext_put(struct table *t, const struct plaintext_hosts *hosts)
{
	for (size_t i = 0; i < hosts->list.count && table_alive(t); i++)
		put_host(t, &hosts->list.items[i], hosts->servers);
}
