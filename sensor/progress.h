/* How far a replay is, on a terminal; and the last lines of the log. */
#ifndef TLSVANE_PROGRESS_H
#define TLSVANE_PROGRESS_H

#include "capture.h"
#include "numbers.h"

struct progress {
	bool terminal;	   /* stderr is one, and a replay runs */
	bool shown;	   /* a progress line stands on the screen */
	uint64_t began_ns; /* monotonic */
	uint64_t next_ns;  /* when the line is due again */
};

/* Monotonic time in ns. */
uint64_t progress_clock(void);

/* *p stays where it is from now on. */
void progress_begin(struct progress *p, bool replay);

/* Draws the progress line when it is due: bytes, packets a second, sessions, time left. */
void progress_show(struct progress *p, uint64_t now_ns, const struct capture_counters *c,
    const struct sensor_numbers *n);

/* Takes the line off the screen, so that something else can be said; the log does so by itself. */
void progress_clear(void *progress);

/* The last lines: what was read, and every loss that makes the answer less sure. */
void progress_summary(const struct progress *p, const struct sensor_numbers *n);

#endif
