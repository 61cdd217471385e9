/* Entries: kind (1 byte), size (4, host order: it never leaves its host), checksum (4), bytes. */
#include "alert_journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "limits.h"

#define MAGIC	  "tlsvane alerts 1\n"
#define ENTRY_MAX (1024u * 1024)
#define HEAD	  9

struct alert_journal {
	char *path, *next_path;
	int fd, next; /* next: -1, or the new file */
	size_t size, renewed_size;
	int failed;
};

static void write_all(struct alert_journal *j, int fd, const void *bytes, size_t size)
{
	ssize_t written = write(fd, bytes, size);

	if (written == (ssize_t)size) {
		j->size += size;
		return;
	}
	if (j->failed == 0)
		j->failed = written < 0 ? errno : ENOSPC;
	if (written > 0 && ftruncate(fd, (off_t)j->size) != 0) /* a torn entry hides what follows */
		j->failed = errno;
}

void alert_journal_add(
    struct alert_journal *j, enum alert_entry entry, const void *bytes, size_t size)
{
	uint32_t length = (uint32_t)size, sum = XXH32(bytes, size, (uint32_t)entry);
	char *whole = size > ENTRY_MAX ? NULL : malloc(HEAD + size);

	if (whole == NULL) {
		j->failed = size > ENTRY_MAX ? EFBIG : ENOMEM;
		return;
	}
	whole[0] = (char)entry;
	memcpy(whole + 1, &length, 4);
	memcpy(whole + 5, &sum, 4);
	if (size > 0)
		memcpy(whole + HEAD, bytes, size);
	write_all(j, j->next >= 0 ? j->next : j->fd, whole, HEAD + size);
	free(whole);
}

/* The entry at `at`: its whole size, 0 where it is torn. */
static size_t check_entry(const char *at, size_t left)
{
	uint32_t length, sum;

	if (left < HEAD)
		return 0;
	memcpy(&length, at + 1, 4);
	memcpy(&sum, at + 5, 4);
	if (length > ENTRY_MAX || length > left - HEAD ||
	    XXH32(at + HEAD, length, (uint32_t)(unsigned char)at[0]) != sum)
		return 0;
	return HEAD + length;
}

/* NULL with errno set: what cannot be read is not torn, and must not be cut off. */
static char *read_file(int fd, size_t *size)
{
	struct stat status;
	char *bytes;
	ssize_t got = 1;

	if (fstat(fd, &status) != 0)
		return NULL;
	bytes = malloc((size_t)status.st_size + 1);
	for (*size = 0; bytes != NULL && *size < (size_t)status.st_size && got > 0;
	     *size += (size_t)got) {
		got = pread(fd, bytes + *size, (size_t)status.st_size - *size, (off_t)*size);
		if (got < 0) {
			free(bytes); /* leaves errno alone (glibc 2.33 and later) */
			return NULL;
		}
	}
	return bytes;
}

static int load(struct alert_journal *j, alert_journal_read *read, void *context)
{
	size_t size = 0, at = sizeof(MAGIC) - 1, entry;
	char *bytes = read_file(j->fd, &size);

	if (bytes == NULL)
		return errno;
	if (size > 0 && (size < at || memcmp(bytes, MAGIC, at) != 0)) {
		free(bytes);
		return EPROTO;
	}
	while (size > at && (entry = check_entry(bytes + at, size - at)) != 0) {
		read(context, (enum alert_entry)(unsigned char)bytes[at], bytes + at + HEAD,
		    entry - HEAD);
		at += entry;
	}
	free(bytes);
	if (size == 0)
		write_all(j, j->fd, MAGIC, at);
	else if (at < size && ftruncate(j->fd, (off_t)at) != 0)
		return errno;
	j->size = at;
	return j->failed;
}

static struct alert_journal *journal_new(const char *path)
{
	struct alert_journal *j = calloc(1, sizeof(*j));

	if (j == NULL)
		return NULL;
	j->fd = j->next = -1;
	j->path = strdup(path);
	if (j->path != NULL && asprintf(&j->next_path, "%s.new", path) >= 0)
		return j;
	free(j->path);
	free(j);
	return NULL;
}

static const char *open_and_lock(struct alert_journal *j)
{
	j->fd = open(j->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (j->fd < 0)
		return "give a --spool path that this user may write";
	if (flock(j->fd, LOCK_EX | LOCK_NB) != 0)
		return "another sensor uses it: stop that one, or give another --name or --spool";
	return NULL;
}

struct alert_journal *alert_journal_open(
    const char *path, alert_journal_read *read, void *context, char *error)
{
	struct alert_journal *j = journal_new(path);
	const char *mend;
	int reason;

	if (j == NULL) {
		snprintf(error, 512, "memory is short: free some");
		return NULL;
	}
	mend = open_and_lock(j);
	reason = mend != NULL ? errno : load(j, read, context);
	if (reason == 0)
		return j;
	if (mend == NULL)
		mend = "move it away (alerts may then be told again), or mend its disk";
	snprintf(error, 512, "%.300s: %s: %s", path,
	    reason == EPROTO ? "is no journal of alerts" : strerror(reason), mend);
	alert_journal_close(j);
	return NULL;
}

bool alert_journal_is_long(const struct alert_journal *j)
{
	return j->size > LIMIT_ALERT_JOURNAL && j->size > 2 * j->renewed_size;
}

void alert_journal_renew(struct alert_journal *j)
{
	j->next = open(j->next_path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	if (j->next < 0) {
		j->failed = errno;
		return;
	}
	j->size = 0;
	write_all(j, j->next, MAGIC, sizeof(MAGIC) - 1);
}

void alert_journal_renewed(struct alert_journal *j)
{
	struct stat status;

	if (j->next < 0)
		return;
	if (j->failed == 0 && flock(j->next, LOCK_EX | LOCK_NB) == 0 &&
	    rename(j->next_path, j->path) == 0) {
		close(j->fd);
		j->fd = j->next;
		j->renewed_size = j->size;
	} else { /* the old one has it all, and is only long */
		close(j->next);
		unlink(j->next_path);
		if (fstat(j->fd, &status) == 0)
			j->size = (size_t)status.st_size;
		j->renewed_size = j->size;
	}
	j->next = -1;
}

int alert_journal_failed(struct alert_journal *j)
{
	int failed = j->failed;

	j->failed = 0;
	return failed;
}

void alert_journal_close(struct alert_journal *j)
{
	if (j == NULL)
		return;
	if (j->fd >= 0)
		close(j->fd);
	if (j->next >= 0)
		close(j->next);
	free(j->path);
	free(j->next_path);
	free(j);
}
