/*
 * A worker as a process: reads packets, sends records and numbers to the recorder (message.h) and
 * signs of life to the supervisor (control.h), and may do nothing else.
 */
#ifndef TLSVANE_WORKER_PROCESS_H
#define TLSVANE_WORKER_PROCESS_H

#include "sensor_options.h"
#include "limits.h"
#include "worker.h"

/* How it exits when its capture ended early, as it has told the log. */
enum { EXIT_CAPTURE = 3 };

struct worker_process {
	const struct sensor_options *options;
	struct capture *capture;
	struct steer *steer; /* NULL: it has no others beside it */
	unsigned index, places;
	uint32_t generation;
	uint64_t since_ns; /* packets stamped before it are another's */
	int channel;	   /* to the recorder */
	/* Live, with others: of handover.h. */
	int handed;		    /* what the first worker has for it; -1: nothing */
	int hand_to[LIMIT_WORKERS]; /* the first worker's: to the others */
	int control;		    /* to the supervisor */
};

/* Exits with 0 at the end of the file or when told to stop; EXIT_CAPTURE; EXIT_USAGE where it
 * cannot be confined. */
_Noreturn void worker_process(const struct worker_process *p);

#endif
