/*
 * A sensor without a capture: adds a range of made-up records and writes them to Redis, on demand
 * with a crash in the midst. What the store logs goes to stdout.
 *
 *   drive --redis URL --sensor NAME [--from A] --to B ...
 *   drive ... --redo FILE    as a recorder that follows those that died with this memory: goes on
 * behind the records that they had taken
 *
 * Exit: as the sensor's: 0, 1 something was lost, 2 no start; 42: the crash that was asked for.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../../sensor/store.h"
#include "synthetic.h"

struct drive {
	struct store_options store;
	struct synthetic shape;
	uint64_t from, to, each, pause_ms, drain_ms, entries_max;
	const char *redo;
	struct redo *log; /* the file `redo`; NULL: none */
	long crash;
	int hang, bench;
};

static long crash_after =
    -1; /* steps: calls that others can see; odd: before the call, even: behind it */

static int sends_only; /* other steps do not count */
static int sync_fails; /* the first sync of a folder does */
static int patient;    /* what was added is written before more is, so that Redis keeps up */

static void count_step(void)
{
	if (crash_after > 0 && --crash_after == 0)
		_exit(42);
}

static void step(void)
{
	if (!sends_only)
		count_step();
}

/* The linker puts these before the C library's (Makefile: --wrap). */
ssize_t __real_send(int fd, const void *bytes, size_t size, int flags);
ssize_t __wrap_send(int fd, const void *bytes, size_t size, int flags);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __real_unlink(const char *path);
int __wrap_unlink(const char *path);

ssize_t __wrap_send(int fd, const void *bytes, size_t size, int flags)
{
	ssize_t sent;

	count_step();
	sent = __real_send(fd, bytes, crash_after > 0 && size > 1000 ? size / 2 : size, flags);
	count_step();
	return sent;
}

int __wrap_fsync(int fd)
{
	struct stat status;
	int result;

	step();
	if (sync_fails && fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) {
		sync_fails = 0;
		errno = EIO;
		return -1;
	}
	result = __real_fsync(fd);
	step();
	return result;
}

int __wrap_rename(const char *from, const char *to)
{
	int result;

	step();
	result = __real_rename(from, to);
	step();
	return result;
}

int __wrap_unlink(const char *path)
{
	int result;

	step();
	result = __real_unlink(path);
	step();
	return result;
}

static void say(void *context, const char *line)
{
	(void)context;
	printf("%s\n", line);
	fflush(stdout);
}

static void nap(uint64_t ms)
{
	struct timespec pause = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};

	nanosleep(&pause, NULL);
}

static double seconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void take_record(struct redo *redo, struct tally *t, const struct record *r)
{
	struct record *copy;

	if (redo == NULL) {
		tally_add(t, r);
		return;
	}
	step();
	copy = redo_copy(redo, r);
	redo_take(redo, copy);
	tally_add(t, r);
}

