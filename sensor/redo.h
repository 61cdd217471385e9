/*
 * What a recorder has taken and neither Redis nor the spool has yet, in memory that outlives it:
 * the next one counts it again. Two kinds of items, in the order in which they came to be:
 *
 *   a record    that was taken
 *   the totals  of an entry of the tally, put here before they are sent to Redis: whatever of the
 *               records before them Redis may have got is in them
 *
 * So who goes through the items knows of each entry what Redis holds at most and what came on top,
 * and counts nothing twice. The spool covers all items up to its mark.
 *
 * An item is whole or not there at all, whenever its writer is killed. One writer.
 */
#ifndef TLSVANE_REDO_H
#define TLSVANE_REDO_H

#include <stdalign.h>
#include <stdatomic.h>

#include "limits.h"
#include "record.h"
#include "tally.h"

struct redo {
	uint64_t taken;	 /* records, since the sensor began */
	uint64_t kept;	 /* ... of these: in Redis or the spool when the log was last emptied */
	uint64_t logged; /* ... or here */
	uint64_t number; /* of the last item */
	uint64_t mark;	 /* of the last one that was emptied out */
	unsigned tries;	 /* recorders that began with it, and died before redo_is_good */
	bool full;	 /* records were taken that are not here */
	_Atomic size_t used;
	alignas(8) unsigned char bytes[LIMIT_REDO_BYTES];
};

/* A new recorder begins, and reads it now: only what is whole stays. Returns how many records are
 * lost: they were taken, and are nowhere. A log that kills who reads it is given up. */
uint64_t redo_begin(struct redo *r);

/* Counts all items behind `mark` in a tally that has the spool of that mark. Returns the number of
 * records. */
uint64_t redo_replay(struct redo *r, uint64_t mark, struct tally *t);

/* The recorder that began can live. */
void redo_is_good(struct redo *r);

/* A copy of a record in the log, to be changed in place; NULL: there is no room. */
struct record *redo_copy(struct redo *r, const struct record *session);

/* A record is taken; `copy` is what redo_copy gave. */
void redo_take(struct redo *r, const struct record *copy);

/* Puts an entry's totals there; it is based. Without room the log is given up until redo_empty. */
void redo_totals(struct redo *r, const struct tally_entry *e);

/* All that was taken is in Redis, or in a spool of the mark redo_last(). */
void redo_empty(struct redo *r);
uint64_t redo_last(const struct redo *r);

/* It is nearly full. */
bool redo_presses(const struct redo *r);

#endif
