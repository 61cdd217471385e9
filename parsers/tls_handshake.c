/*
 * Records of both sides -> handshake messages -> facts. RFC 8446 section 4 and appendix D.4 (middlebox
 * compatibility), RFC 5246 section 7, RFC 5077 and RFC 4507 (resumption), RFC 8422 and RFC 7919 (key exchange), RFC 6101
 * (SSL 3.0). Only hellos and ServerKeyExchange are assembled; the other messages tell all by being there.
 */
#include "tls_handshake.h"

#include <string.h>

#include "tls_names.h"

#define HELLO_LEAST    38 /* a ServerHello without anything optional */
#define HEADER_SIZE    4
#define ALERT_SIZE     2
#define ALERT_WARNING  1
#define ALERT_FATAL    2
#define ALERTS_AT_ONCE 2 /* in one record; an encrypted alert is longer than these: it has a MAC */
#define LINES_LOOK     64 /* bytes that must be text to be called text */

/* What TLS 1.3 encrypts at least around a Finished: header, SHA-256 HMAC, content type, CCM_8's tag. An
 * encrypted alert is shorter. */
#define FINISHED_RECORD_LEAST (4 + 32 + 1 + 8)

enum message_type {
	MESSAGE_CLIENT_HELLO = 1,
	MESSAGE_SERVER_HELLO = 2,
	MESSAGE_SSL2 = 0xff, /* not on the wire: a hello in an SSLv2 record */
};

/* History and other small helpers. */

static bool saw(const struct tls_handshake *h, uint32_t facts)
{
	return (h->facts.seen & facts) != 0;
}

static void note(struct tls_handshake *h, uint32_t facts)
{
	h->facts.seen |= facts;
}

static uint32_t encrypted_fact(enum side side)
{
	return side == SIDE_CLIENT ? TLS_CLIENT_ENCRYPTED : TLS_SERVER_ENCRYPTED;
}

/* What goes wrong after encryption began costs no fact. */
static void note_flaw(struct tls_handshake *h, enum side side, uint32_t flaw)
{
	if (!saw(h, encrypted_fact(side)))
		note(h, flaw);
}

/* `letter` is the client's. A run of encrypted records is one event. */
static void note_letter(struct tls_handshake *h, enum side side, char letter)
{
	char *history = h->facts.history;
	size_t length = strlen(history);
	char event = side == SIDE_CLIENT ? letter : (char)(letter - 'A' + 'a');

	if (length > 0 && history[length - 1] == event && (letter == 'D' || letter == 'F'))
		return;
	if (length + 1 < sizeof(h->facts.history)) {
		history[length] = event;
		history[length + 1] = '\0';
	}
}

static void copy_printable(char *to, size_t size, struct cursor from)
{
	size_t length = from.left < size - 1 ? from.left : size - 1;

	for (size_t i = 0; i < length; i++)
		to[i] = from.at[i] > 0x20 && from.at[i] < 0x7f ? (char)from.at[i] : '?';
	to[length] = '\0';
}

/* TLS 1.3 was chosen: handshake records are always in the clear, ChangeCipherSpec means nothing. */
static bool is_13(const struct tls_handshake *h)
{
	return saw(h, TLS_SAW_SERVER_HELLO) ? h->facts.version == TLS_VERSION_13
					    : saw(h, TLS_SAW_RETRY);
}

static bool is_below_13(const struct tls_handshake *h)
{
	return saw(h, TLS_SAW_SERVER_HELLO) && h->facts.version != TLS_VERSION_13;
}

/* Messages that are read whole. */

static void note_client_hello(struct tls_handshake *h, const struct tls_client_hello *hello)
{
	note_letter(h, SIDE_CLIENT, 'C');
	h->early_data = hello->has_early_data;
	if (saw(h, TLS_SAW_CLIENT_HELLO))
		return; /* the second one, after a HelloRetryRequest, offers no more than the first */
	note(h, TLS_SAW_CLIENT_HELLO | (hello->fallback_scsv ? TLS_FALLBACK_SCSV : 0u));
	h->facts.client_legacy_version = hello->legacy_version;
	h->facts.client_max_version = hello->max_version;
	h->facts.client_min_version = hello->min_version;
	copy_printable(h->facts.server_name, sizeof(h->facts.server_name), hello->server_name);
}

