/* What is known of one host or pair: gathered from Redis, the tally and sessions, in any order. */
#ifndef TLSVANE_HISTORY_FACTS_H
#define TLSVANE_HISTORY_FACTS_H

#include "../rules/value.h"
#include "tally_entry.h"

#define FACTS_VERSIONS 6
#define FACTS_HOURS    25 /* the last 24 and the one that has begun */

struct redisReply;
struct wire;

struct facts { /* times in ms since the epoch, 0: never */
	uint64_t first_ms, last_ms, legacy_ms, plaintext_ms;
	uint64_t version_first_ms[FACTS_VERSIONS], version_last_ms[FACTS_VERSIONS];
	uint64_t sessions_others, sessions_own;
	uint64_t hour; /* the latest, since the epoch */
	uint32_t in_hour[FACTS_HOURS];
};

/* NULL: the tally knows nothing of it. */
void facts_from_tally(struct facts *f, const struct tally_entry *e);

/* The question about a hash of the tally, and its answer. */
void facts_put_question(struct wire *w, const char *key);
void facts_from_redis(struct facts *f, const struct redisReply *reply, bool own);

void facts_note(struct facts *f, const struct record *r, unsigned kind);

/* The highest version ever, 0 where there was none. */
uint16_t facts_best_version(const struct facts *f);

/* `complete`: what is not known here has not been. */
bool facts_answer(const struct facts *f, const char *name, bool complete, uint64_t now_ms,
    struct rules_value *value);

#endif
