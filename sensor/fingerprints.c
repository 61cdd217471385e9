/*
 * A table of fixed size, in which a later hello takes an earlier one's place. Its key's hash is
 * seeded and 64 bits wide: strangers choose the hellos.
 */
#include "fingerprints.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "../parsers/fingerprint.h"
#include "limits.h"

struct client_place {
	uint64_t hash; /* 0: free */
	struct client_fingerprint fingerprint;
};

struct server_place {
	uint64_t hash;
	uint8_t ja3s[DIGEST_MD5_SIZE];
};

struct fingerprints {
	uint64_t seed;
	struct digest *digest;
	struct client_place clients[LIMIT_FINGERPRINTS];
	struct server_place servers[LIMIT_FINGERPRINTS];
	uint8_t key[FINGERPRINT_KEY_MAX];
	char text[FINGERPRINT_TEXT_MAX];
	struct fingerprint_ja4 ja4;
};

struct fingerprints *fingerprints_new(void)
{
	struct fingerprints *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return NULL;
	if (getrandom(&f->seed, sizeof(f->seed), GRND_NONBLOCK) != (ssize_t)sizeof(f->seed))
		f->seed = (uint64_t)(uintptr_t)f;
	f->digest = digest_new();
	if (f->digest == NULL) {
		free(f);
		return NULL;
	}
	return f;
}

void fingerprints_free(struct fingerprints *f)
{
	if (f == NULL)
		return;
	digest_free(f->digest);
	free(f);
}

static void md5_text(struct fingerprints *f, uint8_t md5[DIGEST_MD5_SIZE])
{
	if (!digest_md5(f->digest, f->text, strlen(f->text), md5))
		memset(md5, 0, DIGEST_MD5_SIZE);
}

/* The first 12 hex digits of a text's SHA-256. */
static bool short_hash(struct fingerprints *f, const char *text, char hex[12])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t sha256[DIGEST_SHA256_SIZE];

	if (text[0] == '\0') {
		memset(hex, '0', 12);
		return true;
	}
	if (!digest_sha256(f->digest, text, strlen(text), sha256))
		return false;
	for (size_t i = 0; i < 12; i++)
		hex[i] = digits[sha256[i / 2] >> (i % 2 == 0 ? 4 : 0) & 0xf];
	return true;
}

static void make_ja4(
    struct fingerprints *f, const struct tls_client_hello *hello, char ja4[JA4_SIZE])
{
	size_t head = FINGERPRINT_JA4_HEAD - 1;

	memset(ja4, 0, JA4_SIZE);
	if (!fingerprint_ja4(hello, &f->ja4) || !short_hash(f, f->ja4.suites, ja4 + head + 1) ||
	    !short_hash(f, f->ja4.extensions, ja4 + head + 14))
		return;
	memcpy(ja4, f->ja4.head, head);
	ja4[head] = ja4[head + 13] = '_';
}

static void make_client(struct fingerprints *f, const struct tls_client_hello *hello,
    struct client_fingerprint *fingerprint)
{
	memset(fingerprint, 0, sizeof(*fingerprint));
	if (fingerprint_ja3(hello, f->text))
		md5_text(f, fingerprint->ja3);
	make_ja4(f, hello, fingerprint->ja4);
}

void fingerprints_client(struct fingerprints *f, const struct tls_client_hello *hello,
    struct client_fingerprint *fingerprint)
{
	size_t length = fingerprint_client_key(hello, f->key);
	uint64_t hash = XXH3_64bits_withSeed(f->key, length, f->seed);
	struct client_place *place = &f->clients[hash % LIMIT_FINGERPRINTS];

	if (length == 0) {
		memset(fingerprint, 0, sizeof(*fingerprint));
		return;
	}
	if (place->hash != hash) {
		make_client(f, hello, &place->fingerprint);
		place->hash = hash;
	}
	*fingerprint = place->fingerprint;
}

void fingerprints_server(
    struct fingerprints *f, const struct tls_server_hello *hello, uint8_t ja3s[DIGEST_MD5_SIZE])
{
	size_t length = fingerprint_server_key(hello, f->key);
	uint64_t hash = XXH3_64bits_withSeed(f->key, length, f->seed);
	struct server_place *place = &f->servers[hash % LIMIT_FINGERPRINTS];

	memset(ja3s, 0, DIGEST_MD5_SIZE);
	if (length == 0)
		return;
	if (place->hash != hash) {
		memset(place->ja3s, 0, sizeof(place->ja3s));
		if (fingerprint_ja3s(hello, f->text))
			md5_text(f, place->ja3s);
		place->hash = hash;
	}
	memcpy(ja3s, place->ja3s, DIGEST_MD5_SIZE);
}
