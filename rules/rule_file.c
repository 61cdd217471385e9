/* The rules file: which rules of a set of files hold, and what is asked of them. */
#include "rule_file.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "loader.h"
#include "spelling.h"

/* ---- Rules ---- */

static struct raw_rule *find_raw(struct loader *l, const char *name)
{
	const size_t *index = names_find(&l->rule_names, name);

	return index == NULL ? NULL : &l->rules[*index];
}

/* Names are unique; a file may replace rules of those that it includes. */
static void settle_name(struct loader *l, size_t i)
{
	struct raw_rule *raw = &l->rules[i],
			*old = raw->name == NULL ? NULL : find_raw(l, raw->name);
	size_t *index;

	if (raw->name == NULL)
		return;
	if (old != NULL && (old->file == raw->file || !loader_replaces(l, raw->file, old->file))) {
		struct rules_place place = source_place(&l->files[old->file].source, old->node);

		loader_error(l, raw->file, raw->name_node,
		    "rule %s stands already at %s:%u; rename one", raw->name, place.file,
		    place.line);
		return;
	}
	if (old != NULL)
		old->dropped = true;
	index = arena_get(l->compiler.arena, sizeof(*index));
	*index = i;
	names_set(&l->rule_names, l->compiler.arena, raw->name, index);
}

static void disable_rule(struct loader *l, size_t file, const yaml_node_t *item)
{
	struct spelling s = spelling_of(loader_scalar(item));
	struct raw_rule *raw = find_raw(l, s.word);

	if (raw != NULL && (raw->file == file || loader_replaces(l, file, raw->file))) {
		raw->dropped = true;
		return;
	}
	for (size_t i = 0; i < l->rule_count; i++)
		if (l->rules[i].name != NULL)
			spelling_try(&s, l->rules[i].name);
	if (s.best == NULL)
		loader_error(l, file, item, "there is no rule %s to disable; leave it out", s.word);
	else
		loader_error(l, file, item, "there is no rule %s to disable; did you mean %s?",
		    s.word, s.best);
}

static void disable_rules(struct loader *l, size_t file)
{
	const yaml_node_t *root = yaml_document_get_root_node(&l->files[file].source.document);
	const yaml_node_t *node = root == NULL ? NULL : loader_value(l, file, root, "disable");
	struct loader_items items = loader_items(node);

	for (size_t i = 0; i < items.count; i++)
		disable_rule(l, file, loader_item(l, file, &items, i));
}

static void add_rule(struct loader *l, const struct rule *rule)
{
	struct rule_file *f = l->file;
	struct rule *found;

	arena_grow(f->arena, &f->rules, f->count, sizeof(struct rule *));
	f->rules[f->count++] = rule;
	memcpy(&found, &rule, sizeof(found));
	names_set(&f->names, f->arena, rule->name, found);
}

/* "partner-NAME-scope" */
static void add_partner(struct loader *l, const struct rule *rule)
{
	struct rule_file *f = l->file;
	const char *name = rule->name + strlen("partner-");

	arena_grow(f->arena, &f->partners, f->partner_count, sizeof(*f->partners));
	f->partners[f->partner_count++] = (struct rules_partner){
	    arena_text(f->arena, name, strlen(name) - strlen("-scope")), rule};
}

static void read_rules(struct loader *l)
{
	for (size_t i = 0; i < l->rule_count; i++)
		settle_name(l, i);
	for (size_t i = 0; i < l->file_count; i++)
		if (l->files[i].source.loaded)
			disable_rules(l, i);
	loader_check_definitions(l);
	for (size_t i = 0; i < l->rule_count; i++) {
		const struct rule *rule = loader_read_rule(l, &l->rules[i]);

		if (rule != NULL && l->rules[i].scope)
			add_partner(l, rule);
		else if (rule != NULL && !l->rules[i].dropped)
			add_rule(l, rule);
	}
	/* Last that of the file which includes the others: it replaces theirs. */
	for (size_t i = l->file_count; i-- > 0;)
		if (l->files[i].source.loaded)
			loader_read_enforcement(
			    l, i, yaml_document_get_root_node(&l->files[i].source.document));
}

/* ---- The set ---- */

