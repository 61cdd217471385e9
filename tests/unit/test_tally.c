/* Records -> counters: what is counted where, how entries become fields, and what happens when
 * memory is full. */
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

#define START_NS 1772323200123456789u /* 2026-03-01T00:00:00.123456789Z */
#define START_MS 1772323200123u

static void make_record(struct record *r, const char *server, const char *client)
{
	record_init(r);
	r->start_ns = START_NS;
	assert_true(address_parse(server, &r->server_ip));
	assert_true(address_parse(client, &r->client_ip));
	r->server_port = 25;
	r->client_port = 4000;
	r->outcome = OUTCOME_TLS;
	r->legacy_side = LEGACY_NONE;
	r->starttls_offered = RECORD_TRUE;
	r->tls_version = TLS_VERSION_12;
	r->client_max_version = TLS_VERSION_13;
	r->cipher_suite = 0xc02f;
}

/* All fields of an entry as "name=value" lines. */
struct text {
	char bytes[65536];
	size_t used;
};

static void write_line(
    void *to, const char *name, size_t name_length, const char *value, size_t value_length)
{
	struct text *t = to;

	t->used += (size_t)snprintf(t->bytes + t->used, sizeof(t->bytes) - t->used, "\n%.*s=%.*s\n",
	    (int)name_length, name, (int)value_length, value);
}

static struct tally_entry *find(
    struct tally *t, unsigned kind, const char *first, const char *second)
{
	uint8_t key[32];

	assert_true(tally_key_parse(kind, first, second, key));
	return tally_entry_make(t, kind, key);
}

static const char *fields(struct tally_entry *e, enum tally_form form)
{
	static struct text text;

	text.used = 0;
	text.bytes[0] = '\0';
	tally_entry_fields(e, form, write_line, &text);
	return text.bytes;
}

static void assert_field(struct tally_entry *e, const char *line)
{
	char wanted[256];

	snprintf(wanted, sizeof(wanted), "\n%s\n", line);
	if (strstr(fields(e, TALLY_TOTALS), wanted) == NULL)
		fail_msg("no %s in:%s", line, fields(e, TALLY_TOTALS));
}

static void assert_no_field(struct tally_entry *e, const char *begin)
{
	char unwanted[256];

	snprintf(unwanted, sizeof(unwanted), "\n%s", begin);
	if (strstr(fields(e, TALLY_TOTALS), unwanted) != NULL)
		fail_msg("%s in:%s", begin, fields(e, TALLY_TOTALS));
}

/* Of a server its certificates, of a client its own and its fingerprints; also through a spool. */
static void keeps_certificates(void **state)
{
#define OWN   "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1"
#define OTHER "c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2"
	struct tally *t = tally_new(100);
	struct tally_entry *server, *client;
	struct record r;

	(void)state;
	make_record(&r, "192.0.2.1", "192.0.2.2");
	memset(r.server_certificate, 0xa1, sizeof(r.server_certificate));
	memset(r.client_certificate, 0xc2, sizeof(r.client_certificate));
	memset(r.ja3, 0x3a, sizeof(r.ja3));
	memcpy(r.ja4, "t12i840700_bd790527ddab_a9cca239c6e0", 37);
	r.server_not_after = record_date(INT64_C(1780128930));
	record_set_text(&r, &r.server_subject, "CN=mx.example.net");
	assert_int_equal(tally_add(t, &r), 0);
	r.start_ns += 1000000000u;
	assert_int_equal(tally_add(t, &r), 0);
	server = find(t, TALLY_SERVER, "192.0.2.1", "-");
	client = find(t, TALLY_CLIENT, "-", "192.0.2.2");
	assert_field(server, "certificate:0=" OWN " 1772323200123 1772323201123 "
			     "2026-05-30T08:15:30Z CN=mx.example.net");
	assert_field(client, "certificate:0=" OTHER " 1772323200123 1772323201123 - -");
	assert_field(client, "ja3=3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a");
	assert_field(client, "ja4=t12i840700_bd790527ddab_a9cca239c6e0");
	assert_no_field(server, "certificate:1");
	assert_no_field(find(t, TALLY_PAIR, "192.0.2.1", "192.0.2.2"), "certificate");
	/* What Redis holds in the same place is not lost. */
	assert_int_equal(tally_entry_load(server, TALLY_TOTALS, "certificate:0",
			     OTHER " 1000 2000 - CN=old.example.net"),
	    0);
	assert_int_equal(
	    tally_entry_load(server, TALLY_TOTALS, "certificate:1", OWN " 500 600 - -"), 0);
	assert_field(server, "certificate:0=" OWN " 500 1772323201123 2026-05-30T08:15:30Z "
			     "CN=mx.example.net");
	assert_field(server, "certificate:1=" OTHER " 1000 2000 - CN=old.example.net");
	assert_int_equal(tally_entry_load(server, TALLY_TOTALS, "certificate:2", "junk"), -1);
	tally_free(t);
}

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
	make_record(&r, "192.0.2.1", "2001:db8::1");
	assert_int_equal(tally_add(t, &r), 0);
	r.start_ns += 1000000000u;
	assert_int_equal(tally_add(t, &r), 0);
	e[0] = find(t, TALLY_PAIR, "192.0.2.1", "2001:db8::1");
	e[1] = find(t, TALLY_SERVER, "192.0.2.1", "-");
	e[2] = find(t, TALLY_CLIENT, "-", "2001:db8::1");
	e[3] = find(t, TALLY_DAY, "2026-03-01", "-");
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

