/* The verdict's sentences. The library holds no tools, so they are built in here; no query is made.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../tools/counts.c"
#include "../../tools/explain.c"
#include "../../tools/say.c"

#include "../../tools/totals.c"
#include "../../tools/totals_words.c"

bool query_hashes(struct query *q, const struct texts *keys, query_hash *take, void *context)
{
	(void)q;
	(void)keys;
	(void)take;
	(void)context;
	return false;
}

bool texts_add(struct texts *t, const char *text, size_t length)
{
	(void)t;
	(void)text;
	(void)length;
	return false;
}

static struct totals host;
static struct totals pairs[4];
static char text[EXPLAIN_TEXT_MAX];

static void count(struct totals *t, enum count_kind kind, const char *name, unsigned sessions)
{
	struct count *c = counts_get(&t->counts, kind, name, strlen(name));

	assert_non_null(c);
	c->sessions += sessions;
	counts_sort(&t->counts);
}

static int clear(void **state)
{
	(void)state;
	totals_free(&host);
	for (size_t i = 0; i < 4; i++)
		totals_free(&pairs[i]);
	snprintf(host.server, sizeof(host.server), "192.0.2.25");
	snprintf(host.client, sizeof(host.client), "192.0.2.10");
	host.sessions = 12;
	return 0;
}

static const char *ask(bool as_server, size_t peers)
{
	struct totals_list list = {.items = pairs, .count = peers};

	return explain(&host, as_server, &list, text);
}

static void a_server_that_could_not(void **state)
{
	(void)state;
	count(&host, COUNT_VERSION, "TLSv1.0", 12);
	count(&host, COUNT_LEGACY_SIDE, "server", 12);
	host.max_version = TLS_VERSION_10;
	for (size_t i = 0; i < 4; i++)
		pairs[i].max_version = i == 0 ? TLS_VERSION_10 : TLS_VERSION_13;
	assert_string_equal(ask(true, 4), "server");
	assert_string_equal(text, "192.0.2.25 chose TLS 1.0 although 3 of 4 clients offered TLS "
				  "1.2 or more: the server is at "
				  "fault. It was never seen to choose anything better.");
}

static void a_server_that_could(void **state)
{
	(void)state;
	count(&host, COUNT_VERSION, "TLSv1.1", 2);
	count(&host, COUNT_VERSION, "TLSv1.2", 10);
	count(&host, COUNT_LEGACY_SIDE, "server", 2);
	host.max_version = TLS_VERSION_12;
	pairs[0].max_version = pairs[1].max_version = TLS_VERSION_13;
	count(&pairs[1], COUNT_VERSION, "TLSv1.2", 10);
	assert_string_equal(ask(true, 2), "server");
	assert_string_equal(text,
	    "192.0.2.25 chose TLS 1.1 although all its 2 clients offered TLS 1.2 or more: the "
	    "server is at "
	    "fault. It can do better: with 1 of its 2 clients it chose TLS 1.2 or more.");
}

static void an_old_client(void **state)
{
	(void)state;
	count(&host, COUNT_VERSION, "TLSv1.0", 12);
	count(&host, COUNT_LEGACY_SIDE, "client", 12);
	host.max_version = TLS_VERSION_10;
	assert_string_equal(ask(false, 1), "client");
	assert_string_equal(text,
	    "192.0.2.10 offered nothing above TLS 1.0 in 12 sessions: the client is at fault.");
}

static void a_client_that_offers_1_2_where_1_3_is_wanted(void **state)
{
	(void)state;
	count(&host, COUNT_VERSION, "TLSv1.2", 8);
	count(&host, COUNT_LEGACY_SIDE, "client", 4);
	host.max_version = TLS_VERSION_12;
	pairs[0].max_version = TLS_VERSION_12;
	count(&pairs[0], COUNT_LEGACY_SIDE, "client", 4);
	assert_string_equal(ask(false, 1), "client");
	assert_string_equal(text,
	    "In 4 sessions 192.0.2.10 offered TLS 1.1 at most, or less than the server takes: the "
	    "client is at fault. Its best offer was TLS 1.2.");
	assert_string_equal(ask(true, 1), "client");
	assert_string_equal(text,
	    "In 4 sessions the client offered TLS 1.1 at most, or less than the server takes: "
	    "those clients are at fault, not 192.0.2.25.");
}

static void a_client_that_offered_1_2_elsewhere(void **state)
{
	(void)state;
	count(&host, COUNT_LEGACY_SIDE, "client", 4);
	host.max_version = TLS_VERSION_12;
	pairs[0].max_version = TLS_VERSION_11;
	count(&pairs[0], COUNT_LEGACY_SIDE, "client", 4);
	pairs[1].max_version = TLS_VERSION_12;
	assert_string_equal(ask(false, 2), "client");
	assert_string_equal(text, "In 4 sessions 192.0.2.10 offered TLS 1.1 at most: the client is "
				  "at fault. Its best offer was TLS 1.2.");
}

static void both_sides(void **state)
{
	(void)state;
	count(&host, COUNT_VERSION, "TLSv1.0", 12);
	count(&host, COUNT_LEGACY_SIDE, "client", 4);
	count(&host, COUNT_LEGACY_SIDE, "downgrade", 8);
	assert_string_equal(ask(true, 1), "mixed");
	assert_non_null(strstr(text, "those clients are at fault, not 192.0.2.25."));
	assert_non_null(strstr(text, "forced the version down"));
}

/* legacy_side:unknown also counts sessions in which no version was agreed on. */
static void mail_in_the_clear_is_no_old_version(void **state)
{
	(void)state;
	count(&host, COUNT_LEGACY_SIDE, "unknown", 12);
	host.plaintext_ms = 1772352000000u;
	assert_string_equal(ask(true, 1), "unseen");
	assert_string_equal(text, "No TLS version was seen in 12 sessions: nothing can be said of "
				  "what 192.0.2.25 speaks. Mail "
				  "went in the clear, last on 2026-03-01 08:00.");
}

