/*
 * Lines of SMTP (RFC 5321 section 2.3.8) out of bytes that arrive in pieces of any size.
 * A line ends at LF; a CR before it belongs to the ending (some peers send a bare LF).
 */
#ifndef TLSVANE_SMTP_LINE_H
#define TLSVANE_SMTP_LINE_H

#include "cursor.h"

/* Bytes of one line that are kept, a CR before the LF among them: RFC 5321 section 4.5.3.1 gives
 * 512 to commands and replies. The rest of a longer line is passed over, and the line says so. */
#define SMTP_LINE_MAX 640

/* All zero at the start of a line. The bytes themselves are in memory that the caller lends, the
 * same one with every call; only what is used of it is ever written or wiped. */
struct smtp_line {
	uint16_t used; /* bytes of a line in pieces that are kept */
	bool overlong; /* the line under way, or just yielded, was longer than SMTP_LINE_MAX */
};

/*
 * Takes bytes from *in. Returns 0 with *line the next whole line without its ending, or RESULT_MORE
 * with *in used up and its bytes kept. *line is a view into *in, or, where l->used is not 0, into
 * `kept`: then smtp_line_reset() has to come before the next call.
 */
MUST_USE static inline int smtp_line_next(
    struct smtp_line *l, uint8_t kept[SMTP_LINE_MAX], struct cursor *in, struct cursor *line);

/* Looks at the line that bytes begin with, without taking it: as it would be yielded, or as far as
 * it is there. Returns whether it is whole. */
MUST_USE bool smtp_line_peek(struct cursor bytes, struct cursor *line);

/* Passes over bytes up to and with the next LF. False: there was none, and *in is used up. */
MUST_USE bool smtp_line_pass(struct cursor *in);

/* Forgets the line in pieces, and wipes what was kept of it. */
void smtp_line_reset(struct smtp_line *l, uint8_t kept[SMTP_LINE_MAX]);

/* Takes a line that is there as a whole and not too long: nearly all of them. */
MUST_USE static inline bool smtp_line_take(struct cursor *in, struct cursor *line)
{
	const uint8_t *end = in->left > 0 ? memchr(in->at, '\n', in->left) : NULL;
	size_t length = end != NULL ? (size_t)(end - in->at) : 0;
	struct cursor rest = *in;
	uint8_t last;

	if (end == NULL || length > SMTP_LINE_MAX || !cursor_skip(&rest, length + 1))
		return false;
	if (length > 0 && cursor_peek(in, length - 1, &last) && last == '\r')
		length--;
	*line = cursor_over(in->at, length);
	*in = rest;
	return true;
}

/* The rest of smtp_line_next(): a line in pieces, or too long. */
MUST_USE int smtp_line_join(
    struct smtp_line *l, uint8_t kept[SMTP_LINE_MAX], struct cursor *in, struct cursor *line);

static inline int smtp_line_next(
    struct smtp_line *l, uint8_t kept[SMTP_LINE_MAX], struct cursor *in, struct cursor *line)
{
	if (l->used > 0 || !smtp_line_take(in, line))
		return smtp_line_join(l, kept, in, line);
	l->overlong = false;
	return RESULT_OK;
}

#endif
