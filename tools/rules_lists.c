/* tlsvane rules fields, keys, actions: what a rules file can say, from the tables by which it is
 * read. */
#include <stdlib.h>

#include "../rules/actions.h"
#include "../rules/keys.h"
#include "rules_tool.h"
#include "say.h"
#include "table.h"

#define WORDS_MAX 64

static const struct column columns[] = {
    {.name = "name", .heading = "NAME"},
    {.name = "type", .heading = "TYPE"},
    {.name = "from", .heading = "FROM"},
    {.name = "help", .heading = "MEANING", .least = 30},
    {.name = "example", .heading = "EXAMPLE", .least = 10, .drop = 1},
    {.name = "words"},
};

static struct table *begin(const struct options *o)
{
	struct table *t = table_new(stdout, o, columns, sizeof(columns) / sizeof(columns[0]));

	if (t == NULL)
		say_error(EXIT_FAILED, "out of memory");
	else if (o->argument_count > 1)
		say_error(0, "%s takes no argument; all are shown", o->arguments[0]);
	return t;
}

/* One row, and its words below it. */
static void put(struct table *t, const char *name, const char *type, const char *from,
    const char *help, const char *example, const char *const *words, size_t word_count)
{
	const char *named[WORDS_MAX];
	char text[512] = "  one of ";
	size_t count = 0, used = 9;

	for (size_t i = 0; i < word_count && count < WORDS_MAX; i++)
		if (words[i] != NULL)
			named[count++] = words[i];
	table_text(t, name, STYLE_PLAIN);
	table_text(t, type, STYLE_PLAIN);
	table_text(t, from, STYLE_PLAIN);
	table_text(t, help, STYLE_PLAIN);
	table_text(t, example, STYLE_PLAIN);
	table_list(t, named, count);
	table_end_row(t);
	for (size_t i = 0; i < count && used < sizeof(text); i++)
		used += (size_t)snprintf(
		    text + used, sizeof(text) - used, "%s%s", i > 0 ? ", " : "", named[i]);
	if (count > 0)
		table_note(t, text, STYLE_DIM);
}

static int end(struct table *t)
{
	table_finish(t);
	return 0;
}

/* ---- What conditions can ask for ---- */

/* A duration as a rule writes it: the table has nanoseconds. */
static const char *example_of(const struct rules_field *f, char text[RULES_VALUE_TEXT_MAX])
{
	const struct rules_value value = {.number = strtoull(f->example, NULL, 10)};

	return f->type == RULES_DURATION ? rules_value_format(f, &value, text) : f->example;
}

int rules_fields(const struct options *o)
{
	static const char *const sources[] = {[RULES_OF_RECORD] = "session",
	    [RULES_OF_HISTORY] = "history",
	    [RULES_DERIVED] = "both"};
	struct table *t = begin(o);

	if (t == NULL)
		return EXIT_FAILED;
	for (size_t i = 0; i < rules_field_count() && table_alive(t); i++) {
		const struct rules_field *f = rules_field(i);
		char text[RULES_VALUE_TEXT_MAX];

		put(t, f->name, rules_type_name(f->type), sources[f->source], f->help,
		    example_of(f, text), f->words, f->type == RULES_WORD ? f->word_count : 0);
	}
	return end(t);
}

/* ---- Keys ---- */

static const char *scope_name(unsigned scopes)
{
	if ((scopes & KEY_OF_FILE) != 0)
		return "file";
	if ((scopes & (KEY_OF_PARTNER | KEY_OF_EXEMPTION)) != 0)
		return (scopes & KEY_OF_EXEMPTION) != 0 ? "partner, exempt" : "partner";
	if ((scopes & (KEY_OF_ENFORCEMENT | KEY_OF_STAGE)) != 0)
		return (scopes & KEY_OF_STAGE) != 0 ? "enforcement, stages" : "enforcement";
	return (scopes & KEY_OF_DEFAULTS) != 0 ? "rule, defaults" : "rule";
}

int rules_list_keys(const struct options *o)
{
	struct table *t = begin(o);

	if (t == NULL)
		return EXIT_FAILED;
	for (size_t i = 0; i < rules_key_count && table_alive(t); i++)
		put(t, rules_keys[i].name, "key", scope_name(rules_keys[i].scopes),
		    rules_keys[i].help, rules_keys[i].example, NULL, 0);
	return end(t);
}

/* ---- Actions ---- */

static const char *const parameter_types[] = {
    [PARAMETER_TEXT] = "text",
    [PARAMETER_TEMPLATE] = "text with {field}s",
    [PARAMETER_TEMPLATES] = "texts with {field}s",
    [PARAMETER_WORD] = "word",
    [PARAMETER_NUMBER] = "number",
    [PARAMETER_DURATION] = "duration",
    [PARAMETER_BOOLEAN] = "boolean",
    [PARAMETER_PATH] = "path",
    [PARAMETER_URL] = "URL",
    [PARAMETER_COMMAND] = "texts with {field}s",
};

static void put_parameter(
    struct table *t, const struct action_kind *kind, const struct action_parameter *p)
{
	char name[64];
	size_t words = 0;

	while (p->words != NULL && p->words[words] != NULL)
		words++;
	snprintf(name, sizeof(name), "%s.%s", kind->name, p->name);
	put(t, name, parameter_types[p->type], p->required ? "required" : NULL, p->help, p->example,
	    p->words, words);
}

int rules_list_actions(const struct options *o)
{
	struct table *t = begin(o);

	if (t == NULL)
		return EXIT_FAILED;
	for (size_t i = 0; i < action_kind_count && table_alive(t); i++) {
		const struct action_kind *kind = &action_kinds[i];

		put(t, kind->name, "action", NULL, kind->help, NULL, NULL, 0);
		for (size_t k = 0; k < kind->parameter_count; k++)
			put_parameter(t, kind, &kind->parameters[k]);
	}
	return end(t);
}
