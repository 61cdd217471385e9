/* What entries keep besides counters: names, products, certificates, evidence. */
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

/* Of a server its certificates, of a client its own and its fingerprints; also through a spool. */
static void keeps_certificates(void **state)
{
#define OWN   "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1"
#define OTHER "c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2"
	struct tally *t = tally_new(100);
	struct tally_entry *server, *client;
	struct record r;

	(void)state;
	tally_text_record(&r, "192.0.2.1", "192.0.2.2");
	memset(r.server_certificate, 0xa1, sizeof(r.server_certificate));
	memset(r.client_certificate, 0xc2, sizeof(r.client_certificate));
	memset(r.ja3, 0x3a, sizeof(r.ja3));
	memcpy(r.ja4, "t12i840700_bd790527ddab_a9cca239c6e0", 37);
	r.server_not_after = record_date(INT64_C(1780128930));
	record_set_text(&r, &r.server_subject, "CN=mx.example.net");
	assert_int_equal(tally_add(t, &r), 0);
	r.start_ns += 1000000000u;
	assert_int_equal(tally_add(t, &r), 0);
	server = tally_text_find(t, TALLY_SERVER, "192.0.2.1", "-");
	client = tally_text_find(t, TALLY_CLIENT, "-", "192.0.2.2");
	assert_field(server, "certificate:0=" OWN " 1772323200123 1772323201123 "
			     "2026-05-30T08:15:30Z CN=mx.example.net");
	assert_field(client, "certificate:0=" OTHER " 1772323200123 1772323201123 - -");
	assert_field(client, "ja3=3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a");
	assert_field(client, "ja4=t12i840700_bd790527ddab_a9cca239c6e0");
	assert_no_field(server, "certificate:1");
	assert_no_field(tally_text_find(t, TALLY_PAIR, "192.0.2.1", "192.0.2.2"), "certificate");
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

static void keeps_names_and_evidence(void **state)
{
	struct tally *t = tally_new(100);
	struct tally_entry *server, *client;
	struct record r;

	(void)state;
	tally_text_record(&r, "192.0.2.1", "192.0.2.2");
	r.tls_version = TLS_VERSION_10;
	r.legacy_side = LEGACY_SERVER;
	strcpy(r.history, "bErSs:CS");
	record_set_text(&r, &r.banner, "mx \"quoted\"");
	record_set_text(&r, &r.helo, "out.example.org");
	record_set_text(&r, &r.software, "Postfix");
	record_set_text(&r, &r.server_name, "mx.example.net");
	tally_add(t, &r);
	server = tally_text_find(t, TALLY_SERVER, "192.0.2.1", "-");
	client = tally_text_find(t, TALLY_CLIENT, "-", "192.0.2.2");
	assert_field(server, "banner=mx \"quoted\"");
	assert_field(server, "server_name=mx.example.net");
	assert_field(server, "software=Postfix");
	assert_field(client, "helo=out.example.org");
	assert_no_field(client, "banner");
	assert_field(server, "evidence_time=1772323200123");
	assert_non_null(strstr(tally_text_fields(server, TALLY_TOTALS),
	    "\"client\":{\"ip\":\"192.0.2.2\",\"port\":4000}"));
	assert_non_null(
	    strstr(tally_text_fields(server, TALLY_TOTALS), "\"history\":\"bErSs:CS\""));

	/* An earlier one, come late, is not the last; a good one is no evidence. */
	r.start_ns -= 5000000000u;
	r.client_port = 4001;
	tally_add(t, &r);
	r.start_ns += 9000000000u;
	r.legacy_side = LEGACY_NONE;
	tally_add(t, &r);
	assert_field(server, "evidence_time=1772323200123");
	assert_non_null(strstr(tally_text_fields(server, TALLY_TOTALS), "\"port\":4000"));
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
	tally_text_record(&r, "192.0.2.1", "192.0.2.2");
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
	pair = tally_text_find(t, TALLY_PAIR, "192.0.2.1", "192.0.2.2");
	server = tally_text_find(t, TALLY_SERVER, "192.0.2.1", "-");
	client = tally_text_find(t, TALLY_CLIENT, "-", "192.0.2.2");
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
		assert_non_null(
		    strstr(tally_text_fields(e, TALLY_TOTALS), "\"helo\":\"out.example.org\""));
	}
	assert_field(pair, "failed_last=1772323201123");
	assert_field(pair, "failed_port=25");
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
	tally_text_record(&r, "192.0.2.1", "192.0.2.2");
	record_set_text(&r, &r.software, "Microsoft Exchange 2010");
	r.software_basis = PRODUCT_BASIS_CAPABILITIES;
	record_set_text(&r, &r.client_software, "Exim");
	record_set_text(&r, &r.client_software_version, "4.96");
	r.client_software_basis = PRODUCT_BASIS_RECEIVED;
	r.received_min_version = TLS_VERSION_10;
	r.received_min_hop = 2;
	record_set_text(&r, &r.received_min_software, "Postfix");
	tally_add(t, &r);
	server = tally_text_find(t, TALLY_SERVER, "192.0.2.1", "-");
	client = tally_text_find(t, TALLY_CLIENT, "-", "192.0.2.2");
	assert_field(server, "software=Microsoft Exchange 2010");
	assert_field(server, "software_basis=capabilities");
	assert_field(client, "software=Exim 4.96");
	assert_field(client, "software_basis=received");
	assert_field(client, "legacy_hop=TLSv1.0 at hop 2, Postfix");

	tally_text_record(&r, "192.0.2.1", "192.0.2.2");
	record_set_text(&r, &r.software, "Microsoft Exchange");
	r.software_basis = PRODUCT_BASIS_BANNER;
	r.received_min_version = TLS_VERSION_12;
	r.received_min_hop = 1;
	tally_add(t, &r);
	assert_field(server, "software=Microsoft Exchange 2010");
	assert_field(server, "software_basis=capabilities");
	assert_field(client, "legacy_hop=TLSv1.0 at hop 2, Postfix");

	tally_text_record(&r, "192.0.2.1", "192.0.2.2");
	record_set_text(&r, &r.software, "Postfix");
	r.software_basis = PRODUCT_BASIS_BANNER;
	tally_add(t, &r);
	assert_field(server, "software=Postfix");
	assert_field(server, "software_basis=banner");
	tally_free(t);
}

