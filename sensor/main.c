/* tlsvane-sensor: captures or replays, records, counts. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../rules/packs.h"
#include "alerting.h"
#include "limits.h"
#include "log.h"
#include "metrics.h"
#include "notify.h"
#include "numbers.h"
#include "pipeline.h"
#include "progress.h"
#include "sensor_options.h"
#include "store.h"

#define NS_PER_S	 1000000000ull
#define METRICS_EVERY_NS 50000000ull /* a scrape may wait so long, a busy link does not */

enum { EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct sensor {
	struct sensor_options options;
	struct capture *capture;
	struct pipeline *pipeline;
	struct tally *tally; /* NULL without Redis */
	struct store *store;
	struct alerting *alerting; /* NULL without --rules */
	struct metrics *metrics;   /* NULL without --metrics */
	FILE *json;		   /* NULL without --json */
	struct progress progress;
	struct sensor_numbers numbers; /* as of the last count() */
	uint64_t next_flush_ns, next_stats_ns, next_status_ns, next_metrics_ns;
	bool live;   /* packets come when they come: an interface, or standard input */
	bool failed; /* something could not be done; the rest went on */
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

static const char *json_name(const struct sensor *s)
{
	return strcmp(s->options.json, "-") == 0 ? "standard output" : s->options.json;
}

/* Said once; what else takes records goes on. */
static void give_up_json(struct sensor *s)
{
	log_say(LOG_LEVEL_ERROR, "%s: cannot write records: %s; make room there and start again",
	    json_name(s), strerror(errno));
	s->failed = true;
	if (s->json != NULL && s->json != stdout)
		fclose(s->json);
	s->json = NULL;
	if (s->tally == NULL && s->alerting == NULL) /* nobody takes records any more */
		stopping = 1;
}

static void take_record(void *context, const struct record *r)
{
	struct sensor *s = context;

	if (s->alerting != NULL)
		alerting_record(s->alerting, r);
	if (s->tally != NULL)
		(void)tally_add(s->tally, r); /* what it cannot take it counts */
	if (s->metrics != NULL)
		metrics_record(s->metrics, r);
	if (s->json == NULL)
		return;
	record_write_json(s->json, r);
	if (ferror(s->json))
		give_up_json(s);
}

static void take_packet(
    void *context, int link_type, uint64_t ns, const uint8_t *frame, size_t captured, size_t length)
{
	struct sensor *s = context;

	pipeline_packet(s->pipeline, link_type, ns, frame, captured, length);
}

static void count(struct sensor *s)
{
	struct capture_counters c;

	capture_counters(s->capture, &c);
	numbers_of_pipeline(&s->numbers, pipeline_stats(s->pipeline));
	numbers_of_capture(&s->numbers, &c);
	numbers_of_store(&s->numbers, s->store, s->tally);
	numbers_of_alerting(&s->numbers, s->alerting);
}

static void report_numbers(struct sensor *s)
{
	count(s);
	numbers_report(&s->numbers, s->store);
}

/* Behind SIGHUP: the rules as they are now, and a --json FILE that was moved away begun anew. */
static void reload(struct sensor *s)
{
	reloading = 0;
	notify_reloading();
	if (s->alerting != NULL)
		alerting_reload(s->alerting);
	if (s->json != NULL && s->json != stdout &&
	    freopen(s->options.json, "a", s->json) == NULL) {
		s->json = NULL;
		give_up_json(s);
	}
	notify_ready("");
	s->next_status_ns = 0;
}

static void serve_metrics(struct sensor *s, uint64_t now)
{
	s->next_metrics_ns = now + METRICS_EVERY_NS;
	count(s);
	metrics_update(s->metrics, &s->numbers);
	metrics_run(s->metrics);
}

/* A line for "systemctl status". */
static void tell_status(struct sensor *s, uint64_t now)
{
	char line[256];

	count(s);
	snprintf(line, sizeof(line), "%.80s: %llu packets, %llu sessions, %llu dropped%s",
	    s->options.source, (unsigned long long)s->numbers.packets,
	    (unsigned long long)s->numbers.sessions,
	    (unsigned long long)(s->numbers.dropped_kernel + s->numbers.dropped_interface),
	    s->store != NULL && !s->numbers.redis_connected ? "; Redis is away" : "");
	notify_status(line);
	s->next_status_ns = now + LIMIT_HEARTBEAT_S * NS_PER_S;
}

/* What is due by the clock, between two batches of packets. */
static void housekeep(struct sensor *s)
{
	uint64_t now = progress_clock();
	struct capture_counters c;

	if (reloading)
		reload(s);
	if (s->alerting != NULL)
		alerting_tick(s->alerting);
	if (s->store != NULL && now >= s->next_flush_ns) {
		report_numbers(s);
		(void)store_flush(
		    s->store); /* away or refusing: it has said so, and keeps what waits */
		s->next_flush_ns = progress_clock() + LIMIT_FLUSH_S * NS_PER_S;
	}
	if (s->json != NULL && s->live && fflush(s->json) != 0)
		give_up_json(s);
	if (s->options.stats_s > 0 && now >= s->next_stats_ns) {
		count(s);
		log_numbers(&s->numbers);
		s->next_stats_ns = now + s->options.stats_s * NS_PER_S;
	}
	notify_alive();
	if (s->metrics != NULL && now >= s->next_metrics_ns)
		serve_metrics(s, now);
	if (now >= s->next_status_ns)
		tell_status(s, now);
	if (s->progress.terminal && now >= s->progress.next_ns) {
		capture_counters(s->capture, &c);
		progress_show(&s->progress, now, &c, pipeline_stats(s->pipeline));
	}
}

/* Wall-clock time for flows that end because nothing more comes; a replay has the capture's own. */
static uint64_t wall_clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static void capture_all(struct sensor *s)
{
	char error[CAPTURE_ERROR_MAX];
	int count = 0;

	while (!stopping && count >= 0) {
		count = capture_dispatch(s->capture, take_packet, s, error);
		pipeline_flush(s->pipeline);
		if (count == -2 &&
		    !stopping) { /* a signal in the middle of a pipe's packet is no failure */
			log_say(LOG_LEVEL_ERROR, "%s", error);
			s->failed = true;
		}
		if (count == 0 && s->options.interface_count > 0)
			pipeline_tick(s->pipeline, wall_clock_ns());
		housekeep(s);
	}
	notify_stopping();
	pipeline_finish(s->pipeline);
	if (s->alerting != NULL)
		alerting_finish(s->alerting, LIMIT_ALERT_DRAIN_MS);
}

static bool open_json(struct sensor *s)
{
	if (s->options.json == NULL)
		return true;
	s->json = strcmp(s->options.json, "-") == 0 ? stdout : fopen(s->options.json, "a");
	if (s->json == NULL)
		log_say(LOG_LEVEL_ERROR, "--json %s: %s; give a path that this user may write",
		    s->options.json, strerror(errno));
	return s->json != NULL;
}

static bool open_metrics(struct sensor *s)
{
	char error[METRICS_ERROR_MAX];

	if (s->options.metrics == NULL)
		return true;
	s->metrics = metrics_open(s->options.metrics, error);
	if (s->metrics == NULL)
		log_say(LOG_LEVEL_ERROR, "%s", error);
	return s->metrics != NULL;
}

static bool open_capture(struct sensor *s)
{
	const struct sensor_options *o = &s->options;
	const struct capture_live live = {
	    .interfaces = o->interfaces,
	    .count = o->interface_count,
	    .ports = &o->ports,
	    .any_port = o->any_port,
	    .ring_bytes = o->ring_bytes,
	    .reopen = true,
	    .log = log_line,
	    .log_context = "capture",
	};
	char error[CAPTURE_ERROR_MAX];

	if (o->file != NULL)
		s->capture = capture_open_file(o->file, error);
	else
		s->capture = capture_open_live(&live, error);
	s->live = o->file == NULL || strcmp(o->file, "-") == 0;
	if (s->capture == NULL)
		log_say(LOG_LEVEL_ERROR, "%s", error);
	return s->capture != NULL;
}

static bool open_alerting(struct sensor *s)
{
	char journal[SENSOR_PATH_MAX + 8];
	const struct alerting_options options = {
	    .rules = s->options.rules,
	    .packs = rules_packs(),
	    .journal = s->options.spool[0] != '\0' ? journal : NULL,
	    .sensor = s->options.name,
	    .live = s->options.interface_count > 0,
	    .log = log_line,
	    .log_context = "rules",
	};

	if (s->options.rules == NULL)
		return true;
	snprintf(journal, sizeof(journal), "%s.alerts", s->options.spool);
	s->alerting = alerting_open(&options);
	return s->alerting != NULL;
}

static bool open_pipeline(struct sensor *s)
{
	struct pipeline_options options = {
	    .ports = &s->options.ports,
	    .any_port = s->options.any_port,
	    .sink = take_record,
	    .context = s,
	};

	s->pipeline = pipeline_new(&options);
	if (s->pipeline == NULL)
		log_say(LOG_LEVEL_ERROR, "out of memory");
	return s->pipeline != NULL;
}

static bool open_store(struct sensor *s)
{
	struct store_options options = {
	    .url = s->options.redis,
	    .password = s->options.password,
	    .sensor = s->options.name,
	    .source = s->options.source,
	    .retention_s = s->options.retention_s,
	    .spool_path = s->options.spool,
	    .log = log_line,
	    .log_context = "redis",
	};
	char error[STORE_ERROR_MAX];

	if (s->options.redis == NULL)
		return true;
	s->tally = tally_new(0);
	if (s->tally == NULL) {
		log_say(LOG_LEVEL_ERROR, "out of memory");
		return false;
	}
	s->store = store_open(&options, s->tally, error);
	if (s->store == NULL)
		log_say(LOG_LEVEL_ERROR, "%s", error);
	return s->store != NULL &&
	       (s->alerting == NULL || alerting_attach(s->alerting, s->store, s->tally) == 0);
}

static void close_store(struct sensor *s)
{
	if (s->store == NULL)
		return;
	report_numbers(s);
	(void)store_drain(
	    s->store, LIMIT_DRAIN_MS); /* what still waits then, store_close puts into the spool */
	report_numbers(s);
	if (store_close(s->store) != 0)
		s->failed = true;
}

static void close_alerting(struct sensor *s)
{
	if (alerting_close(s->alerting) != 0)
		s->failed = true;
}

static void close_json(struct sensor *s)
{
	if (s->json != NULL && fflush(s->json) != 0)
		give_up_json(s);
	if (s->json != NULL && s->json != stdout)
		fclose(s->json);
}

static void run(struct sensor *s)
{
	catch_signals(s->capture);
	progress_begin(&s->progress, s->options.file != NULL);
	s->next_stats_ns = progress_clock() + s->options.stats_s * NS_PER_S;
	s->next_flush_ns = progress_clock() + LIMIT_FLUSH_S * NS_PER_S;
	notify_ready("");
	capture_all(s);
	progress_clear(&s->progress);
	count(s);
	progress_summary(&s->progress, &s->numbers);
}

int main(int argc, char **argv)
{
	struct sensor s = {0};
	enum sensor_options_result parsed;

	log_open();
	notify_open();
	parsed = sensor_options_parse(&s.options, argc, argv);
	if (parsed != OPTIONS_RUN) {
		sensor_options_free(&s.options);
		return parsed == OPTIONS_DONE ? 0 : EXIT_USAGE;
	}
	log_field("sensor", s.options.name);
	log_field("source", s.options.source);
	if (!open_alerting(&s) || !open_capture(&s) || !open_json(&s) || !open_metrics(&s)) {
		s.failed = true;
		close_alerting(&s);
		capture_close(s.capture);
		sensor_options_free(&s.options);
		return EXIT_USAGE;
	}
	if (open_pipeline(&s) && open_store(&s))
		run(&s);
	else
		s.failed = true;
	close_store(&s);
	close_alerting(&s);
	close_json(&s);
	metrics_close(s.metrics);
	tally_free(s.tally);
	pipeline_free(s.pipeline);
	capture_close(s.capture);
	sensor_options_free(&s.options);
	return s.failed ? EXIT_FAILED : 0;
}
