/* Handshakes in single situations, most of which no peer at hand could be made to show. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "tls_conversation.h"
#include "tls_listener.h"

/* Feeds hex. */
static int say(struct listener *l, enum side side, const char *hex)
{
	static uint8_t bytes[CONVERSATION_BYTES];
	size_t length = 0;
	unsigned byte;
	int used;

	while (sscanf(hex, " %2x%n", &byte, &used) == 1) {
		bytes[length++] = (uint8_t)byte;
		hex += used;
	}
	return listener_feed(l, side, bytes, length);
}

static void say_flight(struct listener *l, size_t i)
{
	assert_int_equal(listener_feed(l, listener_talk.flights[i].side,
			     listener_talk.flights[i].bytes, listener_talk.flights[i].length),
	    0);
}

static void say_record(struct listener *l, enum side side, uint8_t type, size_t length)
{
	uint8_t bytes[512] = {type, 3, 3, (uint8_t)(length >> 8), (uint8_t)length};

	memset(bytes + 5, 0xa5, length);
	assert_int_equal(listener_feed(l, side, bytes, 5 + length), 0);
}

static void assert_seen(const struct listener *l, uint32_t of, uint32_t facts)
{
	assert_int_equal(l->h.facts.seen & of, facts);
}

#define BOTH_ENCRYPTED (TLS_CLIENT_ENCRYPTED | TLS_SERVER_ENCRYPTED)

static void test_alerts(void **state)
{
	struct listener l;

	(void)state;
	listener_begin(&l);
	assert_int_equal(
	    say(&l, SIDE_SERVER, "15 0301 0002 01 70"), 0); /* unrecognized_name, a warning */
	assert_int_equal(l.h.facts.alert.level, 1);
	assert_int_equal(l.h.facts.alert.code, 112);
	assert_int_equal(l.h.facts.alert.side, SIDE_SERVER);
	assert_int_equal(say(&l, SIDE_CLIENT, "15 0301 0001 02"), 0); /* over two records */
	assert_int_equal(l.h.facts.alert.level, 1);
	assert_int_equal(say(&l, SIDE_CLIENT, "15 0301 0001 28"), 0);
	assert_int_equal(l.h.facts.alert.level, 2);
	assert_int_equal(l.h.facts.alert.code, 40);
	assert_int_equal(l.h.facts.alert.side, SIDE_CLIENT);
	assert_int_equal(
	    say(&l, SIDE_SERVER, "15 0301 0004 0100 0246"), 0); /* the first fatal one stays */
	assert_int_equal(l.h.facts.alert.code, 40);
	assert_string_equal(l.h.facts.history, "lLl");
	assert_seen(&l, TLS_MALFORMED, 0);
	assert_int_equal(say(&l, SIDE_SERVER, "15 0301 0002 0300"), 0);
	assert_seen(&l, TLS_MALFORMED, TLS_MALFORMED);
	listener_end(&l);
}

#define RANDOM "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define NAMELESS                                                                                   \
	"16 0301 0043 01 00003f 0303 " RANDOM                                                      \
	"00 0002 1301 01 00 0014 0000 0005 0003 00 0000 002b 0007 06 0304 0303 0302"

/* An empty host name, say: malformed, but the rest was said all the same. */
static void test_hello_with_a_flaw(void **state)
{
	struct listener l;

	(void)state;
	listener_begin(&l);
	assert_int_equal(say(&l, SIDE_CLIENT, NAMELESS), 0);
	assert_seen(&l, TLS_SAW_CLIENT_HELLO | TLS_MALFORMED, TLS_SAW_CLIENT_HELLO | TLS_MALFORMED);
	assert_int_equal(l.h.facts.client_max_version, TLS_VERSION_13);
	assert_int_equal(l.h.facts.client_min_version, TLS_VERSION_11);
	assert_string_equal(l.h.facts.server_name, "");
	assert_string_equal(l.h.facts.history, "C");
	listener_end(&l);
	listener_begin(&l);
	tls_handshake_gap(&l.h, SIDE_CLIENT, 7); /* behind a gap it may be no hello */
	assert_int_equal(say(&l, SIDE_CLIENT, NAMELESS), 0);
	assert_seen(&l, TLS_SAW_CLIENT_HELLO, 0);
	listener_end(&l);
}