static int read_client_hello(struct tls_handshake *h, struct cursor body)
{
	struct tls_client_hello hello;
	int result = tls_client_hello_parse(body, &hello);

	if (result == RESULT_OK)
		note_client_hello(h, &hello);
	return result;
}

static void note_server_hello(struct tls_handshake *h, const struct tls_server_hello *hello)
{
	note_letter(h, SIDE_SERVER, hello->retry ? 'J' : 'S');
	if (hello->retry) {
		note(h, TLS_SAW_RETRY);
		return;
	}
	if (saw(h, TLS_SAW_SERVER_HELLO))
		return;
	note(h, TLS_SAW_SERVER_HELLO);
	h->facts.version = hello->version;
	h->facts.cipher_suite = hello->cipher_suite;
	h->facts.group = hello->group;
	h->facts.sentinel = hello->sentinel;
	copy_printable(h->facts.next_protocol, sizeof(h->facts.next_protocol), hello->alpn);
	if (hello->version == TLS_VERSION_13)
		note(h, hello->psk_selected ? TLS_RESUMED : TLS_NOT_RESUMED);
}

static int read_server_hello(struct tls_handshake *h, struct cursor body)
{
	struct tls_server_hello hello;
	int result = tls_server_hello_parse(body, &hello);

	if (result == RESULT_OK)
		note_server_hello(h, &hello);
	return result;
}

/* ServerKeyExchange has no type of its own: the cipher suite says what is in it. */
enum key_exchange { KEY_EXCHANGE_OTHER, KEY_EXCHANGE_DH, KEY_EXCHANGE_ECDH };

static const struct key_exchange_kind {
	const char *prefix;
	uint8_t kind;
	bool hint; /* a PSK identity hint comes first (RFC 4279, RFC 5489) */
} key_exchange_kinds[] = {
    {"TLS_ECDHE_PSK_", KEY_EXCHANGE_ECDH, true}, {"TLS_ECDHE_", KEY_EXCHANGE_ECDH, false},
    {"TLS_ECDH_anon_", KEY_EXCHANGE_ECDH, false}, {"TLS_DHE_PSK_", KEY_EXCHANGE_DH, true},
    {"TLS_PSK_DHE_", KEY_EXCHANGE_DH, true},	  {"TLS_DHE_", KEY_EXCHANGE_DH, false},
    {"TLS_DH_anon_", KEY_EXCHANGE_DH, false},
};

static const struct key_exchange_kind *key_exchange_of(uint16_t cipher_suite)
{
	const char *name = tls_cipher_suite_name(cipher_suite);
	const struct key_exchange_kind *kind = key_exchange_kinds;

	if (name == NULL)
		return NULL;
	for (size_t i = 0; i < sizeof(key_exchange_kinds) / sizeof(*kind); i++, kind++) {
		if (strncmp(name, kind->prefix, strlen(kind->prefix)) == 0)
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
	    !cursor_vector16(&body, &key) || prime.left == 0 || generator.left == 0 || key.left == 0)
		return RESULT_BAD_LENGTH;
	h->facts.dh_bits = bit_length(prime);
	return RESULT_OK;
}

static int read_server_key_exchange(struct tls_handshake *h, struct cursor body)
{
	const struct key_exchange_kind *kind;
	struct cursor hint;

	if (!is_below_13(h))
		return RESULT_OK; /* its ServerHello was missed */
	kind = key_exchange_of(h->facts.cipher_suite);
	if (kind == NULL)
		return RESULT_OK;
	if (kind->hint && !cursor_vector16(&body, &hint))
		return RESULT_BAD_LENGTH;
	return kind->kind == KEY_EXCHANGE_DH ? read_dh_parameters(h, body)
					     : read_ecdh_parameters(h, body);
}

