#include "tls_listener.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct conversation listener_talk;

void listener_begin(struct listener *l)
{
	memset(&l->h, 0xa5, sizeof(l->h)); /* it need not be cleared before */
	tls_handshake_init(&l->h);
	l->memory[0] = l->memory[1] = NULL;
	l->stingy = false;
}

void listener_end(struct listener *l)
{
	free(l->memory[0]);
	free(l->memory[1]);
}

static void lend(struct listener *l, enum side side)
{
	size_t wants = l->h.side[side].wants;

	assert_in_range(
	    wants, 1, TLS_RECORD_MAX > TLS_MESSAGE_MAX ? TLS_RECORD_MAX : TLS_MESSAGE_MAX);
	if (l->stingy) {
		tls_handshake_lend(&l->h, side, NULL, 0);
		return;
	}
	l->memory[side] = realloc(l->memory[side], wants);
	assert_non_null(l->memory[side]);
	tls_handshake_lend(&l->h, side, l->memory[side], wants);
}

int listener_feed(struct listener *l, enum side side, const uint8_t *bytes, size_t length)
{
	uint8_t *copy = malloc(length + 1);
	struct cursor in = cursor_over(copy + 1, length);
	struct tls_handover handover;
	int result;

	assert_non_null(copy);
	memcpy(copy + 1, bytes, length);
	while ((result = tls_handshake_feed(&l->h, side, &in, &handover)) == RESULT_ROOM ||
	       result == RESULT_HANDOVER)
		if (result == RESULT_ROOM)
			lend(l, side);
	if (result == RESULT_OK)
		assert_int_equal(in.left, 0);
	free(copy);
	return result;
}

void listener_feed_in_pieces(
    struct listener *l, enum side side, const uint8_t *bytes, size_t length, size_t each)
{
	for (size_t at = 0; at < length; at += each)
		assert_int_equal(
		    listener_feed(l, side, bytes + at, length - at < each ? length - at : each), 0);
}

void listener_feed_side(struct listener *l, enum side side)
{
	static uint8_t bytes[CONVERSATION_BYTES];
	size_t length = conversation_side(&listener_talk, side, bytes, sizeof(bytes));

	assert_int_equal(listener_feed(l, side, bytes, length), 0);
}
