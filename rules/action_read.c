/* What a rule does: `then:`, checked against the table of actions. */
#include <string.h>

#include "actions.h"
#include "literal.h"
#include "loader.h"
#include "spelling.h"
#include "template.h"

struct reading {
	struct loader *loader;
	size_t file;
	const struct action_kind *kind;
	struct rules_parameter *parameters;
	size_t count;
	bool good;
};

static void fail(struct reading *r, const yaml_node_t *node, const char *text, const char *mend)
{
	loader_error(
	    r->loader, r->file, node, "\"%s\" does not suit this parameter; %s", text, mend);
	r->good = false;
}

static void read_templates(struct reading *r, const yaml_node_t *node, struct rules_parameter *p)
{
	struct loader_items items = loader_items(node);
	struct rules_template *templates;

	if (items.count > RULES_TEXTS_MAX) {
		loader_error(r->loader, r->file, node,
		    "%s takes %d texts at most, and these are %zu; write another "
		    "%s for the rest",
		    p->is->name, RULES_TEXTS_MAX, items.count, r->kind->name);
		r->good = false;
		return;
	}
	templates = arena_get(r->loader->compiler.arena, (items.count + 1) * sizeof(*templates));
	for (size_t i = 0; i < items.count; i++) {
		struct rules_text text;

		r->good = loader_text(r->loader, r->file,
			      loader_item(r->loader, r->file, &items, i), p->is->name, &text) &&
			  template_read(&r->loader->compiler, &text, &templates[i]) && r->good;
	}
	if (items.count == 0)
		fail(r, node, "", "it is empty");
	p->templates = templates;
	p->template_count = items.count;
}

static bool word_index(const struct action_parameter *is, const char *text, uint64_t *index)
{
	for (size_t i = 0; is->words[i] != NULL; i++)
		if (strcmp(is->words[i], text) == 0) {
			*index = i;
			return true;
		}
	return false;
}

static void fail_word(
    struct reading *r, const yaml_node_t *node, const struct action_parameter *is, const char *text)
{
	struct spelling s = spelling_of(text);
	char mend[256] = "take ";

	for (size_t i = 0; is->words[i] != NULL; i++) {
		size_t used = strlen(mend);

		spelling_try(&s, is->words[i]);
		snprintf(mend + used, sizeof(mend) - used, "%s%s", i > 0 ? ", " : "", is->words[i]);
	}
	if (s.best != NULL)
		snprintf(mend, sizeof(mend), "did you mean %s?", s.best);
	fail(r, node, text, mend);
}

static bool is_url(const char *text)
{
	return strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0;
}

/* A parameter that is a single text of some type. */
static void read_single(struct reading *r, const yaml_node_t *node, struct rules_parameter *p)
{
	struct rules_text text;
	struct rules_value value = {0};
	const char *mend = NULL;

	if (!loader_text(r->loader, r->file, node, p->is->name, &text)) {
		r->good = false;
		return;
	}
	p->text = arena_text(r->loader->compiler.arena, text.text, text.length);
	if (p->is->type == PARAMETER_WORD) {
		if (!word_index(p->is, p->text, &p->number))
			fail_word(r, node, p->is, p->text);
		return;
	}
	if (p->is->type == PARAMETER_PATH && p->text[0] != '/')
		mend = "write the whole path, from / on";
	else if (p->is->type == PARAMETER_URL && !is_url(p->text))
		mend = "write https://HOST/PATH";
	else if (p->is->type == PARAMETER_NUMBER)
		mend = literal_read(p->text, RULES_NUMBER, NULL, &value);
	else if (p->is->type == PARAMETER_DURATION)
		mend = literal_read(p->text, RULES_DURATION, NULL, &value);
	else if (p->is->type == PARAMETER_BOOLEAN)
		mend = literal_read(p->text, RULES_BOOLEAN, NULL, &value);
	p->number = value.number;
	if (mend != NULL)
		fail(r, node, p->text, mend);
}

/* "/bin/page {server.ip}" would be the name of a program. */
static void check_command(
    struct reading *r, const yaml_node_t *node, const struct rules_parameter *p)
{
	if (p->is->type == PARAMETER_COMMAND && r->good && p->template_count > 0 &&
	    strpbrk(p->templates[0].source, " \t{") != NULL)
		fail(r, node, p->templates[0].source,
		    "no shell parts it; write [/usr/local/bin/page, \"{server.ip}\"]");
}

static void read_parameter(
    struct reading *r, const yaml_node_t *node, const struct action_parameter *is)
{
	struct rules_parameter *p = &r->parameters[r->count++];
	bool list = is->type == PARAMETER_TEMPLATES || is->type == PARAMETER_COMMAND;

