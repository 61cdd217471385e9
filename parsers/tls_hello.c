/*
 * ClientHello and ServerHello, block by block; every block is consumed exactly.
 * RFC 8446 section 4.1 and 4.2, RFC 5246 section 7.4.1 and appendix E.2 (SSLv2 form), RFC 6066
 * section 3 (server_name), RFC 7301 (ALPN), RFC 7507 (TLS_FALLBACK_SCSV), RFC 5077
 * (session_ticket).
 */
#include "tls_hello.h"

#include <string.h>

#define RANDOM_SIZE	32
#define SESSION_ID_MAX	32
#define CHALLENGE_MIN	16
#define FALLBACK_SCSV	0x5600
#define SSL2_CIPHER	3 /* bytes of a cipher spec in the SSLv2 form */
#define SSL2_X509	1
#define DRAFT_13(v)	((v) >> 8 == 0x7f) /* how drafts of TLS 1.3 called themselves */
#define NAME_TYPE_HOST	0
#define EXTENSION_TABLE 64 /* extensions that we read have lower numbers */

enum extension_type {
	EXTENSION_SERVER_NAME = 0,
	EXTENSION_ALPN = 16,
	EXTENSION_CLIENT_CERTIFICATE_TYPE = 19,
	EXTENSION_SERVER_CERTIFICATE_TYPE = 20,
	EXTENSION_SESSION_TICKET = 35,
	EXTENSION_PRE_SHARED_KEY = 41,
	EXTENSION_EARLY_DATA = 42,
	EXTENSION_SUPPORTED_VERSIONS = 43,
	EXTENSION_KEY_SHARE = 51,
};

/* SHA-256 of "HelloRetryRequest": a ServerHello with this random is one. */
static const uint8_t retry_random[RANDOM_SIZE] = {0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11,
    0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e,
    0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};

static const uint8_t sentinel_start[7] = {'D', 'O', 'W', 'N', 'G', 'R', 'D'};

/* What an extensions block held so far: none may come twice (RFC 8446 section 4.2). */
struct extension_types {
	uint64_t low;	   /* types below 64, one bit each */
	uint16_t high[16]; /* the others; what exceeds so many is not compared, we read none */
	unsigned high_count;
};

static bool is_repeated_high(struct extension_types *seen, uint16_t type)
{
	for (unsigned i = 0; i < seen->high_count; i++) {
		if (seen->high[i] == type)
			return true;
	}
	if (seen->high_count < sizeof(seen->high) / sizeof(seen->high[0]))
		seen->high[seen->high_count++] = type;
	return false;
}

static inline bool is_repeated(struct extension_types *seen, uint16_t type)
{
	uint64_t before = seen->low;

	if (type >= EXTENSION_TABLE)
		return is_repeated_high(seen, type);
	seen->low |= UINT64_C(1) << type;
	return seen->low == before;
}

static inline int next_extension(
    struct cursor *block, struct extension_types *seen, uint16_t *type, struct cursor *data)
{
	if (!cursor_u16(block, type) || !cursor_vector16(block, data))
		return RESULT_BAD_LENGTH;
	return is_repeated(seen, *type) ? RESULT_BAD_VALUE : RESULT_OK;
}

/* A hello ends with its extensions, or without any. */
static bool take_extensions(struct cursor *body, struct cursor *extensions, bool *present)
{
	*present = body->left > 0;
	if (!*present) {
		*extensions = *body;
		return true;
	}
	return cursor_vector16(body, extensions) && body->left == 0;
}

/* Extensions of a ClientHello. */

static int client_server_name(struct cursor data, struct tls_client_hello *hello)
{
	struct cursor list, name;
	uint8_t type;

	if (!cursor_vector16(&data, &list) || data.left > 0 || list.left == 0)
		return RESULT_BAD_LENGTH;
	while (list.left > 0) {
		if (!cursor_u8(&list, &type) || !cursor_vector16(&list, &name) || name.left == 0)
			return RESULT_BAD_LENGTH;
		if (type == NAME_TYPE_HOST && hello->server_name.left == 0)
			hello->server_name = name;
	}
	return RESULT_OK;
}

static int client_alpn(struct cursor data, struct tls_client_hello *hello)
{
	struct cursor list, name;

	if (!cursor_vector16(&data, &list) || data.left > 0 || list.left == 0)
		return RESULT_BAD_LENGTH;
	hello->alpn = list;
	while (list.left > 0) {
		if (!cursor_vector8(&list, &name) || name.left == 0)
			return RESULT_BAD_LENGTH;
	}
	return RESULT_OK;
}

