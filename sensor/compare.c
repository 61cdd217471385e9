/*
 * Sets of a few places each, found by a seeded hash, since strangers choose the addresses: in a
 * full set the longest unused gives way. Times are those of the sessions' starts; sessions that
 * overlap may come in any order.
 */
#include "compare.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "limits.h"
#include "tally_entry.h"

#define WAYS	  8u /* places of a set */
#define NS_PER_S  1000000000ull
#define NS_PER_MS 1000000ull

#define FALLBACK_NS  (LIMIT_FALLBACK_S * NS_PER_S)
#define STRIPPING_NS (LIMIT_STRIPPING_S * NS_PER_S)

struct key {
	uint8_t server[16], client[16]; /* client: all 0 for a server */
	uint16_t port;
	uint16_t pair; /* 1: of a pair */
};

struct past {
	struct key key;
	uint64_t used_ns; /* the latest session that it is of; 0: free */
	/* Of a server: when it last offered STARTTLS, and to whom. */
	uint64_t offered_ns;
	uint8_t offered_to[16];
	/* Of a pair: when TLS last failed and nothing better came since; when mail last went in the
	 * clear and no failure before it was known; when TLS last came about. 0: never. */
	uint64_t failed_ns, clear_ns, tls_ns;
	uint8_t failed_outcome; /* enum record_outcome */
};

/*
 * Whom a set has and whom not is mostly known from a byte of each one's hash: the places are large,
 * and seldom in the cache.
 */
struct compare {
	struct past *places;
	uint8_t *tags; /* of each place; 0: free */
	size_t sets;
	const struct tally *tally;
	uint64_t seed, evicted;
};

struct compare *compare_new(size_t max, const struct tally *tally)
{
	struct compare *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->sets = (max == 0 ? LIMIT_COMPARE : max) / WAYS + 1;
	c->places = calloc(c->sets * WAYS, sizeof(*c->places)); /* touched where used */
	c->tags = calloc(c->sets, WAYS);
	c->tally = tally;
	if (getrandom(&c->seed, sizeof(c->seed), GRND_NONBLOCK) != (ssize_t)sizeof(c->seed))
		c->seed = (uint64_t)(uintptr_t)c;
	if (c->places != NULL && c->tags != NULL)
		return c;
	compare_free(c);
	return NULL;
}

void compare_free(struct compare *c)
{
	if (c == NULL)
		return;
	free(c->places);
	free(c->tags);
	free(c);
}

uint64_t compare_evicted(const struct compare *c)
{
	return c->evicted;
}

/* ---- The table ---- */

static struct key key_of(const struct record *r, bool pair)
{
	struct key key = {.port = r->server_port, .pair = pair};

	memcpy(key.server, r->server_ip.bytes, sizeof(key.server));
	if (pair)
		memcpy(key.client, r->client_ip.bytes, sizeof(key.client));
	return key;
}

/* Where a key may stand. */
struct set {
	struct past *place;
	uint8_t *tag;
	uint8_t own; /* the key's tag */
};

static struct set set_of(const struct compare *c, const struct key *key)
{
	uint64_t hash = XXH3_64bits_withSeed(key, sizeof(*key), c->seed);
	size_t first = hash % c->sets * WAYS;

	return (struct set){c->places + first, c->tags + first, (uint8_t)(hash >> 56 | 1)};
}

static struct past *find_in(const struct set *set, const struct key *key)
{
	for (size_t i = 0; i < WAYS; i++)
		if (set->tag[i] == set->own && set->place[i].used_ns != 0 &&
		    memcmp(&set->place[i].key, key, sizeof(*key)) == 0)
			return set->place + i;
	return NULL;
}

static struct past *find(const struct compare *c, const struct record *r, bool pair)
{
	struct key key = key_of(r, pair);
	struct set set = set_of(c, &key);

	return find_in(&set, &key);
}

/* Whether it could still matter at a time. */
static bool matters(const struct past *p, uint64_t ns)
{
	uint64_t window = p->key.pair ? FALLBACK_NS : STRIPPING_NS;

	return p->used_ns + window >= ns;
}

static size_t longest_unused(const struct set *set)
{
	size_t at = 0;

	for (size_t i = 0; i < WAYS; i++) {
		if (set->tag[i] == 0)
			return i;
		if (set->place[i].used_ns < set->place[at].used_ns)
			at = i;
	}
	return at;
}

static struct past *make(struct compare *c, const struct record *r, bool pair)
{
	struct key key = key_of(r, pair);
	struct set set = set_of(c, &key);
	struct past *p = find_in(&set, &key);
	size_t at;

	if (p == NULL) {
		at = longest_unused(&set);
		p = set.place + at;
		c->evicted += p->used_ns != 0 && matters(p, r->start_ns);
		*p = (struct past){.key = key};
		set.tag[at] = set.own;
	}
	if (r->start_ns > p->used_ns)
		p->used_ns = r->start_ns;
	return p;
}

/* ---- What was before this process ---- */

static const struct tally_entry *tally_pair(const struct compare *c, const struct record *r)
{
	uint8_t key[32];

	if (c->tally == NULL)
		return NULL;
	memcpy(key, r->server_ip.bytes, 16);
	memcpy(key + 16, r->client_ip.bytes, 16);
	return tally_entry_find(c->tally, TALLY_PAIR, key);
}

/* When TLS last failed between the pair on this port, to a process that remembers nothing of them.
 */
