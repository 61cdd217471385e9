/*
 * The tally's tables and lists. A table a kind, open addressing, by binary address; the hash is
 * seeded, since strangers choose the addresses. An entry stands in one list at a time; only an
 * entry that changes from clean to dirty moves, so a busy host costs no list work.
 */
#include "tally.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#define XXH_INLINE_ALL /* a key of fixed length: a few nanoseconds */
#include <xxhash.h>

#include "limits.h"
#include "tally_entry.h"

#define SLOTS_MIN 1024
#define DAYS_MIN  4096 /* days have room however small the tally is */
#define DAY_MS	  86400000u

struct slot {
	uint64_t hash;
	struct tally_entry *entry; /* NULL: free */
};

struct table {
	struct slot *slots;
	size_t size, used; /* size: a power of two */
	size_t max;
	struct tally_link clean;
};

struct tally {
	struct table tables[TALLY_KINDS];
	struct tally_link lists[TALLY_LISTS]; /* TALLY_CLEAN: unused, see struct table */
	size_t lengths[TALLY_LISTS];
	uint64_t seed, latest_ms;
	uint64_t records, lost, evicted;
};

/* ---- Lists ---- */

static void link_init(struct tally_link *list)
{
	list->next = list->previous = list;
}

static void link_insert(struct tally_link *before, struct tally_link *link)
{
	link->next = before;
	link->previous = before->previous;
	before->previous->next = link;
	before->previous = link;
}

static void link_remove(struct tally_link *link)
{
	link->next->previous = link->previous;
	link->previous->next = link->next;
}

static struct tally_link *list_of(struct tally *t, unsigned kind, unsigned list)
{
	return list == TALLY_CLEAN ? &t->tables[kind].clean : &t->lists[list];
}

void tally_move(struct tally *t, struct tally_entry *e, enum tally_list list, bool front)
{
	struct tally_link *head = list_of(t, e->kind, list);

	link_remove(&e->link);
	t->lengths[e->list]--;
	e->list = (uint8_t)list;
	t->lengths[list]++;
	link_insert(front ? head->next : head, &e->link);
}

struct tally_entry *tally_first(struct tally *t, enum tally_list list)
{
	struct tally_link *head = list_of(t, TALLY_PAIR, list);

	return head->next == head ? NULL : (struct tally_entry *)head->next;
}

/* ---- Tables ---- */

static bool table_init(struct table *table, size_t max)
{
	table->slots = calloc(SLOTS_MIN, sizeof(*table->slots));
	table->size = SLOTS_MIN;
	table->max = max;
	link_init(&table->clean);
	return table->slots != NULL;
}

static struct slot *table_find(const struct table *table, uint64_t hash, const uint8_t key[32])
{
	size_t mask = table->size - 1, i = hash & mask;

	for (; table->slots[i].entry != NULL; i = (i + 1) & mask)
		if (table->slots[i].hash == hash &&
		    memcmp(table->slots[i].entry->key, key, 32) == 0)
			break;
	return &table->slots[i];
}

static bool table_grow(struct table *table)
{
	struct slot *old = table->slots, *grown = calloc(table->size * 2, sizeof(*grown));
	size_t mask = table->size * 2 - 1;

	if (grown == NULL)
		return false;
	for (size_t i = 0; i < table->size; i++) {
		size_t at = old[i].hash & mask;

		if (old[i].entry == NULL)
			continue;
		while (grown[at].entry != NULL)
			at = (at + 1) & mask;
		grown[at] = old[i];
	}
	free(old);
	table->slots = grown;
	table->size *= 2;
	return true;
}

/* Those behind a freed slot move up, so that no search ends early. */
static void table_remove(struct table *table, struct tally_entry *e)
{
	struct slot *slots = table->slots;
	size_t mask = table->size - 1, hole = (size_t)(table_find(table, e->hash, e->key) - slots);

	for (size_t i = (hole + 1) & mask; slots[i].entry != NULL; i = (i + 1) & mask) {
		size_t home = slots[i].hash & mask;

		if (((i - home) & mask) >= ((i - hole) & mask)) {
			slots[hole] = slots[i];
			hole = i;
		}
	}
	slots[hole].entry = NULL;
	table->used--;
}

