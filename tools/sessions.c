/* Captures -> sessions, sorted by their start. */
#include "sessions.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../sensor/capture.h"
#include "../sensor/compare.h"
#include "say.h"

#define PROGRESS_MS 500 /* between two words about progress, on a terminal */

struct reading {
	struct sessions *sessions;
	const struct options *options;
	struct pipeline *pipeline; /* NULL: none was needed yet */
	uint64_t last_ns;	   /* the newest packet so far */
	bool file_begins;	   /* no packet of this file was seen yet */
	uint64_t said_ms;	   /* when progress was last told, or reading began */
	bool said;		   /* progress stands on the terminal */
};

struct file_order {
	const char *path;
	uint64_t first_ns;
	size_t order;
};

static void keep(void *context, const struct record *r)
{
	struct sessions *s = context;
	struct record compared;
	size_t size = record_size(r);

	if (s->short_of_memory)
		return;
	memcpy(&compared, r, size);
	compare_session(s->compare, &compared);
	if (r->start_ns < s->since_ns)
		return;
	if (s->count == s->room) {
		size_t room = s->room == 0 ? 256 : s->room * 2;
		struct session_item *items = reallocarray(s->items, room, sizeof(*items));

		s->short_of_memory = items == NULL;
		if (items == NULL)
			return;
		s->items = items;
		s->room = room;
	}
	s->items[s->count] = (struct session_item){malloc(size), s->count};
	if (s->items[s->count].record == NULL) {
		s->short_of_memory = true;
		return;
	}
	memcpy(s->items[s->count++].record, &compared, size);
}

/* All of struct pipeline_stats are counters. */
static void add_stats(struct pipeline_stats *sum, const struct pipeline_stats *more)
{
	uint64_t a[sizeof(*sum) / sizeof(uint64_t)], b[sizeof(a) / sizeof(a[0])];

	_Static_assert(sizeof(*sum) % sizeof(uint64_t) == 0, "only counters");
	memcpy(a, sum, sizeof(a));
	memcpy(b, more, sizeof(b));
	for (size_t i = 0; i < sizeof(a) / sizeof(a[0]); i++)
		a[i] += b[i];
	memcpy(sum, a, sizeof(a));
}

static void finish_pipeline(struct reading *r)
{
	if (r->pipeline == NULL)
		return;
	pipeline_finish(r->pipeline);
	add_stats(&r->sessions->stats, pipeline_stats(r->pipeline));
	pipeline_free(r->pipeline);
	r->pipeline = NULL;
}

static void start_pipeline(struct reading *r)
{
	const struct options *o = r->options;
	struct pipeline_options options = {
	    .ports = &o->ports,
	    .any_port = o->any_port,
	    .ignore_vlan = o->ignore_vlan,
	    .sink = keep,
	    .context = r->sessions,
	};

	r->pipeline = pipeline_new(&options);
	r->sessions->short_of_memory |= r->pipeline == NULL;
}

/* A file that begins before the last one ended is another capture, not its continuation. */
static void packet(
    void *context, int link_type, uint64_t ns, const uint8_t *frame, size_t captured, size_t length)
{
	struct reading *r = context;

	if (r->file_begins && ns < r->last_ns)
		finish_pipeline(r);
	r->file_begins = false;
	if (r->pipeline == NULL)
		start_pipeline(r);
	if (r->pipeline == NULL)
		return;
	if (ns > r->last_ns)
		r->last_ns = ns;
	pipeline_packet(r->pipeline, link_type, ns, frame, captured, length);
}

static void keep_error(struct sessions *s, const char *error)
{
	char **errors = reallocarray(s->errors, s->error_count + 1, sizeof(*errors));

	if (errors == NULL)
		return;
	s->errors = errors;
	s->errors[s->error_count] = strdup(error);
	s->error_count += s->errors[s->error_count] != NULL;
}

static void clear_progress(struct reading *r)
{
	if (r->said)
		fputs("\r\033[K", stderr);
	r->said = false;
}

