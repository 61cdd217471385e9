/*
 * Fingerprints of hellos as the text that is hashed: JA3 and JA3S (MD5 of it), JA4 (parts of two
 * SHA-256). The hashes are the caller's. GREASE (RFC 8701) is passed over. A hello with more than
 * is told below has no fingerprint.
 */
#ifndef TLSVANE_FINGERPRINT_H
#define TLSVANE_FINGERPRINT_H

#include "tls_hello.h"

#define FINGERPRINT_KEY_MAX  2048 /* bytes; real ones take 100 to 500 */
#define FINGERPRINT_TEXT_MAX 4096 /* bytes of one text, with its NUL */
#define FINGERPRINT_LIST_MAX 512  /* cipher suites (a scanner offers 440); extensions */
#define FINGERPRINT_JA4_HEAD 11	  /* "t13d1516h2", with its NUL */

/* All of a hello that its fingerprints depend on: equal bytes mean equal fingerprints. Returns how
 * many were written, 0 where they are too many. */
size_t fingerprint_client_key(
    const struct tls_client_hello *hello, uint8_t key[FINGERPRINT_KEY_MAX]);
size_t fingerprint_server_key(
    const struct tls_server_hello *hello, uint8_t key[FINGERPRINT_KEY_MAX]);

/* "771,4865-4866,0-11-10,29-23,0" and "771,4865,43-51". False where it does not fit. */
MUST_USE bool fingerprint_ja3(
    const struct tls_client_hello *hello, char text[FINGERPRINT_TEXT_MAX]);
MUST_USE bool fingerprint_ja3s(
    const struct tls_server_hello *hello, char text[FINGERPRINT_TEXT_MAX]);

/* JA4 is head_SUITES_EXTENSIONS, each of the two the first 12 hex digits of its text's SHA-256, or
 * zeroes where the text is empty. */
struct fingerprint_ja4 {
	char head[FINGERPRINT_JA4_HEAD];
	char suites[FINGERPRINT_TEXT_MAX];     /* "002f,1301", sorted */
	char extensions[FINGERPRINT_TEXT_MAX]; /* "000a,000d_0403,0804": extensions sorted, without
						  those of name and ALPN, then signature algorithms
						*/
};

/* False where it does not fit. */
MUST_USE bool fingerprint_ja4(const struct tls_client_hello *hello, struct fingerprint_ja4 *ja4);

#endif
