/* The process that acts: one loop over the sensor's socket, programs and HTTP requests. */
#include "action_work.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"

#define REQUEST_MAX (LIMIT_DIGEST * (size_t)ACTION_JOB_MAX)
#define POLL_MS	    20 /* while programs run: their ends are looked for so often */
#define IDLE_MS	    1000

struct task {
	uint64_t number;
	struct action_program program;
};

static int socket_fd;
static bool closed; /* the sensor's end is */
static struct task tasks[LIMIT_ACTIONS_RUNNING];
static struct action_webhooks *webhooks;

static void reply(uint64_t number, enum delivery_result result, const char *why)
{
	struct action_reply r = {.number = number, .result = (uint32_t)result};

	snprintf(r.why, sizeof(r.why), "%s", why);
	if (!closed && send(socket_fd, &r, sizeof(r), MSG_NOSIGNAL) != (ssize_t)sizeof(r))
		closed = true;
}

static struct task *free_task(void)
{
	for (size_t i = 0; i < LIMIT_ACTIONS_RUNNING; i++)
		if (tasks[i].program.pid == 0)
			return &tasks[i];
	return NULL;
}

static enum delivery_result start_program(
    uint64_t number, const struct action_job *jobs, size_t count, char *why)
{
	struct task *task = free_task();
	bool mail = strcmp(action_job_kind(jobs), "mail") == 0;
	int result;

	if (task == NULL)
		return DELIVERY_FAILED;
	task->number = number;
	result = mail ? action_mail_start(&task->program, jobs, count, why)
		      : action_exec_start(&task->program, jobs, why);
	return result == 0 ? DELIVERY_STARTED : DELIVERY_FAILED;
}

static void act(uint64_t number, const struct action_job *jobs, size_t count, const char *secret)
{
	char why[LIMIT_ACTION_OUTPUT] = "";
	const char *kind = action_job_kind(jobs);
	enum delivery_result result = DELIVERY_REFUSED;

	if (strcmp(kind, "log") == 0)
		result = action_log(jobs, why);
	else if (strcmp(kind, "exec") == 0 || strcmp(kind, "mail") == 0)
		result = start_program(number, jobs, count, why);
	else if (strcmp(kind, "webhook") == 0)
		result = action_webhook_start(webhooks, number, jobs, count, secret, why) == 0
			     ? DELIVERY_STARTED
			     : DELIVERY_FAILED;
	if (result != DELIVERY_STARTED)
		reply(number, result, why);
}

static void free_jobs(struct action_job *job)
{
	struct action_job *next;

	for (; job != NULL; job = next) {
		next = job->next;
		free(job);
	}
}

/* The jobs of a request, in order; NULL where it is not whole. */
static struct action_job *read_jobs(const char *at, const char *end, size_t count)
{
	struct action_job *first = NULL, **last = &first;
	uint32_t size;

	for (; count > 0; count--, last = &(*last)->next) {
		if ((size_t)(end - at) < sizeof(size))
			break;
		memcpy(&size, at, sizeof(size));
		at += sizeof(size);
		*last = size <= (size_t)(end - at) ? action_job_load(at, size) : NULL;
		if (*last == NULL)
			break;
		at += size;
	}
	if (count == 0)
		return first;
	free_jobs(first);
	return NULL;
}

static void take_request(const struct action_request *request, const char *body)
{
	const char *end = body + request->size;
	char *secret;
	struct action_job *jobs;

	if (request->secret_size > request->size)
		return;
	secret = strndup(body, request->secret_size);
	jobs = read_jobs(body + request->secret_size, end, request->count);
	if (jobs == NULL || secret == NULL)
		reply(request->number, DELIVERY_FAILED, "memory is short");
	else
		act(request->number, jobs, request->count, secret);
	free_jobs(jobs);
	if (secret != NULL)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

static void read_requests(void)
{
	static char *bytes;
	static size_t used, room;
	struct action_request request;
	ssize_t got;

	if (room - used < 65536) {
		char *grown = realloc(bytes, room = used + 131072);

		if (grown == NULL)
			_exit(1); /* the sensor starts another */
		bytes = grown;
	}
	got = recv(socket_fd, bytes + used, room - used, MSG_DONTWAIT);
	if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
		closed = true;
	used += got > 0 ? (size_t)got : 0;
	while (used >= sizeof(request)) {
		memcpy(&request, bytes, sizeof(request));
		if (request.size > REQUEST_MAX)
			_exit(1);
		if (used - sizeof(request) < request.size)
			return;
		take_request(&request, bytes + sizeof(request));
		used -= sizeof(request) + request.size;
		memmove(bytes, bytes + sizeof(request) + request.size, used);
	}
}

static size_t poll_programs(void)
{
	char why[LIMIT_ACTION_OUTPUT];
	enum delivery_result result;
	size_t running = 0;

	for (size_t i = 0; i < LIMIT_ACTIONS_RUNNING; i++) {
		if (tasks[i].program.pid == 0)
			continue;
		why[0] = '\0';
		if (action_program_poll(&tasks[i].program, clock_ms(CLOCK_MONOTONIC), &result, why))
			reply(tasks[i].number, result, why);
		else
			running++;
	}
	return running;
}

_Noreturn void action_work(int socket)
{
	struct pollfd wanted = {.fd = socket, .events = POLLIN};
	size_t running;

	socket_fd = socket;
	webhooks = action_webhooks_new();
	if (webhooks == NULL)
		_exit(1);
	for (;;) {
		running = poll_programs();
		if (closed && running == 0 && action_webhooks_running(webhooks) == 0)
			_exit(0);
		action_webhooks_wait(
		    webhooks, &wanted, closed ? 0 : 1, running > 0 ? POLL_MS : IDLE_MS, reply);
		if (!closed)
			read_requests();
	}
}
