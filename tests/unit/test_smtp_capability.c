/* Capabilities: every row is found, in any case; others are kept as words, or not; what is masked.
 */
#include "../../parsers/smtp_capability.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A copy of its own: the sanitizer then sees a read behind its end. */
static void read_line(struct smtp_capabilities *c, const char *text)
{
	size_t length = strlen(text);
	uint8_t *copy = malloc(length + 1);

	assert_non_null(copy);
	memcpy(copy, text, length);
	copy = realloc(copy, length + (length == 0));
	assert_non_null(copy);
	smtp_capability_read(c, cursor_over(copy, length));
	free(copy);
}

static void test_every_keyword(void **state)
{
	(void)state;
	for (unsigned k = 0; k < SMTP_KEYWORDS; k++) {
		static const char *const behind[] = {"", " 1000", "=LOGIN", "\t", "\r"};
		const char *name = smtp_keyword_name(k);
		char line[64];

		for (size_t i = 0; i < COUNT(behind); i++) {
			struct smtp_capabilities c = {0};

			snprintf(line, sizeof(line), " %s%s", name, behind[i]);
			for (char *at = line; i % 2 == 1 && *at != '\0'; at++)
				*at = (char)(*at >= 'A' && *at <= 'Z' ? *at + 32 : *at);
			read_line(&c, line);
			assert_int_equal(c.known, SMTP_KEYWORD_BIT(k));
			assert_int_equal(c.others_used, 0);
			assert_false(c.masked);
		}
	}
	assert_null(smtp_keyword_name(SMTP_KEYWORDS));
}

static void test_each_alone(void **state)
{
	static const struct {
		const char *line, *others;
		bool tls, ehlo, masked;
	} rows[] = {
	    {"STARTTLS", "", true, true, false},
	    {"starttls x", "", true, true, false},
	    {"X-AnonymousTLS", "", true, true, false},
	    {"STARTTLSX", "STARTTLSX", false, false, false},
	    {"STARTTL", "STARTTL", false, false, false},
	    {"AUTH=LOGIN", "", false, true, false},
	    {"OK", "", false, false, false},
	    {"HELP", "", false, false, false},
	    {" \r\tSTARTTLS", "", true, true, false},
	    {"xyzzy 1 2", "XYZZY", false, false, false},
	    {"XXXXXXXX", "XXXXXXXX", false, true, true},
	    {"XXXXXXXA", "XXXXXXXA", false, true, true},
	    {"xxxxxxxb x", "XXXXXXXB", false, true, true},
	    {"********", "********", false, true, true},
	    {"STARTXXX", "STARTXXX", false, true, true},
	    {"XTARTTLS", "XTARTTLS", false, true, true},
	    {"STXXTTLS", "STXXTTLS", false, true, true},
	    {"XXXXXXX", "XXXXXXX", false, false, false},
	    {"XXXXXXXAX", "XXXXXXXAX", false, false, false},
	    {"XXXX", "XXXX", false, false, false},
	    {"STATUSES", "STATUSES", false, false, false},
	    {" ", "", false, false, false},
	    {"", "", false, false, false},
	    {"<b@example.org>", "", false, false, false},
	    {"ABCDEFGHIJKLMNOPQRST", "ABCDEFGHIJKLMNOPQRST", false, false, false},
	    {"ABCDEFGHIJKLMNOPQRSTU", "", false, false, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct smtp_capabilities c = {0};

		read_line(&c, rows[i].line);
		assert_string_equal(c.others, rows[i].others);
		assert_int_equal(c.others_used, strlen(rows[i].others));
		assert_int_equal(smtp_capabilities_offer_tls(&c), rows[i].tls);
		assert_int_equal(smtp_capabilities_tell_ehlo(&c), rows[i].ehlo);
		assert_int_equal(c.masked, rows[i].masked);
	}
}

static void test_many(void **state)
{
	struct smtp_capabilities c = {0};

	(void)state;
	for (int i = 0; i < 100; i++) {
		read_line(&c, "PIPELINING");
		read_line(&c, "NINEBYTES");
		assert_true(c.others_used < SMTP_OTHERS_MAX);
		assert_int_equal(strlen(c.others), c.others_used);
	}
	assert_string_equal(
	    c.others, "NINEBYTES NINEBYTES NINEBYTES NINEBYTES NINEBYTES NINEBYTES");
	assert_int_equal(c.known, SMTP_KEYWORD_BIT(SMTP_KEYWORD_PIPELINING));
	smtp_capabilities_clear(&c);
	assert_int_equal(c.known, 0);
	read_line(&c, "A");
	assert_string_equal(c.others, "A");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_keyword),
	    cmocka_unit_test(test_each_alone),
	    cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
