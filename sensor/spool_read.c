/*
 * Reading the spool. Twice: first everything is checked, down to the last number, without a trace
 * in the tally; only then it is taken over.
 */
#include "spool.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "spool_format.h"
#include "tally_entry.h"

#define ASIDE_MAX 9999 /* PATH.bad-N: N at most */

struct reader {
	FILE *file;
	const char *sensor;
	struct tally *tally; /* NULL: only check */
	char *line;
	size_t room, number, entries;
	uint64_t mark;
	XXH3_state_t *hash;
	const char *why; /* it is broken */
};

static int broken(struct reader *r, const char *why)
{
	r->why = why;
	return SPOOL_BROKEN;
}

/* The next line without its newline; NULL at the end or where a line was torn. Not hashed yet. */
static char *next_line(struct reader *r, size_t *length)
{
	ssize_t got = getline(&r->line, &r->room, r->file);

	if (got <= 0 || r->line[got - 1] != '\n' || strlen(r->line) != (size_t)got)
		return NULL;
	*length = (size_t)got;
	r->number++;
	return r->line;
}

static void unescape(char *text)
{
	char *to = text;
	unsigned c;

	for (; *text != '\0'; to++) {
		if (text[0] == '%' && sscanf(text + 1, "%2x", &c) == 1 && c != 0) {
			*to = (char)c;
			text += text[2] == '\0' ? 2 : 3;
		} else {
			*to = *text++;
		}
	}
	*to = '\0';
}

static int load_fields(struct reader *r, struct tally_entry *e, char *fields)
{
	char *field, *value;

	while ((field = strsep(&fields, "\t")) != NULL) {
		value = strchr(field, '=');
		if (value == NULL)
			return broken(r, "a field without a value");
		*value++ = '\0';
		unescape(value);
		if (tally_entry_load(e, TALLY_PARTS, field, value) != 0)
			return broken(r, "a value that cannot be");
	}
	return SPOOL_OK;
}

static int check_entry(struct reader *r, unsigned kind, char *fields)
{
	struct tally_entry e = {.kind = (uint8_t)kind};
	int result = load_fields(r, &e, fields);

	tally_entry_clear(&e);
	return result;
}

static int load_entry(struct reader *r, unsigned kind, const uint8_t key[32], char *fields)
{
	struct tally_entry *e = tally_entry_make(r->tally, kind, key);
	int result;

	if (e == NULL) {
		errno = ENOMEM;
		return SPOOL_FAILED;
	}
	result = load_fields(r, e, fields);
	e->in_file = true;
	e->held = tally_entry_has_steps(e);
	e->changed = true;
	tally_move(r->tally, e, e->held ? TALLY_SPOOLED : TALLY_DIRTY, false);
	return result;
}

static int read_entry(struct reader *r, char *line)
{
	const char *kind_name = strsep(&line, "\t"), *first = strsep(&line, "\t"),
		   *second = strsep(&line, "\t");
	unsigned kind = tally_kind_from_name(kind_name);
	uint8_t key[32];

	r->entries++;
	if (kind == TALLY_KINDS || second == NULL || !tally_key_parse(kind, first, second, key))
		return broken(r, "a line that is no entry");
	return r->tally == NULL ? check_entry(r, kind, line) : load_entry(r, kind, key, line);
}

static int read_mark(struct reader *r, const char *text)
{
	char *end;

	r->mark = strtoull(text, &end, 10);
	return end > text && *end == '\0' ? SPOOL_OK : broken(r, "a malformed mark");
}

static int read_header(struct reader *r)
{
	size_t length;
	char *line = next_line(r, &length), *rest;

	if (line == NULL)
		return broken(r, "no header");
	XXH3_64bits_update(r->hash, line, length);
	line[length - 1] = '\0';
	rest = line;
	if (strcmp(strsep(&rest, "\t"), SPOOL_MAGIC) != 0 || rest == NULL)
		return broken(r, "not a spool");
	if (strcmp(strsep(&rest, "\t"), SPOOL_VERSION) != 0)
		return broken(r, "written by another version of tlsvane");
	if (rest == NULL || strcmp(strsep(&rest, "\t"), r->sensor) != 0)
		return broken(r, "it belongs to a sensor of another name");
	return rest == NULL ? SPOOL_OK : read_mark(r, rest);
}

