/*
 * Postfix's policy delegation protocol (SMTPD_POLICY_README), answered from the clocks in Redis.
 * One thread answers, from a book that another one reads anew every so often: an answer never waits
 * for Redis. Where the book cannot be trusted, everybody is accepted.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../parsers/policy_request.h"
#include "../sensor/limits.h"
#include "../sensor/metrics.h"
#include "enforce.h"
#include "say.h"

#define READ_MAX 4096 /* bytes taken off one connection before the next one's turn */

static volatile sig_atomic_t stopping;

static void stop(int signal)
{
	(void)signal;
	stopping = 1;
}

static uint64_t monotonic_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- The clocks ---- */

struct clocks {
	const struct options *options;
	const struct enforcement *policy;
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t end;
	struct enforce_book *fresh; /* read, and not yet taken */
	uint64_t read_ms;	    /* the last good look; 0: none */
	bool away;		    /* the last look failed */
	bool over;
};

static void free_book(struct enforce_book *book)
{
	if (book != NULL)
		enforce_free(book);
	free(book);
}

/* NULL where Redis is away. */
static struct enforce_book *read_book(struct clocks *c, struct query **q)
{
	struct enforce_book *book = calloc(1, sizeof(*book));
	int status;

	if (*q == NULL)
		*q = query_open(c->options, &status);
	if (book != NULL && *q != NULL && enforce_read(*q, c->policy, book))
		return book;
	query_close(*q);
	*q = NULL;
	free_book(book);
	return NULL;
}

static void hand_over(struct clocks *c, struct enforce_book *book)
{
	pthread_mutex_lock(&c->lock);
	c->away = book == NULL;
	if (book != NULL) {
		free_book(c->fresh);
		c->fresh = book;
		c->read_ms = monotonic_ms();
	}
	pthread_mutex_unlock(&c->lock);
}

/* False at the end. */
static bool rest(struct clocks *c, uint64_t ms)
{
	struct timespec until;
	bool over;

	clock_gettime(
	    CLOCK_MONOTONIC, &until); /* as the condition does: the time of day may jump */
	until.tv_sec += (time_t)(ms / 1000);
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_mutex_lock(&c->lock);
	while (!c->over && pthread_cond_timedwait(&c->end, &c->lock, &until) == 0)
		;
	over = c->over;
	pthread_mutex_unlock(&c->lock);
	return !over;
}

/* A look takes at most a tenth of the time; where Redis is away, the waits become longer. */
static void *watch(void *context)
{
	struct clocks *c = context;
	struct query *q = NULL;
	uint64_t wait = LIMIT_POLICYD_REFRESH_MIN_MS;

	do {
		uint64_t begin = monotonic_ms();
		struct enforce_book *book = read_book(c, &q);

		hand_over(c, book);
		wait = book != NULL ? 10 * (monotonic_ms() - begin) : wait * 2;
		if (wait < LIMIT_POLICYD_REFRESH_MIN_MS)
			wait = LIMIT_POLICYD_REFRESH_MIN_MS;
		if (wait > LIMIT_POLICYD_REFRESH_MAX_MS)
			wait = LIMIT_POLICYD_REFRESH_MAX_MS;
	} while (rest(c, wait));
	query_close(q);
	return NULL;
}

/* Takes a fresher book; false where none can be trusted. */
static bool take_book(struct clocks *c, struct enforce_book **book)
{
	bool good;

	pthread_mutex_lock(&c->lock);
	if (c->fresh != NULL) {
		free_book(*book);
		*book = c->fresh;
		c->fresh = NULL;
	}
	good = *book != NULL && !c->away &&
	       monotonic_ms() - c->read_ms <= LIMIT_POLICYD_STALE_S * UINT64_C(1000);
	pthread_mutex_unlock(&c->lock);
	return good;
}

/* 0, or an errno. */
static int start_watch(struct clocks *c)
{
	pthread_condattr_t monotonic;
	sigset_t all, before;
	int result;

	pthread_mutex_init(&c->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&c->end, &monotonic);
	pthread_condattr_destroy(&monotonic);
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before); /* signals are the other thread's */
	result = pthread_create(&c->thread, NULL, watch, c);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return result;
}

static void end_watch(struct clocks *c)
{
	pthread_mutex_lock(&c->lock);
	c->over = true;
	pthread_cond_signal(&c->end);
	pthread_mutex_unlock(&c->lock);
	pthread_join(c->thread, NULL);
	free_book(c->fresh);
}

/* ---- Answers ---- */

struct server {
	struct clocks clocks;
	struct enforce_book *book; /* NULL: none yet */
	bool trusted;
	uint64_t now_ms;    /* a clock that stands; 0: the time of day */
	uint64_t warned_ms; /* monotonic */
	struct pollfd polls[1 + LIMIT_POLICYD_CONNECTIONS]; /* the first listens */
	struct connection {
		struct policy_request request;
		uint64_t heard_ms;
	} connections[1 + LIMIT_POLICYD_CONNECTIONS];
	size_t count; /* of polls in use */
};

/* Once a minute Postfix's own log says that nobody is held to anything. */
static const char *fail_open(struct server *s)
{
	uint64_t now = monotonic_ms();

	if (s->warned_ms != 0 && now - s->warned_ms < LIMIT_POLICYD_WARN_S * UINT64_C(1000))
		return "DUNNO";
	s->warned_ms = now;
	return "WARN tlsvane: Redis is away, so no host is held to the TLS policy";
}