static void test_encrypted_alert_alone(void **state)
{
	struct listener l;

	(void)state;
	conversation_load(&listener_talk, "tls12");
	listener_begin(&l);
	say_flight(&l, 0);
	say_flight(&l, 1);
	assert_int_equal(say(&l, SIDE_CLIENT, "14 0303 0001 01"), 0);
	say_record(&l, SIDE_CLIENT, TLS_ALERT, 26);
	assert_seen(&l, BOTH_ENCRYPTED | TLS_MALFORMED, 0);
	assert_int_equal(l.h.facts.alert.level, 0);
	listener_end(&l);
}

static void test_tls13_short_records(void **state)
{
	struct listener l;

	(void)state;
	conversation_load(&listener_talk, "tls13-plain");
	listener_begin(&l);
	say_flight(&l, 0);
	say_flight(&l, 1);
	assert_seen(&l, BOTH_ENCRYPTED, TLS_SERVER_ENCRYPTED);
	say_record(&l, SIDE_CLIENT, TLS_APPLICATION_DATA, 19);
	say_record(&l, SIDE_CLIENT, TLS_APPLICATION_DATA, 44);
	assert_seen(&l, BOTH_ENCRYPTED, TLS_SERVER_ENCRYPTED);
	say_record(&l, SIDE_CLIENT, TLS_APPLICATION_DATA, 45);
	assert_seen(&l, BOTH_ENCRYPTED, BOTH_ENCRYPTED);
	listener_end(&l);
}

/* A clear alert of a client that could not make anything of the ServerHello. */
static void test_tls13_clear_alert(void **state)
{
	struct listener l;

	(void)state;
	conversation_load(&listener_talk, "tls13");
	listener_begin(&l);
	say_flight(&l, 0);
	say_flight(&l, 1);
	assert_int_equal(say(&l, SIDE_CLIENT, "14 0303 0001 01 15 0303 0002 0250"), 0);
	assert_int_equal(l.h.facts.alert.code, 80);
	assert_true(tls_handshake_complete(&l.h));
	listener_end(&l);
}

/* An early_data extension put into a real ClientHello, in place of the padding's first bytes. */
static void say_hello_with_early_data(struct listener *l)
{
	uint8_t bytes[2048];
	size_t length = listener_talk.flights[0].length;
	const uint8_t ticket[] = {0x00, 0x23, 0x00, 0x00}, early[] = {0x00, 0x2a, 0x00, 0x00};
	uint8_t *at = bytes;

	memcpy(bytes, listener_talk.flights[0].bytes, length);
	while (
	    memcmp(at, ticket, 4) != 0) /* the empty session_ticket extension becomes early_data */
		assert_true(++at < bytes + length - 4);
	memcpy(at, early, 4);
	assert_int_equal(listener_feed(l, SIDE_CLIENT, bytes, length), 0);
}

static void test_early_data(void **state)
{
	struct listener l;

	(void)state;
	conversation_load(&listener_talk, "tls13-plain");
	listener_begin(&l);
	say_hello_with_early_data(&l);
	assert_seen(&l, TLS_SAW_CLIENT_HELLO | TLS_MALFORMED, TLS_SAW_CLIENT_HELLO);
	say_record(&l, SIDE_CLIENT, TLS_APPLICATION_DATA, 300);
	assert_seen(&l, BOTH_ENCRYPTED | TLS_EARLY_DATA, TLS_EARLY_DATA);
	say_flight(&l, 1);
	assert_seen(&l, BOTH_ENCRYPTED, TLS_SERVER_ENCRYPTED);
	say_record(&l, SIDE_CLIENT, TLS_APPLICATION_DATA, 69);
	assert_seen(&l, BOTH_ENCRYPTED, BOTH_ENCRYPTED);
	listener_end(&l);
}

