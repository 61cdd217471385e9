/* The flow table: slabs of entries, found through an open-addressed index of their hashes. */
#include "flow.h"

#include <stdlib.h>
#include <sys/random.h>

#include "limits.h"
#include "slab.h"

#define SLAB	    TABLE_SIZE(LIMIT_SLAB_BLOCK / sizeof(struct flow)) /* flows a slab */
#define FIRST_SLOTS TABLE_SIZE(8192u)				       /* a power of two */
#define VICTIM_LOOK 32u /* flows compared for one eviction */

/* Linear probing; `place` is 1-based, 0 marks a free slot. The hash is kept so that a probe seldom
 * touches a flow, and so that growing needs no key. */
struct slot {
	uint32_t hash;
	uint32_t place;
};

struct flow_table {
	struct slot *slots;
	size_t slot_mask;
	struct flow **slabs;
	size_t places; /* in all slabs */
	size_t most, count;
	uint32_t *free; /* a stack of free places */
	size_t free_count;
	size_t hand;	    /* where the search for a victim goes on */
	uint64_t seed[3];   /* so that nobody can choose colliding flows */
	uint32_t tags_mask; /* what counts of the tags: all, or nothing */
};

struct flow_table *flow_table_new(size_t most, bool ignore_vlan)
{
	struct flow_table *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->most = most;
	t->tags_mask = ignore_vlan ? 0 : UINT32_MAX;
	t->slot_mask = FIRST_SLOTS - 1;
	t->slots = calloc(FIRST_SLOTS, sizeof(*t->slots));
	if (t->slots == NULL || getrandom(t->seed, sizeof(t->seed), 0) != sizeof(t->seed)) {
		flow_table_free(t);
		return NULL;
	}
	return t;
}

void flow_table_free(struct flow_table *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < t->places / SLAB; i++)
		free(t->slabs[i]);
	free(t->slabs);
	free(t->free);
	free(t->slots);
	free(t);
}

/* 64 x 64 -> 128 bits, its halves folded: every bit of the product depends on all that is below it.
 */
