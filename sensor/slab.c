/* Items of one size out of large blocks. */
#include "slab.h"

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

void *slab_block(size_t size, bool huge)
{
	bool aligned = huge && size == LIMIT_SLAB_BLOCK;
	void *block = aligned_alloc(aligned ? LIMIT_SLAB_BLOCK : CACHE_LINE, size);

	if (block != NULL && aligned)
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
	void *block;

	if (grown == NULL)
		return;
	s->block = grown;
	block = slab_block(LIMIT_SLAB_BLOCK, s->blocks > 0);
	if (block == NULL)
		return;
	s->block[s->blocks++] = block;
	s->unused = LIMIT_SLAB_BLOCK / s->size;
	ASAN_POISON_MEMORY_REGION(block, LIMIT_SLAB_BLOCK);
}

/* An item that nobody had yet. */
static void *take_unused(struct slab *s)
{
	char *item;

	if (s->unused == 0)
		grow(s);
	if (s->unused == 0)
		return NULL;
	item = (char *)s->block[s->blocks - 1] + --s->unused * s->size;
	ASAN_UNPOISON_MEMORY_REGION(item, s->size);
	return item;
}

void *slab_take(struct slab *s)
{
	void *item = s->spare;

	if (item == NULL)
		return take_unused(s);
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
	s->blocks = s->unused = 0;
}
