/* A worker's queue: in order, bounded, every loss counted; and the sums that survive workers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../sensor/board.h"
#include "../../sensor/outbox.h"

static struct message record_message(uint64_t number)
{
	struct message m = {.kind = MESSAGE_RECORD, .generation = 1};

	record_init(&m.record);
	m.record.start_ns = number;
	return m;
}

static void what_the_socket_refuses_waits_in_order(void **state)
{
	struct outbox o = {0};
	struct message m;
	uint64_t sent = 0, got = 0, kept;
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	o.socket = pair[0];
	do {
		m = record_message(sent++);
	} while (outbox_put(&o, &m));
	assert_int_equal(o.lost, 1);
	kept = sent - 1;
	assert_true(o.bytes <= LIMIT_QUEUE_BYTES);
	assert_true(o.bytes + 2 * sizeof(m) > LIMIT_QUEUE_BYTES);
	while (got < kept) {
		outbox_wait(&o, 1000);
		while (recv(pair[1], &m, sizeof(m), MSG_DONTWAIT) > 0)
			assert_int_equal(m.record.start_ns, got++);
	}
	outbox_pump(&o);
	assert_int_equal(o.bytes, 0);
	assert_null(o.first);
	assert_true(outbox_put(&o, &m));
	close(pair[0]);
	close(pair[1]);
}

static struct board *new_board(unsigned places)
{
	int fd = board_make();
	struct board *b;

	assert_true(fd >= 0);
	b = board_map(fd);
	assert_non_null(b);
	close(fd);
	b->places = places;
	for (unsigned i = 0; i < places; i++)
		b->place[i].generation = 1;
	return b;
}

static void hear_numbers(struct board *b, unsigned place, uint32_t generation, uint64_t sessions,
    uint64_t open, uint64_t lost)
{
	const struct message m = {.kind = MESSAGE_NUMBERS,
	    .generation = generation,
	    .numbers = {.sessions = sessions, .flows_open = open, .records_lost = lost}};

	assert_false(board_hear(b, place, &m));
}

static void hear_records(struct board *b, unsigned place, uint32_t generation, unsigned count)
{
	struct message m = record_message(0);

	m.generation = generation;
	for (; count > 0; count--) {
		assert_true(board_hear(b, place, &m));
		redo_take(&b->redo, NULL);
	}
}

static void numbers_survive_their_worker(void **state)
{
	struct board *b = new_board(2);
	struct sensor_numbers sum;

	(void)state;
	hear_records(b, 0, 1, 8);
	hear_numbers(b, 0, 1, 11, 3, 1); /* two more were in its queue */
	hear_records(b, 1, 1, 5);
	hear_numbers(b, 1, 1, 5, 2, 0);
	board_numbers(b, &sum);
	assert_int_equal(sum.sessions, 16);
	assert_int_equal(sum.flows_open, 5);
	b->place[0].generation = 2;
	hear_numbers(b, 0, 2, 0, 0, 0);
	board_numbers(b, &sum);
	assert_int_equal(sum.sessions, 16);
	assert_int_equal(sum.flows_open, 2);
	assert_int_equal(b->flows_lost, 3);
	assert_int_equal(sum.records_lost, 3);
	hear_records(b, 0, 2, 4);
	hear_numbers(b, 0, 2, 4, 0, 0);
	board_end(b);
	board_numbers(b, &sum);
	assert_int_equal(sum.sessions, 20);
	assert_int_equal(sum.records_lost, 3);
	assert_int_equal(b->redo.taken, 17);
	munmap(b, sizeof(*b));
}

/* It had told of fewer sessions than it sent, and the recorder of fewer tries than it made. */
static void numbers_of_the_dead_do_not_go_back(void **state)
{
	struct sensor_numbers sum,
	    own = {.redis_connects = 3, .entries_waiting = 5, .records_lost = 1};
	struct board *b = new_board(1);

	(void)state;
	hear_numbers(b, 0, 1, 1, 0, 0);
	hear_records(b, 0, 1, 8);
	redo_empty(&b->redo);
	b->place[0].generation = 2;
	hear_numbers(b, 0, 2, 2, 0, 0);
	board_numbers(b, &sum);
	assert_int_equal(sum.sessions, 10);
	board_own(b, &own, &sum);
	board_begin(b);
	own = (struct sensor_numbers){.redis_connects = 1};
	board_numbers(b, &sum);
	board_own(b, &own, &sum);
	assert_int_equal(sum.redis_connects, 4);
	assert_int_equal(sum.entries_waiting, 0);
	assert_int_equal(sum.records_lost, 1);
	assert_int_equal(sum.records_died, 0);
	munmap(b, sizeof(*b));
}

