/* The SMTP dialogue in single situations: what is not said, not seen, too long or too much. */
#include "smtp_scripts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "smtp_run.h"

#define SAY(side, text) smtp_run_deliver(&r, side, text, sizeof(text) - 1)

static void test_only_the_client_is_seen(void **state)
{
	static struct smtp_run r;

	(void)state;
	smtp_run_start(&r, false);
	SAY(SIDE_CLIENT, "EHLO a.example\r\nSTARTTLS\r\n");
	SAY(SIDE_CLIENT, CLIENT_HELLO);
	assert_true(smtp_dialog_waiting(&r.dialog));
	smtp_dialog_stop_waiting(
	    &r.dialog, (const uint8_t *)CLIENT_HELLO, sizeof(CLIENT_HELLO) - 1);
	assert_true(smtp_dialog_tls_started(&r.dialog));
	assert_string_equal(r.dialog.facts.helo, "a.example");
	assert_int_equal(r.dialog.facts.starttls_reply, 0);
	assert_int_equal(r.used[SIDE_CLIENT], 26);
}

static void stop_waiting(struct smtp_run *r)
{
	size_t used = r->used[SIDE_CLIENT];

	assert_true(smtp_dialog_waiting(&r->dialog));
	smtp_dialog_stop_waiting(
	    &r->dialog, r->bytes[SIDE_CLIENT] + used, r->sent[SIDE_CLIENT] - used);
	assert_false(smtp_dialog_waiting(&r->dialog));
	while (smtp_run_offer(r, SIDE_CLIENT))
		;
}

static void test_a_body_is_told_from_commands(void **state)
{
	static struct smtp_run r;

	(void)state;
	smtp_run_start(&r, false);
	SAY(SIDE_CLIENT, "EHLO a.example\r\nMAIL FROM:<>\r\nDATA\r\nSubject: x\r\n\r\nEHLO "
			 "evil.example\r\n.\r\nQUIT\r\n");
	stop_waiting(&r);
	assert_string_equal(r.dialog.facts.helo, "a.example");
	assert_string_equal(r.dialog.facts.history, "EMDQ");

	smtp_run_start(&r, false);
	SAY(SIDE_SERVER, "220 mx.example.org ESMTP\r\n");
	SAY(SIDE_CLIENT, "EHLO a.example\r\nDATA\r\nRSET\r\nEHLO b.example\r\n");
	stop_waiting(&r);
	assert_string_equal(r.dialog.facts.helo, "a.example"); /* still, it may be a body */
	SAY(SIDE_SERVER, "250-x\r\n250 STARTTLS\r\n");
	assert_string_equal(r.dialog.facts.helo, "b.example");

	smtp_run_start(&r, false);
	SAY(SIDE_CLIENT, "DATA\r\n.\r\nEHLO b.example\r\n");
	stop_waiting(&r);
	assert_string_equal(r.dialog.facts.helo, "b.example");
}

static void test_a_response_of_auth_is_passed_over(void **state)
{
	static struct smtp_run r;

	(void)state;
	smtp_run_start(&r, false);
	SAY(SIDE_CLIENT, "EHLO a.example\r\nAUTH PLAIN\r\nAGEAYg==\r\nMAIL FROM:<>\r\n");
	stop_waiting(&r);
	assert_string_equal(r.dialog.facts.history, "EAM");

	smtp_run_start(&r, false);
	SAY(SIDE_CLIENT, "EHLO a.example\r\nAUTH PLAIN AGEAYg==\r\nMAIL FROM:<>\r\n");
	stop_waiting(&r);
	assert_string_equal(r.dialog.facts.history, "EAM");
}

/* Whether the state holds these bytes anywhere. */
static bool remembers(const struct smtp_dialog *d, const char *text)
{
	return memmem(d, sizeof(*d), text, strlen(text)) != NULL;
}

