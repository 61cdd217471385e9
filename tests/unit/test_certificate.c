/*
 * Certificates: made here with what they say, read back; names cleaned; the cache, its bounds and
 * its eviction; names of hosts. tests/e2e/captures.py holds real ones against `openssl x509`.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "../../sensor/certificate.h"
#include "../../sensor/limits.h"
#include "../../sensor/record.h"

#define DER_MAX	 65536
#define NS_PER_S 1000000000ull

struct made {
	uint8_t der[DER_MAX];
	size_t length;
	struct certificate read;
	char texts[CERTIFICATE_TEXTS_MAX];
};

static EVP_PKEY *ec, *other_ec;

static int make_keys(void **state)
{
	(void)state;
	ec = EVP_EC_gen("P-256");
	other_ec = EVP_EC_gen("P-256");
	return ec == NULL || other_ec == NULL;
}

static int free_keys(void **state)
{
	(void)state;
	EVP_PKEY_free(ec);
	EVP_PKEY_free(other_ec);
	return 0;
}

/* ---- Making ---- */

static void add_text(X509_NAME *name, const char *type, int kind, const char *text, int length)
{
	assert_true(X509_NAME_add_entry_by_txt(
	    name, type, kind, (const unsigned char *)text, length, -1, 0));
}

static X509 *blank(EVP_PKEY *key)
{
	X509 *x = X509_new();

	assert_non_null(x);
	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 7);
	assert_true(ASN1_TIME_set_string(X509_getm_notBefore(x), "20260301081530Z"));
	assert_true(ASN1_TIME_set_string(X509_getm_notAfter(x), "20260530081530Z"));
	assert_true(X509_set_pubkey(x, key));
	add_text(X509_get_subject_name(x), "CN", MBSTRING_UTF8, "mx.example.net", -1);
	add_text(X509_get_issuer_name(x), "CN", MBSTRING_UTF8, "Example CA", -1);
	return x;
}

static void add_names(X509 *x, const char *names)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);

	assert_non_null(e);
	assert_true(X509_add_ext(x, e, -1));
	X509_EXTENSION_free(e);
}

/* Signs, writes and reads it; x is gone. */
static void finish(struct made *m, X509 *x, EVP_PKEY *signer, const EVP_MD *hash)
{
	uint8_t *at = m->der;
	int length;

	assert_true(X509_sign(x, signer, hash));
	length = i2d_X509(x, NULL);
	assert_in_range(length, 1, DER_MAX);
	assert_int_equal(i2d_X509(x, &at), length);
	X509_free(x);
	m->length = (size_t)length;
	m->read = (struct certificate){.read = false};
	assert_true(certificate_read(m->der, m->length, &m->read, m->texts));
	assert_true(m->read.read);
}

/* ---- Reading ---- */

static void reads_what_it_says(void **state)
{
	static struct made m;
	X509 *x = blank(ec);

	(void)state;
	add_names(x, "DNS:mx.example.net,DNS:*.example.org,IP:192.0.2.25,IP:2001:db8::25,"
		     "email:someone@example.net,URI:https://example.net/");
	finish(&m, x, other_ec, EVP_sha384());
	assert_string_equal(m.read.subject, "CN=mx.example.net");
	assert_string_equal(m.read.issuer, "CN=Example CA");
	assert_string_equal(m.read.names, "mx.example.net *.example.org 192.0.2.25 2001:db8::25");
	assert_string_equal(m.read.signature_algorithm, "ecdsa-with-SHA384");
	assert_int_equal(m.read.signature_hash, CERTIFICATE_HASH_SHA384);
	assert_int_equal(m.read.key_type, CERTIFICATE_KEY_EC);
	assert_int_equal(m.read.key_bits, 256);
	assert_false(m.read.self_signed);
	assert_int_equal(record_date_epoch(m.read.not_before), 1772352930);
	assert_int_equal(record_date_epoch(m.read.not_after), 1780128930);
}

