/* The journal: what is decided, told and done, in that order; read at the start. */
#include "alerting_private.h"

#include <stdlib.h>
#include <string.h>

/* ---- Writing ---- */

void alerting_remember(struct alerting *a, enum alert_entry entry, const char *uid)
{
	if (a->journal != NULL)
		alert_journal_add(a->journal, entry, uid, strlen(uid) + 1);
}

static void remember_job(void *context, const struct action_job *job)
{
	struct alerting *a = context;

	alert_journal_add(a->journal, ALERT_ENTRY_JOB, job->bytes, job->size);
}

void alerting_remember_claim(struct alerting *a, const struct alert_claim *c)
{
	size_t size;
	char *bytes = a->journal == NULL ? NULL : alert_claim_save(c, &size);

	if (bytes == NULL)
		return;
	alert_journal_add(a->journal, ALERT_ENTRY_CLAIM, bytes, size);
	for (const struct action_job *job = c->jobs; job != NULL; job = job->next)
		remember_job(a, job);
	free(bytes);
}

void alerting_remember_state(
    struct alerting *a, const char *rule, const char *key, const struct suppress_shared *shared)
{
	size_t size;
	char *bytes = a->journal == NULL ? NULL : alert_state_save(rule, key, shared, &size);

	if (bytes != NULL)
		alert_journal_add(a->journal, ALERT_ENTRY_STATE, bytes, size);
	free(bytes);
}

static void remember_entry(void *context, struct suppress_entry *e)
{
	if (e->shared.version > 0)
		alerting_remember_state(context, e->rule->name, e->key, &e->shared);
}

static void renew(struct alerting *a)
{
	alert_journal_renew(a->journal);
	suppress_each(a->suppress, remember_entry, a);
	for (const struct alert_claim *c = a->claims; c != NULL; c = c->next) {
		if (c->change == SUPPRESS_NOTHING)
			continue;
		alerting_remember_claim(a, c);
		if (c->told)
			alerting_remember(a, ALERT_ENTRY_OURS, c->uid);
	}
	alert_journal_add(a->journal, ALERT_ENTRY_DUE, "", 0);
	delivery_each(a->delivery, remember_job, a);
	alert_journal_renewed(a->journal);
}

void alerting_remember_tick(struct alerting *a)
{
	int failed;

	if (a->journal == NULL)
		return;
	if (alert_journal_is_long(a->journal))
		renew(a);
	failed = alert_journal_failed(a->journal);
	if (failed != 0 && !a->said_journal)
		alerting_say(a,
		    "%s: %s: alerts go on, but a restart may tell them again: make room",
		    a->options.journal, strerror(failed));
	a->said_journal = a->said_journal || failed != 0;
}

void alerting_remember_close(struct alerting *a)
{
	if (a->journal == NULL)
		return;
	renew(a);
	alert_journal_close(a->journal);
}

/* ---- Reading ---- */

static struct alert_claim *find_claim(struct alerting *a, const char *uid)
{
	struct alert_claim *c = a->claims;

	while (c != NULL && strcmp(c->uid, uid) != 0)
		c = c->next;
	return c;
}

static void read_state(struct alerting *a, const char *bytes, size_t size)
{
	struct suppress_shared shared;
	struct suppress_entry *e;
	const char *rule, *key;

	if (!alert_state_load(bytes, size, &rule, &key, &shared))
		return;
	e = alerting_entry(a, rule, key);
	if (e != NULL)
		suppress_adopt(a->suppress, e, &shared);
}

static void read_claim(struct alerting *a, const char *bytes, size_t size)
{
	struct alert_claim *c = alert_claim_load(bytes, size);

	a->reading_due = false;
	if (c == NULL)
		return;
	c->made_ms = alerting_clock();
	if (a->claims_last == NULL)
		a->claims = c;
	else
		a->claims_last->next = c;
	a->claims_last = c;
	a->claim_count++;
}

static void append_due(struct alerting *a, struct action_job *job)
{
	if (job == NULL)
		return;
	if (a->due == NULL)
		a->due = job;
	else
		a->due_last->next = job;
	while (job->next != NULL)
		job = job->next;
	a->due_last = job;
}

static void read_job(struct alerting *a, const char *bytes, size_t size)
{
	struct action_job *job = action_job_load(bytes, size), **last;

	if (job == NULL)
		return;
	if (a->reading_due || a->claims_last == NULL) {
		append_due(a, job);
		return;
	}
	for (last = &a->claims_last->jobs; *last != NULL;)
		last = &(*last)->next;
	*last = job;
}

static void read_ours(struct alerting *a, const char *uid)
{
	struct alert_claim *c = find_claim(a, uid);

	if (c == NULL)
		return;
	append_due(a, c->jobs);
	c->jobs = NULL;
	c->told = true;
}

static void read_over(struct alerting *a, const char *uid)
{
	struct alert_claim **at = &a->claims, *previous = NULL, *c = find_claim(a, uid);

	if (c == NULL)
		return;
	for (; *at != c; at = &(*at)->next)
		previous = *at;
	*at = c->next;
	if (a->claims_last == c)
		a->claims_last = previous;
	a->claim_count--;
	alert_claim_free(c);
}

static void read_done(struct alerting *a, const char *uid)
{
	struct action_job **at = &a->due, *previous = NULL, *job;

	for (; (job = *at) != NULL; previous = job, at = &job->next) {
		if (strcmp(action_job_uid(job), uid) != 0)
			continue;
		*at = job->next;
		if (a->due_last == job)
			a->due_last = previous;
		free(job);
		return;
	}
}

static void read_entry(void *context, enum alert_entry entry, const char *bytes, size_t size)
{
	struct alerting *a = context;
	bool is_text = size > 0 && bytes[size - 1] == '\0';

	if (entry == ALERT_ENTRY_STATE)
		read_state(a, bytes, size);
	else if (entry == ALERT_ENTRY_CLAIM)
		read_claim(a, bytes, size);
	else if (entry == ALERT_ENTRY_JOB)
		read_job(a, bytes, size);
	else if (entry == ALERT_ENTRY_DUE)
		a->reading_due = true;
	else if (entry == ALERT_ENTRY_OURS && is_text)
		read_ours(a, bytes);
	else if (entry == ALERT_ENTRY_OVER && is_text)
		read_over(a, bytes);
	else if (entry == ALERT_ENTRY_DONE && is_text)
		read_done(a, bytes);
}

/* A decision that was interrupted: it is asked for again, and nothing else of that alert is. */
static void resume_claims(struct alerting *a)
{
	for (struct alert_claim *c = a->claims; c != NULL; c = c->next) {
		struct suppress_entry *e = alerting_entry(a, c->rule, c->key);

		if (e == NULL)
			continue;
		if (c->told)
			suppress_adopt(a->suppress, e, &c->want);
		else
			e->wished = true;
	}
}

int alerting_remember_open(struct alerting *a)
{
	char error[512];
	struct action_job *due;

	if (a->options.journal == NULL)
		return 0;
	a->journal = alert_journal_open(a->options.journal, read_entry, a, error);
	if (a->journal == NULL) {
		a->options.log(a->options.log_context, error);
		return -1;
	}
	resume_claims(a);
	due = a->due;
	a->due = a->due_last = NULL;
	alerting_deliver(a, due);
	return 0;
}
