/* The queue of actions by a clock of our own: order, back-off, rate, digest, room. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../sensor/delivery.h"
#include "../../sensor/limits.h"

#define START 1000000ull

struct world {
	struct delivery *d;
	enum delivery_result result; /* of what is started */
	uint64_t number;
	unsigned starts, jobs, lines, done, lost;
	size_t last_count;
	char last_uid[64], last_line[256];
};

static enum delivery_result start(
    void *context, uint64_t number, const struct action_job *jobs, size_t count, char *why)
{
	struct world *w = context;

	w->number = number;
	w->starts++;
	w->last_count = count;
	snprintf(w->last_uid, sizeof(w->last_uid), "%s", action_job_uid(jobs));
	for (; count > 0; count--, jobs = jobs->next) {
		assert_non_null(jobs);
		w->jobs++;
	}
	snprintf(why, LIMIT_ACTION_OUTPUT, "because");
	return w->result;
}

static void over(void *context, const struct action_job *job, bool delivered)
{
	struct world *w = context;

	(void)job;
	if (delivered)
		w->done++;
	else
		w->lost++;
}

static void count_line(void *context, const char *line)
{
	struct world *w = context;

	snprintf(w->last_line, sizeof(w->last_line), "%s", line);
	w->lines++;
}

static void begin(struct world *w, enum delivery_result result)
{
	const struct delivery_options options = {start, over, count_line, w};

	*w = (struct world){.result = result};
	w->d = delivery_new(&options);
}

static void add(struct world *w, const char *kind, const char *name, const char *target,
    const char *more, const char *value)
{
	static unsigned serial;
	const struct action_value values[] = {{name, target}, {more, value}};
	char uid[32];

	snprintf(uid, sizeof(uid), "%u", ++serial);
	delivery_add(
	    w->d, action_job_new(kind, uid, "{}\n", "", values, more == NULL ? 1 : 2), START);
}

static size_t waiting(const struct world *w)
{
	struct delivery_stats stats;

	delivery_stats(w->d, &stats);
	return stats.waiting;
}

static void tried_again_later_and_later(void **state)
{
	struct world w;
	uint64_t t = START, wait = LIMIT_ACTION_WAIT_MS;

	(void)state;
	begin(&w, DELIVERY_FAILED);
	add(&w, "webhook", "url", "http://a", NULL, NULL);
	for (unsigned i = 1; i < LIMIT_ACTION_TRIES; i++) {
		delivery_tick(w.d, t, false);
		assert_int_equal(w.starts, i);
		delivery_tick(w.d, t + wait - 1, false);
		assert_int_equal(w.starts, i);
		t += wait;
		wait = wait * 2 > LIMIT_ACTION_WAIT_MAX_MS ? LIMIT_ACTION_WAIT_MAX_MS : wait * 2;
	}
	assert_int_equal(w.lines, 1); /* once, not each time */
	delivery_tick(w.d, t, false);
	assert_int_equal(w.lost, 1);
	assert_int_equal(waiting(&w), 0);
	delivery_free(w.d);
}

static void works_again(void **state)
{
	struct world w;

	(void)state;
	begin(&w, DELIVERY_FAILED);
	add(&w, "webhook", "url", "http://a", NULL, NULL);
	add(&w, "webhook", "url", "http://a", NULL, NULL);
	delivery_tick(w.d, START, false);
	w.result = DELIVERY_DONE;
	delivery_tick(w.d, START + LIMIT_ACTION_WAIT_MS, false);
	assert_int_equal(w.done, 2);
	assert_int_equal(w.lines, 2);
	delivery_free(w.d);
}

/* The path of a hook is often its password. */
static void says_no_secret(void **state)
{
	static const char *const urls[][2] = {
	    {"https://bot:hunter2@example.org:9/T00/secret", "webhook https://example.org:9/...:"},
	    {"https://example.org?key=secret", "webhook https://example.org/...:"},
	    {"http://[2001:db8::1]:80", "webhook http://[2001:db8::1]:80:"},
	};
	struct world w;

	(void)state;
	begin(&w, DELIVERY_FAILED);
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		add(&w, "webhook", "url", urls[i][0], NULL, NULL);
		delivery_tick(w.d, START + i, false);
		assert_non_null(strstr(w.last_line, urls[i][1]));
		assert_null(strstr(w.last_line, "secret"));
		assert_null(strstr(w.last_line, "hunter2"));
	}
	delivery_free(w.d);
}

static void refused_is_not_tried_again(void **state)
{
	struct world w;

	(void)state;
	begin(&w, DELIVERY_REFUSED);
	add(&w, "webhook", "url", "http://a", NULL, NULL);
	delivery_tick(w.d, START, false);
	assert_int_equal(w.starts, 1);
	assert_int_equal(w.lost, 1);
	delivery_free(w.d);
}

static void a_slow_target_holds_nobody_else(void **state)
{
	struct world w;
	uint64_t slow;

	(void)state;
	begin(&w, DELIVERY_STARTED);
	add(&w, "exec", "command", "/slow", NULL, NULL);
	add(&w, "exec", "command", "/slow", NULL, NULL);
	delivery_tick(w.d, START, false);
	assert_int_equal(w.starts, 1); /* one at a time */
	slow = w.number;
	w.result = DELIVERY_DONE;
	add(&w, "webhook", "url", "http://a", NULL, NULL);
	delivery_tick(w.d, START + 1, false);
	assert_int_equal(w.done, 1);
	delivery_answer(w.d, slow + 77, DELIVERY_DONE, "", START); /* nobody's */
	assert_int_equal(w.done, 1);
	delivery_answer(w.d, slow, DELIVERY_DONE, "", START + 2);
	delivery_tick(w.d, START + 2, false);
	assert_int_equal(w.done, 3);
	delivery_free(w.d);
}

