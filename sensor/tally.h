/*
 * Records -> counters per host pair, server, client and day. Knows nothing of Redis: the store asks it what
 * has changed. Counters only grow. An entry's counts are what this process saw (`seen`) until the store has told what
 * Redis already holds of this sensor (tally_entry_base), from then on the absolute values to write.
 */
#ifndef TLSVANE_TALLY_H
#define TLSVANE_TALLY_H

#include "record.h"

enum tally_kind { TALLY_PAIR, TALLY_SERVER, TALLY_CLIENT, TALLY_DAY };

struct tally;       /* owns all entries */
struct tally_entry; /* one Redis hash to be */

/* NULL when memory is short. `pairs_max`: entries of one kind kept; see LIMIT_TALLY_PAIRS. */
struct tally *tally_new(size_t pairs_max);
void tally_free(struct tally *t);

/* Adds one record to its pair, server, client and day. Returns 0, or -1 when the tally is full of entries that
 * were not written yet (the record is then not counted, and tally_lost() grows). */
int tally_add(struct tally *t, const struct record *r);

uint64_t tally_lost(const struct tally *t);

#endif
