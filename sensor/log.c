/* The sensor's log: stderr or the journal. */
#include "log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log_journal.h"

#define PROGRAM	   "tlsvane-sensor"
#define FIELDS_MAX 8
#define LINE_BYTES 2048

static struct {
	int journal; /* fd + 1, so that 0 is none */
	void (*clear)(void *context);
	void *context;
	size_t field_count;
	struct {
		const char *name, *value;
	} fields[FIELDS_MAX];
} log_state;

void log_open(void)
{
	if (log_state.journal == 0 && log_journal_is_stream(STDERR_FILENO))
		log_state.journal = log_journal_connect(LOG_JOURNAL_SOCKET) + 1;
}

void log_field(const char *name, const char *value)
{
	size_t i = 0;

	while (i < log_state.field_count && strcmp(log_state.fields[i].name, name) != 0)
		i++;
	if (i == FIELDS_MAX)
		return;
	log_state.fields[i].name = name;
	log_state.fields[i].value = value;
	if (i == log_state.field_count)
		log_state.field_count++;
}

void log_before(void (*clear)(void *context), void *context)
{
	log_state.clear = clear;
	log_state.context = context;
}

static void put_own(FILE *to, const char *name, const char *value)
{
	log_journal_put_own(to, name, strlen(name), value, strlen(value));
}

static void put_number(FILE *to, const struct number_row *row, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	put_own(to, row->name, text);
}

static void put_entry(FILE *to, enum log_level level, const char *part, const char *line,
    const struct sensor_numbers *n)
{
	fprintf(to, "PRIORITY=%d\nSYSLOG_IDENTIFIER=" PROGRAM "\n", (int)level);
	log_journal_put(to, "MESSAGE", line, strlen(line));
	for (size_t i = 0; i < log_state.field_count; i++)
		put_own(to, log_state.fields[i].name, log_state.fields[i].value);
	if (part != NULL)
		put_own(to, "part", part);
	for (size_t i = 0; n != NULL && i < number_row_count; i++)
		put_number(to, &number_rows[i], number_value(n, &number_rows[i]));
}

static bool to_journal(
    enum log_level level, const char *part, const char *line, const struct sensor_numbers *n)
{
	char entry[LOG_JOURNAL_ENTRY];
	FILE *to = log_state.journal > 0 ? fmemopen(entry, sizeof(entry), "w") : NULL;
	long size;

	if (to == NULL)
		return false;
	put_entry(to, level, part, line, n);
	fflush(to);
	size = ftell(to);
	fclose(to);
	return size > 0 && send(log_state.journal - 1, entry, (size_t)size, MSG_NOSIGNAL) == size;
}

static void write_line(
    enum log_level level, const char *part, const char *line, const struct sensor_numbers *n)
{
	if (to_journal(level, part, line, n))
		return;
	if (log_state.clear != NULL)
		log_state.clear(log_state.context);
	fprintf(stderr, PROGRAM ": %s\n", line);
}

void log_say_list(enum log_level level, const char *format, va_list arguments)
{
	char line[LINE_BYTES];

	vsnprintf(line, sizeof(line), format, arguments);
	write_line(level, NULL, line, NULL);
}

void log_say(enum log_level level, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_say_list(level, format, arguments);
	va_end(arguments);
}

void log_line(void *part, const char *line)
{
	write_line(LOG_LEVEL_NOTICE, part, line, NULL);
}

void log_numbers(const struct sensor_numbers *n)
{
	char line[LINE_BYTES] = "stats";
	size_t used = strlen(line);

	for (size_t i = 0; i < number_row_count && used < sizeof(line); i++)
		if (number_rows[i].stats)
			used += (size_t)snprintf(line + used, sizeof(line) - used, " %s=%" PRIu64,
			    number_rows[i].name, number_value(n, &number_rows[i]));
	write_line(LOG_LEVEL_INFO, NULL, line, n);
}