static int client_session_ticket(struct cursor data, struct tls_client_hello *hello)
{
	hello->has_session_ticket = data.left > 0;
	return RESULT_OK;
}

static int client_pre_shared_key(struct cursor data, struct tls_client_hello *hello)
{
	struct cursor identities, binders;

	if (!cursor_vector16(&data, &identities) || !cursor_vector16(&data, &binders) ||
	    data.left > 0)
		return RESULT_BAD_LENGTH;
	if (identities.left == 0 || binders.left == 0)
		return RESULT_BAD_LENGTH;
	hello->has_psk = true;
	return RESULT_OK;
}

static int client_early_data(struct cursor data, struct tls_client_hello *hello)
{
	hello->has_early_data = true;
	return data.left == 0 ? RESULT_OK : RESULT_BAD_LENGTH;
}

/* The range of what is known: GREASE, drafts and versions to come say nothing about it. */
static int client_supported_versions(struct cursor data, struct tls_client_hello *hello)
{
	struct cursor list;
	uint16_t version, highest = 0, lowest = 0;

	if (!cursor_vector8(&data, &list) || data.left > 0 || list.left == 0 || list.left % 2 != 0)
		return RESULT_BAD_LENGTH;
	while (cursor_u16(&list, &version)) {
		if (version < TLS_VERSION_SSL3 || version > TLS_VERSION_13)
			continue;
		if (version > highest)
			highest = version;
		if (lowest == 0 || version < lowest)
			lowest = version;
	}
	hello->max_version = highest;
	hello->min_version = lowest;
	return RESULT_OK;
}

typedef int client_extension(struct cursor data, struct tls_client_hello *hello);

static client_extension *const client_extensions[EXTENSION_TABLE] = {
    [EXTENSION_SERVER_NAME] = client_server_name,
    [EXTENSION_ALPN] = client_alpn,
    [EXTENSION_SESSION_TICKET] = client_session_ticket,
    [EXTENSION_PRE_SHARED_KEY] = client_pre_shared_key,
    [EXTENSION_EARLY_DATA] = client_early_data,
    [EXTENSION_SUPPORTED_VERSIONS] = client_supported_versions,
};

static void forget_versions(struct tls_client_hello *hello)
{
	hello->max_version = hello->min_version = 0;
}

/* One that is malformed or repeated is passed over: its length says where the next one begins.
 * Returns what is wrong with the first such. */
static int parse_client_extensions(struct tls_client_hello *hello)
{
	struct cursor block = hello->extensions, data;
	struct extension_types seen = {.low = 0};
	uint16_t type;
	int result = RESULT_OK, one;

	while (block.left > 0) {
		if (hello->has_psk && result == RESULT_OK)
			result = RESULT_BAD_VALUE; /* RFC 8446 section 4.2.11: it is the last */
		one = next_extension(&block, &seen, &type, &data);
		if (one == RESULT_BAD_LENGTH) {
			forget_versions(hello); /* supported_versions may be in the rest */
			return one;
		}
		if (one == RESULT_OK && type < EXTENSION_TABLE && client_extensions[type] != NULL)
			one = client_extensions[type](data, hello);
		if (one != RESULT_OK && type == EXTENSION_SUPPORTED_VERSIONS)
			forget_versions(hello);
		if (result == RESULT_OK)
			result = one;
	}
	return result;
}

/* Without supported_versions a server goes no higher than TLS 1.2, whatever client_version says. */
static uint16_t legacy_maximum(uint16_t client_version)
{
	return client_version > TLS_VERSION_12 ? TLS_VERSION_12 : client_version;
}

/* Hardly another suite has the value's upper byte in it: one memchr passes most lists. */
static bool offers_fallback(struct cursor suites)
{
	const uint8_t *found;
	uint16_t suite;
	size_t before;

	while ((found = memchr(suites.at, FALLBACK_SCSV >> 8, suites.left)) != NULL) {
		before = (size_t)(found - suites.at) / 2 * 2;
		if (!cursor_skip(&suites, before) || !cursor_u16(&suites, &suite))
			return false;
		if (suite == FALLBACK_SCSV)
			return true;
	}
	return false;
}

/* What stands before the extensions. */
static bool take_client_start(struct cursor *body, struct tls_client_hello *hello)
{
	struct cursor compression;

	return cursor_u16(body, &hello->legacy_version) &&
	       cursor_take(body, RANDOM_SIZE, &hello->random) &&
	       cursor_vector8(body, &hello->session_id) &&
	       hello->session_id.left <= SESSION_ID_MAX &&
	       cursor_vector16(body, &hello->cipher_suites) && hello->cipher_suites.left > 0 &&
	       hello->cipher_suites.left % 2 == 0 && cursor_vector8(body, &compression) &&
	       compression.left > 0;
}

