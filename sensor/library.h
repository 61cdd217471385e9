/* Libraries that are looked for when they are needed, so that who does without need not install
 * them. */
#ifndef TLSVANE_LIBRARY_H
#define TLSVANE_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>

struct library_row {
	const char *name; /* of a function */
	size_t offset;	  /* of the pointer to it in the caller's struct */
};

struct library {
	const char *file, *package; /* "libcurl.so.4", "libcurl4" */
	const struct library_row *rows;
	size_t count;
	void *handle; /* NULL: not opened yet */
};

/* Fills in every row's pointer at *to. False: `why` says what is missing, and the mend. */
bool library_load(struct library *l, void *to, char *why, size_t size);

#endif
