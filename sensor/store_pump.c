/* Bytes and time: the store's connection, moved on a little at each call. */
#include "store_private.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "clock.h"

#define RECEIVE_SIZE 65536

uint64_t store_clock(void)
{
	return clock_ms(CLOCK_BOOTTIME);
}

uint64_t store_wall(void)
{
	return clock_ms(CLOCK_REALTIME);
}

void store_expect(struct store *s, unsigned operation, struct tally_entry *e, size_t fields)
{
	size_t at = (s->ring_first + s->ring_count) % STORE_RING;

	if (s->ring_count++ == 0)
		s->progress_ms = store_clock();
	s->ring[at] = (struct store_pending){(uint16_t)operation, (uint16_t)fields, e};
	s->commands++;
}

static void lose(struct store *s, const char *why)
{
	store_trouble_away(s, s->answered ? "lost" : "connect", why);
	store_drop(s, false);
}

static void lose_errno(struct store *s, int reason)
{
	lose(s, reason == EPIPE ? "it closed the connection" : strerror(reason));
}

static bool is_later(int reason)
{
	return reason == EAGAIN || reason == EWOULDBLOCK || reason == EINTR;
}

/* Each returns whether something moved; afterwards s->redis may be NULL. */
static bool send_some(struct store *s)
{
	struct wire *w = &s->out;
	ssize_t sent;

	if (w->failed) {
		lose(s, "memory is short");
		return false;
	}
	if (wire_waiting(w) == 0)
		return false;
	sent = send(s->redis->fd, w->bytes + w->sent, wire_waiting(w), MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent < 0) {
		/* What it said before it closed is worth reading: receive_some() follows. */
		if (!is_later(errno) && (errno != EPIPE && errno != ECONNRESET))
			lose_errno(s, errno);
		return false;
	}
	w->sent += (size_t)sent;
	if (wire_waiting(w) == 0)
		wire_clear(w);
	return true;
}

static void take_reply(struct store *s, const redisReply *reply)
{
	struct store_pending p = s->ring[s->ring_first];

	s->answered = true;
	s->progress_ms = store_clock();
	if (s->ring_count ==
	    0) { /* said unasked, before it closes: too many clients, protected mode */
		store_trouble_reply(s, reply->str != NULL ? reply->str : "ERR unasked reply", NULL);
		return;
	}
	s->ring_first = (s->ring_first + 1) % STORE_RING;
	s->ring_count--;
	store_reply(s, &p, reply);
}

static void take_replies(struct store *s)
{
	void *reply;

	while (s->redis != NULL) {
		if (redisReaderGetReply(s->redis->reader, &reply) != REDIS_OK) {
			lose(s, "what answers there does not speak Redis's protocol");
			return;
		}
		if (reply == NULL)
			return;
		take_reply(s, reply);
		freeReplyObject(reply);
	}
}

static bool receive_some(struct store *s)
{
	static char bytes[RECEIVE_SIZE];
	ssize_t got;

	if (s->redis == NULL)
		return false;
	got = recv(s->redis->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	if (got < 0) {
		if (!is_later(errno))
			lose_errno(s, errno);
		return false;
	}
	if (got == 0) {
		lose(s, "it closed the connection");
		return false;
	}
	if (redisReaderFeed(s->redis->reader, bytes, (size_t)got) != REDIS_OK) {
		lose(s, "memory is short");
		return false;
	}
	take_replies(s);
	return true;
}

static void check_deadline(struct store *s)
{
	uint64_t limit = s->answered ? LIMIT_REPLY_MS : LIMIT_CONNECT_MS;

	if (s->redis != NULL && s->ring_count > 0 && store_clock() - s->progress_ms > limit)
		lose(s, s->answered ? "no reply in time" : "no answer to the connection in time");
}

static bool wait_for(struct store *s, uint64_t milliseconds)
{
	struct pollfd wanted = {.fd = s->redis->fd, .events = POLLIN};

	if (wire_waiting(&s->out) > 0)
		wanted.events |= POLLOUT;
	return poll(&wanted, 1, (int)milliseconds) > 0;
}

void store_pump(struct store *s, uint64_t until_ms, unsigned wait_ms)
{
	while (s->redis != NULL) {
		uint64_t now;
		bool moved;

		if (s->state == STORE_READY && !s->quiet)
			store_fill(s);
		if (s->redis == NULL || (s->ring_count == 0 && wire_waiting(&s->out) == 0))
			return;
		moved = send_some(s);
		moved |= receive_some(s);
		now = store_clock();
		if (s->redis == NULL || now >= until_ms)
			break;
		if (!moved && !wait_for(s, until_ms - now < wait_ms ? until_ms - now : wait_ms))
			break;
	}
	check_deadline(s);
}