static void reads_every_kind_of_key(void **state)
{
	const struct {
		EVP_PKEY *key;
		const EVP_MD *hash;
		uint8_t type, signature_hash;
		uint16_t bits;
		const char *algorithm;
	} rows[] = {
	    {EVP_RSA_gen(1024), EVP_sha1(), CERTIFICATE_KEY_RSA, CERTIFICATE_HASH_SHA1, 1024,
		"sha1WithRSAEncryption"},
	    {EVP_RSA_gen(1024), EVP_md5(), CERTIFICATE_KEY_RSA, CERTIFICATE_HASH_MD5, 1024,
		"md5WithRSAEncryption"},
	    {EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), NULL, CERTIFICATE_KEY_ED25519,
		CERTIFICATE_HASH_ABSENT, 256, "ED25519"},
	    {EVP_PKEY_Q_keygen(NULL, NULL, "ED448"), NULL, CERTIFICATE_KEY_ED448,
		CERTIFICATE_HASH_ABSENT, 456, "ED448"},
	};
	static struct made m;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_non_null(rows[i].key);
		finish(&m, blank(rows[i].key), rows[i].key, rows[i].hash);
		assert_int_equal(m.read.key_type, rows[i].type);
		assert_int_equal(m.read.key_bits, rows[i].bits);
		assert_int_equal(m.read.signature_hash, rows[i].signature_hash);
		assert_string_equal(m.read.signature_algorithm, rows[i].algorithm);
		EVP_PKEY_free(rows[i].key);
	}
}

/* With RSA-PSS the hash stands among the parameters of the algorithm. */
static void reads_the_hash_of_pss(void **state)
{
	static struct made m;
	EVP_PKEY *key = EVP_RSA_gen(1024);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *parameters;
	X509 *x = blank(key);
	uint8_t *at = m.der;

	(void)state;
	assert_true(EVP_DigestSignInit(context, &parameters, EVP_sha1(), NULL, key));
	assert_true(EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING));
	assert_true(X509_sign_ctx(x, context));
	m.length = (size_t)i2d_X509(x, &at);
	assert_true(certificate_read(m.der, m.length, &m.read, m.texts));
	assert_string_equal(m.read.signature_algorithm, "rsassaPss");
	assert_int_equal(m.read.signature_hash, CERTIFICATE_HASH_SHA1);
	assert_int_equal(m.read.key_type, CERTIFICATE_KEY_RSA);
	X509_free(x);
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(key);
}

/* The same name is not enough: it must be the same key. */
static void self_signed_is_by_the_key(void **state)
{
	static struct made m;

	(void)state;
	for (int own = 0; own < 2; own++) {
		X509 *x = blank(ec);

		X509_set_issuer_name(x, X509_get_subject_name(x));
		finish(&m, x, own ? ec : other_ec, EVP_sha256());
		assert_int_equal(m.read.self_signed, own);
	}
}

static void dates_far_away(void **state)
{
	static struct made m;
	const struct {
		const char *from, *to;
		int64_t from_s, to_s;
	} rows[] = {{"19700101000000Z", "99991231235959Z", 0, 253402300799},
	    {"19500101000000Z", "20491231235959Z", -631152000, 2524607999}};
	char text[TIME_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		X509 *x = blank(ec);

		assert_true(ASN1_TIME_set_string_X509(X509_getm_notBefore(x), rows[i].from));
		assert_true(ASN1_TIME_set_string_X509(X509_getm_notAfter(x), rows[i].to));
		finish(&m, x, ec, EVP_sha256());
		assert_int_equal(record_date_epoch(m.read.not_before), rows[i].from_s);
		assert_int_equal(record_date_epoch(m.read.not_after), rows[i].to_s);
		assert_true(m.read.not_before > 0);
	}
	assert_string_equal(date_format(253402300799, text), "9999-12-31T23:59:59Z");
	assert_string_equal(date_format(-631152000, text), "1950-01-01T00:00:00Z");
}

