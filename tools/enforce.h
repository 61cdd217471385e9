/*
 * The hosts of the enforcement clock and their pauses, as they stand in Redis
 * (sensor/store_keys.h), and what brings hosts in and out: the pairs' classes, judged by the rules
 * of the file.
 */
#ifndef TLSVANE_ENFORCE_H
#define TLSVANE_ENFORCE_H

#include "../rules/enforcement.h"
#include "../rules/evaluate.h"
#include "ledger.h"

struct enforce_host {
	struct frame_address address;
	uint64_t reported_ms;	      /* 0: it breaks a rule, and is not in the clock yet */
	uint64_t breach_ms, clean_ms; /* the last time each, 0: never */
	const char *rule;	      /* that it broke last; interned; NULL: not said */
	uint32_t pauses, pause_count; /* in the book, what counts of them */
};

struct enforce_book {
	const struct enforcement *policy; /* borrowed */
	struct enforce_host *hosts;	  /* by address */
	size_t count, room;
	struct enforcement_pause *pauses;
	size_t pause_used, pause_room;
	struct enforcement_pause all[ENFORCEMENT_PAUSES_MAX]; /* for all hosts, as written */
	size_t all_count;
};

/* Reads the hosts and their pauses. False when it failed (and has said so). The caller frees in
 * either case. */
bool enforce_read(struct query *q, const struct enforcement *policy, struct enforce_book *b);
void enforce_free(struct enforce_book *b);

/* NULL where the clock does not know the address. */
const struct enforce_host *enforce_find(
    const struct enforce_book *b, const struct frame_address *address);

/* The host's clock at a time. */
void enforce_state(const struct enforce_book *b, const struct enforce_host *h, uint64_t now_ms,
    struct enforcement_state *state);

/* What pairs say: adds hosts that break a rule and are not in the clock (reported_ms 0), and notes
 * last breaches and clean sessions of all. */
bool enforce_judge(
    struct query *q, const struct rule_file *file, uint64_t now_ms, struct enforce_book *b);

/* Whether a host that was judged leaves at `now_ms`. */
bool enforce_leaves(const struct enforce_book *b, const struct enforce_host *h, uint64_t now_ms);

struct enforce_changes {
	size_t entered, left, kept;
};

/* Writes what was judged: hosts come in, go, or keep their clock. */
bool enforce_write(struct query *q, const struct enforce_book *b, uint64_t now_ms,
    struct enforce_changes *changes);

/* Lets the clock of an address, or of "all", stand from `now` on for so long. Returns 0 or the exit
 * status, and has said why: more than is left of a year. */
int enforce_pause(struct query *q, const struct enforcement *policy, const char *host,
    uint64_t now_ms, uint64_t length_ms);

/* Ends the pause that runs. The same. */
int enforce_resume(struct query *q, const char *host, uint64_t now_ms);

/* Whether a host's clock runs or is paused: not before the update that takes it in. False: Redis
 * failed, and that was said. */
bool enforce_has_clock(struct query *q, const char *host, bool *has);

/* ---- enforce_export.c ---- */

/* Writes what a mail server can load: format postfix, exim, opensmtpd or nftables. Returns 0, or
 * EXIT_USAGE for another format (and has said so). */
int enforce_export(FILE *to, const char *format, const struct enforce_book *b, uint64_t now_ms);

/* "450 4.7.230 192.0.2.9 speaks TLS below 1.2: deferred 5 minutes of every hour"; returns `text`.
 */
#define ENFORCE_REPLY_MAX 320
const char *enforce_reply(const struct enforce_book *b, const struct enforce_host *h,
    const struct enforcement_state *s, char text[ENFORCE_REPLY_MAX]);

/* ---- policyd.c ---- */

/* Answers Postfix's policy delegation protocol until SIGTERM. `now_ms` 0: the time of day, else a
 * clock that stands. Returns the exit status. */
int policyd(const struct options *o, const struct rule_file *file, uint64_t now_ms);

#endif
