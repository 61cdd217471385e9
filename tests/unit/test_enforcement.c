/* The enforcement clock: stages to the minute, pauses and their budget of a calendar year. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "../../rules/enforcement.h"
#include "../../rules/rule_file.h"

#define MINUTE UINT64_C(60000)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

static struct rule_file *pack;
static const struct enforcement *policy;

static int load_pack(void **state)
{
	struct rules_errors errors;

	(void)state;
	pack = rule_file_load("rules/enforcement.yaml", "rules", &errors);
	for (size_t i = 0; i < errors.count; i++)
		fprintf(stderr, "%s\n", errors.lines[i]);
	rules_errors_free(&errors);
	policy = pack == NULL ? NULL : rule_file_enforcement(pack);
	return policy == NULL;
}

static int free_pack(void **state)
{
	(void)state;
	rule_file_free(pack);
	return 0;
}

static uint64_t at(const char *text)
{
	struct tm tm = {0};

	assert_non_null(strptime(text, "%Y-%m-%dT%H:%M:%S", &tm));
	return (uint64_t)timegm(&tm) * 1000;
}

static struct enforcement_state state_at(uint64_t reported, const char *text)
{
	struct enforcement_state s;

	enforcement_state(policy, reported, NULL, 0, at(text), &s);
	return s;
}

static void stages_by_day(void **state)
{
	static const struct {
		unsigned day, throttle, block;
	} wanted[] = {{0, 0, 0}, {29, 0, 0}, {30, 5, 0}, {39, 5, 0}, {40, 10, 0}, {50, 20, 0},
	    {59, 20, 0}, {60, 30, 5}, {70, 30, 10}, {80, 30, 20}, {89, 30, 20}, {90, 0, 60},
	    {4000, 0, 60}};
	const uint64_t reported = at("2026-03-01T09:30:00");

	(void)state;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		struct enforcement_state s;

		enforcement_state(policy, reported, NULL, 0, reported + wanted[i].day * DAY, &s);
		assert_int_equal(s.stage->throttle_ms, wanted[i].throttle * MINUTE);
		assert_int_equal(s.stage->block_ms, wanted[i].block * MINUTE);
	}
	assert_int_equal(state_at(reported, "2026-03-31T09:29:59").stage->day, 0);
	assert_int_equal(state_at(reported, "2026-03-31T09:30:00").stage->day, 30);
	assert_int_equal(
	    state_at(reported, "2026-03-31T09:29:59").next_ms, at("2026-03-31T09:30:00"));
	assert_null(state_at(reported, "2026-06-30T00:00:00").next);
	assert_int_equal(state_at(reported, "2026-02-01T00:00:00").clock_ms, 0);
}

static void actions_to_the_minute(void **state)
{
	static const struct {
		const char *time, *until;
		unsigned action;
	} wanted[] = {
	    {"2026-05-01T10:00:00", "2026-05-01T10:30:00", ENFORCEMENT_DEFER},
	    {"2026-05-01T10:29:59", "2026-05-01T10:30:00", ENFORCEMENT_DEFER},
	    {"2026-05-01T10:30:00", "2026-05-01T10:35:00", ENFORCEMENT_REJECT},
	    {"2026-05-01T10:34:59", "2026-05-01T10:35:00", ENFORCEMENT_REJECT},
	    {"2026-05-01T10:35:00", "2026-05-01T11:00:00", ENFORCEMENT_PASS},
	    {"2026-05-01T10:59:59", "2026-05-01T11:00:00", ENFORCEMENT_PASS},
	    {"2026-05-30T10:59:59", "2026-05-30T11:00:00", ENFORCEMENT_REJECT},
	};
	const uint64_t reported = at("2026-03-01T00:00:00");

	(void)state;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		struct enforcement_state s = state_at(reported, wanted[i].time);

		assert_int_equal(s.action, wanted[i].action);
		assert_int_equal(s.action_until_ms, at(wanted[i].until));
	}
}

static size_t settle(struct enforcement_pause *p, size_t count)
{
	return enforcement_pauses(policy, p, count, 2 * ENFORCEMENT_PAUSES_MAX);
}

static void a_pause_stops_the_clock(void **state)
{
	struct enforcement_pause p[2 * ENFORCEMENT_PAUSES_MAX] = {
	    {at("2026-04-10T00:00:00"), at("2026-04-30T00:00:00")},
	    {at("2026-04-20T00:00:00"), at("2026-05-10T00:00:00")},
	};
	const uint64_t reported = at("2026-03-01T00:00:00");
	size_t count = settle(p, 2);
	struct enforcement_state s;

	(void)state;
	assert_int_equal(count, 1);
	enforcement_state(policy, reported, p, count, at("2026-04-09T23:00:00"), &s);
	assert_int_equal(s.action, ENFORCEMENT_DEFER);
	assert_int_equal(s.next_ms, at("2026-04-10T00:00:00"));
	enforcement_state(policy, reported, p, count, at("2026-05-01T00:01:00"), &s);
	assert_true(s.paused);
	assert_int_equal(s.action, ENFORCEMENT_PASS);
	assert_int_equal(s.paused_until_ms, at("2026-05-10T00:00:00"));
	assert_int_equal(s.clock_ms, 40 * DAY);
	enforcement_state(policy, reported, p, count, at("2026-05-10T00:00:00"), &s);
	assert_false(s.paused);
	assert_int_equal(s.action, ENFORCEMENT_DEFER);
	assert_int_equal(s.stage->day, 40);
	assert_int_equal(s.next_ms, at("2026-05-20T00:00:00"));
}

/* Ninety days of a year in parts; then it is over by itself, and the next year has ninety more. */
static void a_year_has_so_many(void **state)
{
	struct enforcement_pause p[2 * ENFORCEMENT_PAUSES_MAX] = {
	    {at("2026-02-01T00:00:00"), at("2026-04-02T00:00:00")}, /* 60 days */
	    {at("2026-11-01T00:00:00"), at("2027-06-01T00:00:00")},
	};
	size_t count = settle(p, 2);

	(void)state;
	assert_int_equal(count, 3);
	assert_int_equal(p[1].from_ms, at("2026-11-01T00:00:00"));
	assert_int_equal(p[1].to_ms, at("2026-12-01T00:00:00"));
	assert_int_equal(p[2].from_ms, at("2027-01-01T00:00:00"));
	assert_int_equal(p[2].to_ms, at("2027-04-01T00:00:00"));
	assert_int_equal(enforcement_paused_in_year(p, count, at("2026-06-01T00:00:00")), 90 * DAY);
	assert_int_equal(enforcement_paused_in_year(p, count, at("2027-12-31T00:00:00")), 90 * DAY);
	assert_int_equal(enforcement_paused_in_year(p, count, at("2028-01-01T00:00:00")), 0);
}

