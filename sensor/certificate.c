/*
 * The certificates that were read: a hash table by a seeded 128-bit hash of the DER (strangers make
 * it), and a list from the longest unused to the last used.
 */
#include "certificate.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "limits.h"

#define BUCKETS	 TABLE_SIZE(32768u) /* a power of two, above LIMIT_CERTIFICATES */
#define NS_PER_S 1000000000ull

struct entry {
	struct certificate certificate; /* first: a certificate is its entry */
	uint32_t references;		/* who holds it, the table among them */
	XXH128_hash_t hash;
	struct entry *next_in_bucket;
	struct entry *newer, *older;
	char texts[];
};

struct certificates {
	struct certificate_stats stats;
	struct digest *digest;
	uint64_t seed;
	uint64_t second; /* of capture time, in which ... */
	uint32_t new_in_second;
	uint32_t count;
	struct entry *newest, *oldest;
	struct entry *buckets[BUCKETS];
};

struct certificates *certificates_new(void)
{
	struct certificates *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	if (getrandom(&c->seed, sizeof(c->seed), GRND_NONBLOCK) != (ssize_t)sizeof(c->seed))
		c->seed = (uint64_t)(uintptr_t)c;
	c->digest = digest_new();
	if (c->digest == NULL) {
		free(c);
		return NULL;
	}
	return c;
}

void certificate_release(const struct certificate *certificate)
{
	struct entry *e = (struct entry *)(uintptr_t)certificate;

	if (e != NULL && --e->references == 0)
		free(e);
}

/* ---- The table ---- */

static struct entry **bucket_of(struct certificates *c, XXH128_hash_t hash)
{
	return &c->buckets[hash.low64 % BUCKETS];
}

static struct entry *find(struct certificates *c, XXH128_hash_t hash)
{
	struct entry *e = *bucket_of(c, hash);

	while (e != NULL && !XXH128_isEqual(e->hash, hash))
		e = e->next_in_bucket;
	return e;
}

static void list_remove(struct certificates *c, struct entry *e)
{
	*(e->newer != NULL ? &e->newer->older : &c->newest) = e->older;
	*(e->older != NULL ? &e->older->newer : &c->oldest) = e->newer;
}

static void list_add(struct certificates *c, struct entry *e)
{
	e->newer = NULL;
	e->older = c->newest;
	*(c->newest != NULL ? &c->newest->newer : &c->oldest) = e;
	c->newest = e;
}

static void forget_oldest(struct certificates *c)
{
	struct entry *e = c->oldest, **at = bucket_of(c, e->hash);

	while (*at != e)
		at = &(*at)->next_in_bucket;
	*at = e->next_in_bucket;
	list_remove(c, e);
	c->count--;
	certificate_release(&e->certificate);
}

static void add(struct certificates *c, struct entry *e)
{
	struct entry **bucket = bucket_of(c, e->hash);

	if (c->count == LIMIT_CERTIFICATES) {
		forget_oldest(c);
		c->stats.evicted++;
	}
	e->references++;
	e->next_in_bucket = *bucket;
	*bucket = e;
	list_add(c, e);
	c->count++;
}

void certificates_free(struct certificates *c)
{
	if (c == NULL)
		return;
	while (c->oldest != NULL)
		forget_oldest(c);
	digest_free(c->digest);
	free(c);
}

/* ---- New ones ---- */

static const char *moved(const char *text, const char *from, const char *to)
{
	return text == NULL ? NULL : to + (text - from);
}

/* An entry of its own for what was read, its texts behind it. */
static struct entry *entry_new(
    const struct certificate *certificate, const char texts[CERTIFICATE_TEXTS_MAX], size_t used)
{
	struct entry *e = malloc(sizeof(*e) + used);
	struct certificate *own;

	if (e == NULL)
		return NULL;
	memset(e, 0, sizeof(*e));
	own = &e->certificate;
	*own = *certificate;
	memcpy(e->texts, texts, used);
	own->subject = moved(own->subject, texts, e->texts);
	own->issuer = moved(own->issuer, texts, e->texts);
	own->names = moved(own->names, texts, e->texts);
	own->signature_algorithm = moved(own->signature_algorithm, texts, e->texts);
	e->references = 1;
	return e;
}

/* Where the last of the texts ends. */
static size_t texts_used(const struct certificate *c, const char *texts)
{
	const char *all[] = {c->subject, c->issuer, c->names, c->signature_algorithm};
	size_t used = 0, end;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		end = all[i] == NULL ? 0 : (size_t)(all[i] - texts) + strlen(all[i]) + 1;
		used = end > used ? end : used;
	}
	return used;
}

static bool may_read(struct certificates *c, size_t length, uint64_t now_ns)
{
	if (now_ns / NS_PER_S != c->second) {
		c->second = now_ns / NS_PER_S;
		c->new_in_second = 0;
	}
	if (length > LIMIT_CERTIFICATE_BYTES || c->new_in_second == LIMIT_CERTIFICATES_S) {
		c->stats.refused++;
		return false;
	}
	c->new_in_second++;
	return true;
}

static struct entry *read_new(
    struct certificates *c, const uint8_t *der, size_t length, uint64_t now_ns)
{
	struct certificate certificate = {.read = false};
	char texts[CERTIFICATE_TEXTS_MAX];
	bool may = may_read(c, length, now_ns);
	struct entry *e;

	if (!digest_sha256(c->digest, der, length, certificate.sha256))
		return NULL;
	if (may && certificate_read(der, length, &certificate, texts))
		c->stats.read++;
	else if (may)
		c->stats.unreadable++;
	e = entry_new(&certificate, texts, texts_used(&certificate, texts));
	if (e != NULL && may) {
		e->hash = XXH3_128bits_withSeed(der, length, c->seed);
		add(c, e);
	}
	return e;
}

const struct certificate *certificates_get(
    struct certificates *c, const uint8_t *der, size_t length, uint64_t now_ns)
{
	struct entry *e = find(c, XXH3_128bits_withSeed(der, length, c->seed));

	if (e == NULL) {
		e = read_new(c, der, length, now_ns);
		return e == NULL ? NULL : &e->certificate;
	}
	e->references++;
	if (c->newest != e) {
		list_remove(c, e);
		list_add(c, e);
	}
	return &e->certificate;
}

const struct certificate_stats *certificates_stats(const struct certificates *c)
{
	return &c->stats;
}
