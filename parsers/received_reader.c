/* Finds the Received: headers in the bytes of a message (RFC 5322 section 2.2), which come in
 * pieces of any size. */
#include "received.h"

#include "smtp_text.h"

enum reader_state {
	AT_LINE,  /* at the first byte of a line */
	AT_BREAK, /* ... which was a CR: perhaps the empty line */
	IN_NAME,
	IN_TEXT,  /* of a header to be read */
	IN_OTHER, /* a line that says nothing here */
	IN_REST,  /* behind the headers */
};

static const char name[] = "RECEIVED:";

static void keep_byte(struct received_reader *r, uint8_t *kept, uint8_t b)
{
	if (b == '\t' || b == '\r')
		b = ' ';
	if (b == ' ' && (r->used == 0 || kept[r->used - 1] == ' '))
		return;
	if (r->used < RECEIVED_TEXT_MAX)
		kept[r->used++] = b;
}

/* The first byte of a line. Returns whether a header ends before it. */
static bool begins_line(struct received_reader *r, uint8_t *kept, struct cursor *in)
{
	uint8_t b = 0;

	if (!cursor_peek(in, 0, &b))
		return false;
	if (b == ' ' || b == '\t') {
		r->state = r->used > 0 ? IN_TEXT : IN_OTHER;
		if (r->used > 0)
			keep_byte(r, kept, ' ');
		return false;
	}
	if (r->used > 0) {
		r->hops++;
		return true; /* the byte is read again behind received_forget() */
	}
	r->matched = 0;
	r->state = b == '\n' ? IN_REST : b == '\r' && cursor_skip(in, 1) ? AT_BREAK : IN_NAME;
	return false;
}

/* RFC 5322 section 4.5 lets blanks stand before the colon. */
static void read_name(struct received_reader *r, struct cursor *in)
{
	uint8_t b;

	while (r->state == IN_NAME && cursor_peek(in, 0, &b)) {
		char wanted = name[r->matched];

		if (b == ' ' || b == '\t' ? wanted != ':' : smtp_text_upper(b) != (uint8_t)wanted) {
			r->state = IN_OTHER;
			return;
		}
		if (!cursor_skip(in, 1))
			return;
		if (smtp_text_upper(b) != (uint8_t)wanted)
			continue;
		r->matched++;
		if (wanted == ':')
			r->state = IN_TEXT;
	}
}

static void read_text(struct received_reader *r, uint8_t *kept, struct cursor *in)
{
	uint8_t b;

	while (cursor_u8(in, &b)) {
		if (b == '\n') {
			r->state = AT_LINE;
			if (r->used == 0) /* what is empty so far may go on in the next line */
				kept[r->used++] = ' ';
			return;
		}
		keep_byte(r, kept, b);
	}
}

static void pass_line(struct received_reader *r, struct cursor *in)
{
	if (smtp_line_pass(in))
		r->state = AT_LINE;
}

static void read_break(struct received_reader *r, struct cursor *in)
{
	uint8_t b;

	if (cursor_peek(in, 0, &b))
		r->state = b == '\n' ? IN_REST : IN_OTHER;
}

/* One step; returns whether a header ends here. */
static bool step(struct received_reader *r, uint8_t *kept, struct cursor *in)
{
	switch (r->state) {
	case AT_LINE:
		return begins_line(r, kept, in);
	case AT_BREAK:
		read_break(r, in);
		return false;
	case IN_NAME:
		read_name(r, in);
		return false;
	case IN_TEXT:
		read_text(r, kept, in);
		return false;
	default:
		pass_line(r, in);
		return false;
	}
}

int received_next(struct received_reader *r, uint8_t kept[RECEIVED_TEXT_MAX], struct cursor *in)
{
	size_t before = in->left;
	bool whole = false;

	while (in->left > 0 && !received_over(r) && !whole)
		whole = step(r, kept, in);
	r->bytes += (uint32_t)(before - in->left);
	if (whole)
		return RESULT_OK;
	if (received_over(r))
		in->left = 0;
	return RESULT_MORE;
}

int received_end(struct received_reader *r)
{
	bool pending = r->used > 0 && !received_over(r);

	if (pending)
		r->hops++;
	r->state = IN_REST;
	return pending ? RESULT_OK : RESULT_MORE;
}

void received_forget(struct received_reader *r, uint8_t kept[RECEIVED_TEXT_MAX])
{
	memset(kept, 0, r->used);
	r->used = 0;
}

bool received_over(const struct received_reader *r)
{
	return r->state == IN_REST || r->hops >= RECEIVED_HOPS_MAX ||
	       r->bytes >= RECEIVED_BYTES_MAX;
}
