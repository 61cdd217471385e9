/* Collecting what is wrong with a set of rules files. */
#include "errors.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct rules_error_place {
	char *file; /* where line is 0: the whole file */
	unsigned line, column;
	size_t order;
};

struct sorting {
	struct rules_error_place place;
	char *line;
	size_t file_order;
};

static char *format_line(const struct rules_place *place, const char *format, va_list arguments)
{
	char what[1024], *line;
	int result;

	vsnprintf(what, sizeof(what), format, arguments);
	for (char *c = what; *c != '\0'; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	result = place->line == 0 ? asprintf(&line, "%s: %s", place->file, what)
				  : asprintf(&line, "%s:%u:%u: %s", place->file, place->line,
					place->column, what);
	return result < 0 ? NULL : line;
}

static bool make_room(struct rules_errors *e)
{
	if (e->lines == NULL)
		e->lines = calloc(RULES_ERRORS_MAX, sizeof(*e->lines));
	if (e->places == NULL)
		e->places = calloc(RULES_ERRORS_MAX, sizeof(*e->places));
	return e->lines != NULL && e->places != NULL;
}

bool rules_errors_full(struct rules_errors *e)
{
	if (e->count == RULES_ERRORS_MAX)
		e->more = true;
	return e->count == RULES_ERRORS_MAX;
}

void rules_error(struct rules_errors *e, const struct rules_place *place, const char *format, ...)
{
	va_list arguments;
	char *line, *file;

	if (e->count == RULES_ERRORS_MAX || !make_room(e)) {
		e->more = true;
		return;
	}
	va_start(arguments, format);
	line = format_line(place, format, arguments);
	va_end(arguments);
	file = strdup(place->file);
	if (line == NULL || file == NULL) {
		free(line);
		free(file);
		e->more = true;
		return;
	}
	e->lines[e->count] = line;
	e->places[e->count].file = file;
	e->places[e->count].line = place->line;
	e->places[e->count].column = place->column;
	e->places[e->count].order = e->count;
	e->count++;
}

static int compare(const void *left, const void *right)
{
	const struct sorting *a = left, *b = right;

	if (a->file_order != b->file_order)
		return a->file_order < b->file_order ? -1 : 1;
	if (a->place.line != b->place.line)
		return a->place.line < b->place.line ? -1 : 1;
	if (a->place.column != b->place.column)
		return a->place.column < b->place.column ? -1 : 1;
	return a->place.order < b->place.order ? -1 : 1;
}

static size_t first_of_file(const struct rules_errors *e, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (strcmp(e->places[j].file, e->places[i].file) == 0)
			return j;
	return i;
}

void rules_errors_sort(struct rules_errors *e)
{
	struct sorting rows[RULES_ERRORS_MAX];
	size_t count = e->count;

	for (size_t i = 0; i < count; i++)
		rows[i] = (struct sorting){e->places[i], e->lines[i], first_of_file(e, i)};
	qsort(rows, count, sizeof(rows[0]), compare);
	e->count = 0;
	for (size_t i = 0; i < count; i++) {
		if (e->count > 0 && strcmp(e->lines[e->count - 1], rows[i].line) == 0) {
			free(rows[i].line);
			free(rows[i].place.file);
			continue;
		}
		e->lines[e->count] = rows[i].line;
		e->places[e->count++] = rows[i].place;
	}
}

void rules_errors_free(struct rules_errors *e)
{
	for (size_t i = 0; i < e->count; i++) {
		free(e->lines[i]);
		free(e->places[i].file);
	}
	free(e->lines);
	free(e->places);
	*e = (struct rules_errors){0};
}
