/*
 * What becomes of packets until they are records: capture -> pipeline -> sink. In a replay the
 * recorder is in the same process; else a worker is a process of its own (worker_process.h).
 */
#ifndef TLSVANE_WORKER_H
#define TLSVANE_WORKER_H

#include "message.h"
#include "steer.h"

struct worker_options {
	struct capture *capture; /* stays the caller's */
	struct pipeline_options pipeline;
	struct steer *steer; /* take of the packets those of place `index`; NULL: all */
	unsigned index, places;
	uint64_t since_ns; /* live: packets stamped before it are not ours (worker_is_ours) */
	bool live;	   /* an interface: time passes without packets, too */
	/* Called between two batches of packets, and at least every 100 ms or so. False: stop, when
	 * what the kernel has by then is read (capture_stop). */
	bool (*between)(void *context);
	void (*failed)(void *context, const char *line); /* the capture ended early; one line */
	void *context;
};

struct worker;

/* NULL when memory is short. */
struct worker *worker_new(const struct worker_options *options);
void worker_free(struct worker *w);

/* Reads packets until `between` says no, or the file ends. 0, or -1 when the capture failed; what
 * was read before it was used. */
int worker_run(struct worker *w);

/* Ends every open flow. */
void worker_finish(struct worker *w);

/* Live: whether a packet is behind since_ns, as far as its stamp tells: the clock may have been set
 * back. For LIMIT_SHARE_MS an earlier one is another's; then all are ours. */
bool worker_is_ours(const struct worker *w, uint64_t ns);

/* Live: whether the packets before a time were read, as far as they are to be waited for: the
 * kernel keeps some for a while. A time far ahead is of a clock that was set back since, and not
 * waited for. Behind worker_run they all were. */
bool worker_has_seen(const struct worker *w, uint64_t ns);

/* One more packet, from elsewhere; between two batches. */
void worker_packet(
    struct worker *w, int link_type, uint64_t ns, const uint8_t *frame, size_t length);

/* What it did so far; the rest of *numbers stays. */
void worker_numbers(struct worker *w, struct sensor_numbers *numbers);

#endif
