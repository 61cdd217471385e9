/* One rule of a file. */
#include <string.h>

#include "actions.h"
#include "literal.h"
#include "loader.h"
#include "spelling.h"
#include "template.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char *const rules_severity_words[SEVERITIES] = {
    "info", "notice", "warning", "error", "critical"};

struct reading {
	struct loader *loader;
	size_t file; /* of the value at hand: a default stands in another one than the rule */
	struct rule *rule;
	bool good;
};

typedef bool read_value(struct reading *r, const yaml_node_t *node);

static const char *keep(struct reading *r, const struct rules_text *text)
{
	return arena_text(r->loader->compiler.arena, text->text, text->length);
}

static bool read_description(struct reading *r, const yaml_node_t *node)
{
	struct rules_text text;

	if (!loader_text(r->loader, r->file, node, "description", &text))
		return false;
	r->rule->description = keep(r, &text);
	return true;
}

static bool read_message(struct reading *r, const yaml_node_t *node)
{
	struct rules_text text;

	return loader_text(r->loader, r->file, node, "message", &text) &&
	       template_read(&r->loader->compiler, &text, &r->rule->message);
}

static bool read_when(struct reading *r, const yaml_node_t *node)
{
	struct rules_text *text = arena_get(r->loader->compiler.arena, sizeof(*text));

	if (!loader_text(r->loader, r->file, node, "when", text))
		return false;
	r->rule->condition = expression_compile(&r->loader->compiler, text);
	return r->rule->condition != NULL;
}

static bool read_severity(struct reading *r, const yaml_node_t *node)
{
	struct spelling s = spelling_of(loader_scalar(node));

	for (size_t i = 0; i < SEVERITIES; i++) {
		if (strcmp(rules_severity_words[i], s.word) == 0) {
			r->rule->severity = (enum rules_severity)i;
			return true;
		}
		spelling_try(&s, rules_severity_words[i]);
	}
	loader_error(r->loader, r->file, node, "\"%s\" is no severity; %s%s%s", s.word,
	    s.best == NULL ? "take info, notice, warning, error or critical" : "did you mean ",
	    s.best == NULL ? "" : s.best, s.best == NULL ? "" : "?");
	return false;
}

static bool read_key(struct reading *r, const yaml_node_t *node)
{
	struct loader_items items = loader_items(node);
	struct rules_template *key =
	    arena_get(r->loader->compiler.arena, (items.count + 1) * sizeof(*key));
	bool good = true;

	if (items.count == 0 || items.count > RULES_PARTS_MAX) {
		loader_error(r->loader, r->file, node,
		    "key has %zu parts; write fields, as in [server.ip]", items.count);
		return false;
	}
	for (size_t i = 0; i < items.count; i++) {
		const yaml_node_t *item = loader_item(r->loader, r->file, &items, i);
		struct rules_text text;

		if (!loader_text(r->loader, r->file, item, "a part of key", &text))
			good = false;
		else if (strchr(text.text, '{') == NULL)
			good = template_read_field(&r->loader->compiler, &text, &key[i]) && good;
		else
			good = template_read(&r->loader->compiler, &text, &key[i]) && good;
	}
	r->rule->key = key;
	r->rule->key_count = items.count;
	return good;
}

static bool read_duration(
    struct reading *r, const yaml_node_t *node, const char *what, uint64_t *ns)
{
	struct rules_text text;

	if (!loader_text(r->loader, r->file, node, what, &text))
		return false;
	if (literal_duration(text.text, ns))
		return true;
	loader_error(r->loader, r->file, node,
	    "\"%s\" is no duration; write 30d, 12h, 90m, 10s or 1d12h", text.text);
	return false;
}

/* An alert is a change of state: at each session it would be a log. */
static bool read_span(struct reading *r, const yaml_node_t *node, const char *what, uint64_t *ns)
{
	if (!read_duration(r, node, what, ns))
		return false;
	if (*ns == 0)
		loader_error(r->loader, r->file, node,
		    "%s must be longer than nothing; write 1h, or leave it out for the default",
		    what);
	return *ns != 0;
}

static bool read_every(struct reading *r, const yaml_node_t *node)
{
	return read_span(r, node, "every", &r->rule->every_ns);
}

static bool read_for(struct reading *r, const yaml_node_t *node)
{
	return read_duration(r, node, "for", &r->rule->for_ns);
}

static bool read_resolve(struct reading *r, const yaml_node_t *node)
{
	return read_span(r, node, "resolve", &r->rule->resolve_ns);
}

static bool read_then(struct reading *r, const yaml_node_t *node)
{
	return loader_read_actions(r->loader, r->file, node, r->rule);
}

