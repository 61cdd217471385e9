/* The record: its field table, JSON, texts, addresses and times. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../parsers/tls_hello.h"
#include "../../sensor/record.h"

static char *json_of(const struct record *r)
{
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	record_write_json(file, r);
	fclose(file);
	return text;
}

static struct record small_record(void)
{
	struct record r;

	record_init(&r);
	r.start_ns = 1767225600000000001u;
	assert_true(address_parse("192.0.2.1", &r.client_ip));
	assert_true(address_parse("2001:DB8:0::0025", &r.server_ip));
	r.client_port = 1025;
	r.server_port = 25;
	return r;
}

static void json_nests_dotted_names(void **state)
{
	struct record r = small_record();
	char *json;

	(void)state;
	r.vlan = 3;
	r.tls_version = TLS_VERSION_10;
	r.cipher_suite = 0x000a;
	r.starttls_offered = RECORD_TRUE;
	r.plaintext_mail = RECORD_FALSE;
	r.client_max_version = TLS_VERSION_12;
	r.outcome = OUTCOME_TLS;
	r.legacy_side = LEGACY_SERVER;
	r.confidence = CONFIDENCE_FULL;
	record_set_text(&r, &r.helo, "a\"b\\c\td\xff\xc3\xa9");
	json = json_of(&r);
	assert_string_equal(json,
	    "{\"@timestamp\":\"2026-01-01T00:00:00.000000001Z\",\"event\":{\"duration\":0},"
	    "\"client\":{\"ip\":\"192.0.2.1\",\"port\":1025},\"server\":{\"ip\":\"2001:db8::25\","
	    "\"port\":25},"
	    "\"network\":{\"vlan\":{\"id\":3}},"
	    "\"smtp\":{\"helo\":\"a\\\"b\\\\c\\u0009d\\ufffd\xc3\xa9\",\"starttls\":{\"offered\":"
	    "true},\"plaintext_mail\":false},"
	    "\"tls\":{\"version_protocol\":\"tls\",\"version\":\"1.0\",\"cipher\":\"TLS_RSA_WITH_"
	    "3DES_EDE_CBC_SHA\","
	    "\"client\":{\"max_version\":\"1.2\"}},"
	    "\"tlsvane\":{\"outcome\":\"tls\",\"legacy_side\":\"server\",\"confidence\":\"full\"}}"
	    "\n");
	free(json);
}

/* What is plain is written in runs: nothing is lost or doubled where one ends. */
static void escapes_at_the_ends_of_runs(void **state)
{
	static const char *const rows[][2] = {
	    {"", "\"\""},
	    {"plain", "\"plain\""},
	    {"\"", "\"\\\"\""},
	    {"\\\\", "\"\\\\\\\\\""},
	    {"\"a\"", "\"\\\"a\\\"\""},
	    {"\na\x1f"
	     "b\x7f",
		"\"\\u000aa\\u001fb\\u007f\""},
	    {" ~\x7f~ ", "\" ~\\u007f~ \""},
	    {"\xc3\xa9"
	     "a\xe2\x82\xac",
		"\"\xc3\xa9"
		"a\xe2\x82\xac\""},
	    {"\xf0\x9f\x93\xa7\"", "\"\xf0\x9f\x93\xa7\\\"\""},
	    {"a\xc3", "\"a\\ufffd\""},
	    {"\xc3"
	     "a",
		"\"\\ufffda\""},
	    {"\xc3\"", "\"\\ufffd\\\"\""},
	    {"\xe2\x82", "\"\\ufffd\\ufffd\""},
	    {"\xe2\x82z", "\"\\ufffd\\ufffdz\""},
	    {"\x80x\xff", "\"\\ufffdx\\ufffd\""},
	    {"\xc0\xaf", "\"\\ufffd\\ufffd\""},
	    {"\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\""},
	    {"\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *text = NULL;
		size_t size;
		FILE *file = open_memstream(&text, &size);

		json_write_string(file, rows[i][0]);
		fclose(file);
		assert_string_equal(text, rows[i][1]);
		free(text);
	}
}

static void numbers_have_all_their_digits(void **state)
{
	static const struct {
		uint64_t number;
		const char *json;
	} rows[] = {
	    {0, "\"duration\":0}"},
	    {9, "\"duration\":9}"},
	    {10, "\"duration\":10}"},
	    {UINT64_MAX, "\"duration\":18446744073709551615}"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct record r = small_record();
		char *json;

		r.duration_ns = rows[i].number;
		json = json_of(&r);
		assert_non_null(strstr(json, rows[i].json));
		free(json);
	}
}

/* Where a name's objects were closed, they must not be opened again: such JSON has a key twice. */
static void names_that_nest_together_stand_together(void **state)
{
	(void)state;
	for (size_t i = 0; i < record_field_count; i++) {
		for (const char *dot = strchr(record_fields[i].name, '.'); dot != NULL;
		     dot = strchr(dot + 1, '.')) {
			size_t length = (size_t)(dot - record_fields[i].name) + 1;
			bool left = false;

			for (size_t j = i + 1; j < record_field_count; j++) {
				bool same = strncmp(record_fields[i].name, record_fields[j].name,
						length) == 0;

				if (same && left)
					fail_msg("%s stands apart from %s", record_fields[j].name,
					    record_fields[i].name);
				left |= !same;
			}
		}
	}
}

static void fields_are_found_by_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < record_field_count; i++)
		assert_ptr_equal(record_field(record_fields[i].name), &record_fields[i]);
	assert_null(record_field("tls.versoin"));
}

