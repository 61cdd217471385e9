/* Whole recorded conversations in every order and fragmentation, with bytes missing, cut and
 * changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "tls_conversation.h"
#include "tls_listener.h"

#define ALL_BYTES (4 * CONVERSATION_BYTES)

static char *line_of(char *text, const char *key)
{
	char *line = text;

	while (line != NULL && strncmp(line, key, strlen(key)) != 0) {
		line = strchr(line, '\n');
		line += line != NULL;
	}
	return line;
}

/* Leaves the client's, then the server's events: what is the same in any order. */
static void sort_history(char *text)
{
	char *line = line_of(text, "history "), kept[TLS_HISTORY_MAX] = "";
	size_t used = 0, length;

	if (line == NULL)
		return;
	line += strlen("history ");
	length = strcspn(line, "\n");
	for (int lower = 0; lower < 2; lower++) {
		for (size_t i = 0; i < length; i++) {
			if ((line[i] >= 'a') == (lower == 1) &&
			    !(used > 0 && kept[used - 1] == line[i] && (line[i] | 0x20) == 'd'))
				kept[used++] = line[i];
		}
	}
	memmove(line + used, line + length, strlen(line + length) + 1);
	memcpy(line, kept, used);
}

static void check(struct listener *l, bool any_order)
{
	char expected[CONVERSATION_TEXT], got[CONVERSATION_TEXT];

	memcpy(expected, listener_talk.expected, sizeof(expected));
	conversation_describe(&l->h, got);
	if (any_order) {
		sort_history(expected);
		sort_history(got);
	}
	assert_string_equal(got, expected);
}

/* Every recording, one after the other. */
#define FOR_EACH_CONVERSATION                                                                      \
	for (const char *const *name_ = conversation_names;                                        \
	     *name_ != NULL && (conversation_load(&listener_talk, *name_), true); name_++)

static void feed_flights(struct listener *l, size_t each)
{
	for (size_t i = 0; i < listener_talk.flight_count; i++)
		listener_feed_in_pieces(l, listener_talk.flights[i].side,
		    listener_talk.flights[i].bytes, listener_talk.flights[i].length, each);
}

static void test_as_recorded(void **state)
{
	static const size_t sizes[] = {ALL_BYTES, 1, 2, 3, 5, 7, 100, 536, 1460};
	struct listener l;

	(void)state;
	FOR_EACH_CONVERSATION
	{
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			listener_begin(&l);
			feed_flights(&l, sizes[i]);
			check(&l, false);
			assert_int_equal(tls_handshake_complete(&l.h),
			    tls_handshake_established(&l.h) || l.h.facts.alert.level == 2);
			listener_end(&l);
		}
	}
}

/* Those whose ClientHello is of another kind than the other tests take for granted. */
static void test_old_forms(void **state)
{
	static const char *const names[] = {"java-ssl2-form", "nss-ssl3"};
	struct listener l;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		conversation_load(&listener_talk, names[i]);
		for (size_t each = 1; each < 300; each++) {
			listener_begin(&l);
			feed_flights(&l, each);
			check(&l, false);
			listener_end(&l);
		}
	}
}

static void test_one_side_first(void **state)
{
	struct listener l;

	(void)state;
	FOR_EACH_CONVERSATION
	{
		for (int first = 0; first < SIDES; first++) {
			listener_begin(&l);
			listener_feed_side(&l, (enum side)first);
			assert_false(tls_handshake_established(&l.h));
			assert_false(tls_handshake_complete(&l.h));
			listener_feed_side(&l, side_other((enum side)first));
			check(&l, true);
			listener_end(&l);
		}
	}
}

static void test_split_at_every_byte(void **state)
{
	struct listener l;
	const struct flight *f;

	(void)state;
	FOR_EACH_CONVERSATION
	{
		for (size_t split = 0, base = 0, i = 0; i < listener_talk.flight_count; split++) {
			if (split - base >= listener_talk.flights[i].length) {
				base += listener_talk.flights[i++].length;
				continue;
			}
			listener_begin(&l);
			for (size_t j = 0; j < listener_talk.flight_count; j++) {
				f = &listener_talk.flights[j];
				if (j == i)
					assert_int_equal(
					    listener_feed(&l, f->side, f->bytes, split - base), 0);
				assert_int_equal(listener_feed(&l, f->side,
						     f->bytes + (j == i ? split - base : 0),
						     f->length - (j == i ? split - base : 0)),
				    0);
			}
			check(&l, false);
			listener_end(&l);
		}
	}
}

