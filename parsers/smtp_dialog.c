/*
 * Both directions of an SMTP connection, byte by byte: lines, bodies, chunks, and where TLS starts.
 * What a whole line means stands in smtp_exchange.c (the client's) and smtp_replies.c (the
 * server's).
 *
 * The letters of smtp_facts.history:
 *     b x     a greeting of code 220; of code 4yz or 5yz
 *     E H     EHLO or LHLO; HELO              e h   a positive reply to it
 *     S       STARTTLS or X-ANONYMOUSTLS      s r   220 to it; another reply to it
 *     M       MAIL FROM                       m     a positive reply to it
 *     D       DATA, or the first BDAT         d     a positive reply to the end of the message
 *     A       AUTH                            a     a positive final reply to it
 *     Q       QUIT                            q     221 to it
 *     !       421: the server closes
 * The same letter is not repeated at once; what does not fit is left out.
 *
 * A connection met midstream may be anywhere, in a body too: both sides are unsure then. Its first
 * reply is the greeting only when it reads like one; then nothing was missed after all.
 */
#include "smtp_exchange.h"
#include "smtp_text.h"

/* Bytes of one side, by its mode. Each returns whether it may go on with what is left. */

static bool stranger_waits(const struct smtp_dialog *d)
{
	return smtp_dialog_waiting(d) && d->wait_look == SMTP_LOOK_NO && !d->wait_gap;
}

void smtp_dialog_note_tls(struct smtp_dialog *d)
{
	bool waits = smtp_dialog_waiting(d) && d->waits_for == SMTP_STARTTLS && !stranger_waits(d);

	if (d->early_code == 220 || waits)
		smtp_exchange_note_request(d);
	if (d->early_code == 220)
		d->facts.starttls_reply = 220;
}

/* TLS is there, whatever was missed on the way to it. */
static void begin_unannounced(struct smtp_dialog *d)
{
	bool seek = stranger_waits(d);

	smtp_dialog_note_tls(d);
	smtp_exchange_begin_tls(d);
	if (seek)
		smtp_exchange_seek_tls(d);
}

/* How bytes look that were looked at before, `looked` of them: with no more behind them they have
 * to do. */
static enum smtp_tls_look settle_look(
    struct smtp_dialog *d, enum side side, const struct cursor *in, enum smtp_tls_look look)
{
	uint8_t b = 0;

	if (look == SMTP_LOOK_MORE && in->left > d->looked[side]) {
		d->looked[side] = (uint8_t)in->left;
		return look;
	}
	d->looked[side] = 0;
	if (look != SMTP_LOOK_MORE)
		return look;
	/* No text begins with a control character. */
	return cursor_peek(in, 0, &b) && b < ' ' ? SMTP_LOOK_YES : SMTP_LOOK_NO;
}

/* Where TLS may begin without a word. Returns true when the bytes have to stay where they are. */
static bool stop_at_tls(struct smtp_dialog *d, enum side side, const struct cursor *in)
{
	bool seeks = side == SIDE_CLIENT && d->seeks_tls;
	enum smtp_tls_look look;

	if (!(seeks || smtp_exchange_unsure(d)) || d->line[side].used > 0 || d->pass_line)
		return false;
	look = smtp_tls_look(side, *in, seeks ? SMTP_LOOK_BRIEF : SMTP_LOOK_STRICT);
	look = settle_look(d, side, in, look);
	if (look == SMTP_LOOK_YES)
		begin_unannounced(d);
	return look == SMTP_LOOK_YES || look == SMTP_LOOK_MORE;
}

/* TLS where nothing of SMTP was said is foreign from its first byte on: none of it is used, so that
 * who names it sees what it is. Returns true when the bytes have to stay where they are. */
static bool stop_at_foreign_tls(struct smtp_dialog *d, enum side side, const struct cursor *in)
{
	enum smtp_tls_look look;

	if (smtp_exchange_saw(d, SMTP_SPOKEN) || smtp_exchange_unsure(d) || d->seeks_tls ||
	    d->pass_line || d->line[side].used > 0)
		return false;
	look = smtp_tls_look(side, *in, SMTP_LOOK_BRIEF);
	if (look == SMTP_LOOK_NO)
		return false;
	look = settle_look(d, side, in, look);
	if (look == SMTP_LOOK_YES)
		smtp_exchange_call_foreign(d);
	return look == SMTP_LOOK_YES || look == SMTP_LOOK_MORE;
}

