/*
 * What becomes of records: rules -> alerts, tally -> Redis, JSON; and what the sensor tells of its
 * own work. It never sees a packet. In a replay it shares a process with the worker; else it is a
 * process of its own (recorder_process.h).
 */
#ifndef TLSVANE_RECORDER_H
#define TLSVANE_RECORDER_H

#include <stdio.h>

#include "board.h"
#include "message.h"
#include "sensor_options.h"

enum { EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct recorder;

struct recorder_options {
	const struct sensor_options *sensor; /* kept, not copied */
	FILE *json;			     /* becomes the recorder's own; NULL: none */
	pid_t holder;			     /* the process that holds the sensor's name in Redis */
	struct board *board;		     /* NULL: there is but one process */
	/* Fills in what all workers did so far. */
	void (*numbers)(void *context, struct sensor_numbers *numbers);
	/* Called some times a second while the reader of --json is waited for; may be NULL. */
	void (*wait)(void *context);
	void *context;
};

/* Opens rules, journal, Redis and spool, then begins with the board. NULL with *status: one line or
 * more has said why. */
struct recorder *recorder_open(const struct recorder_options *options, int *status);

void recorder_take(struct recorder *r, const struct record *record);

/* What is due by the clock; to be called often. False: nobody takes records any more. */
bool recorder_tick(struct recorder *r);

/* Loads the rules anew, and begins a --json FILE anew that was moved away. */
void recorder_reload(struct recorder *r);

/* Something could not be done that others have told of; the rest went on. */
void recorder_fail(struct recorder *r);

/* All numbers there are. */
void recorder_numbers(const struct recorder *r, struct sensor_numbers *numbers);

#define RECORDER_STATUS_MAX 256

/* A line for "systemctl status". */
void recorder_status(const struct recorder *r, char line[RECORDER_STATUS_MAX]);

/* Carries out the actions that wait. */
void recorder_finish(struct recorder *r);

/* Writes what waits, or puts it into the spool; frees *r. The exit status. */
int recorder_close(struct recorder *r);

#endif
