/* The life of alerts, by a clock of our own: a day of traffic in a moment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "../../rules/suppress.h"
#include "../../sensor/limits.h"

#define SECOND 1000ull
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)
#define START  1772323200000ull

struct world {
	struct suppress *s;
	struct suppress_rule *rule;
	struct suppress_entry *e;
	unsigned said[SUPPRESS_CHANGES];
};

static struct world begin(uint64_t every, uint64_t hold, uint64_t clean)
{
	const struct suppress_terms terms = {every, hold, clean};
	struct world w = {.s = suppress_new(0)};

	w.rule = suppress_rule(w.s, "legacy", &terms);
	return w;
}

static enum suppress_change answer(struct world *w, enum suppress_change change, uint64_t now)
{
	w->said[change]++;
	if (change != SUPPRESS_NOTHING)
		suppress_apply(w->s, w->e, change, now);
	return change;
}

static enum suppress_change match(struct world *w, const char *key, uint64_t now)
{
	return answer(w, suppress_match(w->s, w->rule, key, now, &w->e), now);
}

static enum suppress_change clean(struct world *w, const char *key, uint64_t now)
{
	return answer(w, suppress_clean(w->s, w->rule, key, now, &w->e), now);
}

struct ticking {
	struct world *w;
	uint64_t now;
};

static void take_wish(void *context, struct suppress_entry *e, enum suppress_change change)
{
	struct ticking *t = context;

	t->w->e = e;
	answer(t->w, change, t->now);
}

static void tick(struct world *w, uint64_t now)
{
	struct ticking t = {w, now};

	suppress_tick(w->s, now, SIZE_MAX, take_wish, &t);
}

static void a_day_is_told_four_times(void **state)
{
	struct world w = begin(6 * HOUR, 0, DAY);

	(void)state;
	for (uint64_t t = 0; t < DAY; t += SECOND) {
		match(&w, "192.0.2.1", START + t);
		if (t % MINUTE == 0)
			tick(&w, START + t);
	}
	assert_int_equal(w.said[SUPPRESS_NEW], 1);
	assert_int_equal(w.said[SUPPRESS_STILL], 3);
	assert_int_equal(w.said[SUPPRESS_FIXED] + w.said[SUPPRESS_REGRESSED], 0);
	assert_int_equal(suppress_firing(w.s), 1);
	suppress_free(w.s);
}

static void every_nothing_is_every_match(void **state)
{
	struct world w = begin(0, 0, DAY);

	(void)state;
	for (uint64_t i = 0; i < 10; i++)
		match(&w, "k", START + i);
	assert_int_equal(w.said[SUPPRESS_NEW], 1);
	assert_int_equal(w.said[SUPPRESS_STILL], 9);
	assert_int_equal(match(&w, "k", START + 5), SUPPRESS_NOTHING); /* told already */
	suppress_free(w.s);
}

static void keys_are_apart(void **state)
{
	struct world w = begin(DAY, 0, DAY);
	char key[32];

	(void)state;
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 5000; i++) {
			snprintf(key, sizeof(key), "192.0.2.%u", i);
			match(&w, key, START + round * MINUTE + i);
		}
	}
	assert_int_equal(w.said[SUPPRESS_NEW], 5000);
	assert_int_equal(w.said[SUPPRESS_STILL], 0);
	suppress_free(w.s);
}

static void fixed_after_a_clean_time_only(void **state)
{
	struct world w = begin(DAY, 0, 7 * DAY);

	(void)state;
	match(&w, "k", START);
	for (uint64_t t = HOUR; t < 7 * DAY; t += HOUR)
		assert_int_equal(clean(&w, "k", START + t), SUPPRESS_NOTHING);
	assert_int_equal(clean(&w, "k", START + 7 * DAY), SUPPRESS_FIXED);
	assert_int_equal(clean(&w, "k", START + 8 * DAY), SUPPRESS_NOTHING);
	assert_int_equal(suppress_firing(w.s), 0);
	assert_int_equal(w.rule->entries, 0);
	suppress_free(w.s);
}

/* Hysteresis: half of the sessions are clean, and nobody hears of it. */
static void flapping_is_not_fixed(void **state)
{
	struct world w = begin(30 * DAY, 0, 7 * DAY);

	(void)state;
	for (uint64_t t = 0; t < 28 * DAY; t += HOUR) {
		if (t / DAY % 2 == 0)
			match(&w, "k", START + t);
		else
			clean(&w, "k", START + t);
		tick(&w, START + t);
	}
	assert_int_equal(w.said[SUPPRESS_NEW], 1);
	assert_int_equal(
	    w.said[SUPPRESS_FIXED] + w.said[SUPPRESS_REGRESSED] + w.said[SUPPRESS_STILL], 0);
	suppress_free(w.s);
}

