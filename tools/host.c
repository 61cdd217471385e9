/* One server or one client: what all sensors know of it, and of its peers. */
#include "host.h"

#include "../sensor/store_keys.h"
#include "pair_rows.h"
#include "say.h"
#include "seen.h"

static bool take_totals(void *context, struct totals *t)
{
	struct host *h = context;

	h->totals = *t;
	return true;
}

/* Keys of all pairs that a ranking of peers names. */
static bool add_pair_keys(struct texts *keys, const struct host *h, const struct ranking *peers,
    const struct texts *sensors)
{
	for (size_t i = 0; i < peers->count; i++) {
		const char *peer = peers->items[i].member;
		const char *server = h->as_server ? h->address : peer,
			   *client = h->as_server ? peer : h->address;

		if (!totals_add_keys(keys, KEY_PAIR, server, client, sensors))
			return false;
	}
	return true;
}

/* Those whom a host met as a server, or as a client. */
static size_t peers_key(const char *address, bool as_server, char key[STORE_KEY_MAX])
{
	return store_fill_key(key, as_server ? KEY_CLIENTS_OF : KEY_SERVERS_OF, &address);
}

static bool read_peers(
    struct query *q, struct host *h, const struct options *o, const struct texts *sensors)
{
	struct ranking peers = {0};
	struct texts keys = {0};
	char key[STORE_KEY_MAX];
	bool good;

	(void)peers_key(h->address, h->as_server, key);
	good = query_ranking(q, key, o->since_ms, &peers) &&
	       add_pair_keys(&keys, h, &peers, sensors) &&
	       totals_read(q, &keys, false, totals_keep, &h->pairs);
	ranking_free(&peers);
	texts_free(&keys);
	return good;
}

static bool read_totals(struct query *q, struct host *h, const struct texts *sensors)
{
	struct texts keys = {0};
	bool good = totals_add_keys(
			&keys, h->as_server ? KEY_SERVER : KEY_CLIENT, h->address, NULL, sensors) &&
		    totals_read(q, &keys, true, take_totals, h);

	texts_free(&keys);
	return good;
}

static bool read_other_role(struct query *q, struct host *h)
{
	struct texts keys = {0};
	char key[STORE_KEY_MAX];
	uint64_t peers = 0;
	bool good;

	good = texts_add(&keys, key, peers_key(h->address, !h->as_server, key)) &&
	       query_sizes(q, &keys, &peers);
	h->other_role = peers > 0;
	texts_free(&keys);
	return good;
}

static bool read_host(struct query *q, struct host *h, const struct options *o)
{
	struct texts sensors = {0};
	bool good = query_sensors(q, &sensors) && read_totals(q, h, &sensors) &&
		    read_peers(q, h, o, &sensors) && read_other_role(q, h);

	texts_free(&sensors);
	pair_rows_sort(&h->pairs, ORDER_LAST);
	return good;
}

static void write_csv(const struct host *h, const struct options *o)
{
	struct table *t = pair_rows_table(stdout, o, NULL);
	size_t rows = o->limit != 0 && o->limit < h->pairs.count ? o->limit : h->pairs.count;

	if (t == NULL)
		return;
	for (size_t i = 0; i < rows && table_alive(t); i++)
		pair_rows_put(t, &h->pairs.items[i]);
	table_finish(t);
}

static int answer_none(struct query *q, const struct host *h, const struct options *o)
{
	const char *role = h->as_server ? "server" : "client",
		   *other = h->as_server ? "client" : "server";
	char what[256];

	if (h->other_role)
		snprintf(what, sizeof(what),
		    "%s was not seen as a %s, but as a %s (tlsvane %s %s),", h->address, role,
		    other, other, h->address);
	else
		snprintf(what, sizeof(what), "%s was not seen as a %s", h->address, role);
	return seen_say_none(q, o, what);
}

static int answer(struct query *q, struct host *h, const struct options *o)
{
	int status = 0;

	if (!read_host(q, h, o))
		return EXIT_FAILED;
	if (h->totals.sensors == 0 || h->totals.last_ms < o->since_ms)
		status = answer_none(q, h, o);
	else if (o->format == OUTPUT_JSON)
		host_write_json(stdout, h, o);
	else if (o->format == OUTPUT_CSV)
		write_csv(h, o);
	else
		host_write_text(stdout, h, o);
	return status != 0 ? status : seen_say_health(q, o);
}

int host_command(const struct options *o, bool as_server)
{
	struct host h = {.as_server = as_server};
	struct frame_address address;
	struct query *q;
	int status;

	if (!address_parse_typed(o->arguments[0], &address))
		return say_error(EXIT_USAGE,
		    "%s is no IP address; give one, such as 192.0.2.25 or 2001:db8::25 (of a name: "
		    "getent ahosts NAME; names that were seen: tlsvane legacy)",
		    o->arguments[0]);
	address_format(&address, h.address);
	q = query_open(o, &status);
	if (q == NULL)
		return status;
	status = answer(q, &h, o);
	totals_free(&h.totals);
	totals_list_free(&h.pairs);
	query_close(q);
	return status;
}
