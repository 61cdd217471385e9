/*
 * What the sensor says, one line each: on stderr, or as an entry with fields in the journal where
 * systemd has tied stderr to it (systemd.exec(5), JOURNAL_STREAM). One log a process; not for
 * threads. A line says what, where and the mend.
 */
#ifndef TLSVANE_LOG_H
#define TLSVANE_LOG_H

#include <stdarg.h>

#include "numbers.h"

/* syslog(3)'s numbers. */
enum log_level {
	LOG_LEVEL_ERROR = 3,   /* it ends, or does not do what was asked */
	LOG_LEVEL_WARNING = 4, /* the answer is less sure */
	LOG_LEVEL_NOTICE = 5,
	LOG_LEVEL_INFO = 6,
};

/* Looks for the journal and connects to it: from then on nothing is opened any more, so a sandbox
 * may follow, and a child may go on with it. Without this call all goes to stderr. */
void log_open(void);

/* A field of every entry from now on: log_field("interface", "eth1") gives TLSVANE_INTERFACE. The
 * same name again replaces it. Both are kept, not copied; at most 8. */
void log_field(const char *name, const char *value);

/* Is called before each line on stderr: whoever draws there takes his drawing away. */
void log_before(void (*clear)(void *context), void *context);

void log_say(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_say_list(enum log_level level, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

/* A store_log: the line of a part of the sensor. `part` is a string for the field of that name, or
 * NULL. */
void log_line(void *part, const char *line);

/* The line of --stats: name=value pairs; in the journal each number is a field, too. */
void log_numbers(const struct sensor_numbers *n);

#endif
