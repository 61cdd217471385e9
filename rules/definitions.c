/* Lists, networks and macros of a file. */
#include <string.h>

#include "loader.h"

static const char *const kinds[] = {
    [DEFINITION_LIST] = "list", [DEFINITION_NETWORK] = "network", [DEFINITION_MACRO] = "macro"};

static bool same_items(const struct definition *a, const struct definition *b)
{
	if (a->kind != b->kind || a->item_count != b->item_count)
		return false;
	if (a->kind == DEFINITION_MACRO)
		return strcmp(a->text.text, b->text.text) == 0;
	for (size_t i = 0; i < a->item_count; i++)
		if (strcmp(a->items[i].text, b->items[i].text) != 0)
			return false;
	return true;
}

/* Whether the new one stands: it replaces one of a file that its own includes; a sibling's must be
 * the same. */
static bool may_stand(struct loader *l, const struct definition *new, const struct definition *old,
    const yaml_node_t *node)
{
	if (old == NULL || (new->file != old->file &&loader_replaces(l, new->file, old->file)))
		return true;
	if (new->file != old->file && same_items(new, old))
		return false;
	loader_error(l, new->file, node, "%s %s stands already at %s:%u; rename one%s",
	    kinds[new->kind], new->name, old->place.file, old->place.line,
	    new->file == old->file ? "" : ", or define it in the file that includes both");
	return false;
}

static bool read_items(struct loader *l, size_t file, const yaml_node_t *node, struct definition *d)
{
	struct loader_items items = loader_items(node);
	struct rules_text *texts = arena_get(l->compiler.arena, (items.count + 1) * sizeof(*texts));
	bool good = true;

	if (node->type == YAML_MAPPING_NODE) {
		loader_error(
		    l, file, node, "%s %s must be a list; write [A, B]", kinds[d->kind], d->name);
		return false;
	}
	if (items.count > RULES_ITEMS_MAX) {
		loader_error(l, file, node,
		    "more than %d items; use networks or domains that cover them", RULES_ITEMS_MAX);
		return false;
	}
	for (size_t i = 0; i < items.count; i++)
		good =
		    loader_text(l, file, loader_item(l, file, &items, i), "an item", &texts[i]) &&
		    good;
	d->items = texts;
	d->item_count = items.count;
	return good;
}

static bool is_reserved(const char *name, unsigned kind)
{
	static const char *const words[] = {
	    "and", "or", "not", "in", "matches", "under", "exists", "registrable", "true", "false"};
	char field[RULES_NAME_MAX + 2];
	uint16_t slot;

	snprintf(field, sizeof(field), "@%s", name);
	if (rules_field_find(kind == DEFINITION_MACRO ? name : field, &slot))
		return true;
	for (size_t i = 0; kind == DEFINITION_MACRO && i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i], name) == 0)
			return true;
	return false;
}

static void read_definition(
    struct loader *l, size_t file, unsigned kind, const yaml_node_t *key, const yaml_node_t *value)
{
	struct compiler *c = &l->compiler;
	struct names *names =
	    &c->definitions[kind == DEFINITION_MACRO ? COMPILER_MACROS : COMPILER_LISTS];
	struct definition *d = arena_get(c->arena, sizeof(*d));
	const char *name = loader_scalar(key);
	bool good;

	if (!loader_check_name(l, file, key, kinds[kind], false))
		return;
	d->kind = (uint8_t)kind;
	d->name = arena_text(c->arena, name, strlen(name));
	d->file = file;
	d->place = source_place(&l->files[file].source, key);
	if (is_reserved(name, kind)) {
		loader_error(l, file, key, "%s is a word of the language; rename this %s", name,
		    kinds[kind]);
		return;
	}
	good = kind == DEFINITION_MACRO ? loader_text(l, file, value, "a macro", &d->text)
					: read_items(l, file, value, d);
	if (may_stand(l, d, names_find(names, name), key) &&
	    (good || names_find(names, name) == NULL))
		names_set(names, c->arena, d->name, d);
}

static void read_section(
    struct loader *l, size_t file, unsigned kind, const char *section, const yaml_node_t *root)
{
	const yaml_node_t *map = loader_value(l, file, root, section);

	if (map == NULL || loader_items(map).count == 0)
		return;
	if (map->type != YAML_MAPPING_NODE) {
		loader_error(l, file, map, "%s must be a map; write NAME: VALUE", section);
		return;
	}
	for (const yaml_node_pair_t *p = map->data.mapping.pairs.start;
	     p < map->data.mapping.pairs.top; p++)
		read_definition(
		    l, file, kind, loader_node(l, file, p->key), loader_node(l, file, p->value));
}

void loader_read_definitions(struct loader *l, size_t file, const yaml_node_t *root)
{
	read_section(l, file, DEFINITION_NETWORK, "networks", root);
	read_section(l, file, DEFINITION_LIST, "lists", root);
	read_section(l, file, DEFINITION_MACRO, "macros", root);
}

/* A network of the file is compiled, and a list unfolded, whether a rule asks for it or not. */
static void check_list(struct loader *l, struct definition *d)
{
	bool network = d->kind == DEFINITION_NETWORK;
	const struct node left = {
	    .kind = NODE_REGISTRABLE, .type = network ? RULES_ADDRESS : RULES_TEXT};
	const struct node right = {.kind = NODE_REFERENCE, .word = d->name};
	const struct matcher *m = matcher_build(&l->compiler, &left, RELATION_IN, &right);

	if (!network || m == NULL || m->network == NULL)
		return;
	names_set(&l->file->networks, l->compiler.arena, d->name, m->network);
	if (strcmp(d->name, "own") == 0)
		l->file->own = m->network;
}

void loader_check_definitions(struct loader *l)
{
	const struct names *lists = &l->compiler.definitions[COMPILER_LISTS];
	const struct names *macros = &l->compiler.definitions[COMPILER_MACROS];

	for (size_t i = 0; i < lists->room; i++) {
		if (lists->rows[i].what != NULL)
			check_list(l, lists->rows[i].what);
	}
	for (size_t i = 0; i < macros->room; i++) {
		struct definition *d = macros->rows[i].what;

		if (d == NULL || d->text.text == NULL || d->text.length == 0)
			continue;
		d->open = true; /* one that uses itself says so */
		expression_compile(&l->compiler, &d->text);
		d->open = false;
	}
}