static void test_nothing_secret_is_kept(void **state)
{
	static const char *const said[] = {"EHLO a.example\r\n", "AUTH PLAIN AHNlY3JldA==\r\n",
	    "AHNlY3JldA==\r\n", "MAIL FROM:<AHNlY3JldA@a.example>\r\n", "DATA\r\n",
	    "AHNlY3JldA\r\n.\r\n", "QUIT\r\n"};
	static const char *const answers[] = {"250 x\r\n", "334 \r\n", "235 Ok\r\n", "250 Ok\r\n",
	    "354 go\r\n", "250 Ok\r\n", "221 bye\r\n"};
	static struct smtp_run r;

	(void)state;
	smtp_run_start(&r, false);
	SAY(SIDE_SERVER, "220 mx.example.org ESMTP\r\n");
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		smtp_run_deliver_slowly(&r, SIDE_CLIENT, said[i], strlen(said[i]));
		assert_false(remembers(&r.dialog, "NlY3Jl"));
		smtp_run_deliver_slowly(&r, SIDE_SERVER, answers[i], strlen(answers[i]));
	}
	assert_string_equal(r.dialog.facts.history, "bEeAaMmDdQq");
}

static void test_too_many_commands_end_the_client(void **state)
{
	static struct smtp_run r;

	(void)state;
	smtp_run_start(&r, false);
	SAY(SIDE_CLIENT, "EHLO a.example\r\n");
	for (int i = 0; i < 100; i++) /* a row of them is nothing special */
		SAY(SIDE_CLIENT, "RCPT TO:<b@b>\r\n");
	assert_int_equal(r.dialog.mode[SIDE_CLIENT], SMTP_MODE_LINES);
	for (int i = 0; i < SMTP_COMMANDS_MAX; i++)
		SAY(SIDE_CLIENT, "MAIL FROM:<>\r\n");
	assert_int_equal(r.dialog.mode[SIDE_CLIENT], SMTP_MODE_OVER);
	SAY(SIDE_SERVER, "220 mx.example.org ESMTP\r\n250-x\r\n250 STARTTLS\r\n");
	assert_true(r.dialog.facts.seen & SMTP_OFFERED);
}

static void test_long_lines(void **state)
{
	static char line[2 * SMTP_LINE_MAX];
	static struct smtp_run r;

	(void)state;
	memset(line, 'a', sizeof(line));
	smtp_run_start(&r, false);
	SAY(SIDE_SERVER, "220 mx.example.org ESMTP\r\n");
	smtp_run_deliver(&r, SIDE_CLIENT, line, sizeof(line));
	SAY(SIDE_CLIENT, "\r\nEHLO ");
	smtp_run_deliver(&r, SIDE_CLIENT, line, 300);
	SAY(SIDE_CLIENT, "\r\n");
	SAY(SIDE_SERVER, "500 too long\r\n250-x\r\n250 STARTTLS\r\n");
	assert_true(r.dialog.facts.seen & SMTP_OFFERED);
	assert_int_equal(strlen(r.dialog.facts.helo), SMTP_HELO_MAX - 1);

	smtp_run_start(&r, false);
	smtp_run_deliver(&r, SIDE_CLIENT, line, sizeof(line));
	assert_int_equal(r.dialog.facts.seen, SMTP_FOREIGN);
}

static void test_the_history_has_an_end(void **state)
{
	static struct smtp_run r;

	(void)state;
	smtp_run_start(&r, false);
	SAY(SIDE_SERVER, "220 mx.example.org ESMTP\r\n");
	for (int i = 0; i < 40; i++) {
		SAY(SIDE_CLIENT, "STARTTLS\r\n");
		SAY(SIDE_SERVER, "454 no\r\n");
	}
	assert_int_equal(strlen(r.dialog.facts.history), SMTP_HISTORY_MAX - 1);
}

/* A chunk with a hole that ends inside it is counted down; one that ends behind it makes the rest
 * unsure. */
static void test_holes_in_a_chunk(void **state)
{
	static struct smtp_run r;

	(void)state;
	smtp_run_start(&r, false);
	SAY(SIDE_SERVER, "220 mx.example.org ESMTP\r\n");
	SAY(SIDE_CLIENT, "BDAT 100 LAST\r\nabc");
	smtp_dialog_gap(&r.dialog, SIDE_CLIENT, 97);
	SAY(SIDE_CLIENT, "EHLO a.example\r\n");
	assert_string_equal(r.dialog.facts.helo, "a.example");

	smtp_run_start(&r, false);
	SAY(SIDE_SERVER, "220 mx.example.org ESMTP\r\n");
	SAY(SIDE_CLIENT, "BDAT 100 LAST\r\nabc");
	smtp_dialog_gap(&r.dialog, SIDE_CLIENT, 0);
	SAY(SIDE_CLIENT, "EHLO evil.example\r\n");
	assert_string_equal(r.dialog.facts.helo, "");
}