static int open_redo(struct drive *d)
{
	int fd = open(d->redo, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	void *at = MAP_FAILED;
	uint64_t lost;

	if (fd >= 0 && ftruncate(fd, sizeof(struct redo)) == 0)
		at = mmap(NULL, sizeof(struct redo), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return -1;
	d->log = at;
	lost = redo_begin(at);
	d->from += lost + d->log->taken;
	if (lost > 0)
		printf("lost in redo: %llu\n", (unsigned long long)lost);
	return 0;
}

static void add_all(const struct drive *d, struct tally *t, struct store *s)
{
	struct record r;

	for (uint64_t i = d->from; i < d->to; i++) {
		synthetic_record(&d->shape, i, &r);
		take_record(d->log, t, &r);
		if ((i + 1) % d->each != 0)
			continue;
		store_flush(s);
		if (patient)
			(void)store_drain(s, (unsigned)d->drain_ms);
		nap(d->pause_ms);
		while (d->log != NULL && d->store.spool_path != NULL &&
		       redo_presses(d->log)) { /* a sensor's records come slower */
			store_flush(s);
			nap(5);
		}
	}
}

static void hang(struct store *s)
{
	say(NULL, "hanging");
	for (;;) {
		store_flush(s);
		nap(20);
	}
}

static int run(const struct drive *d)
{
	static const struct store_number numbers[] = {{"packets", 1000}, {"flows", 10}};
	struct tally *t = tally_new((size_t)d->entries_max);
	char error[STORE_ERROR_MAX];
	struct store *s;
	uint64_t lost;
	int result;

	s = store_open(&d->store, t, error);
	if (s == NULL) {
		fprintf(stderr, "drive: %s\n", error);
		tally_free(t);
		return 2;
	}
	store_report(s, numbers, 2);
	if (d->log != NULL) {
		store_take_log(s, d->log);
		redo_is_good(d->log);
	}
	add_all(d, t, s);
	say(NULL, "added");
	if (d->drain_ms > 0)
		printf("drained %d\n", store_drain(s, (unsigned)d->drain_ms));
	if (d->hang)
		hang(s);
	result = store_close(s);
	lost = tally_lost(t);
	if (lost > 0)
		printf("lost %llu\n", (unsigned long long)lost);
	tally_free(t);
	return result == 0 && lost == 0 ? 0 : 1;
}

/* How fast are tally and store? First new entries, then known ones. */
static void bench_round(const struct drive *d, const struct record *records, const char *name,
    struct tally *t, struct store *s)
{
	double begin = seconds(CLOCK_PROCESS_CPUTIME_ID), added, from, written;
	struct store_status before, after;

	for (uint64_t i = 0; i < d->to; i++)
		tally_add(t, &records[i % d->shape.pairs]);
	added = seconds(CLOCK_PROCESS_CPUTIME_ID);
	from = seconds(CLOCK_MONOTONIC);
	store_status(s, &before);
	if (store_drain(s, 60000) != 0)
		say(NULL, "not drained");
	written = seconds(CLOCK_MONOTONIC);
	store_status(s, &after);
	printf("%s: tally_add %.0f ns; flush %.0f pairs/s, %.0f entries/s, %.0f commands/s\n", name,
	    (added - begin) * 1e9 / (double)d->to, (double)d->shape.pairs / (written - from),
	    (double)(after.entries_written - before.entries_written) / (written - from),
	    (double)(after.commands - before.commands) / (written - from));
}

static int bench(const struct drive *d)
{
	struct record *records =
	    calloc(d->shape.pairs, sizeof(*records)); /* few stay in the cache, as a sensor's do */
	struct tally *t = tally_new((size_t)d->entries_max);
	char error[STORE_ERROR_MAX];
	struct store *s = store_open(&d->store, t, error);

	if (s == NULL || records == NULL) {
		fprintf(stderr, "drive: %s\n", s == NULL ? error : "memory is short");
		return 2;
	}
	for (uint64_t i = 0; i < d->shape.pairs; i++)
		synthetic_record(&d->shape, i, &records[i]);
	bench_round(d, records, "new", t, s);
	bench_round(d, records, "known", t, s);
	bench_round(d, records, "again", t, s);
	store_close(s);
	tally_free(t);
	free(records);
	return 0;
}

static const struct option options[] = {
    {"redis", required_argument, NULL, 'r'},
    {"sensor", required_argument, NULL, 's'},
    {"password", required_argument, NULL, 'w'},
    {"spool", required_argument, NULL, 'o'},
    {"retention", required_argument, NULL, 'e'},
    {"pairs", required_argument, NULL, 'p'},
    {"servers", required_argument, NULL, 'v'},
    {"from", required_argument, NULL, 'f'},
    {"to", required_argument, NULL, 't'},
    {"each", required_argument, NULL, 'n'},
    {"pause", required_argument, NULL, 'u'},
    {"drain", required_argument, NULL, 'd'},
    {"entries-max", required_argument, NULL, 'm'},
    {"redo", required_argument, NULL, 'R'},
    {"crash", required_argument, NULL, 'c'},
    {"sends-only", no_argument, &sends_only, 1},
    {"sync-fails", no_argument, &sync_fails, 1},
    {"patient", no_argument, &patient, 1},
    {"hang", no_argument, NULL, 'h'},
    {"bench", no_argument, NULL, 'b'},
    {0},
};

static uint64_t number(void)
{
	return strtoull(optarg, NULL, 10);
}

static int take(struct drive *d, int option)
{
	switch (option) {
	case 'r':
		d->store.url = optarg;
		break;
	case 's':
		d->store.sensor = optarg;
		break;
	case 'w':
		d->store.password = optarg;
		break;
	case 'o':
		d->store.spool_path = optarg;
		break;
	case 'e':
		d->store.retention_s = number();
		break;
	case 'p':
		d->shape.pairs = number();
		break;
	case 'v':
		d->shape.servers = number();
		break;
	case 'f':
		d->from = number();
		break;
	case 't':
		d->to = number();
		break;
	case 'n':
		d->each = number();
		break;
	case 'u':
		d->pause_ms = number();
		break;
	case 'd':
		d->drain_ms = number();
		break;
	case 'm':
		d->entries_max = number();
		break;
	case 'R':
		d->redo = optarg;
		break;
	case 'c':
		d->crash = (long)number();
		break;
	case 'h':
		d->hang = 1;
		break;
	case 'b':
		d->bench = 1;
		break;
	case 0: /* a flag of its own */
		break;
	default:
		return -1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct drive d = {
	    .store = {.source = "synthetic", .log = say},
	    .shape = {200, 10},
	    .each = 100,
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (take(&d, option) != 0)
			return 2;
	if (d.redo != NULL && open_redo(&d) != 0)
		return 2;
	crash_after = d.crash;
	return d.bench ? bench(&d) : run(&d);
}