static void plan_rule(struct rule_file *f, const struct rule *rule)
{
	struct condition *condition = rule->condition;

	plan_add(f->plan, condition);
	if (!rule->needs_history)
		return;
	arena_grow(f->arena, &f->history_steps, f->history_count, sizeof(*f->history_steps));
	f->history_steps[f->history_count++] = condition->root->step;
}

static void plan_rules(struct rule_file *f)
{
	f->plan = arena_get(f->arena, sizeof(*f->plan));
	f->plan->arena = f->arena;
	for (size_t i = 0; i < f->count; i++)
		plan_rule(f, f->rules[i]);
	for (size_t i = 0; i < f->partner_count; i++)
		plan_rule(f, f->partners[i].scope);
	plan_finish(f->plan);
}

static struct loader *loader_new(const char *packs, struct rules_errors *errors)
{
	struct arena *arena = arena_new();
	struct loader *l = arena_get(arena, sizeof(*l));

	*errors = (struct rules_errors){0};
	l->file = arena_get(arena, sizeof(*l->file));
	l->file->arena = arena;
	l->packs = packs;
	l->compiler.arena = arena;
	l->compiler.errors = errors;
	return l;
}

static struct rule_file *finish(struct loader *l)
{
	struct rule_file *file = l->file;
	struct rules_errors *errors = l->compiler.errors;

	read_rules(l);
	file->regexes = l->compiler.regexes;
	file->regex_count = l->compiler.regex_count;
	for (size_t i = 0; i < l->file_count; i++)
		source_close(&l->files[i].source);
	rules_errors_sort(errors);
	if (errors->count == 0 && !errors->more) {
		plan_rules(file);
		return file;
	}
	arena_free(file->arena);
	return NULL;
}

/* A name without a folder, of a file that is not here, may mean a pack. */
static const char *given_path(struct loader *l, const char *path)
{
	char pack[4096] = "";

	if (l->packs != NULL && strchr(path, '/') == NULL && access(path, F_OK) != 0)
		snprintf(pack, sizeof(pack), "%s/%s", l->packs, path);
	if (pack[0] != '\0' && access(pack, F_OK) == 0)
		path = pack;
	return arena_text(l->compiler.arena, path, strlen(path));
}

struct rule_file *rule_file_load(const char *path, const char *packs, struct rules_errors *errors)
{
	struct loader *l = loader_new(packs, errors);
	size_t index;

	loader_read_file(l, given_path(l, path), NULL, &index);
	return finish(l);
}

struct rule_file *rule_file_parse(
    const char *name, const char *text, size_t size, const char *packs, struct rules_errors *errors)
{
	struct loader *l = loader_new(packs, errors);
	const struct rules_place place = {.file = name};
	struct source *s = &l->files[0].source;

	s->name = arena_text(l->compiler.arena, name, strlen(name));
	s->raw = size > RULES_FILE_MAX ? NULL : malloc(size + 1);
	s->size = size;
	l->file_count = 1;
	if (s->raw == NULL) {
		rules_error(errors, &place, "larger than 1 MiB; split it");
		return finish(l);
	}
	memcpy(s->raw, text, size);
	loader_read_source(l, 0);
	return finish(l);
}

void rule_file_free(struct rule_file *file)
{
	if (file != NULL)
		arena_free(file->arena);
}

const struct enforcement *rule_file_enforcement(const struct rule_file *file)
{
	return file->enforcement;
}

size_t rule_file_count(const struct rule_file *file)
{
	return file->count;
}

const struct rule *rule_file_rule(const struct rule_file *file, size_t i)
{
	return file->rules[i];
}

const struct rule *rule_file_find(const struct rule_file *file, const char *name)
{
	return names_find(&file->names, name);
}

bool rule_file_needs_history(const struct rule_file *file)
{
	return file->needs_history;
}

bool rule_file_asks(const struct rule_file *file, uint16_t slot)
{
	return slot < RULES_SLOT_WORDS * 64 && (file->slots[slot / 64] >> (slot % 64) & 1) != 0;
}

uint64_t rule_file_gave_up(const struct rule_file *file)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < file->regex_count; i++)
		sum += regex_gave_up(file->regexes[i]);
	return sum;
}

bool rule_file_in_network(
    const struct rule_file *file, const char *name, const struct frame_address *address)
{
	const struct network *n = names_find(&file->networks, name);

	return n != NULL && network_holds(n, address);
}
