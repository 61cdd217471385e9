/* The word that was probably meant. */
#ifndef TLSVANE_RULES_SPELLING_H
#define TLSVANE_RULES_SPELLING_H

#include <stddef.h>
#include <string.h>

#define SPELLING_MAX 64 /* bytes of a word that is looked at */

struct spelling {
	const char *word; /* as it was written; `length` bytes */
	size_t length;
	const char *best; /* NULL: none is near */
	size_t distance;
};

static inline struct spelling spelling_of(const char *word)
{
	return (struct spelling){.word = word, .length = strlen(word)};
}

/* Looks whether a candidate is nearer than those before: at most a third of the letters wrong, case
 * disregarded. */
void spelling_try(struct spelling *s, const char *candidate);

#endif