static void a_turn_of_the_year_is_no_gap(void **state)
{
	struct enforcement_pause p[2 * ENFORCEMENT_PAUSES_MAX] = {
	    {at("2026-12-20T00:00:00"), at("2027-01-10T00:00:00")}};

	(void)state;
	assert_int_equal(settle(p, 1), 1);
	assert_int_equal(p[0].to_ms, at("2027-01-10T00:00:00"));
}

static void pauses_of_many_hosts(void **state)
{
	struct enforcement_pause p[2 * ENFORCEMENT_PAUSES_MAX];
	uint64_t first = at("2026-01-01T00:00:00");
	size_t count;

	(void)state;
	for (size_t i = 0; i < ENFORCEMENT_PAUSES_MAX; i++)
		p[i] =
		    (struct enforcement_pause){first + (ENFORCEMENT_PAUSES_MAX - i) * 2 * DAY, 0};
	for (size_t i = 0; i < ENFORCEMENT_PAUSES_MAX; i++)
		p[i].to_ms = p[i].from_ms + DAY;
	p[3].to_ms = p[3].from_ms; /* empty */
	p[4].to_ms = p[4].from_ms - 1;
	count = settle(p, ENFORCEMENT_PAUSES_MAX);
	assert_int_equal(enforcement_paused_in_year(p, count, first), 90 * DAY);
	for (size_t i = 1; i < count; i++)
		assert_true(p[i - 1].to_ms <= p[i].from_ms && p[i].from_ms < p[i].to_ms);
}

