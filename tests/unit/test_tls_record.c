/* The record reader in pieces of every size, its gaps and refusals; looking for hellos without a
 * reader. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "tls_conversation.h"

static struct conversation talk;

static size_t from_hex(const char *hex, uint8_t *to)
{
	size_t length = 0;
	unsigned byte;
	int used;

	for (; sscanf(hex, " %2x%n", &byte, &used) == 1; hex += used)
		to[length++] = (uint8_t)byte;
	return length;
}

/* What was read, as text: "22:0301[aabb] " a record. */
struct reading {
	struct tls_record_reader reader;
	char text[8192];
	size_t used;
	bool open;
};

static void reading_begin(struct reading *r)
{
	memset(r, 0, sizeof(*r));
}

static void append(struct reading *r, const char *format, unsigned a, unsigned b)
{
	int written = snprintf(r->text + r->used, sizeof(r->text) - r->used, format, a, b);

	assert_in_range(written, 0, sizeof(r->text) - r->used - 1);
	r->used += (size_t)written;
}

static void note_fragment(struct reading *r, const struct tls_fragment *f)
{
	assert_int_equal(f->first, !r->open);
	if (f->first)
		append(r, "%u:%04x[", f->type, f->version);
	for (size_t i = 0; i < f->bytes.left; i++)
		append(r, "%02x", f->bytes.at[i], 0);
	if (f->last)
		append(r, "] ", 0, 0);
	r->open = !f->last;
}

/* Reads a copy that ends where it ends. */
static int read_bytes(struct reading *r, const uint8_t *bytes, size_t length)
{
	uint8_t *copy = malloc(length + 1);
	struct cursor in = cursor_over(copy + 1, length);
	struct tls_fragment fragment;
	int result;

	assert_non_null(copy);
	memcpy(copy + 1, bytes, length);
	while ((result = tls_record_next(&r->reader, &in, &fragment)) == RESULT_OK)
		note_fragment(r, &fragment);
	if (result == RESULT_MORE)
		assert_int_equal(in.left, 0);
	free(copy);
	return result;
}

static const struct {
	const char *hex, *text;
} streams[] = {
    {"16 0301 0003 aabbcc 15 0303 0002 0228", "22:0301[aabbcc] 21:0303[0228] "},
    {"14 0303 0001 01 16 0303 0001 14", "20:0303[01] 22:0303[14] "},
    {"17 0303 0000 17 0303 0001 ff 18 0303 0000", "23:0303[] 23:0303[ff] 24:0303[] "},
    {"80 1c 01 0301 0003 0000 0010 000035 000102030405060708090a0b0c0d0e0f 16 0301 0001 10",
	"128:0002[010301000300000010000035000102030405060708090a0b0c0d0e0f] 22:0301[10] "},
    {"80 0b 04 00 01 0002 0000 0000 0000 80 02 abcd 00 03 01 abcdef",
	"128:0002[0400010002000000000000] 128:0002[abcd] 128:0002[abcdef] "},
};

static void test_in_pieces(void **state)
{
	uint8_t bytes[256];
	struct reading r;

	(void)state;
	for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++) {
		size_t length = from_hex(streams[i].hex, bytes);

		for (size_t each = 1; each <= length; each++) {
			reading_begin(&r);
			for (size_t at = 0; at < length; at += each)
				assert_int_equal(read_bytes(&r, bytes + at,
						     length - at < each ? length - at : each),
				    RESULT_MORE);
			assert_string_equal(r.text, streams[i].text);
		}
	}
}

static void test_split_at_every_byte(void **state)
{
	uint8_t bytes[256];
	struct reading r;

	(void)state;
	for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++) {
		size_t length = from_hex(streams[i].hex, bytes);

		for (size_t split = 0; split <= length; split++) {
			reading_begin(&r);
			assert_int_equal(read_bytes(&r, bytes, split), RESULT_MORE);
			assert_int_equal(
			    read_bytes(&r, bytes + split, length - split), RESULT_MORE);
			assert_string_equal(r.text, streams[i].text);
		}
	}
}

