/*
 * How tlsvane speaks to a person: errors of one line, numbers and times as people read them.
 */
#ifndef TLSVANE_SAY_H
#define TLSVANE_SAY_H

#include <stddef.h>
#include <stdint.h>

enum exit_status { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* Writes "tlsvane: ..." and a newline to stderr; control bytes become '?'. Returns `status`. */
int say_error(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define NUMBER_TEXT_MAX 28

/* 1234567 -> "1,234,567"; returns `text`. */
const char *number_text(uint64_t n, char text[NUMBER_TEXT_MAX]);

#define COUNT_TEXT_MAX 96

/* "1 session", "1,234 sessions"; returns `text`. */
const char *count_text(uint64_t n, const char *one, const char *many, char text[COUNT_TEXT_MAX]);

#define MOMENT_TEXT_MAX 32

/* Milliseconds since the epoch, UTC: "2026-03-01 08:15" and RFC 3339 "2026-03-01T08:15:30.123Z". */
const char *moment_text(uint64_t ms, char text[MOMENT_TEXT_MAX]);
const char *moment_rfc3339(uint64_t ms, char text[MOMENT_TEXT_MAX]);

/* How long ago, roughly: "12 s", "3 min", "5 h", "9 days". */
const char *age_text(uint64_t ms, char text[MOMENT_TEXT_MAX]);

uint64_t now_ms(void);

#endif
