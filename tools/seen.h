/*
 * How much an answer rests on: how many sessions the sensors ever saw, and what is wrong with the
 * sensors. Seeing nothing is never good news, and a lossy sensor says so.
 */
#ifndef TLSVANE_SEEN_H
#define TLSVANE_SEEN_H

#include "query.h"

#define SENSOR_DEAD_MS                                                                             \
	60000u /* without a heartbeat for so long: not running (LIMIT_HEARTBEAT_S is 5) */

/* What a sensor said of itself; texts are owned. */
struct sensor_state {
	char *name, *version, *source;
	uint64_t heartbeat_ms, started_ms; /* since the epoch, 0: not said */
	uint64_t packets, sessions, flows_open, flows_evicted, links_down, gap_bytes, cut_bytes,
	    dropped, records_lost, records_died, flows_lost;
	uint64_t workers, sandboxed; /* processes that capture, 0: one does all; are all confined */
	uint64_t bytes;
	uint64_t capture_loss_ppm; /* bytes acknowledged and never seen, in millionths of the mail
				      followed; good with ... */
	bool estimates_loss;	   /* ... it says so itself */
	bool ended;		   /* it said goodbye: a replay that is over, a clean stop */
};

struct sensor_states {
	struct sensor_state *items;
	size_t count;
};

bool sensor_states_read(struct query *q, struct sensor_states *states);
void sensor_states_free(struct sensor_states *states);

/* Runs: it was heard of within SENSOR_DEAD_MS. */
bool sensor_is_alive(const struct sensor_state *s, uint64_t now);

/* The estimated part of mail traffic that it did not see, in parts per million. */
uint64_t sensor_loss_ppm(const struct sensor_state *s);

/*
 * Where an answer is empty: "<what> since ..., in N sessions from M sensors.", or that nothing was
 * ever seen, which is no good news. To stdout under a table, else to stderr. Returns 0 or
 * EXIT_FAILED.
 */
int seen_say_none(struct query *q, const struct options *o, const char *what);

/* A line for each sensor that lost something or was not heard of lately; nothing when all is well.
 * Same places. */
int seen_say_health(struct query *q, const struct options *o);

/* All sessions that the sensors counted since, and the first day of them in ms (0: none). */
bool seen_sessions(struct query *q, uint64_t since_ms, uint64_t *sessions, uint64_t *first_ms);

#endif
