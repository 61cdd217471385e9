/*
 * JA3 and JA3S as their authors' README describes them (github.com/salesforce/ja3), JA4 as
 * technical_details/JA4.md does (github.com/FoxIO-LLC/ja4; JA4 itself is free to use).
 */
#include "fingerprint.h"

enum extension_type {
	EXTENSION_SERVER_NAME = 0,
	EXTENSION_GROUPS = 10,
	EXTENSION_POINT_FORMATS = 11,
	EXTENSION_SIGNATURE_ALGORITHMS = 13,
	EXTENSION_ALPN = 16,
	EXTENSION_SUPPORTED_VERSIONS = 43,
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Extensions whose contents count, too; all have numbers below 64. */
#define WITH_CONTENTS                                                                              \
	(UINT64_C(1) << EXTENSION_GROUPS | UINT64_C(1) << EXTENSION_POINT_FORMATS |                \
	    UINT64_C(1) << EXTENSION_SIGNATURE_ALGORITHMS | UINT64_C(1) << EXTENSION_ALPN |        \
	    UINT64_C(1) << EXTENSION_SUPPORTED_VERSIONS)

/* ---- Keys ---- */

struct key {
	uint8_t *bytes;
	size_t used; /* FINGERPRINT_KEY_MAX + 1: too much */
};

static void key_bytes(struct key *k, struct cursor bytes)
{
	size_t length = bytes.left;

	if (length > FINGERPRINT_KEY_MAX - k->used) {
		k->used = FINGERPRINT_KEY_MAX + 1;
		return;
	}
	if (cursor_copy(&bytes, k->bytes + k->used, length))
		k->used += length;
}

static void key_number(struct key *k, size_t number)
{
	if (FINGERPRINT_KEY_MAX - k->used < 2) {
		k->used = FINGERPRINT_KEY_MAX + 1;
		return;
	}
	k->bytes[k->used++] = (uint8_t)(number >> 8);
	k->bytes[k->used++] = (uint8_t)number;
}

static bool key_fits(const struct key *k)
{
	return k->used <= FINGERPRINT_KEY_MAX;
}

/* Of every hello: one look at the room an extension. */
static void key_extensions(struct key *k, struct cursor block, uint64_t with_contents)
{
	struct cursor data;
	uint16_t type;

	while (cursor_u16(&block, &type) && cursor_vector16(&block, &data)) {
		bool whole = type < 64 && (with_contents >> type & 1) != 0;
		size_t length = whole ? 4 + data.left : 2;
		uint8_t *to = k->bytes + k->used;

		if (!key_fits(k) || length > FINGERPRINT_KEY_MAX - k->used) {
			k->used = FINGERPRINT_KEY_MAX + 1;
			return;
		}
		k->used += length;
		to[0] = (uint8_t)(type >> 8);
		to[1] = (uint8_t)type;
		if (!whole)
			continue;
		to[2] = (uint8_t)(data.left >> 8);
		to[3] = (uint8_t)data.left;
		if (!cursor_copy(&data, to + 4, data.left))
			return;
	}
}

size_t fingerprint_client_key(
    const struct tls_client_hello *hello, uint8_t bytes[FINGERPRINT_KEY_MAX])
{
	struct key k = {.bytes = bytes};

	key_number(&k, hello->legacy_version);
	key_number(&k, hello->cipher_suites.left);
	key_bytes(&k, hello->cipher_suites);
	key_extensions(&k, hello->extensions, WITH_CONTENTS);
	return key_fits(&k) ? k.used : 0;
}

size_t fingerprint_server_key(
    const struct tls_server_hello *hello, uint8_t bytes[FINGERPRINT_KEY_MAX])
{
	struct key k = {.bytes = bytes};

	key_number(&k, hello->legacy_version);
	key_number(&k, hello->cipher_suite);
	key_extensions(&k, hello->extensions, 0);
	return key_fits(&k) ? k.used : 0;
}

/* ---- Texts ---- */

struct text {
	char *at;
	size_t used; /* without the NUL; FINGERPRINT_TEXT_MAX: too much */
};

static struct text text_begin(char at[FINGERPRINT_TEXT_MAX])
{
	at[0] = '\0';
	return (struct text){.at = at};
}

static bool text_fits(const struct text *t)
{
	return t->used < FINGERPRINT_TEXT_MAX;
}

static void put(struct text *t, char c)
{
	if (t->used + 1 >= FINGERPRINT_TEXT_MAX) {
		t->used = FINGERPRINT_TEXT_MAX;
		return;
	}
	t->at[t->used++] = c;
	t->at[t->used] = '\0';
}

static void put_decimal(struct text *t, unsigned number)
{
	unsigned place = 1;

	while (number / place >= 10)
		place *= 10;
	for (; place > 0; place /= 10)
		put(t, (char)('0' + number / place % 10));
}

static char hex_digit(unsigned value)
{
	return "0123456789abcdef"[value & 0xf];
}

static void put_hex(struct text *t, uint16_t number)
{
	for (int shift = 12; shift >= 0; shift -= 4)
		put(t, hex_digit((unsigned)number >> shift));
}

/* ---- Extensions ---- */

/* The contents of an extension; false where the hello has none. */
static bool find_extension(struct cursor block, uint16_t wanted, struct cursor *contents)
{
	struct cursor data;
	uint16_t type;

	while (cursor_u16(&block, &type) && cursor_vector16(&block, &data)) {
		if (type == wanted) {
			*contents = data;
			return true;
		}
	}
	return false;
}

/* The list of two-byte numbers that such an extension is; empty without it. */
static struct cursor find_list(const struct tls_client_hello *hello, uint16_t type)
{
	struct cursor contents, list = {.left = 0};

