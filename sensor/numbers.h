/*
 * The numbers that a sensor tells of itself: one snapshot, and one table that gives each its name
 * in Redis, in --stats and in /metrics. A new number is a member and a row. The struct has no
 * pointers: a worker's part goes through a pipe as it is, and is added to the others'.
 */
#ifndef TLSVANE_NUMBERS_H
#define TLSVANE_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alerting.h"
#include "capture.h"
#include "pipeline.h"
#include "store.h"

/* uint64_t throughout, since the start but where the table says gauge. */
struct sensor_numbers {
	/* of what captures */
	uint64_t packets, bytes, segments, sessions;
	uint64_t frames_malformed, frames_cut;
	uint64_t dropped_kernel, dropped_interface, ring_freezes, links_down;
	uint64_t shunted_packets, shunted_bytes;
	uint64_t flows, flows_open, flows_evicted, half_open_expired;
	uint64_t half_open_evicted, sessions_evicted, records_early;
	uint64_t payload_bytes, capture_loss_ppm, gaps, gap_bytes, cut_bytes;
	uint64_t overlap_conflicts, held_refused;
	uint64_t certificates_read, certificates_refused;
	/* of what records */
	uint64_t records_lost, json_lost;
	uint64_t entries_waiting, entries_aside, entries_evicted, compare_evicted;
	uint64_t redis_connected, redis_connects, redis_errors;
	uint64_t alerts_told, alerts_firing, alerts_refused, alerts_blind;
	uint64_t actions_waiting, actions_done, actions_failures, actions_given_up;
	/* of the processes; 0 where there is but one */
	uint64_t workers, worker_deaths, worker_hangs, recorder_deaths;
	uint64_t flows_lost, records_died, messages_refused;
	uint64_t sandboxed;
};

enum number_kind { NUMBER_COUNTER, NUMBER_GAUGE };

struct number_row {
	const char *name;   /* in Redis and --stats */
	size_t offset;	    /* in struct sensor_numbers */
	uint8_t kind;	    /* enum number_kind */
	bool stats;	    /* is part of a line of --stats */
	bool millionths;    /* /metrics shows a ratio, 1 being all */
	const char *metric; /* behind "tlsvane_sensor_"; NULL: not in /metrics */
	const char *labels; /* within the braces, NULL: none. Rows of one metric stand together */
	const char *help;   /* of the metric; one sentence */
};

extern const struct number_row number_rows[];
extern const size_t number_row_count;

uint64_t number_value(const struct sensor_numbers *n, const struct number_row *row);

/* Fill the part that is theirs. `store` and `tally` may be NULL. */
void numbers_of_pipeline(struct sensor_numbers *n, const struct pipeline_stats *stats);
void numbers_of_capture(struct sensor_numbers *n, const struct capture_counters *counters);
void numbers_of_store(
    struct sensor_numbers *n, const struct store *store, const struct tally *tally);
void numbers_of_alerting(struct sensor_numbers *n, const struct alerting *alerting);

/* Adds another worker's. */
void numbers_add(struct sensor_numbers *sum, const struct sensor_numbers *other);

/* Whoever counted *last is dead: its counters are added to *before, and *last begins anew. */
void numbers_bury(struct sensor_numbers *before, struct sensor_numbers *last);

/* Tells Redis with the next heartbeats. */
void numbers_report(const struct sensor_numbers *n, struct store *store);

#endif