/* ---- Names ---- */

static void names_are_cleaned(void **state)
{
	static const struct {
		const char *type;
		int kind;
		const char *text;
		int length;
		const char *kept;
	} rows[] = {
	    {"O", MBSTRING_UTF8, "M\xc3\xbcller & S\xc3\xb6hne", -1,
		"O=M\xc3\xbcller & S\xc3\xb6hne,CN=mx.example.net"},
	    {"O", V_ASN1_T61STRING, "M\xfcller", -1, "O=M\xc3\xbcller,CN=mx.example.net"},
	    {"O", V_ASN1_BMPSTRING, "\x20\x2e\0A", 4, "O=?A,CN=mx.example.net"},
	    {"O", V_ASN1_PRINTABLESTRING, "a\x1b[31m\nb", -1, "O=a\\1B[31m\\0Ab,CN=mx.example.net"},
	    {"emailAddress", V_ASN1_IA5STRING, "jane.doe@example.net", -1,
		"emailAddress=*@example.net,CN=mx.example.net"},
	    {"O", MBSTRING_UTF8, "Jane <jane@a@example.net>", -1,
		"O=Jane \\<*@example.net\\>,CN=mx.example.net"},
	    {"O", MBSTRING_UTF8, "@home @ x@y,z", -1, "O=@home @ *@y\\,z,CN=mx.example.net"},
	    {"O", MBSTRING_UTF8, "a+b=c,d", -1, "O=a\\+b=c\\,d,CN=mx.example.net"},
	};
	static struct made m;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		X509 *x = blank(ec);

		add_text(X509_get_subject_name(x), rows[i].type, rows[i].kind, rows[i].text,
		    rows[i].length);
		finish(&m, x, ec, EVP_sha256());
		assert_string_equal(m.read.subject, rows[i].kept);
	}
}

/* Cut at a character, and never in a person's address. */
static void names_are_cut(void **state)
{
	static struct made m;
	char text[600];

	(void)state;
	for (int fill = 200; fill < 330; fill++) {
		X509 *x = X509_new();

		memset(text, 'a', (size_t)fill);
		snprintf(text + fill, sizeof(text) - (size_t)fill,
		    "\xc3\xbc\xc3\xbc jane.doe@example.net \xc3\xbc");
		X509_free(x);
		x = blank(ec);
		add_text(X509_get_subject_name(x), "description", MBSTRING_UTF8, text, -1);
		finish(&m, x, ec, EVP_sha256());
		assert_true(strlen(m.read.subject) < LIMIT_CERTIFICATE_NAME);
		assert_null(strstr(m.read.subject, "jane"));
		assert_null(strchr(m.read.subject, '?'));
	}
}

/* A name of a host is a word, and one that is a person's address with a blank in it as well. */
static void names_of_hosts_are_words(void **state)
{
	static struct made m;
	X509 *x = blank(ec);

	(void)state;
	add_names(x, "DNS:mx one.example.net,DNS:jane doe @example.net");
	finish(&m, x, ec, EVP_sha256());
	assert_string_equal(m.read.names, "mx?one.example.net *@example.net");
}

static void many_names_end_in_dots(void **state)
{
	static struct made m;
	char names[8192] = "DNS:0.example.net", *end = names + strlen(names);
	size_t length;

	(void)state;
	for (int i = 1; i < 200; i++)
		end += sprintf(end, ",DNS:host%d.example.net", i);
	for (int count = 0; count < 2; count++) {
		X509 *x = blank(ec);

		add_names(x, names);
		finish(&m, x, ec, EVP_sha256());
		length = strlen(m.read.names);
		assert_true(length < LIMIT_CERTIFICATE_NAMES);
		assert_true(length > LIMIT_CERTIFICATE_NAMES - 40);
		assert_string_equal(m.read.names + length - 16, ".example.net ...");
	}
}

