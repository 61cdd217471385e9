/*
 * The order of evaluation. Neither `and` nor `or` minds in which order its parts are asked
 * (three-valued logic keeps that), so the cheap ones come first: a version settles most rules
 * before a text is looked at.
 */
#include "expression.h"

/* Rough costs, in nanoseconds. */
enum cost {
	COST_NUMBER = 2,
	COST_TEXT = 20,
	COST_GLOB = 40,
	COST_REGEX = 100,
	COST_DOMAIN = 500,
	COST_HISTORY = 10
};

static unsigned operand_cost(const struct node *n)
{
	if (n == NULL)
		return 0;
	if (n->kind == NODE_FIELD)
		return rules_field(n->slot)->source == RULES_OF_HISTORY ? COST_HISTORY
									: COST_NUMBER;
	return operand_cost(n->left) + operand_cost(n->right) +
	       (n->kind == NODE_REGISTRABLE ? COST_DOMAIN : 0);
}

static unsigned matcher_cost(const struct matcher *m)
{
	switch (m->kind) {
	case MATCH_NETWORK:
	case MATCH_TEXTS:
	case MATCH_HOSTS:
	case MATCH_UNDER:
		return COST_TEXT;
	case MATCH_GLOBS:
		return COST_GLOB;
	case MATCH_REGEX:
		return COST_REGEX;
	default:
		return COST_NUMBER;
	}
}

static unsigned order(struct node *n);

/* Into the list of `n`, behind all that cost no more. */
static void insert(struct node *n, struct node *part, unsigned cost)
{
	struct node **at = &n->right;

	while (*at != NULL && (*at)->cost <= cost)
		at = &(*at)->after;
	part->cost = cost;
	part->after = *at;
	*at = part;
}

static unsigned order_parts(struct node *n)
{
	unsigned sum = 0;

	n->right = NULL;
	for (struct node *part = n->left; part != NULL; part = part->next) {
		unsigned cost = order(part);

		insert(n, part, cost);
		sum += cost;
	}
	return sum;
}

static unsigned order(struct node *n)
{
	switch (n->kind) {
	case NODE_AND:
	case NODE_OR:
		return order_parts(n);
	case NODE_NOT:
		return order(n->left);
	case NODE_MATCH:
		return operand_cost(n->left) + matcher_cost(n->matcher);
	case NODE_NUMBER:
	case NODE_FLAG:
	case NODE_EXISTS:
		return operand_cost(n->left);
	default:
		return operand_cost(n->left) + operand_cost(n->right) + COST_NUMBER;
	}
}

void expression_order(struct node *condition)
{
	order(condition);
}
