/*
 * What handshake messages say: hellos, ServerKeyExchange by the kind of its cipher suite (RFC 5246
 * section 7.4.3, RFC 8422 section 5.4, RFC 4279 and RFC 5489 with PSK), and those that tell all by
 * being there.
 */
#include "tls_messages.h"

#include <string.h>

#include "tls_names.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

void tls_message_note_letter(struct tls_handshake *h, enum side side, char letter)
{
	char *end = h->facts.history + h->history_length;
	char event = side == SIDE_CLIENT ? letter : (char)(letter - 'A' + 'a');

	if ((letter == 'D' || letter == 'F') && h->history_length > 0 && end[-1] == event)
		return;
	if (h->history_length + 1 < TLS_HISTORY_MAX) {
		end[0] = event;
		end[1] = '\0';
		h->history_length++;
	}
}

static void copy_printable(char *to, size_t size, struct cursor from)
{
	char *end = to + (from.left < size ? from.left : size - 1);

	*end = '\0';
	if (from.left == 0 || !cursor_copy(&from, to, (size_t)(end - to)))
		return;
	for (; to < end; to++)
		if (*to <= 0x20 || *to >= 0x7f)
			*to = '?';
}

/* Messages that are read whole. */

static void hand_certificate_over(struct tls_handshake *h, struct cursor leaf, unsigned count)
{
	h->handover->kind = TLS_HANDOVER_CERTIFICATES;
	h->handover->chain_length = (uint8_t)(count > UINT8_MAX ? UINT8_MAX : count);
	h->handover->leaf = leaf;
}

static void note_client_hello(struct tls_handshake *h, const struct tls_client_hello *hello)
{
	tls_message_note_letter(h, SIDE_CLIENT, 'C');
	h->early_data = hello->has_early_data;
	if (tls_saw(h, TLS_SAW_CLIENT_HELLO))
		return; /* the second, after a HelloRetryRequest, offers no more than the first */
	tls_note(h, TLS_SAW_CLIENT_HELLO | (hello->fallback_scsv ? TLS_FALLBACK_SCSV : 0u) |
			(hello->has_session_ticket ? TLS_TICKET_OFFERED : 0u));
	h->facts.client_legacy_version = hello->legacy_version;
	h->facts.client_max_version = hello->max_version;
	h->facts.client_min_version = hello->min_version;
	copy_printable(h->facts.server_name, sizeof(h->facts.server_name), hello->server_name);
}

static int read_client_hello(struct tls_handshake *h, enum side side, struct cursor body)
{
	struct tls_client_hello *hello = &h->handover->client;
	int result = tls_client_hello_parse(body, hello);
	bool first = !tls_saw(h, TLS_SAW_CLIENT_HELLO);

	/* Behind a gap it may be none at all. */
	if (result == RESULT_OK || (hello->usable && !h->side[side].gapped))
		note_client_hello(h, hello);
	if (result == RESULT_OK && first)
		h->handover->kind = TLS_HANDOVER_CLIENT_HELLO;
	return result;
}

/* The prime of a finite-field group has the size in its name (RFC 7919); 0 for others. */
static uint16_t finite_field_bits(uint16_t group)
{
	static const uint16_t bits[] = {2048, 3072, 4096, 6144, 8192}; /* ffdhe2048 is 0x0100 */

	return group >> 8 == 1 && (group & 0xff) < COUNT(bits) ? bits[group & 0xff] : 0;
}

static void note_server_hello(struct tls_handshake *h, const struct tls_server_hello *hello)
{
	tls_message_note_letter(h, SIDE_SERVER, hello->retry ? 'J' : 'S');
	if (hello->retry) {
		tls_note(h, TLS_SAW_RETRY);
		return;
	}
	if (tls_saw(h, TLS_SAW_SERVER_HELLO))
		return;
	tls_note(h, TLS_SAW_SERVER_HELLO);
	h->facts.version = hello->version;
	h->facts.cipher_suite = hello->cipher_suite;
	h->facts.group = hello->group;
	h->facts.dh_bits = finite_field_bits(hello->group);
	h->facts.sentinel = hello->sentinel;
	copy_printable(h->facts.next_protocol, sizeof(h->facts.next_protocol), hello->alpn);
	if (hello->version == TLS_VERSION_13)
		tls_note(h, hello->psk_selected ? TLS_RESUMED : TLS_NOT_RESUMED);
	tls_note(h, (hello->server_raw_key ? TLS_RAW_KEY_SERVER : 0u) |
			(hello->client_raw_key ? TLS_RAW_KEY_CLIENT : 0u));
	if (hello->version != TLS_VERSION_SSL2)
		h->handover->kind = TLS_HANDOVER_SERVER_HELLO;
}

