/*
 * Reassembly of IP datagrams. The pieces of a datagram are kept in order and never overlap, so that
 * it is whole as soon as they add up to its length. Datagrams stand in a hash table and in one
 * queue for each time-out; a queue is in the order of time, so that the oldest is always at a head.
 */
#include "defrag.h"

#include <stdlib.h>
#include <sys/queue.h>
#include <sys/random.h>
#include <xxhash.h>

#include "limits.h"

enum {
	BUCKETS = TABLE_SIZE(8192), /* a power of two, twice LIMIT_FRAGMENT_DATAGRAMS */
	DATAGRAM_MAX = 65535,	    /* bytes: neither IP can say more in its offset and length */
	END_UNKNOWN = 0,
};

enum queue_index { QUEUE_IPV4, QUEUE_IPV6, QUEUE_DONE, QUEUE_COUNT };

/* ns that a datagram stays in each queue. */
static const uint64_t time_outs[QUEUE_COUNT] = {
    [QUEUE_IPV4] = LIMIT_FRAGMENT_IPV4_NS,
    [QUEUE_IPV6] = LIMIT_FRAGMENT_IPV6_NS,
    [QUEUE_DONE] = LIMIT_FRAGMENT_DONE_NS,
};

struct key {
	struct frame_address source, destination;
	uint32_t identification;
	uint32_t tunnel_id;
	uint16_t vlan, inner_vlan;
	uint16_t protocol;
	uint16_t tunnel;
};

_Static_assert(sizeof(struct key) == 48, "a key is hashed and compared as bytes: no padding");

struct piece {
	struct piece *next; /* by offset */
	uint32_t offset, length;
	uint8_t bytes[];
};

struct datagram {
	struct datagram *next; /* in its bucket */
	TAILQ_ENTRY(datagram) age;
	struct key key;
	uint64_t since; /* ns: its first fragment; once done, its last */
	enum queue_index queue;
	bool refused; /* given up; it stays so that its other fragments are known */
	uint8_t protocol;
	uint32_t count, have; /* pieces, and their bytes */
	uint32_t reach;	      /* the end of the furthest piece */
	uint32_t end;	      /* length of the whole, END_UNKNOWN before the last fragment */
	struct piece *pieces;
};

TAILQ_HEAD(datagram_queue, datagram);

struct defrag {
	struct datagram *buckets[BUCKETS];
	struct datagram_queue queues[QUEUE_COUNT];
	size_t datagrams, held;
	bool ignore_vlan;
	uint64_t seed; /* of the hash, so that nobody can aim at one bucket */
	struct defrag_stats stats;
	uint8_t whole[DATAGRAM_MAX];
};

struct defrag *defrag_new(bool ignore_vlan)
{
	struct defrag *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	d->ignore_vlan = ignore_vlan;
	for (size_t i = 0; i < QUEUE_COUNT; i++)
		TAILQ_INIT(&d->queues[i]);
	if (getrandom(&d->seed, sizeof(d->seed), GRND_NONBLOCK) < 0)
		d->seed = (uintptr_t)d;
	return d;
}

static struct key key_of(
    const struct defrag *d, const struct fragment *f, const struct segment *where)
{
	return (struct key){
	    .source = f->source,
	    .destination = f->destination,
	    .identification = f->identification,
	    .tunnel_id = where->tunnel_id,
	    .vlan = d->ignore_vlan ? 0 : where->vlan,
	    .inner_vlan = d->ignore_vlan ? 0 : where->inner_vlan,
	    /* In IPv6 only the first fragment's counts, and others may differ: RFC 8200
	       section 4.5. */
	    .protocol = frame_address_is_ipv4(&f->source) ? f->protocol : 0,
	    .tunnel = where->tunnel,
	};
}

static struct datagram **bucket_of(struct defrag *d, const struct key *key)
{
	return &d->buckets[XXH3_64bits_withSeed(key, sizeof(*key), d->seed) % BUCKETS];
}

static struct datagram *find(struct defrag *d, const struct key *key)
{
	struct datagram *g = *bucket_of(d, key);

	while (g != NULL && memcmp(&g->key, key, sizeof(*key)) != 0)
		g = g->next;
	return g;
}