/* SSL 2 in full: hellos, CLIENT-MASTER-KEY in the clear, SERVER-VERIFY, CLIENT-FINISHED. */
static const char ssl2_client_hello[] = "80 1f 01 0002 0006 0000 0010 010080 0700c0"
					"000102030405060708090a0b0c0d0e0f";
static const char ssl2_server_hello[] = "80 22 04 00 01 0002 0004 0003 0010 deadbeef 0700c0"
					"000102030405060708090a0b0c0d0e0f";

static void test_ssl2(void **state)
{
	struct listener l;

	(void)state;
	listener_begin(&l);
	assert_int_equal(say(&l, SIDE_CLIENT, ssl2_client_hello), 0);
	assert_int_equal(l.h.facts.client_max_version, TLS_VERSION_SSL2);
	assert_int_equal(say(&l, SIDE_SERVER, ssl2_server_hello), 0);
	assert_int_equal(l.h.facts.version, TLS_VERSION_SSL2);
	assert_int_equal(say(&l, SIDE_CLIENT, "80 05 02 07 00 c0 00"), 0);
	assert_seen(&l, BOTH_ENCRYPTED, 0);
	assert_int_equal(say(&l, SIDE_SERVER, "00 08 07 01 02 03 04 05 06 07 08"), 0);
	assert_seen(&l, BOTH_ENCRYPTED, TLS_SERVER_ENCRYPTED);
	assert_int_equal(say(&l, SIDE_CLIENT, "80 08 01 02 03 04 05 06 07 08"), 0);
	assert_true(tls_handshake_established(&l.h));
	assert_string_equal(l.h.facts.history, "CsdD");
	assert_seen(&l, TLS_MALFORMED, 0);
	listener_end(&l);
}

static void test_ssl2_error(void **state)
{
	struct listener l;

	(void)state;
	listener_begin(&l);
	assert_int_equal(say(&l, SIDE_SERVER, ssl2_server_hello), 0);
	assert_int_equal(say(&l, SIDE_SERVER, "80 03 00 00 01"), 0);
	assert_seen(&l, BOTH_ENCRYPTED | TLS_SAW_SERVER_HELLO, TLS_SAW_SERVER_HELLO);
	listener_end(&l);
}

static void test_ssl2_in_pieces(void **state)
{
	struct listener l;
	uint8_t bytes[64];
	size_t length = 0;
	unsigned byte;
	int used;

	(void)state;
	for (const char *hex = ssl2_client_hello; sscanf(hex, " %2x%n", &byte, &used) == 1;
	     hex += used)
		bytes[length++] = (uint8_t)byte;
	for (size_t each = 1; each < length; each++) {
		listener_begin(&l);
		listener_feed_in_pieces(&l, SIDE_CLIENT, bytes, length, each);
		assert_seen(&l, TLS_SAW_CLIENT_HELLO | TLS_MALFORMED, TLS_SAW_CLIENT_HELLO);
		listener_end(&l);
	}
}

/* An SSLv2-form hello that offers TLS 1.0; TLS records follow it. */
static void test_ssl2_form(void **state)
{
	struct listener l;

	(void)state;
	conversation_load(&listener_talk, "tls10");
	listener_begin(&l);
	assert_int_equal(
	    say(&l, SIDE_CLIENT,
		"80 2b 01 0301 0012 0000 0010 00c014 00c013 005600 000035 00002f 0000ff"
		"000102030405060708090a0b0c0d0e0f"),
	    0);
	for (size_t i = 1; i < listener_talk.flight_count; i++)
		say_flight(&l, i);
	assert_int_equal(l.h.facts.client_legacy_version, TLS_VERSION_10);
	assert_int_equal(l.h.facts.version, TLS_VERSION_10);
	assert_seen(&l, TLS_FALLBACK_SCSV | TLS_MALFORMED, TLS_FALLBACK_SCSV);
	assert_true(tls_handshake_established(&l.h));
	listener_end(&l);
}

