/*
 * The client's commands that have no reply yet (PIPELINING: RFC 2920), oldest first. A row of
 * SMTP_OTHER, as a hundred RCPT are, takes little room: each place counts up to 16 of them.
 */
#ifndef TLSVANE_SMTP_QUEUE_H
#define TLSVANE_SMTP_QUEUE_H

#include "result.h"
#include "smtp_syntax.h"

#define SMTP_COMMANDS_MAX 64

struct smtp_queue {
	uint8_t first, count; /* of places */
	uint8_t
	    places[SMTP_COMMANDS_MAX]; /* a ring: enum smtp_command_kind, and << 4 how many more */
};

/* Returns false, and changes nothing, when there is no room. */
MUST_USE bool smtp_queue_push(struct smtp_queue *q, uint8_t kind);

/* The kind of the oldest command. The queue must not be empty. */
uint8_t smtp_queue_oldest(const struct smtp_queue *q);

/* Takes the oldest command off. The queue must not be empty. */
uint8_t smtp_queue_pop(struct smtp_queue *q);

/* Drops what stands before the first command of a kind. Returns false, and drops nothing, without
 * one. */
MUST_USE bool smtp_queue_skip_to(struct smtp_queue *q, uint8_t kind);

static inline void smtp_queue_clear(struct smtp_queue *q)
{
	q->first = q->count = 0;
}

static inline bool smtp_queue_empty(const struct smtp_queue *q)
{
	return q->count == 0;
}

#endif
