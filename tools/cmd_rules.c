/* tlsvane rules check|test|explain|fields|keys|actions: rules files without a sensor. */
#include <stdlib.h>
#include <string.h>

#include "../rules/spelling.h"
#include "../rules/packs.h"
#include "commands.h"
#include "rules_tool.h"
#include "say.h"
#include "table.h"

static void say_errors(const struct rules_errors *errors)
{
	for (size_t i = 0; i < errors->count; i++)
		fprintf(stderr, "%s\n", errors->lines[i]);
	if (errors->more)
		fprintf(stderr, "... and more; mend these first\n");
}

struct rule_file *rules_load(const char *path)
{
	struct rules_errors errors;
	struct rule_file *file = rule_file_load(path, rules_packs(), &errors);

	say_errors(&errors);
	rules_errors_free(&errors);
	return file;
}

static size_t count_history(const struct rule_file *file)
{
	size_t count = 0;

	for (size_t i = 0; i < rule_file_count(file); i++)
		count += rule_file_rule(file, i)->needs_history;
	return count;
}

/* What is asked for and can never be there: not wrong, but not to be passed in silence either. */
static void note_absent(const char *path, const struct rule_file *file)
{
	uint16_t direction;

	if (rules_field_find("direction", &direction) && rule_file_asks(file, direction) &&
	    rules_direction(file, &(struct record){0}) == DIRECTION_ABSENT)
		fprintf(stderr,
		    "%s: note: it asks for direction, which is always absent without networks: "
		    "{own: [...]}\n",
		    path);
}

static int check_file(const char *path)
{
	struct rule_file *file = rules_load(path);
	size_t history;

	if (file == NULL)
		return EXIT_USAGE;
	history = count_history(file);
	printf("%s: ok, %zu %s", path, rule_file_count(file),
	    rule_file_count(file) == 1 ? "rule" : "rules");
	if (history > 0)
		printf(", %zu of them with history", history);
	putchar('\n');
	note_absent(path, file);
	rule_file_free(file);
	return 0;
}

static int check(const struct options *o)
{
	int status = 0;

	if (o->argument_count < 2)
		return say_error(EXIT_USAGE, "which file? tlsvane rules check FILE");
	for (size_t i = 1; i < o->argument_count; i++)
		if (check_file(o->arguments[i]) != 0)
			status = EXIT_USAGE;
	return status;
}

static const struct part {
	const char *name;
	int (*run)(const struct options *o);
} parts[] = {{"check", check}, {"test", rules_test}, {"explain", rules_explain},
    {"fields", rules_fields}, {"keys", rules_list_keys}, {"actions", rules_list_actions}};

#define PARTS (sizeof(parts) / sizeof(parts[0]))

int cmd_rules(const struct options *o)
{
	struct spelling near = spelling_of(o->arguments[0]);

	for (size_t i = 0; i < PARTS; i++) {
		if (strcmp(parts[i].name, o->arguments[0]) == 0)
			return parts[i].run(o);
		spelling_try(&near, parts[i].name);
	}
	if (near.best != NULL)
		return say_error(EXIT_USAGE, "rules has no part %s; did you mean tlsvane rules %s?",
		    o->arguments[0], near.best);
	return say_error(EXIT_USAGE,
	    "rules has no part %s; there are check, test, explain, fields, keys and actions",
	    o->arguments[0]);
}
