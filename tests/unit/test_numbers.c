/* The table of the sensor's own numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../parsers/result.h"
#include "../../sensor/numbers.h"

static const struct number_row *find(const char *name)
{
	for (size_t i = 0; i < number_row_count; i++)
		if (strcmp(number_rows[i].name, name) == 0)
			return &number_rows[i];
	fail_msg("no number %s", name);
	return NULL;
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < number_row_count; i++) {
		const struct number_row *a = &number_rows[i];

		assert_int_equal(a->offset % sizeof(uint64_t), 0);
		assert_true((a->metric == NULL) == (a->help == NULL));
		for (size_t j = 0; j < i; j++) {
			const struct number_row *b = &number_rows[j];

			assert_string_not_equal(a->name, b->name);
			assert_int_not_equal(a->offset, b->offset);
			if (a->metric == NULL || b->metric == NULL ||
			    strcmp(a->metric, b->metric) != 0)
				continue;
			/* One metric: side by side, of one kind and help, told apart by labels. */
			assert_int_equal(a->kind, b->kind);
			assert_string_equal(a->help, b->help);
			assert_string_not_equal(a->labels, b->labels);
			assert_string_equal(number_rows[j + 1].metric, a->metric);
		}
	}
}

/* The conventions of Prometheus: counters end in _total, nothing else does. */
static void test_metric_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < number_row_count; i++) {
		const char *name = number_rows[i].metric;
		size_t length = name == NULL ? 0 : strlen(name);

		if (name == NULL)
			continue;
		assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz_"), length);
		assert_int_equal(length > 6 && strcmp(name + length - 6, "_total") == 0,
		    number_rows[i].kind == NUMBER_COUNTER);
	}
}

/* What README says is counted at a cap: nobody looks for what no line of --stats has. */
static void test_caps_are_told(void **state)
{
	static const char *const counters[] = {"dropped_kernel", "ring_freezes",
	    "half_open_evicted", "flows_evicted", "sessions_evicted", "held_refused",
	    "records_early", "records_lost", "json_lost", "entries_evicted", "alerts_refused"};

	(void)state;
	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
		if (!find(counters[i])->stats)
			fail_msg("%s is not in --stats", counters[i]);
		if (find(counters[i])->metric == NULL)
			fail_msg("%s is not in /metrics", counters[i]);
	}
}

static void test_fill(void **state)
{
	struct pipeline_stats p = {.packets = 7, .payload_bytes = 900, .gap_bytes = 100};
	struct capture_counters c = {.dropped_kernel = 3, .dropped_interface = 4};
	struct sensor_numbers n = {0};

	(void)state;
	p.refused[-RESULT_BAD_LENGTH] = 1;
	p.refused[-RESULT_BAD_CHECKSUM] = 2;
	p.refused[-RESULT_CUT] = 5;
	p.refused[-RESULT_NOT_TCP] = 100; /* nothing wrong with those */
	p.refused[-RESULT_ROOM] = 100;
	numbers_of_pipeline(&n, &p);
	numbers_of_capture(&n, &c);
	numbers_of_store(&n, NULL, NULL);
	numbers_of_alerting(&n, NULL);
	assert_int_equal(number_value(&n, find("packets")), 7);
	assert_int_equal(number_value(&n, find("frames_malformed")), 3);
	assert_int_equal(number_value(&n, find("frames_cut")), 5);
	assert_int_equal(number_value(&n, find("capture_loss_ppm")), 100000);
	assert_int_equal(number_value(&n, find("dropped_interface")), 4);
}

static void test_add(void **state)
{
	struct sensor_numbers sum = {.packets = 10, .payload_bytes = 1000}, other = sum;

	(void)state;
	other.payload_bytes = 500;
	other.gap_bytes = 500;
	other.capture_loss_ppm = 500000;
	other.actions_given_up = 2;
	numbers_add(&sum, &other);
	assert_int_equal(sum.packets, 20);
	assert_int_equal(sum.actions_given_up, 2);
	assert_int_equal(sum.capture_loss_ppm, 250000); /* 500 of 2000 */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rows),
	    cmocka_unit_test(test_metric_names),
	    cmocka_unit_test(test_caps_are_told),
	    cmocka_unit_test(test_fill),
	    cmocka_unit_test(test_add),
	};

	return cmocka_run_group_tests_name("numbers", tests, NULL, NULL);
}
