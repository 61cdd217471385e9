/* What becomes of records: no line of JSON is lost in silence. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../sensor/recorder.h"

#define TAKEN 20000u /* more lines than a pipe and what waits hold */

/* The reader of a pipe, and what it has read. */
static char text[TAKEN * 512];
static size_t read_size;
static int reader;

static void read_some(void *context)
{
	ssize_t got;

	(void)context;
	while ((got = read(reader, text + read_size, sizeof(text) - read_size)) > 0)
		read_size += (size_t)got;
}

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

/* A live recorder's, with a pipe nobody reads yet. */
static struct recorder *open_piped(struct sensor_options *sensor, struct board *board, int ends[2])
{
	struct recorder_options options = {
	    .sensor = sensor, .board = board, .numbers = no_numbers, .wait = read_some};
	struct recorder *r;
	int status;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
	reader = ends[0];
	read_size = 0;
	options.json = fdopen(ends[1], "w");
	r = recorder_open(&options, &status);
	assert_non_null(r);
	return r;
}

static uint64_t json_lost(const struct recorder *r)
{
	struct sensor_numbers n;

	recorder_numbers(r, &n);
	return n.json_lost;
}

/* All lines are whole. */
static uint64_t lines_read(void)
{
	uint64_t count = 0;

	for (size_t at = 0; at < read_size; count++) {
		const char *end = memchr(text + at, '\n', read_size - at);

		assert_non_null(end);
		assert_memory_equal(text + at, "{\"@timestamp\":", 14);
		assert_int_equal(end[-1], '}');
		at = (size_t)(end + 1 - text);
	}
	return count;
}

static void a_reader_that_stalls_is_not_waited_for(void **state)
{
	struct sensor_options sensor = {.json = "-"};
	struct board *board = calloc(1, sizeof(*board));
	struct recorder *r;
	uint64_t dropped;
	int ends[2];

	(void)state;
	r = open_piped(&sensor, board, ends);
	for (unsigned i = 0; i < TAKEN; i++) { /* alarm() ends it where this waits */
		take(r);
		assert_true(recorder_tick(r));
	}
	assert_true(json_lost(r) > 0 && json_lost(r) < TAKEN);
	dropped = json_lost(r);
	assert_int_equal(recorder_close(r), 0);
	read_some(NULL);
	assert_int_equal(lines_read(), TAKEN - dropped);
	close(ends[0]);
	free(board);
}

static void a_reader_that_stalls_is_given_up_at_the_end(void **state)
{
	struct sensor_options sensor = {.json = "-"};
	struct board *board = calloc(1, sizeof(*board));
	struct recorder *r;
	int ends[2];

	(void)state;
	r = open_piped(&sensor, board, ends);
	reader = -1;
	for (unsigned i = 0; i < TAKEN; i++)
		take(r);
	assert_int_equal(recorder_close(r), 0); /* alarm() ends it where this waits for good */
	close(ends[0]);
	free(board);
}

static void a_replay_waits_for_its_reader(void **state)
{
	struct sensor_options sensor = {.json = "-", .file = "capture.pcap"};
	struct board *board = calloc(1, sizeof(*board));
	struct recorder *r;
	int ends[2];

	(void)state;
	r = open_piped(&sensor, board, ends);
	for (unsigned i = 0; i < TAKEN; i++)
		take(r);
	assert_int_equal(json_lost(r), 0);
	assert_int_equal(recorder_close(r), 0);
	read_some(NULL);
	assert_int_equal(lines_read(), TAKEN);
	close(ends[0]);
	free(board);
}

static void a_reader_that_goes_is_said(void **state)
{
	struct sensor_options sensor = {.json = "-"};
	struct board *board = calloc(1, sizeof(*board));
	struct recorder *r;
	int ends[2];

	(void)state;
	r = open_piped(&sensor, board, ends);
	close(ends[0]);
	take(r);
	assert_false(recorder_tick(r));
	assert_int_equal(recorder_close(r), EXIT_FAILED);
	free(board);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_full_disk_is_seen_at_a_reload),
	    cmocka_unit_test(a_reader_that_stalls_is_not_waited_for),
	    cmocka_unit_test(a_reader_that_stalls_is_given_up_at_the_end),
	    cmocka_unit_test(a_replay_waits_for_its_reader),
	    cmocka_unit_test(a_reader_that_goes_is_said),
	};

	alarm(60);
	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
