/* Items of one size out of large blocks. */
#include "slab.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <sanitizer/asan_interface.h>

#include "limits.h"

#define CACHE_LINE 64

void slab_init(struct slab *s, size_t size)
{
	*s = (struct slab){.size = (size + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE};
}

void *slab_block(size_t size)
{
	bool whole = size == LIMIT_SLAB_BLOCK;
	void *block = aligned_alloc(whole ? LIMIT_SLAB_BLOCK : CACHE_LINE, size);

	if (block != NULL && whole)
		(void)madvise(block, size, MADV_HUGEPAGE); /* a kernel without them does as well */
	return block;
}

void slab_give(struct slab *s, void *item)
{
	memcpy(item, &s->spare, sizeof(s->spare));
	s->spare = item;
	ASAN_POISON_MEMORY_REGION(item, s->size); /* nothing without the sanitizer */
}

static void grow(struct slab *s)
{
	void **grown = realloc(s->block, (s->blocks + 1) * sizeof(*grown));
	char *block;

	if (grown == NULL)
		return;
	s->block = grown;
	block = slab_block(LIMIT_SLAB_BLOCK);
	if (block == NULL)
		return;
	s->block[s->blocks++] = block;
	for (size_t i = LIMIT_SLAB_BLOCK / s->size; i-- > 0;)
		slab_give(s, block + i * s->size);
}

void *slab_take(struct slab *s)
{
	void *item;

	if (s->spare == NULL)
		grow(s);
	item = s->spare;
	if (item == NULL)
		return NULL;
	ASAN_UNPOISON_MEMORY_REGION(item, s->size);
	memcpy(&s->spare, item, sizeof(s->spare));
	__builtin_prefetch(s->spare); /* for the next one */
	return item;
}

void slab_free(struct slab *s)
{
	for (size_t i = 0; i < s->blocks; i++)
		free(s->block[i]);
	free(s->block);
	s->spare = s->block = NULL;
	s->blocks = 0;
}
