/* Sessions held against those before: fallback, stripping, what a restart leaves, and the bound. */
#include "../../sensor/compare.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../parsers/smtp_syntax.h"
#include "../../sensor/limits.h"
#include "../../sensor/tally_entry.h"

#define S(seconds) ((uint64_t)(seconds)*1000000000ull)
#define BEGIN	   S(1000000000)

/* A session `at` ns after the beginning, of client and server by their last bytes, on port 25. */
static struct record session(uint64_t at, uint8_t client, uint8_t server, uint8_t outcome)
{
	struct record r;

	record_init(&r);
	r.start_ns = BEGIN + at;
	r.client_ip.bytes[15] = client;
	r.server_ip.bytes[15] = server;
	r.client_port = (uint16_t)(40000 + at / 1000000000);
	r.server_port = 25;
	r.outcome = outcome;
	return r;
}

static struct record clear(uint64_t at, uint8_t client, uint8_t server)
{
	struct record r = session(at, client, server, OUTCOME_STARTTLS_UNUSED);

	r.plaintext_mail = RECORD_TRUE;
	return r;
}

static struct record offer(uint64_t at, uint8_t client, uint8_t server, bool offered)
{
	struct record r = session(at, client, server, OUTCOME_NO_MAIL);

	r.starttls_offered = offered ? RECORD_TRUE : RECORD_FALSE;
	return r;
}

static bool falls_back(struct compare *c, struct record r)
{
	compare_session(c, &r);
	assert_int_equal(r.fallback != RECORD_ABSENT, r.fallback_from_ns != 0);
	return r.fallback == RECORD_TRUE;
}

static unsigned strips(struct compare *c, struct record r)
{
	compare_session(c, &r);
	assert_int_equal(r.stripping == RECORD_TRUE, r.stripping_reason != 0);
	return r.stripping_reason;
}

static void a_failure_is_fallen_back_from(void **state)
{
	static const uint8_t outcomes[] = {
	    OUTCOME_TLS_FAILED, OUTCOME_STARTTLS_REFUSED, OUTCOME_STARTTLS_ABANDONED};

	(void)state;
	for (size_t i = 0; i < sizeof(outcomes); i++) {
		struct compare *c = compare_new(0, NULL);
		struct record r = clear(S(2), 1, 2);

		assert_false(falls_back(c, session(S(1), 1, 2, outcomes[i])));
		compare_session(c, &r);
		assert_int_equal(r.fallback, RECORD_TRUE);
		assert_int_equal(r.fallback_from_ns, BEGIN + S(1));
		assert_int_equal(r.fallback_to_ns, BEGIN + S(2));
		assert_int_equal(r.fallback_outcome, outcomes[i]);
		compare_free(c);
	}
}

/* MAIL went in the clear, and what it wanted to send did not. */
static void what_is_refused_for_want_of_tls_is_none(void **state)
{
	struct compare *c = compare_new(0, NULL);
	struct record r = clear(S(2), 1, 2);

	(void)state;
	r.plaintext_refused = RECORD_TRUE;
	assert_false(falls_back(c, session(S(1), 1, 2, OUTCOME_TLS_FAILED)));
	assert_false(falls_back(c, r));
	r.plaintext_refused = RECORD_FALSE;
	assert_true(falls_back(c, r));
	compare_free(c);
}

static void only_of_the_same_pair_port_and_hour(void **state)
{
	struct compare *c = compare_new(0, NULL);
	struct record other_port = clear(S(3), 1, 2);

	(void)state;
	other_port.server_port = 587;
	assert_false(falls_back(c, session(S(1), 1, 2, OUTCOME_TLS_FAILED)));
	assert_false(falls_back(c, clear(S(3), 1, 3)));
	assert_false(falls_back(c, clear(S(3), 2, 2)));
	assert_false(falls_back(c, clear(S(3), 2, 1)));
	assert_false(falls_back(c, other_port));
	assert_true(falls_back(c, clear(S(1 + LIMIT_FALLBACK_S), 1, 2)));
	assert_false(falls_back(c, clear(S(2 + LIMIT_FALLBACK_S), 1, 2)));
	compare_free(c);
}

static void tls_mends_it(void **state)
{
	struct compare *c = compare_new(0, NULL);

	(void)state;
	assert_false(falls_back(c, session(S(5), 1, 2, OUTCOME_TLS_FAILED)));
	assert_false(falls_back(c, session(S(4), 1, 2, OUTCOME_TLS))); /* ended late */
	assert_true(falls_back(c, clear(S(6), 1, 2)));
	assert_false(falls_back(c, session(S(7), 1, 2, OUTCOME_TLS)));
	assert_false(falls_back(c, clear(S(8), 1, 2)));
	compare_free(c);
}

