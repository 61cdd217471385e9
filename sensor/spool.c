/* Writing, replacing and removing the spool. Reading: spool_read.c. */
#include "spool.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include <xxhash.h>

#include "spool_format.h"
#include "tally_entry.h"

struct writer {
	FILE *file;
	XXH3_state_t *hash;
	enum spool_part part;
	uint64_t mark;
	size_t entries;
};

static int fail(char error[SPOOL_ERROR_MAX], const char *what, const char *path)
{
	int reason = errno;
	const char *mend = reason == ENOSPC || reason == EDQUOT || reason == EFBIG
			       ? "make room on that disk"
			   : reason == EACCES || reason == EPERM || reason == EROFS
			       ? "let the sensor's user read and write there, or give --spool FILE "
				 "elsewhere"
			   : reason == EIO ? "see whether that disk is well"
					   : "give --spool FILE in a folder that exists";

	snprintf(
	    error, SPOOL_ERROR_MAX, "spool %s: %s: %s: %s", path, what, strerror(reason), mend);
	return SPOOL_FAILED;
}

int spool_lock(const char *path, char error[SPOOL_ERROR_MAX])
{
	char name[PATH_MAX];
	int fd;

	if (snprintf(name, sizeof(name), "%s.lock", path) >= (int)sizeof(name)) {
		errno = ENAMETOOLONG;
		return fail(error, "cannot be locked", path);
	}
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return fail(error, "cannot be locked", path);
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	if (errno == EWOULDBLOCK)
		snprintf(error, SPOOL_ERROR_MAX,
		    "spool %s: another sensor of this name runs on this host: stop it, or give "
		    "this one another name and spool",
		    path);
	else
		fail(error, "cannot be locked", path);
	close(fd);
	return SPOOL_FAILED;
}

/* ---- One file ---- */

static void put(struct writer *w, const char *bytes, size_t length)
{
	XXH3_64bits_update(w->hash, bytes, length);
	fwrite(bytes, 1, length,
	    w->file); /* errors stick to the stream and are asked for at the end */
}

static void put_text(struct writer *w, const char *text)
{
	put(w, text, strlen(text));
}

static void put_escaped(struct writer *w, const char *text, size_t length)
{
	size_t plain = 0;

	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];
		char escape[4];

		if (c >= 0x20 && c != 0x7f && c != '%')
			continue;
		put(w, text + plain, i - plain);
		snprintf(escape, sizeof(escape), "%%%02x", c);
		put(w, escape, 3);
		plain = i + 1;
	}
	put(w, text + plain, length - plain);
}

static void put_field(
    void *to, const char *name, size_t name_length, const char *value, size_t value_length)
{
	struct writer *w = to;

	put(w, "\t", 1);
	put(w, name, name_length);
	put(w, "=", 1);
	put_escaped(w, value, value_length);
}

static void put_entry(void *to, struct tally_entry *e)
{
	struct writer *w = to;
	char first[TALLY_SUBJECT_MAX], second[TALLY_SUBJECT_MAX];

	if (w->part == SPOOL_IN_FILE && !e->in_file)
		return;
	tally_entry_subject(e, first, second);
	put_text(w, tally_kind_name(e->kind));
	put(w, "\t", 1);
	put_text(w, first);
	put(w, "\t", 1);
	put_text(w, second);
	tally_entry_fields(e, TALLY_PARTS, put_field, w);
	put(w, "\n", 1);
	w->entries++;
}

static void put_header(struct writer *w, const char *sensor)
{
	char mark[24] = "";

	put_text(w, SPOOL_MAGIC "\t" SPOOL_VERSION "\t");
	put_text(w, sensor);
	if (w->mark != 0)
		snprintf(mark, sizeof(mark), "\t%llu", (unsigned long long)w->mark);
	put_text(w, mark);
	put(w, "\n", 1);
}

static void put_all(struct writer *w, const char *sensor, struct tally *t)
{
	put_header(w, sensor);
	tally_each_waiting(t, put_entry, w);
	fprintf(w->file, SPOOL_END "\t%zu\t%016llx\n", w->entries,
	    (unsigned long long)XXH3_64bits_digest(w->hash));
}

/* Whether everything has reached the disk. Closes the file. */
static bool settle(FILE *file)
{
	bool good = fflush(file) == 0 && !ferror(file) && fsync(fileno(file)) == 0;
	int reason = errno;

	if (fclose(file) != 0 && good)
		return false;
	errno = reason;
	return good;
}

static int write_file(const char *path, const char *sensor, struct tally *t, struct writer *w)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return -1;
	w->file = fdopen(fd, "w");
	if (w->file == NULL) {
		close(fd);
		return -1;
	}
	w->hash = XXH3_createState();
	if (w->hash == NULL) {
		fclose(w->file);
		errno = ENOMEM;
		return -1;
	}
	XXH3_64bits_reset(w->hash);
	put_all(w, sensor, t);
	XXH3_freeState(w->hash);
	return settle(w->file) ? 0 : -1;
}

static int open_folder(const char *path)
{
	char copy[PATH_MAX];

	snprintf(copy, sizeof(copy), "%s", path);
	return open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* A rename is on the disk when its folder is; but it is done before. */
static int put_in_place(const char *fresh, const char *path, char error[SPOOL_ERROR_MAX])
{
	int folder = open_folder(path), result = SPOOL_OK;

	if (folder < 0 || rename(fresh, path) != 0) {
		result = fail(error, "cannot be put in place", path);
		unlink(fresh);
	} else if (fsync(folder) != 0) {
		fail(error, "is not surely on the disk", path);
		result = SPOOL_UNSYNCED;
	}
	if (folder >= 0)
		close(folder);
	return result;
}

int spool_write(const char *path, const char *sensor, struct tally *t, enum spool_part part,
    uint64_t mark, size_t *entries, char error[SPOOL_ERROR_MAX])
{
	struct writer w = {.part = part, .mark = mark};
	char fresh[PATH_MAX];

	*entries = 0;
	if (snprintf(fresh, sizeof(fresh), "%s.new", path) >= (int)sizeof(fresh)) {
		errno = ENAMETOOLONG;
		return fail(error, "cannot be written", path);
	}
	if (write_file(fresh, sensor, t, &w) != 0) {
		fail(error, "cannot be written", path);
		unlink(fresh);
		return SPOOL_FAILED;
	}
	*entries = w.entries;
	if (w.entries == 0) {
		unlink(fresh);
		return spool_remove(path, error);
	}
	return put_in_place(fresh, path, error);
}

int spool_remove(const char *path, char error[SPOOL_ERROR_MAX])
{
	if (unlink(path) == 0 || errno == ENOENT)
		return SPOOL_OK;
	return fail(error, "cannot be removed", path);
}
