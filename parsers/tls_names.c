/* Code points and their names: the IANA registries "TLS Parameters" (RFC 8446 section 11, RFC
 * 8447). */
#include "tls_names.h"

#include <stdlib.h>
#include <string.h>

#include "tls_hello.h"

struct code_name {
	uint16_t code;
	const char *name;
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* clang-format off */

/* All but the versions and OpenSSL's names are sorted by code: they are searched by halves. */
static const struct code_name cipher_suites[] = {
#include "tls_cipher_suites.inc"
};

/* Sorted by name. */
static const struct code_name openssl_names[] = {
#include "tls_openssl_names.inc"
};

static const struct code_name groups[] = {
	{0x0001, "sect163k1"},
	{0x0002, "sect163r1"},
	{0x0003, "sect163r2"},
	{0x0004, "sect193r1"},
	{0x0005, "sect193r2"},
	{0x0006, "sect233k1"},
	{0x0007, "sect233r1"},
	{0x0008, "sect239k1"},
	{0x0009, "sect283k1"},
	{0x000A, "sect283r1"},
	{0x000B, "sect409k1"},
	{0x000C, "sect409r1"},
	{0x000D, "sect571k1"},
	{0x000E, "sect571r1"},
	{0x000F, "secp160k1"},
	{0x0010, "secp160r1"},
	{0x0011, "secp160r2"},
	{0x0012, "secp192k1"},
	{0x0013, "secp192r1"},
	{0x0014, "secp224k1"},
	{0x0015, "secp224r1"},
	{0x0016, "secp256k1"},
	{0x0017, "secp256r1"},
	{0x0018, "secp384r1"},
	{0x0019, "secp521r1"},
	{0x001A, "brainpoolP256r1"},
	{0x001B, "brainpoolP384r1"},
	{0x001C, "brainpoolP512r1"},
	{0x001D, "x25519"},
	{0x001E, "x448"},
	{0x001F, "brainpoolP256r1tls13"},
	{0x0020, "brainpoolP384r1tls13"},
	{0x0021, "brainpoolP512r1tls13"},
	{0x0022, "GC256A"},
	{0x0023, "GC256B"},
	{0x0024, "GC256C"},
	{0x0025, "GC256D"},
	{0x0026, "GC512A"},
	{0x0027, "GC512B"},
	{0x0028, "GC512C"},
	{0x0029, "curveSM2"},
	{0x0100, "ffdhe2048"},
	{0x0101, "ffdhe3072"},
	{0x0102, "ffdhe4096"},
	{0x0103, "ffdhe6144"},
	{0x0104, "ffdhe8192"},
	{0x0200, "MLKEM512"},
	{0x0201, "MLKEM768"},
	{0x0202, "MLKEM1024"},
	{0x11EB, "SecP256r1MLKEM768"},
	{0x11EC, "X25519MLKEM768"},
	{0x11ED, "SecP384r1MLKEM1024"},
	{0x11EE, "curveSM2MLKEM768"},
	{0x6399, "X25519Kyber768Draft00"},
	{0x639A, "SecP256r1Kyber768Draft00"},
	{0xFF01, "arbitrary_explicit_prime_curves"},
	{0xFF02, "arbitrary_explicit_char2_curves"},
};

static const struct code_name alerts[] = {
	{0, "close_notify"},
	{10, "unexpected_message"},
	{20, "bad_record_mac"},
	{21, "decryption_failed"},
	{22, "record_overflow"},
	{30, "decompression_failure"},
	{40, "handshake_failure"},
	{41, "no_certificate"},
	{42, "bad_certificate"},
	{43, "unsupported_certificate"},
	{44, "certificate_revoked"},
	{45, "certificate_expired"},
	{46, "certificate_unknown"},
	{47, "illegal_parameter"},
	{48, "unknown_ca"},
	{49, "access_denied"},
	{50, "decode_error"},
	{51, "decrypt_error"},
	{52, "too_many_cids_requested"},
	{60, "export_restriction"},
	{70, "protocol_version"},
	{71, "insufficient_security"},
	{80, "internal_error"},
	{86, "inappropriate_fallback"},
	{90, "user_canceled"},
	{100, "no_renegotiation"},
	{109, "missing_extension"},
	{110, "unsupported_extension"},
	{111, "certificate_unobtainable"},
	{112, "unrecognized_name"},
	{113, "bad_certificate_status_response"},
	{114, "bad_certificate_hash_value"},
	{115, "unknown_psk_identity"},
	{116, "certificate_required"},
	{117, "general_error"},
	{120, "no_application_protocol"},
	{121, "ech_required"},
};

static const struct version_name {
	uint16_t version;
	const char *protocol, *number, *label;
} versions[] = {
	{TLS_VERSION_13, "tls", "1.3", "TLSv1.3"},
	{TLS_VERSION_12, "tls", "1.2", "TLSv1.2"},
	{TLS_VERSION_11, "tls", "1.1", "TLSv1.1"},
	{TLS_VERSION_10, "tls", "1.0", "TLSv1.0"},
	{TLS_VERSION_SSL3, "ssl", "3", "SSLv3"},
	{TLS_VERSION_SSL2, "ssl", "2", "SSLv2"},
};
/* clang-format on */

static int compare_code(const void *key, const void *row)
{
	return *(const uint16_t *)key - ((const struct code_name *)row)->code;
}

static const char *name_of(const struct code_name *rows, size_t count, uint16_t code)
{
	const struct code_name *row = bsearch(&code, rows, count, sizeof(*rows), compare_code);

	return row == NULL ? NULL : row->name;
}

const char *tls_cipher_suite_name(uint16_t code)
{
	return name_of(cipher_suites, COUNT(cipher_suites), code);
}

const char *tls_group_name(uint16_t code)
{
	return name_of(groups, COUNT(groups), code);
}

const char *tls_alert_name(uint8_t code)
{
	return name_of(alerts, COUNT(alerts), code);
}

static const struct version_name *version_row(uint16_t version)
{
	for (size_t i = 0; i < COUNT(versions); i++) {
		if (versions[i].version == version)
			return &versions[i];
	}
	return NULL;
}

const char *tls_version_protocol(uint16_t version)
{
	const struct version_name *row = version_row(version);

	return row == NULL ? NULL : row->protocol;
}

const char *tls_version_number(uint16_t version)
{
	const struct version_name *row = version_row(version);

	return row == NULL ? NULL : row->number;
}

const char *tls_version_label(uint16_t version)
{
	const struct version_name *row = version_row(version);

	return row == NULL ? NULL : row->label;
}

bool tls_cipher_suite_code(const char *name, uint16_t *code)
{
	for (size_t i = 0; i < COUNT(cipher_suites); i++) {
		if (strcmp(cipher_suites[i].name, name) == 0) {
			*code = cipher_suites[i].code;
			return true;
		}
	}
	return false;
}

static int compare_name(const void *key, const void *row)
{
	return strcmp(key, ((const struct code_name *)row)->name);
}

bool tls_cipher_suite_from_openssl(const char *name, uint16_t *code)
{
	const struct code_name *row =
	    bsearch(name, openssl_names, COUNT(openssl_names), sizeof(*row), compare_name);

	if (row != NULL)
		*code = row->code;
	return row != NULL;
}

bool tls_version_from_label(const char *label, uint16_t *version)
{
	for (size_t i = 0; i < COUNT(versions); i++) {
		if (strcmp(versions[i].label, label) == 0) {
			*version = versions[i].version;
			return true;
		}
	}
	return false;
}
