/*
 * The recorder's log: what a successor counts is what was taken, once, whatever was sent to Redis
 * meanwhile; and whatever stands in a log that was damaged kills nobody.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../sensor/redo.h"
#include "../../sensor/tally_entry.h"

static struct redo *redo;

static int make(void **state)
{
	(void)state;
	redo = calloc(1, sizeof(*redo));
	return redo == NULL ? -1 : 0;
}

static int drop(void **state)
{
	(void)state;
	free(redo);
	return 0;
}

static void make_record(struct record *r)
{
	record_init(r);
	r->start_ns = 1772323200123456789u;
	assert_true(address_parse("2001:db8::25", &r->server_ip));
	assert_true(address_parse("192.0.2.1", &r->client_ip));
	r->outcome = OUTCOME_TLS;
	r->tls_version = 0x0303;
}

static void take(unsigned count)
{
	struct record r;

	make_record(&r);
	for (; count > 0; count--)
		redo_take(redo, redo_copy(redo, &r));
}

static struct tally_entry *server_of(struct tally *t)
{
	uint8_t key[32];

	assert_true(tally_key_parse(TALLY_SERVER, "2001:db8::25", "-", key));
	return tally_entry_make(t, TALLY_SERVER, key);
}

static struct tally_counter sessions_of(struct tally *t)
{
	return *tally_entry_counter(server_of(t), TALLY_NAME_SESSIONS, 0, false);
}

/* The totals of a server of which Redis held 100. */
static void send_totals(void)
{
	struct tally *t = tally_new(10);
	struct tally_entry *e = server_of(t);

	(void)redo_replay(redo, 0, t);
	e->based = true;
	tally_entry_counter(e, TALLY_NAME_SESSIONS, 0, false)->absolute = 100;
	redo_totals(redo, e);
	tally_free(t);
}

static void totals_take_the_place_of_what_came_before(void **state)
{
	struct tally *t = tally_new(10);
	struct tally_counter c;

	(void)state;
	take(3);
	send_totals();
	take(2);
	assert_int_equal(redo_begin(redo), 0);
	assert_int_equal(redo_replay(redo, 0, t), 5);
	c = sessions_of(t);
	assert_int_equal(c.absolute, 103);
	assert_int_equal(c.seen, 2);
	assert_int_equal(redo->taken, 5);
	tally_free(t);
}

static void what_the_spool_has_is_not_counted_again(void **state)
{
	struct tally *t = tally_new(10);
	uint64_t mark;

	(void)state;
	take(3);
	mark = redo_last(redo); /* the spool was put in place, and the log not emptied */
	take(2);
	assert_int_equal(redo_begin(redo), 0);
	assert_int_equal(redo_replay(redo, mark, t), 2);
	assert_int_equal(sessions_of(t).seen, 2);
	redo_empty(redo);
	take(1);
	assert_true(redo_last(redo) > mark); /* of a spool of an earlier run, too */
	tally_free(t);
	t = tally_new(10);
	assert_int_equal(redo_replay(redo, 1000, t), 0);
	take(1);
	assert_int_equal(redo_last(redo), 1001);
	tally_free(t);
}

static void what_has_no_room_is_counted_as_lost(void **state)
{
	struct tally *t = tally_new(10);
	unsigned count = 0;
	struct record r;

	(void)state;
	make_record(&r);
	while (!redo->full) {
		redo_take(redo, redo_copy(redo, &r));
		count++;
	}
	assert_true(redo_presses(redo));
	assert_true(count > 8000);
	take(10);
	assert_int_equal(redo_begin(redo), 11);
	assert_int_equal(redo_replay(redo, 0, t), count - 1);
	assert_int_equal(redo_begin(redo), 0);
	take(10);
	redo_empty(redo);
	assert_false(redo_presses(redo));
	assert_int_equal(redo_begin(redo), 0);
	tally_free(t);
}

/* Redis has the totals, with records that had no room: those before them are not counted again. */
static void totals_in_a_full_log_hold(void **state)
{
	struct tally *t = tally_new(10);
	unsigned count = 0;

	(void)state;
	for (; !redo->full; count++)
		take(1);
	take(10);
	send_totals();
	assert_int_equal(redo_begin(redo), 11);
	assert_int_equal(redo_replay(redo, 0, t), count - 1);
	assert_int_equal(sessions_of(t).absolute, 100 + count - 1);
	assert_int_equal(sessions_of(t).seen, 0);
	tally_free(t);
}

/* Totals without room have emptied it: later ones do not say that all is here. */
static void log_given_up_stays_so(void **state)
{
	(void)state;
	take(3);
	redo->used = sizeof(redo->bytes) - 8;
	send_totals();
	assert_true(redo->full);
	take(4);
	send_totals();
	assert_int_equal(redo_begin(redo), 7);
	take(1);
	assert_int_equal(redo_begin(redo), 0);
}

/* As a recorder may leave it that wrote where it should not. */
static void damage_ends_the_log(void **state)
{
	size_t used;

	(void)state;
	take(5);
	send_totals();
	take(5);
	used = redo->used;
	for (unsigned round = 0; round < 2000; round++) {
		struct tally *t = tally_new(10);
		size_t at = (size_t)rand() % used;
		unsigned char old = redo->bytes[at];

		redo->used = used;
		redo->taken = 10;
		redo->bytes[at] ^= (unsigned char)(1 + rand() % 255);
		(void)redo_begin(redo);
		redo_is_good(redo);
		assert_true(redo->used <= used && redo->taken <= 11);
		(void)redo_replay(redo, 0, t);
		redo->bytes[at] = old;
		tally_free(t);
	}
	redo->used = SIZE_MAX;
	(void)redo_begin(redo);
	assert_int_equal(redo->used, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(totals_take_the_place_of_what_came_before, make, drop),
	    cmocka_unit_test_setup_teardown(what_the_spool_has_is_not_counted_again, make, drop),
	    cmocka_unit_test_setup_teardown(what_has_no_room_is_counted_as_lost, make, drop),
	    cmocka_unit_test_setup_teardown(totals_in_a_full_log_hold, make, drop),
	    cmocka_unit_test_setup_teardown(log_given_up_stays_so, make, drop),
	    cmocka_unit_test_setup_teardown(damage_ends_the_log, make, drop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
