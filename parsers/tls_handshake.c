/*
 * Records of both sides -> handshake messages -> facts. RFC 8446 section 4 and appendix D.4
 * (middlebox compatibility), RFC 5246 section 7, RFC 5077 (resumption), RFC 6101 (SSL 3.0). Only
 * hellos, certificates and ServerKeyExchange are assembled; the other messages tell all by being
 * there.
 */
#include "tls_handshake.h"

#include <string.h>

#include "tls_messages.h"
#include "tls_signals.h"

#define SSL2_HELLO  0xff /* a message type that is not on the wire: a hello in an SSLv2 record */
#define HELLO_LEAST 38	 /* a ServerHello without anything optional */
#define HEADER_SIZE 4
#define LINES_LOOK  64 /* bytes that must be text to be called text */

/* Assembling a message. */

static int read_message(struct tls_handshake *h, enum side side, struct cursor body)
{
	uint8_t type = h->side[side].type;
	int result = type == SSL2_HELLO ? tls_message_read_ssl2(h, side, body)
					: tls_message_kind(type, side)->read(h, side, body);

	if (result != RESULT_OK)
		tls_note(h, TLS_MALFORMED);
	tls_message_end(&h->side[side]);
	return h->handover->kind != TLS_HANDOVER_NONE ? RESULT_HANDOVER : RESULT_OK;
}

/* In the fast path the message lies whole in the fragment and is read in place. */
static int take_wanted(struct tls_handshake *h, enum side side, struct cursor *bytes)
{
	struct tls_handshake_side *s = &h->side[side];
	struct cursor part;

	if (s->used == 0 && cursor_take(bytes, s->left, &part))
		return read_message(h, side, part);
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
	return s->left == 0 ? read_message(h, side, cursor_over(s->lent, s->used)) : RESULT_OK;
}

static void pass_body_over(struct tls_handshake_side *s, struct cursor *bytes)
{
	size_t here = bytes->left < s->left ? bytes->left : s->left;

	if (cursor_skip(bytes, here))
		s->left -= (uint32_t)here;
	if (s->left == 0)
		tls_message_end(s);
}

static inline int take_body(struct tls_handshake *h, enum side side, struct cursor *bytes)
{
	if (h->side[side].wanted)
		return take_wanted(h, side, bytes);
	pass_body_over(&h->side[side], bytes);
	return RESULT_OK;
}

/* Handshake records. */

static void see_encrypted_handshake(struct tls_handshake *h, enum side side)
{
	tls_message_note_letter(h, side, 'F');
	tls_note(h, tls_encrypted_fact(side));
}

/* The rest of this record is not for us; a message under way is lost with it. */
static void turn_opaque(struct tls_handshake_side *s)
{
	s->opaque = true;
	s->doubtful = false;
	tls_message_end(s);
}

/*
 * After ChangeCipherSpec TLS 1.2 sends its Finished encrypted; TLS 1.3 means nothing by it and may
 * send a second ClientHello, or the ServerHello behind a HelloRetryRequest, in the clear. While the
 * version is not known, only a hello in the clear is believed to be one.
 */
