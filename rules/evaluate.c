/* Conditions over one session. */
#include "evaluate.h"

#include <string.h>

#include "judge.h"

static enum rules_truth present(bool there)
{
	return there ? RULES_TRUE : RULES_FALSE;
}

/* ---- Operands ---- */

struct operand {
	struct rules_value value;
	char buffer[RULES_VALUE_TEXT_MAX];
};

static bool operand_take(const struct node *n, const struct rules_subject *s, struct operand *o);

/* Never below zero, never beyond the largest: clocks of two sensors may differ. */
static uint64_t compute(unsigned kind, uint64_t left, uint64_t right)
{
	uint64_t sum;

	if (kind == NODE_SUBTRACT)
		return left > right ? left - right : 0;
	return __builtin_add_overflow(left, right, &sum) ? UINT64_MAX : sum;
}

static bool take_sum(const struct node *n, const struct rules_subject *s, struct operand *o)
{
	struct operand right;

	if (!operand_take(n->left, s, o) || !operand_take(n->right, s, &right))
		return false;
	o->value.number = compute(n->kind, o->value.number, right.value.number);
	return true;
}

static bool take_registrable(const struct node *n, const struct rules_subject *s, struct operand *o)
{
	char normal[HOST_MAX];
	const char *domain;

	if (!operand_take(n->left, s, o) || !host_normal(o->value.text, normal))
		return false;
	domain = host_registrable(normal);
	if (domain == NULL)
		return false;
	o->value.text = strcpy(o->buffer, domain);
	return true;
}

/* False where it is unknown. */
static bool operand_take(const struct node *n, const struct rules_subject *s, struct operand *o)
{
	switch (n->kind) {
	case NODE_FIELD:
		return rules_field_value(s, n->slot, &o->value, o->buffer) == RULES_TRUE;
	case NODE_VALUE:
		o->value = *n->value;
		return true;
	case NODE_REGISTRABLE:
		return take_registrable(n, s, o);
	default:
		return take_sum(n, s, o);
	}
}

/* ---- Clauses ---- */

static bool compare(unsigned relation, uint64_t left, uint64_t right)
{
	switch (relation) {
	case RELATION_EQUAL:
		return left == right;
	case RELATION_UNEQUAL:
		return left != right;
	case RELATION_LESS:
		return left < right;
	case RELATION_LESS_EQUAL:
		return left <= right;
	case RELATION_MORE:
		return left > right;
	default:
		return left >= right;
	}
}

static bool same_hosts(const char *left, const char *right)
{
	char a[HOST_MAX], b[HOST_MAX];

	return host_normal(left, a) && host_normal(right, b) && strcmp(a, b) == 0;
}

static bool same(
    const struct node *n, const struct rules_value *left, const struct rules_value *right)
{
	switch (n->left->type) {
	case RULES_ADDRESS:
		return memcmp(&left->address, &right->address, sizeof(left->address)) == 0;
	case RULES_TEXT:
		if (n->right->type == RULES_TEXT)
			return strcmp(left->text, right->text) == 0;
		return same_hosts(left->text, right->text);
	case RULES_HOST:
		return same_hosts(left->text, right->text);
	default:
		return left->number == right->number;
	}
}

static enum rules_truth judge_both(const struct node *n, const struct rules_subject *s)
{
	struct operand left, right;

	if (!operand_take(n->left, s, &left) || !operand_take(n->right, s, &right))
		return RULES_UNKNOWN;
	if (n->relation <= RELATION_UNEQUAL)
		return present(
		    same(n, &left.value, &right.value) == (n->relation == RELATION_EQUAL));
	return present(compare(n->relation, left.value.number, right.value.number));
}

static enum rules_truth judge_holds(const struct node *n, const struct rules_subject *s)
{
	struct operand left, right;

	if (!operand_take(n->left, s, &left) || !operand_take(n->right, s, &right))
		return RULES_UNKNOWN;
	return present((right.value.number & rules_version_bit((uint16_t)left.value.number)) != 0);
}

static enum rules_truth negate(enum rules_truth t)
{
	return t == RULES_UNKNOWN ? t : present(t == RULES_FALSE);
}

static enum rules_truth judge_match(const struct node *n, const struct rules_subject *s)
{
	struct operand left;
	enum rules_truth t;

	if (!operand_take(n->left, s, &left))
		return RULES_UNKNOWN;
	t = matcher_holds(n->matcher, &left.value);
	return n->negated ? negate(t) : t;
}

static enum rules_truth judge_number(const struct node *n, const struct rules_subject *s)
{
	struct operand left;

	if (!operand_take(n->left, s, &left))
		return RULES_UNKNOWN;
	return present(compare(n->relation, left.value.number, n->number));
}

static enum rules_truth judge_flag(const struct node *n, const struct rules_subject *s)
{
	struct operand flag;

	return operand_take(n->left, s, &flag) ? present(flag.value.number != 0) : RULES_UNKNOWN;
}

static enum rules_truth judge_exists(const struct node *n, const struct rules_subject *s)
{
	char buffer[RULES_VALUE_TEXT_MAX];
	struct rules_value value = {0};

	return rules_field_value(s, n->left->slot, &value, buffer);
}

/* One that is `final` settles it; else one unknown makes it unknown. */
static enum rules_truth judge_joined(
    const struct node *n, const struct rules_subject *s, enum rules_truth final)
{
	enum rules_truth result = negate(final);

	for (const struct node *part = n->right; part != NULL; part = part->after) {
		enum rules_truth t = node_judge(part, s);

		if (t == final)
			return t;
		if (t == RULES_UNKNOWN)
			result = t;
	}
	return result;
}

enum rules_truth node_judge(const struct node *n, const struct rules_subject *s)
{
	switch (n->kind) {
	case NODE_AND:
		return judge_joined(n, s, RULES_FALSE);
	case NODE_OR:
		return judge_joined(n, s, RULES_TRUE);
	case NODE_NOT:
		return negate(node_judge(n->left, s));
	case NODE_NUMBER:
		return judge_number(n, s);
	case NODE_MATCH:
		return judge_match(n, s);
	case NODE_FLAG:
		return judge_flag(n, s);
	case NODE_EXISTS:
		return judge_exists(n, s);
	case NODE_BOTH:
		return judge_both(n, s);
	case NODE_HOLDS:
		return judge_holds(n, s);
	default: /* NODE_CONSTANT */
		return present(n->number != 0);
	}
}

enum rules_truth rules_evaluate(const struct rule *rule, const struct rules_subject *s)
{
	return node_judge(rule->condition->root, s);
}