static void entry_drop(struct tally *t, struct tally_entry *e)
{
	link_remove(&e->link);
	t->lengths[e->list]--;
	table_remove(&t->tables[e->kind], e);
	tally_entry_clear(e);
	free(e);
}

static struct tally_entry *entry_new(
    struct tally *t, unsigned kind, uint64_t hash, const uint8_t key[32])
{
	struct table *table = &t->tables[kind];
	struct tally_entry *e;

	if (table->used >= table->size / 2 && !table_grow(table))
		return NULL;
	e = calloc(1, sizeof(*e));
	if (e == NULL)
		return NULL;
	e->hash = hash;
	e->kind = (uint8_t)kind;
	memcpy(e->key, key, sizeof(e->key));
	*table_find(table, hash, key) = (struct slot){.hash = hash, .entry = e};
	table->used++;
	e->list = TALLY_DIRTY;
	t->lengths[TALLY_DIRTY]++;
	link_insert(&t->lists[TALLY_DIRTY], &e->link);
	return e;
}

struct tally_entry *tally_entry_make(struct tally *t, unsigned kind, const uint8_t key[32])
{
	uint64_t hash = XXH3_64bits_withSeed(key, 32, t->seed);
	struct tally_entry *e = table_find(&t->tables[kind], hash, key)->entry;

	return e != NULL ? e : entry_new(t, kind, hash, key);
}

struct tally_entry *tally_entry_find(const struct tally *t, unsigned kind, const uint8_t key[32])
{
	uint64_t hash = XXH3_64bits_withSeed(key, 32, t->seed);

	return table_find(&t->tables[kind], hash, key)->entry;
}

static bool table_make_room(struct tally *t, struct table *table)
{
	if (table->used < table->max)
		return true;
	if (table->clean.next == &table->clean)
		return false;
	entry_drop(t, (struct tally_entry *)table->clean.next);
	t->evicted++;
	return true;
}

/* ---- The tally ---- */

struct tally *tally_new(size_t pairs_max)
{
	struct tally *t = calloc(1, sizeof(*t));
	size_t max = pairs_max == 0 ? LIMIT_TALLY_PAIRS : pairs_max;
	bool whole = true;

	if (t == NULL)
		return NULL;
	if (getrandom(&t->seed, sizeof(t->seed), GRND_NONBLOCK) != (ssize_t)sizeof(t->seed))
		t->seed = (uint64_t)(uintptr_t)t;
	for (size_t i = 0; i < TALLY_LISTS; i++)
		link_init(&t->lists[i]);
	for (size_t i = 0; i < TALLY_KINDS; i++)
		whole &=
		    table_init(&t->tables[i], i == TALLY_DAY && max < DAYS_MIN ? DAYS_MIN : max);
	if (!whole) {
		tally_free(t);
		return NULL;
	}
	return t;
}

void tally_free(struct tally *t)
{
	if (t == NULL)
		return;
	for (size_t kind = 0; kind < TALLY_KINDS; kind++) {
		struct table *table = &t->tables[kind];

		for (size_t i = 0; table->slots != NULL && i < table->size; i++) {
			if (table->slots[i].entry == NULL)
				continue;
			tally_entry_clear(table->slots[i].entry);
			free(table->slots[i].entry);
		}
		free(table->slots);
	}
	free(t);
}

static void key_of(unsigned kind, const struct record *r, uint64_t ms, uint8_t key[32])
{
	uint32_t day = (uint32_t)(ms / DAY_MS);

	memset(key, 0, 32);
	if (kind == TALLY_DAY)
		memcpy(key, &day, sizeof(day));
	if (kind == TALLY_PAIR || kind == TALLY_SERVER)
		memcpy(key, r->server_ip.bytes, 16);
	if (kind == TALLY_PAIR || kind == TALLY_CLIENT)
		memcpy(key + 16, r->client_ip.bytes, 16);
}

