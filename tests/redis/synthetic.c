/* Made-up records. */
#include "synthetic.h"

#include <string.h>

#include "../../parsers/tls_hello.h"

#define START_NS 1772323200000000000u /* 2026-03-01 00:00 UTC */
#define STEP_NS	 1000000000u	      /* a session a second */

static uint64_t mix(uint64_t n)
{
	n = (n ^ n >> 30) * 0xbf58476d1ce4e5b9u;
	n = (n ^ n >> 27) * 0x94d049bb133111ebu;
	return n ^ n >> 31;
}

static void address_make(uint8_t network, uint64_t number, struct frame_address *address)
{
	memset(address, 0, sizeof(*address));
	if (number % 5 == 4) { /* 2001:db8:: */
		memcpy(address->bytes, "\x20\x01\x0d\xb8", 4);
		address->bytes[4] = network;
	} else {
		address->bytes[10] = address->bytes[11] = 0xff;
		address->bytes[12] = network;
	}
	address->bytes[13] = (uint8_t)(number >> 16);
	address->bytes[14] = (uint8_t)(number >> 8);
	address->bytes[15] = (uint8_t)number;
}

void synthetic_server(uint64_t server, struct frame_address *address)
{
	address_make(10, server, address);
}

void synthetic_client(uint64_t client, struct frame_address *address)
{
	address_make(11, client, address);
}

static void make_tls(struct record *r, uint64_t dice)
{
	static const uint16_t ciphers[] = {
	    0x002f, 0xc02f, 0xc030, 0x1301, 0x1302, 0x009e, 0xfe01, 0xfe02};
	static const uint8_t sides[] = {
	    LEGACY_CLIENT, LEGACY_SERVER, LEGACY_UNKNOWN, LEGACY_DOWNGRADE};

	r->outcome = OUTCOME_TLS;
	r->tls_version = (uint16_t)(TLS_VERSION_10 + dice % 4);
	r->client_max_version = TLS_VERSION_13;
	r->cipher_suite = ciphers[dice >> 8 & 7];
	r->legacy_side = r->tls_version < TLS_VERSION_12 ? sides[dice >> 16 & 3] : LEGACY_NONE;
	r->established = RECORD_TRUE;
	strcpy(r->history, "bErSs:CSXKnGIFif");
}

/* Every second such session is a fallback, every second one stripped: not the same ones */
static void make_trouble(struct record *r, uint64_t dice)
{
	if (dice & 2) {
		r->fallback = RECORD_TRUE;
		r->fallback_from_ns = r->fallback_to_ns = r->start_ns;
		r->starttls_reply = 454;
	}
	if (dice & 4) {
		r->stripping = RECORD_TRUE;
		r->stripping_reason = STRIPPING_MASKED;
	}
	r->starttls_injected = dice & 8 ? RECORD_TRUE : RECORD_FALSE;
}

void synthetic_record(const struct synthetic *shape, uint64_t index, struct record *r)
{
	uint64_t dice = mix(index), pair = index % shape->pairs;

	record_init(r);
	r->start_ns = START_NS + index * STEP_NS;
	synthetic_server(pair % shape->servers, &r->server_ip);
	synthetic_client(pair / shape->servers, &r->client_ip);
	r->server_port = 25;
	r->client_port = (uint16_t)(1024 + index % 60000);
	r->starttls_offered = RECORD_TRUE;
	if ((dice >> 24) % 7 != 0) {
		make_tls(r, dice);
	} else {
		r->outcome = dice & 1 ? OUTCOME_STARTTLS_NOT_OFFERED : OUTCOME_NOT_SMTP;
		r->starttls_offered = RECORD_FALSE;
		r->plaintext_mail = dice & 1 ? RECORD_TRUE : RECORD_ABSENT;
		make_trouble(r, dice);
	}
	record_set_text(r, &r->banner, "mx.example.net ESMTP Postfix");
	record_set_text(r, &r->helo, "out.example.org");
	record_set_text(r, &r->software, "Postfix");
	record_set_text(r, &r->server_name, "mx.example.net");
}