static void a_worker_cannot_speak_for_another(void **state)
{
	struct board *b = new_board(1);
	struct message m = record_message(0);

	(void)state;
	m.generation = 2; /* to come */
	assert_false(board_hear(b, 0, &m));
	b->place[0].generation = 2;
	assert_true(board_hear(b, 0, &m));
	m.generation = 1; /* dead */
	assert_false(board_hear(b, 0, &m));
	assert_int_equal(b->refused, 2);
	munmap(b, sizeof(*b));
}

static void a_dead_recorder_loses_what_it_had_not_kept(void **state)
{
	struct board *b = new_board(1);
	struct sensor_numbers sum;

	(void)state;
	hear_records(b, 0, 1, 10);
	redo_empty(&b->redo);
	hear_records(b, 0, 1, 3);
	board_begin(b);
	board_begin(b);
	hear_records(b, 0, 1, 2);
	board_numbers(b, &sum);
	assert_int_equal(sum.records_lost, 3);
	munmap(b, sizeof(*b));
}

/* As the kernel would, and whoever gets the message. */
static void receive(struct board *b, const struct message *m)
{
	memcpy(board_inbox(b, 0), m, message_size(m));
}

static void take(struct board *b, const struct message *m)
{
	struct record *copy;

	assert_true(board_hear(b, 0, m));
	copy = redo_copy(&b->redo, &m->record);
	assert_non_null(copy);
	redo_take(&b->redo, copy);
}

static void a_message_that_was_received_is_taken_once(void **state)
{
	struct board *b = new_board(1);
	struct message m = record_message(7);
	const struct message *unread;
	struct sensor_numbers sum;
	unsigned place = 99;
	size_t size;

	(void)state;
	assert_null(board_unread(b, &place, &size));
	receive(b, &m);
	board_begin(b); /* died before it looked at it */
	unread = board_unread(b, &place, &size);
	assert_non_null(unread);
	assert_int_equal(place, 0);
	assert_true(message_check(unread, size));
	assert_true(board_hear(b, place, unread));
	board_begin(b); /* ... as it had counted the message, and not taken it yet */
	redo_is_good(&b->redo);
	unread = board_unread(b, &place, &size);
	assert_non_null(unread);
	assert_int_equal(unread->record.start_ns, 7);
	take(b, unread);
	assert_int_equal(b->place[0].records, 1);
	board_begin(b); /* ... behind it */
	assert_null(board_unread(b, &place, &size));
	(void)board_inbox(b, 0); /* ... and as it waited for the next */
	board_begin(b);
	assert_null(board_unread(b, &place, &size));
	assert_int_equal(b->redo.taken, 1);
	board_numbers(b, &sum);
	assert_int_equal(sum.records_lost, 0);
	munmap(b, sizeof(*b));
}

static void a_message_that_kills_is_given_up(void **state)
{
	struct board *b = new_board(1);
	struct message m = record_message(7);
	struct sensor_numbers sum;
	unsigned place, deaths = 0;
	size_t size;

	(void)state;
	take(b, &m);
	receive(b, &m);
	board_begin(b);
	for (; board_unread(b, &place, &size) != NULL; deaths++)
		board_begin(b);
	assert_int_equal(deaths, 2);
	board_numbers(b, &sum);
	assert_int_equal(sum.records_lost, 1);
	assert_int_equal(b->redo.taken, 1);
	hear_numbers(b, 0, 1, 2, 0, 0);
	board_end(b);
	board_numbers(b, &sum);
	assert_int_equal(sum.records_lost, 1);
	munmap(b, sizeof(*b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_the_socket_refuses_waits_in_order),
	    cmocka_unit_test(numbers_survive_their_worker),
	    cmocka_unit_test(numbers_of_the_dead_do_not_go_back),
	    cmocka_unit_test(a_worker_cannot_speak_for_another),
	    cmocka_unit_test(a_dead_recorder_loses_what_it_had_not_kept),
	    cmocka_unit_test(a_message_that_was_received_is_taken_once),
	    cmocka_unit_test(a_message_that_kills_is_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