static int read_ssl2_hello(struct tls_handshake *h, enum side side, struct cursor body)
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
	}
	return result;
}

/* Messages that say enough by their header. */

static void see_certificate(struct tls_handshake *h, enum side side, uint32_t length)
{
	if (side == SIDE_SERVER)
		note(h, TLS_NOT_RESUMED | TLS_SAW_FULL);
	else
		note(h, length > 3 ? TLS_CERTIFICATE_SENT : TLS_CERTIFICATE_EMPTY);
}

static void see_server_key_exchange(struct tls_handshake *h, enum side side, uint32_t length)
{
	(void)side, (void)length;
	note(h, TLS_NOT_RESUMED);
}

static void see_certificate_request(struct tls_handshake *h, enum side side, uint32_t length)
{
	(void)side, (void)length;
	note(h, TLS_CERTIFICATE_REQUESTED);
}

static void see_server_hello_done(struct tls_handshake *h, enum side side, uint32_t length)
{
	(void)side, (void)length;
	note(h, TLS_NOT_RESUMED | TLS_SAW_FULL);
}

#define BY_CLIENT (1 << SIDE_CLIENT)
#define BY_SERVER (1 << SIDE_SERVER)

/* Handshake types in the clear. A hello's letter is written when it was read: it may be a HelloRetryRequest. */
static const struct message_kind {
	char letter;
	uint8_t by; /* which side may send it */
	void (*see)(struct tls_handshake *h, enum side side, uint32_t length);
	int (*read)(struct tls_handshake *h, struct cursor body);
} message_kinds[] = {
    [0] = {'H', BY_SERVER, NULL, NULL},
    [MESSAGE_CLIENT_HELLO] = {0, BY_CLIENT, NULL, read_client_hello},
    [MESSAGE_SERVER_HELLO] = {0, BY_SERVER, NULL, read_server_hello},
    [4] = {'T', BY_SERVER, NULL, NULL},	 /* NewSessionTicket */
    [6] = {'J', BY_SERVER, NULL, NULL},	 /* HelloRetryRequest of early drafts */
    [11] = {'X', BY_CLIENT | BY_SERVER, see_certificate, NULL},
    [12] = {'K', BY_SERVER, see_server_key_exchange, read_server_key_exchange},
    [13] = {'R', BY_SERVER, see_certificate_request, NULL},
    [14] = {'N', BY_SERVER, see_server_hello_done, NULL},
    [15] = {'Y', BY_CLIENT, NULL, NULL}, /* CertificateVerify */
    [16] = {'G', BY_CLIENT, NULL, NULL}, /* ClientKeyExchange */
    [20] = {'F', BY_CLIENT | BY_SERVER, NULL, NULL},
    [21] = {'Q', BY_CLIENT, NULL, NULL}, /* CertificateURL, RFC 6066 */
    [22] = {'U', BY_SERVER, NULL, NULL}, /* CertificateStatus */
    [23] = {'Q', BY_CLIENT | BY_SERVER, NULL, NULL}, /* SupplementalData, RFC 4680 */
};

static const struct message_kind *message_kind(uint8_t type, enum side side)
{
	if (type >= sizeof(message_kinds) / sizeof(*message_kinds) ||
	    (message_kinds[type].by & 1 << side) == 0)
		return NULL;
	return &message_kinds[type];
}

/* Assembling a message. */

static void end_message(struct tls_handshake_side *s)
{
	s->have = 0;
	s->left = 0;
	s->used = 0;
	s->wanted = false;
}

static void read_message(struct tls_handshake *h, enum side side, struct cursor body)
{
	uint8_t type = h->side[side].type;
	int result = type == MESSAGE_SSL2 ? read_ssl2_hello(h, side, body)
					  : message_kinds[type].read(h, body);

	if (result != RESULT_OK)
		note(h, TLS_MALFORMED);
}

