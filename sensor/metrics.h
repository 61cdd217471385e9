/*
 * /metrics for Prometheus (text format 0.0.4) over HTTP, by libmicrohttpd: the sensor's own
 * numbers, and sessions by outcome and version. On loopback or a Unix socket alone, since it asks
 * nobody who they are. No thread of its own and nothing that blocks: whoever owns it calls
 * metrics_run(). Everything is loaded and opened by metrics_open(); later it takes accept4,
 * epoll_ctl, epoll_wait, fcntl, recv, send, sendmsg, setsockopt, shutdown, close, and memory.
 */
#ifndef TLSVANE_METRICS_H
#define TLSVANE_METRICS_H

#include <stdio.h>

#include "numbers.h"
#include "record.h"

#define METRICS_ERROR_MAX 512
#define METRICS_EXAMPLE	  "127.0.0.1:9125"

/* Sessions: by outcome and version, by the side that is to blame. */
#define METRICS_VERSIONS 8 /* see metrics_version_name() */

struct metrics_sessions {
	uint64_t by_outcome[OUTCOMES][METRICS_VERSIONS];
	uint64_t by_side[LEGACY_SIDES];
};

struct metrics;

/* Listens at "127.0.0.1:PORT", "[::1]:PORT" or "unix:/path" (mode 0660; one that nobody answers is
 * replaced). NULL: `error` says what and the mend. */
struct metrics *metrics_open(const char *address, char error[METRICS_ERROR_MAX]);
void metrics_close(struct metrics *m);

/* Counts a session. */
void metrics_record(struct metrics *m, const struct record *r);

/* The numbers that the next answers show (copied). */
void metrics_update(struct metrics *m, const struct sensor_numbers *n);

/* Answers whom it can without waiting: to be called often, or when metrics_fd() is readable, and at
 * least every second for time-outs. */
void metrics_run(struct metrics *m);
int metrics_fd(const struct metrics *m);

/* ---- metrics_write.c ---- */

void metrics_count(struct metrics_sessions *sessions, const struct record *r);

/* "TLSv1.0" and its like, "none" where no version was negotiated, "other"; version <
 * METRICS_VERSIONS
 */
const char *metrics_version_name(unsigned version);

/* The whole answer. `started`: seconds since the epoch. */
void metrics_write(FILE *to, const struct sensor_numbers *n,
    const struct metrics_sessions *sessions, double started);

/* ---- metrics_listen.c ---- */

/* A listening socket that does not wait, or -1 with `error` (which begins with `option`) filled.
 * *path: the Unix socket's, within `address`; NULL: TCP. */
int metrics_listen(
    const char *option, const char *address, const char **path, char error[METRICS_ERROR_MAX]);

#endif