static uint64_t fold(uint64_t a, uint64_t b)
{
	__extension__ unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t hash_end(
    const struct flow_table *t, const struct frame_address *address, uint16_t port)
{
	uint64_t half[2];

	memcpy(half, address->bytes, sizeof(half));
	return fold(half[0] ^ t->seed[0], half[1] ^ t->seed[1] ^ port);
}

static uint32_t telling_tags(const struct flow_table *t, uint16_t vlan, uint16_t inner_vlan)
{
	return ((uint32_t)vlan << 16 | inner_vlan) & t->tags_mask;
}

uint64_t flow_hash(const struct flow_table *t, const struct segment *s)
{
	uint64_t ends = hash_end(t, &s->source, s->source_port) +
			hash_end(t, &s->destination, s->destination_port);
	uint64_t where = (uint64_t)s->tunnel_id << 32 | telling_tags(t, s->vlan, s->inner_vlan);

	return fold(ends ^ where, t->seed[2] | 1);
}

uint64_t flow_hash_again(const struct flow_table *t, const struct flow *f)
{
	struct segment s = {.source = f->client,
	    .destination = f->server,
	    .source_port = f->client_port,
	    .destination_port = f->server_port,
	    .vlan = f->vlan,
	    .inner_vlan = f->inner_vlan,
	    .tunnel_id = f->tunnel_id};

	return flow_hash(t, &s);
}

static struct flow *flow_in(const struct flow_table *t, size_t place)
{
	return &t->slabs[place / SLAB][place % SLAB];
}

void flow_prefetch_slot(const struct flow_table *t, uint64_t hash)
{
	__builtin_prefetch(&t->slots[(uint32_t)hash & t->slot_mask]);
}

/* The next slot from `i` on, in the order of probing, that has a hash; one without a place ends the
 * search. */
static size_t probe(const struct flow_table *t, size_t i, uint32_t tag)
{
	for (i &= t->slot_mask; t->slots[i].place != 0 && t->slots[i].hash != tag;
	     i = (i + 1) & t->slot_mask)
		;
	return i;
}

struct flow *flow_prefetch(const struct flow_table *t, uint64_t hash)
{
	uint32_t place = t->slots[probe(t, (uint32_t)hash, (uint32_t)hash)].place;
	struct flow *f;

	if (place == 0)
		return NULL;
	f = flow_in(t, place - 1);
	__builtin_prefetch(f, 1);
	return f;
}

static bool same_address(const struct frame_address *a, const struct frame_address *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* A label belongs to one direction (RFC 3031 section 3.1), so it tells no connections apart. */
static uint8_t telling_tunnel(uint8_t tunnel)
{
	return tunnel == FRAME_TUNNEL_MPLS ? FRAME_TUNNEL_NONE : tunnel;
}

static bool same_place(const struct flow_table *t, const struct flow *f, const struct segment *s)
{
	return telling_tags(t, f->vlan, f->inner_vlan) == telling_tags(t, s->vlan, s->inner_vlan) &&
	       f->tunnel_id == s->tunnel_id &&
	       telling_tunnel(f->tunnel) == telling_tunnel(s->tunnel);
}

bool flow_is_of(
    const struct flow_table *t, const struct flow *f, const struct segment *s, enum side *from)
{
	if (!same_place(t, f, s) || f->state == FLOW_FREE)
		return false;
	*from = SIDE_CLIENT;
	if (f->client_port == s->source_port && f->server_port == s->destination_port &&
	    same_address(&f->client, &s->source) && same_address(&f->server, &s->destination))
		return true;
	*from = SIDE_SERVER;
	return f->client_port == s->destination_port && f->server_port == s->source_port &&
	       same_address(&f->client, &s->destination) && same_address(&f->server, &s->source);
}

struct flow *flow_find(
    const struct flow_table *t, const struct segment *s, uint64_t hash, enum side *from)
{
	uint32_t tag = (uint32_t)hash;
	struct flow *f;

	for (size_t i = probe(t, tag, tag); t->slots[i].place != 0; i = probe(t, i + 1, tag)) {
		f = flow_in(t, t->slots[i].place - 1);
		if (flow_is_of(t, f, s, from))
			return f;
	}
	return NULL;
}

static void put_slot(struct slot *slots, size_t mask, struct slot slot)
{
	size_t i = slot.hash & mask;

	while (slots[i].place != 0)
		i = (i + 1) & mask;
	slots[i] = slot;
}

/* Doubles the index when it is more than half full. */
static bool grow_slots(struct flow_table *t)
{
	size_t old = t->slot_mask + 1, mask = old * 2 - 1;
	struct slot *slots;

	if (t->count < old / 2)
		return true;
	slots = calloc(old * 2, sizeof(*slots));
	if (slots == NULL)
		return false;
	for (size_t i = 0; i < old; i++)
		if (t->slots[i].place != 0)
			put_slot(slots, mask, t->slots[i]);
	free(t->slots);
	t->slots = slots;
	t->slot_mask = mask;
	return true;
}

/* Adds a slab of free places. */
static bool grow_places(struct flow_table *t)
{
	size_t slabs = t->places / SLAB, places = t->places + SLAB;
	struct flow **grown = realloc(t->slabs, (slabs + 1) * sizeof(*grown));
	uint32_t *stack;

	if (grown == NULL)
		return false;
	t->slabs = grown;
	stack = realloc(t->free, places * sizeof(*stack));
	if (stack == NULL)
		return false;
	t->free = stack;
	t->slabs[slabs] =
	    slab_block(SLAB * sizeof(struct flow), true); /* written below, all of it */
	if (t->slabs[slabs] == NULL)
		return false;
	for (size_t i = 0; i < SLAB; i++)
		t->slabs[slabs][i].state = FLOW_FREE;
	for (size_t place = places; place > t->places; place--)
		t->free[t->free_count++] = (uint32_t)place - 1;
	t->places = places;
	return true;
}

struct flow *flow_add(struct flow_table *t, const struct segment *s, enum side from, uint64_t hash)
{
	bool client = from == SIDE_CLIENT;
	uint32_t place;
	struct flow *f;

	if (t->count >= t->most || !grow_slots(t) || (t->free_count == 0 && !grow_places(t)))
		return NULL;
	place = t->free[--t->free_count];
	put_slot(t->slots, t->slot_mask, (struct slot){.hash = (uint32_t)hash, .place = place + 1});
	t->count++;
	f = flow_in(t, place);
	*f = (struct flow){.client = client ? s->source : s->destination,
	    .server = client ? s->destination : s->source,
	    .client_port = client ? s->source_port : s->destination_port,
	    .server_port = client ? s->destination_port : s->source_port,
	    .vlan = s->vlan,
	    .inner_vlan = s->inner_vlan,
	    .tunnel_id = s->tunnel_id,
	    .tunnel = s->tunnel,
	    .state = FLOW_OPENING};
	return f;
}

static size_t slot_of(const struct flow_table *t, const struct flow *f)
{
	size_t i = (uint32_t)flow_hash_again(t, f) & t->slot_mask;

	while (t->slots[i].place == 0 || flow_in(t, t->slots[i].place - 1) != f)
		i = (i + 1) & t->slot_mask;
	return i;
}

/* Closes the hole at `i` by moving later slots of its run forward, so that no probe ends too early.
 */
static void close_hole(struct flow_table *t, size_t i)
{
	size_t mask = t->slot_mask, home;

	for (size_t j = (i + 1) & mask; t->slots[j].place != 0; j = (j + 1) & mask) {
		home = t->slots[j].hash & mask;
		if (((j - home) & mask) < ((j - i) & mask))
			continue;
		t->slots[i] = t->slots[j];
		i = j;
	}
	t->slots[i].place = 0;
}

void flow_remove(struct flow_table *t, struct flow *f)
{
	size_t i = slot_of(t, f);

	t->free[t->free_count++] = t->slots[i].place - 1;
	close_hole(t, i);
	f->state = FLOW_FREE;
	t->count--;
}

size_t flow_count(const struct flow_table *t)
{
	return t->count;
}

size_t flow_places(const struct flow_table *t)
{
	return t->places;
}

struct flow *flow_at(const struct flow_table *t, size_t place)
{
	struct flow *f = flow_in(t, place);

	return f->state == FLOW_FREE ? NULL : f;
}

/* How much would be lost with a flow. What only one side was seen of may be forged. */
static int worth(const struct flow *f)
{
	switch (f->state) {
	case FLOW_CLOSED:
		return 0;
	case FLOW_OPENING:
		return flow_is_connected(f) ? 3 : 1;
	case FLOW_READ: /* its record is complete: evicting it only shortens its duration */
		return 4;
	default:
		return flow_is_connected(f) ? 5 : 2;
	}
}

struct flow *flow_victim(struct flow_table *t)
{
	struct flow *victim = NULL, *f;

	for (unsigned looked = 0; t->count > 0 && looked < VICTIM_LOOK; t->hand++) {
		f = flow_at(t, t->hand % t->places);
		if (f == NULL)
			continue;
		looked++;
		if (victim == NULL || worth(f) < worth(victim) ||
		    (worth(f) == worth(victim) && f->last_ns < victim->last_ns))
			victim = f;
	}
	return victim;
}