static uint64_t failed_before(const struct compare *c, const struct record *r)
{
	const struct tally_entry *e = tally_pair(c, r);

	return e != NULL && e->failed_port == r->server_port ? e->failed_ms * NS_PER_MS : 0;
}

/* ---- Fallback ---- */

static bool is_within(uint64_t from, uint64_t to, uint64_t window)
{
	return from != 0 && from <= to && to - from <= window;
}

static void tell_fallback(struct record *r, uint64_t from, uint64_t to, uint8_t outcome)
{
	r->fallback = RECORD_TRUE;
	r->fallback_from_ns = from;
	r->fallback_to_ns = to;
	r->fallback_outcome = outcome;
}

/* Whether a session's own mail in the clear came behind STARTTLS, so behind its failure. */
static bool mail_follows(const struct record *r)
{
	bool asked = false;

	if (!record_is_clear(r))
		return false;
	for (size_t i = 0; i < r->event_count && i < RECORD_EVENTS_MAX; i++) {
		if (asked && record_event_is(&r->events[i], "MAIL"))
			return true;
		asked |= record_event_is(&r->events[i], "STARTTLS") ||
			 record_event_is(&r->events[i], "X-ANONYMOUSTLS");
	}
	return false;
}

/* A session may last, so the one that failed may end behind the one in the clear: then it is the
 * one to tell. Or behind one that had TLS: then it is mended already. */
static void compare_failure(struct compare *c, struct record *r)
{
	struct past *p = make(c, r, true);

	if (mail_follows(r)) {
		tell_fallback(r, r->start_ns, r->start_ns, r->outcome);
	} else if (is_within(r->start_ns, p->clear_ns, FALLBACK_NS) &&
		   (p->tls_ns < r->start_ns || p->tls_ns > p->clear_ns)) {
		tell_fallback(r, r->start_ns, p->clear_ns, r->outcome);
		p->clear_ns = 0;
	}
	if (r->start_ns < p->failed_ns || r->start_ns <= p->tls_ns)
		return;
	p->failed_ns = r->start_ns;
	p->failed_outcome = r->outcome;
}

static void compare_clear(struct compare *c, struct record *r)
{
	struct past *p = find(c, r, true);
	uint64_t failed_ns = p != NULL ? p->failed_ns : failed_before(c, r);

	if (is_within(failed_ns, r->start_ns, FALLBACK_NS)) {
		tell_fallback(r, failed_ns, r->start_ns, p != NULL ? p->failed_outcome : 0);
		return;
	}
	p = make(c, r, true);
	if (r->start_ns > p->clear_ns)
		p->clear_ns = r->start_ns;
}

/* TLS came about: what failed before it is mended. */
static void compare_tls(struct compare *c, const struct record *r)
{
	struct past *p = find(c, r, true);

	if (p == NULL && failed_before(c, r) != 0)
		p = make(c, r, true); /* so that it is not asked again */

	if (p != NULL && p->failed_ns <= r->start_ns)
		p->failed_ns = 0;
	if (p != NULL && r->start_ns > p->tls_ns)
		p->tls_ns = r->start_ns;
	if (p != NULL && r->start_ns > p->used_ns)
		p->used_ns = r->start_ns;
}

/* ---- Stripping ---- */

static void tell_stripping(struct record *r, uint8_t reason, uint64_t offered_ns)
{
	r->stripping = RECORD_TRUE;
	r->stripping_reason = reason;
	r->stripping_offered_ns = offered_ns;
}

static void compare_offer(struct compare *c, const struct record *r)
{
	struct past *p = make(c, r, false);

	if (r->start_ns < p->offered_ns)
		return;
	p->offered_ns = r->start_ns;
	memcpy(p->offered_to, r->client_ip.bytes, sizeof(p->offered_to));
}

/* When the server last offered it on this port: to anybody, or to this client before we began. */
static uint64_t offered_before(
    const struct compare *c, const struct record *r, const struct past *server)
{
	const struct tally_entry *e = server == NULL ? tally_pair(c, r) : NULL;

	if (e != NULL && e->offered_port == r->server_port)
		return e->offered_ms * NS_PER_MS;
	return server != NULL ? server->offered_ns : 0;
}

static void compare_no_offer(const struct compare *c, struct record *r)
{
	const struct past *p = find(c, r, false);
	uint64_t offered_ns = offered_before(c, r, p);
	bool to_others =
	    p != NULL && memcmp(p->offered_to, r->client_ip.bytes, sizeof(p->offered_to)) != 0;

	if (is_within(offered_ns, r->start_ns, STRIPPING_NS) ||
	    is_within(r->start_ns, offered_ns, STRIPPING_NS))
		tell_stripping(r, to_others ? STRIPPING_TO_OTHERS : STRIPPING_BEFORE, offered_ns);
}

static void compare_starttls(struct compare *c, struct record *r)
{
	if (r->starttls_masked == RECORD_TRUE) {
		const struct past *p = find(c, r, false);

		tell_stripping(r, STRIPPING_MASKED, p != NULL ? p->offered_ns : 0);
	} else if (r->starttls_offered == RECORD_TRUE) {
		compare_offer(c, r);
	} else if (r->starttls_offered == RECORD_FALSE) {
		compare_no_offer(c, r);
	}
}

void compare_session(struct compare *c, struct record *r)
{
	if (r->outcome == OUTCOME_NOT_SMTP)
		return;
	if (record_is_failure(r))
		compare_failure(c, r);
	else if (record_is_clear(r))
		compare_clear(c, r);
	else if (r->outcome == OUTCOME_TLS)
		compare_tls(c, r);
	compare_starttls(c, r);
}
