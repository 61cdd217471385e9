/* Records -> counters: what is counted where, and how entries become fields. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../parsers/products.h"
#include "../../parsers/tls_hello.h"
#include "../../parsers/tls_names.h"
#include "../../sensor/limits.h"
#include "../../sensor/tally_entry.h"
#include "tally_text.h"

static void counts_a_record_in_four_entries(void **state)
{
	static const char *const everywhere[] = {"sessions=2", "version:TLSv1.2=2",
	    "cipher:TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256=2", "outcome:tls=2",
	    "legacy_side:none=2"};
	struct tally *t = tally_new(100);
	struct tally_entry *e[4];
	struct tally_stats stats;
	struct record r;

	(void)state;
	tally_text_record(&r, "192.0.2.1", "2001:db8::1");
	assert_int_equal(tally_add(t, &r), 0);
	r.start_ns += 1000000000u;
	assert_int_equal(tally_add(t, &r), 0);
	e[0] = tally_text_find(t, TALLY_PAIR, "192.0.2.1", "2001:db8::1");
	e[1] = tally_text_find(t, TALLY_SERVER, "192.0.2.1", "-");
	e[2] = tally_text_find(t, TALLY_CLIENT, "-", "2001:db8::1");
	e[3] = tally_text_find(t, TALLY_DAY, "2026-03-01", "-");
	for (size_t i = 0; i < 4; i++)
		for (size_t n = 0; n < 5; n++)
			assert_field(e[i], everywhere[n]);
	for (size_t i = 0; i < 3; i++) {
		assert_field(e[i], "first_seen=1772323200123");
		assert_field(e[i], "last_seen=1772323201123");
		assert_field(e[i], "version_first:TLSv1.2=1772323200123");
		assert_field(
		    e[i], "cipher_last:TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256=1772323201123");
		assert_no_field(e[i], "evidence");
	}
	assert_no_field(e[3], "first_seen");
	assert_no_field(e[3], "version_first");
	assert_field(e[0], "client_max=TLSv1.3");
	assert_field(e[1], "best_version=TLSv1.2");
	assert_field(e[1], "starttls_offered:yes=2");
	assert_field(e[2], "max_version=TLSv1.3");
	tally_stats(t, &stats);
	assert_int_equal(stats.records, 2);
	assert_int_equal(stats.waiting, 4); /* and none was made by looking */
	tally_free(t);
}

static void not_smtp_is_an_outcome_of_server_and_day_only(void **state)
{
	struct tally *t = tally_new(100);
	struct tally_entry *server, *day;
	struct tally_stats stats;
	struct record r;

	(void)state;
	tally_text_record(&r, "192.0.2.1", "192.0.2.2");
	r.outcome = OUTCOME_NOT_SMTP;
	r.legacy_side = LEGACY_ABSENT;
	tally_add(t, &r);
	tally_stats(t, &stats);
	assert_int_equal(stats.entries[TALLY_PAIR], 0);
	assert_int_equal(stats.entries[TALLY_CLIENT], 0);
	server = tally_text_find(t, TALLY_SERVER, "192.0.2.1", "-");
	day = tally_text_find(t, TALLY_DAY, "2026-03-01", "-");
	assert_field(server, "outcome:not_smtp=1");
	assert_field(day, "outcome:not_smtp=1");
	assert_no_field(server, "sessions");
	assert_no_field(day, "sessions");
	assert_no_field(server, "version");
	tally_free(t);
}

static void flags_hosts_by_side(void **state)
{
	static const struct {
		uint8_t side;
		bool server, client, downgrade;
	} cases[] = {{LEGACY_NONE, 0, 0, 0}, {LEGACY_SERVER, 1, 0, 0}, {LEGACY_CLIENT, 0, 1, 0},
	    {LEGACY_UNKNOWN, 1, 1, 0}, {LEGACY_DOWNGRADE, 0, 0, 1}, {LEGACY_ABSENT, 0, 0, 0}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tally *t = tally_new(100);
		struct tally_entry *server, *client, *pair;
		struct record r;

		tally_text_record(&r, "192.0.2.1", "192.0.2.2");
		r.legacy_side = cases[i].side;
		tally_add(t, &r);
		server = tally_text_find(t, TALLY_SERVER, "192.0.2.1", "-");
		client = tally_text_find(t, TALLY_CLIENT, "-", "192.0.2.2");
		pair = tally_text_find(t, TALLY_PAIR, "192.0.2.1", "192.0.2.2");
		assert_int_equal(server->flag_ms[TALLY_LEGACY] != 0, cases[i].server);
		assert_int_equal(client->flag_ms[TALLY_LEGACY] != 0, cases[i].client);
		assert_int_equal(
		    pair->flag_ms[TALLY_LEGACY] != 0, cases[i].server || cases[i].client);
		assert_int_equal(server->flag_ms[TALLY_DOWNGRADE] != 0, cases[i].downgrade);
		assert_int_equal(server->flag_ms[TALLY_PLAINTEXT], 0);
		tally_free(t);
	}
}