static void begin_handshake_record(struct tls_handshake *h, enum side side)
{
	struct tls_handshake_side *s = &h->side[side];

	if (!s->ciphered || tls_is_13(h) || s->have > 0)
		return;
	if (tls_is_below_13(h)) {
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
	uint8_t hello = side == SIDE_CLIENT ? TLS_CLIENT_HELLO : TLS_SERVER_HELLO;

	if (s->header[0] != hello ||
	    (s->have == HEADER_SIZE &&
		(message_length(s) < HELLO_LEAST || message_length(s) > TLS_MESSAGE_MAX))) {
		turn_opaque(s);
		see_encrypted_handshake(h, side);
	} else if (s->have == HEADER_SIZE) {
		s->doubtful = false;
	}
}

/* A type that cannot be: behind a gap it is the middle of a message or encrypted, else it is
 * malformed. */
static void refuse_message(struct tls_handshake *h, enum side side)
{
	struct tls_handshake_side *s = &h->side[side];

	if (!s->gapped) {
		tls_note_flaw(h, side, TLS_MALFORMED);
		tls_message_note_letter(h, side, 'Q');
	}
	turn_opaque(s);
}

static void begin_message(struct tls_handshake *h, enum side side)
{
	struct tls_handshake_side *s = &h->side[side];
	const struct tls_message_kind *kind = tls_message_kind(s->header[0], side);

	if (kind == NULL || (s->gapped && message_length(s) > TLS_MESSAGE_MAX)) {
		refuse_message(h, side);
		return;
	}
	s->type = s->header[0];
	s->left = message_length(s);
	s->wanted = kind->read != NULL && s->left <= TLS_MESSAGE_MAX;
	s->used = 0;
	if (kind->read != NULL && !s->wanted)
		tls_note(h, TLS_MISSING);
	tls_message_note_header(h, side, kind, s->left);
}

/* A message's header: in one piece where it is, and is not to be doubted byte by byte. */
static inline void take_header(struct tls_handshake *h, enum side side, struct cursor *bytes)
{
	struct tls_handshake_side *s = &h->side[side];

	if (s->have == 0 && !s->doubtful && cursor_copy(bytes, s->header, HEADER_SIZE))
		s->have = HEADER_SIZE;
	else if (cursor_u8(bytes, &s->header[s->have]))
		s->have++;
	if (s->doubtful)
		settle_doubt(h, side);
	if (s->have == HEADER_SIZE)
		begin_message(h, side);
}

static inline int take_message(struct tls_handshake *h, enum side side, struct cursor *bytes)
{
	struct tls_handshake_side *s = &h->side[side];

	if (s->have < HEADER_SIZE)
		take_header(h, side, bytes);
	return s->have == HEADER_SIZE ? take_body(h, side, bytes) : RESULT_OK;
}

static int take_handshake(struct tls_handshake *h, enum side side, struct tls_fragment *fragment)
{
	struct tls_handshake_side *s = &h->side[side];
	int result = RESULT_OK;

	if (fragment->first)
		begin_handshake_record(h, side);
	if (fragment->length == 0)
		tls_note_flaw(h, side, TLS_MALFORMED);
	while (result == RESULT_OK && fragment->bytes.left > 0 && !s->opaque)
		result = take_message(h, side, &fragment->bytes);
	return result;
}

/* SSL 2: the hello is a record; the client's master key follows in the clear, then all but errors
 * is encrypted. */
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
		s->type = SSL2_HELLO;
		s->left = fragment->length;
		s->wanted = true;
	}
	if (s->ssl2_records == 1 && s->have > 0)
		return take_body(h, side, &fragment->bytes);
	if (fragment->first && is_ssl2_encrypted(s, side, fragment->length)) {
		tls_message_note_letter(h, side, 'D');
		tls_note(h, tls_encrypted_fact(side));
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
		tls_take_change_cipher_spec(h, side, fragment);
		return RESULT_OK;
	case TLS_ALERT:
		tls_take_alert(h, side, fragment);
		return RESULT_OK;
	case TLS_APPLICATION_DATA:
		tls_take_application_data(h, side, fragment);
		return RESULT_OK;
	case TLS_SSL2:
		return take_ssl2(h, side, fragment);
	default:
		if (fragment->first)
			tls_message_note_letter(h, side, 'Q');
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
	if (s->unsure || s->record.passed > 0) { /* what was found may have been no record */
		*in = cursor_over(in->at + in->left, 0);
		return RESULT_OK;
	}
	if (s->record.begun || result != RESULT_NOT_TLS)
		tls_note_flaw(h, side, TLS_MALFORMED);
	else if (s->record.have == 0 && is_text(*in))
		tls_note(h, TLS_DOWNGRADED_TO_LINES);
	return result;
}