/* SSL 3.0 differs in its version alone as far as we look: a TLS 1.0 conversation with its versions
 * changed. */
static void test_ssl3(void **state)
{
	uint8_t bytes[4096];
	struct listener l;
	size_t length;

	(void)state;
	conversation_load(&listener_talk, "tls10");
	listener_begin(&l);
	for (size_t i = 0; i < listener_talk.flight_count; i++) {
		length = listener_talk.flights[i].length;
		memcpy(bytes, listener_talk.flights[i].bytes, length);
		for (size_t at = 0; at < length;
		     at += 5u + (size_t)(bytes[at + 3] << 8 | bytes[at + 4]))
			bytes[at + 2] = 0;
		if (i < 2)
			bytes[10] = 0; /* the hellos' version */
		assert_int_equal(
		    listener_feed(&l, listener_talk.flights[i].side, bytes, length), 0);
	}
	assert_int_equal(l.h.facts.version, TLS_VERSION_SSL3);
	assert_int_equal(l.h.facts.client_max_version, TLS_VERSION_SSL3);
	assert_true(tls_handshake_established(&l.h));
	listener_end(&l);
}

static void test_lines(void **state)
{
	struct listener l;

	(void)state;
	listener_begin(&l);
	assert_int_equal(
	    say(&l, SIDE_CLIENT, "45484c4f206d782e6578616d706c650d0a"), RESULT_NOT_TLS);
	assert_seen(&l, TLS_DOWNGRADED_TO_LINES | TLS_MALFORMED, TLS_DOWNGRADED_TO_LINES);
	assert_int_equal(say(&l, SIDE_CLIENT, "5155"), 0);
	assert_int_equal(say(&l, SIDE_SERVER, "4500ff"), RESULT_NOT_TLS);
	assert_true(tls_handshake_complete(&l.h));
	listener_end(&l);

	listener_begin(&l);
	assert_int_equal(say(&l, SIDE_CLIENT, "00010203"), RESULT_NOT_TLS);
	assert_seen(&l, TLS_DOWNGRADED_TO_LINES | TLS_MALFORMED, 0);
	listener_end(&l);
}

static void test_bad_records(void **state)
{
	struct listener l;

	(void)state;
	listener_begin(&l);
	assert_int_equal(say(&l, SIDE_CLIENT, "16 0301 4801"), RESULT_TOO_LARGE);
	assert_seen(&l, ~0u, TLS_MALFORMED);
	assert_int_equal(say(&l, SIDE_SERVER, "16 0301 0000 14 0301 0002 0101 14 0301 0001 02"), 0);
	assert_seen(&l, ~0u, TLS_MALFORMED);
	assert_string_equal(l.h.facts.history, "");
	assert_int_equal(say(&l, SIDE_SERVER, "48 0301 0001 02"), RESULT_NOT_TLS);
	listener_end(&l);
}

static void test_heartbeat(void **state)
{
	struct listener l;

	(void)state;
	listener_begin(&l);
	assert_int_equal(say(&l, SIDE_SERVER, "18 0303 0003 010000"), 0);
	assert_string_equal(l.h.facts.history, "q");
	listener_end(&l);
}

