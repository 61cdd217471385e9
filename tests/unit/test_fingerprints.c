/*
 * JA3, JA3S and JA4 against the vectors that their authors published, GREASE, bounds, and the cache
 * in front of them. tests/e2e/captures.py holds real hellos against other programs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../parsers/fingerprint.h"
#include "../../sensor/fingerprints.h"
#include "../../sensor/record.h"

#define HELLO_MAX 16384

struct hello {
	uint8_t bytes[HELLO_MAX];
	size_t length, extensions_at; /* where their length stands */
};

static void put(struct hello *h, const void *bytes, size_t length)
{
	assert_true(h->length + length <= HELLO_MAX);
	memcpy(h->bytes + h->length, bytes, length);
	h->length += length;
}

static void put_u16(struct hello *h, unsigned n)
{
	uint8_t bytes[] = {(uint8_t)(n >> 8), (uint8_t)n};

	put(h, bytes, 2);
}

/* "1301 c02b": two bytes each. */
static void put_hex(struct hello *h, const char *hex)
{
	for (; *hex != '\0'; hex += hex[4] == '\0' ? 4 : 5)
		put_u16(h, (unsigned)strtoul(hex, NULL, 16));
}

static size_t numbers(const char *hex)
{
	return (strlen(hex) + 1) / 5;
}

static void begin(struct hello *h, unsigned version, const char *suites)
{
	static const uint8_t random_and_id[33] = {1, 2, 3};

	h->length = 0;
	put_u16(h, version);
	put(h, random_and_id, sizeof(random_and_id));
	put_u16(h, (unsigned)(2 * numbers(suites)));
	put_hex(h, suites);
	put(h, "\1\0", 2);
	h->extensions_at = h->length;
}

static void add_bytes(struct hello *h, unsigned type, const void *contents, size_t length)
{
	size_t all;

	if (h->length == h->extensions_at)
		put_u16(h, 0);
	put_u16(h, type);
	put_u16(h, (unsigned)length);
	put(h, contents, length);
	all = h->length - h->extensions_at - 2;
	h->bytes[h->extensions_at] = (uint8_t)(all >> 8);
	h->bytes[h->extensions_at + 1] = (uint8_t)all;
}

/* An extension that is a list of two-byte numbers, behind a length of one or two bytes. */
static void add_list(struct hello *h, unsigned type, unsigned prefix, const char *list)
{
	struct hello contents = {.length = 0};

	if (prefix == 1)
		put(&contents, &(uint8_t){(uint8_t)(2 * numbers(list))}, 1);
	else
		put_u16(&contents, (unsigned)(2 * numbers(list)));
	put_hex(&contents, list);
	add_bytes(h, type, contents.bytes, contents.length);
}

/* Those whose contents do not count. */
static void add_empty(struct hello *h, const char *types)
{
	for (; *types != '\0'; types += types[4] == '\0' ? 4 : 5)
		add_bytes(h, (unsigned)strtoul(types, NULL, 16), "", 0);
}

static void add_name(struct hello *h)
{
	add_bytes(h, 0, "\0\13\0\0\10mail.org", 13);
}

static void add_alpn(struct hello *h, const char *first, size_t length)
{
	struct hello contents = {.length = 0};

	put_u16(&contents, (unsigned)(1 + length + 3));
	put(&contents, &(uint8_t){(uint8_t)length}, 1);
	put(&contents, first, length);
	put(&contents, "\2zz", 3);
	add_bytes(h, 16, contents.bytes, contents.length);
}

static struct tls_client_hello parsed(const struct hello *h)
{
	struct tls_client_hello hello;

	assert_int_equal(tls_client_hello_parse(cursor_over(h->bytes, h->length), &hello), 0);
	return hello;
}

static void is_client(const struct hello *h, const char *ja3_text, const char *ja3, const char *ja4)
{
	struct tls_client_hello hello = parsed(h);
	struct fingerprints *f = fingerprints_new();
	struct client_fingerprint got;
	char text[FINGERPRINT_TEXT_MAX], hex[2 * DIGEST_MD5_SIZE + 1];

	assert_non_null(f);
	assert_true(fingerprint_ja3(&hello, text));
	assert_string_equal(text, ja3_text);
	for (int again = 0; again < 2; again++) { /* the second time from the cache */
		fingerprints_client(f, &hello, &got);
		if (ja3 != NULL)
			assert_string_equal(hash_format(got.ja3, sizeof(got.ja3), hex), ja3);
		if (ja4 != NULL)
			assert_string_equal(got.ja4, ja4);
	}
	fingerprints_free(f);
}

