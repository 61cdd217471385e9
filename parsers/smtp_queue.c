/* A ring of commands without a reply (RFC 2920), rows of SMTP_OTHER counted in one place. */
#include "smtp_queue.h"

#define KINDS 16 /* a place is kind + KINDS * further ones */

_Static_assert(SMTP_COMMAND_KINDS <= KINDS, "a kind fits four bits");

static uint8_t *place(struct smtp_queue *q, unsigned position)
{
	return &q->places[(q->first + position) % SMTP_COMMANDS_MAX];
}

bool smtp_queue_push(struct smtp_queue *q, uint8_t kind)
{
	if (q->count > 0 && kind == SMTP_OTHER) {
		uint8_t *last = place(q, q->count - 1u);

		if (*last % KINDS == SMTP_OTHER && *last / KINDS < KINDS - 1) {
			*last = (uint8_t)(*last + KINDS);
			return true;
		}
	}
	if (q->count == SMTP_COMMANDS_MAX)
		return false;
	*place(q, q->count) = kind;
	q->count++;
	return true;
}

uint8_t smtp_queue_oldest(const struct smtp_queue *q)
{
	return q->places[q->first] % KINDS;
}

static void drop(struct smtp_queue *q)
{
	q->first = (uint8_t)((q->first + 1) % SMTP_COMMANDS_MAX);
	q->count--;
}

uint8_t smtp_queue_pop(struct smtp_queue *q)
{
	uint8_t kind = smtp_queue_oldest(q);
	uint8_t *oldest = place(q, 0);

	if (*oldest / KINDS > 0)
		*oldest = (uint8_t)(*oldest - KINDS);
	else
		drop(q);
	return kind;
}

bool smtp_queue_skip_to(struct smtp_queue *q, uint8_t kind)
{
	uint8_t before = 0;

	while (before < q->count && *place(q, before) % KINDS != kind)
		before++;
	if (before == q->count)
		return false;
	for (; before > 0; before--)
		drop(q);
	return true;
}
