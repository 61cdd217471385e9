/*
 * Memory for many things of one size, such as dialogues: taken from the system in blocks of
 * LIMIT_SLAB_BLOCK bytes, a huge page each where there are such, so that one of ten thousand is
 * found without a search for its page; but the first, of which a short run needs little. What was
 * given back last is taken first: it is still near. Blocks stay until the end.
 */
#ifndef TLSVANE_SLAB_H
#define TLSVANE_SLAB_H

#include <stdbool.h>
#include <stddef.h>

struct slab {
	size_t size;  /* bytes of an item, a multiple of 64 */
	void *spare;  /* items that are free; each holds the link to the next one */
	void **block; /* `blocks` of them */
	size_t blocks;
	size_t unused; /* items of the last block that nobody had yet */
};

/* `size`: bytes of an item, at most LIMIT_SLAB_BLOCK. Items begin at multiples of 64 bytes. */
void slab_init(struct slab *s, size_t size);

/* An item with anything in it; NULL when memory is short. */
void *slab_take(struct slab *s);

void slab_give(struct slab *s, void *item);

/* Frees all items, given back or not. */
void slab_free(struct slab *s);

/* Memory of its own with anything in it, for free(); `size`: bytes, at most LIMIT_SLAB_BLOCK and a
 * multiple of 64; `huge`: on a huge page, for what is used whole. NULL when memory is short. */
void *slab_block(size_t size, bool huge);

#endif
