/* Inside alerting: see alerting.h for its files. */
#ifndef TLSVANE_ALERTING_PRIVATE_H
#define TLSVANE_ALERTING_PRIVATE_H

#include "../rules/evaluate.h"
#include "action_runner.h"
#include "alert_claim.h"
#include "alert_journal.h"
#include "alerting.h"
#include "history.h"
#include "limits.h"

struct waiting { /* a session that waits for history */
	struct waiting *next;
	uint64_t since_ms;
	bool asks;	      /* ... itself, not only behind one that does */
	struct record record; /* allocated as long as it is used: last */
};

struct alerting {
	struct alerting_options options;
	struct rule_file *file;
	struct suppress *suppress;
	struct suppress_rule **rules; /* by the rule's index in the file */
	uint8_t *truths;	      /* likewise, of the session at hand: enum rules_truth */
	struct store *store;
	struct tally *tally;
	struct wire wire;
	uint64_t latest_ms; /* by the sessions' clock */

	struct history *history; /* NULL: no rule asks for it */
	struct waiting *waiting, *waiting_last;
	size_t waiting_count;

	struct alert_claim *claims, *claims_last; /* in the order of their decisions */
	size_t claim_count, asked;		  /* asked: answers awaited */
	uint64_t stream_ms, stream_sequence;	  /* the last id */
	uint64_t connects;			  /* of the store, when what fires was last read */
	uint64_t load_ms;			  /* the next time that it is */
	bool unsure;				  /* an entry is */

	struct delivery *delivery;
	struct action_runner *runner;
	uint64_t runner_ms; /* not before: another try to start it */

	struct alert_journal *journal;
	struct action_job *due, *due_last; /* while the journal is read */
	bool reading_due, said_journal;

	uint64_t pump_ms, told, blind;
	bool finishing;
};

uint64_t alerting_clock(void);			 /* ms, monotonic */
uint64_t alerting_now(const struct alerting *a); /* ms since the epoch, by the sessions' clock */
__attribute__((format(printf, 2, 3))) void alerting_say(
    struct alerting *a, const char *format, ...);

/* ---- alerting_judge.c ---- */
void alerting_judge(struct alerting *a, const struct record *r);
bool alerting_wants_history(struct alerting *a, const struct record *r);
void alerting_time(struct alerting *a); /* what the time alone brings about */
/* Decides on a wish; `record` may be NULL. */
void alerting_decide(struct alerting *a, struct suppress_entry *e, enum suppress_change change,
    const struct record *record, uint64_t at_ms);

/* ---- alerting_claims.c ---- */
void alerting_claim(struct alerting *a, struct alert_claim *c); /* takes it */
void alerting_claims_tick(struct alerting *a, uint64_t now_ms);
/* It still holds: the others hear of it now and then. */
void alerting_touch(struct alerting *a, struct suppress_entry *e);
struct suppress_entry *alerting_entry(struct alerting *a, const char *rule, const char *key);

/* ---- alerting_deliver.c ---- */
int alerting_deliver_open(struct alerting *a);
void alerting_deliver(struct alerting *a, struct action_job *jobs); /* takes the list */
void alerting_deliver_tick(struct alerting *a, uint64_t now_ms);

/* ---- alerting_remember.c ---- */
int alerting_remember_open(struct alerting *a);
void alerting_remember_claim(struct alerting *a, const struct alert_claim *c);
void alerting_remember_state(
    struct alerting *a, const char *rule, const char *key, const struct suppress_shared *shared);
void alerting_remember(struct alerting *a, enum alert_entry entry, const char *uid);
void alerting_remember_tick(struct alerting *a);
void alerting_remember_close(struct alerting *a);

#endif
