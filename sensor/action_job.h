/*
 * One action for one alert, ready to be carried out: everything is expanded, nothing refers to the
 * rules file any more. Flat bytes, so that it goes into the journal and through a socket as it is.
 */
#ifndef TLSVANE_ACTION_JOB_H
#define TLSVANE_ACTION_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct action_job {
	size_t size;		 /* of bytes[] */
	struct action_job *next; /* whoever holds it */
	char bytes[]; /* texts, each with its NUL: kind, uid, JSON, fields, then name and value in
			 turn */
};

struct action_value {
	const char *name, *value;
};

#define ACTION_VALUES_MAX 64 /* parameters of one job */
#define ACTION_JOB_MAX	  (256u * 1024)

/* `uid`: of this action of this alert, unique. NULL when memory is short or it is larger than
 * ACTION_JOB_MAX. */
struct action_job *action_job_new(const char *kind, const char *uid, const char *json,
    const char *fields, const struct action_value *values, size_t count);

/* From bytes that somebody kept; NULL where they are no job. */
struct action_job *action_job_load(const char *bytes, size_t size);

const char *action_job_kind(const struct action_job *job);
const char *action_job_uid(const struct action_job *job);
const char *action_job_json(const struct action_job *job);   /* one line with its newline */
const char *action_job_fields(const struct action_job *job); /* alert_write_fields */

/* The n-th value of a parameter (0: the first), NULL where there is none. */
const char *action_job_value(const struct action_job *job, const char *name, size_t n);

/* A number among them, `otherwise` where it was not given. */
uint64_t action_job_number(const struct action_job *job, const char *name, uint64_t otherwise);

#define ACTION_TARGET_MAX 320

/* Whom it concerns: what shares a target shares order, back-off, rate and digest. "exec PROGRAM",
 * "mail RECIPIENTS", "webhook URL", "json FILE", "log WHERE"; a long one ends in a hash. */
void action_job_target(const struct action_job *job, char target[ACTION_TARGET_MAX]);

#endif