/* A whole body comes as one view into the caller's bytes, also of an SSLv2 hello. */
static void test_nothing_is_copied(void **state)
{
	uint8_t bytes[256];
	struct tls_record_reader reader = {.have = 0};
	struct tls_fragment fragment;
	struct cursor in = cursor_over(bytes, from_hex(streams[3].hex, bytes));

	(void)state;
	assert_int_equal(tls_record_next(&reader, &in, &fragment), 0);
	assert_ptr_equal(fragment.bytes.at, bytes + 2);
	assert_int_equal(fragment.bytes.left, 28);
	assert_true(fragment.first && fragment.last);
	assert_int_equal(tls_record_next(&reader, &in, &fragment), 0);
	assert_ptr_equal(fragment.bytes.at, bytes + 35);
}

static void test_refused(void **state)
{
	static const struct {
		const char *hex;
		int result;
	} rows[] = {
	    {"45", RESULT_NOT_TLS}, {"13", RESULT_NOT_TLS}, {"19", RESULT_NOT_TLS},
	    {"16 02", RESULT_NOT_TLS}, {"16 0301 4801", RESULT_TOO_LARGE},
	    {"16 0301 ffff", RESULT_TOO_LARGE}, {"80 1c 02", RESULT_NOT_TLS},
	    {"80 1c 01 04", RESULT_NOT_TLS}, {"80 1c 01 0003", RESULT_NOT_TLS},
	    {"80 1b 01 0301", RESULT_NOT_TLS}, /* too short for what a hello holds */
	    {"80 0b 04 02", RESULT_NOT_TLS}, {"80 0b 04 00 01 03", RESULT_NOT_TLS},
	    {"ff ff 01 0301", RESULT_TOO_LARGE},
	    {"16 0301 0001 00 80", RESULT_NOT_TLS}, /* not the first */
	};
	uint8_t bytes[64];
	struct reading r;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t length = from_hex(rows[i].hex, bytes);

		reading_begin(&r);
		assert_int_equal(read_bytes(&r, bytes, length), rows[i].result);
		reading_begin(&r);
		assert_int_equal(read_bytes(&r, bytes, length - 1), RESULT_MORE);
		assert_int_equal(read_bytes(&r, bytes + length - 1, 1), rows[i].result);
	}
}

static void test_refused_bytes_stay(void **state)
{
	uint8_t bytes[64];
	struct cursor in = cursor_over(bytes, from_hex("16 0301 0001 00 16 0900", bytes));
	struct tls_record_reader reader = {.have = 0};
	struct tls_fragment fragment;

	(void)state;
	assert_int_equal(tls_record_next(&reader, &in, &fragment), 0);
	assert_int_equal(tls_record_next(&reader, &in, &fragment), RESULT_NOT_TLS);
	assert_ptr_equal(in.at, bytes + 6);
	assert_int_equal(in.left, 3);
}

static void test_largest(void **state)
{
	static uint8_t bytes[5 + TLS_RECORD_MAX + 5] = {
	    0x17, 3, 3, TLS_RECORD_MAX >> 8, TLS_RECORD_MAX & 0xff};
	struct cursor in = cursor_over(bytes, 5 + TLS_RECORD_MAX);
	struct tls_record_reader reader = {.have = 0};
	struct tls_fragment fragment;

	(void)state;
	assert_int_equal(tls_record_next(&reader, &in, &fragment), 0);
	assert_int_equal(fragment.bytes.left, TLS_RECORD_MAX);
	assert_true(fragment.last);
}

static void test_gap(void **state)
{
	uint8_t bytes[64];
	struct reading r;

	(void)state;
	from_hex("16 0301 0004 aabbccdd 15 0301 0001 ee", bytes);
	for (size_t from = 0; from < 15; from++) {
		for (size_t missing = 1; missing <= 15 - from; missing++) {
			bool inside =
			    (from >= 5 && from + missing <= 9) || (from == 14 && missing == 1);

			reading_begin(&r);
			assert_int_equal(read_bytes(&r, bytes, from), RESULT_MORE);
			assert_int_equal(tls_record_gap(&r.reader, missing), inside);
			r.open = r.open && from + missing < 9;
			if (inside)
				assert_int_equal(
				    read_bytes(&r, bytes + from + missing, 15 - from - missing),
				    RESULT_MORE);
		}
	}
	reading_begin(&r);
	assert_true(tls_record_gap(&r.reader, 0));
}

