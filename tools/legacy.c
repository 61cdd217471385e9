/* Who still speaks TLS below 1.2. */
#include "legacy.h"

#include <stdlib.h>
#include <string.h>

#include "../parsers/tls_hello.h"
#include "../sensor/store_keys.h"
#include "pair_rows.h"
#include "say.h"

struct reading {
	struct query *q;
	const struct texts *sensors;
	struct legacy_hosts *hosts;
	struct ranking flagged;
	size_t at; /* where the last host or pair stood: they come in the order in which they were
		      asked for */
};

static const char *address_of(const struct legacy_hosts *hosts, const struct totals *t)
{
	return hosts->servers ? t->server : t->client;
}

/* Those that no sensor knows any more do not come at all. */
static bool take_totals(void *context, struct totals *t)
{
	struct reading *r = context;
	struct legacy_hosts *hosts = r->hosts;
	const char *address = address_of(hosts, t);

	while (r->at < r->flagged.count && strcmp(r->flagged.items[r->at].member, address) != 0)
		r->at++;
	if (r->at == r->flagged.count || !totals_is_legacy(t)) {
		hosts->flagged -= r->at < r->flagged.count;
		totals_free(t);
		return true;
	}
	hosts->items[hosts->count].flagged_ms = r->flagged.items[r->at].score;
	hosts->items[hosts->count++].totals = *t;
	return true;
}

static bool read_totals(struct reading *r)
{
	struct texts keys = {0};
	const char *format = r->hosts->servers ? KEY_SERVER : KEY_CLIENT;
	bool good = true;

	for (size_t i = 0; good && i < r->flagged.count; i++)
		good = totals_add_keys(&keys, format, r->flagged.items[i].member, NULL, r->sensors);
	good = good && totals_read(r->q, &keys, true, take_totals, r);
	texts_free(&keys);
	return good;
}

/* ---- Peers ---- */

static bool take_pair(void *context, struct totals *pair)
{
	struct reading *r = context;
	struct legacy_hosts *hosts = r->hosts;
	const char *address = address_of(hosts, pair);

	while (r->at < hosts->count &&
	       strcmp(address_of(hosts, &hosts->items[r->at].totals), address) != 0)
		r->at++;
	if (r->at < hosts->count && totals_is_legacy(pair))
		return totals_list_add(&hosts->items[r->at].peers, pair);
	totals_free(pair);
	return true;
}

static bool add_pair_keys(struct texts *keys, const struct reading *r, const struct ranking *peers)
{
	const struct legacy_hosts *hosts = r->hosts;

	for (size_t i = 0; i < hosts->count; i++) {
		const char *own = address_of(hosts, &hosts->items[i].totals);

		for (size_t j = 0; j < peers[i].count; j++) {
			const char *peer = peers[i].items[j].member;

			if (!totals_add_keys(keys, KEY_PAIR, hosts->servers ? own : peer,
				hosts->servers ? peer : own, r->sensors))
				return false;
		}
	}
	return true;
}

static bool add_peer_sets(struct texts *keys, const struct legacy_hosts *hosts)
{
	const char *format = hosts->servers ? KEY_CLIENTS_OF : KEY_SERVERS_OF;
	char key[STORE_KEY_MAX];

	for (size_t i = 0; i < hosts->count; i++) {
		const char *address = address_of(hosts, &hosts->items[i].totals);

		if (!texts_add(keys, key, store_fill_key(key, format, &address)))
			return false;
	}
	return true;
}

static bool read_pairs(
    struct reading *r, const struct texts *sets, struct ranking *peers, uint64_t *sizes)
{
	struct legacy_hosts *hosts = r->hosts;
	struct texts keys = {0};
	bool good;

	r->at = 0;
	good = query_sizes(r->q, sets, sizes) && query_tops(r->q, sets, LEGACY_PEERS_READ, peers) &&
	       add_pair_keys(&keys, r, peers) && totals_read(r->q, &keys, false, take_pair, r);

	for (size_t i = 0; i < hosts->count; i++) {
		hosts->items[i].peer_count = sizes[i];
		pair_rows_sort(&hosts->items[i].peers, ORDER_LEGACY);
		ranking_free(&peers[i]);
	}
	texts_free(&keys);
	return good;
}

static bool read_peers(struct reading *r)
{
	struct texts sets = {0};
	struct ranking *peers = calloc(r->hosts->count + 1, sizeof(*peers));
	uint64_t *sizes = calloc(r->hosts->count + 1, sizeof(*sizes));
	bool good = peers != NULL && sizes != NULL && add_peer_sets(&sets, r->hosts) &&
		    read_pairs(r, &sets, peers, sizes);

	texts_free(&sets);
	free(peers);
	free(sizes);
	return good;
}

static void cut_ranking(struct ranking *ranking, size_t limit)
{
	if (limit == 0)
		return;
	while (ranking->count > limit)
		free(ranking->items[--ranking->count].member);
}

bool legacy_read(struct query *q, const struct options *o, bool servers, struct legacy_hosts *hosts)
{
	struct texts sensors = {0};
	struct reading r = {.q = q, .sensors = &sensors, .hosts = hosts};
	bool good = query_sensors(q, &sensors) &&
		    query_ranking(q, servers ? KEY_LEGACY_SERVERS : KEY_LEGACY_CLIENTS, o->since_ms,
			&r.flagged);

	*hosts = (struct legacy_hosts){.servers = servers, .flagged = r.flagged.count};
	cut_ranking(&r.flagged, o->limit);
	hosts->items = calloc(r.flagged.count + 1, sizeof(*hosts->items));
	good = good && hosts->items != NULL && read_totals(&r) && read_peers(&r);
	ranking_free(&r.flagged);
	texts_free(&sensors);
	return good;
}

void legacy_free(struct legacy_hosts *hosts)
{
	for (size_t i = 0; i < hosts->count; i++) {
		totals_free(&hosts->items[i].totals);
		totals_list_free(&hosts->items[i].peers);
	}
	free(hosts->items);
	*hosts = (struct legacy_hosts){0};
}

bool legacy_is_stuck(const struct legacy_host *host)
{
	return host->totals.max_version < TLS_VERSION_12;
}