/* The README of github.com/salesforce/ja3. */
static void ja3_as_published(void **state)
{
	struct hello h;

	(void)state;
	begin(&h, 0x0301, "002f 0035 0005 000a c009 c00a c013 c014 0032 0038 0013 0004");
	add_name(&h);
	add_list(&h, 10, 2, "0017 0018 0019");
	add_bytes(&h, 11, "\1\0", 2);
	is_client(&h, "769,47-53-5-10-49161-49162-49171-49172-50-56-19-4,0-10-11,23-24-25,0",
	    "ada70206e40642a3e4461f35503241d5", NULL);
	begin(&h, 0x0301, "0004 0005 000a 0009 0064 0062 0003 0006 0013 0012 0063");
	is_client(
	    &h, "769,4-5-10-9-100-98-3-6-19-18-99,,,", "de350869b8c85de67a350c8d186f11e6", NULL);
}

/* technical_details/JA4.md of github.com/FoxIO-LLC/ja4, with GREASE strewn in. */
static void ja4_hello(struct hello *h, bool grease, bool signatures)
{
	begin(h, 0x0303,
	    grease ? "0a0a 1301 1302 1303 c02b c02f c02c c030 cca9 cca8 c013 c014 009c 009d 002f "
		     "0035 fafa"
		   : "1301 1302 1303 c02b c02f c02c c030 cca9 cca8 c013 c014 009c 009d 002f 0035");
	if (grease)
		add_empty(h, "caca");
	add_empty(h, "001b");
	add_name(h);
	add_empty(h, "0033");
	add_alpn(h, "h2", 2);
	add_empty(h, "4469 0017 002d");
	add_list(h, 13, 2,
	    !signatures ? ""
	    : grease	? "2a2a 0403 0804 0401 0503 0805 0501 0806 0601"
			: "0403 0804 0401 0503 0805 0501 0806 0601");
	add_empty(h, "0005 0023 0012");
	add_list(h, 43, 1, grease ? "7a7a 0304 0303" : "0304 0303");
	add_empty(h, "ff01");
	add_bytes(h, 11, "\1\0", 2);
	add_list(h, 10, 2, grease ? "9a9a 001d 0017" : "001d 0017");
	add_empty(h, grease ? "0015 dada" : "0015");
}

static const char ja4_example_ja3[] =
    "771,4865-4866-4867-49195-49199-49196-49200-52393-52392-49171-49172-156-157-47-53,27-0-51-16-"
    "17513-23-45-13-5-35-18-43-65281-11-10-21,29-23,0";

static void ja4_as_published(void **state)
{
	struct hello h;

	(void)state;
	for (int grease = 0; grease < 2; grease++) {
		ja4_hello(&h, grease != 0, true);
		is_client(&h, ja4_example_ja3, NULL, "t13d1516h2_8daaf6152771_e5627efa2ab1");
		ja4_hello(&h, grease != 0, false);
		is_client(&h, ja4_example_ja3, NULL, "t13d1516h2_8daaf6152771_6d807ffa2a79");
	}
}

static void ja4_head(const struct hello *h, const char *head)
{
	struct tls_client_hello hello = parsed(h);
	static struct fingerprint_ja4 ja4;

	assert_true(fingerprint_ja4(&hello, &ja4));
	assert_string_equal(ja4.head, head);
}

static void ja4_alpn(void **state)
{
	/* JA4.md, "ALPN Extension Value" */
	static const struct {
		const char *name, *head;
	} rows[] = {{"h2", "t12i0101h2"}, {"http/1.1", "t12i0101h1"}, {"x", "t12i0101xx"},
	    {"\xab", "t12i0101ab"}, {" ", "t12i010120"}, {"\xab\xcd", "t12i0101ad"},
	    {" a", "t12i010121"}, {"0\xab", "t12i01013b"}, {"a ", "t12i010160"},
	    {"01\xab\xcd", "t12i01013d"},
	    {"0\xab\xcd"
	     "1",
		"t12i010101"}};
	struct hello h;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin(&h, 0x0303, "002f");
		add_alpn(&h, rows[i].name, strlen(rows[i].name));
		ja4_head(&h, rows[i].head);
	}
}

static void ja4_version(void **state)
{
	static const struct {
		unsigned legacy;
		const char *supported, *head;
	} rows[] = {{0x0300, "", "ts3i010000"}, {0x0301, "", "t10i010000"},
	    {0x0302, "", "t11i010000"}, {0x0303, "", "t12i010000"},
	    {0x0303, "0304 0303 0302 0301", "t13i010100"}, {0x0303, "fafa 0303", "t12i010100"},
	    {0x0303, "7f1c 0303", "t00i010100"}, {0x0304, "", "t13i010000"}};
	struct hello h;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin(&h, rows[i].legacy, "002f");
		if (rows[i].supported[0] != '\0')
			add_list(&h, 43, 1, rows[i].supported);
		ja4_head(&h, rows[i].head);
	}
}

/* Empty parts are zeroes; what only names and protocols fill, too. */
static void ja4_of_nothing(void **state)
{
	struct hello h;

	(void)state;
	begin(&h, 0x0301, "0a0a");
	is_client(&h, "769,,,,", NULL, "t10i000000_000000000000_000000000000");
	add_name(&h);
	is_client(&h, "769,,0,,", NULL, "t10d000100_000000000000_000000000000");
}

