/*
 * What conditions can ask of the past (rules/history_fields.h): hosts and pairs as Redis knows
 * them, of all sensors together, kept in a bounded cache and led on by what is seen here. Questions
 * go over the store's connection, ahead of the tally's writes, so that the answer is what was there
 * before the session at hand; what the tally holds unwritten is added.
 */
#ifndef TLSVANE_HISTORY_H
#define TLSVANE_HISTORY_H

#include "../rules/history_fields.h"
#include "store.h"

struct history;

/* NULL when memory is short. Store and tally may be NULL: then the past begins with this process.
 */
struct history *history_new(struct store *store, struct tally *tally, const char *sensor);
void history_free(struct history *h);

/*
 * Asks for what a session needs. To be called before the session is added to the tally. Returns
 * whether all is there already (or cannot be had now: its fields are unknown then).
 */
bool history_prepare(struct history *h, const struct record *r);

/* The same once more, for a session that waits; asks for what could not be asked for before. */
bool history_ready(struct history *h, const struct record *r);

/* Whether all that Redis knows of a session's hosts was there for it. */
bool history_is_whole(const struct history *h, const struct record *r);

/* Of whom history_answer speaks, until the next call. */
void history_select(struct history *h, const struct record *r);

/* A history_lookup. */
bool history_answer(void *context, size_t field, struct rules_value *value);

/* The session has been judged: it is past now. For what is cached; the rest Redis learns from the
 * tally. */
void history_note(struct history *h, const struct record *r);

/* Whether the selected pair once did better than this session: a higher version, or encrypted
 * where mail now goes in the clear. */
bool history_was_better(struct history *h, const struct record *r);

/* Now and then: learns of new sensors. */
void history_tick(struct history *h, uint64_t now_ms);
bool history_knows_sensors(const struct history *h);

#endif
