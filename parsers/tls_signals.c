/*
 * Records that carry no handshake message: ChangeCipherSpec, alerts and application data. RFC 8446
 * sections 5 and 6, RFC 5246 sections 6 and 7.
 */
#include "tls_signals.h"

#include "tls_messages.h"

#define ALERT_SIZE 2

/* Bytes in one record; encrypted, one alert is longer: it has a MAC. */
#define CLEAR_ALERTS_MOST 4

/* What TLS 1.3 encrypts at least around a Finished: header, SHA-256 HMAC, content type, CCM_8's
 * tag. An encrypted alert is shorter. */
#define FINISHED_RECORD_LEAST (4 + 32 + 1 + 8)

/* No message goes on behind another kind of record (RFC 8446 section 5.1); alerts may come between.
 */
static void interrupt_message(struct tls_handshake *h, enum side side)
{
	struct tls_handshake_side *s = &h->side[side];

	if (s->have == 0)
		return;
	if (!s->gapped)
		tls_note_flaw(h, side, TLS_MALFORMED);
	tls_message_end(s);
}

/* A server that goes from its hello straight to ChangeCipherSpec resumes a session. */
static void see_change_cipher_spec(struct tls_handshake *h, enum side side)
{
	struct tls_handshake_side *s = &h->side[side];

	tls_message_note_letter(h, side, 'I');
	s->ciphered = true;
	if (side == SIDE_SERVER && tls_is_below_13(h) && !tls_saw(h, TLS_NOT_RESUMED) && !s->gapped)
		tls_note(h, TLS_RESUMED);
}

void tls_take_change_cipher_spec(
    struct tls_handshake *h, enum side side, struct tls_fragment *fragment)
{
	uint8_t value;

	if (fragment->first) {
		interrupt_message(h, side);
		if (fragment->length != 1)
			tls_note_flaw(h, side, TLS_MALFORMED);
	}
	if (fragment->length != 1 || !cursor_u8(&fragment->bytes, &value))
		return;
	if (value == 1)
		see_change_cipher_spec(h, side);
	else
		tls_note_flaw(h, side, TLS_MALFORMED);
}

/* An encrypted alert has a MAC behind it; TLS 1.3 calls it application data. */
static bool is_clear_alert(const struct tls_handshake_side *s, uint16_t length)
{
	return length == ALERT_SIZE || (!s->ciphered && length <= CLEAR_ALERTS_MOST);
}

void tls_take_alert(struct tls_handshake *h, enum side side, struct tls_fragment *fragment)
{
	struct tls_handshake_side *s = &h->side[side];

	if (fragment->first && s->alert_have == 0)
		tls_message_note_letter(h, side, 'L');
	if (fragment->length == 0)
		tls_note_flaw(h, side, TLS_MALFORMED);
	if (!is_clear_alert(s, fragment->length)) {
		if (s->gapped && fragment->length > CLEAR_ALERTS_MOST)
			tls_note(h, tls_encrypted_fact(side)); /* its Finished may be missing */
		return;
	}
	while (cursor_u8(&fragment->bytes, &s->alert[s->alert_have])) {
		if (++s->alert_have < ALERT_SIZE)
			continue;
		s->alert_have = 0;
		tls_message_note_alert(h, side, s->alert[0], s->alert[1]);
	}
}

static bool is_early_data(const struct tls_handshake *h, enum side side)
{
	return side == SIDE_CLIENT && h->early_data && !tls_saw(h, TLS_SAW_SERVER_HELLO);
}

/* Whether a record of application data can only come from a side that has the keys and is content.
 */
static bool is_established_data(const struct tls_handshake *h, enum side side, uint16_t length)
{
	const struct tls_handshake_side *s = &h->side[side];

	if (tls_is_below_13(h))
		return s->ciphered || s->gapped;
	if (is_early_data(h, side))
		return false;
	return length >= FINISHED_RECORD_LEAST;
}

void tls_take_application_data(
    struct tls_handshake *h, enum side side, const struct tls_fragment *fragment)
{
	if (!fragment->first)
		return;
	interrupt_message(h, side);
	tls_message_note_letter(h, side, 'D');
	if (is_early_data(h, side))
		tls_note(h, TLS_EARLY_DATA);
	if (is_established_data(h, side, fragment->length))
		tls_note(h, tls_encrypted_fact(side));
	else if (tls_is_below_13(h))
		tls_note_flaw(h, side, TLS_MALFORMED); /* in the clear */
}
