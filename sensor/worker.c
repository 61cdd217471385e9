/* The loop over packets. */
#include "worker.h"

#include <stdlib.h>

#include "clock.h"
#include "limits.h"

#define NS_PER_MS 1000000ull

struct worker {
	struct worker_options options;
	struct pipeline *pipeline;
	uint64_t seen_ns;   /* the stamp of the last packet that was read live */
	uint64_t shared_ns; /* monotonic: until when packets may be another's */
	bool began;	    /* the first of its own was read */
	bool over;
};

static void tell_capture(void *capture, const struct flow *f, bool over)
{
	capture_shunt(capture, f, over);
}

struct worker *worker_new(const struct worker_options *options)
{
	struct worker *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	w->options = *options;
	if (capture_shunts(options->capture)) {
		w->options.pipeline.told = tell_capture;
		w->options.pipeline.told_context = options->capture;
	}
	w->pipeline = pipeline_new(&w->options.pipeline);
	if (w->pipeline != NULL)
		return w;
	free(w);
	return NULL;
}

void worker_free(struct worker *w)
{
	if (w != NULL)
		pipeline_free(w->pipeline);
	free(w);
}

bool worker_is_ours(const struct worker *w, uint64_t ns)
{
	return ns >= w->options.since_ns || clock_ns(CLOCK_MONOTONIC) >= w->shared_ns;
}

static void take_packet(
    void *context, int link_type, uint64_t ns, const uint8_t *frame, size_t captured, size_t length)
{
	struct worker *w = context;

	w->seen_ns = ns;
	pipeline_packet(w->pipeline, link_type, ns, frame, captured, length);
}

static void take_later_packet(
    void *context, int link_type, uint64_t ns, const uint8_t *frame, size_t captured, size_t length)
{
	struct worker *w = context;

	w->began = w->began || worker_is_ours(w, ns);
	if (w->began)
		take_packet(w, link_type, ns, frame, captured, length);
}

static void take_own_packet(
    void *context, int link_type, uint64_t ns, const uint8_t *frame, size_t captured, size_t length)
{
	struct worker *w = context;

	unsigned place = steer_place(w->options.steer, link_type, frame, captured);

	if (place == w->options.index || place == w->options.places)
		pipeline_packet(w->pipeline, link_type, ns, frame, captured, length);
}

int worker_run(struct worker *w)
{
	const struct worker_options *o = &w->options;
	capture_packet *take = o->steer != NULL	 ? take_own_packet
			       : o->since_ns > 0 ? take_later_packet
						 : take_packet;
	char error[CAPTURE_ERROR_MAX];
	bool going = true;
	int count = 0;

	w->shared_ns = clock_ns(CLOCK_MONOTONIC) + LIMIT_SHARE_MS * NS_PER_MS;
	while (count >= 0) {
		count = capture_dispatch(o->capture, take, w, error);
		pipeline_flush(w->pipeline);
		if (count == 0 && o->live) /* time passes; a replay has the capture's own */
			pipeline_tick(w->pipeline, clock_ns(CLOCK_REALTIME));
		if (o->between(o->context) || !going)
			continue;
		going = false;
		capture_stop(o->capture);
	}
	w->over = true;
	if (count != -2 || !going) /* a stop in the middle of a pipe's packet is no failure */
		return 0;
	o->failed(o->context, error);
	return -1;
}

void worker_finish(struct worker *w)
{
	pipeline_finish(w->pipeline);
}

bool worker_has_seen(const struct worker *w, uint64_t ns)
{
	const uint64_t patience = LIMIT_MERGE_MS * NS_PER_MS;
	uint64_t now = clock_ns(CLOCK_REALTIME);

	return w->over || w->seen_ns >= ns || now >= ns + patience || ns > now + patience;
}

void worker_packet(
    struct worker *w, int link_type, uint64_t ns, const uint8_t *frame, size_t length)
{
	pipeline_packet(w->pipeline, link_type, ns, frame, length, length);
}

void worker_numbers(struct worker *w, struct sensor_numbers *numbers)
{
	struct capture_counters counters;

	capture_counters(w->options.capture, &counters);
	numbers_of_pipeline(numbers, pipeline_stats(w->pipeline));
	numbers_of_capture(numbers, &counters);
}
