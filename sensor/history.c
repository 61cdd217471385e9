/* The cache of the past: a table with chains, the longest unused go first. */
#include "history.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "../parsers/tls_hello.h"
#include "history_facts.h"
#include "limits.h"
#include "store_keys.h"
#include "store_wire.h"

#define BUCKETS	      65536
#define SENSORS_MAX   64     /* sensors of one Redis whose hosts are read */
#define SENSORS_MS    60000  /* milliseconds between two looks at who they are */
#define INCOMPLETE_MS 5000   /* ... between two tries for a host that could not be read */
#define FRESH_MS      600000 /* ... until other sensors are asked anew about one that could */

enum { KIND_SERVER, KIND_CLIENT, KIND_PAIR, KINDS }; /* in the order of history_fields */

struct host {
	struct host *newer, *older; /* by use */
	struct host *next;	    /* of the same bucket */
	struct history *history;
	uint8_t key[33]; /* kind, then as struct tally_entry */
	struct facts facts;
	size_t awaited;	   /* answers */
	uint64_t asked_ms; /* 0: never */
	bool complete;	   /* Redis has told all */
	bool failed;	   /* ... an answer did not come */
	bool anew;	   /* the sum of the other sensors' sessions begins anew */
};

struct history {
	struct store *store;
	struct tally *tally;
	char own[STORE_SENSOR_MAX];
	struct host *buckets[BUCKETS];
	struct host *newest, *oldest;
	size_t count;
	struct host *selected[KINDS];
	uint64_t selected_ms; /* when that session began */
	char sensors[SENSORS_MAX][STORE_SENSOR_MAX];
	size_t sensor_count;
	bool sensors_known, sensors_asked;
	uint64_t sensors_ms, now_ms;
	struct wire wire;
};

struct history *history_new(struct store *store, struct tally *tally, const char *sensor)
{
	struct history *h = calloc(1, sizeof(*h));

	if (h == NULL)
		return NULL;
	h->store = store;
	h->tally = tally;
	snprintf(h->own, sizeof(h->own), "%s", sensor);
	h->sensors_known = store == NULL;
	return h;
}

void history_free(struct history *h)
{
	struct host *host;

	if (h == NULL)
		return;
	while ((host = h->newest) != NULL) {
		h->newest = host->older;
		free(host);
	}
	wire_free(&h->wire);
	free(h);
}

/* ---- The table ---- */

static void unlink_use(struct history *h, struct host *host)
{
	*(host->newer != NULL ? &host->newer->older : &h->newest) = host->older;
	*(host->older != NULL ? &host->older->newer : &h->oldest) = host->newer;
}

static void link_newest(struct history *h, struct host *host)
{
	host->newer = NULL;
	host->older = h->newest;
	*(h->newest != NULL ? &h->newest->newer : &h->oldest) = host;
	h->newest = host;
}

static size_t bucket_of(const uint8_t key[33])
{
	return XXH3_64bits(key, 33) % BUCKETS;
}

static void drop(struct history *h, struct host *host)
{
	struct host **at = &h->buckets[bucket_of(host->key)];

	while (*at != host)
		at = &(*at)->next;
	*at = host->next;
	unlink_use(h, host);
	h->count--;
	free(host);
}

/* One that waits for an answer is pointed to. */
static bool make_room(struct history *h)
{
	struct host *host = h->oldest;

	if (h->count < LIMIT_HISTORY_HOSTS)
		return true;
	while (host != NULL && host->awaited > 0)
		host = host->newer;
	if (host == NULL)
		return false;
	drop(h, host);
	return true;
}

static void key_of(unsigned kind, const struct record *r, uint8_t key[33])
{
	memset(key, 0, 33);
	key[0] = (uint8_t)kind;
	if (kind != KIND_CLIENT)
		memcpy(key + 1, r->server_ip.bytes, 16);
	if (kind != KIND_SERVER)
		memcpy(key + 17, r->client_ip.bytes, 16);
}

