/* What the sensor says of its own work. */
#include "progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S  1000000000ull
#define REDRAW_NS 200000000ull /* five times a second is smooth enough */

uint64_t progress_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

void progress_begin(struct progress *p, bool replay)
{
	*p = (struct progress){
	    .terminal = replay && isatty(STDERR_FILENO), .began_ns = progress_clock()};
	p->next_ns = p->began_ns + REDRAW_NS;
}

static double megabytes(uint64_t bytes)
{
	return (double)bytes / 1e6;
}

void progress_show(struct progress *p, uint64_t now_ns, const struct capture_counters *c,
    const struct pipeline_stats *stats)
{
	double seconds = (double)(now_ns - p->began_ns) / (double)NS_PER_S, left;

	if (!p->terminal || now_ns < p->next_ns)
		return;
	p->next_ns = now_ns + REDRAW_NS;
	p->shown = true;
	fprintf(stderr, "\r\033[K%.1f", megabytes(c->bytes_read));
	if (c->bytes_total > 0)
		fprintf(stderr, " of %.1f", megabytes(c->bytes_total));
	fprintf(stderr, " MB, %.0f packets/s, %llu sessions", (double)stats->packets / seconds,
	    (unsigned long long)stats->sessions);
	if (c->bytes_total > 0 && c->bytes_read > 0 && c->bytes_read <= c->bytes_total) {
		left = seconds * (double)(c->bytes_total - c->bytes_read) / (double)c->bytes_read;
		fprintf(stderr, ", %.0f s left", left);
	}
	fflush(stderr);
}

void progress_clear(struct progress *p)
{
	if (p->shown)
		fputs("\r\033[K", stderr);
	p->shown = false;
}

void progress_stats(
    const struct capture_counters *c, const struct pipeline_stats *s, uint64_t records_lost)
{
	const struct {
		const char *name;
		uint64_t value;
	} numbers[] = {
	    {"packets", s->packets},
	    {"bytes", s->bytes},
	    {"segments", s->segments},
	    {"sessions", s->sessions},
	    {"flows_open", s->flows_open},
	    {"flows_evicted", s->flows_evicted},
	    {"half_open_expired", s->half_open_expired},
	    {"gaps", s->gaps},
	    {"gap_bytes", s->gap_bytes},
	    {"cut_bytes", s->cut_bytes},
	    {"overlap_conflicts", s->overlap_conflicts},
	    {"dropped_kernel", c->dropped_kernel},
	    {"dropped_interface", c->dropped_interface},
	    {"records_lost", records_lost},
	};

	fputs("tlsvane-sensor: stats", stderr);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		fprintf(stderr, " %s=%llu", numbers[i].name, (unsigned long long)numbers[i].value);
	putc('\n', stderr);
}

static void say_loss(const char *what, uint64_t count)
{
	if (count > 0)
		fprintf(stderr, "tlsvane-sensor: %llu %s: some verdicts are less sure\n",
		    (unsigned long long)count, what);
}

void progress_summary(const struct progress *p, const struct capture_counters *c,
    const struct pipeline_stats *s, uint64_t records_lost)
{
	double seconds = (double)(progress_clock() - p->began_ns) / (double)NS_PER_S;

	fprintf(stderr,
	    "tlsvane-sensor: %llu packets, %llu of them mail, %llu sessions in %.1f s\n",
	    (unsigned long long)s->packets, (unsigned long long)s->segments,
	    (unsigned long long)s->sessions, seconds);
	say_loss("packets dropped by the kernel", c->dropped_kernel);
	say_loss("packets dropped by the interface", c->dropped_interface);
	say_loss("bytes missing from the capture", s->gap_bytes);
	say_loss("bytes cut off by the snap length", s->cut_bytes);
	say_loss("segments dropped for lack of reassembly memory", s->held_refused);
	say_loss("flows given up at the cap", s->flows_evicted);
	say_loss("records not counted everywhere, for lack of memory", records_lost);
}
