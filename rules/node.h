/* A condition as a tree: first as it was parsed, then, the same nodes, as it was checked and is
 * evaluated. */
#ifndef TLSVANE_RULES_NODE_H
#define TLSVANE_RULES_NODE_H

#include "matcher.h"
#include "source.h"

enum node_kind {
	/* Conditions, after the check */
	NODE_AND, /* of left and all that follow it by next */
	NODE_OR,
	NODE_NOT,      /* left */
	NODE_CONSTANT, /* number: true, false */
	NODE_EXISTS,   /* left, a field */
	NODE_FLAG,     /* left, a boolean field */
	NODE_NUMBER,   /* left `relation` number: versions, times, durations, booleans too */
	NODE_MATCH,    /* left in, matches, ~, under, = matcher */
	NODE_BOTH,     /* left `relation` right, neither of them constant */
	NODE_HOLDS,    /* left in right: a set of versions */
	/* Before it */
	NODE_RELATION, /* left `relation` right */
	/* Operands */
	NODE_FIELD, /* slot */
	NODE_VALUE, /* a constant: after the check */
	NODE_ADD,
	NODE_SUBTRACT,
	NODE_REGISTRABLE,
	/* Before the check */
	NODE_WORD,	/* word */
	NODE_QUOTED,	/* word */
	NODE_REFERENCE, /* word: the list's name without its @ */
	NODE_LIST,	/* left and all that follow it by next */
};

enum relation {
	RELATION_EQUAL,
	RELATION_UNEQUAL,
	RELATION_LESS,
	RELATION_LESS_EQUAL,
	RELATION_MORE,
	RELATION_MORE_EQUAL,
	RELATION_IN,
	RELATION_MATCHES,
	RELATION_REGEX,
	RELATION_UNDER,
	RELATIONS,
};

#define TYPE_NONE                                                                                  \
	RULES_TYPES /* a word that is not a field: it takes the type of what it is compared with   \
		     */

struct node {
	uint8_t kind;	  /* enum node_kind */
	uint8_t type;	  /* of an operand: enum rules_type or TYPE_NONE */
	uint8_t relation; /* enum relation */
	bool negated;	  /* NODE_MATCH: != */
	uint16_t slot;
	uint32_t step; /* where it stands in the plan */
	struct node *left, *right, *next, *after;
	uint64_t number;
	unsigned cost; /* of a part of NODE_AND, NODE_OR: order.c */
	const struct matcher *matcher;
	const struct rules_value *value; /* NODE_VALUE */
	/* For people */
	const char *word;
	const struct rules_text *text; /* where it stands, until the file is loaded */
	size_t at;
};

struct condition {
	struct node *root;
	struct plan *plan;	       /* NULL until the file is whole */
	const struct rules_text *text; /* until the file is loaded */
};

/* What has conditions as its parts; all else is a clause. */
static inline bool node_is_joined(const struct node *n)
{
	return n->kind == NODE_AND || n->kind == NODE_OR || n->kind == NODE_NOT;
}

#endif
