/* YAML nodes as the loader wants them. */
#include "loader.h"

#include <stdarg.h>
#include <string.h>

#include "spelling.h"

void loader_error(struct loader *l, size_t file, const yaml_node_t *node, const char *format, ...)
{
	struct rules_place place = source_place(&l->files[file].source, node);
	va_list arguments;
	char what[512];

	va_start(arguments, format);
	vsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	rules_error(l->compiler.errors, &place, "%s", what);
}

const yaml_node_t *loader_node(struct loader *l, size_t file, int index)
{
	return yaml_document_get_node(&l->files[file].source.document, index);
}

const char *loader_scalar(const yaml_node_t *node)
{
	return node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value : "";
}

static bool is_of_rule(const char *name)
{
	for (size_t i = 0; i < rules_key_count; i++)
		if (strcmp(rules_keys[i].name, name) == 0)
			return (rules_keys[i].scopes & KEY_OF_RULE) != 0;
	return false;
}

static bool check_key(struct loader *l, size_t file, const yaml_node_t *key,
    const char *const *keys, const char *what)
{
	struct spelling s = spelling_of(loader_scalar(key));

	for (size_t i = 0; keys[i] != NULL; i++) {
		if (strcmp(keys[i], s.word) == 0)
			return true;
		spelling_try(&s, keys[i]);
	}
	if (s.best != NULL)
		loader_error(
		    l, file, key, "%s has no key %s; did you mean %s?", what, s.word, s.best);
	else if (is_of_rule(s.word))
		loader_error(l, file, key,
		    "%s is a key of a rule; write it below rules: - name: NAME", s.word);
	else
		loader_error(l, file, key, "%s has no key \"%s\"; leave it out", what, s.word);
	return false;
}

static bool is_first(
    struct loader *l, size_t file, const yaml_node_t *map, const yaml_node_pair_t *pair)
{
	const char *key = loader_scalar(loader_node(l, file, pair->key));

	for (const yaml_node_pair_t *p = map->data.mapping.pairs.start; p < pair; p++)
		if (strcmp(loader_scalar(loader_node(l, file, p->key)), key) == 0)
			return false;
	return true;
}

bool loader_check_keys(struct loader *l, size_t file, const yaml_node_t *map,
    const char *const *keys, const char *what)
{
	bool good = true;

	if (map->type != YAML_MAPPING_NODE) {
		loader_error(
		    l, file, map, "%s must be a map of keys and values; write KEY: VALUE", what);
		return false;
	}
	for (const yaml_node_pair_t *p = map->data.mapping.pairs.start;
	     p < map->data.mapping.pairs.top; p++) {
		const yaml_node_t *key = loader_node(l, file, p->key);

		if (!check_key(l, file, key, keys, what)) {
			good = false;
		} else if (!is_first(l, file, map, p)) {
			loader_error(l, file, key, "%s stands twice in %s; keep one",
			    loader_scalar(key), what);
			good = false;
		}
	}
	return good;
}

bool loader_check_scope(
    struct loader *l, size_t file, const yaml_node_t *map, unsigned scope, const char *what)
{
	const char *names[RULES_KEYS_MAX];

	rules_key_names(scope, names);
	return loader_check_keys(l, file, map, names, what);
}

const yaml_node_t *loader_value(
    struct loader *l, size_t file, const yaml_node_t *map, const char *key)
{
	if (map == NULL || map->type != YAML_MAPPING_NODE)
		return NULL;
	for (const yaml_node_pair_t *p = map->data.mapping.pairs.start;
	     p < map->data.mapping.pairs.top; p++)
		if (strcmp(loader_scalar(loader_node(l, file, p->key)), key) == 0)
			return loader_node(l, file, p->value);
	return NULL;
}

bool loader_text(struct loader *l, size_t file, const yaml_node_t *node, const char *what,
    struct rules_text *text)
{
	*text = (struct rules_text){
	    .text = loader_scalar(node), .source = &l->files[file].source, .node = node};
	if (node->type != YAML_SCALAR_NODE) {
		loader_error(
		    l, file, node, "%s must be text; quote it where it holds [ ] { } : or #", what);
		return false;
	}
	text->length = node->data.scalar.length;
	if (strncmp((const char *)node->tag, "!", 1) == 0) {
		loader_error(l, file, node,
		    "YAML takes what begins with ! as a tag; write not, or quote the whole");
		return false;
	}
	if (text->length == 0) {
		loader_error(l, file, node, "%s is empty; fill it in or leave it out", what);
		return false;
	}
	if (memchr(text->text, '\0', text->length) != NULL) {
		loader_error(l, file, node, "%s holds a NUL; leave it out", what);
		return false;
	}
	return true;
}

struct loader_items loader_items(const yaml_node_t *node)
{
	struct loader_items items = {.single = node, .count = node != NULL};

	if (node == NULL)
		return items;
	if (node->type == YAML_SEQUENCE_NODE) {
		items.from = node->data.sequence.items.start;
		items.count =
		    (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
	} else if (node->type == YAML_SCALAR_NODE && node->data.scalar.length == 0) {
		items.count = 0; /* "lists:" and nothing behind it */
	}
	return items;
}

const yaml_node_t *loader_item(
    struct loader *l, size_t file, const struct loader_items *items, size_t i)
{
	return items->from == NULL ? items->single : loader_node(l, file, items->from[i]);
}

bool loader_check_name(
    struct loader *l, size_t file, const yaml_node_t *node, const char *what, bool dots)
{
	const char *name = loader_scalar(node);
	size_t length = strlen(name);
	size_t good =
	    strspn(name, dots ? "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-."
			      : "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

	if (length > 0 && length <= RULES_NAME_MAX && good == length && name[0] != '-' &&
	    length == node->data.scalar.length)
		return true;
	loader_error(l, file, node,
	    "\"%.80s\" is no name of a %s; take letters, digits, - and _, at most %d", name, what,
	    RULES_NAME_MAX);
	return false;
}
