/* Records of chance. */
#include "random_record.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "../../parsers/tls_hello.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static uint32_t seed = 1;

uint32_t chance(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % below;
}

static uint16_t one_of(const uint16_t *from, size_t count)
{
	return from[chance((uint32_t)count)];
}

static void random_text(struct record *r, uint16_t *field)
{
	static const char *const texts[] = {"mx.example.net", "MX.Example.NET.",
	    "a.b.example.co.uk", "example.net", "badexample.net", "[192.0.2.1]", "localhost", "x",
	    "mx ESMTP Postfix", "192.0.2.1", "\xc3\xa4"};

	if (chance(3) > 0)
		record_set_text(r, field, texts[chance(COUNT(texts))]);
}

static void random_address(struct frame_address *a)
{
	static const char *const texts[] = {"192.0.2.25", "192.0.2.26", "198.51.100.1", "10.1.2.3",
	    "2001:db8::1", "2001:db8:8000::1", "::1", "203.0.113.255"};

	assert_true(address_parse(texts[chance(COUNT(texts))], a));
}

/* Around the sessions' own times, and at the ends of what there is. */
static uint64_t random_date(void)
{
	switch (chance(5)) {
	case 0:
		return 0;
	case 1:
		return record_date(-631152000); /* 1950 */
	case 2:
		return record_date(INT64_C(253402300799)); /* 9999 */
	default:
		return record_date(INT64_C(1772323200) + chance(2000000));
	}
}

static void random_words(struct record *r, uint16_t *field)
{
	static const char *const words[] = {
	    "mx.example.net", "*.example.org a.b.example.co.uk", "192.0.2.1 2001:db8::1 ..."};

	if (chance(3) > 0)
		record_set_words(r, field, words[chance(COUNT(words))]);
}

void random_record(struct record *r)
{
	static const uint16_t versions[] = {0, 0, TLS_VERSION_SSL2, TLS_VERSION_SSL3,
	    TLS_VERSION_10, TLS_VERSION_11, TLS_VERSION_12, TLS_VERSION_13, 0x7f1c};
	static const uint16_t ciphers[] = {
	    0x0005, 0x0000, 0x1301, 0xc02f, 0x002f, 0xabcd, 0x000a, 0xc0aa};
	static const uint16_t groups[] = {0, 29, 23, 1, 0x100, 0xfefe};
	static const uint16_t sizes[] = {0, 512, 1024, 2048, 4096};

	record_init(r);
	r->start_ns = UINT64_C(1772323200000000000) + chance(1000000) * UINT64_C(1000000000);
	r->duration_ns = chance(3) * UINT64_C(50000000000);
	random_address(&r->client_ip);
	random_address(&r->server_ip);
	r->server_port = (uint16_t)(chance(2) == 0 ? 25 : 587);
	r->client_port = (uint16_t)chance(65536);
	r->starttls_reply = (uint16_t)(chance(2) * 220);
	r->tls_version = one_of(versions, COUNT(versions));
	r->client_min_version = one_of(versions, COUNT(versions));
	r->client_max_version = one_of(versions, COUNT(versions));
	r->cipher_suite = one_of(ciphers, COUNT(ciphers));
	r->group = one_of(groups, COUNT(groups));
	r->dh_bits = one_of(sizes, COUNT(sizes));
	r->server_not_before = random_date();
	r->server_not_after = random_date();
	r->server_key_bits = one_of(sizes, COUNT(sizes));
	r->server_key_type = (uint8_t)chance(4);
	r->server_chain_length = (uint8_t)chance(3);
	r->self_signed = (uint8_t)chance(3);
	r->tunnel = (uint8_t)chance(3);
	r->capabilities = chance(3) == 0 ? 0 : chance(1u << 20);
	r->starttls_offered = (uint8_t)chance(3);
	r->starttls_requested = (uint8_t)chance(3);
	r->plaintext_mail = (uint8_t)chance(3);
	r->established = (uint8_t)chance(3);
	r->resumed = (uint8_t)chance(3);
	r->fallback_scsv = (uint8_t)chance(3);
	r->sentinel = (uint8_t)chance(3);
	r->alert_side = (uint8_t)chance(3);
	r->alert_level = (uint8_t)chance(3);
	r->alert_code = (uint8_t)(chance(2) == 0 ? 70 : chance(256));
	r->outcome = (uint8_t)chance(OUTCOMES);
	r->legacy_side = (uint8_t)chance(LEGACY_SIDES);
	r->confidence = (uint8_t)chance(CONFIDENCES);
	snprintf(r->history, sizeof(r->history), "%s", chance(2) == 0 ? "" : "bErSs:CSX");
	random_text(r, &r->banner);
	random_text(r, &r->helo);
	random_text(r, &r->software);
	random_text(r, &r->server_name);
	random_text(r, &r->protocol);
	random_text(r, &r->server_subject);
	random_words(r, &r->server_names);
}
