/* Actions: what is quick and ours is done here, the rest goes to the process that acts. */
#include "alerting_private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "action_work.h"

#define RUNNER_AGAIN_MS	  1000
#define RUNNER_REFUSED_MS 30000 /* to ask may have taken a second */

static enum delivery_result log_here(struct alerting *a, const struct action_job *job)
{
	char line[1024];

	action_log_line(job, line, sizeof(line));
	a->options.log(a->options.log_context, line);
	return DELIVERY_DONE;
}

/* Read each time: a token may be exchanged while we run. */
static int read_token(const struct action_job *job, char token[ACTION_SECRET_MAX], char *why)
{
	const char *path = action_job_value(job, "token_file", 0);
	FILE *from;
	size_t end;

	token[0] = '\0';
	if (path == NULL)
		return 0;
	from = fopen(path, "re");
	if (from == NULL || fgets(token, ACTION_SECRET_MAX, from) == NULL) {
		snprintf(why, LIMIT_ACTION_OUTPUT, "%.100s: %s", path,
		    from == NULL ? strerror(errno) : "empty");
		token[0] = '\0';
	}
	if (from != NULL)
		fclose(from);
	end = strcspn(token, "\r\n");
	if (end == ACTION_SECRET_MAX - 1)
		snprintf(why, LIMIT_ACTION_OUTPUT, "%.100s: a line longer than %d bytes", path,
		    ACTION_SECRET_MAX - 2);
	token[end < ACTION_SECRET_MAX - 1 ? end : 0] = '\0';
	return token[0] != '\0' ? 0 : -1;
}

static enum delivery_result to_runner(
    struct alerting *a, uint64_t number, const struct action_job *jobs, size_t count, char *why)
{
	char token[ACTION_SECRET_MAX];
	int result;

	if (read_token(jobs, token, why) != 0)
		return DELIVERY_FAILED;
	result = a->runner == NULL ? -1 : action_runner_send(a->runner, number, jobs, count, token);
	explicit_bzero(token, sizeof(token));
	if (result == 0)
		return DELIVERY_STARTED;
	snprintf(why, LIMIT_ACTION_OUTPUT, "the process that acts is gone");
	return DELIVERY_FAILED;
}

static enum delivery_result start(
    void *context, uint64_t number, const struct action_job *jobs, size_t count, char *why)
{
	struct alerting *a = context;
	const char *kind = action_job_kind(jobs), *to = action_job_value(jobs, "to", 0);

	if (strcmp(kind, "log") == 0 && (to == NULL || strcmp(to, "stderr") == 0))
		return log_here(a, jobs);
	if (strcmp(kind, "json") == 0)
		return action_json(jobs, why);
	return to_runner(a, number, jobs, count, why);
}

static void over(void *context, const struct action_job *job, bool delivered)
{
	(void)delivered;
	alerting_remember(context, ALERT_ENTRY_DONE, action_job_uid(job));
}

static void log_line(void *context, const char *line)
{
	struct alerting *a = context;

	a->options.log(a->options.log_context, line);
}

int alerting_deliver_open(struct alerting *a)
{
	const struct delivery_options options = {
	    .start = start, .over = over, .log = log_line, .context = a};

	a->delivery = delivery_new(&options);
	a->runner = action_runner_start();
	return a->delivery != NULL && a->runner != NULL ? 0 : -1;
}

void alerting_deliver(struct alerting *a, struct action_job *jobs)
{
	struct action_job *next;

	for (; jobs != NULL; jobs = next) {
		next = jobs->next;
		delivery_add(a->delivery, jobs, alerting_clock());
	}
}

static void take_answer(
    void *context, uint64_t number, enum delivery_result result, const char *why)
{
	struct alerting *a = context;

	delivery_answer(a->delivery, number, result, why, alerting_clock());
}

static void run_runner(struct alerting *a, uint64_t now)
{
	if (a->runner != NULL && action_runner_pump(a->runner, take_answer, a) != 0) {
		action_runner_stop(a->runner);
		a->runner = NULL;
		a->runner_ms = now + RUNNER_AGAIN_MS;
		delivery_lost(a->delivery, "the process that acts ended", now);
	}
	if (a->runner == NULL && now >= a->runner_ms) {
		a->runner = action_runner_start();
		a->runner_ms =
		    alerting_clock() + (a->runner != NULL ? RUNNER_AGAIN_MS : RUNNER_REFUSED_MS);
	}
}

void alerting_deliver_tick(struct alerting *a, uint64_t now_ms)
{
	run_runner(a, now_ms);
	delivery_tick(a->delivery, now_ms, a->finishing);
	if (a->runner != NULL)
		(void)action_runner_pump(a->runner, take_answer, a); /* what was just started */
}
