/* All pairs with their classes, in flat arrays: half a million pairs must fit and be quick. */
#include "ledger.h"

#include <stdlib.h>
#include <string.h>

#include "../parsers/tls_hello.h"
#include "../sensor/tally_class.h"
#include "say.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool out_of_memory(void)
{
	say_error(
	    EXIT_FAILED, "out of memory; let pairs expire earlier (tlsvane-sensor --retention)");
	return false;
}

static void *grow(void *items, size_t *room, size_t size)
{
	size_t more = *room == 0 ? 256 : *room * 2;
	void *grown = reallocarray(items, more, size);

	if (grown == NULL)
		out_of_memory();
	else
		*room = more;
	return grown;
}

/* ---- Hosts ---- */

static size_t hash_address(const struct frame_address *a)
{
	uint64_t high, low;

	memcpy(&high, a->bytes, 8);
	memcpy(&low, a->bytes + 8, 8);
	low = (low ^ high * UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xff51afd7ed558ccd);
	return (size_t)(low ^ low >> 32);
}

/* The slot of an address, or the free one where it belongs. */
static uint32_t *find_slot(const struct ledger_hosts *h, const struct frame_address *a)
{
	size_t mask = h->room * 2 - 1, at = hash_address(a) & mask;

	while (h->slots[at] != 0 && memcmp(&h->items[h->slots[at] - 1].address, a, sizeof(*a)) != 0)
		at = (at + 1) & mask;
	return &h->slots[at];
}

static bool grow_hosts(struct ledger_hosts *h)
{
	struct ledger_host *items = grow(h->items, &h->room, sizeof(*items));

	if (items == NULL)
		return false;
	h->items = items;
	free(h->slots);
	h->slots = calloc(h->room * 2, sizeof(*h->slots));
	if (h->slots == NULL)
		return out_of_memory();
	for (size_t i = 0; i < h->count; i++)
		*find_slot(h, &items[i].address) = (uint32_t)i + 1;
	return true;
}

struct ledger_host *ledger_host(struct ledger_hosts *h, const struct frame_address *address)
{
	uint32_t index = h->room == 0 ? 0 : *find_slot(h, address);

	return index == 0 ? NULL : &h->items[index - 1];
}

static bool make_host(struct ledger_hosts *h, const char *text, uint32_t *index)
{
	struct frame_address address;
	uint32_t *slot;

	if (!address_parse(text, &address)) {
		say_error(EXIT_FAILED, "Redis holds a pair of \"%s\", which is no address", text);
		return false;
	}
	if (h->count == h->room && !grow_hosts(h))
		return false;
	slot = find_slot(h, &address);
	if (*slot == 0) {
		h->items[h->count] = (struct ledger_host){.address = address};
		*slot = (uint32_t)++h->count;
	}
	*index = *slot - 1;
	return true;
}

/* ---- Pairs ---- */

static void raise_version(uint16_t *version, uint16_t other)
{
	if (other > *version)
		*version = other;
}

/* What the sessions of a class say of the two hosts. */
static void note_hosts(struct ledger *l, const struct ledger_pair *p, const struct ledger_class *c)
{
	struct ledger_host *server = &l->servers.items[p->server],
			   *client = &l->clients.items[p->client];
	struct record r;

	record_init(&r);
	tally_class_record(c->class, &r);
	raise_version(&server->best, r.tls_version);
	raise_version(&client->best, r.client_max_version);
	server->more |= r.sentinel != TLS_SENTINEL_NONE;
	server->more13 |= r.sentinel == TLS_SENTINEL_12;
	if (r.outcome == OUTCOME_TLS_FAILED)
		client->failed += c->sessions;
	if (tally_class_retried(c->class))
		client->retried += c->sessions;
}

static bool add_class(struct ledger *l, struct ledger_pair *p, const struct ledger_class *c)
{
	struct ledger_class *items = l->classes;

	if (l->class_count == l->class_room) {
		items = grow(items, &l->class_room, sizeof(*items));
		if (items == NULL)
			return false;
		l->classes = items;
	}
	items[l->class_count++] = *c;
	p->count++;
	if (c->class != LEDGER_UNCLASSED)
		note_hosts(l, p, c);
	return true;
}

/* Sessions beyond LIMIT_TALLY_CLASSES, of an unknown label, or from before there were classes. */
static bool add_unclassed(
    struct ledger *l, struct ledger_pair *p, const struct totals *t, uint64_t classed)
{
	struct ledger_class rest = {LEDGER_UNCLASSED, 0, t->first_ms, t->last_ms};

	if (t->sessions <= classed)
		return true;
	rest.sessions = t->sessions - classed;
	return add_class(l, p, &rest);
}