static void load_software(struct tally_entry *e, const char *software)
{
	assert_int_equal(tally_entry_load(e, TALLY_TOTALS, "software", software), 0);
	assert_int_equal(tally_entry_load(e, TALLY_TOTALS, "software_basis", "capabilities"), 0);
	assert_int_equal(tally_entry_load(e, TALLY_TOTALS, "banner", "of Redis"), 0);
}

/* What Redis knows is known: a restart does not make less of it. */
static void keeps_products_of_redis(void **state)
{
	struct tally *t = tally_new(100);
	struct tally_entry *e = tally_text_find(t, TALLY_SERVER, "192.0.2.1", "-");
	struct record r;

	(void)state;
	load_software(e, "Microsoft Exchange 2010");
	assert_no_field(e, "banner"); /* it stays there, unread */
	tally_text_record(&r, "192.0.2.1", "192.0.2.2");
	record_set_text(&r, &r.software, "Microsoft Exchange");
	r.software_basis = PRODUCT_BASIS_BANNER;
	tally_add(t, &r);
	assert_field(e, "software=Microsoft Exchange 2010");
	assert_field(e, "software_basis=capabilities");
	tally_free(t);

	t = tally_new(100); /* the session came first */
	e = tally_text_find(t, TALLY_SERVER, "192.0.2.1", "-");
	tally_add(t, &r);
	load_software(e, "Microsoft Exchange 2010");
	assert_field(e, "software=Microsoft Exchange 2010");
	assert_field(e, "software_basis=capabilities");
	load_software(e, "Microsoft Exchange");
	load_software(e, "Postfix");
	assert_field(e, "software=Microsoft Exchange 2010");
	tally_free(t);

	t = tally_new(100); /* ... and Redis told the basis first */
	e = tally_text_find(t, TALLY_SERVER, "192.0.2.1", "-");
	tally_add(t, &r);
	assert_int_equal(tally_entry_load(e, TALLY_TOTALS, "software_basis", "capabilities"), 0);
	assert_int_equal(
	    tally_entry_load(e, TALLY_TOTALS, "software", "Microsoft Exchange 2010"), 0);
	assert_field(e, "software=Microsoft Exchange 2010");
	assert_no_field(e, "software_basis");
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
	tally_text_record(&r, "192.0.2.1", "192.0.2.2");
	record_set_text(&r, &r.helo, text);
	tally_add(t, &r);
	e = tally_text_find(t, TALLY_CLIENT, "-", "192.0.2.2");
	assert_int_equal(strlen(e->texts[TALLY_BANNER]), LIMIT_TALLY_TEXT - 2);
	const char *kept = e->texts[TALLY_BANNER];
	tally_add(t, &r);
	assert_ptr_equal(e->texts[TALLY_BANNER], kept); /* known as the same */
	tally_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(keeps_certificates),
	    cmocka_unit_test(keeps_names_and_evidence),
	    cmocka_unit_test(keeps_products),
	    cmocka_unit_test(keeps_products_of_redis),
	    cmocka_unit_test(keeps_what_stood_in_the_way_of_tls),
	    cmocka_unit_test(cuts_long_names_at_a_character),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