static void an_empty_record_says_nothing(void **state)
{
	struct record r;
	struct field_value value;

	(void)state;
	record_init(&r);
	for (size_t i = 0; i < record_field_count; i++) {
		const struct field *f = &record_fields[i];

		record_value(&r, f, &value);
		if (f->type != FIELD_TIME && f->type != FIELD_DURATION && f->type != FIELD_IP)
			assert_int_equal(value.kind, VALUE_ABSENT);
	}
}

static void a_copy_of_its_size_is_the_record(void **state)
{
	struct record r = small_record(), *copy;

	(void)state;
	record_set_text(&r, &r.banner, "mx.example.net ESMTP");
	record_set_text(&r, &r.helo, "");
	assert_null(record_text(&r, r.helo));
	copy = malloc(record_size(&r)); /* the sanitizer sees a read behind it */
	memcpy(copy, &r, record_size(&r));
	char *a = json_of(&r), *b = json_of(copy);
	assert_string_equal(a, b);
	free(a);
	free(b);
	free(copy);
}

static void texts_are_bounded_and_cut_at_a_character(void **state)
{
	char text[RECORD_TEXT_MAX * 2];
	struct record r;

	(void)state;
	record_init(&r);
	memset(text, 'x', RECORD_TEXT_MAX - 5);
	text[RECORD_TEXT_MAX - 5] = '\0';
	record_set_text(&r, &r.banner, text);
	record_set_text(
	    &r, &r.helo, "\xc3\xa9\xc3\xa9"); /* room for three bytes: one character of two */
	assert_string_equal(record_text(&r, r.helo), "\xc3\xa9");
	record_set_text(&r, &r.software, "no room");
	assert_null(record_text(&r, r.software));
	assert_true(record_size(&r) <= sizeof(r));
}

static void unknown_code_points_are_shown(void **state)
{
	struct record r;
	struct field_value value;

	(void)state;
	record_init(&r);
	r.tls_version = TLS_VERSION_12;
	r.cipher_suite = 0xabcd;
	record_value(&r, record_field("tls.cipher"), &value);
	assert_string_equal(value.text, "0xABCD");
}

static void addresses_as_rfc_5952(void **state)
{
	static const char *const same[][2] = {
	    {"2001:0db8:0:0:0:0:2:1", "2001:db8::2:1"},
	    {"2001:DB8::1", "2001:db8::1"},
	    {"::ffff:192.0.2.7", "192.0.2.7"},
	    {"192.0.2.7", "192.0.2.7"},
	};
	struct frame_address address;
	char text[ADDRESS_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		assert_true(address_parse(same[i][0], &address));
		assert_string_equal(address_format(&address, text), same[i][1]);
	}
	assert_false(address_parse("192.0.2", &address));
	assert_false(address_parse("mx.example.net", &address));
}

/* The same as inet_ntop, whichever groups are zero. */
static void addresses_as_inet_ntop(void **state)
{
	char text[ADDRESS_TEXT_MAX], expected[ADDRESS_TEXT_MAX];
	struct frame_address address;
	uint32_t random = 1;

	(void)state;
	for (unsigned round = 0; round < 256 * 200; round++) {
		for (unsigned i = 0; i < sizeof(address.bytes); i++) {
			random = random * 1664525 + 1013904223;
			address.bytes[i] = round >> i / 2 & 1 ? (uint8_t)(random >> 24) : 0;
			if (i % 2 == 0 && random & 1 << 20)
				address.bytes[i] = 0;
		}
		assert_non_null(inet_ntop(AF_INET6, address.bytes, expected, sizeof(expected)));
		assert_string_equal(address_format(&address, text), expected);
	}
	memset(&address, 0xff, sizeof(address));
	memset(&address, 0, 10);
	for (unsigned byte = 0; byte < 256; byte++) {
		address.bytes[12] = (uint8_t)byte;
		address.bytes[15] = (uint8_t)(byte * 7);
		assert_non_null(inet_ntop(AF_INET, address.bytes + 12, expected, sizeof(expected)));
		assert_string_equal(address_format(&address, text), expected);
	}
}