static void drop_pieces(struct defrag *d, struct datagram *g)
{
	struct piece *next;

	for (struct piece *p = g->pieces; p != NULL; p = next) {
		next = p->next;
		d->held -= sizeof(*p) + p->length;
		free(p);
	}
	g->pieces = NULL;
}

static void enqueue(struct defrag *d, struct datagram *g, enum queue_index queue, uint64_t ns)
{
	g->queue = queue;
	g->since = ns;
	TAILQ_INSERT_TAIL(&d->queues[queue], g, age);
}

static void drop(struct defrag *d, struct datagram *g)
{
	struct datagram **at = bucket_of(d, &g->key);

	while (*at != g)
		at = &(*at)->next;
	*at = g->next;
	TAILQ_REMOVE(&d->queues[g->queue], g, age);
	drop_pieces(d, g);
	d->datagrams--;
	free(g);
}

void defrag_free(struct defrag *d)
{
	if (d == NULL)
		return;
	for (size_t i = 0; i < QUEUE_COUNT; i++)
		while (!TAILQ_EMPTY(&d->queues[i]))
			drop(d, TAILQ_FIRST(&d->queues[i]));
	free(d);
}

static bool is_waiting(const struct datagram *g)
{
	return g->queue != QUEUE_DONE && !g->refused;
}

void defrag_expire(struct defrag *d, uint64_t ns)
{
	struct datagram *g;

	for (size_t i = 0; i < QUEUE_COUNT; i++)
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): drop() has unlinked the one before */
		while ((g = TAILQ_FIRST(&d->queues[i])) != NULL && ns > g->since &&
		       ns - g->since >= time_outs[i]) {
			d->stats.expired += is_waiting(g);
			drop(d, g);
		}
}

/* The oldest of those that are not done; NULL when there is none. */
static struct datagram *oldest(struct defrag *d)
{
	struct datagram *ipv4 = TAILQ_FIRST(&d->queues[QUEUE_IPV4]);
	struct datagram *ipv6 = TAILQ_FIRST(&d->queues[QUEUE_IPV6]);

	if (ipv4 == NULL || ipv6 == NULL)
		return ipv4 != NULL ? ipv4 : ipv6;
	return ipv4->since <= ipv6->since ? ipv4 : ipv6;
}

static void evict(struct defrag *d, struct datagram *g)
{
	d->stats.evicted += is_waiting(g);
	drop(d, g);
}

/* Room for `bytes` more; those that are done hold none. */
static void make_room(struct defrag *d, size_t bytes)
{
	struct datagram *g;

	while (d->held + bytes > LIMIT_FRAGMENT_BYTES && (g = oldest(d)) != NULL)
		evict(d, g);
}

static struct datagram *start(struct defrag *d, const struct key *key, uint64_t ns)
{
	struct datagram *done = TAILQ_FIRST(&d->queues[QUEUE_DONE]);
	struct datagram **bucket = bucket_of(d, key), *g;

	if (d->datagrams >= LIMIT_FRAGMENT_DATAGRAMS)
		evict(d, done != NULL ? done : oldest(d));
	g = calloc(1, sizeof(*g));
	if (g == NULL)
		return NULL;
	g->key = *key;
	g->next = *bucket;
	*bucket = g;
	enqueue(d, g, frame_address_is_ipv4(&key->source) ? QUEUE_IPV4 : QUEUE_IPV6, ns);
	d->datagrams++;
	return g;
}

/* Whether the ends that the fragments say agree: one is the last, and none reaches beyond it. */
static bool end_agrees(const struct datagram *g, const struct fragment *f)
{
	uint32_t end = f->offset + (uint32_t)f->bytes.left;

	if (f->more)
		return g->end == END_UNKNOWN || end < g->end;
	return g->end == END_UNKNOWN ? g->reach <= end : g->end == end;
}

static bool is_copy(const struct piece *p, const struct fragment *f)
{
	return p->offset == f->offset && p->length == f->bytes.left &&
	       memcmp(p->bytes, f->bytes.at, p->length) == 0;
}