static bool pass_line(struct smtp_dialog *d, struct cursor *in)
{
	if (!smtp_line_pass(in))
		return false;
	d->pass_line = false;
	if (d->response) {
		d->response = false;
		smtp_exchange_wait(d, SMTP_AUTH);
	}
	return true;
}

/* Judges a line, or what there is of it, while nobody has said anything that only SMTP says.
 * Returns whether it may be read. */
static bool judge_line(struct smtp_dialog *d, enum side side, struct cursor line, bool whole)
{
	bool binary = smtp_text_is_binary(line);
	bool reply = smtp_reply_may_begin(line) && (!whole || line.left >= SMTP_CODE_LENGTH);
	bool sane = side == SIDE_SERVER
			? reply
			: !d->line[side].overlong || smtp_command_read(line).only_smtp;

	if (!smtp_exchange_unsure(d)) {
		if (binary || !sane)
			smtp_exchange_call_foreign(d);
	} else if (binary) {
		smtp_exchange_end(d); /* TLS under way, perhaps: not foreign, but nothing to read */
	}
	return d->mode[side] != SMTP_MODE_OVER;
}

static bool read_line(struct smtp_dialog *d, enum side side, struct cursor *in)
{
	struct smtp_line *l = &d->line[side];
	uint8_t *kept = d->kept[side];
	struct cursor line;

	if (smtp_line_next(l, kept, in, &line) != RESULT_OK) {
		if (!smtp_exchange_saw(d, SMTP_SPOKEN))
			(void)judge_line(d, side, cursor_over(kept, l->used), false);
		return false;
	}
	if (smtp_exchange_saw(d, SMTP_SPOKEN) || judge_line(d, side, line, true)) {
		if (side == SIDE_CLIENT) {
			smtp_exchange_command(d, line);
		} else {
			smtp_exchange_reply(d, line);
			smtp_exchange_continue_reply(d, in);
		}
	}
	if (l->used > 0)
		smtp_line_reset(l, kept); /* it may have been AUTH's */
	return true;
}

/* Whether the client's bytes may be a header of the PROXY protocol, version 2 (HAProxy), before its
 * first word: 12 bytes that no text begins with. */
static bool is_proxy(const struct smtp_dialog *d, const struct cursor *in)
{
	static const uint8_t signature[12] = "\r\n\r\n\0\r\nQUIT\n";
	const uint32_t words = SMTP_SAW_EHLO | SMTP_SAW_HELO | SMTP_MAIL | SMTP_REQUESTED;
	size_t common = in->left < sizeof(signature) ? in->left : sizeof(signature);

	return memcmp(in->at, signature, common) == 0 && d->line[SIDE_CLIENT].used == 0 &&
	       d->strangers == 0 && !smtp_exchange_saw(d, words) && smtp_queue_empty(&d->queue);
}

/* Behind a header the caller may want to look first. */
static bool goes_on(struct smtp_dialog *d)
{
	bool stop = d->proxied && d->stops_behind_proxy;

	d->proxied = false;
	return !stop;
}

/* Behind the signature stand version and command, family, a length, and so many bytes. Returns
 * false when the bytes have to stay where they are. */
static bool take_proxy(struct smtp_dialog *d, struct cursor *in)
{
	struct cursor header = *in;
	uint16_t length;

	if (!cursor_skip(&header, 14) || !cursor_u16(&header, &length)) {
		d->looked[SIDE_CLIENT] = (uint8_t)in->left;
		return false;
	}
	d->looked[SIDE_CLIENT] = 0;
	*in = header;
	d->chunk_left = length;
	d->mode[SIDE_CLIENT] = length > 0 ? SMTP_MODE_CHUNK : SMTP_MODE_LINES;
	d->proxied = true;
	return length > 0 || goes_on(d);
}

static bool step_line(struct smtp_dialog *d, enum side side, struct cursor *in)
{
	uint8_t b;

	if (stop_at_tls(d, side, in) || stop_at_foreign_tls(d, side, in))
		return false;
	if (side == SIDE_CLIENT && cursor_peek(in, 0, &b) && b == '\r' && is_proxy(d, in) &&
	    in->left > d->looked[side])
		return take_proxy(d, in);
	if (side == SIDE_CLIENT && d->seeks_tls)
		d->pass_line = true;
	if (side == SIDE_CLIENT && d->pass_line)
		return pass_line(d, in);
	return read_line(d, side, in) && goes_on(d);
}