void tls_handshake_init(struct tls_handshake *h)
{
	/* Texts are empty by their first byte. */
	memset(&h->facts, 0, offsetof(struct tls_facts, history));
	h->facts.server_name[0] = h->facts.next_protocol[0] = h->facts.history[0] = '\0';
	h->history_length = 0;
	h->early_data = false;
	memset(h->side, 0, sizeof(h->side));
}

int tls_handshake_feed(
    struct tls_handshake *h, enum side side, struct cursor *in, struct tls_handover *handover)
{
	struct tls_handshake_side *s = &h->side[side];
	struct tls_fragment fragment;
	int result;

	h->handover = handover;
	handover->kind = TLS_HANDOVER_NONE;
	while (!s->lost && tls_record_has_next(&s->record, in)) {
		result = s->unsure ? tls_record_seek(&s->record, in) : RESULT_OK;
		if (result == RESULT_OK) {
			s->unsure = false;
			result = tls_record_next(&s->record, in, &fragment);
		}
		if (result == RESULT_MORE)
			return RESULT_OK;
		if (result != RESULT_OK)
			return give_up(h, side, in, result);
		result = take_fragment(h, side, &fragment);
		if (result != RESULT_OK) {
			tls_record_unread(&s->record, in, fragment.bytes);
			return result;
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
		tls_note(h, TLS_MISSING);
	}
}

/* Bytes missing within a record's body. A message's length still says where the next one begins. */
static void gap_in_body(struct tls_handshake_side *s, size_t missing)
{
	s->alert_have = 0;
	if (s->record.type == TLS_CHANGE_CIPHER_SPEC)
		s->ciphered = true; /* the missing byte can only have said so */
	if (s->opaque || (s->record.type != TLS_HANDSHAKE && s->record.type != TLS_SSL2))
		return;
	if (s->have < HEADER_SIZE || missing > s->left) {
		s->skipped = true;
		turn_opaque(s);
		return;
	}
	s->wanted = false;
	s->used = 0;
	s->left -= (uint32_t)missing;
	if (s->left == 0)
		tls_message_end(s);
}

static void gap_over_header(struct tls_handshake_side *s)
{
	/* Begun: no SSLv2 hello any more. */
	s->record = (struct tls_record_reader){.begun = true, .ssl2 = s->record.ssl2};
	s->alert_have = 0;
	s->unsure = s->skipped = true;
	tls_message_end(s);
}

void tls_handshake_gap(struct tls_handshake *h, enum side side, size_t missing)
{
	struct tls_handshake_side *s = &h->side[side];

	if (s->lost || missing == 0)
		return;
	tls_note_flaw(h, side, TLS_MISSING);
	s->gapped = true;
	if (tls_record_gap(&s->record, missing))
		gap_in_body(s, missing);
	else
		gap_over_header(s);
}

/* Nothing more is to be learnt from this side. */
static bool is_done(const struct tls_handshake *h, enum side side)
{
	return h->side[side].lost || tls_saw(h, tls_encrypted_fact(side));
}

/* A fatal alert ends it; but when the sides come out of order, the hello that it answers may be yet
 * to come. */
static bool is_refused(const struct tls_handshake *h)
{
	if (h->facts.alert.level != TLS_ALERT_FATAL)
		return false;
	if (!tls_saw(h, TLS_SAW_CLIENT_HELLO) && !is_done(h, SIDE_CLIENT))
		return false;
	return h->facts.alert.side == SIDE_SERVER || tls_saw(h, TLS_SAW_SERVER_HELLO) ||
	       is_done(h, SIDE_SERVER);
}

bool tls_handshake_complete(const struct tls_handshake *h)
{
	return (is_done(h, SIDE_CLIENT) && is_done(h, SIDE_SERVER)) || is_refused(h);
}
