/* Conditions over one session. */
#include "evaluate.h"

#include <string.h>

#include "judge.h"
#include "rule_set.h"

/* One session under judgement. */
struct pass {
	struct plan *plan;
	const struct rules_subject *subject;
};

static enum rules_truth present(bool there)
{
	return there ? RULES_TRUE : RULES_FALSE;
}

static enum rules_truth negate(enum rules_truth t)
{
	return t == RULES_UNKNOWN ? t : present(t == RULES_FALSE);
}

/* ---- Operands ---- */

/* Whether a field is there; its value then stands in plan->known. */
static enum rules_truth look(const struct pass *p, uint16_t slot)
{
	struct known *k = &p->plan->known[slot];
	enum rules_truth there;

	if (p->plan->seen[slot] != 0)
		return (enum rules_truth)(p->plan->seen[slot] - 1);
	known_begin(k);
	there = rules_field_value(p->subject, slot, &k->value, k->buffer);
	p->plan->seen[slot] = (uint8_t)(there + 1);
	return there;
}

/* The value of an operand, which may stand in `room`; NULL where it is unknown. */
static struct known *operand(const struct pass *p, const struct node *n, struct known *room);

/* Never below zero, never beyond the largest: clocks of two sensors may differ. */
static uint64_t compute(unsigned kind, uint64_t left, uint64_t right)
{
	uint64_t sum;

	if (kind == NODE_SUBTRACT)
		return left > right ? left - right : 0;
	return __builtin_add_overflow(left, right, &sum) ? UINT64_MAX : sum;
}

static struct known *take_sum(const struct pass *p, const struct node *n, struct known *room)
{
	struct known rooms[2];
	const struct known *left = operand(p, n->left, &rooms[0]);
	const struct known *right = operand(p, n->right, &rooms[1]);

	if (left == NULL || right == NULL)
		return NULL;
	room->value.number = compute(n->kind, left->value.number, right->value.number);
	return room;
}

static struct known *take_registrable(
    const struct pass *p, const struct node *n, struct known *room)
{
	struct known inner, *host = operand(p, n->left, &inner);
	const char *domain;

	if (host == NULL || known_host(host) == NULL)
		return NULL;
	domain = host_registrable(known_host(host));
	if (domain == NULL)
		return NULL;
	room->value.text = strcpy(room->buffer, domain);
	return room;
}

static struct known *operand(const struct pass *p, const struct node *n, struct known *room)
{
	if (n->kind == NODE_FIELD)
		return look(p, n->slot) == RULES_TRUE ? &p->plan->known[n->slot] : NULL;
	known_begin(room);
	switch (n->kind) {
	case NODE_VALUE:
		room->value = *n->value;
		return room;
	case NODE_REGISTRABLE:
		return take_registrable(p, n, room);
	default:
		return take_sum(p, n, room);
	}
}

