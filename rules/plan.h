/*
 * How a set of rules is evaluated: every distinct clause stands once in one array, every condition
 * as a run of steps over clauses in another, so that a session walks through memory from front to
 * back and asks each clause at most once, however many rules have it.
 */
#ifndef TLSVANE_RULES_PLAN_H
#define TLSVANE_RULES_PLAN_H

#include "known.h"
#include "names.h"
#include "node.h"

/* What has no parts. Laid out for the common case, a field against a constant. */
struct clause {
	uint8_t kind;	  /* enum node_kind */
	uint8_t relation; /* enum relation */
	bool negated;
	bool is_field; /* the left side is a field: `slot` */
	bool is_list;  /* ... whose words are asked one by one */
	uint16_t slot;
	uint64_t number;
	const struct matcher *matcher;
	const struct node *node; /* for what is not a field */
};

/* A step and behind it its parts, cheapest first. */
struct step {
	uint32_t kind : 8;    /* enum node_kind: NODE_AND, NODE_OR, NODE_NOT; else a clause */
	uint32_t length : 24; /* itself and its parts */
	uint32_t clause;
};

struct plan {
	struct arena *arena;
	struct step *steps;
	struct clause *clauses;
	size_t step_count, clause_count;
	struct names by_text; /* clauses, by their normal form */
	/* Of the session at hand; 0: not asked yet, else enum rules_truth + 1 */
	uint8_t *truths; /* by clause */
	uint8_t *seen;	 /* by slot */
	struct known *known;
};

/* Lays out a condition. Once for each; then plan_finish(). */
void plan_add(struct plan *p, struct condition *condition);
void plan_finish(struct plan *p);

/* Forgets the session at hand. */
void plan_reset(struct plan *p);

#endif
