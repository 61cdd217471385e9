/* Redis commands as bytes (RESP 2), gathered until they are sent. */
#ifndef TLSVANE_STORE_WIRE_H
#define TLSVANE_STORE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wire {
	char *bytes;
	size_t used, sent, room;
	bool failed; /* memory was short: what stands here is not whole */
};

/* A command of `count` arguments, its name among them; each follows by wire_argument or its like.
 */
void wire_command(struct wire *w, size_t count);
void wire_argument(struct wire *w, const char *bytes, size_t length);
void wire_text(struct wire *w, const char *text);
void wire_number(struct wire *w, uint64_t number);
/* Arguments that were encoded in another wire. */
void wire_append(struct wire *w, const struct wire *other);

static inline size_t wire_waiting(const struct wire *w)
{
	return w->used - w->sent;
}

void wire_clear(struct wire *w); /* keeps its memory */
void wire_free(struct wire *w);

#endif
