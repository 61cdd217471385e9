/* Built hellos, a row for each extension and fault. TLS_HELLO_SEEDS=folder writes them as inputs of
 * fuzz_tls_hello. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "tls_conversation.h"
#include "hello_parse.h"

#define RANDOM "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define RETRY  "cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c"

static size_t from_hex(const char *hex, uint8_t *to)
{
	size_t length = 0;
	unsigned byte;
	int used;

	for (; sscanf(hex, " %2x%n", &byte, &used) == 1; hex += used)
		to[length++] = (uint8_t)byte;
	return length;
}

/* Neither shorter nor longer by a byte is it a hello. */
static void check_exact(parse *parses, const uint8_t *bytes, size_t length)
{
	uint8_t longer[2048] = {0};

	memcpy(longer, bytes, length);
	assert_int_equal(parses(longer, length), 0);
	for (size_t cut = 0; cut < length; cut++)
		assert_true(parses(longer, cut) < 0);
	assert_true(parses(longer, length + 1) < 0);
}

static size_t build(uint8_t *to, const char *before, const char *extensions)
{
	size_t length = from_hex(before, to), block;

	if (extensions == NULL)
		return length;
	block = from_hex(extensions, to + length + 2);
	to[length] = (uint8_t)(block >> 8);
	to[length + 1] = (uint8_t)block;
	return length + 2 + block;
}

static const struct client_row {
	const char *version, *suites, *extensions;
	int result;
	unsigned max, min;
} client_rows[] = {
    {"0300", "0002 0005", NULL, 0, 0x0300, 0},
    {"0301", "0002 002f", "", 0, 0x0301, 0},
    {"0303", "0004 0a0a 1301", NULL, 0, 0x0303, 0},
    {"0304", "0002 1301", NULL, 0, 0x0303, 0}, /* no supported_versions: 1.2 at most */
    {"03ff", "0002 1301", NULL, 0, 0x0303, 0},
    {"0200", "0002 1301", NULL, RESULT_BAD_VALUE, 0, 0},
    {"0403", "0002 1301", NULL, RESULT_BAD_VALUE, 0, 0},
    {"0303", "0000", NULL, RESULT_BAD_LENGTH, 0, 0},
    {"0303", "0003 130100", NULL, RESULT_BAD_LENGTH, 0, 0},
    /* supported_versions */
    {"0303", "0002 1301", "002b 0003 02 0304", 0, 0x0304, 0x0304},
    {"0303", "0002 1301", "002b 000b 0a 6a6a 0304 0303 0302 0301", 0, 0x0304, 0x0301},
    {"0303", "0002 1301", "002b 0007 06 7f1c 7f17 0303", 0, 0x0303, 0x0303},
    {"0303", "0002 1301", "002b 0005 04 0a0a 0305", 0, 0, 0},
    {"0303", "0002 1301", "002b 0007 06 0301 0304 0300", 0, 0x0304, 0x0300},
    {"0303", "0002 1301", "002b 0001 00", RESULT_BAD_LENGTH, 0, 0},
    {"0303", "0002 1301", "002b 0004 03 0304 03", RESULT_BAD_LENGTH, 0, 0},
    {"0303", "0002 1301", "002b 0004 02 0304 00", RESULT_BAD_LENGTH, 0, 0},
    {"0303", "0002 1301", "002b 0000", RESULT_BAD_LENGTH, 0, 0},
    /* unknown, GREASE and high extensions; twice the same */
    {"0303", "0002 1301", "0a0a 0000 fafa 0001 00 ff01 0001 00", 0, 0x0303, 0},
    {"0303", "0002 1301", "0017 0000 0017 0000", RESULT_BAD_VALUE, 0, 0},
    {"0303", "0002 1301", "ff01 0001 00 0a0a 0000 ff01 0001 00", RESULT_BAD_VALUE, 0, 0},
    {"0303", "0002 1301", "0010 0000", RESULT_BAD_LENGTH, 0, 0},
    {"0303", "0002 1301", "00", RESULT_BAD_LENGTH, 0, 0},
    {"0303", "0002 1301", "0017 00", RESULT_BAD_LENGTH, 0, 0},
    {"0303", "0002 1301", "0017 0001", RESULT_BAD_LENGTH, 0, 0},
    /* server_name */
    {"0303", "0002 1301", "0000 0006 0004 00 0001 61", 0, 0x0303, 0},
    {"0303", "0002 1301", "0000 000a 0008 01 0001 62 00 0001 61", 0, 0x0303, 0},
    {"0303", "0002 1301", "0000 0005 0003 00 0000", RESULT_BAD_LENGTH, 0, 0},
    {"0303", "0002 1301", "0000 0002 0000", RESULT_BAD_LENGTH, 0, 0},
    {"0303", "0002 1301", "0000 0000", RESULT_BAD_LENGTH, 0, 0},
    {"0303", "0002 1301", "0000 0007 0004 00 0001 61 00", RESULT_BAD_LENGTH, 0, 0},
    {"0303", "0002 1301", "0000 0006 0004 00 0002 61", RESULT_BAD_LENGTH, 0, 0},
    /* ALPN */
    {"0303", "0002 1301", "0010 0004 0002 01 61", 0, 0x0303, 0},
    {"0303", "0002 1301", "0010 0003 0001 00", RESULT_BAD_LENGTH, 0, 0},
    {"0303", "0002 1301", "0010 0004 0002 02 61", RESULT_BAD_LENGTH, 0, 0},
    {"0303", "0002 1301", "0010 0005 0002 01 61 00", RESULT_BAD_LENGTH, 0, 0},
    /* pre_shared_key comes last */
    {"0303", "0002 1301", "0029 0006 0001 aa 0001 bb", 0, 0x0303, 0},
    {"0303", "0002 1301", "0029 0006 0001 aa 0001 bb 0017 0000", RESULT_BAD_VALUE, 0, 0},
    {"0303", "0002 1301", "0029 0005 0000 0001 bb", RESULT_BAD_LENGTH, 0, 0},
    {"0303", "0002 1301", "0029 0007 0001 aa 0001 bb 00", RESULT_BAD_LENGTH, 0, 0},
    /* early_data, session_ticket */
    {"0303", "0002 1301", "002a 0000 0023 0000", 0, 0x0303, 0},
    {"0303", "0002 1301", "002a 0001 00", RESULT_BAD_LENGTH, 0, 0},
};