static bool step_lines(struct smtp_dialog *d, enum side side, struct cursor *in)
{
	bool on = true;

	while (on && in->left > 0 && d->mode[side] == SMTP_MODE_LINES)
		on = step_line(d, side, in);
	return on;
}

/* The line that waiting bytes begin with, as far as it is there. */
static struct smtp_command first_command(struct cursor bytes, bool *whole)
{
	struct cursor line;

	*whole = smtp_line_peek(bytes, &line);
	return smtp_command_read(line);
}

/* Goes on without the reply: what waits tells by its structure what it is. */
static void go_on(struct smtp_dialog *d, struct cursor bytes)
{
	bool whole;
	struct smtp_command c = first_command(bytes, &whole);

	smtp_queue_clear(&d->queue);
	d->unsure[SIDE_SERVER] = true;
	d->mode[SIDE_CLIENT] = SMTP_MODE_LINES;
	if (d->waits_for == SMTP_DATA) {
		d->early_code = 354;
		d->unsure[SIDE_CLIENT] |= c.strict; /* a body may begin like that too */
	}
	if (d->waits_for == SMTP_AUTH)
		d->pass_line = !c.strict;
	if (d->waits_for == SMTP_STARTTLS &&
	    smtp_tls_look(SIDE_CLIENT, bytes, SMTP_LOOK_BRIEF) == SMTP_LOOK_YES) {
		smtp_exchange_note_request(d);
		smtp_exchange_begin_tls(d);
	}
}

/* While replies are missing, a client that sends on has had its own: pipelining ends at these
 * commands. */
static bool step_wait(struct smtp_dialog *d, enum side side, struct cursor *in)
{
	struct smtp_command c;
	bool whole;

	(void)side;
	d->wait_look = (uint8_t)smtp_tls_look(SIDE_CLIENT, *in, SMTP_LOOK_BRIEF);
	if (!d->unsure[SIDE_SERVER])
		return false;
	if (d->waits_for == SMTP_STARTTLS && d->early_code == 220 &&
	    d->wait_look == SMTP_LOOK_YES) {
		smtp_exchange_note_request(d);
		smtp_exchange_accept_starttls(d, 220);
		return false;
	}
	c = first_command(*in, &whole);
	if (!whole || (d->waits_for == SMTP_STARTTLS && !c.strict))
		return false;
	go_on(d, *in);
	return true;
}

/* RFC 5321 section 4.1.1.4: a body ends at CRLF . CRLF and at nothing else. Returns whether it did.
 */
static bool pass_body(struct smtp_dialog *d, struct cursor *in)
{
	static const uint8_t end[] = {'\r', '\n', '.', '\r', '\n'};
	uint8_t b;

	while (d->body_match < sizeof(end)) {
		const uint8_t *cr = d->body_match == 0 ? memchr(in->at, '\r', in->left) : in->at;

		if (cr == NULL || !cursor_skip(in, (size_t)(cr - in->at))) {
			in->left = 0;
			return false;
		}
		if (!cursor_u8(in, &b))
			return false;
		if (b == end[d->body_match])
			d->body_match++;
		else
			d->body_match = b == '\r';
	}
	return true;
}

static bool step_body(struct smtp_dialog *d, enum side side, struct cursor *in)
{
	struct cursor bytes = *in;
	bool ended = pass_body(d, in);

	bytes.left -= in->left;
	if (d->in_headers)
		smtp_exchange_read_headers(d, bytes);
	if (!ended)
		return false;
	smtp_exchange_end_headers(d, true);
	d->mode[side] = SMTP_MODE_LINES;
	return true;
}

static bool step_chunk(struct smtp_dialog *d, enum side side, struct cursor *in)
{
	size_t length = d->chunk_left < in->left ? (size_t)d->chunk_left : in->left;
	struct cursor bytes = *in;

	if (cursor_take(in, length, &bytes))
		d->chunk_left -= length;
	if (d->in_headers)
		smtp_exchange_read_headers(d, bytes);
	if (d->chunk_left > 0)
		return true;
	smtp_exchange_end_headers(d, false); /* those of a message fit its first chunk */
	d->mode[side] = SMTP_MODE_LINES;
	return goes_on(d);
}