/* What needs an escape, or is no UTF-8, at each place among bytes that need none. */
static void json_strings_with_odd_bytes(void **state)
{
	static const struct {
		const char *odd, *written;
	} rows[] = {
	    {"\"", "\\\""},
	    {"\\", "\\\\"},
	    {"\x1f", "\\u001f"},
	    {"\x01", "\\u0001"},
	    {"\x7f", "\\u007f"},
	    {"\x80", "\\ufffd"},
	    {"\xff", "\\ufffd"},
	    {"\xc3\xa4", "\xc3\xa4"},
	    {"\xf0\x9f\x93\xa7", "\xf0\x9f\x93\xa7"},
	    {" ", " "},
	    {"~", "~"},
	    {"!#", "!#"},
	};
	static const char around[] = "abcdefghijklmnopq";
	char text[64], expected[64], written[64] = "";

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (int before = 0; before < (int)sizeof(around); before++) {
			FILE *to = fmemopen(written, sizeof(written), "w");

			snprintf(text, sizeof(text), "%.*s%s%s", before, around, rows[i].odd,
			    around + before);
			snprintf(expected, sizeof(expected), "\"%.*s%s%s\"", before, around,
			    rows[i].written, around + before);
			assert_non_null(to);
			json_write_string(to, text);
			fclose(to);
			assert_string_equal(written, expected);
		}
}

/* A list of words is an array; a date has no fraction; a hash is hex. */
static void json_of_certificates(void **state)
{
	struct record r = small_record();
	char *json;

	(void)state;
	r.server_not_after = record_date(INT64_C(253402300799));
	r.server_not_before = record_date(-1);
	r.server_chain_length = 3;
	r.self_signed = RECORD_FALSE;
	memset(r.ja3s, 0xa5, sizeof(r.ja3s));
	record_set_words(&r, &r.server_names, "mx.example.net *.example.org");
	json = json_of(&r);
	assert_non_null(strstr(json,
	    "\"tls\":{\"server\":{\"not_before\":\"1969-12-31T23:59:59Z\","
	    "\"not_after\":\"9999-12-31T23:59:59Z\",\"san\":[\"mx.example.net\",\"*.example.org\"],"
	    "\"self_signed\":false,\"chain_length\":3,"
	    "\"ja3s\":\"a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5\"}}"));
	free(json);
}

/* What has no room is left out by whole words, and that is said. */
static void words_are_cut_whole(void **state)
{
	char fill[RECORD_TEXT_MAX], words[RECORD_TEXT_MAX];
	struct record r;

	(void)state;
	memset(words, 'w', sizeof(words));
	for (size_t i = 7; i < sizeof(words); i += 8)
		words[i] = ' ';
	words[255] = '\0';
	for (size_t left = 0; left < 300; left++) {
		const char *text;
		size_t length;

		record_init(&r);
		memset(fill, 'x', sizeof(fill));
		fill[RECORD_TEXT_MAX - 2 - left] = '\0';
		record_set_text(&r, &r.banner, fill);
		record_set_words(&r, &r.server_names, words);
		text = record_text(&r, r.server_names);
		if (left < 4) {
			assert_null(text);
			continue;
		}
		length = strlen(text);
		assert_true(length < left);
		if (left >= 256)
			assert_string_equal(text, words);
		else
			assert_string_equal(text + length - 3, "...");
		assert_true(length == 3 || length % 8 == 3 || left >= 256);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(json_of_certificates),
	    cmocka_unit_test(words_are_cut_whole),
	    cmocka_unit_test(json_nests_dotted_names),
	    cmocka_unit_test(escapes_at_the_ends_of_runs),
	    cmocka_unit_test(numbers_have_all_their_digits),
	    cmocka_unit_test(names_that_nest_together_stand_together),
	    cmocka_unit_test(fields_are_found_by_name),
	    cmocka_unit_test(an_empty_record_says_nothing),
	    cmocka_unit_test(a_copy_of_its_size_is_the_record),
	    cmocka_unit_test(texts_are_bounded_and_cut_at_a_character),
	    cmocka_unit_test(unknown_code_points_are_shown),
	    cmocka_unit_test(addresses_as_rfc_5952),
	    cmocka_unit_test(addresses_as_inet_ntop),
	    cmocka_unit_test(json_strings_with_odd_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