static void refuses_what_is_none(void **state)
{
	static struct made m;
	struct certificate c;

	(void)state;
	finish(&m, blank(ec), ec, EVP_sha256());
	for (size_t length = 0; length < m.length; length++) {
		uint8_t *cut = malloc(length + 1); /* the sanitizer sees a read behind its end */

		memcpy(cut, m.der, length);
		assert_false(certificate_read(cut, length, &c, m.texts));
		free(cut);
	}
	m.der[m.length] = 0;
	assert_false(certificate_read(m.der, m.length + 1, &c, m.texts));
}

/* ---- The cache ---- */

static void is_read_once(void **state)
{
	static struct made m;
	struct certificates *c = certificates_new();
	const struct certificate *first, *second;

	(void)state;
	assert_non_null(c);
	finish(&m, blank(ec), ec, EVP_sha256());
	first = certificates_get(c, m.der, m.length, 0);
	second = certificates_get(c, m.der, m.length, 5 * NS_PER_S);
	assert_ptr_equal(first, second);
	assert_string_equal(first->subject, "CN=mx.example.net");
	assert_string_equal(first->signature_algorithm, "ecdsa-with-SHA256");
	assert_null(first->names);
	assert_int_equal(certificates_stats(c)->read, 1);
	assert_int_equal(certificates_stats(c)->refused, 0);
	certificate_release(first);
	certificates_free(c);
	assert_string_equal(second->issuer, "CN=Example CA"); /* still held */
	certificate_release(second);
	certificate_release(NULL);
}

/* Bytes that are no certificate cost as much as one that is. */
static const struct certificate *get_junk(struct certificates *c, uint32_t number, uint64_t ns)
{
	return certificates_get(c, (uint8_t *)&number, sizeof(number), ns);
}

static void no_more_than_so_many_a_second(void **state)
{
	struct certificates *c = certificates_new();
	const struct certificate *got;
	uint8_t zero[DIGEST_SHA256_SIZE] = {0};

	(void)state;
	for (uint32_t i = 0; i < LIMIT_CERTIFICATES_S + 10; i++) {
		got = get_junk(c, i, 7 * NS_PER_S + i);
		assert_false(got->read);
		assert_memory_not_equal(got->sha256, zero, sizeof(zero));
		certificate_release(got);
	}
	assert_int_equal(certificates_stats(c)->unreadable, LIMIT_CERTIFICATES_S);
	assert_int_equal(certificates_stats(c)->refused, 10);
	certificate_release(get_junk(c, 0, 7 * NS_PER_S)); /* known: costs nothing */
	assert_int_equal(certificates_stats(c)->refused, 10);
	certificate_release(get_junk(c, LIMIT_CERTIFICATES_S + 5, 8 * NS_PER_S));
	assert_int_equal(certificates_stats(c)->unreadable, LIMIT_CERTIFICATES_S + 1);
	certificates_free(c);
}

static void large_ones_are_only_hashed(void **state)
{
	static uint8_t large[LIMIT_CERTIFICATE_BYTES + 1];
	struct certificates *c = certificates_new();
	const struct certificate *got;

	(void)state;
	got = certificates_get(c, large, sizeof(large), 0);
	assert_false(got->read);
	certificate_release(got);
	assert_int_equal(certificates_stats(c)->refused, 1);
	certificates_free(c);
}

