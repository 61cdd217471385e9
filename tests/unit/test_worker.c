/*
 * Which packets a worker takes for its own, whatever becomes of the clock that stamps them. What it
 * reads comes through a pipe, so that it may come late.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../sensor/clock.h"
#include "../../sensor/limits.h"
#include "../../sensor/worker.h"

#define NS_PER_S 1000000000ull
#define BEGAN_NS (1000 * NS_PER_S) /* when the others had joined */

static const struct file_header {
	uint32_t magic;
	uint16_t major, minor;
	uint32_t zone, accuracy, snaplen, link_type;
} file_header = {0xa1b23c4d, 2, 4, 0, 0, 65535, 1}; /* nanoseconds */

struct run {
	struct capture *capture;
	struct worker *worker;
	int pipe;
	unsigned late; /* packets that come when all are its own */
};

/* Whatever it holds, it is counted. */
static void send_packet(const struct run *run, uint64_t ns)
{
	const struct {
		uint32_t s, ns, captured, length;
		uint8_t frame[64];
	} packet = {(uint32_t)(ns / NS_PER_S), (uint32_t)(ns % NS_PER_S), 64, 64, {0}};

	assert_int_equal(write(run->pipe, &packet, sizeof(packet)), sizeof(packet));
}

static void take_record(void *context, const struct record *record)
{
	(void)context;
	(void)record;
}

static bool between(void *context)
{
	struct run *run = context;

	if (run->pipe < 0)
		return true;
	if (run->late > 0)
		usleep((LIMIT_SHARE_MS + 100) * 1000);
	for (; run->late > 0; run->late--)
		send_packet(run, BEGAN_NS - NS_PER_S);
	close(run->pipe);
	run->pipe = -1;
	return true;
}

static void failed(void *context, const char *line)
{
	(void)context;
	fail_msg("%s", line);
}

static void begin(struct run *run, uint64_t since_ns)
{
	char folder[] = "/tmp/tlsvane-worker.XXXXXX", path[64], error[CAPTURE_ERROR_MAX];
	struct worker_options options = {
	    .pipeline = {.any_port = true, .sink = take_record},
	    .since_ns = since_ns,
	    .between = between,
	    .failed = failed,
	    .context = run,
	};

	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/pipe", folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	run->pipe = open(path, O_RDWR | O_CLOEXEC); /* so that neither end waits to be opened */
	assert_int_equal(write(run->pipe, &file_header, sizeof(file_header)), sizeof(file_header));
	run->capture = capture_open_file(path, error);
	unlink(path);
	rmdir(folder);
	if (run->capture == NULL)
		fail_msg("%s", error);
	options.capture = run->capture;
	run->worker = worker_new(&options);
	assert_non_null(run->worker);
}

/* How many packets it took. */
static uint64_t end(struct run *run)
{
	struct sensor_numbers numbers;

	assert_int_equal(worker_run(run->worker), 0);
	assert_true(worker_has_seen(run->worker, clock_ns(CLOCK_REALTIME)));
	worker_numbers(run->worker, &numbers);
	worker_free(run->worker);
	capture_close(run->capture);
	return numbers.packets;
}

static void test_packets_before_its_own_are_passed_over(void **state)
{
	struct run run = {.late = 0};

	(void)state;
	begin(&run, BEGAN_NS);
	for (unsigned i = 1; i <= 5; i++)
		send_packet(&run, BEGAN_NS - NS_PER_S + i);
	for (unsigned i = 0; i < 3; i++)
		send_packet(&run, BEGAN_NS + i);
	assert_int_equal(end(&run), 3);
}

static void test_a_clock_set_back_later_changes_nothing(void **state)
{
	struct run run = {.late = 0};

	(void)state;
	begin(&run, BEGAN_NS);
	send_packet(&run, BEGAN_NS);
	for (unsigned i = 0; i < 4; i++)
		send_packet(&run, BEGAN_NS - 900 * NS_PER_S + i);
	assert_int_equal(end(&run), 5);
}

static void test_a_clock_set_back_at_the_beginning_is_waited_for_a_moment(void **state)
{
	struct run run = {.late = 4};

	(void)state;
	begin(&run, BEGAN_NS);
	send_packet(&run, BEGAN_NS - 900 * NS_PER_S); /* it may still be another's */
	assert_int_equal(end(&run), 4);
}

/* Of what is handed over. Nothing was read yet. */
static void test_only_what_may_come_is_waited_for(void **state)
{
	const uint64_t hour = 3600 * NS_PER_S, moment = LIMIT_MERGE_MS * 1000000ull / 2;
	struct run run = {.late = 0};
	uint64_t now;
	bool seen;

	(void)state;
	begin(&run, 0);
	assert_true(worker_has_seen(run.worker, clock_ns(CLOCK_REALTIME) - hour));
	assert_true(
	    worker_has_seen(run.worker, clock_ns(CLOCK_REALTIME) + hour)); /* set back since */
	now = clock_ns(CLOCK_REALTIME);
	seen = worker_has_seen(run.worker, now);
	assert_true(!seen || clock_ns(CLOCK_REALTIME) > now + moment); /* a machine may be busy */
	assert_int_equal(end(&run), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_packets_before_its_own_are_passed_over),
	    cmocka_unit_test(test_a_clock_set_back_later_changes_nothing),
	    cmocka_unit_test(test_a_clock_set_back_at_the_beginning_is_waited_for_a_moment),
	    cmocka_unit_test(test_only_what_may_come_is_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
