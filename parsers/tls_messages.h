/*
 * What handshake messages add to the facts: the part of tls_handshake that knows their contents.
 * Only tls_handshake.c, tls_messages.c and tls_signals.c include this.
 */
#ifndef TLSVANE_TLS_MESSAGES_H
#define TLSVANE_TLS_MESSAGES_H

#include "tls_handshake.h"

enum tls_alert_level {
	TLS_ALERT_WARNING = 1,
	TLS_ALERT_FATAL = 2,
};

enum tls_message_type {
	TLS_CLIENT_HELLO = 1,
	TLS_SERVER_HELLO = 2,
};

struct tls_message_kind {
	char letter; /* for the history, as the client would send it; 0: written when it was read */
	uint8_t by;  /* 1 << enum side: who may send it */
	uint32_t facts; /* enum tls_fact: what it says by being there */
	/* Its whole body is here; a negative result where it is malformed. NULL: not worth
	 * assembling. */
	int (*read)(struct tls_handshake *h, enum side side, struct cursor body);
};

/* By handshake type. */
#define TLS_MESSAGE_KINDS 24
extern const struct tls_message_kind tls_message_kinds[TLS_MESSAGE_KINDS];

/* What is known of a handshake type; NULL where `side` sends no such thing. */
static inline const struct tls_message_kind *tls_message_kind(uint8_t type, enum side side)
{
	if (type >= TLS_MESSAGE_KINDS || (tls_message_kinds[type].by & 1 << side) == 0)
		return NULL;
	return &tls_message_kinds[type];
}

/* The header of such a message came, with this body length. */
void tls_message_note_header(
    struct tls_handshake *h, enum side side, const struct tls_message_kind *kind, uint32_t length);

/* An alert in the clear. */
void tls_message_note_alert(struct tls_handshake *h, enum side side, uint8_t level, uint8_t code);

/* Reads a hello in an SSLv2 record; a negative result where it is malformed. */
MUST_USE int tls_message_read_ssl2(struct tls_handshake *h, enum side side, struct cursor body);

/* Adds an event to the history. `letter` is the client's. A run of D or F is one event. */
void tls_message_note_letter(struct tls_handshake *h, enum side side, char letter);

/* It was read, or is lost: the next one may begin. */
static inline void tls_message_end(struct tls_handshake_side *s)
{
	s->have = 0;
	s->left = 0;
	s->used = 0;
	s->wanted = false;
}

static inline bool tls_saw(const struct tls_handshake *h, uint32_t facts)
{
	return (h->facts.seen & facts) != 0;
}

static inline void tls_note(struct tls_handshake *h, uint32_t facts)
{
	h->facts.seen |= facts;
}

static inline uint32_t tls_encrypted_fact(enum side side)
{
	return side == SIDE_CLIENT ? TLS_CLIENT_ENCRYPTED : TLS_SERVER_ENCRYPTED;
}

/* What goes wrong after encryption began costs no fact. */
static inline void tls_note_flaw(struct tls_handshake *h, enum side side, uint32_t flaw)
{
	if (!tls_saw(h, tls_encrypted_fact(side)))
		tls_note(h, flaw);
}

/* TLS 1.3 was chosen: handshake records are always in the clear, ChangeCipherSpec means nothing. */
static inline bool tls_is_13(const struct tls_handshake *h)
{
	return tls_saw(h, TLS_SAW_SERVER_HELLO) ? h->facts.version == TLS_VERSION_13
						: tls_saw(h, TLS_SAW_RETRY);
}

static inline bool tls_is_below_13(const struct tls_handshake *h)
{
	return tls_saw(h, TLS_SAW_SERVER_HELLO) && h->facts.version != TLS_VERSION_13;
}

#endif
