/* The flow table: slabs of entries, found through an open-addressed index of their hashes. */
#include "flow.h"

#include <stdlib.h>
#include <sys/random.h>

#define XXH_INLINE_ALL /* the hash of a key of fixed size: inlined, it is a few ns */
#include <xxhash.h>

#define SLAB        4096u /* flows a slab */
#define FIRST_SLOTS 8192u /* a power of two */
#define VICTIM_LOOK 32u   /* flows compared for one eviction */

/* Linear probing; `place` is 1-based, 0 marks a free slot. The hash is kept so that a probe seldom touches
 * a flow, and so that growing needs no key. */
struct slot {
	uint32_t hash;
	uint32_t place;
};

struct flow_table {
	struct slot *slots;
	size_t slot_mask;
	struct flow **slabs;
	size_t places;      /* in all slabs */
	size_t most, count;
	uint32_t *free;     /* a stack of free places */
	size_t free_count;
	size_t hand;        /* where the search for a victim goes on */
	uint64_t seed;      /* so that nobody can choose colliding flows */
};

struct flow_table *flow_table_new(size_t most)
{
	struct flow_table *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->most = most;
	t->slot_mask = FIRST_SLOTS - 1;
	t->slots = calloc(FIRST_SLOTS, sizeof(*t->slots));
	if (t->slots == NULL || getrandom(&t->seed, sizeof(t->seed), 0) != sizeof(t->seed)) {
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

bool flow_key_of(const struct segment *s, struct flow_key *key)
{
	int order = memcmp(&s->source, &s->destination, sizeof(s->source));
	bool low = order < 0 || (order == 0 && s->source_port <= s->destination_port);

	*key = (struct flow_key){
	    .low = low ? s->source : s->destination,
	    .high = low ? s->destination : s->source,
	    .low_port = low ? s->source_port : s->destination_port,
	    .high_port = low ? s->destination_port : s->source_port,
	    .vlan = s->vlan,
	    .inner_vlan = s->inner_vlan,
	    .tunnel_id = s->tunnel_id,
	    .tunnel = s->tunnel,
	};
	return low;
}

uint64_t flow_hash(const struct flow_table *t, const struct flow_key *key)
{
	return XXH3_64bits_withSeed(key, sizeof(*key), t->seed);
}

static struct flow *flow_in(const struct flow_table *t, size_t place)
{
	return &t->slabs[place / SLAB][place % SLAB];
}

struct flow *flow_find(const struct flow_table *t, const struct flow_key *key, uint64_t hash)
{
	uint32_t tag = (uint32_t)hash;
	struct slot slot;
	struct flow *f;

	for (size_t i = tag & t->slot_mask;; i = (i + 1) & t->slot_mask) {
		slot = t->slots[i];
		if (slot.place == 0)
			return NULL;
		if (slot.hash != tag)
			continue;
		f = flow_in(t, slot.place - 1);
		if (memcmp(&f->key, key, sizeof(*key)) == 0)
			return f;
	}
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
	t->slabs[slabs] = calloc(SLAB, sizeof(struct flow));
	if (t->slabs[slabs] == NULL)
		return false;
	for (size_t place = places; place > t->places; place--)
		t->free[t->free_count++] = (uint32_t)place - 1;
	t->places = places;
	return true;
}

struct flow *flow_add(struct flow_table *t, const struct flow_key *key, uint64_t hash)
{
	uint32_t place;
	struct flow *f;

	if (t->count >= t->most || !grow_slots(t) || (t->free_count == 0 && !grow_places(t)))
		return NULL;
	place = t->free[--t->free_count];
	put_slot(t->slots, t->slot_mask, (struct slot){.hash = (uint32_t)hash, .place = place + 1});
	t->count++;
	f = flow_in(t, place);
	*f = (struct flow){.key = *key, .state = FLOW_OPENING};
	return f;
}

static size_t slot_of(const struct flow_table *t, const struct flow *f)
{
	size_t i = (uint32_t)flow_hash(t, &f->key) & t->slot_mask;

	while (t->slots[i].place == 0 || flow_in(t, t->slots[i].place - 1) != f)
		i = (i + 1) & t->slot_mask;
	return i;
}

/* Closes the hole at `i` by moving later slots of its run forward, so that no probe ends too early. */
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

/* How much would be lost with a flow. */
static int worth(const struct flow *f)
{
	static const int by_state[] = {
	    [FLOW_CLOSED] = 0,
	    [FLOW_OPENING] = 1,
	    [FLOW_READ] = 2, /* its record is complete: evicting it only shortens its duration */
	    [FLOW_READING] = 3,
	};

	return by_state[f->state];
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