static struct tally_entry *entry_of(
    struct tally *t, unsigned kind, const struct record *r, uint64_t ms)
{
	struct table *table = &t->tables[kind];
	struct tally_entry *e;
	uint8_t key[32];
	uint64_t hash;

	key_of(kind, r, ms, key);
	hash = XXH3_64bits_withSeed(key, sizeof(key), t->seed);
	e = table_find(table, hash, key)->entry;
	if (e != NULL)
		return e;
	return table_make_room(t, table) ? entry_new(t, kind, hash, key) : NULL;
}

static int add_to(struct tally *t, unsigned kind, const struct record *r, uint64_t ms,
    struct tally_evidence *evidence)
{
	struct tally_entry *e = entry_of(t, kind, r, ms);

	if (e == NULL)
		return -1;
	if (e->list == TALLY_CLEAN)
		tally_move(t, e, TALLY_DIRTY, false);
	e->changed = e->unsaved = true;
	return tally_entry_add(e, r, ms, evidence);
}

static bool is_evidence(const struct record *r)
{
	bool wanted = false;

	for (unsigned kind = 0; kind < TALLY_EVIDENCES; kind++)
		wanted |= tally_evidence_wants(kind, r);
	return wanted;
}

int tally_add(struct tally *t, const struct record *r)
{
	uint64_t ms = r->start_ns / 1000000;
	struct tally_evidence *evidence = NULL;
	int failed = 0;

	t->records++;
	if (ms > t->latest_ms)
		t->latest_ms = ms;
	if (is_evidence(r))
		evidence = tally_evidence_new(r);
	for (unsigned kind = 0; kind < TALLY_KINDS; kind++)
		if (r->outcome != OUTCOME_NOT_SMTP || kind == TALLY_SERVER || kind == TALLY_DAY)
			failed |= add_to(t, kind, r, ms, evidence);
	tally_evidence_release(evidence);
	if (failed != 0)
		t->lost++;
	return failed;
}

/* Also those that wait anyway may have been flagged before what made them wait. */
static void doubt_entry(void *to, struct tally_entry *e)
{
	(void)to;
	e->flags_due = UINT8_MAX;
	e->expires_ms = 0;
}

void tally_doubt(struct tally *t)
{
	for (size_t kind = 0; kind < TALLY_KINDS; kind++) {
		struct tally_link *clean = &t->tables[kind].clean;

		while (clean->next != clean)
			tally_move(t, (struct tally_entry *)clean->next, TALLY_DIRTY, false);
	}
	tally_each_waiting(t, doubt_entry, NULL);
}

void tally_forget(struct tally *t, uint64_t ms)
{
	for (size_t kind = 0; kind < TALLY_KINDS; kind++) {
		struct tally_link *clean = &t->tables[kind].clean;

		while (clean->next != clean && ((struct tally_entry *)clean->next)->written_ms < ms)
			entry_drop(t, (struct tally_entry *)clean->next);
	}
}

void tally_each_waiting(struct tally *t, void (*each)(void *to, struct tally_entry *e), void *to)
{
	for (size_t list = TALLY_CLEAN + 1; list < TALLY_LISTS; list++) {
		struct tally_link *link = t->lists[list].next, *next;

		for (; link != &t->lists[list]; link = next) {
			next = link->next; /* `each` may move it */
			each(to, (struct tally_entry *)link);
		}
	}
}

uint64_t tally_latest(const struct tally *t)
{
	return t->latest_ms;
}

uint64_t tally_lost(const struct tally *t)
{
	return t->lost;
}

void tally_stats(const struct tally *t, struct tally_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	for (size_t i = 0; i < TALLY_KINDS; i++)
		stats->entries[i] = t->tables[i].used;
	for (size_t i = TALLY_CLEAN + 1; i < TALLY_LISTS; i++)
		stats->waiting += t->lengths[i];
	stats->aside = t->lengths[TALLY_ASIDE];
	stats->records = t->records;
	stats->lost = t->lost;
	stats->evicted = t->evicted;
}
