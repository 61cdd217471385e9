/*
 * Records -> counters per host pair, server, client and day. Knows nothing of Redis: the store
 * takes from it what has changed (tally_entry.h). Counters only grow. One tally belongs to one
 * thread.
 */
#ifndef TLSVANE_TALLY_H
#define TLSVANE_TALLY_H

#include "record.h"

enum tally_kind { TALLY_PAIR, TALLY_SERVER, TALLY_CLIENT, TALLY_DAY, TALLY_KINDS };

struct tally;	    /* owns all entries */
struct tally_entry; /* one Redis hash to be */

struct tally_stats {
	size_t entries[TALLY_KINDS]; /* in memory */
	size_t waiting;		     /* entries that hold something not yet known to be in Redis */
	size_t aside;		     /* ... of these: whose Redis key holds something foreign */
	uint64_t records;	     /* given to tally_add */
	uint64_t lost;		     /* ... of these: not counted everywhere, see tally_add */
	uint64_t evicted;	     /* written entries that made room for others */
};

/* NULL when memory is short. `pairs_max`: entries of one kind kept, 0: LIMIT_TALLY_PAIRS. */
struct tally *tally_new(size_t pairs_max);
void tally_free(struct tally *t);

/*
 * Adds one record to its pair, server, client and day. A record of outcome not_smtp counts in the
 * day and in its server only, and there as an outcome, not as a session. Returns 0, or -1 when one
 * of the entries had no room because all others of its kind wait to be written: the record then
 * counts in the rest (the day has always room), and tally_lost() grows by one.
 */
int tally_add(struct tally *t, const struct record *r);

uint64_t tally_lost(const struct tally *t);
void tally_stats(const struct tally *t, struct tally_stats *stats);

#endif