/* The one that failed hung, and ended behind a later one that had TLS: it is mended when it is
 * told. */
static void tls_mends_what_is_told_late(void **state)
{
	struct compare *c = compare_new(0, NULL);

	(void)state;
	assert_false(falls_back(c, clear(S(5), 1, 2)));
	assert_false(falls_back(c, session(S(6), 1, 2, OUTCOME_TLS)));
	assert_true(falls_back(c, session(S(4), 1, 2, OUTCOME_STARTTLS_ABANDONED)));
	assert_false(falls_back(c, clear(S(7), 1, 2)));
	assert_false(falls_back(c, session(S(8), 1, 2, OUTCOME_TLS)));
	assert_false(falls_back(c, clear(S(9), 1, 2)));
	assert_false(falls_back(c, session(S(3), 1, 2, OUTCOME_TLS_FAILED)));
	assert_true(falls_back(c, session(S(9) - 1, 1, 2, OUTCOME_TLS_FAILED)));
	compare_free(c);
}

/* What the client said in a session, and whether that is a fallback within it. */
static bool falls_back_within(uint8_t outcome, const char *said)
{
	struct compare *c = compare_new(0, NULL);
	struct record r = session(S(1), 1, 2, outcome);

	r.plaintext_mail = RECORD_TRUE;
	while (*said != '\0') {
		struct smtp_command command =
		    smtp_command_read(cursor_over(said, strcspn(said, "|")));

		r.events[r.event_count++] = (struct record_event){.what = command.verb, .times = 1};
		said += strcspn(said, "|");
		said += *said == '|';
	}
	compare_session(c, &r);
	compare_free(c);
	if (r.fallback != RECORD_TRUE)
		return false;
	assert_int_equal(r.fallback_from_ns, r.start_ns);
	assert_int_equal(r.fallback_to_ns, r.start_ns);
	assert_int_equal(r.fallback_outcome, outcome);
	return true;
}

static void within_one_session(void **state)
{
	(void)state;
	assert_true(falls_back_within(OUTCOME_STARTTLS_REFUSED, "EHLO a|STARTTLS|MAIL FROM:<>"));
	assert_true(falls_back_within(
	    OUTCOME_STARTTLS_REFUSED, "EHLO a|MAIL FROM:<>|X-ANONYMOUSTLS|MAIL FROM:<>"));
	assert_true(
	    falls_back_within(OUTCOME_STARTTLS_ABANDONED, "EHLO a|STARTTLS|EHLO a|MAIL FROM:<>"));
	assert_true(
	    falls_back_within(OUTCOME_TLS_FAILED, "EHLO a|STARTTLS|MAIL FROM:<>|RSET|STARTTLS"));
}

static void mail_before_the_failure_is_none(void **state)
{
	(void)state;
	assert_false(
	    falls_back_within(OUTCOME_STARTTLS_REFUSED, "EHLO a|MAIL FROM:<>|RSET|STARTTLS|QUIT"));
	assert_false(falls_back_within(OUTCOME_TLS_FAILED, "EHLO a|MAIL FROM:<>|STARTTLS"));
	assert_false(falls_back_within(OUTCOME_TLS_FAILED, ""));
}

/* The one that failed hung, and ended behind its fallback: it tells, and once only. */
static void in_the_other_order(void **state)
{
	struct compare *c = compare_new(0, NULL);
	struct record r = session(S(1), 1, 2, OUTCOME_STARTTLS_ABANDONED);

	(void)state;
	assert_false(falls_back(c, clear(S(3), 1, 2)));
	compare_session(c, &r);
	assert_int_equal(r.fallback, RECORD_TRUE);
	assert_int_equal(r.fallback_from_ns, BEGIN + S(1));
	assert_int_equal(r.fallback_to_ns, BEGIN + S(3));
	assert_false(falls_back(c, session(S(2), 1, 2, OUTCOME_STARTTLS_ABANDONED)));
	assert_false(falls_back(c, session(S(4), 1, 2, OUTCOME_TLS_FAILED)));
	compare_free(c);
}