/* A header is found behind any bytes, those that begin as one does among them; in pieces, too. */
static void test_seek(void **state)
{
	static const char *const before[] = {"", "00", "16", "16 03", "16 0301 ff",
	    "16 16 0316 0316", "14 0303 0002", "18 0303 0001", "17 0303 0000", "16 1603"};
	uint8_t bytes[64];

	(void)state;
	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
		size_t skipped = from_hex(before[i], bytes);
		size_t length = skipped + from_hex("15 0303 0002 0228", bytes + skipped);

		for (size_t split = 0; split <= length; split++) {
			struct tls_record_reader reader = {.begun = true};
			struct tls_fragment fragment;
			struct cursor in = cursor_over(bytes, split);
			int result = tls_record_seek(&reader, &in);

			assert_int_equal(result, split < skipped + 5 ? RESULT_MORE : RESULT_OK);
			in = cursor_over(in.at, length - (size_t)(in.at - bytes));
			if (result != RESULT_OK)
				assert_int_equal(tls_record_seek(&reader, &in), RESULT_OK);
			assert_int_equal(tls_record_next(&reader, &in, &fragment), RESULT_OK);
			assert_true(fragment.first);
			assert_int_equal(fragment.type, TLS_ALERT);
			assert_int_equal(fragment.bytes.left, 2);
		}
	}
}

static void test_reset(void **state)
{
	uint8_t bytes[64];
	struct reading r;

	(void)state;
	reading_begin(&r);
	assert_int_equal(read_bytes(&r, bytes, from_hex("16 0301 0004 aa", bytes)), RESULT_MORE);
	tls_record_reset(&r.reader);
	r.open = false;
	assert_int_equal(read_bytes(&r, bytes, from_hex("15 0301 0001 ee", bytes)), RESULT_MORE);
	assert_string_equal(r.text, "22:0301[aa21:0301[ee] ");
}

/* Puts the tail of every fragment back once: the same is read, the first fragment comes once. */
static void test_unread(void **state)
{
	uint8_t bytes[256];
	struct tls_fragment fragment;
	struct reading r;

	(void)state;
	for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++) {
		for (size_t split = 0; split < 8; split++) {
			size_t length = from_hex(streams[i].hex, bytes);
			struct cursor in;

			reading_begin(&r);
			assert_int_equal(read_bytes(&r, bytes, split), RESULT_MORE);
			in = cursor_over(bytes + split, length - split);
			while (tls_record_next(&r.reader, &in, &fragment) == RESULT_OK) {
				struct cursor rest = fragment.bytes;

				if (!cursor_skip(&rest, rest.left / 2) || rest.left == 0) {
					note_fragment(&r, &fragment);
					continue;
				}
				fragment.bytes.left -= rest.left;
				fragment.last = false;
				note_fragment(&r, &fragment);
				tls_record_unread(&r.reader, &in, rest);
				assert_int_equal(tls_record_next(&r.reader, &in, &fragment), 0);
				assert_false(fragment.first);
				note_fragment(&r, &fragment);
			}
			assert_string_equal(r.text, streams[i].text);
		}
	}
}

/* Looking. */

typedef int look(const uint8_t *bytes, size_t length);

/* Yes with all, never no with less, yes from some length on, which is at most TLS_LOOK_ENOUGH of
 * the message. */
static void check_looks(look *looks, const uint8_t *bytes, size_t length, size_t enough)
{
	bool yes = false;

	for (size_t cut = 0; cut <= length; cut++) {
		uint8_t *copy = malloc(cut + 1);
		int result;

		assert_non_null(copy);
		memcpy(copy + 1, bytes, cut);
		result = looks(copy + 1, cut);
		free(copy);
		assert_true(result == RESULT_OK || (!yes && result == RESULT_MORE && cut < enough));
		yes = result == RESULT_OK;
	}
	assert_true(yes);
}

