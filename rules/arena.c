/* Memory that is freed all at once. */
#include "arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE 16384

struct block {
	struct block *next;
	size_t used, size;
	alignas(max_align_t) unsigned char bytes[];
};

struct release {
	struct release *next;
	void (*call)(void *what);
	void *what;
};

struct arena {
	struct block *blocks;
	struct release *releases;
};

static void *allocate(size_t size)
{
	void *memory = calloc(1, size);

	if (memory == NULL) {
		fputs("rules: out of memory\n", stderr);
		abort();
	}
	return memory;
}

struct arena *arena_new(void)
{
	return allocate(sizeof(struct arena));
}

static struct block *block_with(struct arena *a, size_t size)
{
	struct block *b = a->blocks;
	size_t room = size > BLOCK_SIZE ? size : BLOCK_SIZE;

	if (b != NULL && b->size - b->used >= size)
		return b;
	b = allocate(sizeof(*b) + room);
	b->size = room;
	b->next = a->blocks;
	a->blocks = b;
	return b;
}

void *arena_get(struct arena *a, size_t size)
{
	const size_t align = alignof(max_align_t);
	struct block *b;
	void *memory;

	size = (size + align - 1) / align * align;
	b = block_with(a, size);
	memory = b->bytes + b->used;
	b->used += size;
	return memory;
}

char *arena_text(struct arena *a, const char *text, size_t length)
{
	char *copy = arena_get(a, length + 1);

	memcpy(copy, text, length);
	return copy;
}

void arena_grow(struct arena *a, void *array, size_t count, size_t member)
{
	void *old, *new;

	if (count != 0 && (count & (count - 1)) != 0)
		return;
	memcpy(&old, array, sizeof(old));
	new = arena_get(a, (count == 0 ? 1 : count * 2) * member);
	if (count > 0)
		memcpy(new, old, count * member);
	memcpy(array, &new, sizeof(new));
}

void arena_release_by(struct arena *a, void (*release)(void *what), void *what)
{
	struct release *r = arena_get(a, sizeof(*r));

	*r = (struct release){.next = a->releases, .call = release, .what = what};
	a->releases = r;
}

void arena_free(struct arena *a)
{
	struct block *next;

	if (a == NULL)
		return;
	for (struct release *r = a->releases; r != NULL; r = r->next)
		r->call(r->what);
	for (struct block *b = a->blocks; b != NULL; b = next) {
		next = b->next;
		free(b);
	}
	free(a);
}