/* In the fast path the message lies whole in the fragment and is read in place. */
static int take_wanted(struct tls_handshake *h, enum side side, struct cursor *bytes)
{
	struct tls_handshake_side *s = &h->side[side];
	struct cursor part;

	if (s->used == 0 && cursor_take(bytes, s->left, &part)) {
		read_message(h, side, part);
		end_message(s);
		return RESULT_OK;
	}
	if (bytes->left == 0)
		return RESULT_OK;
	s->wants = s->used + s->left;
	if (s->lent_size < s->wants)
		return RESULT_ROOM;
	part = *bytes;
	if (part.left > s->left)
		part.left = s->left;
	if (!cursor_copy(bytes, s->lent + s->used, part.left))
		return RESULT_OK;
	s->used += part.left;
	s->left -= (uint32_t)part.left;
	if (s->left == 0) {
		read_message(h, side, cursor_over(s->lent, s->used));
		end_message(s);
	}
	return RESULT_OK;
}

static int take_body(struct tls_handshake *h, enum side side, struct cursor *bytes)
{
	struct tls_handshake_side *s = &h->side[side];
	size_t here = bytes->left < s->left ? bytes->left : s->left;

	if (s->wanted)
		return take_wanted(h, side, bytes);
	if (cursor_skip(bytes, here))
		s->left -= (uint32_t)here;
	if (s->left == 0)
		end_message(s);
	return RESULT_OK;
}

/* Handshake records. */

static void see_encrypted_handshake(struct tls_handshake *h, enum side side)
{
	note_letter(h, side, 'F');
	note(h, encrypted_fact(side));
}

/* The rest of this record is not for us; a message under way is lost with it. */
static void turn_opaque(struct tls_handshake_side *s)
{
	s->opaque = true;
	s->doubtful = false;
	end_message(s);
}

/*
 * After ChangeCipherSpec TLS 1.2 sends its Finished encrypted; TLS 1.3 means nothing by it and may send a
 * second ClientHello, or the ServerHello behind a HelloRetryRequest, in the clear. While the version is not known,
 * only a hello in the clear is believed to be one.
 */
static void begin_handshake_record(struct tls_handshake *h, enum side side)
{
	struct tls_handshake_side *s = &h->side[side];

	if (!s->ciphered || is_13(h) || s->have > 0)
		return;
	if (is_below_13(h)) {
		turn_opaque(s);
		see_encrypted_handshake(h, side);
		return;
	}
	s->doubtful = true;
}

static uint32_t message_length(const struct tls_handshake_side *s)
{
	return (uint32_t)s->header[1] << 16 | (uint32_t)s->header[2] << 8 | s->header[3];
}

static void settle_doubt(struct tls_handshake *h, enum side side)
{
	struct tls_handshake_side *s = &h->side[side];
	uint8_t hello = side == SIDE_CLIENT ? MESSAGE_CLIENT_HELLO : MESSAGE_SERVER_HELLO;

	if (s->header[0] != hello ||
	    (s->have == HEADER_SIZE &&
		(message_length(s) < HELLO_LEAST || message_length(s) > TLS_MESSAGE_MAX))) {
		turn_opaque(s);
		see_encrypted_handshake(h, side);
	} else if (s->have == HEADER_SIZE) {
		s->doubtful = false;
	}
}

/* A type that cannot be: behind a gap it is the middle of a message or encrypted, else it is malformed. */
static void refuse_message(struct tls_handshake *h, enum side side)
{
	struct tls_handshake_side *s = &h->side[side];

	if (!s->gapped) {
		note_flaw(h, side, TLS_MALFORMED);
		note_letter(h, side, 'Q');
	}
	turn_opaque(s);
}

static void begin_message(struct tls_handshake *h, enum side side)
{
	struct tls_handshake_side *s = &h->side[side];
	const struct message_kind *kind = message_kind(s->header[0], side);

	if (kind == NULL || (s->gapped && message_length(s) > TLS_MESSAGE_MAX)) {
		refuse_message(h, side);
		return;
	}
	s->type = s->header[0];
	s->left = message_length(s);
	s->wanted = kind->read != NULL && s->left <= TLS_MESSAGE_MAX;
	s->used = 0;
	if (kind->read != NULL && !s->wanted)
		note(h, TLS_MISSING);
	if (kind->letter != 0)
		note_letter(h, side, kind->letter);
	if (kind->see != NULL)
		kind->see(h, side, s->left);
}