static void a_rate_is_kept(void **state)
{
	struct world w;

	(void)state;
	begin(&w, DELIVERY_DONE);
	for (unsigned i = 0; i < 20; i++)
		add(&w, "exec", "command", "/page", "rate", "5");
	delivery_tick(w.d, START, false);
	assert_int_equal(w.done, 5);
	delivery_tick(w.d, START + 59999, false);
	assert_int_equal(w.done, 5);
	delivery_tick(w.d, START + 60000, false);
	assert_int_equal(w.done, 10);
	delivery_tick(w.d, START + 60001, true); /* at the end there is a hurry */
	assert_int_equal(w.done, 20);
	delivery_free(w.d);
}

/* A thousand alerts are a handful of mails. */
static void a_digest_gathers(void **state)
{
	struct world w;

	(void)state;
	begin(&w, DELIVERY_DONE);
	add(&w, "mail", "to", "a@example.org", NULL, NULL);
	delivery_tick(w.d, START, false);
	assert_int_equal(w.starts, 1); /* the first at once */
	for (unsigned i = 0; i < LIMIT_DIGEST; i++)
		add(&w, "mail", "to", "a@example.org", NULL, NULL);
	delivery_tick(w.d, START + LIMIT_DIGEST_S * 1000 - 1, false);
	assert_int_equal(w.starts, 1);
	delivery_tick(w.d, START + LIMIT_DIGEST_S * 1000, false);
	assert_int_equal(w.starts, 2);
	assert_int_equal(w.last_count, LIMIT_DIGEST);
	assert_int_equal(w.done, LIMIT_DIGEST + 1);
	delivery_free(w.d);
}

static void a_failed_digest_goes_out_whole(void **state)
{
	struct world w;

	(void)state;
	begin(&w, DELIVERY_STARTED);
	for (unsigned i = 0; i < 3; i++)
		add(&w, "mail", "to", "a@example.org", NULL, NULL);
	delivery_tick(w.d, START, false);
	assert_int_equal(w.last_count, 3);
	add(&w, "mail", "to", "a@example.org", NULL, NULL);
	delivery_lost(w.d, "it died", START);
	assert_int_equal(waiting(&w), 4);
	w.result = DELIVERY_DONE;
	delivery_tick(w.d, START + LIMIT_ACTION_WAIT_MS, false);
	assert_int_equal(w.done, 4);
	delivery_free(w.d);
}

static void room_is_bounded(void **state)
{
	struct world w;
	char url[32];

	(void)state;
	begin(&w, DELIVERY_STARTED);
	for (unsigned i = 0; i < 3 * LIMIT_ACTIONS; i++) {
		snprintf(url, sizeof(url), "http://%u", i);
		add(&w, "webhook", "url", i % 2 == 0 ? url : "http://same", NULL, NULL);
	}
	delivery_tick(w.d, START, false);
	assert_true(w.starts <= LIMIT_ACTIONS_RUNNING);
	assert_true(waiting(&w) <= LIMIT_ACTIONS);
	assert_int_equal(waiting(&w) + w.lost, 3 * LIMIT_ACTIONS);
	assert_true(w.lines < 10);
	delivery_free(w.d);
}

static void jobs_are_bytes(void **state)
{
	const struct action_value values[] = {
	    {"to", "a@x"}, {"to", "b@x"}, {"digest", "5000000000"}};
	struct action_job *job = action_job_new("mail", "u/1", "{}\n", "a: b\n", values, 3), *copy;
	char target[ACTION_TARGET_MAX];

	(void)state;
	copy = action_job_load(job->bytes, job->size);
	assert_string_equal(action_job_kind(copy), "mail");
	assert_string_equal(action_job_uid(copy), "u/1");
	assert_string_equal(action_job_json(copy), "{}\n");
	assert_string_equal(action_job_fields(copy), "a: b\n");
	assert_string_equal(action_job_value(copy, "to", 1), "b@x");
	assert_null(action_job_value(copy, "to", 2));
	assert_int_equal(action_job_number(copy, "digest", 7), 5000000000u);
	assert_int_equal(action_job_number(copy, "rate", 7), 7);
	action_job_target(copy, target);
	assert_string_equal(target, "mail a@x b@x");
	for (size_t i = 0; i < job->size; i++) { /* cut anywhere: refused, or texts that end */
		struct action_job *cut = action_job_load(job->bytes, i);

		if (cut != NULL)
			assert_null(action_job_value(cut, "nothing", 0));
		free(cut);
	}
	free(job);
	free(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(tried_again_later_and_later),
	    cmocka_unit_test(works_again),
	    cmocka_unit_test(says_no_secret),
	    cmocka_unit_test(refused_is_not_tried_again),
	    cmocka_unit_test(a_slow_target_holds_nobody_else),
	    cmocka_unit_test(a_rate_is_kept),
	    cmocka_unit_test(a_digest_gathers),
	    cmocka_unit_test(a_failed_digest_goes_out_whole),
	    cmocka_unit_test(room_is_bounded),
	    cmocka_unit_test(jobs_are_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
