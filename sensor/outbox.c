/* A bounded queue in front of a socket. */
#include "outbox.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "limits.h"

struct waiting_bundle {
	struct waiting_bundle *next;
	struct bundle bundle;
};

static bool send_now(const struct outbox *o, const struct bundle *b)
{
	ssize_t sent;

	do
		sent = send(o->socket, b, b->size, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent == (ssize_t)b->size;
}

void outbox_pump(struct outbox *o)
{
	struct waiting_bundle *w;

	while ((w = o->first) != NULL && send_now(o, &w->bundle)) {
		o->first = w->next;
		o->bytes -= sizeof(*w);
		free(w);
	}
}

static struct waiting_bundle *begin_bundle(struct outbox *o)
{
	struct waiting_bundle *w;

	outbox_pump(o);
	w = o->bytes + sizeof(*w) > LIMIT_QUEUE_BYTES ? NULL : malloc(sizeof(*w));
	if (w == NULL)
		return NULL;
	w->next = NULL;
	w->bundle.size = BUNDLE_HEAD;
	w->bundle.records = 0;
	if (o->first == NULL)
		o->first = w;
	else
		o->last->next = w;
	o->last = w;
	o->bytes += sizeof(*w);
	return w;
}

static bool put(struct outbox *o, enum message_kind kind, const void *what, size_t size)
{
	struct waiting_bundle *w = o->first != NULL ? o->last : NULL;

	if (w != NULL && bundle_add(&w->bundle, kind, o->generation, what, size))
		return true;
	w = begin_bundle(o);
	return w != NULL && bundle_add(&w->bundle, kind, o->generation, what, size);
}

bool outbox_put_record(struct outbox *o, const struct record *record)
{
	bool taken = put(o, MESSAGE_RECORD, record, record_size(record));

	o->lost += !taken;
	return taken;
}

bool outbox_put_numbers(struct outbox *o, const struct sensor_numbers *numbers)
{
	return put(o, MESSAGE_NUMBERS, numbers, sizeof(*numbers));
}

void outbox_wait(struct outbox *o, int milliseconds)
{
	struct pollfd wanted = {.fd = o->socket, .events = POLLOUT};

	(void)poll(&wanted, 1, milliseconds);
	outbox_pump(o);
}
