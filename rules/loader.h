/*
 * Loading a set of rules files, from inside: file_read.c reads files and includes, definitions.c
 * their lists, networks and macros, rule_read.c the rules, action_read.c what they do; rule_file.c
 * says which rules hold.
 */
#ifndef TLSVANE_RULES_LOADER_H
#define TLSVANE_RULES_LOADER_H

#include <sys/types.h>

#include "expression.h"
#include "keys.h"
#include "rule_set.h"
#include "source.h"

struct loaded { /* one file of the set */
	struct source source;
	dev_t device;
	ino_t inode;
	uint32_t includes; /* a bit for each file that it includes, and that those include */
	const yaml_node_t *defaults;
};

struct raw_rule {
	size_t file;
	const yaml_node_t *node, *name_node;
	const char *name; /* NULL: without one, and it was said */
	bool dropped;	  /* replaced or disabled */
	bool scope;	  /* of a partner: fires nothing */
};

struct loader {
	struct rule_file *file;
	struct compiler compiler;
	const char *packs;
	struct loaded files[RULES_FILES_MAX];
	size_t file_count;
	struct raw_rule *rules;
	size_t rule_count;
	struct names rule_names; /* struct raw_rule, as index + 1 */
};

/* ---- YAML ---- */

/* Says what is wrong where a node stands. */
void loader_error(struct loader *l, size_t file, const yaml_node_t *node, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Whether a map has only these keys (ends with NULL), each once; `what` names the map in errors. */
bool loader_check_keys(struct loader *l, size_t file, const yaml_node_t *map,
    const char *const *keys, const char *what);

/* The same for the keys of a scope of rules_keys. */
bool loader_check_scope(
    struct loader *l, size_t file, const yaml_node_t *map, unsigned scope, const char *what);

/* The value of a key, NULL where it is not there. */
const yaml_node_t *loader_value(
    struct loader *l, size_t file, const yaml_node_t *map, const char *key);

/* The text of a scalar; false where it is none, is empty, or holds a NUL, and has said so. */
bool loader_text(struct loader *l, size_t file, const yaml_node_t *node, const char *what,
    struct rules_text *text);

/* The items of a list; one scalar or map alone is a list of one, NULL and an empty scalar of none.
 */
struct loader_items {
	const yaml_node_t *single;
	const yaml_node_item_t *from;
	size_t count;
};

struct loader_items loader_items(const yaml_node_t *node);
const yaml_node_t *loader_item(
    struct loader *l, size_t file, const struct loader_items *items, size_t i);
const yaml_node_t *loader_node(struct loader *l, size_t file, int index);
const char *loader_scalar(const yaml_node_t *node); /* "" where it is none */

/* A name of lists, macros, rules; false where it cannot be one, and has said so. */
bool loader_check_name(
    struct loader *l, size_t file, const yaml_node_t *node, const char *what, bool dots);

/* ---- Parts ---- */

/* Reads a file and what it includes, once. `from`: what includes it, NULL for the first. */
bool loader_read_file(
    struct loader *l, const char *path, const struct rules_place *from, size_t *index);
/* The same for one whose bytes are there. */
bool loader_read_source(struct loader *l, size_t file);

void loader_read_definitions(struct loader *l, size_t file, const yaml_node_t *root);
void loader_check_definitions(struct loader *l);

/* The partners of a file as the text of a rules file, from malloc; false where there are none, or
 * they are wrong, and has said so. */
bool loader_write_partners(
    struct loader *l, size_t file, const yaml_node_t *root, char **text, size_t *size);

/* The section `enforcement` of a file whose rules are read; `root` may be NULL. */
void loader_read_enforcement(struct loader *l, size_t file, const yaml_node_t *root);

/* Whether the file `outer` may replace what `inner` defines: it includes it. */
bool loader_replaces(const struct loader *l, size_t outer, size_t inner);

/* NULL where it is wrong, and has said so. */
const struct rule *loader_read_rule(struct loader *l, const struct raw_rule *raw);

/* False where one is wrong, and has said so. */
bool loader_read_actions(struct loader *l, size_t file, const yaml_node_t *node, struct rule *rule);

#endif
