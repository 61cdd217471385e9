/* Evidence out of Redis: read back, or refused. The library holds no tools, so they are built in
 * here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../tools/evidence.c"

static struct evidence e;

static void lists_are_words(void **state)
{
	(void)state;
	assert_true(evidence_parse("{\"a\":[\"x\",\"y z\"],\"b\":[],\"c\":{\"d\":[\"w\"]}}", &e));
	assert_string_equal(evidence_value(&e, "a"), "x y z");
	assert_string_equal(evidence_value(&e, "b"), "");
	assert_string_equal(evidence_value(&e, "c.d"), "w");
	assert_false(evidence_parse("{\"a\":[\"x\"", &e));
	assert_false(evidence_parse("{\"a\":[\"x\",]}", &e));
	assert_false(evidence_parse("{\"a\":[1]}", &e));
}

static void what_went_in_the_clear_is_told(void **state)
{
	static const char *const rows[][2] = {
	    {"{\"client\":{\"ip\":\"192.0.2.10\"},\"server\":{\"ip\":\"192.0.2.26\"},\"tlsvane\":{"
	     "\"fallback\":true,\"fallback_from\":\"2026-03-01T08:15:30.1Z\",\"fallback_to\":"
	     "\"2026-03-01T08:15:31.1Z\",\"fallback_outcome\":\"starttls_abandoned\"}}",
		"2026-03-01 08:15:30 192.0.2.10 never began TLS behind the 220 of 192.0.2.26 and "
		"at 08:15:31 "
		"sent in the clear"},
	    {"{\"@timestamp\":\"2026-03-01T08:15:30.1Z\",\"client\":{\"ip\":\"192.0.2.10\"},"
	     "\"server\":{\"ip\":\"192.0.2.26\"},\"tlsvane\":{\"stripping_suspected\":true,"
	     "\"stripping_reason\":\"offered_to_others\",\"stripping_offered\":"
	     "\"2026-03-01T08:15:29.1Z\"}}",
		"2026-03-01 08:15:30 192.0.2.10 got no STARTTLS from 192.0.2.26, which offered it "
		"to another client on 2026-03-01 08:15:29"},
	    {"{}", ""},
	};
	char text[512];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_true(evidence_parse(rows[i][0], &e));
		assert_string_equal(evidence_clear_sentence(&e, text, sizeof(text)), rows[i][1]);
	}
	assert_string_equal(evidence_clear_sentence(&e, text, 1), "");
}

static void a_record_is_read(void **state)
{
	char text[256];

	(void)state;
	assert_true(evidence_parse("{\"@timestamp\":\"2026-03-01T08:15:30.123456789Z\",\"client\":{"
				   "\"ip\":\"192.0.2.10\",\"port\":49152},"
				   "\"server\":{\"ip\":\"192.0.2.25\"},\"tls\":{\"version_"
				   "protocol\":\"tls\",\"version\":\"1.0\",\"cipher\":\"X\","
				   "\"established\":true,\"client\":{\"max_version\":\"1.3\"}},"
				   "\"tlsvane\":{\"confidence\":\"gap\"}}",
	    &e));
	assert_string_equal(evidence_value(&e, "client.port"), "49152");
	assert_string_equal(evidence_value(&e, "tls.client.max_version"), "1.3");
	assert_null(evidence_value(&e, "smtp.helo"));
	assert_string_equal(evidence_sentence(&e, text, sizeof(text)),
	    "2026-03-01 08:15:30 192.0.2.10 offered up to TLS 1.3, 192.0.2.25 chose TLS 1.0 X "
	    "(seen in part: gap)");
}

static void a_failed_handshake_names_its_alert(void **state)
{
	char text[256];

	(void)state;
	assert_true(
	    evidence_parse("{\"client\":{\"ip\":\"192.0.2.10\"},\"server\":{\"ip\":\"192.0.2.25\"},"
			   "\"tls\":{\"client\":{\"max_version\":\"1.0\"},\"alert\":{"
			   "\"side\":\"server\",\"description\":\"protocol_version\"}}}",
		&e));
	assert_string_equal(evidence_sentence(&e, text, sizeof(text)),
	    " 192.0.2.10 offered up to TLS 1.0, 192.0.2.25 answered with the alert "
	    "protocol_version");
}

static void what_is_no_record_is_refused(void **state)
{
	static const char *const wrong[] = {"", "{", "[]", "{\"a\"}", "{\"a\":}", "{\"a\":1",
	    "{\"a\":1}x", "{\"a\":1}\n{\"b\":2}", "{\"a\":nul}", "{\"a\":\"\n\"}",
	    "{\"a\":\"\\x\"}", "{\"a\":\"\\u12\"}", "{\"a\":[1]}",
	    "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":1}}}}}}}}}}"};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(evidence_parse(wrong[i], &e));
	assert_false(evidence_parse(NULL, &e));
}

static void a_prefix_is_never_a_record(void **state)
{
	const char *whole = "{\"a\":{\"b\":\"x\\u0041\\\"\",\"c\":12},\"d\":false}";
	char cut[64];

	(void)state;
	assert_true(evidence_parse(whole, &e));
	for (size_t length = 0; length < strlen(whole); length++) {
		snprintf(cut, sizeof(cut), "%.*s", (int)length, whole);
		assert_false(evidence_parse(cut, &e));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_record_is_read),
	    cmocka_unit_test(a_failed_handshake_names_its_alert),
	    cmocka_unit_test(what_is_no_record_is_refused),
	    cmocka_unit_test(a_prefix_is_never_a_record),
	    cmocka_unit_test(lists_are_words),
	    cmocka_unit_test(what_went_in_the_clear_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