static struct host *find(const struct history *h, unsigned kind, const struct record *r)
{
	uint8_t key[33];
	struct host *host;

	key_of(kind, r, key);
	host = h->buckets[bucket_of(key)];
	while (host != NULL && memcmp(host->key, key, sizeof(key)) != 0)
		host = host->next;
	return host;
}

static unsigned tally_kind_of(unsigned kind)
{
	static const uint8_t kinds[KINDS] = {TALLY_SERVER, TALLY_CLIENT, TALLY_PAIR};

	return kinds[kind];
}

static struct host *host_new(struct history *h, unsigned kind, const struct record *r)
{
	struct host *host = make_room(h) ? calloc(1, sizeof(*host)) : NULL;
	size_t bucket;

	if (host == NULL)
		return NULL;
	key_of(kind, r, host->key);
	host->history = h;
	bucket = bucket_of(host->key);
	host->next = h->buckets[bucket];
	h->buckets[bucket] = host;
	link_newest(h, host);
	h->count++;
	host->complete = h->store == NULL;
	if (h->tally != NULL)
		facts_from_tally(
		    &host->facts, tally_entry_find(h->tally, tally_kind_of(kind), host->key + 1));
	return host;
}

/* ---- Questions ---- */

struct asking {
	struct host *host;
	bool own; /* of this sensor */
};

static void take_host(void *context, const redisReply *reply)
{
	struct asking *asking = context;
	struct host *host = asking->host;

	host->awaited--;
	if (host->anew)
		host->facts.sessions_others = 0;
	host->anew = false;
	if (reply != NULL && reply->type == REDIS_REPLY_ARRAY)
		facts_from_redis(&host->facts, reply, asking->own);
	else
		host->failed = true;
	if (host->awaited == 0)
		host->complete = host->complete || !host->failed;
	free(asking);
}

static void format_key(const struct host *host, const char *sensor, char key[STORE_KEY_MAX])
{
	char server[ADDRESS_TEXT_MAX], client[ADDRESS_TEXT_MAX];
	struct frame_address address;

	memcpy(address.bytes, host->key + 1, sizeof(address.bytes));
	address_format(&address, server);
	memcpy(address.bytes, host->key + 17, sizeof(address.bytes));
	address_format(&address, client);
	if (host->key[0] == KIND_PAIR)
		store_fill_key(key, KEY_PAIR, (const char *const[]){server, client, sensor});
	else if (host->key[0] == KIND_SERVER)
		store_fill_key(key, KEY_SERVER, (const char *const[]){server, sensor});
	else
		store_fill_key(key, KEY_CLIENT, (const char *const[]){client, sensor});
}

static bool ask_one(struct history *h, struct host *host, const char *sensor)
{
	struct asking *asking = malloc(sizeof(*asking));
	char key[STORE_KEY_MAX];

	if (asking == NULL)
		return false;
	*asking = (struct asking){host, strcmp(sensor, h->own) == 0};
	format_key(host, sensor, key);
	wire_clear(&h->wire);
	facts_put_question(&h->wire, key);
	host->awaited++;
	if (store_ask(h->store, &h->wire, take_host, asking) == 0)
		return true;
	host->awaited--;
	free(asking);
	return false;
}

static void ask(struct history *h, struct host *host)
{
	uint64_t wait = host->complete ? FRESH_MS : INCOMPLETE_MS;

	if (!h->sensors_known || host->awaited > 0 || h->store == NULL ||
	    (host->asked_ms != 0 && h->now_ms - host->asked_ms < wait))
		return;
	host->failed = false;
	host->anew = true;
	for (size_t i = 0; i < h->sensor_count; i++)
		if (!ask_one(h, host, h->sensors[i]))
			host->failed = true;
	host->asked_ms = h->now_ms | 1;
	if (host->awaited == 0 && h->sensor_count == 0)
		host->complete = true;
}