static void test_client_rows(void **state)
{
	struct tls_client_hello hello;
	uint8_t bytes[512];
	char before[256], name[32];

	(void)state;
	for (size_t i = 0; i < sizeof(client_rows) / sizeof(client_rows[0]); i++) {
		const struct client_row *row = &client_rows[i];
		size_t length;

		snprintf(
		    before, sizeof(before), "%s " RANDOM "00 %s 01 00", row->version, row->suites);
		length = build(bytes, before, row->extensions);
		if (hello_parse_client(bytes, length) != row->result)
			fail_msg("row %zu: %d", i, hello_parse_client(bytes, length));
		if (row->result == 0) {
			assert_int_equal(
			    tls_client_hello_parse(cursor_over(bytes, length), &hello), 0);
			assert_int_equal(hello.max_version, row->max);
			assert_int_equal(hello.min_version, row->min);
			assert_int_equal(hello.has_extensions, row->extensions != NULL);
		}
		snprintf(name, sizeof(name), "client-row-%02zu", i);
		hello_save_seed('c', bytes, length, name);
	}
}

static void test_client_flags(void **state)
{
	struct tls_client_hello hello;
	uint8_t bytes[512];
	size_t length;

	(void)state;
	length = build(bytes, "0303 " RANDOM "00 0006 1301 5600 00ff 01 00",
	    "002a 0000 0023 0002 abcd 0000 000d 000b 01 0001 62 00 0004 612e6263"
	    "0029 0006 0001 aa 0001 bb");
	assert_int_equal(tls_client_hello_parse(cursor_over(bytes, length), &hello), 0);
	assert_true(hello.fallback_scsv && hello.has_early_data && hello.has_session_ticket &&
		    hello.has_psk);
	assert_int_equal(hello.server_name.left, 4);
	assert_memory_equal(hello.server_name.at, "a.bc", 4);
	length = build(bytes, "0303 " RANDOM "00 0002 0056 01 00", NULL); /* only by halves */
	assert_int_equal(tls_client_hello_parse(cursor_over(bytes, length), &hello), 0);
	assert_false(hello.fallback_scsv);
	length = build(bytes, "0303 " RANDOM "00 0008 0056 c056 0056 5600 01 00", NULL);
	assert_int_equal(tls_client_hello_parse(cursor_over(bytes, length), &hello), 0);
	assert_true(hello.fallback_scsv);
	length = build(bytes, "0303 " RANDOM "00 0006 5601 0056 00ff 01 00", NULL);
	assert_int_equal(tls_client_hello_parse(cursor_over(bytes, length), &hello), 0);
	assert_false(hello.fallback_scsv);
	assert_int_equal(
	    hello_parse_client(bytes, build(bytes, "0303 " RANDOM "00 0002 1301 00", NULL)),
	    RESULT_BAD_LENGTH); /* no compression method */
}

