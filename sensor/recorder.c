/* Records -> alerts, Redis, JSON. */
#include "recorder.h"

#include <stdlib.h>
#include <string.h>

#include "../rules/packs.h"
#include "alerting.h"
#include "compare.h"
#include "json_output.h"
#include "limits.h"
#include "log.h"
#include "metrics.h"
#include "progress.h" /* its clock */
#include "store.h"

#define NS_PER_S	 1000000000ull
#define METRICS_EVERY_NS 50000000ull /* a scrape may wait so long, a busy link does not */

struct recorder {
	struct recorder_options options;
	struct compare *compare;
	struct tally *tally; /* NULL without Redis */
	struct store *store;
	struct alerting *alerting; /* NULL without --rules */
	struct metrics *metrics;   /* NULL without --metrics */
	struct json_output *json;  /* NULL without --json */
	uint64_t next_flush_ns, next_stats_ns, next_metrics_ns;
	struct redo *redo; /* of what was taken; NULL: there is but one process */
	bool failed;	   /* something could not be done; the rest went on */
};

void recorder_take(struct recorder *r, const struct record *session)
{
	struct record own, *logged, *record;

	logged = r->store != NULL && r->redo != NULL ? redo_copy(r->redo, session) : NULL;
	record = logged != NULL ? logged : memcpy(&own, session, record_size(session));
	compare_session(r->compare, record);
	if (r->redo != NULL)
		redo_take(r->redo, logged);
	if (r->alerting != NULL)
		alerting_record(r->alerting, record);
	if (r->tally != NULL)
		(void)tally_add(r->tally, record); /* what it cannot take it counts */
	if (r->metrics != NULL)
		metrics_record(r->metrics, record);
	if (r->json != NULL)
		json_output_take(r->json, record);
}

/* ---- Numbers ---- */

/* A link that was down may be away by now, before its worker is heard again. */
static uint64_t links_down(uint64_t down, const struct board *b, const struct sensor_options *o)
{
	uint64_t all = down + b->links_away;

	return all < o->interface_count ? all : o->interface_count;
}

static void add_board(struct sensor_numbers *n, const struct board *b)
{
	n->workers = b->places;
	n->worker_deaths = b->worker_deaths;
	n->worker_hangs = b->worker_hangs;
	n->recorder_deaths = b->recorder_deaths;
	n->flows_lost = b->flows_lost;
	n->messages_refused = b->refused;
	n->sandboxed = b->sandboxed;
}

void recorder_numbers(const struct recorder *r, struct sensor_numbers *n)
{
	struct sensor_numbers own = {.compare_evicted = compare_evicted(r->compare),
	    .json_lost = r->json == NULL ? 0 : json_output_lost(r->json)};

	*n = (struct sensor_numbers){0};
	r->options.numbers(r->options.context, n);
	numbers_of_store(&own, r->store, r->tally);
	numbers_of_alerting(&own, r->alerting);
	if (r->options.board == NULL) {
		numbers_add(n, &own);
		return;
	}
	board_own(r->options.board, &own, n);
	add_board(n, r->options.board);
	n->links_down = links_down(n->links_down, r->options.board, r->options.sensor);
}

static void report_numbers(struct recorder *r)
{
	struct sensor_numbers n;

	recorder_numbers(r, &n);
	numbers_report(&n, r->store);
}

void recorder_status(const struct recorder *r, char line[RECORDER_STATUS_MAX])
{
	const struct sensor_options *o = r->options.sensor;
	struct sensor_numbers n;
	unsigned long long dropped;

	recorder_numbers(r, &n);
	dropped = n.dropped_kernel;
	dropped += n.dropped_interface;
	snprintf(line, RECORDER_STATUS_MAX, "%.80s: %llu packets, %llu sessions, %llu dropped%s",
	    o->source, (unsigned long long)n.packets, (unsigned long long)n.sessions, dropped,
	    r->store != NULL && !n.redis_connected ? "; Redis is away" : "");
}

static void show_numbers(struct recorder *r, uint64_t now)
{
	struct sensor_numbers n;

	if (r->options.sensor->stats_s == 0 || now < r->next_stats_ns)
		return;
	recorder_numbers(r, &n);
	log_numbers(&n);
	r->next_stats_ns = now + r->options.sensor->stats_s * NS_PER_S;
}

/* ---- By the clock ---- */

static void serve_metrics(struct recorder *r, uint64_t now)
{
	struct sensor_numbers n;

	if (r->metrics == NULL || now < r->next_metrics_ns)
		return;
	r->next_metrics_ns = now + METRICS_EVERY_NS;
	recorder_numbers(r, &n);
	metrics_update(r->metrics, &n);
	metrics_run(r->metrics);
}

static void flush(struct recorder *r, uint64_t now)
{
	if (r->store == NULL && r->redo != NULL)
		redo_empty(r->redo);
	if (r->store == NULL ||
	    (now < r->next_flush_ns && (r->redo == NULL || !redo_presses(r->redo))))
		return;
	report_numbers(r);
	(void)store_flush(r->store); /* what waits it keeps, and says so */
	r->next_flush_ns = progress_clock() + LIMIT_FLUSH_S * NS_PER_S;
}

bool recorder_tick(struct recorder *r)
{
	bool writes = r->json != NULL && json_output_tick(r->json);
	uint64_t now = progress_clock();

	if (r->alerting != NULL)
		alerting_tick(r->alerting);
	flush(r, now);
	serve_metrics(r, now);
	show_numbers(r, now);
	return writes || r->tally != NULL || r->alerting != NULL;
}

