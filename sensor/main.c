/*
 * tlsvane-sensor: captures or replays, records, counts. A replay is one process: worker and
 * recorder, one calls the other. With --workers, and live, it is three kinds of them
 * (supervisor.h).
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "limits.h"
#include "log.h"
#include "notify.h"
#include "progress.h"
#include "recorder.h"
#include "supervisor.h"
#include "worker.h"

struct replay {
	const struct sensor_options *options;
	struct capture *capture;
	struct worker *worker;
	struct recorder *recorder;
	struct progress progress;
	uint64_t next_status_ns;
};

/* Set by a signal; the capture is told to return early. */
static volatile sig_atomic_t stopping, reloading;
static struct capture *signal_capture;

static void on_stop(int number)
{
	(void)number;
	if (stopping)
		_exit(EXIT_FAILED);
	stopping = 1;
	if (signal_capture != NULL)
		capture_break(signal_capture);
}

static void on_reload(int number)
{
	(void)number;
	reloading = 1;
}

static void catch_signals(struct capture *capture)
{
	struct sigaction stop = {.sa_handler = on_stop}, ignore = {.sa_handler = SIG_IGN};
	struct sigaction reload = {.sa_handler = on_reload, .sa_flags = SA_RESTART};

	signal_capture = capture;
	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGHUP, &reload, NULL);
	sigaction(
	    SIGPIPE, &ignore, NULL); /* a Redis or reader that is gone is an error, not a death */
}

static void take_record(void *context, const struct record *record)
{
	struct replay *r = context;

	recorder_take(r->recorder, record);
}

static void take_failure(void *context, const char *line)
{
	struct replay *r = context;

	log_say(LOG_LEVEL_ERROR, "%s", line);
	recorder_fail(r->recorder);
}

static void tell_numbers(void *context, struct sensor_numbers *numbers)
{
	struct replay *r = context;

	if (r->worker != NULL)
		worker_numbers(r->worker, numbers);
}

static void reload(struct replay *r)
{
	reloading = 0;
	notify_reloading();
	recorder_reload(r->recorder);
	notify_ready("");
	r->next_status_ns = 0;
}

static void tell_status(struct replay *r, uint64_t now)
{
	char line[RECORDER_STATUS_MAX];

	recorder_status(r->recorder, line);
	notify_status(line);
	r->next_status_ns = now + LIMIT_HEARTBEAT_S * 1000000000ull;
}

static void show_progress(struct replay *r, uint64_t now)
{
	struct sensor_numbers n = {0};
	struct capture_counters c;

	worker_numbers(r->worker, &n);
	capture_counters(r->capture, &c);
	progress_show(&r->progress, now, &c, &n);
}

/* What is due by the clock, between two batches of packets. */
static bool housekeep(void *context)
{
	struct replay *r = context;
	uint64_t now = progress_clock();

	if (reloading)
		reload(r);
	if (!recorder_tick(r->recorder))
		stopping = 1;
	notify_alive();
	if (now >= r->next_status_ns)
		tell_status(r, now);
	if (r->progress.terminal && now >= r->progress.next_ns)
		show_progress(r, now);
	return !stopping;
}

static bool open_worker(struct replay *r)
{
	const struct worker_options options = {
	    .capture = r->capture,
	    .pipeline = {.ports = &r->options->ports,
		.any_port = r->options->any_port,
		.ignore_vlan = r->options->ignore_vlan,
		.flows_max = r->options->flows_max,
		.sessions_max = r->options->sessions_max,
		.sink = take_record,
		.context = r},
	    .between = housekeep,
	    .failed = take_failure,
	    .context = r,
	};

	r->worker = worker_new(&options);
	if (r->worker == NULL)
		log_say(LOG_LEVEL_ERROR, "out of memory");
	return r->worker != NULL;
}

static int run(struct replay *r)
{
	struct sensor_numbers numbers;
	int status;

	catch_signals(r->capture);
	progress_begin(&r->progress, true);
	notify_ready("");
	worker_run(r->worker);
	worker_finish(r->worker);
	notify_stopping();
	recorder_finish(r->recorder);
	progress_clear(&r->progress);
	recorder_numbers(r->recorder, &numbers);
	progress_summary(&r->progress, &numbers);
	status = recorder_close(r->recorder);
	worker_free(r->worker);
	return status;
}

static bool open_json(const struct sensor_options *o, FILE **json)
{
	*json = NULL;
	if (o->json == NULL)
		return true;
	*json = strcmp(o->json, "-") == 0 ? stdout : fopen(o->json, "ae");
	if (*json == NULL)
		log_say(LOG_LEVEL_ERROR, "--json %s: %s; give a path that this user may write",
		    o->json, strerror(errno));
	return *json != NULL;
}

static bool open_capture(struct replay *r)
{
	const struct sensor_options *o = r->options;
	char error[CAPTURE_ERROR_MAX];

	r->capture = capture_open_file(o->file, error);
	if (r->capture == NULL)
		log_say(LOG_LEVEL_ERROR, "%s", error);
	return r->capture != NULL;
}

static int replay(const struct sensor_options *o)
{
	struct replay r = {.options = o};
	struct recorder_options options = {.sensor = o, .numbers = tell_numbers, .context = &r};
	int status = EXIT_USAGE;

	if (open_capture(&r) && open_json(o, &options.json))
		r.recorder = recorder_open(&options, &status);
	if (r.recorder != NULL && open_worker(&r)) {
		status = run(&r);
	} else if (r.recorder != NULL) {
		recorder_close(r.recorder);
		status = EXIT_FAILED;
	}
	capture_close(r.capture);
	return status;
}

int main(int argc, char **argv)
{
	struct sensor_options options;
	enum sensor_options_result parsed;
	int status;

	log_open();
	notify_open();
	parsed = sensor_options_parse(&options, argc, argv);
	if (parsed != OPTIONS_RUN) {
		sensor_options_free(&options);
		return parsed == OPTIONS_DONE ? 0 : EXIT_USAGE;
	}
	log_field("sensor", options.name);
	log_field("source", options.source);
	status = options.workers > 0 ? supervise(&options) : replay(&options);
	sensor_options_free(&options);
	return status;
}