static int take_message(struct tls_handshake *h, enum side side, struct cursor *bytes)
{
	struct tls_handshake_side *s = &h->side[side];

	if (s->have == HEADER_SIZE)
		return take_body(h, side, bytes);
	if (!cursor_u8(bytes, &s->header[s->have]))
		return RESULT_OK;
	s->have++;
	if (s->doubtful)
		settle_doubt(h, side);
	if (s->have < HEADER_SIZE)
		return RESULT_OK;
	begin_message(h, side);
	return s->have == HEADER_SIZE ? take_body(h, side, bytes) : RESULT_OK;
}

static int take_handshake(struct tls_handshake *h, enum side side, struct tls_fragment *fragment)
{
	struct tls_handshake_side *s = &h->side[side];
	int result = RESULT_OK;

	if (fragment->first)
		begin_handshake_record(h, side);
	if (fragment->length == 0)
		note_flaw(h, side, TLS_MALFORMED);
	while (result == RESULT_OK && fragment->bytes.left > 0 && !s->opaque)
		result = take_message(h, side, &fragment->bytes);
	return result;
}

/* The other records. */

/* No message goes on behind another kind of record (RFC 8446 section 5.1); alerts may come between. */
static void interrupt_message(struct tls_handshake *h, enum side side)
{
	struct tls_handshake_side *s = &h->side[side];

	if (s->have == 0)
		return;
	if (!s->gapped)
		note_flaw(h, side, TLS_MALFORMED);
	end_message(s);
}

/* A server that goes from its hello straight to ChangeCipherSpec resumes a session. */
static void take_change_cipher_spec(struct tls_handshake *h, enum side side,
    const struct tls_fragment *fragment)
{
	struct tls_handshake_side *s = &h->side[side];
	struct cursor bytes = fragment->bytes;
	uint8_t value;

	if (!fragment->first)
		return;
	interrupt_message(h, side);
	if (fragment->length != 1 || (cursor_u8(&bytes, &value) && value != 1)) {
		note_flaw(h, side, TLS_MALFORMED);
		return;
	}
	note_letter(h, side, 'I');
	s->ciphered = true;
	if (side == SIDE_SERVER && is_below_13(h) && !saw(h, TLS_NOT_RESUMED) && !s->gapped)
		note(h, TLS_RESUMED);
}

static void note_alert(struct tls_handshake *h, enum side side, uint8_t level, uint8_t code)
{
	struct tls_alert_fact *alert = &h->facts.alert;

	if (level != ALERT_WARNING && level != ALERT_FATAL) {
		note_flaw(h, side, TLS_MALFORMED);
		return;
	}
	if (alert->level != 0 && (alert->level == ALERT_FATAL || level != ALERT_FATAL))
		return;
	*alert = (struct tls_alert_fact){.level = level, .code = code, .side = (uint8_t)side};
}

/* An encrypted alert has a MAC behind it; TLS 1.3 calls it application data. */
static bool is_clear_alert(const struct tls_handshake_side *s, uint16_t length)
{
	return length == ALERT_SIZE || (!s->ciphered && length <= ALERTS_AT_ONCE * ALERT_SIZE);
}

static void take_alert(struct tls_handshake *h, enum side side, struct tls_fragment *fragment)
{
	struct tls_handshake_side *s = &h->side[side];

	if (fragment->first && s->alert_have == 0)
		note_letter(h, side, 'L');
	if (fragment->length == 0)
		note_flaw(h, side, TLS_MALFORMED);
	if (!is_clear_alert(s, fragment->length))
		return;
	while (cursor_u8(&fragment->bytes, &s->alert[s->alert_have])) {
		if (++s->alert_have < ALERT_SIZE)
			continue;
		s->alert_have = 0;
		note_alert(h, side, s->alert[0], s->alert[1]);
	}
}