static void who_refuses_for_want_of_tls_took_nothing(void **state)
{
	(void)state;
	for (unsigned refuses = 0; refuses < 2; refuses++) {
		struct tally *t = tally_new(100);
		struct record r;

		tally_text_record(&r, "192.0.2.1", "192.0.2.2");
		r.plaintext_mail = RECORD_TRUE;
		r.plaintext_refused = refuses ? RECORD_TRUE : RECORD_FALSE;
		tally_add(t, &r);
		assert_int_equal(
		    tally_text_find(t, TALLY_SERVER, "192.0.2.1", "-")->flag_ms[TALLY_PLAINTEXT] ==
			0,
		    refuses);
		tally_free(t);
	}
}

/* The alert protocol_version: whom it blames is old where he offered less than TLS 1.2. */
static void who_offers_12_is_not_flagged(void **state)
{
	static const uint16_t offers[] = {TLS_VERSION_11, TLS_VERSION_12};

	(void)state;
	for (size_t i = 0; i < sizeof(offers) / sizeof(offers[0]); i++) {
		struct tally *t = tally_new(100);
		struct tally_entry *client;
		struct record r;

		tally_text_record(&r, "192.0.2.1", "192.0.2.2");
		r.tls_version = 0;
		r.outcome = OUTCOME_TLS_FAILED;
		r.client_max_version = offers[i];
		r.legacy_side = LEGACY_CLIENT;
		tally_add(t, &r);
		client = tally_text_find(t, TALLY_CLIENT, "-", "192.0.2.2");
		assert_int_equal(client->flag_ms[TALLY_LEGACY] != 0, offers[i] < TLS_VERSION_12);
		if (offers[i] < TLS_VERSION_12)
			assert_field(client, "legacy_side:client=1");
		else
			assert_no_field(client, "legacy_side");
		tally_free(t);
	}
}

static void plaintext_flags_the_server(void **state)
{
	struct tally *t = tally_new(100);
	struct record r;

	(void)state;
	tally_text_record(&r, "192.0.2.1", "192.0.2.2");
	r.tls_version = 0;
	r.outcome = OUTCOME_STARTTLS_NOT_OFFERED;
	r.plaintext_mail = RECORD_TRUE;
	tally_add(t, &r);
	assert_field(
	    tally_text_find(t, TALLY_SERVER, "192.0.2.1", "-"), "plaintext_last=1772323200123");
	assert_no_field(tally_text_find(t, TALLY_SERVER, "192.0.2.1", "-"), "cipher");
	tally_free(t);
}

static void ssl2_has_no_cipher_of_ours(void **state)
{
	struct tally *t = tally_new(100);
	struct record r;

	(void)state;
	tally_text_record(&r, "192.0.2.1", "192.0.2.2");
	r.tls_version = TLS_VERSION_SSL2;
	tally_add(t, &r);
	assert_field(tally_text_find(t, TALLY_SERVER, "192.0.2.1", "-"), "version:SSLv2=1");
	assert_no_field(tally_text_find(t, TALLY_SERVER, "192.0.2.1", "-"), "cipher");
	tally_free(t);
}

static void counts_every_assigned_cipher(void **state)
{
	struct tally *t = tally_new(100);
	unsigned assigned = 0;
	struct tally_entry *e;
	struct record r;
	char line[100];

	(void)state;
	tally_text_record(&r, "192.0.2.1", "192.0.2.2");
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned code = 0; code < 0x10000; code++) {
			if (tls_cipher_suite_name((uint16_t)code) == NULL)
				continue;
			assigned++;
			r.cipher_suite = (uint16_t)code;
			assert_int_equal(tally_add(t, &r), 0);
		}
	}
	assert_true(assigned > 900);
	e = tally_text_find(t, TALLY_SERVER, "192.0.2.1", "-");
	for (unsigned code = 0; code < 0x10000; code++) {
		if (tls_cipher_suite_name((uint16_t)code) == NULL)
			continue;
		snprintf(line, sizeof(line), "cipher:%s=3", tls_cipher_suite_name((uint16_t)code));
		assert_field(e, line);
	}
	assert_no_field(e, "cipher:other");
	tally_free(t);
}

