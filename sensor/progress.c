/* What the sensor says of its own work. */
#include "progress.h"

#include <stdio.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"

#define NS_PER_S  1000000000ull
#define REDRAW_NS 200000000ull /* five times a second is smooth enough */

uint64_t progress_clock(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

void progress_begin(struct progress *p, bool replay)
{
	*p = (struct progress){
	    .terminal = replay && isatty(STDERR_FILENO), .began_ns = progress_clock()};
	p->next_ns = p->began_ns + REDRAW_NS;
	log_before(progress_clear, p);
}

static double megabytes(uint64_t bytes)
{
	return (double)bytes / 1e6;
}

void progress_show(struct progress *p, uint64_t now_ns, const struct capture_counters *c,
    const struct sensor_numbers *n)
{
	double seconds = (double)(now_ns - p->began_ns) / (double)NS_PER_S, left;

	if (!p->terminal || now_ns < p->next_ns)
		return;
	p->next_ns = now_ns + REDRAW_NS;
	p->shown = true;
	fprintf(stderr, "\r\033[K%.1f", megabytes(c->bytes_read));
	if (c->bytes_total > 0)
		fprintf(stderr, " of %.1f", megabytes(c->bytes_total));
	fprintf(stderr, " MB, %.0f packets/s, %llu sessions", (double)n->packets / seconds,
	    (unsigned long long)n->sessions);
	if (c->bytes_total > 0 && c->bytes_read > 0 && c->bytes_read <= c->bytes_total) {
		left = seconds * (double)(c->bytes_total - c->bytes_read) / (double)c->bytes_read;
		fprintf(stderr, ", %.0f s left", left);
	}
	fflush(stderr);
}

void progress_clear(void *context)
{
	struct progress *p = context;

	if (p->shown)
		fputs("\r\033[K", stderr);
	p->shown = false;
}

static const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

static void say_loss(const char *what, uint64_t count)
{
	if (count > 0)
		log_say(LOG_LEVEL_WARNING, "%llu %s: some verdicts are less sure",
		    (unsigned long long)count, what);
}

void progress_summary(const struct progress *p, const struct sensor_numbers *n)
{
	double seconds = (double)(progress_clock() - p->began_ns) / (double)NS_PER_S;

	log_say(LOG_LEVEL_INFO, "%llu packet%s, %llu of them mail, %llu session%s in %.1f s",
	    (unsigned long long)n->packets, plural(n->packets), (unsigned long long)n->segments,
	    (unsigned long long)n->sessions, plural(n->sessions), seconds);
	say_loss("packets dropped by the kernel", n->dropped_kernel);
	say_loss("packets dropped by the interface", n->dropped_interface);
	say_loss("bytes missing from the capture", n->gap_bytes);
	say_loss("bytes cut off by the snap length", n->cut_bytes);
	say_loss("segments too far ahead of their stream, or without room for reassembly",
	    n->held_refused);
	say_loss("flows given up at the cap", n->flows_evicted);
	say_loss("dialogues not read further at the cap", n->sessions_evicted);
	say_loss("sessions told before their end, for lack of memory", n->records_early);
	say_loss("records not counted everywhere, for lack of memory",
	    n->records_lost - n->records_died);
	say_loss("records lost with the process that had them", n->records_died);
	say_loss("connections that were open when their worker died", n->flows_lost);
}