	if (!find_extension(hello->extensions, type, &contents) ||
	    !cursor_vector16(&contents, &list))
		return cursor_over(NULL, 0);
	return list;
}

/* ---- JA3, JA3S ---- */

static void put_decimals(struct text *t, struct cursor numbers)
{
	bool first = true;
	uint16_t number;

	while (text_fits(t) && cursor_u16(&numbers, &number)) {
		if (tls_is_grease(number))
			continue;
		if (!first)
			put(t, '-');
		put_decimal(t, number);
		first = false;
	}
}

static void put_extension_types(struct text *t, struct cursor block)
{
	struct cursor data;
	bool first = true;
	uint16_t type;

	while (text_fits(t) && cursor_u16(&block, &type) && cursor_vector16(&block, &data)) {
		if (tls_is_grease(type))
			continue;
		if (!first)
			put(t, '-');
		put_decimal(t, type);
		first = false;
	}
}

static void put_point_formats(struct text *t, const struct tls_client_hello *hello)
{
	struct cursor contents, formats;
	bool first = true;
	uint8_t format;

	if (!find_extension(hello->extensions, EXTENSION_POINT_FORMATS, &contents) ||
	    !cursor_vector8(&contents, &formats))
		return;
	for (; text_fits(t) && cursor_u8(&formats, &format); first = false) {
		if (!first)
			put(t, '-');
		put_decimal(t, format);
	}
}

bool fingerprint_ja3(const struct tls_client_hello *hello, char text[FINGERPRINT_TEXT_MAX])
{
	struct text t = text_begin(text);

	put_decimal(&t, hello->legacy_version);
	put(&t, ',');
	put_decimals(&t, hello->cipher_suites);
	put(&t, ',');
	put_extension_types(&t, hello->extensions);
	put(&t, ',');
	put_decimals(&t, find_list(hello, EXTENSION_GROUPS));
	put(&t, ',');
	put_point_formats(&t, hello);
	return text_fits(&t);
}

bool fingerprint_ja3s(const struct tls_server_hello *hello, char text[FINGERPRINT_TEXT_MAX])
{
	struct text t = text_begin(text);

	put_decimal(&t, hello->legacy_version);
	put(&t, ',');
	put_decimal(&t, hello->cipher_suite);
	put(&t, ',');
	put_extension_types(&t, hello->extensions);
	return text_fits(&t);
}

/* ---- JA4 ---- */

struct list {
	uint16_t numbers[FINGERPRINT_LIST_MAX];
	size_t count; /* FINGERPRINT_LIST_MAX + 1: too many */
};

/* Keeps it sorted: most lists are short, and most of them nearly so. */
static void list_insert(struct list *l, uint16_t number)
{
	size_t at = l->count;

	if (tls_is_grease(number) || l->count > FINGERPRINT_LIST_MAX)
		return;
	if (l->count++ == FINGERPRINT_LIST_MAX)
		return;
	for (; at > 0 && l->numbers[at - 1] > number; at--)
		l->numbers[at] = l->numbers[at - 1];
	l->numbers[at] = number;
}

static void put_list(struct text *t, const struct list *l)
{
	for (size_t i = 0; i < l->count; i++) {
		if (i > 0)
			put(t, ',');
		put_hex(t, l->numbers[i]);
	}
}

static const char *version_letters(uint16_t version)
{
	static const struct {
		uint16_t version;
		char letters[3];
	} versions[] = {{TLS_VERSION_13, "13"}, {TLS_VERSION_12, "12"}, {TLS_VERSION_11, "11"},
	    {TLS_VERSION_10, "10"}, {TLS_VERSION_SSL3, "s3"}, {TLS_VERSION_SSL2, "s2"}};

	for (size_t i = 0; i < COUNT(versions); i++) {
		if (versions[i].version == version)
			return versions[i].letters;
	}
	return "00";
}

/* The highest offered, also one that nobody knows. */
static uint16_t highest_version(const struct tls_client_hello *hello)
{
	struct cursor contents, list;
	uint16_t version, highest = 0;

	if (!find_extension(hello->extensions, EXTENSION_SUPPORTED_VERSIONS, &contents) ||
	    !cursor_vector8(&contents, &list))
		return hello->legacy_version;
	while (cursor_u16(&list, &version)) {
		if (!tls_is_grease(version) && version > highest)
			highest = version;
	}
	return highest;
}

static bool is_alphanumeric(uint8_t b)
{
	return (b >= '0' && b <= '9') || (b >= 'A' && b <= 'Z') || (b >= 'a' && b <= 'z');
}

/* First and last character of the first protocol's name; of its hex digits where one of them is
 * none. */
static void alpn_letters(const struct tls_client_hello *hello, char letters[2])
{
	struct cursor list = hello->alpn, name;
	uint8_t first, last;

	letters[0] = letters[1] = '0';
	if (!cursor_vector8(&list, &name) || !cursor_peek(&name, 0, &first) ||
	    !cursor_peek(&name, name.left - 1, &last))
		return;
	if (is_alphanumeric(first) && is_alphanumeric(last)) {
		letters[0] = (char)first;
		letters[1] = (char)last;
	} else {
		letters[0] = hex_digit(first >> 4);
		letters[1] = hex_digit(last);
	}
}

static void put_count(char to[2], size_t count)
{
	count = count > 99 ? 99 : count;
	to[0] = (char)('0' + count / 10);
	to[1] = (char)('0' + count % 10);
}

static void put_signature_algorithms(struct text *t, const struct tls_client_hello *hello)
{
	struct cursor list = find_list(hello, EXTENSION_SIGNATURE_ALGORITHMS);
	char before = '_';
	uint16_t number;

	while (text_fits(t) && cursor_u16(&list, &number)) {
		if (tls_is_grease(number))
			continue;
		put(t, before);
		put_hex(t, number);
		before = ',';
	}
}

bool fingerprint_ja4(const struct tls_client_hello *hello, struct fingerprint_ja4 *ja4)
{
	struct list suites = {.count = 0}, extensions = {.count = 0};
	struct text suites_text = text_begin(ja4->suites);
	struct text extensions_text = text_begin(ja4->extensions);
	struct cursor numbers = hello->cipher_suites, block = hello->extensions, data;
	size_t extension_count = 0;
	bool named = false;
	uint16_t number;

	while (cursor_u16(&numbers, &number))
		list_insert(&suites, number);
	while (cursor_u16(&block, &number) && cursor_vector16(&block, &data)) {
		extension_count += !tls_is_grease(number);
		named = named || number == EXTENSION_SERVER_NAME;
		if (number != EXTENSION_SERVER_NAME && number != EXTENSION_ALPN)
			list_insert(&extensions, number);
	}
	if (suites.count > FINGERPRINT_LIST_MAX || extensions.count > FINGERPRINT_LIST_MAX)
		return false;
	ja4->head[0] = 't';
	memcpy(ja4->head + 1, version_letters(highest_version(hello)), 2);
	ja4->head[3] = named ? 'd' : 'i';
	put_count(ja4->head + 4, suites.count);
	put_count(ja4->head + 6, extension_count);
	alpn_letters(hello, ja4->head + 8);
	ja4->head[FINGERPRINT_JA4_HEAD - 1] = '\0';
	put_list(&suites_text, &suites);
	put_list(&extensions_text, &extensions);
	if (extensions.count > 0)
		put_signature_algorithms(&extensions_text, hello);
	return text_fits(&suites_text) && text_fits(&extensions_text);
}
