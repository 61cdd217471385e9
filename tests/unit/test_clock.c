/*
 * The pipeline's clock: a stamp that is broken ends no session and moves nothing; a clock that was
 * set is followed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "frame_builder.h"
#include "replay_capture.h"

#define NS_PER_S 1000000000ull
#define YEARS	 (10 * 365 * 86400 * NS_PER_S)

static const struct packet_list *real, *other; /* of other hosts */

struct run {
	struct pipeline *pipeline;
	struct replayed got;
};

static void begin(struct run *run)
{
	run->pipeline = replay_begin(&(struct pipeline_options){.any_port = false}, &run->got);
}

static void end(struct run *run)
{
	replay_end(run->pipeline, &run->got);
}

static void send_of(const struct packet_list *list, struct run *run, size_t i, uint64_t ns)
{
	replay_packet(run->pipeline, list, &list->packets[i], ns);
}

static void send(struct run *run, size_t i, uint64_t ns)
{
	send_of(real, run, i, ns);
}

/* A packet of somebody else, to a port. */
static void send_other(struct run *run, uint16_t port, uint64_t ns)
{
	struct frame_builder b;

	frame_builder_begin(&b, false);
	b.segment.destination_port = port;
	b.segment.source_port = 40000;
	frame_build(&b, "ethernet ipv4 tcp");
	pipeline_packet(run->pipeline, 1, ns, b.bytes, b.length, b.length);
}

static const struct record *one_record(const struct run *run, size_t at)
{
	struct replayed truth;
	const char *what;

	replay(real, NULL, 0, &truth);
	assert_int_equal(truth.count, 1);
	if (run->got.count != 1)
		fail_msg("odd at %zu: %zu records", at, run->got.count);
	what = record_differs(&truth.records[0], &run->got.records[0], true);
	if (what != NULL)
		fail_msg("odd at %zu: %s differs", at, what);
	return &run->got.records[0];
}

/* One packet of the session itself. */
static void test_a_broken_stamp_ends_nothing(void **state)
{
	static const uint64_t away[] = {YEARS, -YEARS, 3600 * NS_PER_S, -(3600 * NS_PER_S)};
	static struct run run;
	uint64_t last = real->packets[real->count - 1].ns, first = real->packets[0].ns;

	(void)state;
	for (size_t i = 0; i < 4; i++)
		for (size_t odd = 1; odd < real->count; odd++) {
			begin(&run);
			for (size_t j = 0; j < real->count; j++) {
				send(&run, j, real->packets[j].ns + (j == odd ? away[i] : 0));
				if (odd % 2 == 0) /* alone, and among others */
					pipeline_flush(run.pipeline);
			}
			end(&run);
			assert_int_equal(one_record(&run, odd)->start_ns, first);
			assert_true(run.got.records[0].duration_ns <= last - first);
		}
}

/* ... and one of somebody else, whether it is mail or not. */
static void test_a_broken_stamp_of_another_ends_nothing(void **state)
{
	static const uint16_t ports[] = {25, 80};
	static struct run run;

	(void)state;
	for (size_t i = 0; i < 2; i++)
		for (size_t odd = 1; odd < real->count; odd++) {
			begin(&run);
			for (size_t j = 0; j < real->count; j++) {
				if (j == odd)
					send_other(&run, ports[i], real->packets[j].ns + YEARS);
				send(&run, j, real->packets[j].ns);
			}
			assert_int_equal(
			    pipeline_stats(run.pipeline)->flows_open, ports[i] == 25 ? 2 : 1);
			pipeline_free(run.pipeline);

			begin(&run);
			for (size_t j = 0; j < real->count; j++) {
				if (j == odd)
					send_other(&run, 80, real->packets[j].ns + YEARS);
				send(&run, j, real->packets[j].ns);
			}
			end(&run);
			(void)one_record(&run, odd);
		}
}

/* Of two sessions the second is stamped by the clock as it was set, even its first packet. */
static void session_behind(uint64_t away)
{
	static struct run run;
	uint64_t from = real->packets[0].ns + away - other->packets[0].ns;
	const struct record *second = &run.got.records[(int64_t)away > 0]; /* by their stamps */

	begin(&run);
	for (size_t j = 0; j < real->count; j++)
		send(&run, j, real->packets[j].ns);
	for (size_t j = 0; j < other->count; j++)
		send_of(other, &run, j, other->packets[j].ns + from);
	end(&run);
	assert_int_equal(run.got.count, 2);
	assert_int_equal(second->start_ns, real->packets[0].ns + away);
	assert_int_equal(second->confidence, CONFIDENCE_FULL);
	assert_int_equal(
	    second->duration_ns, other->packets[other->count - 1].ns - other->packets[0].ns);
}

static void test_a_clock_that_was_set_is_followed(void **state)
{
	(void)state;
	session_behind(YEARS);
	session_behind(-YEARS);
	session_behind(7200 * NS_PER_S);
	session_behind(-(7200 * NS_PER_S));
}

/* In the middle of a session: forward it is as a silence, back it goes on. */
static void test_a_clock_set_back_ends_nothing(void **state)
{
	static struct run run;

	(void)state;
	for (size_t set = 1; set < real->count; set++) {
		begin(&run);
		for (size_t j = 0; j < real->count; j++)
			send(&run, j, real->packets[j].ns - (j >= set ? YEARS : 0));
		end(&run);
		(void)one_record(&run, set);
	}
}

/* Where nothing comes any more, the wall clock says when a session is over. */
static void test_silence_ends_a_session(void **state)
{
	static struct run run;
	uint64_t ns = real->packets[real->count / 2].ns + 700 * NS_PER_S;

	(void)state;
	begin(&run);
	for (size_t j = 0; j <= real->count / 2; j++)
		send(&run, j, real->packets[j].ns);
	pipeline_tick(run.pipeline, ns);
	assert_int_equal(run.got.count, 0);
	for (unsigned i = 1; i <= 20; i++)
		pipeline_tick(run.pipeline, ns + i * NS_PER_S);
	assert_int_equal(run.got.count, 1);
	pipeline_free(run.pipeline);
}

static int set_up(void **state)
{
	(void)captures_set_up(state);
	real = captures_find("tls12-exim-exim");
	other = captures_find("tls13-postfix-postfix-ipv6");
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_broken_stamp_ends_nothing),
	    cmocka_unit_test(test_a_broken_stamp_of_another_ends_nothing),
	    cmocka_unit_test(test_a_clock_that_was_set_is_followed),
	    cmocka_unit_test(test_a_clock_set_back_ends_nothing),
	    cmocka_unit_test(test_silence_ends_a_session),
	};

	return cmocka_run_group_tests(tests, set_up, captures_tear_down);
}