static int insert(struct defrag *d, struct datagram *g, struct piece **at, const struct fragment *f)
{
	struct piece *p;

	if (g->count == LIMIT_FRAGMENTS)
		return RESULT_TOO_LARGE;
	p = malloc(sizeof(*p) + f->bytes.left);
	if (p == NULL)
		return RESULT_TOO_LARGE;
	p->offset = f->offset;
	p->length = (uint32_t)f->bytes.left;
	memcpy(p->bytes, f->bytes.at, f->bytes.left);
	p->next = *at;
	*at = p;
	d->held += sizeof(*p) + p->length;
	g->count++;
	g->have += p->length;
	return RESULT_OK;
}

/* Puts a fragment in its place: 0 (also for a copy), or why the datagram has to be given up. */
static int place(struct defrag *d, struct datagram *g, const struct fragment *f)
{
	uint32_t end = f->offset + (uint32_t)f->bytes.left;
	struct piece **at = &g->pieces, *before = NULL;
	int result;

	while (*at != NULL && (*at)->offset < f->offset) {
		before = *at;
		at = &before->next;
	}
	if (!end_agrees(g, f))
		return RESULT_BAD_VALUE;
	if (*at != NULL && is_copy(*at, f) && (f->more || g->end == end))
		return RESULT_OK;
	if ((before != NULL && before->offset + before->length > f->offset) ||
	    (*at != NULL && (*at)->offset < end))
		return RESULT_BAD_VALUE;
	result = insert(d, g, at, f);
	if (result != RESULT_OK)
		return result;
	if (end > g->reach)
		g->reach = end;
	if (!f->more)
		g->end = end;
	if (f->offset == 0)
		g->protocol = f->protocol;
	return RESULT_OK;
}

/* The datagram stays without its bytes, so that the fragments still to come do not begin it anew.
 */
static void give_up(struct defrag *d, struct datagram *g, int result)
{
	g->refused = true;
	drop_pieces(d, g);
	if (result == RESULT_BAD_VALUE)
		d->stats.overlapped++;
	else
		d->stats.evicted++;
}

static void complete(struct defrag *d, struct datagram *g, uint64_t ns, struct fragment *whole)
{
	for (const struct piece *p = g->pieces; p != NULL; p = p->next)
		memcpy(d->whole + p->offset, p->bytes, p->length);
	*whole = (struct fragment){
	    .source = g->key.source,
	    .destination = g->key.destination,
	    .identification = g->key.identification,
	    .protocol = g->protocol,
	    .bytes = cursor_over(d->whole, g->end),
	};
	drop_pieces(d, g);
	TAILQ_REMOVE(&d->queues[g->queue], g, age);
	enqueue(d, g, QUEUE_DONE, ns);
	d->stats.completed++;
}

static int refuse(struct defrag *d, int result)
{
	d->stats.refused++;
	return result;
}

int defrag_add(struct defrag *d, uint64_t ns, const struct fragment *fragment,
    const struct segment *where, struct fragment *whole)
{
	struct key key = key_of(d, fragment, where);
	size_t length = fragment->bytes.left;
	struct datagram *g;
	int result;

	defrag_expire(d, ns);
	if (length == 0 || length > DATAGRAM_MAX || fragment->offset > DATAGRAM_MAX - length)
		return refuse(d, RESULT_BAD_LENGTH);
	make_room(d, sizeof(struct piece) + length);
	g = find(d, &key);
	if (g == NULL)
		g = start(d, &key, ns);
	if (g == NULL)
		return refuse(d, RESULT_TOO_LARGE);
	if (g->queue == QUEUE_DONE)
		return RESULT_MORE; /* a copy, from a mirror that sees each packet twice */
	if (g->refused)
		return refuse(d, RESULT_BAD_VALUE);
	result = place(d, g, fragment);
	if (result != RESULT_OK) {
		give_up(d, g, result);
		return refuse(d, result);
	}
	if (g->end == END_UNKNOWN || g->have != g->end)
		return RESULT_MORE;
	complete(d, g, ns, whole);
	return RESULT_OK;
}

const struct defrag_stats *defrag_stats(const struct defrag *d)
{
	return &d->stats;
}

size_t defrag_held(const struct defrag *d)
{
	return d->held;
}