	p->is = is;
	p->place = source_place(&r->loader->files[r->file].source, node);
	if (!list && node->type != YAML_SCALAR_NODE) {
		loader_error(r->loader, r->file, node, "%s takes one value; write %s: %s", is->name,
		    is->name, is->example);
		r->good = false;
	} else if (list || is->type == PARAMETER_TEMPLATE) {
		read_templates(r, node, p);
		check_command(r, node, p);
	} else {
		read_single(r, node, p);
	}
}

static void read_named(struct reading *r, const yaml_node_t *map)
{
	const char **names =
	    arena_get(r->loader->compiler.arena, (r->kind->parameter_count + 1) * sizeof(*names));

	for (size_t i = 0; i < r->kind->parameter_count; i++)
		names[i] = r->kind->parameters[i].name;
	if (!loader_check_keys(r->loader, r->file, map, names, r->kind->name)) {
		r->good = false;
		return;
	}
	for (size_t i = 0; i < r->kind->parameter_count; i++) {
		const yaml_node_t *node = loader_value(r->loader, r->file, map, names[i]);

		if (node != NULL)
			read_parameter(r, node, &r->kind->parameters[i]);
	}
}

static void check_required(struct reading *r, const yaml_node_t *node)
{
	for (size_t i = 0; i < r->kind->parameter_count; i++) {
		const struct action_parameter *is = &r->kind->parameters[i];
		bool given = false;

		for (size_t j = 0; j < r->count; j++)
			given |= r->parameters[j].is == is;
		if (!is->required || given || !r->good)
			continue;
		loader_error(r->loader, r->file, node, "%s wants its %s; write %s: {%s: %s}",
		    r->kind->name, is->name, r->kind->name, is->name, is->example);
		r->good = false;
	}
}

static const struct action_kind *find_kind(struct loader *l, size_t file, const yaml_node_t *node)
{
	struct spelling s = spelling_of(loader_scalar(node));

	for (size_t i = 0; i < action_kind_count; i++) {
		if (strcmp(action_kinds[i].name, s.word) == 0)
			return &action_kinds[i];
		spelling_try(&s, action_kinds[i].name);
	}
	if (s.best != NULL)
		loader_error(
		    l, file, node, "\"%s\" is no action; did you mean %s?", s.word, s.best);
	else
		loader_error(l, file, node,
		    "\"%s\" is no action; take log, json, redis, exec, mail or webhook", s.word);
	return NULL;
}

/* "log", or a map of one key: {mail: ...}. */
static bool read_action(
    struct loader *l, size_t file, const yaml_node_t *node, struct rules_action *action)
{
	struct reading r = {.loader = l, .file = file, .good = true};
	const yaml_node_t *name = node, *value = NULL;

	if (node->type == YAML_MAPPING_NODE &&
	    node->data.mapping.pairs.top - node->data.mapping.pairs.start == 1) {
		name = loader_node(l, file, node->data.mapping.pairs.start->key);
		value = loader_node(l, file, node->data.mapping.pairs.start->value);
	} else if (node->type != YAML_SCALAR_NODE) {
		loader_error(l, file, node,
		    "an action is one name with its parameters; write - mail: {to: ...}");
		return false;
	}
	r.kind = find_kind(l, file, name);
	if (r.kind == NULL)
		return false;
	r.parameters =
	    arena_get(l->compiler.arena, (r.kind->parameter_count + 1) * sizeof(*r.parameters));
	if (value != NULL && value->type == YAML_MAPPING_NODE)
		read_named(&r, value);
	else if (value != NULL && loader_items(value).count > 0 && r.kind->parameter_count > 0)
		read_parameter(&r, value, &r.kind->parameters[0]);
	check_required(&r, name);
	*action = (struct rules_action){
	    r.kind, source_place(&l->files[file].source, name), r.parameters, r.count};
	return r.good;
}

bool loader_read_actions(struct loader *l, size_t file, const yaml_node_t *node, struct rule *rule)
{
	struct loader_items items = loader_items(node);
	struct rules_action *actions =
	    arena_get(l->compiler.arena, (items.count + 1) * sizeof(*actions));
	bool good = true;

	for (size_t i = 0; i < items.count; i++)
		good = read_action(l, file, loader_item(l, file, &items, i), &actions[i]) && good;
	rule->actions = actions;
	rule->action_count = items.count;
	return good;
}

const struct rules_parameter *rules_action_parameter(
    const struct rules_action *action, const char *name)
{
	for (size_t i = 0; i < action->parameter_count; i++)
		if (strcmp(action->parameters[i].is->name, name) == 0)
			return &action->parameters[i];
	return NULL;
}