static void take_sensors(void *context, const redisReply *reply)
{
	struct history *h = context;

	h->sensors_asked = false;
	if (reply == NULL || reply->type != REDIS_REPLY_ARRAY)
		return;
	h->sensor_count = 0;
	for (size_t i = 0; i < reply->elements && h->sensor_count < SENSORS_MAX; i++) {
		const redisReply *name = reply->element[i];

		if (name->type == REDIS_REPLY_STRING && store_sensor_valid(name->str))
			snprintf(h->sensors[h->sensor_count++], STORE_SENSOR_MAX, "%s", name->str);
	}
	h->sensors_known = true;
}

void history_tick(struct history *h, uint64_t now_ms)
{
	h->now_ms = now_ms;
	if (h->store == NULL || h->sensors_asked ||
	    (h->sensors_known && now_ms - h->sensors_ms < SENSORS_MS))
		return;
	wire_clear(&h->wire);
	wire_command(&h->wire, 2);
	wire_text(&h->wire, "SMEMBERS");
	wire_text(&h->wire, KEY_SENSORS);
	if (store_ask(h->store, &h->wire, take_sensors, h) == 0) {
		h->sensors_asked = true;
		h->sensors_ms = now_ms;
	}
}

bool history_knows_sensors(const struct history *h)
{
	return h->sensors_known;
}

static bool is_settled(const struct history *h, const struct host *host)
{
	if (host == NULL || host->complete)
		return true;
	return host->awaited == 0 && host->asked_ms != 0 && h->sensors_known; /* Redis is away */
}

bool history_ready(struct history *h, const struct record *r)
{
	struct store_status status;
	bool settled = true;

	for (unsigned kind = 0; kind < KINDS; kind++) {
		struct host *host = find(h, kind, r);

		if (host != NULL)
			ask(h, host);
		settled = settled && is_settled(h, host);
	}
	if (settled || h->store == NULL)
		return true;
	store_status(h->store, &status);
	return !status.connected;
}

bool history_is_whole(const struct history *h, const struct record *r)
{
	const struct host *host;

	for (unsigned kind = 0; h->store != NULL && kind < KINDS; kind++)
		if ((host = find(h, kind, r)) == NULL || !host->complete)
			return false;
	return true;
}

bool history_prepare(struct history *h, const struct record *r)
{
	for (unsigned kind = 0; kind < KINDS; kind++) {
		struct host *host = find(h, kind, r);

		if (host == NULL) {
			(void)host_new(h, kind, r);
			continue;
		}
		unlink_use(h, host);
		link_newest(h, host);
	}
	return history_ready(h, r);
}

/* ---- Answers ---- */

void history_select(struct history *h, const struct record *r)
{
	h->selected_ms = r->start_ns / 1000000u;
	for (unsigned kind = 0; kind < KINDS; kind++)
		h->selected[kind] = find(h, kind, r);
}

bool history_answer(void *context, size_t field, struct rules_value *value)
{
	struct history *h = context;
	size_t each = history_field_count / KINDS, kind = field / each;
	const struct host *host = kind < KINDS ? h->selected[kind] : NULL;
	const char *name = strchr(history_fields[field].name, '.') + 1;

	*value = (struct rules_value){0};
	return host != NULL &&
	       facts_answer(&host->facts, name, host->complete, h->selected_ms, value);
}

bool history_was_better(struct history *h, const struct record *r)
{
	const struct host *pair = h->selected[KIND_PAIR];

	if (pair == NULL)
		return false;
	if (r->tls_version != 0)
		return facts_best_version(&pair->facts) > r->tls_version;
	return record_is_clear(r) && facts_best_version(&pair->facts) != 0;
}

void history_note(struct history *h, const struct record *r)
{
	for (unsigned kind = 0; kind < KINDS; kind++) {
		struct host *host = find(h, kind, r);

		if (host != NULL)
			facts_note(&host->facts, r, tally_kind_of(kind));
	}
}