/* TLS 1.2 has no application data before ChangeCipherSpec, and no record within a message. */
static void test_out_of_place(void **state)
{
	struct listener l;

	(void)state;
	conversation_load(&listener_talk, "tls12");
	listener_begin(&l);
	say_flight(&l, 0);
	say_flight(&l, 1);
	say_record(&l, SIDE_CLIENT, TLS_APPLICATION_DATA, 100);
	assert_seen(&l, BOTH_ENCRYPTED | TLS_MALFORMED, TLS_MALFORMED);
	listener_end(&l);

	listener_begin(&l);
	assert_int_equal(say(&l, SIDE_SERVER, "16 0303 0006 0b000100 0000 14 0303 0001 01"), 0);
	assert_seen(&l, BOTH_ENCRYPTED | TLS_MALFORMED, TLS_MALFORMED);
	assert_int_equal(say(&l, SIDE_SERVER, "16 0303 0006 000000000000"), 0);
	assert_seen(&l, BOTH_ENCRYPTED, TLS_SERVER_ENCRYPTED);
	listener_end(&l);
}

/* Five bytes that the reader would take, but no sender would write, are passed over; as many as a
 * record can have at most. */
static void test_implausible_after_gap(void **state)
{
	static const char *const records[] = {"18 0303 0001", "16 0309 0001", "16 0303 0000",
	    "14 0303 0002", "16 0403 0001", "17 0303 ffff"};
	struct listener l;

	(void)state;
	for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
		listener_begin(&l);
		tls_handshake_gap(&l.h, SIDE_CLIENT, 10);
		assert_false(l.h.side[SIDE_CLIENT].lost);
		assert_int_equal(say(&l, SIDE_CLIENT, records[i]), 0);
		assert_seen(&l, ~0u, TLS_MISSING);
		assert_int_equal(say(&l, SIDE_CLIENT, "15 0303 0002 0228"), 0);
		assert_int_equal(l.h.facts.alert.code, 40);
		listener_end(&l);
	}
	listener_begin(&l);
	tls_handshake_gap(&l.h, SIDE_CLIENT, 10);
	for (size_t passed = 0; passed <= TLS_RECORD_MAX; passed++) {
		assert_false(l.h.side[SIDE_CLIENT].lost);
		assert_int_equal(say(&l, SIDE_CLIENT, "00"), 0);
	}
	assert_true(l.h.side[SIDE_CLIENT].lost);
	tls_handshake_gap(&l.h, SIDE_CLIENT, 10);
	assert_seen(&l, ~0u, TLS_MISSING);
	listener_end(&l);
}

/* A malformed hello is passed over; the side goes on. */
static void test_malformed_hello(void **state)
{
	struct listener l;
	uint8_t bytes[2048];

	(void)state;
	conversation_load(&listener_talk, "tls12");
	memcpy(bytes, listener_talk.flights[0].bytes, listener_talk.flights[0].length);
	bytes[9 + 34] = 33; /* session id */
	listener_begin(&l);
	assert_int_equal(listener_feed(&l, SIDE_CLIENT, bytes, listener_talk.flights[0].length), 0);
	for (size_t i = 1; i < listener_talk.flight_count; i++)
		say_flight(&l, i);
	assert_seen(&l, TLS_SAW_CLIENT_HELLO | TLS_MALFORMED, TLS_MALFORMED);
	assert_int_equal(l.h.facts.version, TLS_VERSION_12);
	assert_true(tls_handshake_established(&l.h));
	listener_end(&l);
}

/* ServerKeyExchange of kinds that OpenSSL was not made to send, behind a real ServerHello with
 * another suite. */
static void check_key_exchange(
    const char *suite, const char *message, unsigned group, unsigned dh_bits, uint32_t malformed)
{
	char hex[512];
	struct listener l;

	snprintf(hex, sizeof(hex),
	    "16 0303 002a 02000026 0303 %064d 00 %s 00 16 0303 00%02zx 0c0000%02zx %s", 0, suite,
	    strlen(message) / 2 + 4, strlen(message) / 2, message);
	listener_begin(&l);
	assert_int_equal(say(&l, SIDE_SERVER, hex), 0);
	assert_seen(&l, TLS_SAW_SERVER_HELLO, TLS_SAW_SERVER_HELLO);
	assert_int_equal(l.h.facts.group, group);
	assert_int_equal(l.h.facts.dh_bits, dh_bits);
	assert_seen(&l, TLS_MALFORMED, malformed);
	listener_end(&l);
}