static void caps_names_that_peers_invent(void **state)
{
	struct tally *t = tally_new(100);
	unsigned invented = 0, versions = 0;
	struct tally_entry *e;
	struct record r;
	char line[64];

	(void)state;
	tally_text_record(&r, "192.0.2.1", "192.0.2.2");
	for (unsigned code = 0; code < 0x10000; code += 3) {
		if (tls_cipher_suite_name((uint16_t)code) != NULL)
			continue;
		invented++;
		r.cipher_suite = (uint16_t)code;
		tally_add(t, &r);
	}
	r.cipher_suite = 0x1301;
	for (unsigned version = 0x7f00; version < 0x8000; version++, versions++) {
		r.tls_version = (uint16_t)version;
		tally_add(t, &r);
	}
	e = tally_text_find(t, TALLY_SERVER, "192.0.2.1", "-");
	snprintf(line, sizeof(line), "cipher:other=%u", invented - LIMIT_TALLY_NAMES);
	assert_field(e, line);
	snprintf(line, sizeof(line), "version:other=%u", versions - LIMIT_TALLY_NAMES);
	assert_field(e, line);
	assert_field(e, "version:0x7F00=1");
	assert_true(e->count < 2 * LIMIT_TALLY_NAMES + 10);
	tally_free(t);
}

static void adds_to_what_redis_holds(void **state)
{
	static const char *const base[][2] = {{"sessions", "100"}, {"version:TLSv1.2", "60"},
	    {"version:TLSv1.0", "40"}, {"version_first:TLSv1.2", "5"},
	    {"version_last:TLSv1.2", "17"}, {"cipher:0xFE01", "3"},
	    {"cipher:TLS_AES_128_GCM_SHA256", "9"}, {"cipher:other", "2"}, {"outcome:tls", "100"},
	    {"legacy_side:none", "60"}, {"starttls_offered:no", "1"}, {"first_seen", "5"},
	    {"last_seen", "1900000000000"}, {"best_version", "TLSv1.3"}, {"banner", "an old one"},
	    {"legacy_last", "4"}, {"from_the_future", "x"}, {"version:TLSv9", "7"},
	    {"outcome:strange", "7"}};
	struct tally *t = tally_new(100);
	struct tally_entry *e;
	struct record r;

	(void)state;
	tally_text_record(&r, "192.0.2.1", "192.0.2.2");
	tally_add(t, &r);
	e = tally_text_find(t, TALLY_SERVER, "192.0.2.1", "-");
	for (size_t i = 0; i < sizeof(base) / sizeof(base[0]); i++)
		assert_int_equal(tally_entry_load(e, TALLY_TOTALS, base[i][0], base[i][1]), 0);
	assert_int_equal(tally_entry_load(e, TALLY_TOTALS, "sessions", "many"), -1);
	assert_int_equal(
	    tally_entry_load(e, TALLY_TOTALS, "sessions", "99999999999999999999999"), -1);
	assert_int_equal(tally_entry_load(e, TALLY_TOTALS, "sessions", "1+1"), -1);
	assert_int_equal(tally_entry_load(e, TALLY_TOTALS, "last_seen", "-1"), -1);
	e->based = true;
	tally_add(t, &r);
	assert_field(e, "sessions=102");
	assert_field(e, "version:TLSv1.2=62");
	assert_field(e, "version:TLSv1.0=40");
	assert_field(e, "version_first:TLSv1.2=5");
	assert_field(e, "version_last:TLSv1.2=1772323200123");
	assert_field(e, "cipher:0xFE01=3");
	assert_field(e, "cipher:other=2");
	assert_field(e, "first_seen=5");
	assert_field(e, "last_seen=1900000000000");
	assert_field(e, "best_version=TLSv1.3");
	assert_no_field(e, "banner");
	assert_int_equal(e->flags_due, 0); /* Redis's own sets know that */
	tally_free(t);
}

static void days_are_utc(void **state)
{
	struct tally *t = tally_new(1);
	struct record r;
	char first[TALLY_SUBJECT_MAX], second[TALLY_SUBJECT_MAX];

	(void)state;
	tally_text_record(&r, "192.0.2.1", "192.0.2.2");
	r.start_ns = 1772323199999999999u;
	tally_add(t, &r);
	r.start_ns++;
	tally_add(t, &r);
	assert_field(tally_text_find(t, TALLY_DAY, "2026-02-28", "-"), "sessions=1");
	assert_field(tally_text_find(t, TALLY_DAY, "2026-03-01", "-"), "sessions=1");
	tally_entry_subject(tally_text_find(t, TALLY_DAY, "2026-02-28", "-"), first, second);
	assert_string_equal(first, "2026-02-28");
	assert_string_equal(second, "-");
	tally_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(counts_a_record_in_four_entries),
	    cmocka_unit_test(not_smtp_is_an_outcome_of_server_and_day_only),
	    cmocka_unit_test(flags_hosts_by_side),
	    cmocka_unit_test(who_refuses_for_want_of_tls_took_nothing),
	    cmocka_unit_test(who_offers_12_is_not_flagged),
	    cmocka_unit_test(plaintext_flags_the_server),
	    cmocka_unit_test(ssl2_has_no_cipher_of_ours),
	    cmocka_unit_test(counts_every_assigned_cipher),
	    cmocka_unit_test(caps_names_that_peers_invent),
	    cmocka_unit_test(adds_to_what_redis_holds),
	    cmocka_unit_test(days_are_utc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