/* The left side of a clause. */
static struct known *left_side(const struct pass *p, const struct clause *c, struct known *room)
{
	if (c->is_field)
		return look(p, c->slot) == RULES_TRUE ? &p->plan->known[c->slot] : NULL;
	return operand(p, c->node->left, room);
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

static bool same_hosts(struct known *left, struct known *right)
{
	const char *a = known_host(left), *b = known_host(right);

	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static bool same(const struct node *n, struct known *left, struct known *right)
{
	switch (n->left->type) {
	case RULES_ADDRESS:
		return memcmp(&left->value.address, &right->value.address,
			   sizeof(left->value.address)) == 0;
	case RULES_TEXT:
		if (n->right->type == RULES_TEXT)
			return strcmp(left->value.text, right->value.text) == 0;
		return same_hosts(left, right);
	case RULES_HOST:
		return same_hosts(left, right);
	default:
		return left->value.number == right->value.number;
	}
}

static enum rules_truth judge_both(const struct pass *p, const struct node *n)
{
	struct known rooms[2], *left = operand(p, n->left, &rooms[0]),
			       *right = operand(p, n->right, &rooms[1]);

	if (left == NULL || right == NULL)
		return RULES_UNKNOWN;
	if (n->relation <= RELATION_UNEQUAL)
		return present(same(n, left, right) == (n->relation == RELATION_EQUAL));
	return present(compare(n->relation, left->value.number, right->value.number));
}

/* "*.example.net" stands for one label more (RFC 9525 section 6.3). */
static bool covers(struct known *word, struct known *wanted)
{
	const char *pattern = known_host(word), *name = known_host(wanted), *dot;

	if (pattern == NULL || name == NULL)
		return false;
	if (strncmp(pattern, "*.", 2) != 0)
		return strcmp(pattern, name) == 0;
	dot = strchr(name, '.');
	return dot != NULL && dot > name && strcmp(pattern + 1, dot) == 0;
}

static bool has_word(const struct known *list, struct known *wanted)
{
	const char *at = list->value.text;
	struct known word;

	while (known_next_word(&word, &at))
		if (covers(&word, wanted))
			return true;
	return false;
}

static enum rules_truth judge_holds(const struct pass *p, const struct node *n)
{
	struct known rooms[2], *left = operand(p, n->left, &rooms[0]);
	const struct known *right = operand(p, n->right, &rooms[1]);

	if (left == NULL || right == NULL)
		return RULES_UNKNOWN;
	if (n->right->type == RULES_LIST)
		return present(has_word(right, left));
	return present(
	    (right->value.number & rules_version_bit((uint16_t)left->value.number)) != 0);
}

/* One word that matches is enough. */
static enum rules_truth match_words(const struct matcher *m, const struct known *list)
{
	enum rules_truth result = RULES_FALSE;
	const char *at = list->value.text;
	struct known word;

	while (result != RULES_TRUE && known_next_word(&word, &at)) {
		enum rules_truth t = matcher_holds(m, &word);

		if (t != RULES_FALSE)
			result = t;
	}
	return result;
}

static enum rules_truth judge_match(const struct clause *c, struct known *left)
{
	enum rules_truth t =
	    c->is_list ? match_words(c->matcher, left) : matcher_holds(c->matcher, left);

	return c->negated ? negate(t) : t;
}

/* Of one value. */
static enum rules_truth judge_value(const struct pass *p, const struct clause *c)
{
	struct known room, *left = left_side(p, c, &room);

	if (left == NULL)
		return RULES_UNKNOWN;
	switch (c->kind) {
	case NODE_NUMBER:
		return present(compare(c->relation, left->value.number, c->number));
	case NODE_FLAG:
		return present(left->value.number != 0);
	default:
		return judge_match(c, left);
	}
}

static enum rules_truth judge_clause(const struct pass *p, const struct clause *c)
{
	switch (c->kind) {
	case NODE_EXISTS:
		return look(p, c->slot);
	case NODE_BOTH:
		return judge_both(p, c->node);
	case NODE_HOLDS:
		return judge_holds(p, c->node);
	case NODE_CONSTANT:
		return present(c->number != 0);
	default:
		return judge_value(p, c);
	}
}

/* ---- Conditions ---- */

static enum rules_truth judge_once(const struct pass *p, uint32_t clause)
{
	uint8_t *truth = &p->plan->truths[clause];

	if (*truth == 0)
		*truth = (uint8_t)(judge_clause(p, &p->plan->clauses[clause]) + 1);
	return (enum rules_truth)(*truth - 1);
}

static enum rules_truth judge_step(const struct pass *p, const struct step *s);

/* One that is `final` settles it; else one unknown makes it unknown. */
static enum rules_truth judge_joined(
    const struct pass *p, const struct step *s, enum rules_truth final)
{
	enum rules_truth result = negate(final);

	for (const struct step *part = s + 1; part < s + s->length; part += part->length) {
		enum rules_truth t = judge_step(p, part);

		if (t == final)
			return t;
		if (t == RULES_UNKNOWN)
			result = t;
	}
	return result;
}

static enum rules_truth judge_step(const struct pass *p, const struct step *s)
{
	switch (s->kind) {
	case NODE_AND:
		return judge_joined(p, s, RULES_FALSE);
	case NODE_OR:
		return judge_joined(p, s, RULES_TRUE);
	case NODE_NOT:
		return negate(judge_step(p, s + 1));
	default:
		return judge_once(p, s->clause);
	}
}

enum rules_truth judge_node(struct plan *plan, const struct node *n, const struct rules_subject *s)
{
	const struct pass p = {plan, s};

	plan_reset(plan);
	return judge_step(&p, &plan->steps[n->step]);
}

enum rules_truth rules_evaluate(const struct rule *rule, const struct rules_subject *s)
{
	return judge_node(rule->condition->plan, rule->condition->root, s);
}

void rules_judge(const struct rules_subject *subject, uint8_t *truths)
{
	const struct rule_file *file = subject->file;
	const struct pass p = {file->plan, subject};
	const struct step *s = file->plan->steps; /* in the order of the rules */

	plan_reset(file->plan);
	for (size_t i = 0; i < file->count; i++, s += s->length)
		truths[i] = (uint8_t)judge_step(&p, s);
}

bool rules_want_history(const struct rules_subject *s)
{
	const struct rule_file *file = s->file;
	const struct pass p = {file->plan, s};

	plan_reset(file->plan);
	for (size_t i = 0; i < file->history_count; i++)
		if (judge_step(&p, &file->plan->steps[file->history_steps[i]]) != RULES_FALSE)
			return true;
	return false;
}
