/* Lines of JSON for a file, or for a reader that may not keep up. */
#include "json_output.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "limits.h"
#include "log.h"

#define WAIT_MS	   500
#define LAST_WAITS 10 /* in vain, at the end */

struct json_output {
	struct json_output_options options;
	FILE *lines; /* where records are written: the file, or waiting[] */
	bool drips, failed;
	bool full; /* the line that is written now has no room */
	uint64_t lost;
	size_t sent, used;
	char waiting[LIMIT_JSON_WAITING]; /* not touched where there is no pipe */
};

bool json_output_is_pipe(FILE *file)
{
	struct stat status;

	return fstat(fileno(file), &status) == 0 &&
	       (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode));
}

static const char *name_of(const struct json_output *j)
{
	return j->options.file == stdout ? "standard output" : j->options.path;
}

/* Few calls for many records; what waits a tick writes. */
static void buffer(FILE *file)
{
	static char bytes[LIMIT_JSON_BYTES];

	if (!isatty(fileno(file)))
		(void)setvbuf(file, bytes, _IOFBF, sizeof(bytes));
}

/* Said once; what else takes records goes on. */
static void give_up(struct json_output *j)
{
	if (!j->failed)
		log_say(LOG_LEVEL_ERROR,
		    "%s: cannot write records: %s; make room there and start again", name_of(j),
		    strerror(errno));
	j->failed = true;
}

/* ---- A pipe ---- */

static ssize_t keep(void *context, const char *bytes, size_t size)
{
	struct json_output *j = context;

	j->full |= size > sizeof(j->waiting) - j->used;
	if (!j->full) {
		memcpy(j->waiting + j->used, bytes, size);
		j->used += size;
	}
	return (ssize_t)size;
}

/* A pipe that poll() finds writable takes PIPE_BUF without waiting. O_NONBLOCK would be a flag of
 * all who share it. 1: some was sent, 0: not now, -1: it failed. */
static int send_some(struct json_output *j, int wait_ms)
{
	struct pollfd wanted = {.fd = fileno(j->options.file), .events = POLLOUT};
	size_t left = j->used - j->sent;
	ssize_t sent;

	if (poll(&wanted, 1, wait_ms) <= 0)
		return 0;
	sent = write(wanted.fd, j->waiting + j->sent, left < PIPE_BUF ? left : PIPE_BUF);
	if (sent < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	j->sent += (size_t)sent;
	return 1;
}

static void send_waiting(struct json_output *j)
{
	int sent = 1;

	while (sent > 0 && j->sent < j->used)
		sent = send_some(j, 0);
	if (sent < 0)
		give_up(j);
}

static void wait_for_reader(struct json_output *j)
{
	if (j->options.wait != NULL)
		j->options.wait(j->options.context);
	if (send_some(j, WAIT_MS) < 0)
		give_up(j);
}

static void make_room(struct json_output *j)
{
	if (j->sent < j->used && sizeof(j->waiting) - j->used >= LIMIT_JSON_BYTES)
		return;
	memmove(j->waiting, j->waiting + j->sent, j->used - j->sent);
	j->used -= j->sent;
	j->sent = 0;
}

/* All of a line, or nothing of it. */
static bool put_line(struct json_output *j, const struct record *record)
{
	size_t before;

	make_room(j);
	before = j->used;
	j->full = false;
	record_write_json(j->lines, record);
	(void)fflush(j->lines);
	if (j->full)
		j->used = before;
	return !j->full;
}

static void leave_out(struct json_output *j)
{
	if (j->lost++ == 0)
		log_say(LOG_LEVEL_WARNING,
		    "%s: its reader does not keep up: of --json is left out, and counted "
		    "(json_lost), what finds no room in %u KB; mend the reader, or write a file",
		    name_of(j), LIMIT_JSON_WAITING / 1024);
}

static void drip(struct json_output *j, const struct record *record)
{
	bool put;

	while (!(put = put_line(j, record)) && j->options.all && !j->failed)
		wait_for_reader(j);
	if (!put && !j->failed)
		leave_out(j);
	if (j->used - j->sent >= PIPE_BUF)
		send_waiting(j);
}

/* ---- Either ---- */

struct json_output *json_output_new(const struct json_output_options *options)
{
	static const cookie_io_functions_t kept = {.write = keep};
	struct json_output *j = calloc(1, sizeof(*j));

	if (j == NULL)
		return NULL;
	j->options = *options;
	j->lines = options->file;
	j->drips = options->drip && json_output_is_pipe(options->file);
	if (j->drips)
		j->lines = fopencookie(j, "w", kept);
	else
		buffer(j->lines);
	if (j->lines != NULL)
		return j;
	free(j);
	return NULL;
}

void json_output_take(struct json_output *j, const struct record *record)
{
	if (j->failed)
		return;
	if (j->drips) {
		drip(j, record);
		return;
	}
	record_write_json(j->lines, record);
	if (ferror(j->lines))
		give_up(j);
}

bool json_output_tick(struct json_output *j)
{
	if (j->failed)
		return false;
	if (j->drips)
		send_waiting(j);
	else if (j->options.live && fflush(j->lines) != 0)
		give_up(j);
	return !j->failed;
}

/* Where the new one cannot be opened, the old one goes on. */
void json_output_reopen(struct json_output *j)
{
	FILE *again;

	if (j->failed || j->options.file == stdout || json_output_is_pipe(j->options.file))
		return;
	if (fflush(j->lines) != 0) {
		give_up(j);
		return;
	}
	again = fopen(j->options.path, "ae");
	if (again == NULL) {
		log_say(LOG_LEVEL_WARNING,
		    "--json %s: cannot be begun anew: %s; let the sensor's user write there: until "
		    "then the old file is used",
		    j->options.path, strerror(errno));
		return;
	}
	fclose(j->options.file);
	j->options.file = j->lines = again;
	buffer(again);
}

uint64_t json_output_lost(const struct json_output *j)
{
	return j->lost;
}

static uint64_t lines_waiting(const struct json_output *j)
{
	uint64_t count = 0;

	for (size_t i = j->sent; i < j->used; i++)
		count += j->waiting[i] == '\n';
	return count;
}

/* Waits as long as the reader takes something, or for good where all is wanted. */
static void send_last(struct json_output *j)
{
	unsigned idle = 0;

	while (!j->failed && j->sent < j->used && (j->options.all || idle < LAST_WAITS)) {
		size_t before = j->sent;

		wait_for_reader(j);
		idle = j->sent > before ? 0 : idle + 1;
	}
	if (j->failed || j->sent == j->used)
		return;
	log_say(LOG_LEVEL_WARNING,
	    "%s: its reader took nothing for %u s: %llu records are left out", name_of(j),
	    LAST_WAITS * WAIT_MS / 1000, (unsigned long long)lines_waiting(j));
}

bool json_output_close(struct json_output *j)
{
	bool good;

	if (j == NULL)
		return true;
	if (j->drips)
		send_last(j);
	if (!j->failed && !j->drips && fflush(j->lines) != 0)
		give_up(j);
	if (j->drips)
		fclose(j->lines);
	if (j->options.file != stdout)
		fclose(j->options.file);
	good = !j->failed;
	free(j);
	return good;
}
