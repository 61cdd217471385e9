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

/* Records numbered from `got` on; returns the next number. */
static uint64_t read_all(int socket, uint64_t got)
{
	const struct message *m;
	struct bundle b;
	size_t at;

	while (recv(socket, &b, sizeof(b), MSG_DONTWAIT) > 0) {
		for (at = BUNDLE_HEAD; (m = bundle_next(&b, &at)) != NULL; got++)
			assert_int_equal(m->record.start_ns, got);
		assert_int_equal(at, b.size);
	}
	return got;
}

static void what_the_socket_refuses_waits_in_order(void **state)
{
	struct outbox o = {.generation = 1};
	struct message m;
	uint64_t sent = 0, got = 0, kept;
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	o.socket = pair[0];
	do {
		m = record_message(sent++);
	} while (outbox_put_record(&o, &m.record));
	assert_int_equal(o.lost, 1);
	kept = sent - 1;
	assert_true(o.bytes <= LIMIT_QUEUE_BYTES);
	assert_true(o.bytes + 2 * sizeof(struct bundle) > LIMIT_QUEUE_BYTES);
	while (got < kept) {
		outbox_wait(&o, 1000);
		got = read_all(pair[1], got);
	}
	outbox_pump(&o);
	assert_int_equal(o.bytes, 0);
	assert_null(o.first);
	assert_true(outbox_put_record(&o, &m.record));
	close(pair[0]);
	outbox_pump(&o);
	assert_true(o.bytes > 0);
	free(o.first);
	close(pair[1]);
}

/* Numbers that find no room can be told later: no record is lost with them. */
static void only_records_are_lost(void **state)
{
	const struct sensor_numbers numbers = {.sessions = 2};
	struct outbox o = {.generation = 1};
	const struct message m = record_message(0);
	struct bundle b;
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	o.socket = pair[0];
	while (outbox_put_record(&o, &m.record))
		;
	while (outbox_put_numbers(&o, &numbers))
		;
	assert_false(outbox_put_numbers(&o, &numbers));
	assert_int_equal(o.lost, 1);
	while (o.bytes > 0) {
		assert_true(recv(pair[1], &b, sizeof(b), MSG_DONTWAIT) > 0);
		outbox_pump(&o);
	}
	assert_true(outbox_put_numbers(&o, &numbers));
	free(o.first);
	close(pair[0]);
	close(pair[1]);
}