int tls_client_hello_parse(struct cursor body, struct tls_client_hello *hello)
{
	bool whole;
	int result;

	*hello = (struct tls_client_hello){.ssl2_form = false};
	if (!take_client_start(&body, hello))
		return RESULT_BAD_LENGTH;
	if (hello->legacy_version >> 8 != 3)
		return RESULT_BAD_VALUE;
	hello->usable = true;
	hello->fallback_scsv = offers_fallback(hello->cipher_suites);
	whole = take_extensions(&body, &hello->extensions, &hello->has_extensions);
	if (!whole && hello->extensions.at == NULL)
		return RESULT_BAD_LENGTH;
	hello->max_version = legacy_maximum(hello->legacy_version);
	result = parse_client_extensions(hello);
	return whole ? result : RESULT_BAD_LENGTH;
}

/* Extensions of a ServerHello. */

static int server_alpn(struct cursor data, struct tls_server_hello *hello)
{
	struct cursor list;

	if (!cursor_vector16(&data, &list) || data.left > 0)
		return RESULT_BAD_LENGTH;
	if (!cursor_vector8(&list, &hello->alpn) || list.left > 0 || hello->alpn.left == 0)
		return RESULT_BAD_LENGTH;
	return RESULT_OK;
}

/* One byte, the kind of certificate that the server chose: 0 is X.509 (RFC 7250 section 3). */
static int take_certificate_type(struct cursor data, bool *raw_key)
{
	uint8_t type;

	if (!cursor_u8(&data, &type) || data.left > 0)
		return RESULT_BAD_LENGTH;
	*raw_key = type != 0;
	return RESULT_OK;
}

static int server_certificate_type(struct cursor data, struct tls_server_hello *hello)
{
	return take_certificate_type(data, &hello->server_raw_key);
}

static int client_certificate_type(struct cursor data, struct tls_server_hello *hello)
{
	return take_certificate_type(data, &hello->client_raw_key);
}

static int server_session_ticket(struct cursor data, struct tls_server_hello *hello)
{
	hello->session_ticket = true;
	return data.left == 0 ? RESULT_OK : RESULT_BAD_LENGTH;
}

static int server_pre_shared_key(struct cursor data, struct tls_server_hello *hello)
{
	uint16_t identity;

	hello->psk_selected = true;
	return cursor_u16(&data, &identity) && data.left == 0 ? RESULT_OK : RESULT_BAD_LENGTH;
}

static int server_supported_versions(struct cursor data, struct tls_server_hello *hello)
{
	uint16_t version;

	if (!cursor_u16(&data, &version) || data.left > 0)
		return RESULT_BAD_LENGTH;
	if (version != TLS_VERSION_13 && !DRAFT_13(version))
		return RESULT_BAD_VALUE; /* RFC 8446 section 4.2.1: below 1.3 it must not be there
					  */
	hello->version = TLS_VERSION_13;
	return RESULT_OK;
}

static int server_key_share(struct cursor data, struct tls_server_hello *hello)
{
	struct cursor key;

	if (!cursor_u16(&data, &hello->group))
		return RESULT_BAD_LENGTH;
	if (!hello->retry && (!cursor_vector16(&data, &key) || key.left == 0))
		return RESULT_BAD_LENGTH;
	return data.left == 0 ? RESULT_OK : RESULT_BAD_LENGTH;
}

typedef int server_extension(struct cursor data, struct tls_server_hello *hello);

static server_extension *const server_extensions[EXTENSION_TABLE] = {
    [EXTENSION_ALPN] = server_alpn,
    [EXTENSION_CLIENT_CERTIFICATE_TYPE] = client_certificate_type,
    [EXTENSION_SERVER_CERTIFICATE_TYPE] = server_certificate_type,
    [EXTENSION_SESSION_TICKET] = server_session_ticket,
    [EXTENSION_PRE_SHARED_KEY] = server_pre_shared_key,
    [EXTENSION_SUPPORTED_VERSIONS] = server_supported_versions,
    [EXTENSION_KEY_SHARE] = server_key_share,
};

static int parse_server_extensions(struct tls_server_hello *hello)
{
	struct cursor block = hello->extensions, data;
	struct extension_types seen = {.low = 0};
	uint16_t type;
	int result;

	while (block.left > 0) {
		result = next_extension(&block, &seen, &type, &data);
		if (result == RESULT_OK && type < EXTENSION_TABLE &&
		    server_extensions[type] != NULL)
			result = server_extensions[type](data, hello);
		if (result != RESULT_OK)
			return result;
	}
	return RESULT_OK;
}

