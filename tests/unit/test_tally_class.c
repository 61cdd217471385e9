/* Classes of sessions: every label reads back as what it was; a pair keeps so many; a retry in the
 * clear is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants these first */
#include <cmocka.h>
#include <string.h>

#include "../../parsers/tls_hello.h"
#include "../../sensor/compare.h"
#include "../../sensor/limits.h"
#include "../../sensor/tally_class.h"
#include "../../sensor/tally_entry.h"

static const uint16_t versions[] = {0, TLS_VERSION_SSL2, TLS_VERSION_SSL3, TLS_VERSION_10,
    TLS_VERSION_11, TLS_VERSION_12, TLS_VERSION_13};

static void check(const struct record *r, bool retried)
{
	char label[TALLY_CLASS_LABEL_MAX];
	uint64_t class = tally_class_of(r, retried), again;
	struct record back;

	assert_true(class < UINT64_C(1) << 48);
	assert_true(strlen(tally_class_label(class, label)) < sizeof(label) - 1);
	if (!tally_class_parse(label, &again) || again != class)
		fail_msg("%s", label);
	record_init(&back);
	tally_class_record(class, &back);
	assert_int_equal(back.tls_version, r->tls_version);
	assert_int_equal(back.client_max_version, r->client_max_version);
	assert_int_equal(back.outcome, r->outcome);
	assert_int_equal(back.confidence, r->confidence);
	assert_int_equal(back.sentinel, r->sentinel);
	if (r->client_max_version != 0)
		assert_int_equal(back.fallback_scsv, r->fallback_scsv);
	assert_int_equal(back.certificate_sent, r->certificate_sent);
	assert_int_equal(tally_class_retried(class), retried);
}

static void labels_read_back(void **state)
{
	static const uint16_t ciphers[] = {0x0000, 0x002f, 0x1301, 0xc02f, 0xfefe};
	struct record r;

	(void)state;
	record_init(&r);
	for (size_t i = 0; i < 7 * 7 * OUTCOMES * CONFIDENCES; i++) {
		r.tls_version = versions[i % 7];
		r.client_max_version = versions[i / 7 % 7];
		r.outcome = (uint8_t)(i / 49 % OUTCOMES);
		r.confidence = (uint8_t)(i / 49 / OUTCOMES % CONFIDENCES);
		r.cipher_suite = ciphers[i % 5];
		r.sentinel = (uint8_t)(i % 3);
		r.plaintext_mail = i % 2 ? RECORD_TRUE : RECORD_FALSE;
		r.fallback_scsv = i % 5 == 3 ? RECORD_TRUE : RECORD_FALSE;
		r.certificate_requested = (uint8_t)(i % 3);
		r.certificate_sent =
		    r.certificate_requested == RECORD_TRUE ? RECORD_FALSE + i / 3 % 2 : 0;
		check(&r, r.plaintext_mail == RECORD_TRUE && i % 4 == 1);
	}
}

static void labels_are_readable(void **state)
{
	struct record r;
	char label[TALLY_CLASS_LABEL_MAX];

	(void)state;
	record_init(&r);
	r.tls_version = TLS_VERSION_10;
	r.client_max_version = TLS_VERSION_12;
	r.cipher_suite = 0x002f;
	r.outcome = OUTCOME_TLS;
	r.confidence = CONFIDENCE_FULL;
	r.sentinel = TLS_SENTINEL_11;
	assert_string_equal(tally_class_label(tally_class_of(&r, false), label),
	    "TLSv1.0,TLSv1.2,tls,full,TLS_RSA_WITH_AES_128_CBC_SHA,d");
	record_init(&r);
	r.outcome = OUTCOME_STARTTLS_UNUSED;
	r.confidence = CONFIDENCE_GAP;
	r.plaintext_mail = RECORD_TRUE;
	assert_string_equal(
	    tally_class_label(tally_class_of(&r, true), label), "-,-,starttls_unused,gap,-,pr");
}

/* Whoever wants TLS of all loses nothing of it. */
static void what_was_refused_for_want_of_tls_is_not_in_the_clear(void **state)
{
	struct record r, back;

	(void)state;
	record_init(&r);
	record_init(&back);
	r.outcome = OUTCOME_STARTTLS_UNUSED;
	r.confidence = CONFIDENCE_FULL;
	r.plaintext_mail = RECORD_TRUE;
	r.plaintext_refused = RECORD_TRUE;
	tally_class_record(tally_class_of(&r, false), &back);
	assert_int_equal(back.plaintext_mail, RECORD_FALSE);
}