/* Whether a record of application data can only come from a side that has the keys and is content. */
static bool is_established_data(const struct tls_handshake *h, enum side side, uint16_t length)
{
	const struct tls_handshake_side *s = &h->side[side];

	if (is_below_13(h))
		return s->ciphered || s->gapped;
	if (side == SIDE_CLIENT && h->early_data && !saw(h, TLS_SAW_SERVER_HELLO))
		return false;
	return length >= FINISHED_RECORD_LEAST;
}

static void take_application_data(struct tls_handshake *h, enum side side,
    const struct tls_fragment *fragment)
{
	if (!fragment->first)
		return;
	interrupt_message(h, side);
	note_letter(h, side, 'D');
	if (is_established_data(h, side, fragment->length))
		note(h, encrypted_fact(side));
	else if (is_below_13(h))
		note_flaw(h, side, TLS_MALFORMED); /* in the clear */
}

/* SSL 2: the hello is a record; the client's master key follows in the clear, then all but errors is
 * encrypted. */
static bool is_ssl2_encrypted(const struct tls_handshake_side *s, enum side side, uint16_t length)
{
	enum { ERROR_SIZE = 3 };

	return length != ERROR_SIZE && s->ssl2_records > (side == SIDE_CLIENT ? 2 : 1);
}

static int take_ssl2(struct tls_handshake *h, enum side side, struct tls_fragment *fragment)
{
	struct tls_handshake_side *s = &h->side[side];

	if (fragment->first && s->ssl2_records < 3)
		s->ssl2_records++;
	if (s->ssl2_records == 1 && s->have == 0 && fragment->first) {
		s->have = HEADER_SIZE;
		s->type = MESSAGE_SSL2;
		s->left = fragment->length;
		s->wanted = true;
	}
	if (s->ssl2_records == 1 && s->have > 0)
		return take_body(h, side, &fragment->bytes);
	if (fragment->first && is_ssl2_encrypted(s, side, fragment->length)) {
		note_letter(h, side, 'D');
		note(h, encrypted_fact(side));
	}
	return RESULT_OK;
}

static int take_fragment(struct tls_handshake *h, enum side side, struct tls_fragment *fragment)
{
	if (fragment->first)
		h->side[side].opaque = h->side[side].doubtful = false;
	if (h->side[side].opaque)
		return RESULT_OK;
	switch (fragment->type) {
	case TLS_HANDSHAKE:
		return take_handshake(h, side, fragment);
	case TLS_CHANGE_CIPHER_SPEC:
		take_change_cipher_spec(h, side, fragment);
		return RESULT_OK;
	case TLS_ALERT:
		take_alert(h, side, fragment);
		return RESULT_OK;
	case TLS_APPLICATION_DATA:
		take_application_data(h, side, fragment);
		return RESULT_OK;
	case TLS_SSL2:
		return take_ssl2(h, side, fragment);
	default:
		if (fragment->first)
			note_letter(h, side, 'Q');
		return RESULT_OK;
	}
}

/* A side that cannot be followed. */

static bool is_text(struct cursor bytes)
{
	uint8_t byte;

	for (size_t i = 0; i < LINES_LOOK && cursor_u8(&bytes, &byte); i++) {
		if ((byte < 0x20 || byte > 0x7e) && byte != '\r' && byte != '\n' && byte != '\t')
			return false;
	}
	return true;
}

static int give_up(struct tls_handshake *h, enum side side, struct cursor *in, int result)
{
	struct tls_handshake_side *s = &h->side[side];

	s->lost = true;
	if (s->unsure) {
		*in = cursor_over(in->at + in->left, 0);
		return RESULT_OK;
	}
	if (s->record.begun || result != RESULT_NOT_TLS)
		note_flaw(h, side, TLS_MALFORMED);
	else if (s->record.have == 0 && is_text(*in))
		note(h, TLS_DOWNGRADED_TO_LINES);
	return result;
}

