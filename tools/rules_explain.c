/* tlsvane rules explain NAME [FILE]. */
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "../rules/spelling.h"
#include "../rules/expression.h"
#include "../rules/packs.h"
#include "../sensor/limits.h"
#include "rules_tool.h"
#include "say.h"

/* ---- One rule ---- */

/* 0: `otherwise`, in seconds. */
static void print_duration(const char *what, uint64_t ns, uint64_t otherwise)
{
	const struct rules_field f = {.type = RULES_DURATION};
	const struct rules_value value = {.number = ns != 0 ? ns : otherwise * 1000000000u};
	char text[RULES_VALUE_TEXT_MAX];

	printf("%-12s %s\n", what, rules_value_format(&f, &value, text));
}

static void print_texts(const char *what, const char *const *texts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		printf("%-12s %s\n", i == 0 ? what : "", texts[i]);
}

/* The fields below a node, each once. */
static void mark_fields(const struct node *n, bool *used)
{
	for (; n != NULL; n = n->next) {
		if (n->kind == NODE_FIELD)
			used[n->slot] = true;
		if (n->kind != NODE_LIST) {
			mark_fields(n->left, used);
			mark_fields(n->right, used);
		}
	}
}

static void print_fields(const struct rule *rule)
{
	bool used[UINT8_MAX + 1] = {false};
	const char *what = "fields";

	mark_fields(rule->condition->root, used);
	for (size_t i = 0; i < rules_field_count() && i <= UINT8_MAX; i++) {
		if (!used[i])
			continue;
		printf("%-12s %-30s %s%s\n", what, rules_field(i)->name, rules_field(i)->help,
		    rules_field(i)->source == RULES_OF_HISTORY ? " (history)" : "");
		what = "";
	}
}

static void print_parameter(const struct rules_parameter *p)
{
	printf(" %s", p->is->name);
	if (p->text != NULL)
		printf("=%s", p->text);
	for (size_t i = 0; i < p->template_count; i++)
		printf("%s%s", i == 0 ? "=" : " ", p->templates[i].source);
}

static void print_actions(const struct rule *rule)
{
	for (size_t i = 0; i < rule->action_count; i++) {
		printf("%-12s %s", i == 0 ? "then" : "", rule->actions[i].kind->name);
		for (size_t j = 0; j < rule->actions[i].parameter_count; j++)
			print_parameter(&rule->actions[i].parameters[j]);
		putchar('\n');
	}
	if (rule->action_count == 0)
		printf("%-12s log, and redis where the sensor has one\n", "then");
}

static void print_rule(const struct rule *rule)
{
	printf("%-12s %s\n", "rule", rule->name);
	printf("%-12s %s:%u\n", "from", rule->place.file, rule->place.line);
	if (rule->description != NULL)
		printf("%-12s %s\n", "description", rule->description);
	printf("%-12s %s\n", "severity", rules_severity_words[rule->severity]);
	printf("%-12s ", "when");
	condition_write(stdout, rule->condition->root);
	putchar('\n');
	print_fields(rule);
	if (rule->message.source != NULL)
		printf("%-12s %s\n", "message", rule->message.source);
	printf("%-12s", "key");
	for (size_t i = 0; i < rule->key_count; i++)
		printf(" %s", rule->key[i].source);
	putchar('\n');
	print_duration("for", rule->for_ns, 0);
	print_duration("every", rule->every_ns, LIMIT_ALERT_EVERY_S);
	print_duration("resolve", rule->resolve_ns, LIMIT_ALERT_CLEAN_S);
	print_actions(rule);
	print_texts("tags", rule->tags, rule->tag_count);
	print_texts("references", rule->references, rule->reference_count);
}

static char meant[RULES_NAME_MAX + 1]; /* the nearest name so far */

static int explain_in(const char *path, const char *name, struct spelling *near, bool *found)
{
	struct rule_file *file = rules_load(path);
	const struct rule *rule;

	if (file == NULL)
		return EXIT_USAGE;
	rule = rule_file_find(file, name);
	for (size_t i = 0; i < rule_file_count(file); i++)
		spelling_try(near, rule_file_rule(file, i)->name);
	if (near->best != NULL && near->best != meant) /* it outlives the file */
		near->best = strcpy(meant, near->best);
	if (rule != NULL) {
		print_rule(rule);
		*found = true;
	}
	rule_file_free(file);
	return 0;
}

static int explain_in_packs(const char *name, struct spelling *near, bool *found)
{
	char pattern[4096];
	glob_t packs;
	int status = 0;

	snprintf(
	    pattern, sizeof(pattern), "%s/*.yaml", rules_packs() == NULL ? "." : rules_packs());
	if (glob(pattern, 0, NULL, &packs) != 0)
		return say_error(EXIT_USAGE,
		    "no packs in %.*s; name the file: tlsvane rules explain %s FILE",
		    (int)strlen(pattern) - 7, pattern, name);
	for (size_t i = 0; i < packs.gl_pathc && status == 0 && !*found; i++)
		status = explain_in(packs.gl_pathv[i], name, near, found);
	globfree(&packs);
	return status;
}

int rules_explain(const struct options *o)
{
	const char *name = o->argument_count > 1 ? o->arguments[1] : NULL;
	struct spelling near = spelling_of(name != NULL ? name : "");
	bool found = false;
	int status;

	if (name == NULL)
		return say_error(EXIT_USAGE, "which rule? tlsvane rules explain NAME [FILE]");
	if (o->argument_count > 3)
		return say_error(
		    EXIT_USAGE, "explain takes a name and a file; what is %s?", o->arguments[3]);
	status = o->argument_count == 3 ? explain_in(o->arguments[2], name, &near, &found)
					: explain_in_packs(name, &near, &found);
	if (status != 0 || found)
		return status;
	if (near.best != NULL)
		return say_error(
		    EXIT_USAGE, "there is no rule %s; did you mean %s?", name, near.best);
	return say_error(EXIT_USAGE, "there is no rule %s in %s", name,
	    o->argument_count == 3 ? o->arguments[2] : "the packs");
}
