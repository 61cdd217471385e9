/* Things by their names. */
#include "names.h"

#include <stdint.h>
#include <string.h>

static uint32_t hash(const char *text)
{
	uint32_t h = 2166136261u; /* FNV-1a; only the administrator's names come here */

	for (; *text != '\0'; text++)
		h = (h ^ (unsigned char)*text) * 16777619u;
	return h;
}

static struct name *slot_of(const struct names *n, const char *text)
{
	size_t i = hash(text) & (n->room - 1);

	while (n->rows[i].text != NULL && strcmp(n->rows[i].text, text) != 0)
		i = (i + 1) & (n->room - 1);
	return &n->rows[i];
}

void *names_find(const struct names *n, const char *text)
{
	return n->room == 0 ? NULL : slot_of(n, text)->what;
}

static void grow(struct names *n, struct arena *a)
{
	struct names larger = {.room = n->room == 0 ? 16 : n->room * 2, .count = n->count};

	larger.rows = arena_get(a, larger.room * sizeof(*larger.rows));
	for (size_t i = 0; i < n->room; i++)
		if (n->rows[i].text != NULL)
			*slot_of(&larger, n->rows[i].text) = n->rows[i];
	*n = larger;
}

void names_set(struct names *n, struct arena *a, const char *text, void *what)
{
	struct name *row;

	if ((n->count + 1) * 2 > n->room)
		grow(n, a);
	row = slot_of(n, text);
	n->count += row->text == NULL;
	*row = (struct name){text, what};
}
