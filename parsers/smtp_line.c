/* Lines of SMTP out of pieces (RFC 5321 section 2.3.8). Only a line in several pieces is copied. */
#include "smtp_line.h"

/* Takes what stands before the next LF, and the LF. Returns whether there was one. */
static bool take_piece(struct cursor *in, struct cursor *piece)
{
	const uint8_t *end = in->left > 0 ? memchr(in->at, '\n', in->left) : NULL;
	size_t length = end != NULL ? (size_t)(end - in->at) : in->left;

	return cursor_take(in, length, piece) && end != NULL && cursor_skip(in, 1);
}

static void keep_piece(struct smtp_line *l, struct cursor piece)
{
	size_t room = SMTP_LINE_MAX - (size_t)l->used;
	size_t length = piece.left;

	if (length > room) {
		length = room;
		l->overlong = true;
	}
	if (cursor_copy(&piece, l->kept + l->used, length))
		l->used = (uint16_t)(l->used + length);
}

/* The first SMTP_LINE_MAX bytes of a line, whether it came in pieces or not. */
static struct cursor cap_line(struct smtp_line *l, struct cursor whole)
{
	if (whole.left > SMTP_LINE_MAX) {
		l->overlong = true;
		whole.left = SMTP_LINE_MAX;
	}
	return whole;
}

int smtp_line_next(struct smtp_line *l, struct cursor *in, struct cursor *line)
{
	struct cursor piece = {0};
	uint8_t last;
	bool ended;

	if (l->used == 0)
		l->overlong = false; /* it was of the line yielded last */
	ended = take_piece(in, &piece);
	if (l->used == 0 && ended) {
		*line = cap_line(l, piece);
	} else {
		keep_piece(l, piece);
		if (!ended)
			return RESULT_MORE;
		*line = cursor_over(l->kept, l->used);
		l->used = 0;
	}
	/* Of an overlong line the last byte kept is not the last byte sent. */
	if (!l->overlong && line->left > 0 && cursor_peek(line, line->left - 1, &last) &&
	    last == '\r')
		line->left--;
	return RESULT_OK;
}

bool smtp_line_pass(struct cursor *in)
{
	struct cursor piece = {0};

	return take_piece(in, &piece);
}

void smtp_line_reset(struct smtp_line *l)
{
	memset(l, 0, sizeof(*l));
}
