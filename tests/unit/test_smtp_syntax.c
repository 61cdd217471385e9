/* What one line of SMTP says by itself, and the queue of commands. */
#include "../../parsers/smtp_queue.h"
#include "../../parsers/smtp_syntax.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static struct cursor text(const char *s)
{
	return cursor_over(s, strlen(s));
}

static void test_commands(void **state)
{
	static const struct {
		const char *line;
		uint8_t kind;
		bool known, strict;
		const char *argument;
	} rows[] = {
	    {"EHLO a.example", SMTP_EHLO, true, true, "a.example"},
	    {"ehlo \t a.example \r", SMTP_EHLO, true, true, "a.example"},
	    {"EHLO", SMTP_EHLO, true, false, ""},
	    {"EHLOa.example", SMTP_OTHER, false, false, ""},
	    {" EHLO a.example", SMTP_EHLO, true, false, "a.example"},
	    {"\t STARTTLS ", SMTP_STARTTLS, true, false, ""},
	    {"lhlo x", SMTP_EHLO, true, true, "x"},
	    {"Helo x", SMTP_HELO, true, true, "x"},
	    {"starttls", SMTP_STARTTLS, true, true, ""},
	    {"STARTTLS now", SMTP_STARTTLS, true, false, "now"},
	    {"STARTTLS\tx", SMTP_STARTTLS, true, false, "x"},
	    {"X-ANONYMOUSTLS", SMTP_STARTTLS, true, true, ""},
	    {"MAIL FROM:<>", SMTP_MAIL_FROM, true, true, "FROM:<>"},
	    {"mail from: <a@b>", SMTP_MAIL_FROM, true, true, "from: <a@b>"},
	    {"MAIL <a@b>", SMTP_OTHER, true, false, "<a@b>"},
	    {"RCPT TO:<a@b>", SMTP_OTHER, true, true, "TO:<a@b>"},
	    {"DATA", SMTP_DATA, true, true, ""},
	    {"DATA:", SMTP_OTHER, false, false, ""},
	    {"BDAT 5", SMTP_BDAT, true, true, "5"},
	    {"AUTH PLAIN x", SMTP_AUTH, true, true, "PLAIN x"},
	    {"PROXY TCP6 x", SMTP_PROXY, true, true, "TCP6 x"},
	    {"PROXY UNKNOWN", SMTP_PROXY, true, true, "UNKNOWN"},
	    {"PROXY x", SMTP_OTHER, true, false, "x"},
	    {"", SMTP_BLANK, false, false, ""},
	    {" \t", SMTP_BLANK, false, false, ""},
	    {"GET / HTTP/1.1", SMTP_OTHER, false, false, "/ HTTP/1.1"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct smtp_command c = smtp_command_read(text(rows[i].line));

		assert_int_equal(c.kind, rows[i].kind);
		assert_int_equal(c.known, rows[i].known);
		assert_int_equal(c.strict, rows[i].strict);
		assert_int_equal(c.argument.left, strlen(rows[i].argument));
		assert_memory_equal(c.argument.at, rows[i].argument, c.argument.left);
	}
	assert_true(smtp_command_read(text("x-anonymoustls")).anonymous);
	assert_false(smtp_command_read(text("STARTTLS")).anonymous);
}

static void test_chunks(void **state)
{
	uint64_t size = 0;
	bool last = false;

	(void)state;
	assert_true(smtp_chunk_read(text("0"), &size, &last));
	assert_int_equal(size, 0);
	assert_false(last);
	assert_true(smtp_chunk_read(text("1844674407370955160 last"), &size, &last));
	assert_int_equal(size, 1844674407370955160u);
	assert_true(last);
	assert_false(smtp_chunk_read(text(""), &size, &last));
	assert_false(smtp_chunk_read(text("-1"), &size, &last));
	assert_false(smtp_chunk_read(text("1 first"), &size, &last));
	assert_false(smtp_chunk_read(text("18446744073709551616"), &size, &last));
}

static void test_replies(void **state)
{
	static const struct {
		const char *line;
		uint16_t code; /* 0: no reply */
		bool last;
		const char *text;
		bool status, greeting;
	} rows[] = {
	    {"220", 220, true, "", false, false},
	    {"220 ", 220, true, "", false, false},
	    {"220-", 220, false, "", false, false},
	    {"250-STARTTLS \r", 250, false, "STARTTLS", false, false},
	    {"250\tok", 250, true, "ok", false, false},
	    {"220 mx.example.org ready", 220, true, "mx.example.org ready", false, true},
	    {"220 2.0.0 Ready to start TLS", 220, true, "2.0.0 Ready to start TLS", true, false},
	    {"220 2.0.0 SMTP server ready", 220, true, "2.0.0 SMTP server ready", true, false},
	    {"220 10.0.0.1 ESMTP", 220, true, "10.0.0.1 ESMTP", false, true},
	    {"220 2..0 x", 220, true, "2..0 x", false, true},
	    {"250 5.1.1 x", 250, true, "5.1.1 x", false, true},
	    {"22", 0, false, "", false, false},
	    {"", 0, false, "", false, false},
	    {"2200 x", 0, false, "", false, false},
	    {"120 x", 0, false, "", false, false},
	    {"600 x", 0, false, "", false, false},
	    {"+OK", 0, false, "", false, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct smtp_reply r;

		assert_int_equal(smtp_reply_read(text(rows[i].line), &r), rows[i].code != 0);
		if (rows[i].code == 0)
			continue;
		assert_int_equal(r.code, rows[i].code);
		assert_int_equal(r.last, rows[i].last);
		assert_int_equal(r.text.left, strlen(rows[i].text));
		assert_memory_equal(r.text.at, rows[i].text, r.text.left);
		assert_int_equal(smtp_reply_has_status(&r), rows[i].status);
		assert_int_equal(smtp_reply_is_greeting(&r), rows[i].greeting);
	}
}

static void check_look(
    enum side side, const char *bytes, size_t length, size_t depth, enum smtp_tls_look look)
{
	for (size_t n = 0; n <= length; n++) {
		enum smtp_tls_look so_far = smtp_tls_look(side, cursor_over(bytes, n), depth);

		if (n == 0)
			assert_int_equal(so_far, SMTP_LOOK_NONE);
		else if (n == length)
			assert_int_equal(so_far, look);
		else if (look == SMTP_LOOK_YES)
			assert_int_equal(so_far, n < depth ? SMTP_LOOK_MORE : SMTP_LOOK_YES);
	}
}

static void test_looks_of_tls(void **state)
{
	(void)state;
	check_look(SIDE_CLIENT, "\x16\x03\x01\x02\x00\x01", 6, SMTP_LOOK_STRICT, SMTP_LOOK_YES);
	check_look(SIDE_CLIENT, "\x16\x03\x01", 3, SMTP_LOOK_BRIEF, SMTP_LOOK_YES);
	check_look(SIDE_CLIENT, "\x16\x03\x01\x02\x00\x02", 6, SMTP_LOOK_STRICT, SMTP_LOOK_NO);
	check_look(SIDE_SERVER, "\x16\x03\x01\x02\x00\x02", 6, SMTP_LOOK_STRICT, SMTP_LOOK_YES);
	check_look(SIDE_CLIENT, "\x80\x2e\x01", 3, SMTP_LOOK_BRIEF, SMTP_LOOK_YES);
	check_look(SIDE_CLIENT, "\x80\x2e\x01\x00\x02", 5, SMTP_LOOK_STRICT, SMTP_LOOK_YES);
	check_look(SIDE_SERVER, "\x15\x03\x01\x00\x02", 5, SMTP_LOOK_STRICT, SMTP_LOOK_YES);
	check_look(SIDE_CLIENT, "QUIT\r\n", 6, SMTP_LOOK_BRIEF, SMTP_LOOK_NO);
	check_look(SIDE_CLIENT, "\xc3\xa9h", 3, SMTP_LOOK_BRIEF, SMTP_LOOK_NO);
}

static void test_the_queue_counts_rows(void **state)
{
	struct smtp_queue q = {.count = 0};
	int pushed = 0;

	(void)state;
	for (int round = 0; round < 3; round++) { /* round the ring */
		assert_true(smtp_queue_push(&q, SMTP_MAIL_FROM));
		for (int i = 0; i < 100; i++)
			assert_true(smtp_queue_push(&q, SMTP_OTHER));
		assert_true(smtp_queue_push(&q, SMTP_DATA));
		assert_int_equal(smtp_queue_pop(&q), SMTP_MAIL_FROM);
		for (int i = 0; i < 100; i++)
			assert_int_equal(smtp_queue_pop(&q), SMTP_OTHER);
		assert_int_equal(smtp_queue_pop(&q), SMTP_DATA);
		assert_true(smtp_queue_empty(&q));
	}
	while (smtp_queue_push(&q, SMTP_EHLO))
		pushed++;
	assert_int_equal(pushed, SMTP_COMMANDS_MAX);
	assert_false(smtp_queue_skip_to(&q, SMTP_QUIT));
	assert_int_equal(q.count, SMTP_COMMANDS_MAX);
}

static void test_the_queue_skips(void **state)
{
	struct smtp_queue q = {.first = SMTP_COMMANDS_MAX - 1};

	(void)state;
	assert_true(smtp_queue_push(&q, SMTP_EHLO));
	assert_true(smtp_queue_push(&q, SMTP_OTHER));
	assert_true(smtp_queue_push(&q, SMTP_OTHER));
	assert_true(smtp_queue_push(&q, SMTP_DATA));
	assert_true(smtp_queue_skip_to(&q, SMTP_DATA));
	assert_int_equal(smtp_queue_pop(&q), SMTP_DATA);
	assert_true(smtp_queue_empty(&q));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_commands),
	    cmocka_unit_test(test_chunks),
	    cmocka_unit_test(test_replies),
	    cmocka_unit_test(test_looks_of_tls),
	    cmocka_unit_test(test_the_queue_counts_rows),
	    cmocka_unit_test(test_the_queue_skips),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