/* What is malformed is left out; the rest of the hello stays. */
static const struct usable_row {
	const char *version, *extensions; /* with the block's length */
	unsigned max, min;
	const char *name;
} usable_rows[] = {
    {"0303", "000e 0000 0005 0003 00 0000 0023 0001 aa", 0x0303, 0, ""}, /* an empty host name */
    {"0303", "001a 0000 0007 0005 00 0002 6162 0010 0000 002b 0007 06 0a0a 0304 0303", 0x0304,
	0x0303, "ab"},
    {"0303", "0010 002b 0000 0000 0008 0006 00 0003 612e62", 0, 0, "a.b"},
    {"0301", "0008 0017 0000 0017 0000", 0x0301, 0, ""},
    {"0303", "0007 002b 0003 02 0304 aa", 0x0304, 0x0304, ""}, /* and a byte behind it */
    {"0303", "0009 002b 0003 02 0304 00 17", 0, 0, ""},
    {"0303", "0008 002b 0003 02 0304", 0, 0, ""}, /* a byte is missing */
    {"0301", "0005 0017 0000 00", 0, 0, ""},
    {"0303", "00", 0, 0, ""},
};

static void test_usable_rows(void **state)
{
	struct tls_client_hello hello;
	uint8_t bytes[512];
	char text[512];

	(void)state;
	for (size_t i = 0; i < sizeof(usable_rows) / sizeof(usable_rows[0]); i++) {
		const struct usable_row *row = &usable_rows[i];
		size_t length;

		snprintf(text, sizeof(text), "%s " RANDOM "00 0004 1301 5600 01 00 %s",
		    row->version, row->extensions);
		length = from_hex(text, bytes);
		if (tls_client_hello_parse(cursor_over(bytes, length), &hello) >= 0 ||
		    !hello.usable)
			fail_msg("row %zu", i);
		if (hello.max_version != row->max || hello.min_version != row->min)
			fail_msg("row %zu: %x to %x", i, hello.min_version, hello.max_version);
		assert_int_equal(hello.server_name.left, strlen(row->name));
		assert_memory_equal(hello.server_name.at, row->name, hello.server_name.left);
		assert_true(hello.fallback_scsv);
	}
	for (size_t cut = 0; cut < 2 + 32 + 1 + 2 + 4 + 2; cut++) {
		assert_true(tls_client_hello_parse(cursor_over(bytes, cut), &hello) < 0);
		assert_false(hello.usable);
	}
}

