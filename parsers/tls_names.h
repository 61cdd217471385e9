/*
 * Code points <-> names as IANA registers them (TLS Cipher Suites, Supported Groups, Alerts).
 */
#ifndef TLSVANE_TLS_NAMES_H
#define TLSVANE_TLS_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The names, NULL where IANA has none. Static storage. */
const char *tls_cipher_suite_name(uint16_t code); /* "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" */
const char *tls_group_name(uint16_t code);	  /* "x25519", "secp256r1", "X25519MLKEM768" */
const char *tls_alert_name(uint8_t code);	  /* "handshake_failure" */

/* tls.version_protocol ("tls", "ssl") and tls.version ("1.2", "3"); NULL for an unknown version. */
const char *tls_version_protocol(uint16_t version);
const char *tls_version_number(uint16_t version);

/* The name in Redis counters: "TLSv1.2", "SSLv3"; NULL for an unknown version. */
const char *tls_version_label(uint16_t version);

/* The reverse of the above: false where the text names none. Case is significant. */
bool tls_cipher_suite_code(const char *name, uint16_t *code);
/* The same from OpenSSL's name, in upper case: "ECDHE-RSA-AES128-SHA", "EDH-RSA-DES-CBC3-SHA". */
bool tls_cipher_suite_from_openssl(const char *name, uint16_t *code);
bool tls_version_from_label(const char *label, uint16_t *version);

#endif