static void offer_not_read(void **state)
{
	(void)state;
	count(&host, COUNT_VERSION, "TLSv1.0", 3);
	count(&host, COUNT_LEGACY_SIDE, "unknown", 12);
	assert_string_equal(ask(true, 1), "unknown");
	assert_string_equal(text,
	    "In 3 sessions the client's offer could not be read: nobody can be blamed for those.");
}

static void nothing_old(void **state)
{
	(void)state;
	count(&host, COUNT_VERSION, "TLSv1.3", 12);
	count(&host, COUNT_LEGACY_SIDE, "none", 12);
	assert_string_equal(ask(false, 1), "none");
	assert_string_equal(text, "192.0.2.10 was never seen below TLS 1.2, in 12 sessions.");
}

static void a_handshake_failed_over_versions(void **state)
{
	(void)state;
	count(&host, COUNT_LEGACY_SIDE, "server", 2);
	assert_string_equal(ask(true, 1), "server");
	assert_non_null(strstr(text, "2 handshakes failed: no version was agreed on"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(a_server_that_could_not, clear, clear),
	    cmocka_unit_test_setup_teardown(a_server_that_could, clear, clear),
	    cmocka_unit_test_setup_teardown(an_old_client, clear, clear),
	    cmocka_unit_test_setup_teardown(
		a_client_that_offers_1_2_where_1_3_is_wanted, clear, clear),
	    cmocka_unit_test_setup_teardown(a_client_that_offered_1_2_elsewhere, clear, clear),
	    cmocka_unit_test_setup_teardown(both_sides, clear, clear),
	    cmocka_unit_test_setup_teardown(mail_in_the_clear_is_no_old_version, clear, clear),
	    cmocka_unit_test_setup_teardown(offer_not_read, clear, clear),
	    cmocka_unit_test_setup_teardown(nothing_old, clear, clear),
	    cmocka_unit_test_setup_teardown(a_handshake_failed_over_versions, clear, clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
