/*
 * JA3, JA3S and JA4 of hellos, behind a cache: most clients and servers say the same hello for
 * months.
 */
#ifndef TLSVANE_FINGERPRINTS_H
#define TLSVANE_FINGERPRINTS_H

#include "../parsers/tls_hello.h"
#include "digest.h"

#define JA4_SIZE 37 /* "t13d1516h2_8daaf6152771_e5627efa2ab1", with its NUL */

struct client_fingerprint {
	uint8_t ja3[DIGEST_MD5_SIZE]; /* all zero: none */
	char ja4[JA4_SIZE];	      /* empty: none */
};

struct fingerprints;

/* NULL when memory is short. */
struct fingerprints *fingerprints_new(void);
void fingerprints_free(struct fingerprints *f);

/* What is too long to have a fingerprint has none. */
void fingerprints_client(struct fingerprints *f, const struct tls_client_hello *hello,
    struct client_fingerprint *fingerprint);
void fingerprints_server(
    struct fingerprints *f, const struct tls_server_hello *hello, uint8_t ja3s[DIGEST_MD5_SIZE]);

#endif