static void keeps_names_and_evidence(void **state)
{
	struct tally *t = tally_new(100);
	struct tally_entry *server, *client;
	struct record r;

	(void)state;
	make_record(&r, "192.0.2.1", "192.0.2.2");
	r.tls_version = TLS_VERSION_10;
	r.legacy_side = LEGACY_SERVER;
	strcpy(r.history, "bErSs:CS");
	record_set_text(&r, &r.banner, "mx \"quoted\"");
	record_set_text(&r, &r.helo, "out.example.org");
	record_set_text(&r, &r.software, "Postfix");
	record_set_text(&r, &r.server_name, "mx.example.net");
	tally_add(t, &r);
	server = find(t, TALLY_SERVER, "192.0.2.1", "-");
	client = find(t, TALLY_CLIENT, "-", "192.0.2.2");
	assert_field(server, "banner=mx \"quoted\"");
	assert_field(server, "server_name=mx.example.net");
	assert_field(server, "software=Postfix");
	assert_field(client, "helo=out.example.org");
	assert_no_field(client, "banner");
	assert_field(server, "evidence_time=1772323200123");
	assert_non_null(strstr(
	    fields(server, TALLY_TOTALS), "\"client\":{\"ip\":\"192.0.2.2\",\"port\":4000}"));
	assert_non_null(strstr(fields(server, TALLY_TOTALS), "\"history\":\"bErSs:CS\""));

	/* An earlier one, come late, is not the last; a good one is no evidence. */
	r.start_ns -= 5000000000u;
	r.client_port = 4001;
	tally_add(t, &r);
	r.start_ns += 9000000000u;
	r.legacy_side = LEGACY_NONE;
	tally_add(t, &r);
	assert_field(server, "evidence_time=1772323200123");
	assert_non_null(strstr(fields(server, TALLY_TOTALS), "\"port\":4000"));
	assert_field(server, "first_seen=1772323195123");
	tally_free(t);
}

/* Each kind of session that was worth keeping, where it belongs; never an address or a credential.
 */
static void keeps_what_stood_in_the_way_of_tls(void **state)
{
	struct tally *t = tally_new(100);
	struct tally_entry *pair, *server, *client;
	struct record r;

	(void)state;
	make_record(&r, "192.0.2.1", "192.0.2.2");
	r.outcome = OUTCOME_TLS_FAILED;
	r.tls_version = 0;
	r.alert_level = 2;
	r.alert_code = 70;
	r.starttls_offered = RECORD_TRUE;
	record_set_text(&r, &r.helo, "out.example.org");
	tally_add(t, &r);
	r.start_ns += 1000000000u;
	r.outcome = OUTCOME_STARTTLS_REFUSED;
	r.starttls_reply = 454;
	r.plaintext_mail = r.fallback = RECORD_TRUE;
	r.fallback_from_ns = r.start_ns - 1000000000u;
	r.alert_level = 0;
	tally_add(t, &r);
	r.start_ns += 1000000000u;
	r.outcome = OUTCOME_STARTTLS_NOT_OFFERED;
	r.fallback = RECORD_ABSENT;
	r.starttls_reply = 0;
	r.starttls_offered = RECORD_FALSE;
	r.stripping = r.starttls_injected = RECORD_TRUE;
	tally_add(t, &r);
	pair = find(t, TALLY_PAIR, "192.0.2.1", "192.0.2.2");
	server = find(t, TALLY_SERVER, "192.0.2.1", "-");
	client = find(t, TALLY_CLIENT, "-", "192.0.2.2");
	for (size_t i = 0; i < 3; i++) {
		struct tally_entry *e = i == 0 ? pair : i == 1 ? server : client;

		assert_field(e, "alert:protocol_version=1");
		assert_field(e, "starttls_reply:454=1");
		assert_field(e, "fallback=1");
		assert_field(e, "stripping=1");
		assert_field(e, "injected=1");
		assert_field(e, "fallback_last=1772323201123");
		assert_field(e, "stripping_last=1772323202123");
		assert_field(e, "fallback_evidence_time=1772323201123");
		assert_field(e, "stripping_evidence_time=1772323202123");
		assert_non_null(strstr(fields(e, TALLY_TOTALS), "\"helo\":\"out.example.org\""));
	}
	assert_field(pair, "failed_last=1772323201123");
	assert_field(pair, "starttls_last=1772323201123");
	assert_field(pair, "failure_evidence_time=1772323201123");
	assert_no_field(server, "failed_last");
	assert_no_field(server, "failure_evidence_time");
	tally_free(t);
}

