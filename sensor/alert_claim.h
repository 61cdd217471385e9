/*
 * A change of an alert on its way from decided to told: what Redis is asked, so that of several
 * sensors one tells it, and what the journal keeps, so that a crash loses and repeats nothing.
 *
 * Redis decides by the alert's version: a change is taken from the version it was decided on, or
 * not at all. The claim's token is kept beside (token:<sensor>), so that asking again gets the same
 * answer.
 */
#ifndef TLSVANE_ALERT_CLAIM_H
#define TLSVANE_ALERT_CLAIM_H

#include "../rules/alert.h"
#include "action_job.h"
#include "store_wire.h"

struct redisReply;

#define ALERT_TOKEN_MAX (ALERT_UID_MAX + 20)

struct alert_claim {
	struct alert_claim *next;
	char uid[ALERT_UID_MAX];     /* of the change: the same on every sensor */
	char token[ALERT_TOKEN_MAX]; /* of this claim */
	char id[SUPPRESS_ID_MAX];
	uint8_t change; /* enum suppress_change; SUPPRESS_NOTHING: only what is true, no message */
	bool told;	/* decided without Redis; it is to learn of it */
	bool asked;	/* an answer is awaited */
	uint64_t at_ms; /* by the sessions' clock */
	uint64_t made_ms; /* by the caller's clock */
	struct suppress_shared want;
	char *rule, *key;
	char *json, *channel;	 /* for the stream and the channel, NULL: neither */
	struct action_job *jobs; /* what it brings about */
	struct record *record;	 /* NULL: none, or it comes from the journal */
};

struct alert_claim *alert_claim_new(const char *rule, const char *key);

/* Gives it a uid by the version that it leads to, and a token. `suffix`: "" or what sets it apart.
 */
void alert_claim_name(struct alert_claim *c, const char *suffix);
void alert_claim_free(struct alert_claim *c);

/* The question. `stream_id`: of the stream's entry; `ttl_ms`: how long Redis keeps the alert. */
void alert_claim_put(struct wire *w, const struct alert_claim *c, const char *sensor,
    const char *stream_id, uint64_t ttl_ms);

/* Its answer: 1 ours, 0 somebody else's; *shared is what is true now. -1: it is no answer. */
int alert_claim_reply(const struct redisReply *reply, struct suppress_shared *shared);

/* "It still holds", "it was clean": times for the other sensors, without a change. */
void alert_touch_put(struct wire *w, const struct suppress_entry *e, uint64_t ttl_ms);

/* What is known of an alert, and the answer: its rule and key (borrowed) too. -1: nothing is. */
void alert_load_put(struct wire *w, const char *id);
int alert_load_reply(const struct redisReply *reply, const char **rule, const char **key,
    struct suppress_shared *shared);

/* For the journal: texts, each with its NUL; jobs are not among them. */
char *alert_claim_save(const struct alert_claim *c, size_t *size);
struct alert_claim *alert_claim_load(const char *bytes, size_t size);

/* The same for an alert's state. */
char *alert_state_save(
    const char *rule, const char *key, const struct suppress_shared *shared, size_t *size);
bool alert_state_load(const char *bytes, size_t size, const char **rule, const char **key,
    struct suppress_shared *shared);

#endif
