/* Things by their names: a hash table in an arena. */
#ifndef TLSVANE_RULES_NAMES_H
#define TLSVANE_RULES_NAMES_H

#include "arena.h"

struct name {
	const char *text;
	void *what;
};

struct names {
	struct name *rows; /* open addressing; text NULL: free */
	size_t count, room;
};

/* NULL where there is none. */
void *names_find(const struct names *n, const char *text);

/* Sets what a name means; the text is borrowed. */
void names_set(struct names *n, struct arena *a, const char *text, void *what);

#endif
