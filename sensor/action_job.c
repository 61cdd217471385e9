/* One action for one alert as flat bytes. */
#include "action_job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

enum { TEXT_KIND, TEXT_UID, TEXT_JSON, TEXT_FIELDS, TEXTS };

static char *put(char *at, const char *text)
{
	size_t size = strlen(text) + 1;

	memcpy(at, text, size);
	return at + size;
}

struct action_job *action_job_new(const char *kind, const char *uid, const char *json,
    const char *fields, const struct action_value *values, size_t count)
{
	size_t size = strlen(kind) + strlen(uid) + strlen(json) + strlen(fields) + TEXTS;
	struct action_job *job;
	char *at;

	for (size_t i = 0; i < count; i++)
		size += strlen(values[i].name) + strlen(values[i].value) + 2;
	job = size > ACTION_JOB_MAX ? NULL : malloc(sizeof(*job) + size);
	if (job == NULL)
		return NULL;
	job->size = size;
	job->next = NULL;
	at = put(put(put(put(job->bytes, kind), uid), json), fields);
	for (size_t i = 0; i < count; i++)
		at = put(put(at, values[i].name), values[i].value);
	return job;
}

struct action_job *action_job_load(const char *bytes, size_t size)
{
	struct action_job *job;
	size_t texts = 0;

	if (size == 0 || size > ACTION_JOB_MAX || bytes[size - 1] != '\0')
		return NULL;
	for (size_t i = 0; i < size; i++)
		texts += bytes[i] == '\0';
	if (texts < TEXTS || texts % 2 != 0)
		return NULL;
	job = malloc(sizeof(*job) + size);
	if (job == NULL)
		return NULL;
	job->size = size;
	job->next = NULL;
	memcpy(job->bytes, bytes, size);
	return job;
}

static const char *text_of(const struct action_job *job, size_t n)
{
	const char *at = job->bytes;

	for (; n > 0; n--)
		at += strlen(at) + 1;
	return at;
}

const char *action_job_kind(const struct action_job *job)
{
	return job->bytes;
}

const char *action_job_uid(const struct action_job *job)
{
	return text_of(job, TEXT_UID);
}

const char *action_job_json(const struct action_job *job)
{
	return text_of(job, TEXT_JSON);
}

const char *action_job_fields(const struct action_job *job)
{
	return text_of(job, TEXT_FIELDS);
}

const char *action_job_value(const struct action_job *job, const char *name, size_t n)
{
	const char *at = text_of(job, TEXTS), *end = job->bytes + job->size, *value;

	for (; at < end; at = value + strlen(value) + 1) {
		value = at + strlen(at) + 1;
		if (strcmp(at, name) == 0 && n-- == 0)
			return value;
	}
	return NULL;
}

uint64_t action_job_number(const struct action_job *job, const char *name, uint64_t otherwise)
{
	const char *value = action_job_value(job, name, 0);

	return value == NULL ? otherwise : strtoull(value, NULL, 10);
}

static const struct {
	const char *kind, *name;
	bool all; /* every value of it, not the first alone */
} targets[] = {
    {"exec", "command", false},
    {"mail", "to", true},
    {"webhook", "url", false},
    {"json", "file", false},
    {"log", "to", false},
};

static const char *target_name(const char *kind, bool *all)
{
	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		*all = targets[i].all;
		if (strcmp(targets[i].kind, kind) == 0)
			return targets[i].name;
	}
	return "";
}

void action_job_target(const struct action_job *job, char target[ACTION_TARGET_MAX])
{
	bool all = false;
	const char *name = target_name(action_job_kind(job), &all), *value;
	uint64_t hash = 0;
	size_t used;

	used = (size_t)snprintf(target, ACTION_TARGET_MAX, "%.16s", action_job_kind(job));
	for (size_t n = 0; (value = action_job_value(job, name, n)) != NULL && (n == 0 || all);
	     n++) {
		hash = XXH64(value, strlen(value), hash);
		used += (size_t)snprintf(target + used, ACTION_TARGET_MAX - used, " %s", value);
		if (used >= ACTION_TARGET_MAX)
			used = ACTION_TARGET_MAX - 1;
	}
	if (used >= ACTION_TARGET_MAX - 1)
		snprintf(target + ACTION_TARGET_MAX - 18, 18, "#%016llx", (unsigned long long)hash);
}
