/* A condition clause by clause: how each came out, and by what values. */
#include <stdlib.h>

#include "expression.h"
#include "judge.h"

struct trace {
	struct plan *plan;
	const struct rules_subject *subject;
	void (*clause)(void *context, const struct rules_clause *clause);
	void *context;
};

static void write_field(FILE *to, const struct node *n, const struct rules_subject *s)
{
	char buffer[RULES_VALUE_TEXT_MAX], text[RULES_VALUE_TEXT_MAX];
	struct rules_value value;

	if (ftell(to) > 0)
		fputs(", ", to);
	switch (rules_field_value(s, n->slot, &value, buffer)) {
	case RULES_TRUE:
		fprintf(to, "%s is %s", n->word,
		    rules_value_format(rules_field(n->slot), &value, text));
		break;
	case RULES_FALSE:
		fprintf(to, "%s absent", n->word);
		break;
	default:
		fprintf(to, "%s needs history", n->word);
	}
}

/* The fields of one clause, from left to right. */
static void write_fields(FILE *to, const struct node *n, const struct rules_subject *s)
{
	if (n == NULL)
		return;
	if (n->kind == NODE_FIELD)
		write_field(to, n, s);
	if (n->kind == NODE_LIST)
		return;
	write_fields(to, n->left, s);
	write_fields(to, n->right, s);
}

static void tell(struct trace *t, const struct node *n, unsigned depth)
{
	char *texts[2] = {NULL, NULL};
	size_t size;
	FILE *text = open_memstream(&texts[0], &size), *values = open_memstream(&texts[1], &size);
	struct rules_clause clause = {.depth = depth, .truth = judge_node(t->plan, n, t->subject)};

	if (text != NULL)
		condition_write(text, n);
	if (values != NULL && !node_is_joined(n))
		write_fields(values, n, t->subject);
	if (text != NULL)
		fclose(text);
	if (values != NULL)
		fclose(values);
	clause.text = texts[0] == NULL ? "" : texts[0];
	clause.value = texts[1] == NULL ? "" : texts[1];
	t->clause(t->context, &clause);
	free(texts[0]);
	free(texts[1]);
}

static void walk(struct trace *t, const struct node *n, unsigned depth)
{
	tell(t, n, depth);
	if (!node_is_joined(n))
		return;
	for (const struct node *part = n->left; part != NULL; part = part->next)
		walk(t, part, depth + 1);
}

void rules_trace(const struct rule *rule, const struct rules_subject *subject,
    void (*clause)(void *context, const struct rules_clause *clause), void *context)
{
	struct trace t = {rule->condition->plan, subject, clause, context};

	walk(&t, rule->condition->root, 0);
}