static void refuses_what_is_none(void **state)
{
	static const char *const labels[] = {"", ",,,,,", "TLSv1.0", "TLSv1.0,-,tls,full,-",
	    "TLSv1.0,-,tls,full,TLS_NONE,-", "TLSv9.9,-,tls,full,-,-", "-,-,tls,full,-,x",
	    "-,-,tls,full,-,pp", "-,-,tls,full,-,dD", "-,-,tls,sure,-,-", "-,-,tls,full,-,-,-"};
	char longest[TALLY_CLASS_LABEL_MAX + 1];
	uint64_t class;

	(void)state;
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
		if (tally_class_parse(labels[i], &class))
			fail_msg("%s", labels[i]);
	memset(longest, '-', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_false(tally_class_parse(longest, &class));
}

static void follows_the_verdict(void **state)
{
	struct record r, back;

	(void)state;
	record_init(&r);
	r.outcome = OUTCOME_TLS;
	r.tls_version = TLS_VERSION_11;
	for (unsigned i = 0; i < 4; i++) {
		static const uint8_t sides[] = {
		    LEGACY_UNKNOWN, LEGACY_CLIENT, LEGACY_SERVER, LEGACY_DOWNGRADE};
		static const uint16_t offers[] = {
		    0, TLS_VERSION_11, TLS_VERSION_12, TLS_VERSION_13};

		r.client_max_version = offers[i];
		r.sentinel = i == 3 ? TLS_SENTINEL_11 : TLS_SENTINEL_NONE;
		record_init(&back);
		tally_class_record(tally_class_of(&r, false), &back);
		assert_int_equal(back.legacy_side, sides[i]);
	}
}

struct found {
	unsigned classes, retried, other;
};

static void look(void *to, const char *name, size_t length, const char *value, size_t value_length)
{
	struct found *f = to;

	(void)value;
	(void)value_length;
	f->classes += strncmp(name, "class:", 6) == 0;
	f->retried += strncmp(name, "class:", 6) == 0 && length > 3 && name[length - 1] == 'r';
	f->other += length == 11 && strncmp(name, "class:other", 11) == 0;
}

static struct found classes_of(struct tally *t, const struct record *r)
{
	uint8_t key[32];
	struct found found = {0};

	memcpy(key, r->server_ip.bytes, 16);
	memcpy(key + 16, r->client_ip.bytes, 16);
	tally_entry_fields(tally_entry_find(t, TALLY_PAIR, key), TALLY_TOTALS, look, &found);
	return found;
}

static void a_pair_keeps_so_many(void **state)
{
	struct tally *t = tally_new(0);
	struct found found;
	struct record r;

	(void)state;
	record_init(&r);
	r.server_ip.bytes[15] = 1;
	r.client_ip.bytes[15] = 2;
	r.outcome = OUTCOME_TLS;
	r.tls_version = TLS_VERSION_12;
	for (unsigned i = 0; i < 3 * LIMIT_TALLY_CLASSES; i++) {
		r.start_ns += 1000000000;
		r.cipher_suite = (uint16_t)(0xc000 + i);
		assert_int_equal(tally_add(t, &r), 0);
	}
	found = classes_of(t, &r);
	assert_int_equal(found.classes, LIMIT_TALLY_CLASSES + 1);
	assert_int_equal(found.other, 1);
	tally_free(t);
}

static void a_retry_is_told(void **state)
{
	static const uint64_t waits_ms[] = {
	    1000, LIMIT_FALLBACK_S * 1000, LIMIT_FALLBACK_S * 1000 + 1};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct tally *t = tally_new(0);
		struct compare *c = compare_new(0, NULL);
		struct record r;

		record_init(&r);
		r.server_ip.bytes[15] = 1;
		r.start_ns = 1000000000000;
		r.outcome = OUTCOME_TLS_FAILED;
		compare_session(c, &r);
		assert_int_equal(tally_add(t, &r), 0);
		r.start_ns += waits_ms[i] * 1000000;
		r.outcome = OUTCOME_STARTTLS_UNUSED;
		r.plaintext_mail = RECORD_TRUE;
		compare_session(c, &r);
		assert_int_equal(tally_add(t, &r), 0);
		assert_int_equal(classes_of(t, &r).retried, i < 2);
		compare_free(c);
		tally_free(t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(labels_read_back),
	    cmocka_unit_test(labels_are_readable),
	    cmocka_unit_test(what_was_refused_for_want_of_tls_is_not_in_the_clear),
	    cmocka_unit_test(refuses_what_is_none),
	    cmocka_unit_test(follows_the_verdict),
	    cmocka_unit_test(a_pair_keeps_so_many),
	    cmocka_unit_test(a_retry_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