static void say_progress(struct reading *r, struct capture *c)
{
	struct capture_counters counters;
	uint64_t now = now_ms();

	if (r->said_ms == 0)
		r->said_ms = now;
	if (now < r->said_ms + PROGRESS_MS || !isatty(STDERR_FILENO))
		return;
	r->said_ms = now;
	capture_counters(c, &counters);
	if (counters.bytes_total == 0)
		return;
	clear_progress(r);
	fprintf(stderr, "%.0f %% read, %zu sessions",
	    100.0 * (double)counters.bytes_read / (double)counters.bytes_total, r->sessions->count);
	r->said = true;
}

/* Returns 0, or EXIT_USAGE when the file cannot be opened. */
static int read_file(struct reading *r, const char *path)
{
	char error[CAPTURE_ERROR_MAX] = "";
	struct capture *c = capture_open_file(path, error);
	int handed;

	if (c == NULL)
		return say_error(EXIT_USAGE, "%s", error);
	r->file_begins = true;
	do {
		handed = capture_dispatch(c, packet, r, error);
		say_progress(r, c);
	} while (handed >= 0 && !r->sessions->short_of_memory);
	clear_progress(r);
	if (handed == -2)
		keep_error(r->sessions, error);
	capture_close(c);
	return 0;
}

static void first_packet(
    void *context, int link_type, uint64_t ns, const uint8_t *frame, size_t captured, size_t length)
{
	uint64_t *first = context;

	(void)link_type;
	(void)frame;
	(void)captured;
	(void)length;
	if (*first == 0)
		*first = ns;
}

static int by_time(const void *left, const void *right)
{
	const struct file_order *a = left, *b = right;

	if (a->first_ns != b->first_ns)
		return a->first_ns < b->first_ns ? -1 : 1;
	return a->order < b->order ? -1 : 1;
}

/* Looks at the first packet of each file. Returns 0, or EXIT_USAGE when one cannot be opened. */
static int order_files(struct file_order *files, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char error[CAPTURE_ERROR_MAX] = "";
		struct capture *c = capture_open_file(files[i].path, error);

		if (c == NULL)
			return say_error(EXIT_USAGE, "%s", error);
		if (capture_dispatch(c, first_packet, &files[i].first_ns, error) < 0)
			files[i].first_ns =
			    0; /* empty, or broken at once: reading it will say so */
		capture_close(c);
	}
	qsort(files, count, sizeof(*files), by_time);
	return 0;
}

static int by_start(const void *left, const void *right)
{
	const struct session_item *a = left, *b = right;

	if (a->record->start_ns != b->record->start_ns)
		return a->record->start_ns < b->record->start_ns ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

static int read_files(struct reading *r, const struct file_order *files, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int result = read_file(r, files[i].path);

		if (result != 0)
			return result;
	}
	return 0;
}

int sessions_read(struct sessions *s, const struct options *o)
{
	struct reading r = {.sessions = s, .options = o};
	size_t count = o->argument_count;
	struct file_order *files = calloc(count, sizeof(*files));
	bool standard_input = false;
	int result = 0;

	*s = (struct sessions){.since_ns = o->since_ms * 1000000, .compare = compare_new(0, NULL)};
	if (files == NULL || s->compare == NULL) {
		free(files);
		return say_error(EXIT_FAILED, "out of memory");
	}
	for (size_t i = 0; i < count; i++) {
		files[i] = (struct file_order){.path = o->arguments[i], .order = i};
		standard_input |= strcmp(o->arguments[i], "-") == 0;
	}
	if (count > 1 && !standard_input)
		result = order_files(files, count);
	if (result == 0)
		result = read_files(&r, files, count);
	finish_pipeline(&r);
	compare_free(s->compare);
	s->compare = NULL;
	free(files);
	if (s->count > 1)
		qsort(s->items, s->count, sizeof(*s->items), by_start);
	if (s->short_of_memory)
		keep_error(
		    s, "out of memory: not all sessions are shown; read the files one by one");
	return result != 0 ? result : s->error_count > 0 ? EXIT_FAILED : 0;
}

void sessions_say_errors(const struct sessions *s)
{
	for (size_t i = 0; i < s->error_count; i++)
		say_error(EXIT_FAILED, "%s", s->errors[i]);
}

void sessions_free(struct sessions *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->items[i].record);
	for (size_t i = 0; i < s->error_count; i++)
		free(s->errors[i]);
	free(s->items);
	free(s->errors);
	compare_free(s->compare);
}
