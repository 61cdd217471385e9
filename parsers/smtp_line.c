/* Lines of SMTP out of pieces (RFC 5321 section 2.3.8). Only a line in several pieces is copied. */
#include "smtp_line.h"

/* Takes what stands before the next LF, and the LF. Returns whether there was one. */
static bool take_piece(struct cursor *in, struct cursor *piece)
{
	const uint8_t *end = in->left > 0 ? memchr(in->at, '\n', in->left) : NULL;
	size_t length = end != NULL ? (size_t)(end - in->at) : in->left;

	return cursor_take(in, length, piece) && end != NULL && cursor_skip(in, 1);
}

static void keep_piece(struct smtp_line *l, uint8_t *kept, struct cursor piece)
{
	size_t room = SMTP_LINE_MAX - (size_t)l->used;
	size_t length = piece.left;

	if (length > room) {
		length = room;
		l->overlong = true;
	}
	if (cursor_copy(&piece, kept + l->used, length))
		l->used = (uint16_t)(l->used + length);
}

/* The first SMTP_LINE_MAX bytes of a line, as if they had been kept. Returns whether that is less
 * than all. */
static bool cap_line(struct cursor *line)
{
	if (line->left <= SMTP_LINE_MAX)
		return false;
	line->left = SMTP_LINE_MAX;
	return true;
}

static void strip_cr(struct cursor *line)
{
	uint8_t last;

	if (line->left > 0 && cursor_peek(line, line->left - 1, &last) && last == '\r')
		line->left--;
}

int smtp_line_join(
    struct smtp_line *l, uint8_t kept[SMTP_LINE_MAX], struct cursor *in, struct cursor *line)
{
	bool ended = take_piece(in, line);

	if (l->used == 0)
		l->overlong = ended && cap_line(line); /* before, it was of the line yielded last */
	if (l->used > 0 || !ended) {
		keep_piece(l, kept, *line);
		if (!ended)
			return RESULT_MORE;
		*line = cursor_over(kept, l->used);
	}
	if (!l->overlong) /* else the last byte kept is not the last byte sent */
		strip_cr(line);
	return RESULT_OK;
}

bool smtp_line_peek(struct cursor bytes, struct cursor *line)
{
	bool ended = take_piece(&bytes, line);

	if (!cap_line(line) && ended)
		strip_cr(line);
	return ended;
}

bool smtp_line_pass(struct cursor *in)
{
	struct cursor piece;

	return take_piece(in, &piece);
}

void smtp_line_reset(struct smtp_line *l, uint8_t kept[SMTP_LINE_MAX])
{
	memset(kept, 0, l->used);
	*l = (struct smtp_line){0};
}
