/* What a file gives a name: lists, networks, macros. */
#ifndef TLSVANE_RULES_DEFINITION_H
#define TLSVANE_RULES_DEFINITION_H

#include "matcher.h"
#include "names.h"
#include "node.h"

enum definition_kind { DEFINITION_LIST, DEFINITION_NETWORK, DEFINITION_MACRO };

struct definition {
	uint8_t kind; /* enum definition_kind */
	const char *name;
	size_t file; /* which of the set's files */
	struct rules_place place;
	struct rules_text text;		/* of a macro */
	const struct rules_text *items; /* of a list or network */
	size_t item_count;
	bool open; /* being unfolded: one that comes back to itself is an error */
	bool used;
	const struct matcher *made[RULES_TYPES][RELATIONS]; /* what it became, for each use */
};

#endif
