/* Lines out of pieces: every example whole, and cut at every byte. */
#include "../../parsers/smtp_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

struct example {
	const char *bytes;
	const char *lines; /* each between brackets; what is left unfinished behind them */
};

static const struct example examples[] = {
    {"", ""},
    {"\r\n", "[]"},
    {"\n", "[]"},
    {"a\r\n", "[a]"},
    {"a\n", "[a]"},
    {"a", "a"},
    {"a\r", "a\r"},
    {"a\rb\r\n", "[a\rb]"},
    {"a\r\r\n", "[a\r]"},
    {"EHLO x\r\nQUIT\r\n", "[EHLO x][QUIT]"},
    {"220-one\n220 two\r\n\r\nrest", "[220-one][220 two][]rest"},
};

/* What the lines in pieces are kept in. */
static uint8_t kept[SMTP_LINE_MAX];

static int next(struct smtp_line *l, struct cursor *in, struct cursor *line)
{
	return smtp_line_next(l, kept, in, line);
}

/* Feeds bytes and writes down what came out. */
static void read_all(struct smtp_line *l, const char *bytes, size_t length, char *seen)
{
	struct cursor in = cursor_over(bytes, length), line;

	while (next(l, &in, &line) == RESULT_OK) {
		seen += sprintf(seen, "[%.*s]", (int)line.left, (const char *)line.at);
		smtp_line_reset(l, kept);
	}
	assert_int_equal(in.left, 0);
	sprintf(seen, "%.*s", l->used, (const char *)kept);
}

static void test_examples_cut_anywhere(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		const char *bytes = examples[i].bytes;
		size_t length = strlen(bytes);

		for (size_t cut = 0; cut <= length; cut++) {
			struct smtp_line l = {0};
			char seen[256];

			read_all(&l, bytes, cut, seen);
			seen[strlen(seen) - l.used] = '\0'; /* comes again */
			read_all(&l, bytes + cut, length - cut, seen + strlen(seen));
			assert_string_equal(seen, examples[i].lines);
		}
	}
}

/* A line of `length` bytes and CRLF, in two pieces. */
static void check_length(size_t length, size_t cut)
{
	static uint8_t bytes[2 * SMTP_LINE_MAX + 2];
	struct smtp_line l = {0};
	struct cursor first, second, line = {0};
	size_t most = length + 1 > SMTP_LINE_MAX ? SMTP_LINE_MAX : length;

	memset(bytes, 'a', length);
	memcpy(bytes + length, "\r\n", 2);
	first = cursor_over(bytes, cut);
	second = cursor_over(bytes + cut, length + 2 - cut);
	if (next(&l, &first, &line) == RESULT_MORE)
		assert_int_equal(next(&l, &second, &line), RESULT_OK);
	assert_int_equal(line.left, most);
	assert_int_equal(l.overlong, length + 1 > SMTP_LINE_MAX);
	assert_int_equal(l.used > 0, line.at == kept);
	smtp_line_reset(&l, kept);
	first = cursor_over("x\n", 2);
	assert_int_equal(next(&l, &first, &line), RESULT_OK);
	assert_false(l.overlong);
	assert_int_equal(line.left, 1);
}

static void test_long_lines_are_cut_and_say_so(void **state)
{
	(void)state;
	for (size_t length = SMTP_LINE_MAX - 3; length <= SMTP_LINE_MAX + 3; length++) {
		for (size_t cut = 0; cut <= length + 2; cut++)
			check_length(length, cut);
	}
	check_length(2 * SMTP_LINE_MAX, 5);
	check_length(2 * SMTP_LINE_MAX, 2 * SMTP_LINE_MAX);
}

/* A look at a line is what would be yielded, and takes nothing. */
static void test_peek_is_next(void **state)
{
	static uint8_t bytes[2 * SMTP_LINE_MAX];
	struct cursor line = {0}, peeked = {0};

	(void)state;
	for (size_t length = 2; length < sizeof(bytes); length += 318) {
		for (size_t cut = 0; cut <= length; cut++) {
			struct smtp_line l = {0};
			struct cursor in = cursor_over(bytes, cut);
			bool whole;

			memset(bytes, 'a', sizeof(bytes));
			memcpy(bytes + length - 2, "\r\n", 2);
			whole = next(&l, &in, &line) == RESULT_OK;
			assert_int_equal(smtp_line_peek(cursor_over(bytes, cut), &peeked), whole);
			assert_int_equal(peeked.left, whole ? line.left : l.used);
			assert_ptr_equal(peeked.at, bytes);
			smtp_line_reset(&l, kept);
		}
	}
}

static void test_pass_stops_behind_the_line(void **state)
{
	struct cursor in = cursor_over("cHVibGlj\r\nQUIT", 14);

	(void)state;
	assert_true(smtp_line_pass(&in));
	assert_int_equal(in.left, 4);
	assert_false(smtp_line_pass(&in));
	assert_int_equal(in.left, 0);
}

static void test_reset_wipes(void **state)
{
	static const uint8_t wiped[SMTP_LINE_MAX];

	(void)state;
	for (size_t i = 0; i < 2; i++) { /* unfinished; yielded */
		struct smtp_line l = {0};
		struct cursor in = cursor_over("AUTH PLAIN AGE", 14), line;

		assert_int_equal(next(&l, &in, &line), RESULT_MORE);
		in = cursor_over("\r\n", 2);
		if (i > 0)
			assert_int_equal(next(&l, &in, &line), RESULT_OK);
		assert_memory_equal(kept, "AUTH PLAIN AGE", 14);
		smtp_line_reset(&l, kept);
		assert_int_equal(l.used, 0);
		assert_memory_equal(kept, wiped, sizeof(wiped));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_examples_cut_anywhere),
	    cmocka_unit_test(test_long_lines_are_cut_and_say_so),
	    cmocka_unit_test(test_peek_is_next),
	    cmocka_unit_test(test_pass_stops_behind_the_line),
	    cmocka_unit_test(test_reset_wipes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