static int read_end(struct reader *r, const char *line)
{
	unsigned long long hash;
	size_t entries;
	int used = 0;

	if (sscanf(line, SPOOL_END "\t%zu\t%16llx\n%n", &entries, &hash, &used) != 2 || used == 0 ||
	    line[used] != '\0')
		return broken(r, "a malformed end");
	if (entries != r->entries || hash != XXH3_64bits_digest(r->hash))
		return broken(r, "its checksum is wrong");
	return getc(r->file) == EOF ? SPOOL_OK : broken(r, "something follows its end");
}

static int read_lines(struct reader *r)
{
	int result = read_header(r);
	size_t length;
	char *line;

	while (result == SPOOL_OK) {
		line = next_line(r, &length);
		if (line == NULL)
			return broken(r, "it is cut off");
		if (strncmp(line, SPOOL_END "\t", strlen(SPOOL_END "\t")) == 0)
			return read_end(r, line);
		XXH3_64bits_update(r->hash, line, length);
		line[length - 1] = '\0';
		result = read_entry(r, line);
	}
	return result;
}

static int read_pass(struct reader *r, struct tally *t)
{
	rewind(r->file);
	r->tally = t;
	r->number = r->entries = 0;
	r->hash = XXH3_createState();
	if (r->hash == NULL) {
		errno = ENOMEM;
		return SPOOL_FAILED;
	}
	XXH3_64bits_reset(r->hash);
	int result = read_lines(r);
	XXH3_freeState(r->hash);
	if (result == SPOOL_BROKEN && ferror(r->file)) /* the disk's fault, not the file's */
		return SPOOL_FAILED;
	return result;
}

/* Never deletes: a person may want to look at it. */
static int put_aside(const char *path, const struct reader *r, char error[SPOOL_ERROR_MAX])
{
	char aside[PATH_MAX];

	for (unsigned n = 1; n <= ASIDE_MAX; n++) {
		if (snprintf(aside, sizeof(aside), "%s.bad-%u", path, n) >= (int)sizeof(aside))
			break;
		if (renameat2(AT_FDCWD, path, AT_FDCWD, aside, RENAME_NOREPLACE) == 0) {
			snprintf(error, SPOOL_ERROR_MAX,
			    "spool %s:%zu: %s: kept as .bad-%u, and not counted: look at it, then "
			    "remove it",
			    path, r->number, r->why, n);
			return SPOOL_BROKEN;
		}
		if (errno != EEXIST)
			break;
	}
	snprintf(error, SPOOL_ERROR_MAX,
	    "spool %s:%zu: %s, and it cannot be renamed: %s: move it away by hand", path, r->number,
	    r->why, strerror(errno));
	return SPOOL_FAILED;
}

int spool_read(const char *path, const char *sensor, struct tally *t, uint64_t *mark,
    size_t *entries, char error[SPOOL_ERROR_MAX])
{
	struct reader r = {.sensor = sensor};
	int result;

	*entries = 0;
	*mark = 0;
	r.file = fopen(path, "re");
	if (r.file == NULL && errno == ENOENT)
		return SPOOL_OK;
	result = r.file == NULL ? SPOOL_FAILED : read_pass(&r, NULL);
	if (result == SPOOL_OK)
		result = read_pass(&r, t);
	if (result == SPOOL_OK) {
		*entries = r.entries;
		*mark = r.mark;
	} else if (result == SPOOL_BROKEN) {
		result = put_aside(path, &r, error);
	} else {
		snprintf(error, SPOOL_ERROR_MAX,
		    "spool %s: cannot be read: %s: let the sensor's user read and write it", path,
		    strerror(errno));
	}
	free(r.line);
	if (r.file != NULL)
		fclose(r.file);
	return result;
}
