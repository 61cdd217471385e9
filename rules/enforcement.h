/*
 * The enforcement clock: for each host that breaks a chosen rule a stage, from the day it was first
 * reported. After the Transport-based Enforcement System of Exchange Online: reported only, then
 * deferred for some minutes of every hour, then refused for some, at last for all. Pure: every time
 * is the caller's, in ms since the epoch, UTC.
 *
 *   enforcement:
 *     rules: [client-below-tls12]   whoever makes one of them fire is a host of the clock
 *     hosts: clients                the side that is held to it: clients or servers
 *     because: speaks TLS below 1.2 what replies say of it
 *     leaves: 7d                    a host leaves when clean, and without a breach for so long
 *     pause: 90d                    for so long in a calendar year the clock of a host may stand
 *     stages:                       from the first: `throttle` and `block` are minutes of an hour
 *       - {day: 0}
 *       - {day: 30, throttle: 5m}
 *       - {day: 90, block: 60m}
 */
#ifndef TLSVANE_RULES_ENFORCEMENT_H
#define TLSVANE_RULES_ENFORCEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ENFORCEMENT_STAGES_MAX	64
#define ENFORCEMENT_PAUSES_MAX	128 /* of one host, its own and those for all */
#define ENFORCEMENT_BECAUSE_MAX 160 /* bytes of `because`: a reply line of SMTP has 512 */

struct rule;

struct enforcement_stage {
	uint64_t day;			/* of the clock, from 0 */
	uint64_t throttle_ms, block_ms; /* of each hour: first the one, then the other */
};

struct enforcement {
	const struct rule *const *rules;
	size_t rule_count;
	bool servers; /* the servers are held to it, not the clients */
	const char *because;
	uint64_t leaves_ms, pause_ms;
	const struct enforcement_stage *stages; /* by day; the first is of day 0 */
	size_t stage_count;
};

struct enforcement_pause {
	uint64_t from_ms, to_ms; /* [from, to) */
};

/*
 * What counts of pauses: joined where they overlap, and no more than pause_ms of each calendar year
 * (UTC), the earliest first. `pauses` of `count` are put into order, joined and cut in place, where
 * a turn of the year may make two of one; `room` for twice as many as given suffices. Returns how
 * many there are then.
 */
size_t enforcement_pauses(
    const struct enforcement *e, struct enforcement_pause *pauses, size_t count, size_t room);

/* ms of the year that begins at the turn before `ms` that pauses (as above) take. */
uint64_t enforcement_paused_in_year(
    const struct enforcement_pause *pauses, size_t count, uint64_t ms);

/* The year's first ms; the next year's. */
void enforcement_year(uint64_t ms, uint64_t *from_ms, uint64_t *to_ms);

enum enforcement_action {
	ENFORCEMENT_PASS,
	ENFORCEMENT_DEFER, /* throttle: a temporary refusal */
	ENFORCEMENT_REJECT,
};

struct enforcement_state {
	const struct enforcement_stage *stage;
	uint64_t clock_ms;		      /* how long the clock ran */
	bool paused;			      /* now */
	uint64_t paused_until_ms;	      /* good where paused */
	uint8_t action;			      /* enum enforcement_action, at this moment */
	uint64_t action_until_ms;	      /* so long it stays that, if nothing else happens */
	const struct enforcement_stage *next; /* NULL: this is the last */
	uint64_t next_ms;		      /* when it begins */
};

/* The clock of a host first reported at `reported_ms`, at `now_ms`; pauses as above. */
void enforcement_state(const struct enforcement *e, uint64_t reported_ms,
    const struct enforcement_pause *pauses, size_t count, uint64_t now_ms,
    struct enforcement_state *state);

#endif