static void test_the_body_ends_behind_a_stray_cr(void **state)
{
	static struct smtp_run r;

	(void)state;
	smtp_run_start(&r, false);
	SAY(SIDE_SERVER, "220 mx.example.org ESMTP\r\n");
	SAY(SIDE_CLIENT, "DATA\r\n");
	SAY(SIDE_SERVER, "354 go\r\n");
	SAY(SIDE_CLIENT, "x\r\r\n.\r\nQUIT\r\n");
	assert_string_equal(r.dialog.facts.history, "bDQ");
}

/* An empty line that the server passed over does not hide what it refuses. */
static void test_a_refusal_behind_an_empty_line(void **state)
{
	static struct smtp_run r;

	(void)state;
	smtp_run_start(&r, false);
	SAY(SIDE_SERVER, "220 mx.example.org ESMTP\r\n");
	SAY(SIDE_CLIENT, "EHLO a.example\r\n");
	SAY(SIDE_SERVER, "250-mx.example.org\r\n250 STARTTLS\r\n");
	SAY(SIDE_CLIENT, "\r\nSTARTTLS\r\n");
	SAY(SIDE_SERVER, "454 4.7.0 TLS not available\r\n");
	assert_int_equal(r.dialog.facts.starttls_reply, 454);
	assert_int_equal(r.dialog.facts.refusal.meaning, SMTP_TLS_UNAVAILABLE);
}

/* The front of what waits is missing: its look says nothing about what was sent there. */
static void test_a_hole_behind_starttls_is_no_injection(void **state)
{
	static struct smtp_run r;

	(void)state;
	smtp_run_start(&r, false);
	SAY(SIDE_SERVER, "220 mx.example.org ESMTP\r\n");
	SAY(SIDE_CLIENT, "STARTTLS\r\n");
	smtp_dialog_gap(&r.dialog, SIDE_CLIENT, 50);
	SAY(SIDE_CLIENT, "the rest of a hello");
	SAY(SIDE_SERVER, "220 go\r\n");
	assert_true(smtp_dialog_tls_started(&r.dialog));
	assert_false(r.dialog.facts.seen & SMTP_INJECTED);
	assert_int_equal(r.used[SIDE_CLIENT], 10);
}

/* A refusal may be missing: the words behind STARTTLS came after it, and another STARTTLS too. */
static void test_a_hole_of_the_server_is_no_injection(void **state)
{
	static struct smtp_run r;

	(void)state;
	smtp_run_start(&r, false);
	SAY(SIDE_SERVER, "220 mx.example.org ESMTP\r\n");
	SAY(SIDE_CLIENT, "EHLO a.example\r\nSTARTTLS\r\nNOOP\r\n");
	smtp_dialog_gap(&r.dialog, SIDE_SERVER, 30);
	SAY(SIDE_SERVER, "250 Ok\r\n220 go\r\n");
	SAY(SIDE_CLIENT, CLIENT_HELLO);
	assert_true(smtp_dialog_tls_started(&r.dialog));
	assert_false(r.dialog.facts.seen & SMTP_INJECTED);
}

static void test_a_hole_behind_auth(void **state)
{
	static struct smtp_run r;

	(void)state;
	smtp_run_start(&r, false);
	SAY(SIDE_SERVER, "220 mx.example.org ESMTP\r\n");
	SAY(SIDE_CLIENT, "AUTH PLAIN\r\n");
	smtp_dialog_gap(&r.dialog, SIDE_CLIENT, 10);
	SAY(SIDE_SERVER, "334 \r\n235 Ok\r\n");
	SAY(SIDE_CLIENT, "STARTTLS\r\n"); /* no response, that is in the hole */
	SAY(SIDE_SERVER, "220 go\r\n");
	assert_true(smtp_dialog_tls_started(&r.dialog));
}

