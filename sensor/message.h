/*
 * What a worker tells the recorder, in bundles of messages, each a datagram of a SOCK_SEQPACKET
 * pair, in the host's byte order: both ends are one program. The worker has read strangers' bytes
 * and is not believed: whatever comes out of the pair passes message_check first.
 */
#ifndef TLSVANE_MESSAGE_H
#define TLSVANE_MESSAGE_H

#include "limits.h"
#include "numbers.h"
#include "record.h"

enum message_kind {
	MESSAGE_RECORD = 1, /* record_size bytes of a record */
	MESSAGE_NUMBERS,    /* what the worker did since it began, as a struct sensor_numbers */
};

struct message {
	uint32_t kind;
	uint32_t generation; /* how many workers there were in this place before */
	union {
		struct record record;
		struct sensor_numbers numbers;
	};
};

#define MESSAGE_HEAD offsetof(struct message, record)

struct bundle {
	uint32_t size;	  /* bytes, with these */
	uint32_t records; /* among the messages, its sender says */
	unsigned char messages[LIMIT_BUNDLE_BYTES];
};

#define BUNDLE_HEAD offsetof(struct bundle, messages)

/* Puts a message of `size` bytes behind those that are there; in an empty bundle size is
 * BUNDLE_HEAD. False: it does not fit. */
bool bundle_add(
    struct bundle *b, enum message_kind kind, uint32_t generation, const void *what, size_t size);

/* The next message of a bundle that has its `size` bytes: *at begins as BUNDLE_HEAD. It has passed
 * message_check. NULL: at its end *at is b->size, else what follows is none. */
const struct message *bundle_next(const struct bundle *b, size_t *at);

/* Bytes of *m that matter. */
size_t message_size(const struct message *m);

/* Whether `size` bytes at *m are one whole message with nothing behind it, whose record, if it is
 * one, is valid. */
bool message_check(const struct message *m, size_t size);

/*
 * Whether the first `size` bytes of *r are a whole record, such as a session gives: its size is
 * record_size, every word is one of its enum, every text begins where another ends, ends within the
 * record and is printable. The field table says which is which.
 */
bool record_valid(const struct record *r, size_t size);

#endif
