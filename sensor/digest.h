/*
 * MD5 and SHA-256 by OpenSSL, for fingerprints and certificates. Nothing here is a secret or guards
 * one.
 */
#ifndef TLSVANE_DIGEST_H
#define TLSVANE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DIGEST_MD5_SIZE	   16
#define DIGEST_SHA256_SIZE 32

struct digest;

/* The first one readies OpenSSL, without its configuration file. NULL when memory is short. */
struct digest *digest_new(void);
void digest_free(struct digest *d);

/* False when memory is short, or the system's OpenSSL forbids MD5. */
bool digest_md5(struct digest *d, const void *bytes, size_t length, uint8_t md5[DIGEST_MD5_SIZE]);
bool digest_sha256(
    struct digest *d, const void *bytes, size_t length, uint8_t sha256[DIGEST_SHA256_SIZE]);

#endif