/* Whom no clock knows, other restrictions of Postfix decide about. */
static const char *decide(
    struct server *s, const struct policy_request *r, char reply[ENFORCE_REPLY_MAX])
{
	const struct enforce_host *h;
	struct enforcement_state state;
	struct frame_address address;

	if (!r->is_access)
		return "DUNNO";
	if (!s->trusted)
		return fail_open(s);
	if (!address_parse(r->client_address, &address))
		return "DUNNO";
	h = enforce_find(s->book, &address);
	if (h == NULL)
		return "DUNNO";
	enforce_state(s->book, h, s->now_ms != 0 ? s->now_ms : now_ms(), &state);
	return state.action == ENFORCEMENT_PASS ? "DUNNO"
						: enforce_reply(s->book, h, &state, reply);
}

/* False where the client does not read, or is gone. */
static bool answer(struct server *s, int fd, const struct policy_request *r)
{
	char reply[ENFORCE_REPLY_MAX], text[ENFORCE_REPLY_MAX + 16];
	int length = snprintf(text, sizeof(text), "action=%s\n\n", decide(s, r, reply));

	return send(fd, text, (size_t)length, MSG_NOSIGNAL | MSG_DONTWAIT) == length;
}

/* ---- Connections ---- */

static void close_at(struct server *s, size_t i)
{
	close(s->polls[i].fd);
	s->count--;
	s->polls[i] = s->polls[s->count];
	s->connections[i] = s->connections[s->count];
}

static size_t longest_silent(const struct server *s)
{
	size_t found = 1;

	for (size_t i = 2; i < s->count; i++)
		if (s->connections[i].heard_ms < s->connections[found].heard_ms)
			found = i;
	return found;
}

/* At the cap the one that was silent for longest makes room: Postfix connects again. */
static void take_connection(struct server *s)
{
	int fd = accept4(s->polls[0].fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	if (s->count == 1 + LIMIT_POLICYD_CONNECTIONS)
		close_at(s, longest_silent(s));
	s->polls[s->count] = (struct pollfd){.fd = fd, .events = POLLIN};
	policy_request_init(&s->connections[s->count].request);
	s->connections[s->count].heard_ms = monotonic_ms();
	s->count++;
}

/* All requests that are whole. False where the connection is to be closed. */
static bool feed(struct server *s, size_t i, const char *bytes, size_t length)
{
	struct policy_request *r = &s->connections[i].request;
	struct cursor c = cursor_over(bytes, length);
	int result;

	while ((result = policy_request_feed(r, &c)) == RESULT_OK) {
		if (!answer(s, s->polls[i].fd, r))
			return false;
		policy_request_init(r);
	}
	return result == RESULT_MORE;
}

static bool hear(struct server *s, size_t i)
{
	char bytes[READ_MAX];
	ssize_t got = recv(s->polls[i].fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (got < 0)
		return errno == EAGAIN || errno == EINTR;
	s->connections[i].heard_ms = monotonic_ms();
	return got > 0 && feed(s, i, bytes, (size_t)got);
}

static void serve(struct server *s)
{
	while (!stopping) {
		int ready = poll(s->polls, s->count, 1000);

		s->trusted = take_book(&s->clocks, &s->book);
		if (ready <= 0)
			continue;
		/* Backwards: one that is closed is replaced by one that was seen already. */
		for (size_t i = s->count; i-- > 1;)
			if (s->polls[i].revents != 0 && !hear(s, i))
				close_at(s, i);
		if ((s->polls[0].revents & POLLIN) != 0)
			take_connection(s);
	}
}

/* ---- Start and end ---- */

/* The first look is waited for, so that nobody is answered from an empty book. */
static void await_book(struct server *s)
{
	bool looked = false;

	while (!looked && !stopping) {
		pthread_mutex_lock(&s->clocks.lock);
		looked = s->clocks.fresh != NULL || s->clocks.away;
		pthread_mutex_unlock(&s->clocks.lock);
		if (!looked)
			poll(NULL, 0, 10);
	}
}

static int run(struct server *s, const char *address)
{
	int why = start_watch(&s->clocks);

	if (why != 0)
		return say_error(EXIT_FAILED, "cannot start a thread: %s", strerror(why));
	await_book(s);
	s->trusted = take_book(&s->clocks, &s->book);
	printf("Answers Postfix at %s, %zu hosts in the clock.\n", address,
	    s->book == NULL ? 0 : s->book->count);
	fflush(stdout);
	serve(s);
	end_watch(&s->clocks);
	free_book(s->book);
	return 0;
}

int policyd(const struct options *o, const struct rule_file *file, uint64_t now)
{
	struct sigaction action = {.sa_handler = stop};
	char error[METRICS_ERROR_MAX];
	const char *path;
	int listener, status;
	struct server *s;

	if (rule_file_enforcement(file)->servers)
		return say_error(EXIT_USAGE,
		    "the rules file holds servers to it: a mail server can only turn clients away");
	listener = metrics_listen("--policyd", o->policyd, &path, error);
	if (listener < 0)
		return say_error(EXIT_USAGE, "%s", error);
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return say_error(EXIT_FAILED, "out of memory");
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	s->clocks = (struct clocks){.options = o, .policy = rule_file_enforcement(file)};
	s->now_ms = now;
	s->polls[0] = (struct pollfd){.fd = listener, .events = POLLIN};
	s->count = 1;
	status = run(s, o->policyd);
	while (s->count > 0)
		close_at(s, s->count - 1);
	if (path != NULL)
		(void)unlink(path);
	free(s);
	return status;
}
