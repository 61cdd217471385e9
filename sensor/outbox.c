/* A bounded queue in front of a socket. */
#include "outbox.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "limits.h"

struct waiting_message {
	struct waiting_message *next;
	size_t size;
	struct message message; /* `size` bytes of it */
};

#define COST(size) (offsetof(struct waiting_message, message) + (size))

static bool send_now(const struct outbox *o, const struct message *m, size_t size)
{
	ssize_t sent;

	do
		sent = send(o->socket, m, size, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent == (ssize_t)size;
}

static bool let_wait(struct outbox *o, const struct message *m, size_t size)
{
	struct waiting_message *w =
	    o->bytes + COST(size) > LIMIT_QUEUE_BYTES ? NULL : malloc(COST(size));

	if (w == NULL) {
		o->lost++;
		return false;
	}
	w->next = NULL;
	w->size = size;
	memcpy(&w->message, m, size);
	if (o->first == NULL)
		o->first = w;
	else
		o->last->next = w;
	o->last = w;
	o->bytes += COST(size);
	return true;
}

bool outbox_put(struct outbox *o, const struct message *m)
{
	size_t size = message_size(m);

	if (o->first == NULL && send_now(o, m, size))
		return true;
	return let_wait(o, m, size);
}

void outbox_pump(struct outbox *o)
{
	struct waiting_message *w;

	while ((w = o->first) != NULL && send_now(o, &w->message, w->size)) {
		o->first = w->next;
		o->bytes -= COST(w->size);
		free(w);
	}
}

void outbox_wait(struct outbox *o, int milliseconds)
{
	struct pollfd wanted = {.fd = o->socket, .events = POLLOUT};

	(void)poll(&wanted, 1, milliseconds);
	outbox_pump(o);
}