static int read_server_hello(struct tls_handshake *h, enum side side, struct cursor body)
{
	struct tls_server_hello *hello = &h->handover->server;
	int result = tls_server_hello_parse(body, hello);

	(void)side;
	if (result == RESULT_OK)
		note_server_hello(h, hello);
	return result;
}

/* The sender's own certificate comes first (RFC 5246 section 7.4.2). */
static int read_certificates(struct tls_handshake *h, enum side side, struct cursor body)
{
	uint32_t raw_key = side == SIDE_SERVER ? TLS_RAW_KEY_SERVER : TLS_RAW_KEY_CLIENT;
	struct cursor list, leaf = {.left = 0}, certificate;
	unsigned count = 0;

	if (tls_saw(h, raw_key) || tls_is_13(h))
		return RESULT_OK;
	if (!cursor_vector24(&body, &list) || body.left > 0)
		return RESULT_BAD_LENGTH;
	for (; list.left > 0; count++) {
		if (!cursor_vector24(&list, &certificate) || certificate.left == 0)
			return RESULT_BAD_LENGTH;
		if (count == 0)
			leaf = certificate;
	}
	if (count > 0)
		hand_certificate_over(h, leaf, count);
	return RESULT_OK;
}

/* ServerKeyExchange has no type of its own: the cipher suite says what is in it. */
enum key_exchange { KEY_EXCHANGE_OTHER, KEY_EXCHANGE_DH, KEY_EXCHANGE_ECDH };

static const struct key_exchange_kind {
	const char *prefix; /* of the cipher suite's name, behind "TLS_" */
	uint8_t kind;
	bool hint; /* a PSK identity hint comes first (RFC 4279, RFC 5489) */
} key_exchange_kinds[] = {
    {"ECDHE_PSK_", KEY_EXCHANGE_ECDH, true},
    {"ECDHE_", KEY_EXCHANGE_ECDH, false},
    {"ECDH_anon_", KEY_EXCHANGE_ECDH, false},
    {"DHE_PSK_", KEY_EXCHANGE_DH, true},
    {"PSK_DHE_", KEY_EXCHANGE_DH, true},
    {"DHE_", KEY_EXCHANGE_DH, false},
    {"DH_anon_", KEY_EXCHANGE_DH, false},
};

static bool begins_with(const char *text, const char *prefix)
{
	while (*prefix != '\0' && *text == *prefix) {
		text++;
		prefix++;
	}
	return *prefix == '\0';
}

static const struct key_exchange_kind *key_exchange_of(uint16_t cipher_suite)
{
	const char *name = tls_cipher_suite_name(cipher_suite);
	const struct key_exchange_kind *kind = key_exchange_kinds;

	if (name == NULL)
		return NULL;
	for (size_t i = 0; i < sizeof(key_exchange_kinds) / sizeof(*kind); i++, kind++) {
		if (begins_with(name + strlen("TLS_"), kind->prefix))
			return kind;
	}
	return NULL;
}

static int read_ecdh_parameters(struct tls_handshake *h, struct cursor body)
{
	enum { EXPLICIT_PRIME = 1, EXPLICIT_CHAR2 = 2, NAMED_CURVE = 3 };
	struct cursor point;
	uint8_t type;
	uint16_t group;

	if (!cursor_u8(&body, &type))
		return RESULT_BAD_LENGTH;
	if (type == EXPLICIT_PRIME || type == EXPLICIT_CHAR2) {
		h->facts.group = (uint16_t)(0xff00 + type); /* as supported_groups calls them */
		return RESULT_OK;
	}
	if (type != NAMED_CURVE)
		return RESULT_BAD_VALUE;
	if (!cursor_u16(&body, &group) || !cursor_vector8(&body, &point) || point.left == 0)
		return RESULT_BAD_LENGTH;
	h->facts.group = group;
	return RESULT_OK;
}

static uint16_t bit_length(struct cursor number)
{
	size_t bits;
	uint8_t top = 0;

	while (top == 0 && cursor_u8(&number, &top))
		;
	bits = 8 * number.left;
	for (; top != 0; top >>= 1)
		bits++;
	return bits > UINT16_MAX ? UINT16_MAX : (uint16_t)bits;
}

static int read_dh_parameters(struct tls_handshake *h, struct cursor body)
{
	struct cursor prime, generator, key;

	if (!cursor_vector16(&body, &prime) || !cursor_vector16(&body, &generator) ||
	    !cursor_vector16(&body, &key) || prime.left == 0 || generator.left == 0 ||
	    key.left == 0)
		return RESULT_BAD_LENGTH;
	h->facts.dh_bits = bit_length(prime);
	return RESULT_OK;
}