static void offered_before_or_to_others(void **state)
{
	struct compare *c = compare_new(0, NULL);
	struct record other_port = offer(S(9), 1, 2, false), r = offer(S(9), 3, 2, false);

	(void)state;
	other_port.server_port = 24;
	assert_int_equal(strips(c, offer(S(0), 1, 2, false)), STRIPPING_ABSENT);
	assert_int_equal(strips(c, offer(S(1), 1, 2, true)), STRIPPING_ABSENT);
	assert_int_equal(strips(c, offer(S(2), 1, 2, false)), STRIPPING_BEFORE);
	assert_int_equal(strips(c, offer(S(3), 3, 2, false)), STRIPPING_TO_OTHERS);
	assert_int_equal(strips(c, offer(S(3), 1, 3, false)), STRIPPING_ABSENT);
	assert_int_equal(strips(c, other_port), STRIPPING_ABSENT);
	assert_int_equal(strips(c, session(S(4), 3, 2, OUTCOME_NO_MAIL)), STRIPPING_ABSENT);
	compare_session(c, &r);
	assert_int_equal(r.stripping_offered_ns, BEGIN + S(1));
	assert_int_equal(strips(c, offer(S(1 + LIMIT_STRIPPING_S), 1, 2, false)), STRIPPING_BEFORE);
	assert_int_equal(strips(c, offer(S(2 + LIMIT_STRIPPING_S), 1, 2, false)), STRIPPING_ABSENT);
	compare_free(c);
}

static void a_mask_tells_by_itself(void **state)
{
	struct compare *c = compare_new(0, NULL);
	struct record r = offer(S(1), 1, 2, false);

	(void)state;
	r.starttls_masked = RECORD_TRUE;
	assert_int_equal(strips(c, r), STRIPPING_MASKED);
	r.outcome = OUTCOME_NOT_SMTP;
	assert_int_equal(strips(c, r), STRIPPING_ABSENT);
	compare_free(c);
}

/* A new process has no memory, but the tally knows of the pair. */
static void behind_a_restart(void **state)
{
	struct tally *t = tally_new(0);
	struct compare *c = compare_new(0, t);
	struct record r;
	uint8_t key[32] = {[15] = 2, [31] = 1};
	struct tally_entry *e;

	(void)state;
	e = tally_entry_make(t, TALLY_PAIR, key);
	assert_int_equal(tally_entry_load(e, TALLY_TOTALS, "failed_last", "1000000001000"), 0);
	assert_int_equal(tally_entry_load(e, TALLY_TOTALS, "failed_port", "25"), 0);
	assert_int_equal(tally_entry_load(e, TALLY_TOTALS, "starttls_last", "1000000001000"), 0);
	assert_int_equal(tally_entry_load(e, TALLY_TOTALS, "starttls_port", "65536"), -1);
	assert_int_equal(tally_entry_load(e, TALLY_TOTALS, "starttls_port", "25"), 0);
	r = clear(S(2), 1, 2);
	r.starttls_offered = RECORD_FALSE;
	r.server_port = 587; /* another service of the same host */
	assert_int_equal(strips(c, r), STRIPPING_ABSENT);
	assert_false(falls_back(c, r));
	r.server_port = 25;
	compare_session(c, &r);
	assert_int_equal(r.fallback, RECORD_TRUE);
	assert_int_equal(r.fallback_from_ns, BEGIN + S(1));
	assert_int_equal(r.stripping_reason, STRIPPING_BEFORE);
	assert_false(falls_back(c, session(S(3), 1, 2, OUTCOME_TLS)));
	assert_false(falls_back(c, clear(S(4), 1, 2)));
	compare_free(c);
	tally_free(t);
}

static void its_memory_is_bounded(void **state)
{
	struct compare *c = compare_new(64, NULL);

	(void)state;
	for (unsigned i = 0; i < 5000; i++) {
		struct record r = session(S(i), 1, 2, OUTCOME_TLS_FAILED);

		r.client_ip.bytes[14] = (uint8_t)(i >> 8);
		r.client_ip.bytes[13] = (uint8_t)i;
		compare_session(c, &r);
	}
	assert_in_range(compare_evicted(c), 3000, 5000);
	assert_false(falls_back(c, session(S(5001), 9, 9, OUTCOME_TLS_FAILED)));
	assert_true(falls_back(c, clear(S(5002), 9, 9)));
	compare_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_failure_is_fallen_back_from),
	    cmocka_unit_test(what_is_refused_for_want_of_tls_is_none),
	    cmocka_unit_test(only_of_the_same_pair_port_and_hour),
	    cmocka_unit_test(tls_mends_it),
	    cmocka_unit_test(tls_mends_what_is_told_late),
	    cmocka_unit_test(within_one_session),
	    cmocka_unit_test(mail_before_the_failure_is_none),
	    cmocka_unit_test(in_the_other_order),
	    cmocka_unit_test(offered_before_or_to_others),
	    cmocka_unit_test(a_mask_tells_by_itself),
	    cmocka_unit_test(behind_a_restart),
	    cmocka_unit_test(its_memory_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
