/*
 * The SMTP dialogue: bytes become a conversation of two sides, which is held twice, in the pieces
 * given and byte by byte. Both must come to the same facts.
 *
 * The first byte: 1 for midstream. Then records: a byte of side (0x80: the server), kind (0x40: an
 * event) and a number n; either n + 1 bytes that the side sends, or an event: n = 0: the client is
 * not to wait any longer; else n bytes of the side are missing.
 */
#include "../../parsers/smtp_dialog.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SENT_MAX 65536

struct run {
	struct smtp_dialog dialog;
	uint8_t waiting[SIDES][SENT_MAX]; /* sent and not used */
	size_t count[SIDES];
	bool held; /* too few bytes to tell: how many there were then matters */
};

static void check(bool condition)
{
	if (!condition)
		abort();
}

static void check_facts(const struct smtp_facts *f)
{
	check(memchr(f->banner, '\0', SMTP_BANNER_MAX) != NULL);
	check(memchr(f->helo, '\0', SMTP_HELO_MAX) != NULL);
	check(memchr(f->history, '\0', SMTP_HISTORY_MAX) != NULL);
	check(!(f->seen & SMTP_OFFERED) || (f->seen & SMTP_SAW_CAPABILITIES));
	check(!(f->seen & SMTP_ANONYMOUS) || (f->seen & SMTP_REQUESTED));
	check(!(f->seen & SMTP_MAIL_ACCEPTED) || (f->seen & SMTP_MAIL));
	check(!f->starttls_reply || (f->seen & SMTP_REQUESTED));
}

static bool offer(struct run *r, enum side side)
{
	uint8_t *bytes = r->waiting[side];
	size_t used = smtp_dialog_feed(&r->dialog, side, bytes, r->count[side]);

	check(used <= r->count[side]);
	r->count[side] -= used;
	memmove(bytes, bytes + used, r->count[side]);
	r->held |= r->dialog.looked[side] > 0;
	check_facts(&r->dialog.facts);
	return used > 0;
}

static void offer_both(struct run *r, enum side side)
{
	offer(r, side);
	while (offer(r, side_other(side)) || offer(r, side))
		;
}

/* Replies one by one: one that lets the client go on comes before the reply to what the client then
 * says. */
static void deliver(struct run *r, enum side side, const uint8_t *bytes, size_t length, bool slowly)
{
	for (size_t i = 0; i < length && r->count[side] < SENT_MAX; i++) {
		r->waiting[side][r->count[side]++] = bytes[i];
		if (slowly || i + 1 == length || (side == SIDE_SERVER && bytes[i] == '\n'))
			offer_both(r, side);
	}
}

static void happen(struct run *r, enum side side, uint8_t number)
{
	if (number == 0)
		smtp_dialog_stop_waiting(
		    &r->dialog, r->waiting[SIDE_CLIENT], r->count[SIDE_CLIENT]);
	else if (r->count[side] == 0)
		smtp_dialog_gap(&r->dialog, side, number == 0x3f ? 0 : number);
	offer_both(r, side);
}

static void converse(struct run *r, struct cursor in, bool slowly)
{
	uint8_t first = 0, head;

	r->count[SIDE_CLIENT] = r->count[SIDE_SERVER] = 0;
	r->held = false;
	memset(&r->dialog, 0, sizeof(r->dialog)); /* init leaves what is not used yet as it was */
	if (!cursor_u8(&in, &first))
		return;
	smtp_dialog_init(&r->dialog, first & 1);
	while (cursor_u8(&in, &head)) {
		enum side side = head & 0x80 ? SIDE_SERVER : SIDE_CLIENT;
		size_t length = (head & 0x3fu) + 1;
		struct cursor piece;

		if (head & 0x40) {
			happen(r, side, head & 0x3f);
			continue;
		}
		if (length > in.left)
			length = in.left;
		if (cursor_take(&in, length, &piece))
			deliver(r, side, piece.at, piece.left, slowly);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct run whole, slow;

	if (size == 0 || size > SENT_MAX)
		return 0;
	converse(&whole, cursor_over(data, size), false);
	converse(&slow, cursor_over(data, size), true);
	if (whole.held || slow.held)
		return 0;
	check(memcmp(&whole.dialog.facts, &slow.dialog.facts, sizeof(whole.dialog.facts)) == 0);
	check(memcmp(whole.dialog.mode, slow.dialog.mode, sizeof(whole.dialog.mode)) == 0);
	check(memcmp(whole.count, slow.count, sizeof(whole.count)) == 0);
	return 0;
}
