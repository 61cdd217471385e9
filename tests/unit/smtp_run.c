#include "smtp_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

void smtp_run_start(struct smtp_run *r, bool midstream)
{
	memset(r, 0, sizeof(*r));
	smtp_dialog_init(&r->dialog, midstream);
}

/* Offers a copy of its own: the sanitizer then sees a read behind its end. */
static size_t offer(struct smtp_run *r, enum side side, size_t end)
{
	size_t length = end - r->used[side], used;
	uint8_t *copy = malloc(length + (length == 0));

	assert_non_null(copy);
	memcpy(copy, r->bytes[side] + r->used[side], length);
	used = smtp_dialog_feed(&r->dialog, side, copy, length);
	assert_true(used <= length);
	free(copy);
	r->used[side] += used;
	return used;
}

bool smtp_run_offer(struct smtp_run *r, enum side side)
{
	bool before_hole = r->hole[side] > 0 && r->used[side] <= r->hole_at[side];
	size_t end = r->sent[side];
	bool moved;

	if (before_hole && end > r->hole_at[side])
		end = r->hole_at[side];
	moved = end > r->used[side] && offer(r, side, end) > 0;
	if (before_hole && r->used[side] == r->hole_at[side] &&
	    r->sent[side] >= r->hole_at[side] + r->hole[side]) {
		smtp_dialog_gap(&r->dialog, side, r->hole[side]);
		r->used[side] += r->hole[side];
		r->hole[side] = 0;
		moved = true;
	}
	return moved;
}

void smtp_run_deliver(struct smtp_run *r, enum side side, const char *bytes, size_t length)
{
	assert_true(r->sent[side] + length <= SMTP_RUN_MAX);
	memcpy(r->bytes[side] + r->sent[side], bytes, length);
	r->sent[side] += length;
	smtp_run_offer(r, side);
	while (smtp_run_offer(r, side_other(side)) || smtp_run_offer(r, side))
		;
}

void smtp_run_deliver_slowly(struct smtp_run *r, enum side side, const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		smtp_run_deliver(r, side, bytes + i, 1);
}