/* Behind a hole, digits may be the end of a number, and replies those to commands before it. */
static void test_a_hole_before_the_reply_to_starttls(void **state)
{
	static struct smtp_run r;

	(void)state;
	smtp_run_start(&r, false);
	SAY(SIDE_SERVER, "220 mx.example.org ESMTP\r\n");
	SAY(SIDE_CLIENT, "EHLO a.example\r\nSTARTTLS\r\n");
	smtp_dialog_gap(&r.dialog, SIDE_SERVER, 30);
	SAY(SIDE_SERVER, "577\r\n"); /* of 250 SIZE 1000577 */
	assert_int_equal(r.dialog.queue.count, 2);
	assert_int_equal(r.dialog.facts.banner_code, 220);
	SAY(SIDE_SERVER, "250 Ok\r\n250 Ok\r\n");
	assert_true(smtp_dialog_waiting(&r.dialog));
	SAY(SIDE_SERVER, "220 go\r\n");
	assert_true(smtp_dialog_tls_started(&r.dialog));
	assert_int_equal(r.dialog.facts.starttls_reply, 220);
	assert_false(r.dialog.facts.seen & SMTP_SAW_CAPABILITIES);
}

static void test_midstream_greeting(void **state)
{
	static struct smtp_run r;

	(void)state;
	smtp_run_start(&r, true);
	SAY(SIDE_SERVER, "220 2.0.0 SMTP server ready\r\n"); /* Exchange's reply to STARTTLS */
	assert_string_equal(r.dialog.facts.banner, "");
	SAY(SIDE_CLIENT, CLIENT_HELLO);
	assert_true(smtp_dialog_tls_started(&r.dialog));
	assert_int_equal(r.dialog.facts.starttls_reply, 220);
	assert_int_equal(r.used[SIDE_CLIENT], 0);

	smtp_run_start(&r, true);
	SAY(SIDE_SERVER, "220 mx.example.org ready\r\n");
	SAY(SIDE_CLIENT, "EHLO a.example\r\n");
	assert_string_equal(r.dialog.facts.banner, "mx.example.org ready");
	assert_string_equal(r.dialog.facts.helo, "a.example");
}

static void test_transcript_is_bounded(void **state)
{
	static struct smtp_run r;
	struct smtp_facts *f = &r.dialog.facts;

	(void)state;
	smtp_run_start(&r, false);
	smtp_run_deliver(&r, SIDE_SERVER, "220 mx.example.org ESMTP\r\n", 26);
	for (int i = 0; i < 50; i++) {
		smtp_run_deliver(&r, SIDE_CLIENT, "NOOP\r\n", 6);
		smtp_run_deliver(&r, SIDE_SERVER, "250 Ok\r\n", 8);
	}
	assert_int_equal(f->event_count, SMTP_EVENTS_MAX);
	assert_int_equal(f->event_count + f->events_lost, 101);
	smtp_run_start(&r, false);
	for (int i = 0; i < 50; i++) {
		smtp_run_deliver(&r, SIDE_CLIENT, "RCPT TO:<a@example.org>\r\n", 25);
		smtp_run_deliver(&r, SIDE_SERVER, "250 Ok\r\n", 8);
	}
	assert_int_equal(f->event_count, 2);
	assert_int_equal(f->events[0].times, 50);
	assert_int_equal(f->events[1].times, 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_only_the_client_is_seen),
	    cmocka_unit_test(test_a_body_is_told_from_commands),
	    cmocka_unit_test(test_a_response_of_auth_is_passed_over),
	    cmocka_unit_test(test_nothing_secret_is_kept),
	    cmocka_unit_test(test_too_many_commands_end_the_client),
	    cmocka_unit_test(test_long_lines),
	    cmocka_unit_test(test_the_history_has_an_end),
	    cmocka_unit_test(test_holes_in_a_chunk),
	    cmocka_unit_test(test_the_body_ends_behind_a_stray_cr),
	    cmocka_unit_test(test_a_hole_behind_starttls_is_no_injection),
	    cmocka_unit_test(test_a_hole_of_the_server_is_no_injection),
	    cmocka_unit_test(test_a_refusal_behind_an_empty_line),
	    cmocka_unit_test(test_a_hole_behind_auth),
	    cmocka_unit_test(test_a_hole_before_the_reply_to_starttls),
	    cmocka_unit_test(test_midstream_greeting),
	    cmocka_unit_test(test_transcript_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
