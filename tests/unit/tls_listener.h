/*
 * Feeds a handshake what both sides say, as its user would, and lends it memory.
 */
#ifndef TLSVANE_TEST_TLS_LISTENER_H
#define TLSVANE_TEST_TLS_LISTENER_H

#include <stdbool.h>

#include "tls_conversation.h"

/* Both sides' memory, lent exactly as asked for, so that ASan sees its end. */
struct listener {
	struct tls_handshake h;
	uint8_t *memory[SIDES];
	bool stingy; /* lends nothing */
};

extern struct conversation listener_talk; /* the recording under way */

void listener_begin(struct listener *l);
void listener_end(struct listener *l);

/* Feeds a copy that ends where it ends, and dies behind the call. */
int listener_feed(struct listener *l, enum side side, const uint8_t *bytes, size_t length);

/* The same, `each` bytes at a time. */
void listener_feed_in_pieces(
    struct listener *l, enum side side, const uint8_t *bytes, size_t length, size_t each);

/* All that a side says in the recording. */
void listener_feed_side(struct listener *l, enum side side);

#endif