static enum tls_sentinel sentinel_of(const uint8_t *random)
{
	const uint8_t *end = random + RANDOM_SIZE - 8;

	if (memcmp(end, sentinel_start, sizeof(sentinel_start)) != 0 || end[7] > 1)
		return TLS_SENTINEL_NONE;
	return end[7] == 0 ? TLS_SENTINEL_11 : TLS_SENTINEL_12;
}

/* Drafts up to 21 had no session id and no compression method in ServerHello. */
static bool take_session_and_suite(struct cursor *body, struct tls_server_hello *hello)
{
	uint8_t compression;

	if (DRAFT_13(hello->version))
		return cursor_u16(body, &hello->cipher_suite);
	return cursor_vector8(body, &hello->session_id) &&
	       hello->session_id.left <= SESSION_ID_MAX && cursor_u16(body, &hello->cipher_suite) &&
	       cursor_u8(body, &compression);
}

int tls_server_hello_parse(struct cursor body, struct tls_server_hello *hello)
{
	bool present;

	*hello = (struct tls_server_hello){.retry = false};
	if (!cursor_u16(&body, &hello->version) ||
	    !cursor_take(&body, RANDOM_SIZE, &hello->random) ||
	    !take_session_and_suite(&body, hello) ||
	    !take_extensions(&body, &hello->extensions, &present))
		return RESULT_BAD_LENGTH;
	hello->legacy_version = hello->version;
	if (DRAFT_13(hello->version))
		hello->version = TLS_VERSION_13;
	else if (hello->version < TLS_VERSION_SSL3 || hello->version > TLS_VERSION_12)
		return RESULT_BAD_VALUE;
	hello->retry = memcmp(hello->random.at, retry_random, RANDOM_SIZE) == 0;
	hello->sentinel = (uint8_t)sentinel_of(hello->random.at);
	return parse_server_extensions(hello);
}

/* The SSLv2 forms. */

static bool offers_fallback_ssl2(struct cursor specs)
{
	uint32_t spec;

	while (cursor_u24(&specs, &spec)) {
		if (spec == FALLBACK_SCSV)
			return true;
	}
	return false;
}

int tls_client_hello_parse_ssl2(struct cursor body, struct tls_client_hello *hello)
{
	uint16_t specs, session_id, challenge;
	uint8_t type;

	*hello = (struct tls_client_hello){.ssl2_form = true};
	if (!cursor_u8(&body, &type) || !cursor_u16(&body, &hello->legacy_version) ||
	    !cursor_u16(&body, &specs) || !cursor_u16(&body, &session_id) ||
	    !cursor_u16(&body, &challenge) || specs == 0 || specs % SSL2_CIPHER != 0 ||
	    session_id > SESSION_ID_MAX || challenge < CHALLENGE_MIN || challenge > RANDOM_SIZE ||
	    !cursor_take(&body, specs, &hello->cipher_suites) ||
	    !cursor_take(&body, session_id, &hello->session_id) ||
	    !cursor_take(&body, challenge, &hello->random) || body.left > 0)
		return RESULT_BAD_LENGTH;
	if (type != 1 ||
	    (hello->legacy_version != TLS_VERSION_SSL2 && hello->legacy_version >> 8 != 3))
		return RESULT_BAD_VALUE;
	hello->max_version = legacy_maximum(hello->legacy_version);
	hello->fallback_scsv = offers_fallback_ssl2(hello->cipher_suites);
	hello->usable = true;
	return RESULT_OK;
}

int tls_server_hello_parse_ssl2(struct cursor body, struct tls_server_hello *hello)
{
	uint16_t certificate, specs, connection_id;
	uint8_t type, hit, certificate_type;

	*hello = (struct tls_server_hello){.retry = false};
	if (!cursor_u8(&body, &type) || !cursor_u8(&body, &hit) ||
	    !cursor_u8(&body, &certificate_type) || !cursor_u16(&body, &hello->version) ||
	    !cursor_u16(&body, &certificate) || !cursor_u16(&body, &specs) ||
	    !cursor_u16(&body, &connection_id) || specs % SSL2_CIPHER != 0 ||
	    connection_id > RANDOM_SIZE || !cursor_take(&body, certificate, &hello->certificate) ||
	    !cursor_skip(&body, specs) || !cursor_take(&body, connection_id, &hello->random) ||
	    body.left > 0)
		return RESULT_BAD_LENGTH;
	if (type != 4 || hit > 1 || hello->version != TLS_VERSION_SSL2)
		return RESULT_BAD_VALUE;
	if (certificate_type != SSL2_X509)
		hello->certificate = cursor_over(NULL, 0);
	return RESULT_OK;
}
