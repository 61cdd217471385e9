/*
 * Bytes as a certificate: read twice through the cache, and what comes out may be shown: texts are
 * UTF-8 without control characters, within their limits, and of mail addresses only the domain.
 */
#include <stdlib.h>
#include <string.h>

#include "../../parsers/smtp_text.h"
#include "../../sensor/certificate.h"
#include "../../sensor/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text, size_t most)
{
	char again[CERTIFICATE_TEXTS_MAX];
	size_t length;

	if (text == NULL)
		return;
	length = strlen(text);
	smtp_text_keep(again, sizeof(again), cursor_over(text, length));
	if (length == 0 || length >= most || strcmp(text, again) != 0)
		abort();
	for (const char *at = text; (at = strchr(at, '@')) != NULL; at++)
		if (at > text && strchr("*,=+;<>: ", at[-1]) == NULL)
			abort();
}

static void check(const struct certificate *c)
{
	bool sure;

	check_text(c->subject, LIMIT_CERTIFICATE_NAME);
	check_text(c->issuer, LIMIT_CERTIFICATE_NAME);
	check_text(c->signature_algorithm, LIMIT_CERTIFICATE_NAME);
	check_text(c->names, LIMIT_CERTIFICATE_NAMES);
	(void)certificate_is_for(c, "mx.example.net", &sure);
	if (c->key_type >= CERTIFICATE_KEYS || c->signature_hash >= CERTIFICATE_HASHES)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct certificates *cache;
	static uint64_t now_ns;
	const struct certificate *first, *second;

	if (cache == NULL)
		cache = certificates_new();
	if (cache == NULL)
		abort();
	now_ns += 1000000000;
	first = certificates_get(cache, data, size, now_ns);
	second = certificates_get(cache, data, size, now_ns);
	if (first == NULL || second == NULL)
		abort();
	if (size <= LIMIT_CERTIFICATE_BYTES && first != second)
		abort();
	check(first);
	certificate_release(first);
	certificate_release(second);
	return 0;
}