/* With what it rests on; what says less does not replace it. */
static void keeps_products(void **state)
{
	struct tally *t = tally_new(100);
	struct tally_entry *server, *client;
	struct record r;

	(void)state;
	make_record(&r, "192.0.2.1", "192.0.2.2");
	record_set_text(&r, &r.software, "Microsoft Exchange 2010");
	r.software_basis = PRODUCT_BASIS_CAPABILITIES;
	record_set_text(&r, &r.client_software, "Exim");
	record_set_text(&r, &r.client_software_version, "4.96");
	r.client_software_basis = PRODUCT_BASIS_RECEIVED;
	r.received_min_version = TLS_VERSION_10;
	r.received_min_hop = 2;
	record_set_text(&r, &r.received_min_software, "Postfix");
	tally_add(t, &r);
	server = find(t, TALLY_SERVER, "192.0.2.1", "-");
	client = find(t, TALLY_CLIENT, "-", "192.0.2.2");
	assert_field(server, "software=Microsoft Exchange 2010");
	assert_field(server, "software_basis=capabilities");
	assert_field(client, "software=Exim 4.96");
	assert_field(client, "software_basis=received");
	assert_field(client, "legacy_hop=TLSv1.0 at hop 2, Postfix");

	make_record(&r, "192.0.2.1", "192.0.2.2");
	record_set_text(&r, &r.software, "Microsoft Exchange");
	r.software_basis = PRODUCT_BASIS_BANNER;
	r.received_min_version = TLS_VERSION_12;
	r.received_min_hop = 1;
	tally_add(t, &r);
	assert_field(server, "software=Microsoft Exchange 2010");
	assert_field(server, "software_basis=capabilities");
	assert_field(client, "legacy_hop=TLSv1.0 at hop 2, Postfix");

	make_record(&r, "192.0.2.1", "192.0.2.2");
	record_set_text(&r, &r.software, "Postfix");
	r.software_basis = PRODUCT_BASIS_BANNER;
	tally_add(t, &r);
	assert_field(server, "software=Postfix");
	assert_field(server, "software_basis=banner");
	tally_free(t);
}

static void cuts_long_names_at_a_character(void **state)
{
	struct tally *t = tally_new(100);
	char text[LIMIT_TALLY_TEXT + 50];
	struct tally_entry *e;
	struct record r;

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text + LIMIT_TALLY_TEXT - 2, "\xc3\xa4", 2); /* would be torn */
	text[sizeof(text) - 1] = '\0';
	make_record(&r, "192.0.2.1", "192.0.2.2");
	record_set_text(&r, &r.helo, text);
	tally_add(t, &r);
	e = find(t, TALLY_CLIENT, "-", "192.0.2.2");
	assert_int_equal(strlen(e->texts[TALLY_BANNER]), LIMIT_TALLY_TEXT - 2);
	const char *kept = e->texts[TALLY_BANNER];
	tally_add(t, &r);
	assert_ptr_equal(e->texts[TALLY_BANNER], kept); /* known as the same */
	tally_free(t);
}

