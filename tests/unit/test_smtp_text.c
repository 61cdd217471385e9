/* Text of SMTP: what is shown of it, what is found in it, and what is none. */
#include "../../parsers/smtp_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static struct cursor text(const char *s)
{
	return cursor_over(s, strlen(s));
}

static void test_text_is_kept_printable(void **state)
{
	static const struct {
		const char *text, *kept;
	} rows[] = {
	    {"plain [192.0.2.1]", "plain [192.0.2.1]"},
	    {"\x1b]0;x\x07", "?]0;x?"},
	    {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x93\xa7", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x93\xa7"},
	    {"\xc3", "?"},
	    {"\xc3 x", "? x"},
	    {"\xc0\xaf\xe0\x80\xaf", "?????"},
	    {"\xed\xa0\x80", "???"},	       /* a surrogate */
	    {"\xf4\x90\x80\x80\xff", "?????"}, /* beyond Unicode */
	    {"\xc2\x9b", "?"},		       /* a control character of C1 */
	    {"a\xe2\x80\xae"
	     "b\xef\xbb\xbf",
		"a?b?"}, /* right to left from here; a byte order mark */
	    {"1234567890123456789", "1234567890123456789"},
	    {"12345678901234567890", "1234567890123456789"},
	    {"123456789012345678\xc3\xa9", "123456789012345678"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char kept[20];

		smtp_text_keep(kept, sizeof(kept), text(rows[i].text));
		assert_string_equal(kept, rows[i].kept);
	}
}

/* Plain text is copied eight bytes at a time: a byte that is none is found anywhere. */
static void test_every_byte_anywhere_in_plain_text(void **state)
{
	(void)state;
	for (size_t length = 1; length < 26; length++) {
		for (size_t at = 0; at < length; at++) {
			for (unsigned value = 0; value < 256; value++) {
				bool plain = value >= ' ' && value <= '~';
				char bytes[32], kept[32], expected[32] = "";

				memset(bytes, '~', sizeof(bytes));
				memset(expected, '~', length);
				bytes[at] = (char)value;
				expected[at] = plain ? (char)value : '?';
				smtp_text_keep(kept, sizeof(kept), cursor_over(bytes, length));
				assert_string_equal(kept, expected);
			}
		}
	}
}

static void test_text_is_found_in_any_case(void **state)
{
	static const struct {
		const char *text;
		bool found;
	} rows[] = {
	    {"mx.example.org ESMTP", true},
	    {"sSmSMsmtP", true},
	    {"SSSmtp", true},
	    {"sSMt", false},
	    {"SMT", false},
	    {"s", false},
	    {"", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(smtp_text_contains(text(rows[i].text), "SMTP"), rows[i].found);
	assert_true(smtp_text_contains(text("a.b"), "."));
	assert_false(smtp_text_contains(text("a\x0e"), "."));
}

static void test_binary_is_never_taken_back(void **state)
{
	static const char bytes[] =
	    "\x16\x03\x01\x00 and then nothing but text, for as long as it may be";

	(void)state;
	assert_false(smtp_text_is_binary(cursor_over(bytes, 3)));
	for (size_t length = 4; length < sizeof(bytes); length++)
		assert_true(smtp_text_is_binary(cursor_over(bytes, length)));
	assert_false(smtp_text_is_binary(text("EHLO\b\b\b\bEHLO a.example\t\r")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_text_is_kept_printable),
	    cmocka_unit_test(test_every_byte_anywhere_in_plain_text),
	    cmocka_unit_test(test_text_is_found_in_any_case),
	    cmocka_unit_test(test_binary_is_never_taken_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
