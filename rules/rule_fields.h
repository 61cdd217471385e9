/* What a rule's condition asks for. */
#ifndef TLSVANE_RULES_RULE_FIELDS_H
#define TLSVANE_RULES_RULE_FIELDS_H

#include "rule_file.h"

/* The first field of the condition for which `told` says no; NULL where there is none. */
const struct rules_field *rule_asks_beyond(
    const struct rule *rule, bool (*told)(const char *field));

#endif
