/* The queue of actions. A target is a short list of jobs and what is known of how it fares. */
#include "delivery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "limits.h"

#define MINUTE_MS 60000u

struct target {
	char name[ACTION_TARGET_MAX]; /* "": free */
	struct action_job *first, *last;
	size_t count, running; /* jobs; how many of the first are under way */
	uint64_t number;       /* under which */
	uint64_t retry_ms;     /* not before: after a failure */
	uint64_t wait_ms;
	unsigned tries;	    /* of the first */
	uint64_t digest_ms; /* between two messages, 0: each job is one */
	uint64_t sent_ms;   /* the last message */
	uint64_t rate;	    /* a minute, 0: no bound */
	uint64_t minute_ms, in_minute;
	bool sent, failing;
};

struct delivery {
	struct delivery_options options;
	struct target targets[LIMIT_ACTION_TARGETS];
	struct delivery_stats stats;
	size_t running;
	uint64_t number;
};

struct delivery *delivery_new(const struct delivery_options *options)
{
	struct delivery *d = calloc(1, sizeof(*d));

	if (d != NULL)
		d->options = *options;
	return d;
}

void delivery_free(struct delivery *d)
{
	struct action_job *job;

	for (size_t i = 0; d != NULL && i < LIMIT_ACTION_TARGETS; i++) {
		while ((job = d->targets[i].first) != NULL) {
			d->targets[i].first = job->next;
			free(job);
		}
	}
	free(d);
}

/* A target's name without what may be secret: of an address (RFC 3986 section 3) only the host. */
static void show(const char *target, char text[ACTION_TARGET_MAX])
{
	const char *host = strstr(target, "://"), *end, *at;

	snprintf(text, ACTION_TARGET_MAX, "%s", target);
	if (strncmp(target, "webhook ", 8) != 0 || host == NULL)
		return;
	host += 3;
	end = host + strcspn(host, "/?#");
	at = memrchr(host, '@', (size_t)(end - host));
	snprintf(text + (host - target), ACTION_TARGET_MAX - (size_t)(host - target), "%.*s%s",
	    (int)(end - (at != NULL ? at + 1 : host)), at != NULL ? at + 1 : host,
	    *end == '\0' ? "" : "/...");
}

static void say(struct delivery *d, const char *what, const char *target, const char *why)
{
	char line[ACTION_TARGET_MAX + LIMIT_ACTION_OUTPUT + 160], shown[ACTION_TARGET_MAX];

	show(target, shown);
	snprintf(line, sizeof(line), "alerts: %s: %s%s%s", shown, what, why == NULL ? "" : ": ",
	    why == NULL ? "" : why);
	d->options.log(d->options.context, line);
}

static void finish(struct delivery *d, struct action_job *job, bool delivered)
{
	d->options.over(d->options.context, job, delivered);
	if (delivered)
		d->stats.delivered++;
	else
		d->stats.given_up++;
	free(job);
}

/* The target of that name; else a free one, else one that has nothing to do. */
static struct target *target_of(struct delivery *d, const char *name)
{
	struct target *found = NULL;

	for (size_t i = 0; i < LIMIT_ACTION_TARGETS; i++) {
		struct target *t = &d->targets[i];

		if (strcmp(t->name, name) == 0)
			return t;
		if (t->first == NULL && (found == NULL || t->sent_ms < found->sent_ms))
			found = t;
	}
	if (found == NULL)
		return NULL;
	*found = (struct target){0};
	snprintf(found->name, sizeof(found->name), "%s", name);
	return found;
}

/* The latest job's parameters hold: the file may have been changed. */
static void take_terms(struct target *t, const struct action_job *job)
{
	const char *kind = action_job_kind(job);
	uint64_t digest_s = strcmp(kind, "mail") == 0 ? LIMIT_DIGEST_S : 0;

	t->digest_ms = action_job_number(job, "digest", digest_s * 1000000000u) / 1000000u;
	t->rate = strcmp(kind, "exec") == 0 ? action_job_number(job, "rate", LIMIT_ACTION_RATE) : 0;
}

void delivery_add(struct delivery *d, struct action_job *job, uint64_t now_ms)
{
	char name[ACTION_TARGET_MAX];
	struct target *t;

	(void)now_ms;
	action_job_target(job, name);
	t = d->stats.waiting < LIMIT_ACTIONS ? target_of(d, name) : NULL;
	if (t == NULL) {
		if (d->stats.given_up % LIMIT_ACTIONS == 0)
			say(d,
			    "the queue of actions is full: this one is given up, and what follows",
			    name, NULL);
		finish(d, job, false);
		return;
	}
	take_terms(t, job);
	job->next = NULL;
	if (t->first == NULL)
		t->first = job;
	else
		t->last->next = job;
	t->last = job;
	t->count++;
	d->stats.waiting++;
}

