/*
 * The recorder as a process: takes what workers send, each message checked, and tells the
 * supervisor that it lives. What it sums up stands on the board, which outlives it.
 */
#ifndef TLSVANE_RECORDER_PROCESS_H
#define TLSVANE_RECORDER_PROCESS_H

#include "recorder.h"

struct recorder_process {
	const struct sensor_options *options;
	FILE *json; /* NULL: none */
	int board;
	int channel[LIMIT_WORKERS]; /* from the worker of each place */
	int control;		    /* to the supervisor */
	pid_t supervisor;
};

/* Exits with the sensor's status when told to stop. */
_Noreturn void recorder_process(const struct recorder_process *p);

#endif
