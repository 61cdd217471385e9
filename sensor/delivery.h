/*
 * The queue of actions: by target in order, one at a time, tried again with back-off, held to a
 * rate or gathered into digests, given up at last, and counted. Pure: no clock and no I/O; times
 * are the caller's, in ms of a clock that does not jump.
 */
#ifndef TLSVANE_DELIVERY_H
#define TLSVANE_DELIVERY_H

#include "action_job.h"

struct delivery;

enum delivery_result {
	DELIVERY_STARTED, /* delivery_answer follows */
	DELIVERY_DONE,
	DELIVERY_FAILED,  /* may go well later */
	DELIVERY_REFUSED, /* never will */
};

struct delivery_options {
	/* Carries out a list of jobs (more than one: as one message). They stay the queue's. `why`
	 * (of LIMIT_ACTION_OUTPUT bytes) is filled in with a failure. */
	enum delivery_result (*start)(
	    void *context, uint64_t number, const struct action_job *jobs, size_t count, char *why);
	/* A job is over, for good or bad; it is freed behind it. */
	void (*over)(void *context, const struct action_job *job, bool delivered);
	/* A target begins to fail, works again, or a job was given up: one line. */
	void (*log)(void *context, const char *line);
	void *context;
};

struct delivery_stats {
	size_t waiting;	    /* jobs that are not over */
	uint64_t delivered; /* jobs */
	uint64_t failures;  /* tries that went wrong */
	uint64_t given_up;  /* jobs, for want of room too */
};

/* NULL when memory is short. */
struct delivery *delivery_new(const struct delivery_options *options);
void delivery_free(struct delivery *d);

/* Takes a job (and frees it when it is over). One too many is given up at once. */
void delivery_add(struct delivery *d, struct action_job *job, uint64_t now_ms);

/* Starts what is due. `hurry`: digests and rates are not waited for. */
void delivery_tick(struct delivery *d, uint64_t now_ms, bool hurry);

/* The end of what start() began under this number; others are passed over. */
void delivery_answer(struct delivery *d, uint64_t number, enum delivery_result result,
    const char *why, uint64_t now_ms);

/* Whoever carried them out is gone: everything started counts as failed. */
void delivery_lost(struct delivery *d, const char *why, uint64_t now_ms);

void delivery_stats(const struct delivery *d, struct delivery_stats *stats);

/* Every job that is not over, in order. */
void delivery_each(const struct delivery *d,
    void (*each)(void *context, const struct action_job *job), void *context);

#endif