static const struct server_row {
	const char *version, *random, *extensions;
	int result;
	unsigned negotiated, group;
} server_rows[] = {
    {"0300", RANDOM, NULL, 0, 0x0300, 0},
    {"0303", RANDOM, "", 0, 0x0303, 0},
    {"0304", RANDOM, NULL, RESULT_BAD_VALUE, 0, 0},
    {"02ff", RANDOM, NULL, RESULT_BAD_VALUE, 0, 0},
    {"0303", RANDOM, "002b 0002 0304 0033 0006 001d 0002 abcd", 0, 0x0304, 29},
    {"0303", RANDOM, "002b 0002 7f1c 0033 0006 001d 0002 abcd", 0, 0x0304, 29},
    {"0303", RANDOM, "002b 0002 0303", RESULT_BAD_VALUE, 0, 0},
    {"0303", RANDOM, "002b 0003 0304 00", RESULT_BAD_LENGTH, 0, 0},
    {"0303", RANDOM, "002b 0001 03", RESULT_BAD_LENGTH, 0, 0},
    {"0303", RANDOM, "0033 0002 001d", RESULT_BAD_LENGTH, 0, 0},
    {"0303", RETRY, "002b 0002 0304 0033 0002 0018", 0, 0x0304, 24},
    {"0303", RETRY, "002b 0002 0304 0033 0006 001d 0002 abcd", RESULT_BAD_LENGTH, 0, 0},
    {"0303", RANDOM, "0010 0007 0005 04 736d7470", 0, 0x0303, 0},
    {"0303", RANDOM, "0010 0007 0005 01 61 02 6262", RESULT_BAD_LENGTH, 0, 0}, /* two */
    {"0303", RANDOM, "0010 0003 0001 00", RESULT_BAD_LENGTH, 0, 0},
    {"0303", RANDOM, "0023 0000 ff01 0001 00", 0, 0x0303, 0},
    {"0303", RANDOM, "0023 0001 00", RESULT_BAD_LENGTH, 0, 0},
    {"0303", RANDOM, "0029 0002 0000 002b 0002 0304", 0, 0x0304, 0},
    {"0303", RANDOM, "0029 0001 00", RESULT_BAD_LENGTH, 0, 0},
    {"0303", RANDOM, "0017 0000 0017 0000", RESULT_BAD_VALUE, 0, 0},
};

static void test_server_rows(void **state)
{
	struct tls_server_hello hello;
	uint8_t bytes[512];
	char before[256], name[32];

	(void)state;
	for (size_t i = 0; i < sizeof(server_rows) / sizeof(server_rows[0]); i++) {
		const struct server_row *row = &server_rows[i];
		size_t length;

		snprintf(before, sizeof(before), "%s %s 00 c02f 00", row->version, row->random);
		length = build(bytes, before, row->extensions);
		if (hello_parse_server(bytes, length) != row->result)
			fail_msg("row %zu: %d", i, hello_parse_server(bytes, length));
		if (row->result == 0) {
			assert_int_equal(
			    tls_server_hello_parse(cursor_over(bytes, length), &hello), 0);
			assert_int_equal(hello.version, row->negotiated);
			assert_int_equal(hello.group, row->group);
			assert_int_equal(hello.cipher_suite, 0xc02f);
			assert_int_equal(hello.retry, strcmp(row->random, RETRY) == 0);
		}
		snprintf(name, sizeof(name), "server-row-%02zu", i);
		hello_save_seed('s', bytes, length, name);
	}
}

/* Draft 18 to 21: no session id, no compression method. */
static void test_early_draft(void **state)
{
	struct tls_server_hello hello;
	uint8_t bytes[256];
	size_t length = build(bytes, "7f12 " RANDOM "1301", "0033 0006 001d 0002 abcd");

	(void)state;
	assert_int_equal(tls_server_hello_parse(cursor_over(bytes, length), &hello), 0);
	assert_int_equal(hello.version, TLS_VERSION_13);
	assert_int_equal(hello.cipher_suite, 0x1301);
}

static unsigned sentinel_of(const char *end)
{
	struct tls_server_hello hello;
	uint8_t bytes[256];
	char before[256];

	snprintf(before, sizeof(before), "0303 %.48s %s 00 c02f 00", RANDOM, end);
	assert_int_equal(
	    tls_server_hello_parse(cursor_over(bytes, build(bytes, before, NULL)), &hello), 0);
	return hello.sentinel;
}

static void test_sentinel(void **state)
{
	(void)state;
	assert_int_equal(sentinel_of("444f574e47524401"), TLS_SENTINEL_12);
	assert_int_equal(sentinel_of("444f574e47524400"), TLS_SENTINEL_11);
	assert_int_equal(sentinel_of("444f574e47524402"), TLS_SENTINEL_NONE);
	assert_int_equal(sentinel_of("454f574e47524401"), TLS_SENTINEL_NONE);
}