static void test_refragmented(void **state)
{
	static const size_t sizes[] = {1, 3, 4, 5, 7, 100, 16384};
	static uint8_t bytes[SIDES][ALL_BYTES];
	size_t length[SIDES];
	struct listener l;

	(void)state;
	FOR_EACH_CONVERSATION
	{
		for (size_t i = 0; i < 2 * sizeof(sizes) / sizeof(sizes[0]); i++) {
			enum side first = i % 2 == 0 ? SIDE_CLIENT : SIDE_SERVER;

			for (int side = 0; side < SIDES; side++)
				length[side] = conversation_refragment(&listener_talk,
				    (enum side)side, sizes[i / 2], bytes[side], ALL_BYTES);
			listener_begin(&l);
			assert_int_equal(listener_feed(&l, first, bytes[first], length[first]), 0);
			listener_feed_in_pieces(&l, side_other(first), bytes[side_other(first)],
			    length[side_other(first)], 11);
			check(&l, true);
			listener_end(&l);
		}
	}
}

/* Facts from damaged bytes: each is absent or as it was. */
static void check_no_invention(struct listener *l)
{
	char got[CONVERSATION_TEXT], line[128], *end;

	conversation_describe(&l->h, got);
	for (char *at = got; *at != '\0'; at = end + 1) {
		end = strchr(at, '\n');
		assert_non_null(end);
		snprintf(line, sizeof(line), "%.*s\n", (int)(end - at), at);
		if (strcmp(line, "missing yes\n") == 0 || strcmp(line, "established no\n") == 0 ||
		    strncmp(line, "history", 7) == 0)
			continue;
		if (strcmp(line, "client_certificate requested\n") == 0)
			line[strlen(line) - 1] = '\0';
		if (strstr(listener_talk.expected, line) == NULL)
			fail_msg("invented: %s", line);
	}
}

static void feed_with_gap(struct listener *l, enum side side, size_t from, size_t missing)
{
	static uint8_t bytes[CONVERSATION_BYTES];
	size_t length = conversation_side(&listener_talk, side, bytes, sizeof(bytes));

	if (missing > length - from)
		missing = length - from;
	assert_int_equal(listener_feed(l, side, bytes, from), 0);
	tls_handshake_gap(&l->h, side, missing);
	assert_int_equal(
	    listener_feed(l, side, bytes + from + missing, length - from - missing), 0);
}

static void test_gap_anywhere(void **state)
{
	static const size_t sizes[] = {1, 5, 6, 64, 536, 1460};
	static uint8_t bytes[CONVERSATION_BYTES];
	struct listener l;

	(void)state;
	FOR_EACH_CONVERSATION
	{
		for (size_t i = 0; i < SIDES * sizeof(sizes) / sizeof(sizes[0]); i++) {
			enum side side = i % 2 == 0 ? SIDE_CLIENT : SIDE_SERVER;
			size_t length =
			    conversation_side(&listener_talk, side, bytes, sizeof(bytes));

			for (size_t from = 0; from < length; from++) {
				listener_begin(&l);
				if (from % 2 == 0)
					listener_feed_side(&l, side_other(side));
				feed_with_gap(&l, side, from, sizes[i / 2]);
				if (from % 2 != 0)
					listener_feed_side(&l, side_other(side));
				check_no_invention(&l);
				listener_end(&l);
			}
		}
	}
}

/* The certificate is passed over: what is missing of it costs nothing but the word "missing". */
static void test_gap_in_certificate(void **state)
{
	const struct flight *server;
	struct listener l;
	char got[CONVERSATION_TEXT], *line;

	(void)state;
	conversation_load(&listener_talk, "tls12");
	server = &listener_talk.flights[1];
	listener_begin(&l);
	assert_int_equal(listener_feed(&l, SIDE_CLIENT, listener_talk.flights[0].bytes,
			     listener_talk.flights[0].length),
	    0);
	assert_int_equal(listener_feed(&l, SIDE_SERVER, server->bytes, 200), 0);
	tls_handshake_gap(&l.h, SIDE_SERVER, 200);
	assert_int_equal(
	    listener_feed(&l, SIDE_SERVER, server->bytes + 400, server->length - 400), 0);
	for (size_t i = 2; i < listener_talk.flight_count; i++)
		assert_int_equal(
		    listener_feed(&l, listener_talk.flights[i].side, listener_talk.flights[i].bytes,
			listener_talk.flights[i].length),
		    0);
	conversation_describe(&l.h, got);
	line = line_of(got, "missing yes\n");
	assert_non_null(line);
	memmove(line, line + 12, strlen(line + 12) + 1);
	assert_string_equal(got, listener_talk.expected);
	listener_end(&l);
}