static void time_alone_fixes_what_was_seen_clean(void **state)
{
	struct world w = begin(DAY, 0, 7 * DAY);

	(void)state;
	match(&w, "clean", START);
	match(&w, "silent", START);
	clean(&w, "clean", START + HOUR);
	tick(&w, START + 6 * DAY);
	assert_int_equal(w.said[SUPPRESS_FIXED], 0);
	tick(&w, START + 7 * DAY);
	assert_int_equal(w.said[SUPPRESS_FIXED], 1);
	assert_string_equal(w.e->key, "clean");
	tick(&w, START + LIMIT_ALERT_GONE_S * 1000ull);
	assert_int_equal(w.said[SUPPRESS_FIXED], 1);
	assert_int_equal(w.said[SUPPRESS_GONE], 1);
	assert_string_equal(w.e->key, "silent");
	suppress_free(w.s);
}

static void what_comes_back_has_regressed(void **state)
{
	struct world w = begin(DAY, 0, DAY);

	(void)state;
	assert_int_equal(match(&w, "k", START), SUPPRESS_NEW);
	assert_int_equal(clean(&w, "k", START + 2 * DAY), SUPPRESS_FIXED);
	assert_int_equal(match(&w, "k", START + DAY), SUPPRESS_NOTHING); /* from before */
	assert_int_equal(match(&w, "k", START + 3 * DAY), SUPPRESS_REGRESSED);
	assert_int_equal(w.e->shared.episode, 2);
	assert_int_equal(w.e->shared.since_ms, START + 3 * DAY);
	suppress_free(w.s);
}

static void for_wants_it_to_hold(void **state)
{
	struct world w = begin(DAY, 10 * MINUTE, DAY);

	(void)state;
	assert_int_equal(match(&w, "k", START), SUPPRESS_NOTHING);
	assert_int_equal(match(&w, "k", START + 9 * MINUTE), SUPPRESS_NOTHING);
	clean(&w, "k", START + 9 * MINUTE + SECOND); /* begins again */
	assert_int_equal(match(&w, "k", START + 11 * MINUTE), SUPPRESS_NOTHING);
	tick(&w, START + 30 * MINUTE); /* no session, no message */
	assert_int_equal(w.said[SUPPRESS_NEW], 0);
	assert_int_equal(match(&w, "k", START + 21 * MINUTE), SUPPRESS_NEW);
	assert_int_equal(w.e->shared.since_ms, START + 11 * MINUTE);
	suppress_free(w.s);
}

static void counts_what_it_did_not_tell(void **state)
{
	struct world w = begin(HOUR, 0, DAY);

	(void)state;
	match(&w, "k", START);
	for (uint64_t i = 1; i <= 59; i++)
		match(&w, "k", START + i * MINUTE);
	assert_int_equal(w.e->matches, 59);
	assert_int_equal(suppress_match(w.s, w.rule, "k", START + HOUR, &w.e), SUPPRESS_STILL);
	assert_int_equal(w.e->matches, 60);
	suppress_apply(w.s, w.e, SUPPRESS_STILL, START + HOUR);
	assert_int_equal(w.e->matches, 0);
	suppress_free(w.s);
}

static void one_wish_at_a_time(void **state)
{
	struct world w = begin(0, 0, DAY);
	struct suppress_entry *e;

	(void)state;
	assert_int_equal(suppress_match(w.s, w.rule, "k", START, &e), SUPPRESS_NEW);
	assert_int_equal(suppress_match(w.s, w.rule, "k", START + 1, &e), SUPPRESS_NOTHING);
	suppress_refuse(e);
	assert_int_equal(suppress_match(w.s, w.rule, "k", START + 2, &e), SUPPRESS_NEW);
	suppress_free(w.s);
}

static void others_know_better(void **state)
{
	struct world w = begin(DAY, 0, DAY);
	struct suppress_shared theirs = {.state = SUPPRESS_FIRING,
	    .version = 1,
	    .episode = 1,
	    .since_ms = START - HOUR,
	    .notified_ms = START - HOUR,
	    .match_ms = START - HOUR};
	struct suppress_entry *e;

	(void)state;
	assert_int_equal(suppress_match(w.s, w.rule, "k", START, &e), SUPPRESS_NEW);
	suppress_adopt(w.s, e, &theirs);
	assert_int_equal(e->shared.match_ms, START); /* what was seen here stays */
	assert_int_equal(suppress_wish(e, START, true), SUPPRESS_NOTHING);
	assert_int_equal(match(&w, "k", START + MINUTE), SUPPRESS_NOTHING);
	theirs.state = SUPPRESS_RESOLVED;
	theirs.version = 2;
	theirs.since_ms = START + HOUR;
	suppress_adopt(w.s, e, &theirs);
	assert_int_equal(suppress_firing(w.s), 0);
	assert_int_equal(match(&w, "k", START + 2 * HOUR), SUPPRESS_REGRESSED);
	suppress_free(w.s);
}

