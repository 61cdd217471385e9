/* Digests: what OpenSSL looks up by name is looked up once. */
#include "digest.h"

#include <stdlib.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

struct digest {
	EVP_MD_CTX *context;
	EVP_MD *md5, *sha256; /* NULL: there is none */
};

struct digest *digest_new(void)
{
	struct digest *d = calloc(1, sizeof(*d));

	if (d == NULL || OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1) {
		free(d);
		return NULL;
	}
	d->context = EVP_MD_CTX_new();
	d->md5 = EVP_MD_fetch(NULL, "MD5", NULL);
	d->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	ERR_clear_error();
	if (d->context == NULL || d->sha256 == NULL) {
		digest_free(d);
		return NULL;
	}
	return d;
}

void digest_free(struct digest *d)
{
	if (d == NULL)
		return;
	EVP_MD_free(d->md5);
	EVP_MD_free(d->sha256);
	EVP_MD_CTX_free(d->context);
	free(d);
}

static bool digest(
    struct digest *d, const EVP_MD *by, const void *bytes, size_t length, uint8_t *result)
{
	bool done = by != NULL && EVP_DigestInit_ex2(d->context, by, NULL) == 1 &&
		    EVP_DigestUpdate(d->context, bytes, length) == 1 &&
		    EVP_DigestFinal_ex(d->context, result, NULL) == 1;

	if (!done)
		ERR_clear_error();
	return done;
}

bool digest_md5(struct digest *d, const void *bytes, size_t length, uint8_t md5[DIGEST_MD5_SIZE])
{
	return digest(d, d->md5, bytes, length, md5);
}

bool digest_sha256(
    struct digest *d, const void *bytes, size_t length, uint8_t sha256[DIGEST_SHA256_SIZE])
{
	return digest(d, d->sha256, bytes, length, sha256);
}
