/* The fields of a condition, off its tree. */
#include "rule_fields.h"

#include "expression.h"

typedef bool told_field(const char *field);

static const struct rules_field *beyond(const struct node *n, told_field *told)
{
	const struct rules_field *found = NULL;

	if (n == NULL)
		return NULL;
	if (n->kind == NODE_FIELD)
		return told(rules_field(n->slot)->name) ? NULL : rules_field(n->slot);
	if (n->kind != NODE_AND && n->kind != NODE_OR) {
		found = beyond(n->left, told);
		return found != NULL ? found : beyond(n->right, told);
	}
	/* Their right is the same parts in the order of their cost. */
	for (const struct node *part = n->left; part != NULL && found == NULL; part = part->next)
		found = beyond(part, told);
	return found;
}

const struct rules_field *rule_asks_beyond(const struct rule *rule, bool (*told)(const char *field))
{
	return beyond(rule->condition->root, told);
}
