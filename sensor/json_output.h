/*
 * The records of --json, one a line. In a process of its own the recorder does not wait for the
 * reader of a pipe or socket, since Redis and alerts would wait with it: what the reader does not
 * take now is kept, within LIMIT_JSON_WAITING. What finds no room there is left out and counted, or
 * waited for where all is wanted. Elsewhere it is written as stdio does.
 *
 * After a failure, which is said, nothing more is written.
 */
#ifndef TLSVANE_JSON_OUTPUT_H
#define TLSVANE_JSON_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include "record.h"

struct json_output_options {
	FILE *file;	  /* becomes the output's own */
	const char *path; /* of it, to begin it anew; kept, not copied */
	bool live;	  /* records come when they come: what waits is written by the clock */
	bool drip;	  /* a pipe is not waited for but at the end ... */
	bool all;	  /* ... or when what waits is full: nothing is left out */
	/* Called while a pipe is waited for, some times a second. */
	void (*wait)(void *context);
	void *context;
};

struct json_output;

/* Whether a file is a pipe or a socket: it waits for readers, and is not begun anew. */
bool json_output_is_pipe(FILE *file);

/* NULL: memory is short. */
struct json_output *json_output_new(const struct json_output_options *options);

void json_output_take(struct json_output *j, const struct record *record);

/* What is due by the clock. False: nothing is written any more. */
bool json_output_tick(struct json_output *j);

/* Begins the file anew where it was moved away. */
void json_output_reopen(struct json_output *j);

/* Lines that were left out. */
uint64_t json_output_lost(const struct json_output *j);

/* Writes what waits and frees *j; NULL is allowed. A reader that takes nothing for five seconds is
 * given up, and said so, unless all is wanted. False: it could not write all. */
bool json_output_close(struct json_output *j);

#endif