static void test_looks_like_recorded(void **state)
{
	static uint8_t cut_anew[4 * CONVERSATION_BYTES];

	(void)state;
	for (const char *const *name = conversation_names; *name != NULL; name++) {
		conversation_load(&talk, *name);
		check_looks(tls_record_looks_like_client_hello, talk.flights[0].bytes, 200,
		    5 + TLS_LOOK_ENOUGH);
		assert_int_equal(
		    tls_record_looks_like_server_hello(talk.flights[0].bytes, 200), RESULT_NOT_TLS);
		for (size_t each = 1; each < 100; each++) {
			conversation_refragment(
			    &talk, SIDE_CLIENT, each, cut_anew, sizeof(cut_anew));
			check_looks(
			    tls_record_looks_like_client_hello, cut_anew, 600, 6 * TLS_LOOK_ENOUGH);
		}
		if (talk.flights[1].bytes[0] != TLS_HANDSHAKE)
			continue;
		check_looks(tls_record_looks_like_server_hello, talk.flights[1].bytes,
		    talk.flights[1].length, 5 + TLS_LOOK_ENOUGH);
		assert_int_equal(
		    tls_record_looks_like_client_hello(talk.flights[1].bytes, 200), RESULT_NOT_TLS);
	}
}

static void test_looks_like_ssl2(void **state)
{
	uint8_t bytes[64];
	size_t length =
	    from_hex("80 1c 01 0301 0003 0000 0010 000035 000102030405060708090a0b0c0d0e0f", bytes);

	(void)state;
	check_looks(tls_record_looks_like_client_hello, bytes, length, 11);
	assert_int_equal(tls_record_looks_like_server_hello(bytes, length), RESULT_NOT_TLS);
	for (size_t at = 0; at < 11; at++) {
		bytes[at] ^= 0x41;
		assert_int_equal(tls_record_looks_like_client_hello(bytes, length), RESULT_NOT_TLS);
		bytes[at] ^= 0x41;
	}
	length = from_hex("80 0b 04 00 01 0002 0000 0000 0000", bytes);
	check_looks(tls_record_looks_like_server_hello, bytes, length, 13);
}

/* A short ServerHello and what follows it, which is no handshake record. */
static void test_looks_like_short_server_hello(void **state)
{
	uint8_t bytes[128];
	size_t length = from_hex("16 0303 002a 02000026 0303"
				 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
				 "00 002f 00 14 0303 0001 01 ff",
	    bytes);

	(void)state;
	check_looks(tls_record_looks_like_server_hello, bytes, length, 47);
}

/* One constant or length wrong: no. */
static void test_looks_like_nothing(void **state)
{
	static const struct {
		size_t at;
		uint8_t value;
	} faults[] = {
	    {0, 0x17},
	    {0, 0x15},
	    {1, 2},
	    {2, 5},
	    {3, 0x40},
	    {3, 0},
	    {5, 2},
	    {5, 0},
	    {6, 2},
	    {7, 0},
	    {9, 2},
	    {10, 5},
	    {43, 33},
	    {43, 31},
	    {77, 1},
	    {76, 2},
	};
	uint8_t bytes[200];

	(void)state;
	conversation_load(&talk, "tls13");
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		memcpy(bytes, talk.flights[0].bytes, sizeof(bytes));
		bytes[faults[i].at] = faults[i].value;
		if (tls_record_looks_like_client_hello(bytes, sizeof(bytes)) != RESULT_NOT_TLS)
			fail_msg("byte %zu = %u", faults[i].at, faults[i].value);
	}
	assert_int_equal(
	    tls_record_looks_like_client_hello((const uint8_t *)"EHLO", 4), RESULT_NOT_TLS);
	assert_int_equal(
	    tls_record_looks_like_server_hello((const uint8_t *)"220 ", 4), RESULT_NOT_TLS);
	assert_int_equal(tls_record_looks_like_client_hello(NULL, 0), RESULT_MORE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_in_pieces),
	    cmocka_unit_test(test_split_at_every_byte),
	    cmocka_unit_test(test_nothing_is_copied),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_refused_bytes_stay),
	    cmocka_unit_test(test_largest),
	    cmocka_unit_test(test_gap),
	    cmocka_unit_test(test_seek),
	    cmocka_unit_test(test_reset),
	    cmocka_unit_test(test_unread),
	    cmocka_unit_test(test_looks_like_recorded),
	    cmocka_unit_test(test_looks_like_ssl2),
	    cmocka_unit_test(test_looks_like_short_server_hello),
	    cmocka_unit_test(test_looks_like_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
