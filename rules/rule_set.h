/* A loaded set of rules, from inside. */
#ifndef TLSVANE_RULES_RULE_SET_H
#define TLSVANE_RULES_RULE_SET_H

#include "definition.h"
#include "partners.h"
#include "plan.h"
#include "rule_file.h"

#define RULES_SLOT_WORDS 4 /* 64 slots each */

struct rule_file {
	struct arena *arena; /* owned: it holds all below and this */
	const struct rule **rules;
	size_t count;
	struct names names;    /* rules */
	struct names networks; /* struct network */
	const struct network *own;
	const struct enforcement *enforcement; /* NULL: the file has none */
	struct rules_partner *partners;
	size_t partner_count;
	uint64_t slots[RULES_SLOT_WORDS];
	bool needs_history;
	struct regex **regexes;
	size_t regex_count;
	struct plan *plan;
	uint32_t *history_steps; /* in the plan: rules that need history */
	size_t history_count;
};

#endif