static void test_ssl2_client_hello(void **state)
{
	struct tls_client_hello hello;
	uint8_t bytes[256];
	size_t length = from_hex("01 0301 0009 0000 0010 000035 005600 010080"
				 "000102030405060708090a0b0c0d0e0f",
	    bytes);

	(void)state;
	check_exact(hello_parse_client_ssl2, bytes, length);
	assert_int_equal(tls_client_hello_parse_ssl2(cursor_over(bytes, length), &hello), 0);
	assert_true(hello.ssl2_form && hello.fallback_scsv && !hello.has_extensions);
	assert_int_equal(hello.legacy_version, TLS_VERSION_10);
	assert_int_equal(hello.max_version, TLS_VERSION_10);
	assert_int_equal(hello.cipher_suites.left, 9);
	assert_int_equal(hello.random.left, 16);
	hello_save_seed('C', bytes, length, "ssl2-client");
	for (size_t at = 3; at < 9; at++)
		hello_change_length(
		    hello_parse_client_ssl2, cursor_over(bytes, length), bytes + at);
	bytes[1] = 4;
	assert_int_equal(hello_parse_client_ssl2(bytes, length), RESULT_BAD_VALUE);
	bytes[1] = 3;
	bytes[0] = 2;
	assert_int_equal(hello_parse_client_ssl2(bytes, length), RESULT_BAD_VALUE);
}

static void test_ssl2_server_hello(void **state)
{
	struct tls_server_hello hello;
	uint8_t bytes[256];
	size_t length = from_hex("04 00 01 0002 0004 0003 0010 deadbeef 0700c0"
				 "000102030405060708090a0b0c0d0e0f",
	    bytes);

	(void)state;
	check_exact(hello_parse_server_ssl2, bytes, length);
	assert_int_equal(tls_server_hello_parse_ssl2(cursor_over(bytes, length), &hello), 0);
	assert_int_equal(hello.version, TLS_VERSION_SSL2);
	assert_int_equal(hello.cipher_suite, 0);
	assert_int_equal(hello.random.left, 16);
	hello_save_seed('S', bytes, length, "ssl2-server");
	for (size_t at = 5; at < 11; at++)
		hello_change_length(
		    hello_parse_server_ssl2, cursor_over(bytes, length), bytes + at);
	bytes[3] = 3;
	assert_int_equal(hello_parse_server_ssl2(bytes, length), RESULT_BAD_VALUE);
}

/* The extensions that are not compared one by one stay a bounded effort. */
static void test_many_extensions(void **state)
{
	static uint8_t bytes[2 + 32 + 1 + 4 + 2 + 2 + 4 * 10000];
	size_t length = from_hex("0303 " RANDOM "00 0002 1301 01 00", bytes);

	(void)state;
	bytes[length++] = 40000 >> 8;
	bytes[length++] = 40000 & 0xff;
	for (unsigned i = 0; i < 10000; i++) {
		bytes[length++] = (uint8_t)((i + 100) >> 8);
		bytes[length++] = (uint8_t)(i + 100);
		length += 2;
	}
	assert_int_equal(hello_parse_client(bytes, length), 0);
}

static void test_grease(void **state)
{
	unsigned count = 0;

	(void)state;
	for (unsigned i = 0; i <= UINT16_MAX; i++)
		count += tls_is_grease((uint16_t)i);
	assert_int_equal(count, 16);
	assert_true(tls_is_grease(0x0a0a));
	assert_true(tls_is_grease(0xfafa));
	assert_false(tls_is_grease(0x1a0a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_client_rows),
	    cmocka_unit_test(test_client_flags),
	    cmocka_unit_test(test_usable_rows),
	    cmocka_unit_test(test_server_rows),
	    cmocka_unit_test(test_early_draft),
	    cmocka_unit_test(test_sentinel),
	    cmocka_unit_test(test_ssl2_client_hello),
	    cmocka_unit_test(test_ssl2_server_hello),
	    cmocka_unit_test(test_many_extensions),
	    cmocka_unit_test(test_grease),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
