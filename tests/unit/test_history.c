/* What is known of a host, from sessions and from the tally, and every name of the table answered.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "../../parsers/tls_hello.h"
#include "../../rules/history_fields.h"
#include "../../sensor/history.h"
#include "../../sensor/history_facts.h"

#define MS	 1000000ull
#define HOUR_NS	 (3600 * 1000 * MS)
#define START_NS (1772323200000ull * MS)

static void make(struct record *r, uint64_t after_ns, uint16_t version)
{
	record_init(r);
	r->start_ns = START_NS + after_ns;
	assert_true(address_parse("192.0.2.1", &r->server_ip));
	assert_true(address_parse("192.0.2.2", &r->client_ip));
	r->outcome = version != 0 ? OUTCOME_TLS : OUTCOME_STARTTLS_NOT_OFFERED;
	r->tls_version = version;
	r->plaintext_mail = version != 0 ? RECORD_FALSE : RECORD_TRUE;
	r->legacy_side = version != 0 && version < TLS_VERSION_12 ? LEGACY_SERVER : LEGACY_NONE;
}

static size_t field(const char *name)
{
	size_t i = 0;

	while (i < history_field_count && strcmp(history_fields[i].name, name) != 0)
		i++;
	assert_true(i < history_field_count);
	return i;
}

/* -1: unknown */
static int64_t ask(struct history *h, const char *name)
{
	struct rules_value value;

	return history_answer(h, field(name), &value) ? (int64_t)value.number : -1;
}

static void see(struct history *h, const struct record *r)
{
	assert_true(history_prepare(h, r));
	history_note(h, r);
}

static void is_as_it_was_before(void **state)
{
	struct history *h = history_new(NULL, NULL, "s");
	struct record r;

	(void)state;
	make(&r, 0, TLS_VERSION_10);
	assert_true(history_prepare(h, &r));
	history_select(h, &r);
	assert_int_equal(ask(h, "server.known"), 0);
	assert_int_equal(ask(h, "server.first_seen"), -1);
	assert_int_equal(ask(h, "server.sessions"), 0);
	assert_int_equal(ask(h, "pair.was_encrypted"), 0);
	history_note(h, &r);
	make(&r, HOUR_NS, TLS_VERSION_12);
	see(h, &r);
	make(&r, 2 * HOUR_NS, 0);
	history_select(h, &r);
	assert_int_equal(ask(h, "server.known"), 1);
	assert_int_equal(ask(h, "server.sessions"), 2);
	assert_int_equal(ask(h, "server.sessions_24h"), 2);
	assert_int_equal(ask(h, "pair.first_seen"), (int64_t)START_NS);
	assert_int_equal(ask(h, "pair.last_seen"), (int64_t)(START_NS + HOUR_NS));
	assert_int_equal(ask(h, "server.best_version"), TLS_VERSION_12);
	assert_int_equal(ask(h, "server.last_version"), TLS_VERSION_12);
	assert_int_equal(ask(h, "server.legacy_since"), (int64_t)START_NS);
	assert_int_equal(ask(h, "server.legacy_last"), (int64_t)START_NS);
	assert_int_equal(ask(h, "client.legacy_last"), -1); /* not to blame */
	assert_int_equal(ask(h, "pair.was_encrypted"), 1);
	assert_int_equal(ask(h, "pair.plaintext_last"), -1);
	assert_int_equal(ask(h, "pair.versions"),
	    (int64_t)(rules_version_bit(TLS_VERSION_10) | rules_version_bit(TLS_VERSION_12)));
	assert_true(history_was_better(h, &r));
	history_free(h);
}

static void a_day_has_24_hours(void **state)
{
	struct history *h = history_new(NULL, NULL, "s");
	struct record r;

	(void)state;
	for (uint64_t i = 0; i < 100; i++) {
		make(&r, i * HOUR_NS, TLS_VERSION_12);
		see(h, &r);
	}
	history_select(h, &r);
	assert_in_range(ask(h, "server.sessions_24h"), 24, 25);
	make(&r, 200 * HOUR_NS, TLS_VERSION_12);
	history_select(h, &r);
	assert_int_equal(ask(h, "server.sessions_24h"), 0);
	assert_int_equal(ask(h, "server.sessions"), 100);
	history_free(h);
}

static void the_tally_is_part_of_it(void **state)
{
	struct tally *t = tally_new(100);
	struct history *h = history_new(NULL, t, "s");
	struct record r;

	(void)state;
	make(&r, 0, TLS_VERSION_11);
	tally_add(t, &r);
	make(&r, HOUR_NS, TLS_VERSION_13);
	see(h, &r);
	history_select(h, &r);
	assert_int_equal(ask(h, "pair.sessions"), 2);
	assert_int_equal(ask(h, "pair.legacy_since"), (int64_t)START_NS);
	assert_int_equal(ask(h, "pair.best_version"), TLS_VERSION_13);
	history_free(h);
	tally_free(t);
}

/* While Redis has not told: a yes is sure, a no is not. */
static void what_is_not_known_is_not_guessed(void **state)
{
	struct facts f = {0};
	struct rules_value value;
	struct record r;

	(void)state;
	assert_false(facts_answer(&f, "known", false, 0, &value));
	assert_false(facts_answer(&f, "sessions", false, 0, &value));
	assert_true(facts_answer(&f, "known", true, 0, &value));
	make(&r, 0, TLS_VERSION_12);
	facts_note(&f, &r, TALLY_PAIR);
	assert_true(facts_answer(&f, "was_encrypted", false, 0, &value));
	assert_int_equal(value.number, 1);
	assert_false(facts_answer(&f, "best_version", false, 0, &value));
}

static void every_name_has_an_answer(void **state)
{
	struct history *h = history_new(NULL, NULL, "s");
	struct rules_value value;
	struct record r;

	(void)state;
	make(&r, 0, TLS_VERSION_10);
	r.plaintext_mail = RECORD_TRUE;
	r.legacy_side = LEGACY_UNKNOWN;
	see(h, &r);
	history_select(h, &r);
	for (size_t i = 0; i < history_field_count; i++)
		if (!history_answer(h, i, &value))
			fail_msg("%s: no answer", history_fields[i].name);
	history_free(h);
}

static void room_is_bounded(void **state)
{
	struct history *h = history_new(NULL, NULL, "s");
	struct record r;

	(void)state;
	make(&r, 0, TLS_VERSION_12);
	for (uint32_t i = 0; i < 120000; i++) {
		memcpy(r.client_ip.bytes + 12, &i, sizeof(i));
		see(h, &r);
	}
	history_select(h, &r);
	assert_int_equal(ask(h, "server.sessions"), 120000); /* in use: it stayed */
	history_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(is_as_it_was_before),
	    cmocka_unit_test(a_day_has_24_hours),
	    cmocka_unit_test(the_tally_is_part_of_it),
	    cmocka_unit_test(what_is_not_known_is_not_guessed),
	    cmocka_unit_test(every_name_has_an_answer),
	    cmocka_unit_test(room_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