static void test_key_exchange(void **state)
{
	(void)state;
	check_key_exchange("c02f", "030017020405", 23, 0, 0);
	check_key_exchange("c02f", "0100", 0xff01, 0, 0);
	check_key_exchange("c02f", "0200", 0xff02, 0, 0);
	check_key_exchange("c02f", "0400", 0, 0, TLS_MALFORMED);
	check_key_exchange("c02f", "030017", 0, 0, TLS_MALFORMED);
	check_key_exchange("c035", "000268690300170104", 23, 0, 0); /* ECDHE_PSK with a hint */
	check_key_exchange("0090", "00000002800100010200010300", 0, 16, 0);
	check_key_exchange(
	    "009e", "00030001ff000102000103", 0, 9, 0); /* leading zeroes do not count */
	check_key_exchange("009e", "000100000102000103", 0, 0, 0);
	check_key_exchange("009e", "0000000102000103", 0, 0, TLS_MALFORMED);
	check_key_exchange(
	    "0003", "0001800001030000", 0, 0, 0); /* RSA_EXPORT: a modulus, no prime */
	check_key_exchange("fafa", "030017020405", 0, 0, 0);
}

static void test_server_name(void **state)
{
	struct listener l;
	uint8_t bytes[2048], *at = bytes;

	(void)state;
	conversation_load(&listener_talk, "tls12");
	memcpy(bytes, listener_talk.flights[0].bytes, listener_talk.flights[0].length);
	while (memcmp(at, "mail.", 5) != 0)
		at++;
	memcpy(at, "m\x80\n l", 5);
	listener_begin(&l);
	assert_int_equal(listener_feed(&l, SIDE_CLIENT, bytes, listener_talk.flights[0].length), 0);
	assert_string_equal(l.h.facts.server_name, "m???lexample");
	listener_end(&l);
}

/* A fatal alert that comes before what it answers does not end it. */
static void test_complete_on_alert(void **state)
{
	struct listener l;

	(void)state;
	conversation_load(&listener_talk, "protocol-version");
	listener_begin(&l);
	say_flight(&l, 1);
	assert_false(tls_handshake_complete(&l.h));
	say_flight(&l, 0);
	assert_true(tls_handshake_complete(&l.h));
	listener_end(&l);
}

static void test_history_is_capped(void **state)
{
	struct listener l;

	(void)state;
	listener_begin(&l);
	for (int i = 0; i < 100; i++)
		assert_int_equal(say(&l, SIDE_SERVER, "16 0303 0004 00000000"), 0);
	assert_int_equal(strlen(l.h.facts.history), TLS_HISTORY_MAX - 1);
	listener_end(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_alerts),
	    cmocka_unit_test(test_hello_with_a_flaw),
	    cmocka_unit_test(test_encrypted_alert_alone),
	    cmocka_unit_test(test_tls13_short_records),
	    cmocka_unit_test(test_tls13_clear_alert),
	    cmocka_unit_test(test_early_data),
	    cmocka_unit_test(test_ssl2),
	    cmocka_unit_test(test_ssl2_error),
	    cmocka_unit_test(test_ssl2_in_pieces),
	    cmocka_unit_test(test_ssl2_form),
	    cmocka_unit_test(test_ssl3),
	    cmocka_unit_test(test_lines),
	    cmocka_unit_test(test_bad_records),
	    cmocka_unit_test(test_heartbeat),
	    cmocka_unit_test(test_out_of_place),
	    cmocka_unit_test(test_implausible_after_gap),
	    cmocka_unit_test(test_malformed_hello),
	    cmocka_unit_test(test_key_exchange),
	    cmocka_unit_test(test_server_name),
	    cmocka_unit_test(test_complete_on_alert),
	    cmocka_unit_test(test_history_is_capped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
