/* The fields of a condition, off its tree. */
#include "rule_fields.h"

#include "expression.h"
#include "judge.h"

struct teller {
	told_field *told;
	void *context;
	struct plan *plan;
	const struct rules_subject *subject;
};

static bool is_told(const struct teller *t, uint16_t slot)
{
	return t->told(t->context, rules_field(slot)->name);
}

static const struct rules_field *beyond(const struct node *n, const struct teller *t)
{
	const struct rules_field *found = NULL;

	if (n == NULL)
		return NULL;
	if (n->kind == NODE_FIELD)
		return is_told(t, n->slot) ? NULL : rules_field(n->slot);
	if (n->kind != NODE_AND && n->kind != NODE_OR) {
		found = beyond(n->left, t);
		return found != NULL ? found : beyond(n->right, t);
	}
	/* Their right is the same parts in the order of their cost. */
	for (const struct node *part = n->left; part != NULL && found == NULL; part = part->next)
		found = beyond(part, t);
	return found;
}

const struct rules_field *rule_asks_beyond(const struct rule *rule, told_field *told, void *context)
{
	const struct teller t = {.told = told, .context = context};

	return beyond(rule->condition->root, &t);
}

static enum rules_truth negate(enum rules_truth truth)
{
	return truth == RULES_UNKNOWN ? truth : truth == RULES_TRUE ? RULES_FALSE : RULES_TRUE;
}

static enum rules_truth evaluate(const struct node *n, const struct teller *t)
{
	enum rules_truth final = n->kind == NODE_AND ? RULES_FALSE : RULES_TRUE,
			 result = negate(final);

	if (n->kind == NODE_NOT)
		return negate(evaluate(n->left, t));
	if (n->kind == NODE_EXISTS && !is_told(t, n->left->slot))
		return RULES_UNKNOWN;
	if (n->kind != NODE_AND && n->kind != NODE_OR)
		return judge_node(t->plan, n, t->subject);
	for (const struct node *part = n->left; part != NULL && result != final;
	     part = part->next) {
		enum rules_truth truth = evaluate(part, t);

		if (truth != negate(final))
			result = truth;
	}
	return result;
}

enum rules_truth rule_evaluate_told(
    const struct rule *rule, const struct rules_subject *subject, told_field *told, void *context)
{
	const struct teller t = {told, context, rule->condition->plan, subject};

	return evaluate(rule->condition->root, &t);
}