static bool step_tls(struct smtp_dialog *d, enum side side, struct cursor *in)
{
	(void)d, (void)side, (void)in;
	return false;
}

static bool step_over(struct smtp_dialog *d, enum side side, struct cursor *in)
{
	(void)d, (void)side;
	return cursor_skip(in, in->left);
}

static bool (*const steps[SMTP_MODES])(struct smtp_dialog *, enum side, struct cursor *) = {
    [SMTP_MODE_LINES] = step_lines,
    [SMTP_MODE_WAIT] = step_wait,
    [SMTP_MODE_BODY] = step_body,
    [SMTP_MODE_CHUNK] = step_chunk,
    [SMTP_MODE_TLS] = step_tls,
    [SMTP_MODE_OVER] = step_over,
};

void smtp_facts_clear(struct smtp_facts *f)
{
	memset(f, 0, offsetof(struct smtp_facts, events));
	f->banner[0] = f->helo[0] = '\0';
}

void smtp_dialog_init(struct smtp_dialog *d, bool midstream)
{
	memset(d, 0, offsetof(struct smtp_dialog, unsure_helo));
	d->unsure_helo[0] = '\0';
	smtp_facts_clear(&d->facts);
	d->greeted = d->torn = d->fragment = midstream;
	smtp_exchange_set_unsure(d, midstream);
}

void smtp_dialog_resume(struct smtp_dialog *d)
{
	memset(d, 0, offsetof(struct smtp_dialog, unsure_helo));
	d->unsure_helo[0] = '\0';
	d->greeted = true;
	d->told = (uint8_t)strlen(d->facts.history);
}

void smtp_dialog_wipe(struct smtp_dialog *d)
{
	smtp_exchange_end_headers(d, false);
	for (int side = 0; side < SIDES; side++)
		smtp_line_reset(&d->line[side], d->kept[side]);
}

size_t smtp_dialog_feed(struct smtp_dialog *d, enum side side, const uint8_t *bytes, size_t length)
{
	struct cursor in = cursor_over(bytes, length);

	while (in.left > 0 && steps[d->mode[side]](d, side, &in))
		;
	return length - in.left;
}

static void lose_server(struct smtp_dialog *d)
{
	smtp_line_reset(&d->line[SIDE_SERVER], d->kept[SIDE_SERVER]);
	d->unsure[SIDE_SERVER] = true;
	d->reply_gap = true;
	d->greeted = d->torn = d->fragment = true;
	d->reply_code = 0;
	if (d->early_code == 220) /* other replies may have followed it */
		d->early_code = 0;
}

static void lose_client(struct smtp_dialog *d, size_t length)
{
	smtp_exchange_end_headers(d, false);
	switch (d->mode[SIDE_CLIENT]) {
	case SMTP_MODE_BODY:
		d->body_match = 0;
		return;
	case SMTP_MODE_CHUNK:
		if (length > 0 && length <= d->chunk_left) {
			d->chunk_left -= length;
			if (d->chunk_left == 0)
				d->mode[SIDE_CLIENT] = SMTP_MODE_LINES;
			return;
		}
		d->mode[SIDE_CLIENT] = SMTP_MODE_LINES;
		break;
	case SMTP_MODE_WAIT:
		d->wait_gap = true;
		break;
	default:
		break;
	}
	smtp_line_reset(&d->line[SIDE_CLIENT], d->kept[SIDE_CLIENT]);
	d->pass_line = d->response = false;
	smtp_exchange_set_unsure(d, true);
}

void smtp_dialog_gap(struct smtp_dialog *d, enum side side, size_t length)
{
	if (d->mode[side] == SMTP_MODE_TLS || d->mode[side] == SMTP_MODE_OVER)
		return;
	smtp_exchange_note(d, SMTP_RESYNCED);
	if (d->facts.event_count == 0 ||
	    d->facts.events[d->facts.event_count - 1].what != SMTP_EVENT_GAP)
		smtp_exchange_log(d, SMTP_EVENT_GAP);
	d->looked[side] = 0;
	if (side == SIDE_CLIENT)
		lose_client(d, length);
	else
		lose_server(d);
}

void smtp_dialog_stop_waiting(struct smtp_dialog *d, const uint8_t *bytes, size_t length)
{
	if (smtp_dialog_waiting(d))
		go_on(d, cursor_over(bytes, length));
}