/* The first record behind a gap: any five bytes may look like one, so what a sender would not write is none. */
static bool is_plausible(const struct tls_fragment *fragment)
{
	return fragment->type < TLS_HEARTBEAT && (fragment->version & 0xff) <= 4 &&
	       fragment->length > 0 &&
	       (fragment->type != TLS_CHANGE_CIPHER_SPEC || fragment->length == 1);
}

void tls_handshake_init(struct tls_handshake *h)
{
	memset(h, 0, sizeof(*h));
}

int tls_handshake_feed(struct tls_handshake *h, enum side side, struct cursor *in)
{
	struct tls_handshake_side *s = &h->side[side];
	struct tls_fragment fragment;
	int result;

	while (!s->lost) {
		result = tls_record_next(&s->record, in, &fragment);
		if (result == RESULT_MORE)
			return RESULT_OK;
		if (result == RESULT_OK && s->unsure && !is_plausible(&fragment))
			result = RESULT_NOT_TLS;
		if (result != RESULT_OK)
			return give_up(h, side, in, result);
		s->unsure = false;
		if (take_fragment(h, side, &fragment) == RESULT_ROOM) {
			tls_record_unread(&s->record, in, fragment.bytes);
			return RESULT_ROOM;
		}
	}
	*in = cursor_over(in->at + in->left, 0);
	return RESULT_OK;
}

void tls_handshake_lend(struct tls_handshake *h, enum side side, uint8_t *memory, size_t size)
{
	struct tls_handshake_side *s = &h->side[side];

	s->lent = memory;
	s->lent_size = memory == NULL ? 0 : size;
	if (s->wanted && s->lent_size < s->used + s->left) {
		s->wanted = false;
		s->used = 0;
		note(h, TLS_MISSING);
	}
}

/* Bytes missing within a record's body. A message's length still says where the next one begins. */
static void gap_in_body(struct tls_handshake_side *s, size_t missing)
{
	s->alert_have = 0;
	if (s->opaque || (s->record.type != TLS_HANDSHAKE && s->record.type != TLS_SSL2))
		return;
	if (s->have < HEADER_SIZE || missing > s->left) {
		turn_opaque(s);
		return;
	}
	s->wanted = false;
	s->used = 0;
	s->left -= (uint32_t)missing;
	if (s->left == 0)
		end_message(s);
}

static void gap_over_header(struct tls_handshake_side *s)
{
	bool ssl2 = s->record.ssl2;

	tls_record_reset(&s->record);
	s->record.begun = true; /* no SSLv2 hello any more */
	s->record.ssl2 = ssl2;
	s->alert_have = 0;
	s->unsure = true;
	end_message(s);
}

void tls_handshake_gap(struct tls_handshake *h, enum side side, size_t missing)
{
	struct tls_handshake_side *s = &h->side[side];

	if (s->lost || missing == 0)
		return;
	note_flaw(h, side, TLS_MISSING);
	s->gapped = true;
	if (tls_record_gap(&s->record, missing))
		gap_in_body(s, missing);
	else
		gap_over_header(s);
}

/* Nothing more is to be learnt from this side. */
static bool is_done(const struct tls_handshake *h, enum side side)
{
	return h->side[side].lost || saw(h, encrypted_fact(side));
}

/* A fatal alert ends it; but when the sides come out of order, the hello that it answers may be yet to come. */
static bool is_refused(const struct tls_handshake *h)
{
	if (h->facts.alert.level != ALERT_FATAL)
		return false;
	if (!saw(h, TLS_SAW_CLIENT_HELLO) && !is_done(h, SIDE_CLIENT))
		return false;
	return h->facts.alert.side == SIDE_SERVER || saw(h, TLS_SAW_SERVER_HELLO) ||
	       is_done(h, SIDE_SERVER);
}

bool tls_handshake_complete(const struct tls_handshake *h)
{
	return (is_done(h, SIDE_CLIENT) && is_done(h, SIDE_SERVER)) || is_refused(h);
}