/* What is shown as next is when it comes, whatever pauses lie between. */
static void what_is_next_comes_then(void **state)
{
	struct enforcement_pause p[2 * ENFORCEMENT_PAUSES_MAX] = {
	    {at("2026-03-20T00:00:00"), at("2026-03-25T00:00:00")},
	    {at("2026-04-12T00:00:00"), at("2026-04-13T00:00:00")},
	    {at("2026-05-30T00:00:00"), at("2026-06-25T12:00:00")}};
	const uint64_t reported = at("2026-03-01T00:00:00");
	size_t count = settle(p, 3);

	(void)state;
	for (uint64_t ms = reported; ms < reported + 150 * DAY; ms += 7 * HOUR) {
		struct enforcement_state now, then, before;

		enforcement_state(policy, reported, p, count, ms, &now);
		if (now.next == NULL)
			continue;
		enforcement_state(policy, reported, p, count, now.next_ms, &then);
		enforcement_state(policy, reported, p, count, now.next_ms - 1, &before);
		assert_ptr_equal(then.stage, now.next);
		assert_ptr_equal(before.stage, now.stage);
	}
}

static const struct {
	const char *text, *error;
} wrong[] = {
    {"enforcement: 1\n", "must be a map"},
    {"enforcement: {stages: [{day: 0}]}\n", "of which rules?"},
    {"enforcement: {rules: [nobody], stages: [{day: 0}]}\n", "there is no rule nobody"},
    {"enforcement: {rules: [aa], stages: []}\n", "has 0 stages"},
    {"enforcement: {rules: [a], stages: [{day: 0}]}\n", "did you mean aa?"},
    {"enforcement: {rules: [aa], stages: [{day: 1}]}\n", "not of day 0"},
    {"enforcement: {rules: [aa], stages: [{day: 0}, {day: 0}]}\n", "put them into order"},
    {"enforcement: {rules: [aa], stages: [{day: x}]}\n", "write day: 30"},
    {"enforcement: {rules: [aa], stages: [{day: 0, block: 61m}]}\n", "more than there is"},
    {"enforcement: {rules: [aa], stages: [{day: 0, block: 40m, throttle: 21m}]}\n",
	"more than an hour"},
    {"enforcement: {rules: [aa], stages: [{day: 0, deny: 5m}]}\n", "deny"},
    {"enforcement: {rules: [aa], hosts: all, stages: [{day: 0}]}\n", "clients or servers"},
    {"enforcement: {rules: [aa], because: 'a \"b\"', stages: [{day: 0}]}\n", "goes into replies"},
    {"enforcement: {rules: [aa], pause: 500d, stages: [{day: 0}]}\n", "more than there is"},
};

static void what_is_wrong_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct rules_errors errors;
		struct rule_file *file;
		char text[512];

		snprintf(text, sizeof(text), "rules: [{name: aa, when: tls.version < 1.2}]\n%s",
		    wrong[i].text);
		file = rule_file_parse("t", text, strlen(text), NULL, &errors);
		assert_null(file);
		if (errors.count != 1 || strstr(errors.lines[0], wrong[i].error) == NULL)
			fail_msg("%s: %zu errors, %s", wrong[i].text, errors.count,
			    errors.count > 0 ? errors.lines[0] : "");
		assert_non_null(strstr(errors.lines[0], "t:2:"));
		rules_errors_free(&errors);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(stages_by_day),
	    cmocka_unit_test(actions_to_the_minute),
	    cmocka_unit_test(a_pause_stops_the_clock),
	    cmocka_unit_test(a_year_has_so_many),
	    cmocka_unit_test(a_turn_of_the_year_is_no_gap),
	    cmocka_unit_test(pauses_of_many_hosts),
	    cmocka_unit_test(what_is_next_comes_then),
	    cmocka_unit_test(what_is_wrong_is_told),
	};

	return cmocka_run_group_tests(tests, load_pack, free_pack);
}
