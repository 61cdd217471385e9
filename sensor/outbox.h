/*
 * The worker's end of its socket to the recorder: what the socket cannot take now waits, in order,
 * within LIMIT_QUEUE_BYTES. Nothing here blocks, but outbox_wait.
 */
#ifndef TLSVANE_OUTBOX_H
#define TLSVANE_OUTBOX_H

#include "message.h"

struct waiting_message;

struct outbox {
	int socket;
	struct waiting_message *first, *last;
	size_t bytes;  /* of all that wait */
	uint64_t lost; /* messages refused for lack of room */
};

/* Sends a copy of the message, or lets it wait. False: it is lost. */
bool outbox_put(struct outbox *o, const struct message *m);

/* Sends of what waits as much as the socket takes. */
void outbox_pump(struct outbox *o);

/* The same, and waits so long at most until the socket takes something. */
void outbox_wait(struct outbox *o, int milliseconds);

#endif