/* A sensor that has just started knows nothing; Redis does. */
static void a_restart_learns_that_it_regressed(void **state)
{
	struct world w = begin(DAY, 0, DAY);
	const struct suppress_shared theirs = {.state = SUPPRESS_RESOLVED,
	    .version = 2,
	    .episode = 1,
	    .since_ms = START - HOUR,
	    .notified_ms = START - HOUR,
	    .match_ms = START - DAY};
	struct suppress_entry *e;

	(void)state;
	assert_int_equal(suppress_match(w.s, w.rule, "k", START, &e), SUPPRESS_NEW);
	suppress_adopt(w.s, e, &theirs);
	assert_int_equal(suppress_wish(e, START, true), SUPPRESS_REGRESSED);
	suppress_apply(w.s, e, SUPPRESS_REGRESSED, START);
	assert_int_equal(e->shared.version, 3);
	assert_int_equal(e->shared.episode, 2);
	suppress_free(w.s);
}

static void room_is_made_by_what_does_not_fire(void **state)
{
	const struct suppress_terms now = {DAY, 0, DAY}, later = {DAY, HOUR, DAY};
	struct suppress *s = suppress_new(10);
	struct suppress_rule *fires = suppress_rule(s, "fires", &now),
			     *holds = suppress_rule(s, "holds", &later);
	struct suppress_entry *e;
	char key[16];

	(void)state;
	for (unsigned i = 0; i < 9; i++) {
		snprintf(key, sizeof(key), "%u", i);
		assert_int_equal(suppress_match(s, fires, key, START, &e), SUPPRESS_NEW);
		suppress_apply(s, e, SUPPRESS_NEW, START);
	}
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(key, sizeof(key), "%u", i);
		suppress_match(s, holds, key, START, &e);
		assert_non_null(e);
	}
	assert_int_equal(holds->entries, 1);
	assert_int_equal(suppress_match(s, fires, "x", START, &e), SUPPRESS_NEW);
	suppress_apply(s, e, SUPPRESS_NEW, START);
	suppress_match(s, fires, "y", START, &e);
	assert_null(e);
	assert_int_equal(suppress_refused(s), 1);
	assert_int_equal(suppress_firing(s), 10);
	suppress_free(s);
}

static void a_rule_that_is_gone_is_still(void **state)
{
	struct world w = begin(DAY, 0, DAY);
	const struct suppress_terms terms = {DAY, 0, DAY};

	(void)state;
	match(&w, "k", START);
	clean(&w, "k", START + 1);
	suppress_forget_rules(w.s);
	tick(&w, START + 10 * DAY);
	assert_int_equal(w.said[SUPPRESS_FIXED], 0);
	assert_ptr_equal(suppress_rule(w.s, "legacy", &terms), w.rule);
	tick(&w, START + 10 * DAY);
	assert_int_equal(w.said[SUPPRESS_FIXED], 1);
	suppress_free(w.s);
}

static void ids_are_the_same_everywhere(void **state)
{
	char a[SUPPRESS_ID_MAX], b[SUPPRESS_ID_MAX];

	(void)state;
	suppress_id("legacy", "192.0.2.10 192.0.2.25", a);
	assert_string_equal(
	    a, "977567acb2ff48f0d3c8e0eb3eb9c51d"); /* those in Redis must stay good */
	suppress_id("legac", "y192.0.2.10 192.0.2.25", b);
	assert_string_not_equal(a, b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_day_is_told_four_times),
	    cmocka_unit_test(every_nothing_is_every_match),
	    cmocka_unit_test(keys_are_apart),
	    cmocka_unit_test(fixed_after_a_clean_time_only),
	    cmocka_unit_test(flapping_is_not_fixed),
	    cmocka_unit_test(time_alone_fixes_what_was_seen_clean),
	    cmocka_unit_test(what_comes_back_has_regressed),
	    cmocka_unit_test(for_wants_it_to_hold),
	    cmocka_unit_test(counts_what_it_did_not_tell),
	    cmocka_unit_test(one_wish_at_a_time),
	    cmocka_unit_test(others_know_better),
	    cmocka_unit_test(a_restart_learns_that_it_regressed),
	    cmocka_unit_test(room_is_made_by_what_does_not_fire),
	    cmocka_unit_test(a_rule_that_is_gone_is_still),
	    cmocka_unit_test(ids_are_the_same_everywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
