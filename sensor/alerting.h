/*
 * Records -> rules -> alerts -> actions. Nothing here waits: programs, mail and HTTP are another
 * process's business (action_runner.h), Redis is asked over the store's connection. Its files:
 * alerting (life), alerting_judge (sessions to decisions), alerting_claims (decisions and Redis),
 * alerting_deliver (actions), alerting_remember (the journal).
 *
 * One alert of several sensors on one Redis, none again behind a restart: Redis takes each change
 * once (alert_claim.h). Where it does not answer for LIMIT_ALERT_CLAIM_MS, alerts are told all the
 * same and Redis learns of it later. Between "decided" and "told" stands the journal: what a crash
 * interrupts is told at the next start, possibly twice where a program was just running.
 */
#ifndef TLSVANE_ALERTING_H
#define TLSVANE_ALERTING_H

#include "record.h"
#include "store.h"

struct alerting;

struct alerting_options {
	const char *rules;   /* path */
	const char *packs;   /* where includes are looked up too, may be NULL */
	const char *journal; /* path; NULL: a restart knows nothing */
	const char *sensor;
	bool live; /* time passes without sessions too; a replay can wait for Redis */
	store_log *log;
	void *log_context;
};

struct alerting_stats {
	uint64_t told;		/* changes of alerts */
	uint64_t refused;	/* matches without room for their alert */
	uint64_t blind;		/* sessions judged without the history that they asked for */
	size_t firing, waiting; /* alerts; actions */
	uint64_t delivered, failures, given_up; /* struct delivery_stats */
};

/* Loads the rules and starts the process that acts: before rights are dropped. NULL: the log has
 * said why, a line each. */
struct alerting *alerting_open(const struct alerting_options *options);

/* From now on with Redis (both stay the caller's, and open until alerting_close). */
int alerting_attach(struct alerting *a, struct store *store, struct tally *tally);

/* One session, before it is added to the tally. */
void alerting_record(struct alerting *a, const struct record *r);

/* What is due: to be called often. */
void alerting_tick(struct alerting *a);

/* Loads the rules anew; a file that is not whole changes nothing, and the log says why. */
void alerting_reload(struct alerting *a);

/* Carries out what is under way, for `milliseconds` at most. */
void alerting_finish(struct alerting *a, unsigned milliseconds);

void alerting_stats(const struct alerting *a, struct alerting_stats *stats);

/* Behind store_close. What is still under way is in the journal; without one, the log says what is
 * lost, and -1. */
int alerting_close(struct alerting *a);

#endif
