/*
 * The worker's end of its socket to the recorder. What is put here is sent in bundles, in order: by
 * outbox_pump, or when a bundle is full; what the socket cannot take now waits, within
 * LIMIT_QUEUE_BYTES. Nothing here blocks, but outbox_wait.
 */
#ifndef TLSVANE_OUTBOX_H
#define TLSVANE_OUTBOX_H

#include "message.h"

struct waiting_bundle;

struct outbox {
	int socket;
	uint32_t generation; /* of all messages */
	struct waiting_bundle *first, *last;
	size_t bytes;  /* of all that wait */
	uint64_t lost; /* records refused for lack of room */
};

/* Takes a copy. False: there is no room; a record is lost then. */
bool outbox_put_record(struct outbox *o, const struct record *record);
bool outbox_put_numbers(struct outbox *o, const struct sensor_numbers *numbers);

/* Sends of what waits as much as the socket takes. */
void outbox_pump(struct outbox *o);

/* The same, and waits so long at most until the socket takes something. */
void outbox_wait(struct outbox *o, int milliseconds);

#endif
