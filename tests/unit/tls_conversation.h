/*
 * Recorded TLS conversations (tests/fixtures/tls, made by record.py there): the flights of both
 * sides, and what they must tell, as lines "fact value".
 */
#ifndef TLSVANE_TEST_TLS_CONVERSATION_H
#define TLSVANE_TEST_TLS_CONVERSATION_H

#include "../../parsers/tls_handshake.h"

#define CONVERSATION_BYTES   16384
#define CONVERSATION_FLIGHTS 64
#define CONVERSATION_TEXT    1024

struct flight {
	enum side side;
	const uint8_t *bytes;
	size_t length;
};

struct conversation {
	char expected[CONVERSATION_TEXT]; /* sorted lines */
	struct flight flights[CONVERSATION_FLIGHTS];
	size_t flight_count;
	uint8_t bytes[CONVERSATION_BYTES];
	size_t used;
};

/* The names of all recordings, NULL at the end. */
extern const char *const conversation_names[];

/* Reads tests/fixtures/tls/<name>.txt; fails the test where it cannot. */
void conversation_load(struct conversation *c, const char *name);

/* All that one side sent, into `to`; returns its length. */
size_t conversation_side(const struct conversation *c, enum side side, uint8_t *to, size_t size);

/* Facts as sorted lines, like `expected`. */
void conversation_describe(const struct tls_handshake *h, char text[CONVERSATION_TEXT]);

/* Puts what `side` sent into other records: handshake bytes in the clear with so many to a record.
 */
size_t conversation_refragment(
    const struct conversation *c, enum side side, size_t each, uint8_t *to, size_t size);

#endif