static void the_longest_unused_goes(void **state)
{
	struct certificates *c = certificates_new();
	const struct certificate *held = get_junk(c, 0, 0);
	uint64_t before;

	(void)state;
	for (uint32_t i = 1; i < LIMIT_CERTIFICATES; i++)
		certificate_release(get_junk(c, i, i * NS_PER_S));
	assert_int_equal(certificates_stats(c)->evicted, 0);
	certificate_release(get_junk(c, 1, LIMIT_CERTIFICATES * NS_PER_S)); /* used again */
	certificate_release(get_junk(c, LIMIT_CERTIFICATES, (LIMIT_CERTIFICATES + 1) * NS_PER_S));
	certificate_release(
	    get_junk(c, LIMIT_CERTIFICATES + 1, (LIMIT_CERTIFICATES + 2) * NS_PER_S));
	assert_int_equal(certificates_stats(c)->evicted, 2); /* 0 and 2 */
	before = certificates_stats(c)->unreadable;
	certificate_release(get_junk(c, 1, (LIMIT_CERTIFICATES + 3) * NS_PER_S));
	assert_int_equal(certificates_stats(c)->unreadable, before);
	certificate_release(get_junk(c, 2, (LIMIT_CERTIFICATES + 4) * NS_PER_S));
	assert_int_equal(certificates_stats(c)->unreadable, before + 1);
	assert_false(held->read); /* evicted, and still ours */
	certificate_release(held);
	certificates_free(c);
}

/* ---- Hosts ---- */

static void is_for_hosts(void **state)
{
	static const struct {
		const char *names, *subject, *host;
		bool matches, sure;
	} rows[] = {
	    {"mx.example.net", NULL, "mx.example.net", true, true},
	    {"mx.example.net", NULL, "MX.Example.NET.", true, true},
	    {"a.example mx.example.net b.example", NULL, "mx.example.net", true, true},
	    {"mx.example.net", NULL, "x.example.net", false, true},
	    {"mx.example.net", NULL, "amx.example.net", false, true},
	    {"*.example.net", NULL, "mx.example.net", true, true},
	    {"*.example.net", NULL, "example.net", false, true},
	    {"*.example.net", NULL, "a.mx.example.net", false, true},
	    {"*.example.net", NULL, ".example.net", false, true},
	    {"*.net", NULL, "example.net", false, true},
	    {"m*.example.net", NULL, "mx.example.net", false, true},
	    {"*", NULL, "mx", false, true},
	    {"a.example ...", NULL, "mx.example.net", false, false},
	    {"a.example ...", NULL, "a.example", true, true},
	    {NULL, "CN=mx.example.net,O=Example", "mx.example.net", true, true},
	    {NULL, "O=Example,CN=mx.example.net", "mx.example.net", true, true},
	    {NULL, "O=CN\\=x,OU=CN=mx.example.net", "mx.example.net", false, true},
	    {NULL, "O=Example", "mx.example.net", false, true},
	    {NULL, NULL, "mx.example.net", false, true},
	    {"a.example", "CN=mx.example.net", "mx.example.net", false, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct certificate c = {
		    .read = true, .names = rows[i].names, .subject = rows[i].subject};
		bool sure;

		if (certificate_is_for(&c, rows[i].host, &sure) != rows[i].matches)
			fail_msg("row %zu: %s", i, rows[i].host);
		if (!rows[i].matches)
			assert_int_equal(sure, rows[i].sure);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_what_it_says),
	    cmocka_unit_test(reads_every_kind_of_key),
	    cmocka_unit_test(reads_the_hash_of_pss),
	    cmocka_unit_test(self_signed_is_by_the_key),
	    cmocka_unit_test(dates_far_away),
	    cmocka_unit_test(names_are_cleaned),
	    cmocka_unit_test(names_are_cut),
	    cmocka_unit_test(names_of_hosts_are_words),
	    cmocka_unit_test(many_names_end_in_dots),
	    cmocka_unit_test(refuses_what_is_none),
	    cmocka_unit_test(is_read_once),
	    cmocka_unit_test(no_more_than_so_many_a_second),
	    cmocka_unit_test(large_ones_are_only_hashed),
	    cmocka_unit_test(the_longest_unused_goes),
	    cmocka_unit_test(is_for_hosts),
	};

	return cmocka_run_group_tests(tests, make_keys, free_keys);
}