static void not_smtp_is_an_outcome_of_server_and_day_only(void **state)
{
	struct tally *t = tally_new(100);
	struct tally_entry *server, *day;
	struct tally_stats stats;
	struct record r;

	(void)state;
	make_record(&r, "192.0.2.1", "192.0.2.2");
	r.outcome = OUTCOME_NOT_SMTP;
	r.legacy_side = LEGACY_ABSENT;
	tally_add(t, &r);
	tally_stats(t, &stats);
	assert_int_equal(stats.entries[TALLY_PAIR], 0);
	assert_int_equal(stats.entries[TALLY_CLIENT], 0);
	server = find(t, TALLY_SERVER, "192.0.2.1", "-");
	day = find(t, TALLY_DAY, "2026-03-01", "-");
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

		make_record(&r, "192.0.2.1", "192.0.2.2");
		r.legacy_side = cases[i].side;
		tally_add(t, &r);
		server = find(t, TALLY_SERVER, "192.0.2.1", "-");
		client = find(t, TALLY_CLIENT, "-", "192.0.2.2");
		pair = find(t, TALLY_PAIR, "192.0.2.1", "192.0.2.2");
		assert_int_equal(server->flag_ms[TALLY_LEGACY] != 0, cases[i].server);
		assert_int_equal(client->flag_ms[TALLY_LEGACY] != 0, cases[i].client);
		assert_int_equal(
		    pair->flag_ms[TALLY_LEGACY] != 0, cases[i].server || cases[i].client);
		assert_int_equal(server->flag_ms[TALLY_DOWNGRADE] != 0, cases[i].downgrade);
		assert_int_equal(server->flag_ms[TALLY_PLAINTEXT], 0);
		tally_free(t);
	}
}

static void plaintext_flags_the_server(void **state)
{
	struct tally *t = tally_new(100);
	struct record r;

	(void)state;
	make_record(&r, "192.0.2.1", "192.0.2.2");
	r.tls_version = 0;
	r.outcome = OUTCOME_STARTTLS_NOT_OFFERED;
	r.plaintext_mail = RECORD_TRUE;
	tally_add(t, &r);
	assert_field(find(t, TALLY_SERVER, "192.0.2.1", "-"), "plaintext_last=1772323200123");
	assert_no_field(find(t, TALLY_SERVER, "192.0.2.1", "-"), "cipher");
	tally_free(t);
}

static void ssl2_has_no_cipher_of_ours(void **state)
{
	struct tally *t = tally_new(100);
	struct record r;

	(void)state;
	make_record(&r, "192.0.2.1", "192.0.2.2");
	r.tls_version = TLS_VERSION_SSL2;
	tally_add(t, &r);
	assert_field(find(t, TALLY_SERVER, "192.0.2.1", "-"), "version:SSLv2=1");
	assert_no_field(find(t, TALLY_SERVER, "192.0.2.1", "-"), "cipher");
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
	make_record(&r, "192.0.2.1", "192.0.2.2");
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
	e = find(t, TALLY_SERVER, "192.0.2.1", "-");
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
	make_record(&r, "192.0.2.1", "192.0.2.2");
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
	e = find(t, TALLY_SERVER, "192.0.2.1", "-");
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
	make_record(&r, "192.0.2.1", "192.0.2.2");
	tally_add(t, &r);
	e = find(t, TALLY_SERVER, "192.0.2.1", "-");
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
	make_record(&r, "192.0.2.1", "192.0.2.2");
	r.start_ns = 1772323199999999999u;
	tally_add(t, &r);
	r.start_ns++;
	tally_add(t, &r);
	assert_field(find(t, TALLY_DAY, "2026-02-28", "-"), "sessions=1");
	assert_field(find(t, TALLY_DAY, "2026-03-01", "-"), "sessions=1");
	tally_entry_subject(find(t, TALLY_DAY, "2026-02-28", "-"), first, second);
	assert_string_equal(first, "2026-02-28");
	assert_string_equal(second, "-");
	tally_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(counts_a_record_in_four_entries),
	    cmocka_unit_test(keeps_certificates),
	    cmocka_unit_test(keeps_names_and_evidence),
	    cmocka_unit_test(keeps_products),
	    cmocka_unit_test(keeps_what_stood_in_the_way_of_tls),
	    cmocka_unit_test(cuts_long_names_at_a_character),
	    cmocka_unit_test(not_smtp_is_an_outcome_of_server_and_day_only),
	    cmocka_unit_test(flags_hosts_by_side),
	    cmocka_unit_test(plaintext_flags_the_server),
	    cmocka_unit_test(ssl2_has_no_cipher_of_ours),
	    cmocka_unit_test(counts_every_assigned_cipher),
	    cmocka_unit_test(caps_names_that_peers_invent),
	    cmocka_unit_test(adds_to_what_redis_holds),
	    cmocka_unit_test(days_are_utc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
