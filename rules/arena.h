/* Memory that is freed all at once: what a loaded rules file consists of. */
#ifndef TLSVANE_RULES_ARENA_H
#define TLSVANE_RULES_ARENA_H

#include <stddef.h>

struct arena;

/* Whoever runs out of memory here ends the program: the sizes of rules files are bounded. Never
 * NULL. */
struct arena *arena_new(void);

/* Zeroed, aligned for anything; good until arena_free(). */
void *arena_get(struct arena *a, size_t size);

/* `length` bytes of text and a NUL. */
char *arena_text(struct arena *a, const char *text, size_t length);

/* Makes room for one more member behind the `count` that *array (a pointer to the pointer; it may
 * be NULL) has: a larger copy at every power of two. */
void arena_grow(struct arena *a, void *array, size_t count, size_t member);

/* Has `release(what)` called by arena_free(), last one first. */
void arena_release_by(struct arena *a, void (*release)(void *what), void *what);

/* NULL is nothing. */
void arena_free(struct arena *a);

#endif
