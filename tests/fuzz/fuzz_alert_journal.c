/*
 * The journal of alerts. The first byte even: the file as it stands. Odd: entries, each a kind, a
 * length of two bytes and that many bytes, which are given good checksums. What is handed out is
 * loaded as the alerting does; what loads must come back from being saved as it was.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xxhash.h>

#include <stdio.h>

#include "../../sensor/action_job.h"
#include "../../sensor/alert_claim.h"
#include "../../sensor/alert_journal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char magic[] = "tlsvane alerts 1\n";

static void put(int fd, const void *bytes, size_t size)
{
	if (size > 0 && write(fd, bytes, size) != (ssize_t)size)
		abort();
}

static void put_entries(int fd, const uint8_t *data, size_t size)
{
	uint32_t length, sum;

	put(fd, magic, sizeof(magic) - 1);
	while (size >= 3) {
		length = data[1] | (uint32_t)data[2] << 8;
		length = length < size - 3 ? length : (uint32_t)size - 3;
		sum = XXH32(data + 3, length, data[0]);
		put(fd, data, 1);
		put(fd, &length, 4);
		put(fd, &sum, 4);
		put(fd, data + 3, length);
		data += 3 + length;
		size -= 3 + length;
	}
}

static void take_claim(const char *bytes, size_t size)
{
	struct alert_claim *c = alert_claim_load(bytes, size), *again;
	size_t saved_size;
	char *saved;

	if (c == NULL)
		return;
	saved = alert_claim_save(c, &saved_size);
	again = saved == NULL ? NULL : alert_claim_load(saved, saved_size);
	if (again == NULL || strcmp(c->uid, again->uid) != 0 || strcmp(c->id, again->id) != 0 ||
	    strcmp(c->key, again->key) != 0 || c->change != again->change ||
	    memcmp(&c->want, &again->want, sizeof(c->want)) != 0)
		abort();
	free(saved);
	alert_claim_free(again);
	alert_claim_free(c);
}

static void take_state(const char *bytes, size_t size)
{
	struct suppress_shared shared, again;
	const char *rule, *key;
	size_t saved_size;
	char *saved;

	memset(&shared, 0, sizeof(shared));
	memset(&again, 0, sizeof(again));
	if (!alert_state_load(bytes, size, &rule, &key, &shared))
		return;
	saved = alert_state_save(rule, key, &shared, &saved_size);
	if (saved == NULL || !alert_state_load(saved, saved_size, &rule, &key, &again) ||
	    again.version != shared.version || again.state != shared.state ||
	    again.clean_ms != shared.clean_ms)
		abort();
	free(saved);
}

static void take_job(const char *bytes, size_t size)
{
	struct action_job *job = action_job_load(bytes, size);
	char target[ACTION_TARGET_MAX];
	const char *value;

	if (job == NULL)
		return;
	if (strlen(action_job_kind(job)) + strlen(action_job_uid(job)) +
		strlen(action_job_json(job)) + strlen(action_job_fields(job)) >
	    size)
		abort();
	for (size_t n = 0; (value = action_job_value(job, "to", n)) != NULL; n++)
		if (strlen(value) > size)
			abort();
	(void)action_job_number(job, "every", 5);
	action_job_target(job, target);
	if (memchr(target, '\0', sizeof(target)) == NULL)
		abort();
	free(job);
}

static void take_entry(void *context, enum alert_entry entry, const char *bytes, size_t size)
{
	size_t *count = context;

	++*count;
	switch (entry) {
	case ALERT_ENTRY_CLAIM:
		take_claim(bytes, size);
		break;
	case ALERT_ENTRY_STATE:
		take_state(bytes, size);
		break;
	case ALERT_ENTRY_JOB:
		take_job(bytes, size);
		break;
	default:
		break;
	}
}

static size_t read_journal(const char *path)
{
	char error[512];
	size_t count = 0;
	struct alert_journal *j = alert_journal_open(path, take_entry, &count, error);

	if (j == NULL)
		return 0;
	if (alert_journal_failed(j) != 0)
		abort();
	alert_journal_close(j);
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[64];
	size_t count;
	int fd;

	if (size == 0 || (fd = memfd_create("journal", MFD_CLOEXEC)) < 0)
		return 0;
	if (data[0] % 2 == 0)
		put(fd, data + 1, size - 1);
	else
		put_entries(fd, data + 1, size - 1);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	count = read_journal(path);
	if (read_journal(path) != count) /* a torn end was cut, and nothing else */
		abort();
	close(fd);
	return 0;
}
