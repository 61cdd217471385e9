/* Inside the process that acts: its loop, and what the kinds of actions give to it. */
#ifndef TLSVANE_ACTION_WORK_H
#define TLSVANE_ACTION_WORK_H

#include <stdio.h>
#include <sys/types.h>

#include "delivery.h"
#include "limits.h"

#define ACTION_SECRET_MAX 4096 /* bytes of a token, with a NUL */

/* On the socket, in the host's byte order: both ends are one program. */
struct action_request { /* then the secret, then a uint32_t size and its bytes for each job */
	uint64_t number;
	uint32_t size; /* of what follows */
	uint32_t count, secret_size;
};

struct action_reply {
	uint64_t number;
	uint32_t result; /* enum delivery_result */
	char why[LIMIT_ACTION_OUTPUT];
};

/* The process: reads requests from `socket`, answers, ends when the other end is closed. */
_Noreturn void action_work(int socket);

/* A program under way. */
struct action_program {
	pid_t pid; /* 0: none */
	int output;
	uint64_t deadline_ms;
	bool timed_out;
	char said[LIMIT_ACTION_OUTPUT]; /* the first line of its output */
	size_t said_size;
	bool said_all;
};

/* ---- action_exec.c ---- */

/* Starts a program of its own process group with `input` on its standard input. -1: `why` says. */
int action_program_start(struct action_program *p, char *const argv[], char *const environment[],
    const char *input, size_t input_size, uint64_t timeout_ms, char *why);
/* Reads what it says, kills it when its time is over. True when it has ended: then *result and why
 * tell how. */
bool action_program_poll(
    struct action_program *p, uint64_t now_ms, enum delivery_result *result, char *why);
int action_exec_start(struct action_program *p, const struct action_job *job, char *why);

/* ---- action_mail.c ---- */
int action_mail_start(
    struct action_program *p, const struct action_job *jobs, size_t count, char *why);
/* The message of some alerts, as sendmail reads it. */
void action_mail_write(FILE *to, const struct action_job *jobs, size_t count, uint64_t now_s);

/* ---- action_log.c ---- */

/* One line for people: severity, change, rule, message, key. */
void action_log_line(const struct action_job *job, char *line, size_t size);
/* To syslog or the journal. */
enum delivery_result action_log(const struct action_job *job, char *why);

/* ---- action_json.c: in the sensor's own process, whose files they are ---- */
enum delivery_result action_json(const struct action_job *job, char *why);

/* ---- action_webhook.c ---- */
void action_webhook_write(FILE *to, const struct action_job *jobs, size_t count);
struct action_webhooks; /* all that are under way */
struct action_webhooks *action_webhooks_new(void);
int action_webhook_start(struct action_webhooks *w, uint64_t number, const struct action_job *jobs,
    size_t count, const char *secret, char *why);
/* Waits for them, for `fds` and no longer than that; hands out what has ended. */
struct pollfd;
void action_webhooks_wait(struct action_webhooks *w, struct pollfd *fds, size_t count,
    int timeout_ms, void (*over)(uint64_t number, enum delivery_result result, const char *why));
size_t action_webhooks_running(const struct action_webhooks *w);

#endif