static bool add_pair(struct ledger *l, struct ledger_pair *p, const struct totals *t)
{
	const struct count *count = NULL;
	uint64_t classed = 0;

	while ((count = counts_next(&t->counts, COUNT_CLASS, count)) != NULL) {
		struct ledger_class c = {0, count->sessions, count->first_ms, count->last_ms};

		if (!tally_class_parse(count->name, &c.class))
			continue;
		if (!add_class(l, p, &c))
			return false;
		classed += c.sessions;
	}
	return add_unclassed(l, p, t, classed);
}

static bool take(void *context, struct totals *t)
{
	struct ledger *l = context;
	struct ledger_pair p = {.from = (uint32_t)l->class_count};
	bool good = make_host(&l->servers, t->server, &p.server) &&
		    make_host(&l->clients, t->client, &p.client) && add_pair(l, &p, t);

	totals_free(t);
	if (good && l->pair_count == l->pair_room) {
		struct ledger_pair *pairs = grow(l->pairs, &l->pair_room, sizeof(*pairs));

		good = pairs != NULL;
		l->pairs = good ? pairs : l->pairs;
	}
	if (good)
		l->pairs[l->pair_count++] = p;
	return good;
}

bool ledger_read(struct query *q, struct ledger *l)
{
	struct texts keys = {0};
	bool good;

	*l = (struct ledger){0};
	good = query_keys(q, "tlsvane:pair:*", &keys) && totals_read(q, &keys, false, take, l);
	texts_free(&keys);
	return good;
}

void ledger_free(struct ledger *l)
{
	free(l->servers.items);
	free(l->servers.slots);
	free(l->clients.items);
	free(l->clients.slots);
	free(l->pairs);
	free(l->classes);
	*l = (struct ledger){0};
}

/* ---- Names ---- */

static const char *intern(const char *text)
{
	return text == NULL ? NULL : counts_intern(text, strlen(text));
}

static bool take_names(void *context, struct totals *t)
{
	struct ledger *l = context;
	bool server = t->server[0] != '\0';
	struct frame_address address;
	struct ledger_host *h = NULL;

	if (address_parse(server ? t->server : t->client, &address))
		h = ledger_host(server ? &l->servers : &l->clients, &address);
	if (h != NULL) {
		h->helo = intern(t->helo);
		h->banner = intern(t->banner);
		h->server_name = intern(t->server_name);
	}
	totals_free(t);
	return true;
}

bool ledger_read_names(struct query *q, struct ledger *l)
{
	struct texts servers = {0}, clients = {0};
	bool good = query_keys(q, "tlsvane:server:*", &servers) &&
		    query_keys(q, "tlsvane:client:*", &clients) &&
		    totals_read(q, &servers, true, take_names, l) &&
		    totals_read(q, &clients, true, take_names, l);

	texts_free(&servers);
	texts_free(&clients);
	return good;
}

static void set_names(const struct ledger *l, const struct ledger_pair *p, struct record *r)
{
	const struct ledger_host *server = &l->servers.items[p->server],
				 *client = &l->clients.items[p->client];

	if (client->helo != NULL)
		record_set_text(r, &r->helo, client->helo);
	if (server->banner != NULL)
		record_set_text(r, &r->banner, server->banner);
	if (server->server_name != NULL && r->tls_version != 0)
		record_set_text(r, &r->server_name, server->server_name);
}

bool ledger_record(const struct ledger *l, const struct ledger_pair *p,
    const struct ledger_class *c, struct record *r)
{
	record_init(r);
	r->client_ip = l->clients.items[p->client].address;
	r->server_ip = l->servers.items[p->server].address;
	r->start_ns = c->last_ms * 1000000;
	if (c->class != LEDGER_UNCLASSED)
		tally_class_record(c->class, r);
	set_names(l, p, r);
	return c->class != LEDGER_UNCLASSED;
}

bool ledger_tells_certificates(const struct record *r)
{
	return r->tls_version == 0 || r->certificate_requested != RECORD_ABSENT;
}

static bool is_among(const char *field, const char *const *fields, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(fields[i], field) == 0)
			return true;
	return false;
}

bool ledger_tells(void *telling, const char *field)
{
	static const char *const told[] = {"@timestamp", "client.ip", "server.ip", "direction",
	    "now", "smtp.starttls.requested", "smtp.plaintext_mail", "smtp.plaintext_refused",
	    "tls.version_protocol", "tls.version", "tls.cipher", "tls.client.max_version",
	    "tls.client.fallback_scsv", "tls.server.downgrade_sentinel", "tlsvane.outcome",
	    "tlsvane.legacy_side", "tlsvane.confidence"};
	static const char *const names[] = {"smtp.helo", "smtp.banner", "tls.client.server_name"};
	static const char *const certificates[] = {
	    "tls.resumed", "tls.client.certificate_requested", "tls.client.certificate_sent"};
	const struct ledger_telling *t = telling;

	return is_among(field, told, COUNT(told)) ||
	       (t->names && is_among(field, names, COUNT(names))) ||
	       (t->certificates && is_among(field, certificates, COUNT(certificates)));
}
