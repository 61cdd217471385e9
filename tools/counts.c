/* Counters by name. */
#include "counts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../parsers/tls_hello.h"
#include "../parsers/tls_names.h"

#define COUNTS_ROOM 4 /* most hosts have one version, one cipher, one outcome, one legacy side */

/* Interned names: an open hash, never more than half full. */
static char **names;
static size_t names_used, names_room;

static size_t hash_name(const char *name, size_t length)
{
	size_t hash = 2166136261u; /* FNV-1a */

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)name[i]) * 16777619u;
	return hash ^ hash >> 15;
}

static char **find_slot(char **table, size_t room, const char *name, size_t length)
{
	size_t at = hash_name(name, length) & (room - 1);

	while (table[at] != NULL &&
	       (strncmp(table[at], name, length) != 0 || table[at][length] != '\0'))
		at = (at + 1) & (room - 1);
	return &table[at];
}

static bool grow_names(void)
{
	size_t room = names_room == 0 ? 256 : names_room * 2;
	char **table = calloc(room, sizeof(*table));

	if (table == NULL)
		return false;
	for (size_t i = 0; i < names_room; i++)
		if (names[i] != NULL)
			*find_slot(table, room, names[i], strlen(names[i])) = names[i];
	free(names);
	names = table;
	names_room = room;
	return true;
}

const char *counts_intern(const char *name, size_t length)
{
	char **slot;

	if (names_used * 2 >= names_room && !grow_names())
		return NULL;
	length = strnlen(name, length);
	slot = find_slot(names, names_room, name, length);
	if (*slot == NULL) {
		*slot = strndup(name, length);
		names_used += *slot != NULL;
	}
	return *slot;
}

static struct count *find(const struct counts *c, enum count_kind kind, const char *name)
{
	for (uint32_t i = 0; i < c->used; i++)
		if (c->items[i].kind == kind &&
		    (c->items[i].name == name || strcmp(c->items[i].name, name) == 0))
			return &c->items[i];
	return NULL;
}

struct count *counts_get(struct counts *c, enum count_kind kind, const char *name, size_t length)
{
	const char *own = counts_intern(name, length);
	struct count *count = own == NULL ? NULL : find(c, kind, own);

	if (count != NULL || own == NULL)
		return count;
	if (c->used == c->room) {
		uint32_t room = c->room == 0 ? COUNTS_ROOM : c->room * 2;
		struct count *items = reallocarray(c->items, room, sizeof(*items));

		if (items == NULL)
			return NULL;
		c->items = items;
		c->room = room;
	}
	c->items[c->used] = (struct count){.name = own, .kind = (uint8_t)kind};
	return &c->items[c->used++];
}

uint64_t counts_of(const struct counts *c, enum count_kind kind, const char *name)
{
	const struct count *count = find(c, kind, name);

	return count == NULL ? 0 : count->sessions;
}

bool counts_add(struct counts *c, enum count_kind kind, const char *name, uint64_t ms)
{
	struct count *count = counts_get(c, kind, name, strlen(name));

	if (count == NULL)
		return false;
	count->sessions++;
	if (count->first_ms == 0 || ms < count->first_ms)
		count->first_ms = ms;
	if (ms > count->last_ms)
		count->last_ms = ms;
	return true;
}

static int compare(const void *left, const void *right)
{
	const struct count *a = left, *b = right;

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->kind != COUNT_VERSION && a->sessions != b->sessions)
		return a->sessions > b->sessions ? -1 : 1;
	return strcmp(a->name, b->name); /* SSLv3 < TLSv1.0 < TLSv1.2 */
}

void counts_sort(struct counts *c)
{
	if (c->used > 1)
		qsort(c->items, c->used, sizeof(*c->items), compare);
}

const char *counts_text(
    const struct counts *c, enum count_kind kind, uint64_t sessions, char *text, size_t size)
{
	static const char more[] = ", ...";
	const struct count *count = NULL;
	size_t used = 0;

	text[0] = '\0';
	while ((count = counts_next(c, kind, count)) != NULL) {
		bool all = used == 0 && count->sessions == sessions;
		const char *comma = used == 0 ? "" : ", ";
		char number[24] = "";
		size_t length;

		if (!all)
			snprintf(
			    number, sizeof(number), " %llu", (unsigned long long)count->sessions);
		length = (size_t)snprintf(
		    text + used, size - used, "%s%s%s", comma, count->name, number);
		if (used + length + sizeof(more) > size) {
			snprintf(text + used, size - used, "%s", used == 0 ? "..." : more);
			break;
		}
		used += length;
	}
	return text;
}

const struct count *counts_next(
    const struct counts *c, enum count_kind kind, const struct count *after)
{
	for (uint32_t i = after == NULL ? 0 : (uint32_t)(after - c->items) + 1; i < c->used; i++)
		if (c->items[i].kind == kind && c->items[i].sessions > 0)
			return &c->items[i];
	return NULL;
}

void counts_free(struct counts *c)
{
	free(c->items);
	*c = (struct counts){0};
}

bool version_is_legacy(const char *label)
{
	uint16_t version;

	return tls_version_from_label(label, &version) && version < TLS_VERSION_12;
}
