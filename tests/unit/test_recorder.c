/* What becomes of records: no line of JSON is lost in silence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../sensor/recorder.h"

static void no_numbers(void *context, struct sensor_numbers *numbers)
{
	(void)context;
	(void)numbers;
}

static struct recorder *open_recorder(struct sensor_options *sensor, FILE *json)
{
	const struct recorder_options options = {
	    .sensor = sensor, .json = json, .numbers = no_numbers};
	struct recorder *r;
	int status;

	assert_non_null(json);
	r = recorder_open(&options, &status);
	assert_non_null(r);
	return r;
}

static void take(struct recorder *r)
{
	struct record session;

	record_init(&session);
	session.start_ns = 1772323200123456789u;
	assert_true(address_parse("192.0.2.25", &session.server_ip));
	assert_true(address_parse("192.0.2.1", &session.client_ip));
	session.outcome = OUTCOME_TLS;
	recorder_take(r, &session);
}

static void a_full_disk_is_seen_at_a_reload(void **state)
{
	struct sensor_options sensor = {.json = "/dev/full", .file = "capture.pcap"};
	struct recorder *r = open_recorder(&sensor, fopen("/dev/full", "ae"));

	(void)state;
	take(r);
	recorder_reload(r);
	assert_int_equal(recorder_close(r), EXIT_FAILED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_full_disk_is_seen_at_a_reload),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
