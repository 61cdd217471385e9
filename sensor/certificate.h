/*
 * What a certificate says (RFC 5280), read by OpenSSL once and then kept: a certificate passes by
 * many times. A bounded number of new ones a second of capture time is read; of the others only the
 * hash is told.
 *
 * Of names only what is printable UTF-8 is kept, and of mail addresses in them only the domain.
 */
#ifndef TLSVANE_CERTIFICATE_H
#define TLSVANE_CERTIFICATE_H

#include "digest.h"

enum certificate_key {
	CERTIFICATE_KEY_ABSENT,
	CERTIFICATE_KEY_RSA,
	CERTIFICATE_KEY_RSA_PSS,
	CERTIFICATE_KEY_EC,
	CERTIFICATE_KEY_ED25519,
	CERTIFICATE_KEY_ED448,
	CERTIFICATE_KEY_DSA,
	CERTIFICATE_KEY_OTHER,
	CERTIFICATE_KEYS,
};

enum certificate_hash { /* that the signature is made over; none of its own with Ed25519, Ed448 */
	CERTIFICATE_HASH_ABSENT,
	CERTIFICATE_HASH_MD5,
	CERTIFICATE_HASH_SHA1,
	CERTIFICATE_HASH_SHA224,
	CERTIFICATE_HASH_SHA256,
	CERTIFICATE_HASH_SHA384,
	CERTIFICATE_HASH_SHA512,
	CERTIFICATE_HASH_OTHER,
	CERTIFICATE_HASHES,
};

struct certificate {
	uint8_t sha256[DIGEST_SHA256_SIZE]; /* of the DER */
	bool read;			    /* what follows is good; texts may be absent: NULL */
	bool self_signed;
	uint8_t key_type;		/* enum certificate_key */
	uint8_t signature_hash;		/* enum certificate_hash */
	uint16_t key_bits;		/* 0: not known */
	uint64_t not_before, not_after; /* seconds since the year 0 (record.h); 0: not known */
	const char *subject, *issuer;	/* RFC 4514, "CN=mx.example.net,O=Example" */
	const char *names; /* DNS names and addresses of subjectAltName, one space between two;
			      "..." as the last: there are more */
	const char *signature_algorithm; /* "sha256WithRSAEncryption" */
};

struct certificate_stats {
	uint64_t read;	     /* certificates read, each time that they were */
	uint64_t unreadable; /* ... that were none */
	uint64_t refused;    /* sessions of whose certificate only the hash is told: too large, or
				too many new ones in that second */
	uint64_t evicted;    /* ... forgotten for others */
};

struct certificates;

/* NULL when memory is short. */
struct certificates *certificates_new(void);

/* Certificates that are still held stay good until they are released. */
void certificates_free(struct certificates *c);

/* The certificate in these bytes, which need not be one; NULL when memory is short. The caller
 * releases it. `now_ns`: capture time. */
const struct certificate *certificates_get(
    struct certificates *c, const uint8_t *der, size_t length, uint64_t now_ns);
void certificate_release(const struct certificate *certificate);

const struct certificate_stats *certificates_stats(const struct certificates *c);

/* Whether a host's name is among the certificate's (RFC 6125 section 6.4): among `names`, else,
 * where it has none, the CN of its subject. `sure` is false where the list was too long to tell. */
bool certificate_is_for(const struct certificate *certificate, const char *host, bool *sure);

/* Reads DER into *to, texts into `texts`. False where it is no certificate. certificate_read.c */
#define CERTIFICATE_TEXTS_MAX 1536
bool certificate_read(
    const uint8_t *der, size_t length, struct certificate *to, char texts[CERTIFICATE_TEXTS_MAX]);

#endif
