/*
 * A session held against those before it, of the same pair and of the same server: mail that goes
 * in the clear after TLS failed, and STARTTLS that is missing where it was offered. What is found
 * is put into the record itself (the fields tlsvane.fallback... and tlsvane.stripping...), so that
 * JSON, rules and Redis tell the same. Its memory is bounded: the longest unused go first, and are
 * counted. One belongs to one thread.
 */
#ifndef TLSVANE_COMPARE_H
#define TLSVANE_COMPARE_H

#include "record.h"

struct compare;
struct tally;

/* NULL when memory is short. `max`: hosts and pairs remembered, 0: LIMIT_COMPARE. `tally`, which
 * may be NULL, knows what was before this process, as far as Redis told it. */
struct compare *compare_new(size_t max, const struct tally *tally);
void compare_free(struct compare *c);

/* Sets those fields of *r, and remembers the session. To be called once for each, in the order in
 * which they end, before the tally has it. */
void compare_session(struct compare *c, struct record *r);

/* Hosts and pairs that were forgotten for lack of room while they still mattered. */
uint64_t compare_evicted(const struct compare *c);

#endif
