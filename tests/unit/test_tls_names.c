/* Names: that the tables are sorted and of one spelling, and samples of every corner. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../parsers/tls_hello.h"
#include "../../parsers/tls_names.h"

static void test_cipher_suites(void **state)
{
	static const struct {
		uint16_t code;
		const char *name;
	} samples[] = {
	    {0x0000, "TLS_NULL_WITH_NULL_NULL"},
	    {0x0005, "TLS_RSA_WITH_RC4_128_SHA"},
	    {0x0018, "TLS_DH_anon_WITH_RC4_128_MD5"},
	    {0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA"},
	    {0x0081, "TLS_GOSTR341001_WITH_28147_CNT_IMIT"},
	    {0x009e, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"},
	    {0x00c6, "TLS_SM4_GCM_SM3"},
	    {0x00ff, "TLS_EMPTY_RENEGOTIATION_INFO_SCSV"},
	    {0x1301, "TLS_AES_128_GCM_SHA256"},
	    {0x1305, "TLS_AES_128_CCM_8_SHA256"},
	    {0x1306, "TLS_AEGIS_256_SHA512"},
	    {0x5600, "TLS_FALLBACK_SCSV"},
	    {0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
	    {0xc05d, "TLS_ECDHE_ECDSA_WITH_ARIA_256_GCM_SHA384"},
	    {0xc09b, "TLS_ECDHE_PSK_WITH_CAMELLIA_256_CBC_SHA384"},
	    {0xc0aa, "TLS_PSK_DHE_WITH_AES_128_CCM_8"},
	    {0xc102, "TLS_GOSTR341112_256_WITH_28147_CNT_IMIT"},
	    {0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"},
	    {0xd005, "TLS_ECDHE_PSK_WITH_AES_128_CCM_SHA256"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
		assert_string_equal(tls_cipher_suite_name(samples[i].code), samples[i].name);
}

/* A row out of order would not be found; a name given twice would not come back. */
static void test_cipher_suites_and_back(void **state)
{
	unsigned known = 0;
	uint16_t code;

	(void)state;
	for (unsigned i = 0; i <= UINT16_MAX; i++) {
		const char *name = tls_cipher_suite_name((uint16_t)i);

		if (name == NULL)
			continue;
		known++;
		assert_int_equal(strncmp(name, "TLS_", 4), 0);
		assert_int_equal(
		    strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_anon"), strlen(name));
		assert_true(tls_cipher_suite_code(name, &code));
		assert_int_equal(code, i);
	}
	assert_true(known > 350);
	assert_null(tls_cipher_suite_name(0x0a0a));
	assert_false(tls_cipher_suite_code("TLS_RSA", &code));
	assert_false(tls_cipher_suite_code("tls_aes_128_gcm_sha256", &code));
	assert_false(tls_cipher_suite_code("", &code));
}

static void test_groups(void **state)
{
	(void)state;
	assert_string_equal(tls_group_name(0x0001), "sect163k1");
	assert_string_equal(tls_group_name(0x0017), "secp256r1");
	assert_string_equal(tls_group_name(0x001d), "x25519");
	assert_string_equal(tls_group_name(0x001e), "x448");
	assert_string_equal(tls_group_name(0x001a), "brainpoolP256r1");
	assert_string_equal(tls_group_name(0x0104), "ffdhe8192");
	assert_string_equal(tls_group_name(0x11eb), "SecP256r1MLKEM768");
	assert_string_equal(tls_group_name(0x11ec), "X25519MLKEM768");
	assert_string_equal(tls_group_name(0x11ed), "SecP384r1MLKEM1024");
	assert_string_equal(tls_group_name(0x6399), "X25519Kyber768Draft00");
	assert_string_equal(tls_group_name(0xff02), "arbitrary_explicit_char2_curves");
	assert_null(tls_group_name(0));
	assert_null(tls_group_name(0x0a0a));
}

static void test_alerts(void **state)
{
	(void)state;
	assert_string_equal(tls_alert_name(0), "close_notify");
	assert_string_equal(tls_alert_name(40), "handshake_failure");
	assert_string_equal(tls_alert_name(41), "no_certificate");
	assert_string_equal(tls_alert_name(60), "export_restriction");
	assert_string_equal(tls_alert_name(70), "protocol_version");
	assert_string_equal(tls_alert_name(86), "inappropriate_fallback");
	assert_string_equal(tls_alert_name(109), "missing_extension");
	assert_string_equal(tls_alert_name(116), "certificate_required");
	assert_string_equal(tls_alert_name(120), "no_application_protocol");
	assert_null(tls_alert_name(1));
	assert_null(tls_alert_name(255));
}

static void test_versions(void **state)
{
	static const uint16_t versions[] = {TLS_VERSION_SSL2, TLS_VERSION_SSL3, TLS_VERSION_10,
	    TLS_VERSION_11, TLS_VERSION_12, TLS_VERSION_13};
	uint16_t version;

	(void)state;
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		assert_true(tls_version_from_label(tls_version_label(versions[i]), &version));
		assert_int_equal(version, versions[i]);
	}
	assert_string_equal(tls_version_label(TLS_VERSION_10), "TLSv1.0");
	assert_string_equal(tls_version_label(TLS_VERSION_SSL3), "SSLv3");
	assert_string_equal(tls_version_protocol(TLS_VERSION_SSL2), "ssl");
	assert_string_equal(tls_version_number(TLS_VERSION_SSL3), "3");
	assert_string_equal(tls_version_protocol(TLS_VERSION_12), "tls");
	assert_string_equal(tls_version_number(TLS_VERSION_12), "1.2");
	assert_null(tls_version_label(0));
	assert_null(tls_version_number(0x0305));
	assert_null(tls_version_protocol(0x7f1c));
	assert_false(tls_version_from_label("TLSv1", &version));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_cipher_suites),
	    cmocka_unit_test(test_cipher_suites_and_back),
	    cmocka_unit_test(test_groups),
	    cmocka_unit_test(test_alerts),
	    cmocka_unit_test(test_versions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