/* More than any client says: no fingerprint, and none of another hello. */
static void too_much(void **state)
{
	struct fingerprints *f = fingerprints_new();
	struct client_fingerprint got;
	struct tls_client_hello hello;
	struct hello h;
	char suites[5 * 1200 + 1] = "", type[8];
	uint8_t zero[DIGEST_MD5_SIZE] = {0};

	(void)state;
	assert_non_null(f);
	for (unsigned count = 0; count < 1200; count++)
		snprintf(suites + 5 * count, 6, "%04x ", 0x1000 + count * 3);
	for (size_t count = 1; count <= 1200; count += count < 20 ? 1 : 97) {
		char some[sizeof(suites)];

		memcpy(some, suites, 5 * count - 1);
		some[5 * count - 1] = '\0';
		begin(&h, 0x0303, some);
		hello = parsed(&h);
		memset(&got, 0xff, sizeof(got));
		fingerprints_client(f, &hello, &got);
		if (count <= 440 || count <= FINGERPRINT_LIST_MAX) { /* a scanner offers 440 */
			assert_memory_not_equal(got.ja3, zero, sizeof(zero));
			assert_int_equal(strlen(got.ja4), JA4_SIZE - 1);
		}
		if (count > FINGERPRINT_TEXT_MAX / 5) {
			assert_memory_equal(got.ja3, zero, sizeof(zero));
			assert_string_equal(got.ja4, "");
		}
	}
	begin(&h, 0x0303, "002f");
	for (unsigned i = 0; i < 1100; i++) {
		snprintf(type, sizeof(type), "%04x", 0x2000 + i);
		add_empty(&h, type);
	}
	hello = parsed(&h);
	fingerprints_client(f, &hello, &got);
	assert_memory_equal(got.ja3, zero, sizeof(zero));
	assert_string_equal(got.ja4, "");
	fingerprints_free(f);
}

/* Whatever the fingerprints depend on changes the key; what they do not, does not. */
static void keys(void **state)
{
	uint8_t key[FINGERPRINT_KEY_MAX], other[FINGERPRINT_KEY_MAX];
	struct tls_client_hello hello;
	struct hello h;
	size_t length, same;

	(void)state;
	ja4_hello(&h, false, true);
	hello = parsed(&h);
	length = fingerprint_client_key(&hello, key);
	assert_true(length > 0);
	h.bytes[5] ^= 1; /* the random */
	hello = parsed(&h);
	same = fingerprint_client_key(&hello, other);
	assert_int_equal(same, length);
	assert_memory_equal(key, other, length);
	for (int at = 0; at < 30; at++) { /* a bit of a suite */
		h.bytes[2 + 33 + 2 + at] ^= 1;
		hello = parsed(&h);
		assert_int_equal(fingerprint_client_key(&hello, other), length);
		assert_memory_not_equal(key, other, length);
		h.bytes[2 + 33 + 2 + at] ^= 1;
	}
}

/* The example with which JA3S was published, and a hello without extensions. */
static void ja3s(void **state)
{
	static const uint8_t start[2 + 33] = {3, 1, 1, 2, 3};
	struct fingerprints *f = fingerprints_new();
	struct tls_server_hello hello;
	uint8_t md5[DIGEST_MD5_SIZE];
	char text[FINGERPRINT_TEXT_MAX], hex[2 * DIGEST_MD5_SIZE + 1];
	struct hello h = {.length = 0};

	(void)state;
	assert_non_null(f);
	put(&h, start, sizeof(start));
	put(&h, "\0\57\0", 3);
	assert_int_equal(tls_server_hello_parse(cursor_over(h.bytes, h.length), &hello), 0);
	assert_true(fingerprint_ja3s(&hello, text));
	assert_string_equal(text, "769,47,");
	h.extensions_at = h.length;
	add_bytes(&h, 65281, "\0", 1);
	add_empty(&h, "0000");
	add_bytes(&h, 11, "\1\0", 2);
	add_empty(&h, "0023 0005");
	add_bytes(&h, 16, "\0\3\2h2", 5);
	assert_int_equal(tls_server_hello_parse(cursor_over(h.bytes, h.length), &hello), 0);
	assert_true(fingerprint_ja3s(&hello, text));
	assert_string_equal(text, "769,47,65281-0-11-35-5-16");
	for (int again = 0; again < 2; again++) {
		fingerprints_server(f, &hello, md5);
		assert_string_equal(
		    hash_format(md5, sizeof(md5), hex), "836ce314215654b5b1f85f97c73e506f");
	}
	fingerprints_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ja3_as_published),
	    cmocka_unit_test(ja4_as_published),
	    cmocka_unit_test(ja4_alpn),
	    cmocka_unit_test(ja4_version),
	    cmocka_unit_test(ja4_of_nothing),
	    cmocka_unit_test(too_much),
	    cmocka_unit_test(keys),
	    cmocka_unit_test(ja3s),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
