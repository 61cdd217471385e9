/* Conditions over sessions of which only some fields are kept. */
#ifndef TLSVANE_RULES_RULE_FIELDS_H
#define TLSVANE_RULES_RULE_FIELDS_H

#include "evaluate.h"

typedef bool told_field(void *context, const char *field);

/* The first field of the condition for which `told` says no; NULL where there is none. */
const struct rules_field *rule_asks_beyond(
    const struct rule *rule, told_field *told, void *context);

/* As rules_evaluate, but what is not told is unknown, not absent: `exists` does not know of it. */
enum rules_truth rule_evaluate_told(
    const struct rule *rule, const struct rules_subject *subject, told_field *told, void *context);

#endif
