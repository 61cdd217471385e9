/* The recorder's log of what is not safe yet. */
#include "redo.h"

#include <string.h>

#include "message.h"
#include "tally_entry.h"

#define RECORDS_MAX (LIMIT_REDO_BYTES / 8 * 3) /* a record's entries need about twice as much */
#define TRIES_MAX   4

enum redo_kind { REDO_RECORD = 1, REDO_TOTALS };

struct redo_item {
	uint32_t kind, size; /* size: bytes behind the item's head */
	uint64_t number;
	uint64_t taken; /* records, with this one */
};

struct redo_totals {
	uint8_t key[32];
	uint32_t kind, count;
	struct {
		uint64_t id, total;
	} counters[];
};

static size_t item_size(size_t size)
{
	return sizeof(struct redo_item) + (size + 7) / 8 * 8;
}

/* Behind the last item, where its successor's bytes go. NULL: they do not fit. */
static void *room(struct redo *r, size_t size, size_t max)
{
	size_t used = atomic_load_explicit(&r->used, memory_order_relaxed);

	return used + item_size(size) > max ? NULL : r->bytes + used + sizeof(struct redo_item);
}

/* The bytes stand there; with its last step the item is whole. */
static void commit(struct redo *r, enum redo_kind kind, size_t size, uint64_t taken)
{
	size_t used = atomic_load_explicit(&r->used, memory_order_relaxed);
	struct redo_item item = {
	    .kind = kind, .size = (uint32_t)size, .number = r->number + 1, .taken = taken};

	memcpy(r->bytes + used, &item, sizeof(item));
	atomic_store_explicit(&r->used, used + item_size(size), memory_order_release);
	r->number = item.number;
}

struct record *redo_copy(struct redo *r, const struct record *session)
{
	size_t size = record_size(session);
	struct record *copy = r->full ? NULL : room(r, size, RECORDS_MAX);

	if (copy == NULL)
		r->full = true;
	else
		memcpy(copy, session, size);
	return copy;
}

void redo_take(struct redo *r, const struct record *copy)
{
	if (copy != NULL) {
		commit(r, REDO_RECORD, record_size(copy), r->taken + 1);
		r->logged = r->taken + 1;
	}
	r->taken++;
}

/* Totals had no room: what stood here is gone, and no item may follow it. */
static bool is_given_up(const struct redo *r)
{
	return r->full && atomic_load_explicit(&r->used, memory_order_relaxed) == 0;
}

void redo_totals(struct redo *r, const struct tally_entry *e)
{
	size_t size = sizeof(struct redo_totals) + e->count * sizeof(uint64_t) * 2;
	struct redo_totals *totals = room(r, size, sizeof(r->bytes));

	if (is_given_up(r))
		return;
	if (totals == NULL) {
		r->full = true;
		atomic_store_explicit(&r->used, 0, memory_order_release);
		return;
	}
	memcpy(totals->key, e->key, sizeof(totals->key));
	totals->kind = e->kind;
	totals->count = e->count;
	for (size_t i = 0; i < e->count; i++) {
		totals->counters[i].id = e->ids[i];
		totals->counters[i].total = e->counters[i].absolute + e->counters[i].seen;
	}
	commit(r, REDO_TOTALS, size, r->logged);
}

void redo_empty(struct redo *r)
{
	r->kept = r->logged = r->taken;
	r->mark = r->number;
	atomic_store_explicit(&r->used, 0, memory_order_release);
	r->full = false;
}

uint64_t redo_last(const struct redo *r)
{
	return r->number;
}

bool redo_presses(const struct redo *r)
{
	return r->full ||
	       atomic_load_explicit(&r->used, memory_order_relaxed) > RECORDS_MAX / 4 * 3;
}

/* ---- Reading: who wrote it may have died of having written anywhere ---- */

static bool totals_valid(const struct redo_totals *totals, size_t size)
{
	if (size < sizeof(*totals) || totals->kind >= TALLY_KINDS ||
	    size != sizeof(*totals) + totals->count * sizeof(totals->counters[0]))
		return false;
	for (size_t i = 0; i < totals->count; i++)
		if (totals->counters[i].id >> TALLY_CODE_BITS >= TALLY_NAMES)
			return false;
	return true;
}

/* The item at *at, its bytes in *bytes, and *at behind it. False: no whole one is there. */
static bool next_item(const struct redo *r, size_t *at, struct redo_item *item, const void **bytes)
{
	size_t used = atomic_load_explicit(&r->used, memory_order_acquire);

	if (used > sizeof(r->bytes) || *at + sizeof(*item) > used)
		return false;
	memcpy(item, r->bytes + *at, sizeof(*item));
	*bytes = r->bytes + *at + sizeof(*item);
	if (item->size > used - *at - sizeof(*item) ||
	    (item->kind == REDO_RECORD
		    ? !record_valid(*bytes, item->size)
		    : item->kind != REDO_TOTALS || !totals_valid(*bytes, item->size)))
		return false;
	*at += item_size(item->size);
	return true;
}

/* The last may have been put there, and its numbers not yet. */
static bool follows(
    const struct redo *r, const struct redo_item *item, const struct redo_item *last)
{
	if (last->number == 0)
		return item->number <= r->number + 1 && item->taken <= r->taken + 1;
	return item->number == last->number + 1 &&
	       item->taken == last->taken + (item->kind == REDO_RECORD);
}

uint64_t redo_begin(struct redo *r)
{
	struct redo_item item, last = {.number = 0};
	uint64_t safe, lost;
	const void *bytes;
	size_t at = 0, whole = 0;

	if (++r->tries > TRIES_MAX)
		atomic_store(&r->used, 0);
	for (; next_item(r, &at, &item, &bytes) && follows(r, &item, &last); whole = at)
		last = item;
	atomic_store(&r->used, whole);
	if (last.number > r->number)
		r->number = last.number;
	safe = last.taken > r->kept ? last.taken : r->kept;
	lost = r->taken > safe ? r->taken - safe : 0;
	r->taken = r->logged = safe;
	r->full = false; /* the new one knows no more than what is here */
	return lost;
}

void redo_is_good(struct redo *r)
{
	r->tries = 0;
}

static void apply_totals(struct tally *t, const struct redo_totals *totals)
{
	struct tally_entry *e = tally_entry_make(t, totals->kind, totals->key);
	struct tally_counter *c;

	for (size_t i = 0; e != NULL && i < e->count; i++)
		e->counters[i].seen = 0; /* also those that were counted as "other" then */
	for (size_t i = 0; e != NULL && i < totals->count; i++) {
		uint64_t id = totals->counters[i].id;

		c = tally_entry_counter(
		    e, (unsigned)(id >> TALLY_CODE_BITS), id & TALLY_CODE_MASK, false);
		if (c == NULL)
			continue;
		if (totals->counters[i].total > c->absolute)
			c->absolute = totals->counters[i].total;
	}
	if (e != NULL)
		e->unsaved = false;
}

uint64_t redo_replay(struct redo *r, uint64_t mark, struct tally *t)
{
	struct redo_item item;
	uint64_t records = 0;
	const void *bytes;
	size_t at = 0;

	if (mark > r->mark)
		r->mark = mark;
	if (r->mark > r->number)
		r->number = r->mark;
	while (next_item(r, &at, &item, &bytes)) {
		if (item.number <= mark)
			continue;
		if (item.kind == REDO_TOTALS) {
			apply_totals(t, bytes);
			continue;
		}
		(void)tally_add(t, bytes); /* what it cannot take it counts */
		records++;
	}
	return records;
}
