/*
 * What a Redis may answer, or what answers in its place. The first byte even: the whole side of a
 * server, to a store with something to write, in the pieces between bytes 0xff; then the connection
 * ends. Odd: replies, to those who asked about alerts and hosts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <hiredis/hiredis.h>

#include "../../parsers/cursor.h"
#include "../../sensor/alert_claim.h"
#include "../../sensor/history_facts.h"
#include "../../sensor/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PIECE_END 0xff

static int listening, served = -1;
static char url[128];
static struct cursor answer;

redisContext *__real_redisConnectUnixNonBlock(const char *path);
redisContext *__wrap_redisConnectUnixNonBlock(const char *path);
ssize_t __wrap_recv(int fd, void *bytes, size_t size, int flags);

static void begin(void)
{
	struct sockaddr_un where = {.sun_family = AF_UNIX};

	snprintf(where.sun_path, sizeof(where.sun_path), "/tmp/tlsvane-fuzz-%d", (int)getpid());
	snprintf(url, sizeof(url), "unix:%s", where.sun_path);
	unlink(where.sun_path);
	listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listening < 0 || bind(listening, (struct sockaddr *)&where, sizeof(where)) != 0 ||
	    listen(listening, 4) != 0)
		abort();
}

static void end(void)
{
	unlink(url + strlen("unix:"));
}

static void hang_up(void)
{
	if (served >= 0)
		close(served);
	served = -1;
}

/* The store's connection (the linker's --wrap). Who connects again is hung up on: the same answer
 * would come for ever. */
redisContext *__wrap_redisConnectUnixNonBlock(const char *path)
{
	redisContext *context = __real_redisConnectUnixNonBlock(path);

	if (served >= 0)
		answer.left = 0;
	hang_up();
	served = accept(listening, NULL, NULL);
	if (served < 0)
		abort();
	return context;
}

/* What the store hears; its questions stay in the socket. */
ssize_t __wrap_recv(int fd, void *bytes, size_t size, int flags)
{
	struct cursor piece;
	const uint8_t *end;
	size_t length;

	(void)fd;
	(void)flags;
	while (answer.left > 0 && *answer.at == PIECE_END)
		answer = cursor_over(answer.at + 1, answer.left - 1);
	if (answer.left == 0)
		return 0;
	end = memchr(answer.at, PIECE_END, answer.left);
	length = end != NULL ? (size_t)(end - answer.at) : answer.left;
	length = length < size ? length : size;
	if (!cursor_take(&answer, length, &piece))
		abort();
	memcpy(bytes, piece.at, length);
	return (ssize_t)length;
}

static void add_sessions(struct tally *t)
{
	struct record r;

	for (uint8_t i = 0; i < 3; i++) {
		record_init(&r);
		r.start_ns = UINT64_C(1772323200000000000);
		r.outcome = OUTCOME_TLS;
		r.tls_version = 0x0301;
		r.cipher_suite = 0xc013;
		r.server_ip.bytes[15] = i;
		r.client_ip.bytes[15] = 7;
		if (tally_add(t, &r) != 0)
			abort();
	}
}

static void take_line(void *context, const char *line)
{
	size_t *lines = context;

	if (strchr(line, '\n') != NULL)
		abort();
	++*lines;
}

static void talk(const uint8_t *data, size_t size)
{
	size_t lines = 0;
	struct store_options options = {
	    .url = url, .sensor = "fuzz", .log = take_line, .log_context = &lines};
	char error[STORE_ERROR_MAX] = "";
	struct tally *t = tally_new(0);
	struct store *s;

	if (t == NULL)
		abort();
	answer = cursor_over(data, size);
	add_sessions(t);
	s = store_open(&options, t, error);
	if (s != NULL) {
		(void)store_flush(s);
		(void)store_flush(s);
		(void)store_close(s);
	} else if (error[0] == '\0' || strchr(error, '\n') != NULL) {
		abort();
	}
	hang_up();
	tally_free(t);
}

static void take_reply(const redisReply *reply)
{
	struct suppress_shared shared;
	const char *rule, *key;
	struct facts facts = {0};
	struct rules_value value;

	(void)alert_claim_reply(reply, &shared);
	if (alert_load_reply(reply, &rule, &key, &shared) == 0 && strlen(rule) + strlen(key) == 0)
		return;
	facts_from_redis(&facts, reply, false);
	facts_from_redis(&facts, reply, true);
	(void)facts_best_version(&facts);
	(void)facts_answer(&facts, "first_seen", true, 1772323200000, &value);
	(void)facts_answer(&facts, "versions", true, 1772323200000, &value);
	(void)facts_answer(&facts, "sessions", true, 1772323200000, &value);
}

static void take_replies(const uint8_t *data, size_t size)
{
	redisReader *reader = redisReaderCreate();
	void *reply = NULL;

	if (reader == NULL || redisReaderFeed(reader, (const char *)data, size) != REDIS_OK)
		abort();
	while (redisReaderGetReply(reader, &reply) == REDIS_OK && reply != NULL) {
		take_reply(reply);
		freeReplyObject(reply);
	}
	redisReaderFree(reader);
}

/* hiredis makes room for as many elements as an array's head says, before any has come. */
static bool is_too_large(const uint8_t *data, size_t size)
{
	size_t digits = 0;

	for (size_t i = 0; i < size; i++) {
		if (data[i] == '*')
			digits = 1;
		else if (digits > 0 && data[i] >= '0' && data[i] <= '9')
			digits++;
		else
			digits = 0;
		if (digits > 6)
			return true;
	}
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (listening == 0) {
		begin();
		atexit(end);
	}
	if (size == 0 || is_too_large(data, size))
		return 0;
	if (data[0] % 2 == 0)
		talk(data + 1, size - 1);
	else
		take_replies(data + 1, size - 1);
	return 0;
}