static struct action_job *take_first(struct delivery *d, struct target *t)
{
	struct action_job *job = t->first;

	t->first = job->next;
	t->count--;
	d->stats.waiting--;
	return job;
}

static void drop_running(struct delivery *d, struct target *t, bool delivered)
{
	for (; t->running > 0; t->running--)
		finish(d, take_first(d, t), delivered);
	t->tries = 0;
}

static void take_success(struct delivery *d, struct target *t)
{
	if (t->failing)
		say(d, "works again", t->name, NULL);
	t->failing = false;
	t->wait_ms = 0;
	drop_running(d, t, true);
}

static void take_failure(
    struct delivery *d, struct target *t, bool for_good, const char *why, uint64_t now)
{
	d->stats.failures++;
	t->wait_ms = t->wait_ms == 0 ? LIMIT_ACTION_WAIT_MS : t->wait_ms * 2;
	if (t->wait_ms > LIMIT_ACTION_WAIT_MAX_MS)
		t->wait_ms = LIMIT_ACTION_WAIT_MAX_MS;
	t->retry_ms = now + t->wait_ms;
	if (for_good || ++t->tries >= LIMIT_ACTION_TRIES) {
		say(d, for_good ? "refused, given up" : "given up after too many tries", t->name,
		    why);
		drop_running(d, t, false);
	} else if (!t->failing) {
		say(d, "failed, it is tried again", t->name, why);
	}
	t->failing = true;
	t->running = 0;
}

static void take_result(struct delivery *d, struct target *t, enum delivery_result result,
    const char *why, uint64_t now)
{
	d->running--;
	t->number = 0;
	if (result == DELIVERY_DONE)
		take_success(d, t);
	else
		take_failure(d, t, result == DELIVERY_REFUSED, why, now);
}

static bool is_in_rate(struct target *t, uint64_t now)
{
	if (t->rate == 0)
		return true;
	if (now - t->minute_ms >= MINUTE_MS) {
		t->minute_ms = now;
		t->in_minute = 0;
	}
	return t->in_minute < t->rate;
}

static bool is_due(struct target *t, uint64_t now, bool hurry)
{
	if (t->first == NULL || t->running > 0 || (t->failing && now < t->retry_ms))
		return false;
	if (hurry || t->failing)
		return true;
	if (t->digest_ms > 0 && t->sent && now - t->sent_ms < t->digest_ms)
		return false;
	return is_in_rate(t, now);
}

static void start(struct delivery *d, struct target *t, uint64_t now)
{
	char why[LIMIT_ACTION_OUTPUT] = "";
	enum delivery_result result;

	t->running = t->digest_ms == 0 ? 1 : t->count < LIMIT_DIGEST ? t->count : LIMIT_DIGEST;
	t->number = ++d->number;
	t->sent = true;
	t->sent_ms = now;
	t->in_minute++;
	d->running++;
	result = d->options.start(d->options.context, t->number, t->first, t->running, why);
	if (result != DELIVERY_STARTED)
		take_result(d, t, result, why, now);
}

void delivery_tick(struct delivery *d, uint64_t now_ms, bool hurry)
{
	if (d->stats.waiting == 0)
		return;
	for (size_t i = 0; i < LIMIT_ACTION_TARGETS && d->running < LIMIT_ACTIONS_RUNNING; i++)
		while (is_due(&d->targets[i], now_ms, hurry) && d->running < LIMIT_ACTIONS_RUNNING)
			start(d, &d->targets[i], now_ms);
}

void delivery_answer(struct delivery *d, uint64_t number, enum delivery_result result,
    const char *why, uint64_t now_ms)
{
	for (size_t i = 0; i < LIMIT_ACTION_TARGETS; i++)
		if (number != 0 && d->targets[i].number == number)
			take_result(d, &d->targets[i], result, why, now_ms);
}

void delivery_lost(struct delivery *d, const char *why, uint64_t now_ms)
{
	for (size_t i = 0; i < LIMIT_ACTION_TARGETS; i++)
		if (d->targets[i].number != 0)
			take_result(d, &d->targets[i], DELIVERY_FAILED, why, now_ms);
}

void delivery_stats(const struct delivery *d, struct delivery_stats *stats)
{
	*stats = d->stats;
}

void delivery_each(const struct delivery *d,
    void (*each)(void *context, const struct action_job *job), void *context)
{
	for (size_t i = 0; i < LIMIT_ACTION_TARGETS; i++)
		for (const struct action_job *job = d->targets[i].first; job != NULL;
		     job = job->next)
			each(context, job);
}
