/* Alerting's life: open, record, tick, reload, finish, close. */
#include "alerting_private.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"

#define PUMP_MS 25 /* between two looks at Redis while an answer is awaited */

uint64_t alerting_clock(void)
{
	return clock_ms(CLOCK_MONOTONIC);
}

uint64_t alerting_now(const struct alerting *a)
{
	return a->options.live ? clock_ms(CLOCK_REALTIME) : a->latest_ms;
}

void alerting_say(struct alerting *a, const char *format, ...)
{
	char line[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	a->options.log(a->options.log_context, line);
}

/* ---- Rules ---- */

static struct rule_file *load_file(struct alerting *a)
{
	struct rules_errors errors = {0};
	struct rule_file *file = rule_file_load(a->options.rules, a->options.packs, &errors);

	for (size_t i = 0; file == NULL && i < errors.count; i++)
		a->options.log(a->options.log_context, errors.lines[i]);
	if (file == NULL && errors.more)
		alerting_say(a, "%s: and more", a->options.rules);
	rules_errors_free(&errors);
	return file;
}

static int bind_rule(struct alerting *a, const struct rule *rule, struct suppress_rule **bound)
{
	const struct suppress_terms terms = {
	    .every_ms =
		rule->every_ns == 0 ? LIMIT_ALERT_EVERY_S * 1000ull : rule->every_ns / 1000000u,
	    .for_ms = rule->for_ns / 1000000u,
	    .clean_ms = rule->resolve_ns / 1000000u,
	};

	*bound = suppress_rule(a->suppress, rule->name, &terms);
	return *bound == NULL ? -1 : 0;
}

/* Takes the file over, or frees it. */
static int take_file(struct alerting *a, struct rule_file *file)
{
	size_t count = rule_file_count(file);
	struct suppress_rule **rules = calloc(count + 1, sizeof(struct suppress_rule *));
	uint8_t *truths = calloc(count + 1, sizeof(*truths));
	int failed = rules == NULL || truths == NULL ? -1 : 0;

	suppress_forget_rules(a->suppress);
	for (size_t i = 0; failed == 0 && i < count; i++)
		failed = bind_rule(a, rule_file_rule(file, i), &rules[i]);
	if (failed == 0 && rule_file_needs_history(file) && a->history == NULL) {
		a->history = history_new(a->store, a->tally, a->options.sensor);
		failed = a->history == NULL ? -1 : 0;
	}
	if (failed != 0) {
		free(rules);
		free(truths);
		rule_file_free(file);
		return -1;
	}
	free(a->rules);
	free(a->truths);
	a->rules = rules;
	a->truths = truths;
	rule_file_free(a->file);
	a->file = file;
	return 0;
}

void alerting_reload(struct alerting *a)
{
	struct rule_file *file = load_file(a);

	if (file == NULL) {
		alerting_say(a, "%s: not taken, the rules stay as they were", a->options.rules);
		return;
	}
	if (take_file(a, file) == 0) {
		alerting_say(a, "%s: %zu rules", a->options.rules, rule_file_count(a->file));
		return;
	}
	alerting_say(a, "%s: memory is short, the rules stay as they were", a->options.rules);
	for (size_t i = 0; i < rule_file_count(a->file); i++) /* terms of the old ones */
		(void)bind_rule(a, rule_file_rule(a->file, i), &a->rules[i]);
}

/* ---- Open ---- */

static int open_all(struct alerting *a)
{
	struct rule_file *file;

	a->suppress = suppress_new(0);
	if (a->suppress == NULL || alerting_deliver_open(a) != 0) {
		alerting_say(a, "alerts: cannot start: out of memory or processes");
		return -1;
	}
	file = load_file(a);
	if (file == NULL)
		return -1;
	if (take_file(a, file) != 0) {
		alerting_say(a, "out of memory");
		return -1;
	}
	return alerting_remember_open(a);
}

struct alerting *alerting_open(const struct alerting_options *options)
{
	struct alerting *a = calloc(1, sizeof(*a));

	if (a == NULL) {
		options->log(options->log_context, "out of memory");
		return NULL;
	}
	a->options = *options;
	a->options.journal = options->journal == NULL ? NULL : strdup(options->journal);
	if (open_all(a) == 0)
		return a;
	(void)alerting_close(a);
	return NULL;
}

/* Before the first session, so that it can ask before it is counted itself. */
static void meet_sensors(struct alerting *a)
{
	uint64_t until = alerting_clock() + LIMIT_REPLY_MS;
	struct store_status status;

	do {
		store_status(a->store, &status);
		if (!status.connected)
			return;
		history_tick(a->history, alerting_clock());
		(void)store_flush(a->store);
	} while (!history_knows_sensors(a->history) && alerting_clock() < until);
}

int alerting_attach(struct alerting *a, struct store *store, struct tally *tally)
{
	a->store = store;
	a->tally = tally;
	if (a->history == NULL)
		return 0;
	history_free(a->history);
	a->history = history_new(store, tally, a->options.sensor);
	if (a->history == NULL)
		return -1;
	meet_sensors(a);
	return 0;
}

/* ---- Sessions ---- */

static void pump(struct alerting *a, uint64_t now)
{
	if (a->store == NULL || !store_asked(a->store) || now - a->pump_ms < PUMP_MS)
		return;
	(void)store_flush(a->store);
	a->pump_ms = alerting_clock();
}

/* In a replay days pass in a moment: what is decided is settled before the next session. */
static void settle(struct alerting *a)
{
	uint64_t until = alerting_clock() + LIMIT_ALERT_CLAIM_MS;
	struct store_status status;

	while (a->claims != NULL && alerting_clock() < until) {
		store_status(a->store, &status);
		if (!status.connected)
			return;
		alerting_claims_tick(a, alerting_clock());
		(void)store_flush(a->store);
	}
}

/* `asks`: for the history of its hosts. */
static void judge(struct alerting *a, const struct record *r, bool asks)
{
	a->blind += asks && !history_is_whole(a->history, r);
	alerting_judge(a, r);
	if (!a->options.live && a->claims != NULL && a->store != NULL)
		settle(a);
}

static void judge_first(struct alerting *a)
{
	struct waiting *w = a->waiting;

	a->waiting = w->next;
	a->waiting_count--;
	judge(a, &w->record, w->asks);
	free(w);
}

/* Those that have their history, or waited long enough. In order, so that each sees those before.
 */
static void judge_waiting(struct alerting *a, uint64_t now)
{
	while (a->waiting != NULL) {
		if (!history_ready(a->history, &a->waiting->record) &&
		    now - a->waiting->since_ms < LIMIT_HISTORY_WAIT_MS)
			return;
		judge_first(a);
	}
}

/* A replay waits for Redis; live, sessions go on without what they asked for. */
static void make_room(struct alerting *a)
{
	uint64_t until = alerting_clock() + LIMIT_HISTORY_WAIT_MS;

	while (!a->options.live && a->waiting_count >= LIMIT_HISTORY_WAITING &&
	       alerting_clock() < until) {
		history_tick(a->history, alerting_clock());
		(void)store_flush(a->store);
		judge_waiting(a, alerting_clock());
	}
	while (a->waiting_count >= LIMIT_HISTORY_WAITING)
		judge_first(a);
}

static bool let_wait(struct alerting *a, const struct record *r, bool asks)
{
	struct waiting *w = malloc(offsetof(struct waiting, record) + record_size(r));

	if (w == NULL)
		return false;
	w->next = NULL;
	w->since_ms = alerting_clock();
	w->asks = asks;
	memcpy(&w->record, r, record_size(r));
	if (a->waiting == NULL)
		a->waiting = w;
	else
		a->waiting_last->next = w;
	a->waiting_last = w;
	if (++a->waiting_count >= LIMIT_HISTORY_WAITING)
		make_room(a);
	return true;
}

void alerting_record(struct alerting *a, const struct record *r)
{
	bool asks = a->history != NULL && (a->waiting != NULL || alerting_wants_history(a, r));

	if (asks && !history_prepare(a->history, r) && let_wait(a, r, asks))
		return;
	if (a->waiting != NULL && let_wait(a, r, asks)) /* not before those that wait */
		return;
	judge(a, r, asks);
}

void alerting_tick(struct alerting *a)
{
	uint64_t now = alerting_clock();

	if (a->history != NULL) {
		history_tick(a->history, now);
		judge_waiting(a, now);
	}
	alerting_claims_tick(a, now);
	alerting_time(a);
	alerting_deliver_tick(a, now);
	alerting_remember_tick(a);
	pump(a, now);
}

/* ---- The end ---- */

/* Claims of which Redis only has yet to learn wait for nobody. */
static size_t untold(const struct alerting *a)
{
	size_t count = 0;

	for (const struct alert_claim *c = a->claims; c != NULL; c = c->next)
		count += !c->told;
	return count;
}

static bool is_busy(const struct alerting *a)
{
	struct delivery_stats stats;

	delivery_stats(a->delivery, &stats);
	return stats.waiting > 0 || a->waiting != NULL || untold(a) > 0;
}

void alerting_finish(struct alerting *a, unsigned milliseconds)
{
	const struct timespec pause = {0, 5000000};
	uint64_t until = alerting_clock() + milliseconds;

	a->finishing = true;
	alerting_tick(a);
	while (is_busy(a) && alerting_clock() < until) {
		nanosleep(&pause, NULL);
		a->pump_ms = 0;
		alerting_tick(a);
	}
}

void alerting_stats(const struct alerting *a, struct alerting_stats *stats)
{
	struct delivery_stats delivery;

	delivery_stats(a->delivery, &delivery);
	*stats = (struct alerting_stats){
	    .told = a->told,
	    .refused = suppress_refused(a->suppress),
	    .blind = a->blind,
	    .firing = suppress_firing(a->suppress),
	    .waiting = delivery.waiting,
	    .delivered = delivery.delivered,
	    .failures = delivery.failures,
	    .given_up = delivery.given_up,
	};
}

static void free_all(struct alerting *a)
{
	struct alert_claim *c;
	struct waiting *w;

	while ((w = a->waiting) != NULL) {
		a->waiting = w->next;
		free(w);
	}
	while ((c = a->claims) != NULL) {
		a->claims = c->next;
		alert_claim_free(c);
	}
	action_runner_stop(a->runner);
	delivery_free(a->delivery);
	history_free(a->history);
	suppress_free(a->suppress);
	rule_file_free(a->file);
	wire_free(&a->wire);
	free(a->rules);
	free(a->truths);
	free((char *)(uintptr_t)a->options.journal);
	free(a);
}

int alerting_close(struct alerting *a)
{
	int result = 0;

	if (a == NULL)
		return 0;
	if (a->delivery != NULL && a->file != NULL && is_busy(a)) {
		struct delivery_stats stats;

		delivery_stats(a->delivery, &stats);
		if (a->journal == NULL)
			result = -1;
		alerting_say(a, "alerts: %zu actions are not done: %s", stats.waiting + untold(a),
		    a->journal == NULL ? "they are lost" : "they follow at the next start");
	}
	if (a->journal != NULL)
		alerting_remember_close(a);
	free_all(a);
	return result;
}
