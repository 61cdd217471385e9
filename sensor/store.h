/*
 * Tally -> Redis: absolute values, so that a repeated write changes nothing; never blocks for long;
 * survives any outage. One store a sensor process and a tally; both belong to one thread. The keys:
 * store_keys.h, the fields: tally_entry.h.
 */
#ifndef TLSVANE_STORE_H
#define TLSVANE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "redo.h"
#include "tally.h"

#define STORE_ERROR_MAX	 512
#define STORE_SENSOR_MAX 64 /* bytes of a sensor's name, with its NUL */
#define STORE_NUMBERS	 64 /* numbers of a heartbeat */

struct store;

/* One line, without its newline: what, where, the mend. */
typedef void store_log(void *context, const char *line);

struct store_options {
	const char *url;      /* redis_url.h */
	const char *password; /* goes before the URL's; NULL: the URL's */
	const char *sensor;   /* letters, digits, '.', '_', '-' */
	const char
	    *source;  /* what it listens to (interface or file), for its heartbeat; may be NULL */
	pid_t holder; /* the process that holds the name; 0: this one */
	uint64_t retention_s; /* an entry goes so long after its last write; 0: never */
	const char
	    *spool_path; /* where the unwritten goes at exit; NULL: it is lost then, and said so */
	store_log *log;	 /* may be NULL */
	void *log_context;
};

/* A number of the caller's for the heartbeat: "packets", "flows_open" ... */
struct store_number {
	const char *name; /* static storage */
	uint64_t value;
};

struct store_status {
	bool connected;	 /* and taking writes */
	bool lease_lost; /* somebody else runs under this sensor's name: nothing is written any more
			  */
	uint64_t entries_written, commands, connects, errors;
	size_t waiting, aside; /* as in struct tally_stats */
};

/* A name that store_open takes. */
bool store_sensor_valid(const char *sensor);

/*
 * Opens the store for `tally` (kept, not owned: free it after store_close) and reads the spool into
 * it. A Redis that is away is no failure: one line to the log, and store_flush tries again. NULL
 * with a line in `error` when it must not start: a bad URL or name, a password missing or wrong, no
 * permission, another schema, the name held by a living sensor, a spool that cannot be read for
 * lack of rights or memory. Blocks for LIMIT_CONNECT_MS + LIMIT_REPLY_MS at most, and where the URL
 * names a host, a second a names' server, now and at most every ten seconds later while Redis is
 * away.
 */
struct store *store_open(
    const struct store_options *options, struct tally *tally, char error[STORE_ERROR_MAX]);

/* Right behind store_open: records stand in `redo` before they are given to the tally. What it has
 * on top of the spool is counted. */
void store_take_log(struct store *s, struct redo *redo);

/*
 * Writes what has changed, sends the heartbeat when it is due, connects again when it must. To be
 * called every LIMIT_FLUSH_S or more often. Never waits longer than LIMIT_FLUSH_WAIT_MS for Redis
 * without progress, nor longer than LIMIT_FLUSH_MS altogether. Returns 0: nothing waits; 1: more
 * waits, call again soon; -1: Redis is away or refuses writes (said once to the log), what waits is
 * kept.
 */
int store_flush(struct store *s);

/* The numbers of the next heartbeats (copied; at most STORE_NUMBERS). */
void store_report(struct store *s, const struct store_number *numbers, size_t count);

/* Writes until nothing waits or `milliseconds` have passed. 0, or -1 when something still waits. */
int store_drain(struct store *s, unsigned milliseconds);

/*
 * Ends: a last heartbeat, the lease given back; what still waits goes to the spool. Does not drain.
 * Frees *s. Returns 0 when everything is in Redis or in the spool; -1 when something was lost (said
 * to the log; exit 1).
 */
int store_close(struct store *s);

void store_status(const struct store *s, struct store_status *status);

struct wire;
struct redisReply;

/* A reply, borrowed; an error only where it is one of the command (WRONGTYPE, ERR ...). NULL: it
 * did not come, and what was asked may or may not have been done. */
typedef void store_answer(void *context, const struct redisReply *reply);

/*
 * One command of the caller's (copied) on the store's connection, ahead of everything that is not
 * sent yet: it sees Redis as it is before the tally's next write. `answer` follows from store_flush
 * and its like, in the order of the questions. -1 when Redis is away or LIMIT_STORE_ASKS wait:
 * nothing follows.
 */
int store_ask(struct store *s, const struct wire *command, store_answer *answer, void *context);

/* Whether something asked is not answered yet. */
bool store_asked(const struct store *s);

#endif