static int read_server_key_exchange(struct tls_handshake *h, enum side side, struct cursor body)
{
	const struct key_exchange_kind *kind;
	struct cursor hint;

	(void)side;
	if (!tls_is_below_13(h))
		return RESULT_OK; /* its ServerHello was missed */
	kind = key_exchange_of(h->facts.cipher_suite);
	if (kind == NULL)
		return RESULT_OK;
	if (kind->hint && !cursor_vector16(&body, &hint))
		return RESULT_BAD_LENGTH;
	return kind->kind == KEY_EXCHANGE_DH ? read_dh_parameters(h, body)
					     : read_ecdh_parameters(h, body);
}

int tls_message_read_ssl2(struct tls_handshake *h, enum side side, struct cursor body)
{
	struct tls_client_hello client;
	struct tls_server_hello server;
	int result;

	if (side == SIDE_CLIENT) {
		result = tls_client_hello_parse_ssl2(body, &client);
		if (result == RESULT_OK)
			note_client_hello(h, &client);
	} else {
		result = tls_server_hello_parse_ssl2(body, &server);
		if (result == RESULT_OK)
			note_server_hello(h, &server);
		if (result == RESULT_OK && server.certificate.left > 0)
			hand_certificate_over(h, server.certificate, 1);
	}
	return result;
}

/* Alerts. */

void tls_message_note_alert(struct tls_handshake *h, enum side side, uint8_t level, uint8_t code)
{
	struct tls_alert_fact *alert = &h->facts.alert;

	if (level != TLS_ALERT_WARNING && level != TLS_ALERT_FATAL) {
		tls_note_flaw(h, side, TLS_MALFORMED);
		return;
	}
	if (alert->level != 0 && (alert->level == TLS_ALERT_FATAL || level != TLS_ALERT_FATAL))
		return;
	*alert = (struct tls_alert_fact){.level = level, .code = code, .side = (uint8_t)side};
}

/* Handshake types. */

#define BY_CLIENT (1 << SIDE_CLIENT)
#define BY_SERVER (1 << SIDE_SERVER)
#define BY_BOTH	  (BY_CLIENT | BY_SERVER)

enum { CERTIFICATE = 11 };

/* Those in the clear. A hello's letter is written when it was read: it may be a HelloRetryRequest.
 */
const struct tls_message_kind tls_message_kinds[TLS_MESSAGE_KINDS] = {
    [0] = {'H', BY_SERVER, 0, NULL},
    [TLS_CLIENT_HELLO] = {0, BY_CLIENT, 0, read_client_hello},
    [TLS_SERVER_HELLO] = {0, BY_SERVER, 0, read_server_hello},
    [4] = {'T', BY_SERVER, 0, NULL}, /* NewSessionTicket */
    [6] = {'J', BY_SERVER, 0, NULL}, /* HelloRetryRequest of early drafts */
    [CERTIFICATE] = {'X', BY_BOTH, 0, read_certificates},
    [12] = {'K', BY_SERVER, TLS_NOT_RESUMED, read_server_key_exchange},
    [13] = {'R', BY_SERVER, TLS_CERTIFICATE_REQUESTED, NULL},
    [14] = {'N', BY_SERVER, TLS_NOT_RESUMED | TLS_SAW_FULL, NULL}, /* ServerHelloDone */
    [15] = {'Y', BY_CLIENT, 0, NULL},				   /* CertificateVerify */
    [16] = {'G', BY_CLIENT, 0, NULL},				   /* ClientKeyExchange */
    [20] = {'F', BY_BOTH, 0, NULL},
    [21] = {'Q', BY_CLIENT, 0, NULL}, /* CertificateURL, RFC 6066 */
    [22] = {'U', BY_SERVER, 0, NULL}, /* CertificateStatus */
    [23] = {'Q', BY_BOTH, 0, NULL},   /* SupplementalData, RFC 4680 */
};

/* A client without a certificate sends an empty list, which is its length alone. */
static uint32_t certificate_facts(enum side side, uint32_t length)
{
	enum { EMPTY_LIST = 3 };

	if (side == SIDE_SERVER)
		return TLS_NOT_RESUMED;
	return length > EMPTY_LIST ? TLS_CERTIFICATE_SENT : TLS_CERTIFICATE_EMPTY;
}

void tls_message_note_header(
    struct tls_handshake *h, enum side side, const struct tls_message_kind *kind, uint32_t length)
{
	struct tls_handshake_side *s = &h->side[side];
	uint32_t facts = kind->facts;

	if (kind->letter != 0)
		tls_message_note_letter(h, side, kind->letter);
	if (kind == &tls_message_kinds[CERTIFICATE])
		facts = certificate_facts(side, length);
	if (s->type == CERTIFICATE || s->type == TLS_SERVER_HELLO)
		s->skipped = false;
	tls_note(h, s->skipped ? facts & ~(uint32_t)TLS_SAW_FULL : facts);
}
