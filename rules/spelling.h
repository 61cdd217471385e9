/* The word that was probably meant. */
#ifndef TLSVANE_RULES_SPELLING_H
#define TLSVANE_RULES_SPELLING_H

#include <stddef.h>

#define SPELLING_MAX 64 /* bytes of a word that is looked at */

struct spelling {
	const char *word; /* as it was written; `length` bytes */
	size_t length;
	const char *best; /* NULL: none is near */
	size_t distance;
};

/* Looks whether a candidate is nearer than those before: at most a third of the letters wrong, case
 * disregarded. */
void spelling_try(struct spelling *s, const char *candidate);

#endif
