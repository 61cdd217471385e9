/*
 * A bounds-checked reader over borrowed bytes: a pointer and a length, advanced by what is read.
 * The only place where a wire byte is touched. Integers are in network byte order (RFC 791, RFC
 * 8446 section 3.3). A read that does not fit returns false and leaves cursor and result as they
 * were. A cursor owns nothing; what it yields lives as long as the bytes under it.
 */
#ifndef TLSVANE_CURSOR_H
#define TLSVANE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "result.h"

struct cursor {
	const uint8_t *at; /* the next byte */
	size_t left;	   /* how many there are */
};

static inline struct cursor cursor_over(const void *bytes, size_t length)
{
	return (struct cursor){.at = bytes, .left = length};
}

MUST_USE static inline bool cursor_skip(struct cursor *c, size_t length)
{
	if (c->left < length)
		return false;
	c->at += length;
	c->left -= length;
	return true;
}

/* Yields the next `length` bytes as a cursor of their own. */
MUST_USE static inline bool cursor_take(struct cursor *c, size_t length, struct cursor *taken)
{
	struct cursor head = cursor_over(c->at, length);

	if (!cursor_skip(c, length))
		return false;
	*taken = head;
	return true;
}

MUST_USE static inline bool cursor_copy(struct cursor *c, void *to, size_t length)
{
	struct cursor head;

	if (!cursor_take(c, length, &head))
		return false;
	if (length > 0)
		memcpy(to, head.at, length);
	return true;
}

MUST_USE static inline bool cursor_u8(struct cursor *c, uint8_t *value)
{
	struct cursor b;

	if (!cursor_take(c, 1, &b))
		return false;
	*value = b.at[0];
	return true;
}

MUST_USE static inline bool cursor_u16(struct cursor *c, uint16_t *value)
{
	struct cursor b;

	if (!cursor_take(c, 2, &b))
		return false;
	*value = (uint16_t)(b.at[0] << 8 | b.at[1]);
	return true;
}

MUST_USE static inline bool cursor_u24(struct cursor *c, uint32_t *value)
{
	struct cursor b;

	if (!cursor_take(c, 3, &b))
		return false;
	*value = (uint32_t)b.at[0] << 16 | (uint32_t)b.at[1] << 8 | b.at[2];
	return true;
}

MUST_USE static inline bool cursor_u32(struct cursor *c, uint32_t *value)
{
	struct cursor b;

	if (!cursor_take(c, 4, &b))
		return false;
	*value =
	    (uint32_t)b.at[0] << 24 | (uint32_t)b.at[1] << 16 | (uint32_t)b.at[2] << 8 | b.at[3];
	return true;
}

/* A vector of RFC 8446 section 3.4: a length of 1, 2 or 3 bytes, then that many bytes. */
MUST_USE static inline bool cursor_vector8(struct cursor *c, struct cursor *body)
{
	struct cursor try = *c;
	uint8_t length;

	if (!cursor_u8(&try, &length) || !cursor_take(&try, length, body))
		return false;
	*c = try;
	return true;
}

MUST_USE static inline bool cursor_vector16(struct cursor *c, struct cursor *body)
{
	struct cursor try = *c;
	uint16_t length;

	if (!cursor_u16(&try, &length) || !cursor_take(&try, length, body))
		return false;
	*c = try;
	return true;
}

MUST_USE static inline bool cursor_vector24(struct cursor *c, struct cursor *body)
{
	struct cursor try = *c;
	uint32_t length;

	if (!cursor_u24(&try, &length) || !cursor_take(&try, length, body))
		return false;
	*c = try;
	return true;
}

/* Looks ahead: the byte `offset` from here, without moving. */
MUST_USE static inline bool cursor_peek(const struct cursor *c, size_t offset, uint8_t *value)
{
	if (c->left <= offset)
		return false;
	*value = c->at[offset];
	return true;
}

#endif
