/* Redis commands as bytes (RESP 2). */
#include "store_wire.h"

#include <stdlib.h>
#include <string.h>

#include "decimal.h"

#define ROOM_MIN 65536

static bool grow(struct wire *w, size_t length)
{
	size_t room = w->room == 0 ? ROOM_MIN : w->room;
	char *grown;

	while (room - w->used < length)
		room *= 2;
	grown = realloc(w->bytes, room);
	if (grown == NULL) {
		w->failed = true;
		return false;
	}
	w->bytes = grown;
	w->room = room;
	return true;
}

static inline char *reserve(struct wire *w, size_t length)
{
	if (w->failed || (w->room - w->used < length && !grow(w, length)))
		return NULL;
	return w->bytes + w->used;
}

/* "*3\r\n", "$17\r\n" */
static char *put_length(char *at, char kind, size_t length)
{
	*at++ = kind;
	at = decimal_put(at, length);
	*at++ = '\r';
	*at++ = '\n';
	return at;
}

void wire_command(struct wire *w, size_t count)
{
	char *at = reserve(w, DECIMAL_MAX + 3);

	if (at != NULL)
		w->used = (size_t)(put_length(at, '*', count) - w->bytes);
}

void wire_argument(struct wire *w, const char *bytes, size_t length)
{
	char *at = reserve(w, length + DECIMAL_MAX + 5);

	if (at == NULL)
		return;
	at = put_length(at, '$', length);
	memcpy(at, bytes, length);
	at += length;
	*at++ = '\r';
	*at++ = '\n';
	w->used = (size_t)(at - w->bytes);
}

void wire_text(struct wire *w, const char *text)
{
	wire_argument(w, text, strlen(text));
}

void wire_number(struct wire *w, uint64_t number)
{
	char text[DECIMAL_MAX];

	wire_argument(w, text, (size_t)(decimal_put(text, number) - text));
}

void wire_append(struct wire *w, const struct wire *other)
{
	char *at = reserve(w, other->used);

	if (at == NULL || other->failed) {
		w->failed = true;
		return;
	}
	memcpy(at, other->bytes, other->used);
	w->used += other->used;
}

void wire_clear(struct wire *w)
{
	w->used = w->sent = 0;
	w->failed = false;
}

void wire_free(struct wire *w)
{
	free(w->bytes);
	*w = (struct wire){0};
}