/* What is lost with its record headers is found again where the next record begins. */
static void test_gap_up_to_a_record(void **state)
{
	const uint8_t *bytes;
	struct listener l;

	(void)state;
	conversation_load(&listener_talk, "tls12");
	bytes = listener_talk.flights[1].bytes;
	listener_begin(&l);
	tls_handshake_gap(&l.h, SIDE_SERVER, 5u + bytes[4]);
	assert_int_equal(listener_feed(&l, SIDE_SERVER, bytes + 5 + bytes[4],
			     listener_talk.flights[1].length - 5 - bytes[4]),
	    0);
	assert_false(l.h.side[SIDE_SERVER].lost);
	assert_string_equal(l.h.facts.history, "xkn");
	assert_true(l.h.facts.seen & TLS_SAW_FULL);
	listener_end(&l);

	for (size_t missing = 1; missing <= 5u + bytes[4]; missing++) {
		listener_begin(&l);
		tls_handshake_gap(&l.h, SIDE_SERVER, missing);
		for (size_t at = missing; at < listener_talk.flights[1].length; at++)
			assert_int_equal(listener_feed(&l, SIDE_SERVER, bytes + at, 1), 0);
		assert_false(l.h.side[SIDE_SERVER].lost);
		assert_string_equal(l.h.facts.history, "xkn");
		assert_false(l.h.facts.seen & TLS_MALFORMED);
		listener_end(&l);
	}
}

static void test_truncated(void **state)
{
	static uint8_t bytes[CONVERSATION_BYTES];
	struct listener l;

	(void)state;
	FOR_EACH_CONVERSATION
	{
		for (int side = 0; side < SIDES; side++) {
			size_t length = conversation_side(
			    &listener_talk, (enum side)side, bytes, sizeof(bytes));

			for (size_t cut = 0; cut < length; cut++) {
				listener_begin(&l);
				listener_feed_side(&l, side_other((enum side)side));
				assert_int_equal(listener_feed(&l, (enum side)side, bytes, cut), 0);
				check_no_invention(&l);
				listener_end(&l);
			}
		}
	}
}

/* Any byte changed in any way that hurts: no crash, no loop. */
static void test_mutated(void **state)
{
	static const uint8_t changes[] = {0x01, 0x80, 0xff};
	static uint8_t bytes[CONVERSATION_BYTES];
	struct listener l;

	(void)state;
	FOR_EACH_CONVERSATION
	{
		size_t length =
		    conversation_side(&listener_talk, SIDE_SERVER, bytes, sizeof(bytes));

		for (size_t i = 0; i < length * sizeof(changes); i++) {
			listener_begin(&l);
			l.stingy = i % 2 == 0;
			bytes[i / sizeof(changes)] ^= changes[i % sizeof(changes)];
			(void)listener_feed(&l, SIDE_SERVER, bytes, length);
			bytes[i / sizeof(changes)] ^= changes[i % sizeof(changes)];
			listener_feed_side(&l, SIDE_CLIENT);
			listener_end(&l);
		}
	}
}

static void test_no_memory(void **state)
{
	struct listener l;

	(void)state;
	FOR_EACH_CONVERSATION
	{
		listener_begin(&l);
		l.stingy = true;
		feed_flights(&l, 20);
		assert_true(l.h.facts.seen & TLS_MISSING);
		assert_false(l.h.facts.seen & (TLS_SAW_CLIENT_HELLO | TLS_SAW_SERVER_HELLO));
		check_no_invention(&l);
		listener_end(&l);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_as_recorded),
	    cmocka_unit_test(test_old_forms),
	    cmocka_unit_test(test_one_side_first),
	    cmocka_unit_test(test_split_at_every_byte),
	    cmocka_unit_test(test_refragmented),
	    cmocka_unit_test(test_gap_anywhere),
	    cmocka_unit_test(test_gap_in_certificate),
	    cmocka_unit_test(test_gap_up_to_a_record),
	    cmocka_unit_test(test_truncated),
	    cmocka_unit_test(test_mutated),
	    cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