void recorder_reload(struct recorder *r)
{
	if (r->alerting != NULL)
		alerting_reload(r->alerting);
	if (r->json != NULL)
		json_output_reopen(r->json);
}

void recorder_fail(struct recorder *r)
{
	r->failed = true;
}

/* ---- Open ---- */

static bool open_alerting(struct recorder *r)
{
	const struct sensor_options *o = r->options.sensor;
	char journal[SENSOR_PATH_MAX + 8];
	const struct alerting_options options = {
	    .rules = o->rules,
	    .packs = rules_packs(),
	    .journal = o->spool[0] != '\0' ? journal : NULL,
	    .sensor = o->name,
	    .live = o->interface_count > 0,
	    .log = log_line,
	    .log_context = "rules",
	};

	if (o->rules == NULL)
		return true;
	snprintf(journal, sizeof(journal), "%s.alerts", o->spool);
	r->alerting = alerting_open(&options);
	return r->alerting != NULL;
}

static bool open_store(struct recorder *r)
{
	const struct sensor_options *o = r->options.sensor;
	struct store_options options = {
	    .url = o->redis,
	    .password = o->password,
	    .sensor = o->name,
	    .holder = r->options.holder,
	    .source = o->source,
	    .retention_s = o->retention_s,
	    .spool_path = o->spool,
	    .log = log_line,
	    .log_context = "redis",
	};
	char error[STORE_ERROR_MAX] = "out of memory";

	if (o->redis == NULL)
		return true;
	r->tally = tally_new(o->pairs_max);
	if (r->tally != NULL)
		r->store = store_open(&options, r->tally, error);
	if (r->store == NULL)
		log_say(LOG_LEVEL_ERROR, "%s", error);
	return r->store != NULL;
}

/* Behind all that may refuse to start: who has not read what the one before left did not die of
 * it. */
static bool take_over(struct recorder *r)
{
	if (r->options.board != NULL)
		board_begin(r->options.board);
	if (r->store == NULL)
		return true;
	if (r->redo != NULL)
		store_take_log(r->store, r->redo);
	return r->alerting == NULL || alerting_attach(r->alerting, r->store, r->tally) == 0;
}

static bool open_metrics(struct recorder *r)
{
	char error[METRICS_ERROR_MAX];

	if (r->options.sensor->metrics == NULL)
		return true;
	r->metrics = metrics_open(r->options.sensor->metrics, error);
	if (r->metrics == NULL)
		log_say(LOG_LEVEL_ERROR, "%s", error);
	return r->metrics != NULL;
}

static bool open_json(struct recorder *r)
{
	const struct sensor_options *o = r->options.sensor;
	const struct json_output_options options = {
	    .file = r->options.json,
	    .path = o->json,
	    .live = o->file == NULL || strcmp(o->file, "-") == 0 || r->options.board != NULL,
	    .drip = r->options.board != NULL,
	    .all = o->file != NULL,
	    .wait = r->options.wait,
	    .context = r->options.context,
	};

	if (options.file == NULL)
		return true;
	r->json = json_output_new(&options);
	if (r->json == NULL)
		log_say(LOG_LEVEL_ERROR, "out of memory");
	return r->json != NULL;
}

static bool open_compare(struct recorder *r)
{
	r->compare = compare_new(0, r->tally);
	if (r->compare == NULL)
		log_say(LOG_LEVEL_ERROR, "out of memory");
	return r->compare != NULL;
}

static void begin(struct recorder *r)
{
	const struct sensor_options *o = r->options.sensor;

	r->next_stats_ns = progress_clock() + o->stats_s * NS_PER_S;
	r->next_flush_ns = progress_clock() + LIMIT_FLUSH_S * NS_PER_S;
}

static void close_files(struct recorder *r)
{
	if (r->store != NULL && store_close(r->store) != 0)
		r->failed = true;
	if (alerting_close(r->alerting) != 0)
		r->failed = true;
	if (!json_output_close(r->json))
		r->failed = true;
	metrics_close(r->metrics);
	compare_free(r->compare);
	tally_free(r->tally);
}

struct recorder *recorder_open(const struct recorder_options *options, int *status)
{
	struct recorder *r = calloc(1, sizeof(*r));

	*status = EXIT_FAILED;
	if (r == NULL)
		return NULL;
	r->options = *options;
	r->redo = options->board == NULL ? NULL : &options->board->redo;
	if (!open_alerting(r) || !open_metrics(r)) {
		*status = EXIT_USAGE;
	} else if (open_json(r) && open_store(r) && take_over(r) && open_compare(r)) {
		begin(r);
		return r;
	}
	close_files(r);
	free(r);
	return NULL;
}

/* ---- Close ---- */

void recorder_finish(struct recorder *r)
{
	if (r->alerting != NULL)
		alerting_finish(r->alerting, LIMIT_ALERT_DRAIN_MS);
}

int recorder_close(struct recorder *r)
{
	bool failed;

	if (r->store != NULL) {
		report_numbers(r);
		(void)store_drain(r->store, LIMIT_DRAIN_MS); /* the rest goes into the spool */
		report_numbers(r);
	}
	close_files(r);
	failed = r->failed;
	free(r);
	return failed ? EXIT_FAILED : 0;
}