/* Records and numbers stay in their order, a datagram for all that wait. */
static void what_is_put_goes_together(void **state)
{
	const struct sensor_numbers numbers = {.sessions = 2};
	struct outbox o = {.generation = 3};
	struct message m = record_message(0);
	const struct message *next;
	size_t at = BUNDLE_HEAD;
	struct bundle b;
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	o.socket = pair[0];
	assert_true(outbox_put_record(&o, &m.record));
	m = record_message(1);
	assert_true(outbox_put_record(&o, &m.record));
	assert_true(outbox_put_numbers(&o, &numbers));
	assert_int_equal(recv(pair[1], &b, sizeof(b), MSG_DONTWAIT), -1);
	outbox_pump(&o);
	assert_int_equal(o.bytes, 0);
	assert_true(recv(pair[1], &b, sizeof(b), MSG_DONTWAIT) > 0);
	assert_int_equal(b.records, 2);
	for (uint64_t i = 0; i < 2; i++) {
		next = bundle_next(&b, &at);
		assert_int_equal(next->kind, MESSAGE_RECORD);
		assert_int_equal(next->generation, 3);
		assert_int_equal(next->record.start_ns, i);
	}
	assert_int_equal(bundle_next(&b, &at)->numbers.sessions, 2);
	assert_null(bundle_next(&b, &at));
	assert_int_equal(at, b.size);
	assert_int_equal(recv(pair[1], &b, sizeof(b), MSG_DONTWAIT), -1);
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

static void a_link_that_was_down_dies_with_its_worker(void **state)
{
	const struct message m = {
	    .kind = MESSAGE_NUMBERS, .generation = 1, .numbers = {.links_down = 1}};
	struct board *b = new_board(1);
	struct sensor_numbers sum;

	(void)state;
	assert_false(board_hear(b, 0, &m));
	board_numbers(b, &sum);
	assert_int_equal(sum.links_down, 1);
	b->place[0].generation = 2;
	hear_numbers(b, 0, 2, 0, 0, 0);
	board_numbers(b, &sum);
	assert_int_equal(sum.links_down, 0);
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

/* As the kernel would: so many records, numbered from `first` on, and numbers behind them. */
static void receive(struct board *b, uint32_t generation, unsigned first, unsigned count)
{
	const struct sensor_numbers numbers = {.sessions = first + count};
	struct bundle made = {.size = BUNDLE_HEAD};
	struct message m;

	for (unsigned i = first; i < first + count; i++) {
		m = record_message(i);
		assert_true(bundle_add(
		    &made, MESSAGE_RECORD, generation, &m.record, record_size(&m.record)));
	}
	assert_true(bundle_add(&made, MESSAGE_NUMBERS, generation, &numbers, sizeof(numbers)));
	memcpy(board_inbox(b, 0), &made, made.size);
}

static void take(struct board *b, const struct record *r)
{
	struct record *copy = redo_copy(&b->redo, r);

	assert_non_null(copy);
	redo_take(&b->redo, copy);
}

/* Hears what stands there, until so many records were taken, and dies at the next: it has counted
 * the message, and not taken it yet. Returns the number of the first record that is taken. */
static uint64_t hear(struct board *b, const struct bundle *bundle, unsigned count)
{
	const struct message *m;
	size_t at = BUNDLE_HEAD;
	uint64_t first = 0;
	unsigned taken = 0;

	while ((m = bundle_next(bundle, &at)) != NULL) {
		if (!board_hear(b, 0, m))
			continue;
		if (taken == count)
			return first;
		take(b, &m->record);
		if (taken++ == 0)
			first = m->record.start_ns;
	}
	assert_int_equal(at, bundle->size);
	return first;
}

static const struct bundle *begin_again(struct board *b)
{
	const struct bundle *unread;
	unsigned place = 0;

	board_begin(b);
	unread = board_unread(b, &place);
	assert_int_equal(place, 0);
	return unread;
}

static void a_bundle_that_was_received_is_taken_once(void **state)
{
	struct board *b = new_board(1);
	struct sensor_numbers sum;

	(void)state;
	assert_null(begin_again(b));
	redo_is_good(&b->redo);
	hear_records(b, 0, 1, 2);
	redo_empty(&b->redo);
	receive(b, 1, 2, 6);
	hear(b, begin_again(b), 0); /* died before it looked at it; and as it had only counted */
	assert_int_equal(hear(b, begin_again(b), 2), 2);
	redo_is_good(&b->redo);
	assert_int_equal(hear(b, begin_again(b), 1), 4);
	redo_is_good(&b->redo);
	assert_int_equal(hear(b, begin_again(b), 9), 5);
	assert_int_equal(b->place[0].records, 8);
	assert_int_equal(hear(b, begin_again(b), 9), 0); /* behind it */
	assert_int_equal(b->place[0].records, 8);
	(void)board_inbox(b, 0); /* ... and as it waited for the next */
	assert_null(begin_again(b));
	assert_int_equal(b->redo.taken, 8);
	assert_int_equal(b->place[0].last.sessions, 8);
	board_end(b);
	board_numbers(b, &sum);
	assert_int_equal(sum.records_lost, 0);
	assert_int_equal(sum.sessions, 8);
	munmap(b, sizeof(*b));
}

/* The bundle is the first of a new worker: what the one before had sent is another matter. */
static void a_bundle_of_a_new_worker_is_taken_once(void **state)
{
	struct board *b = new_board(1);
	struct sensor_numbers sum;

	(void)state;
	hear_records(b, 0, 1, 5);
	redo_empty(&b->redo);
	b->place[0].generation = 2;
	receive(b, 2, 0, 4);
	hear(b, begin_again(b), 1);
	assert_int_equal(hear(b, begin_again(b), 9), 1);
	assert_int_equal(b->place[0].records, 4);
	board_end(b);
	board_numbers(b, &sum);
	assert_int_equal(sum.records_lost, 0);
	assert_int_equal(sum.sessions, 9);
	munmap(b, sizeof(*b));
}

static void a_record_that_kills_is_given_up(void **state)
{
	struct board *b = new_board(1);
	const struct bundle *unread;
	struct sensor_numbers sum;
	unsigned deaths;

	(void)state;
	receive(b, 1, 0, 5);
	hear(b, &b->inbox.bundle, 2);
	for (deaths = 0; deaths < 2; deaths++)
		hear(b, begin_again(b), 0);
	assert_int_equal(hear(b, begin_again(b), 1), 3); /* the third is passed over */
	assert_int_equal(b->lost, 1);
	unread = begin_again(b); /* the fifth, too, or whatever it is: enough of this bundle */
	assert_null(unread);
	assert_int_equal(b->redo.taken, 3);
	assert_int_equal(b->lost, 2);
	hear_numbers(b, 0, 1, 5, 0, 0);
	board_end(b);
	board_numbers(b, &sum);
	assert_int_equal(sum.records_lost, 2);
	munmap(b, sizeof(*b));
}

/* A count of records that cannot be is not believed. */
static void a_bundle_of_nonsense_is_not_read_again(void **state)
{
	struct board *b = new_board(1);

	(void)state;
	receive(b, 1, 0, 2);
	b->inbox.bundle.records = 1000000;
	assert_null(begin_again(b));
	receive(b, 1, 0, 2);
	b->inbox.bundle.size = sizeof(struct bundle) + 8;
	assert_null(begin_again(b));
	assert_int_equal(b->lost, 0);
	munmap(b, sizeof(*b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_the_socket_refuses_waits_in_order),
	    cmocka_unit_test(only_records_are_lost),
	    cmocka_unit_test(what_is_put_goes_together),
	    cmocka_unit_test(numbers_survive_their_worker),
	    cmocka_unit_test(a_link_that_was_down_dies_with_its_worker),
	    cmocka_unit_test(numbers_of_the_dead_do_not_go_back),
	    cmocka_unit_test(a_worker_cannot_speak_for_another),
	    cmocka_unit_test(a_dead_recorder_loses_what_it_had_not_kept),
	    cmocka_unit_test(a_bundle_that_was_received_is_taken_once),
	    cmocka_unit_test(a_bundle_of_a_new_worker_is_taken_once),
	    cmocka_unit_test(a_record_that_kills_is_given_up),
	    cmocka_unit_test(a_bundle_of_nonsense_is_not_read_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