static bool read_texts(struct reading *r, const yaml_node_t *node, const char *what,
    const char *const **texts, size_t *count)
{
	struct loader_items items = loader_items(node);
	const char **kept = arena_get(r->loader->compiler.arena, (items.count + 1) * sizeof(*kept));
	bool good = true;

	for (size_t i = 0; i < items.count; i++) {
		struct rules_text text;

		if (loader_text(r->loader, r->file, loader_item(r->loader, r->file, &items, i),
			what, &text))
			kept[i] = keep(r, &text);
		else
			good = false;
	}
	*texts = kept;
	*count = items.count;
	return good;
}

static bool read_tags(struct reading *r, const yaml_node_t *node)
{
	return read_texts(r, node, "a tag", &r->rule->tags, &r->rule->tag_count);
}

static bool read_references(struct reading *r, const yaml_node_t *node)
{
	return read_texts(r, node, "a reference", &r->rule->references, &r->rule->reference_count);
}

static const struct key {
	const char *name;
	read_value *read;
} keys[] = {
    {"description", read_description},
    {"message", read_message},
    {"when", read_when},
    {"severity", read_severity},
    {"key", read_key},
    {"every", read_every},
    {"for", read_for},
    {"resolve", read_resolve},
    {"then", read_then},
    {"tags", read_tags},
    {"references", read_references},
};

static bool has_default(const char *name)
{
	for (size_t i = 0; i < rules_key_count; i++)
		if (strcmp(rules_keys[i].name, name) == 0)
			return (rules_keys[i].scopes & KEY_OF_DEFAULTS) != 0;
	return false;
}

/* The value that a rule has for a key: its own, that of its file's defaults, or of those of a file
 * that includes it. */
static const yaml_node_t *find_value(
    struct loader *l, const struct raw_rule *raw, const struct key *key, size_t *file)
{
	const yaml_node_t *node = loader_value(l, raw->file, raw->node, key->name);

	*file = raw->file;
	if (node != NULL || !has_default(key->name))
		return node;
	node = loader_value(l, raw->file, l->files[raw->file].defaults, key->name);
	for (size_t i = l->file_count; node == NULL && i-- > 0;) {
		*file = i;
		if (loader_replaces(l, i, raw->file))
			node = loader_value(l, i, l->files[i].defaults, key->name);
	}
	return node;
}

static void default_key(struct loader *l, struct rule *rule)
{
	static const char *const names[] = {"client.ip", "server.ip"};
	struct rules_template *key = arena_get(l->compiler.arena, COUNT(names) * sizeof(*key));

	for (size_t i = 0; i < COUNT(names); i++) {
		struct rules_template_part *part = arena_get(l->compiler.arena, sizeof(*part));

		if (rules_field_find(names[i], &part->slot))
			key[i] =
			    (struct rules_template){.parts = part, .count = 1, .source = names[i]};
	}
	rule->key = key;
	rule->key_count = COUNT(names);
}

/* What this rule asks for, and with it the whole set. */
static void note_slots(struct loader *l, struct rule *rule)
{
	for (size_t i = 0; i < rules_field_count() && i < RULES_SLOT_WORDS * 64; i++) {
		if ((l->compiler.slots[i / 64] >> (i % 64) & 1) == 0)
			continue;
		l->file->slots[i / 64] |= UINT64_C(1) << (i % 64);
		rule->needs_history |= rules_field(i)->source == RULES_OF_HISTORY;
	}
	l->file->needs_history |= rule->needs_history;
}

static void check_when(struct reading *r, const struct raw_rule *raw)
{
	if (loader_value(r->loader, raw->file, raw->node, "when") == NULL) {
		loader_error(r->loader, raw->file, raw->node, "rule %s has no condition; add when:",
		    raw->name == NULL ? "without a name" : raw->name);
		r->good = false;
	}
}

const struct rule *loader_read_rule(struct loader *l, const struct raw_rule *raw)
{
	struct rule *rule = arena_get(l->compiler.arena, sizeof(*rule));
	struct reading r = {.loader = l, .rule = rule, .good = true};

	*rule = (struct rule){.name = raw->name,
	    .severity = SEVERITY_WARNING,
	    .place = source_place(&l->files[raw->file].source, raw->node)};
	memset(l->compiler.slots, 0, sizeof(l->compiler.slots));
	r.good = loader_check_scope(l, raw->file, raw->node, KEY_OF_RULE, "a rule");
	check_when(&r, raw);
	for (size_t i = 0; i < COUNT(keys); i++) {
		const yaml_node_t *node = find_value(l, raw, &keys[i], &r.file);

		if (node != NULL)
			r.good = keys[i].read(&r, node) && r.good;
	}
	if (rule->key_count == 0)
		default_key(l, rule);
	note_slots(l, rule);
	return r.good && raw->name != NULL ? rule : NULL;
}
