/* Laying out conditions, and the memory of one session. */
#include "plan.h"

#include <stdlib.h>
#include <string.h>

#include "expression.h"

/* ---- Clauses ---- */

/* The same text in its normal form is the same clause: names mean one thing in one set of files.
 * NULL when memory is short: then it is its own. */
static const char *normal_form(struct arena *a, const struct node *n)
{
	char *text = NULL;
	const char *kept = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	if (to == NULL)
		return NULL;
	condition_write(to, n);
	if (fclose(to) == 0)
		kept = arena_text(a, text, size);
	free(text);
	return kept;
}

static void fill_clause(struct clause *c, const struct node *n)
{
	*c = (struct clause){.kind = n->kind,
	    .relation = n->relation,
	    .negated = n->negated,
	    .number = n->number,
	    .matcher = n->matcher,
	    .node = n};
	if (n->left == NULL)
		return;
	c->is_list = n->left->type == RULES_LIST;
	c->is_field = n->left->kind == NODE_FIELD;
	if (c->is_field)
		c->slot = n->left->slot;
}

static uint32_t clause_of(struct plan *p, const struct node *n)
{
	const char *text = normal_form(p->arena, n);
	const uint32_t *known = text == NULL ? NULL : names_find(&p->by_text, text);
	uint32_t *index;

	if (known != NULL)
		return *known;
	index = arena_get(p->arena, sizeof(*index));
	*index = (uint32_t)p->clause_count;
	if (text != NULL)
		names_set(&p->by_text, p->arena, text, index);
	arena_grow(p->arena, &p->clauses, p->clause_count, sizeof(*p->clauses));
	fill_clause(&p->clauses[p->clause_count++], n);
	return *index;
}

/* ---- Steps ---- */

static void add_step(struct plan *p, struct node *n);

static void add_parts(struct plan *p, const struct node *n)
{
	if (n->kind == NODE_NOT)
		add_step(p, n->left);
	else
		for (struct node *part = n->right; part != NULL; part = part->after)
			add_step(p, part);
}

static void add_step(struct plan *p, struct node *n)
{
	size_t at = p->step_count;
	bool joined = node_is_joined(n);

	arena_grow(p->arena, &p->steps, p->step_count, sizeof(*p->steps));
	p->step_count++;
	n->step = (uint32_t)at;
	p->steps[at].kind = n->kind;
	if (joined)
		add_parts(p, n);
	else
		p->steps[at].clause = clause_of(p, n);
	p->steps[at].length = (p->step_count - at) & 0xffffff;
}

void plan_add(struct plan *p, struct condition *condition)
{
	expression_order(condition->root);
	condition->plan = p;
	add_step(p, condition->root);
}

/* ---- The session at hand ---- */

void plan_finish(struct plan *p)
{
	p->truths = arena_get(p->arena, p->clause_count + 1);
	p->seen = arena_get(p->arena, rules_field_count());
	p->known = arena_get(p->arena, rules_field_count() * sizeof(*p->known));
}

void plan_reset(struct plan *p)
{
	memset(p->truths, 0, p->clause_count);
	memset(p->seen, 0, rules_field_count());
}
