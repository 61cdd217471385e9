/* tlsvane rules: what its parts share. */
#ifndef TLSVANE_RULES_TOOL_H
#define TLSVANE_RULES_TOOL_H

#include "../rules/evaluate.h"
#include "options.h"

/* Loads a rules file, or a pack of that name where there is no such file. NULL where it is wrong:
 * it has said all that is. */
struct rule_file *rules_load(const char *path);

int rules_test(const struct options *o);
int rules_explain(const struct options *o);
int rules_fields(const struct options *o);
int rules_list_keys(const struct options *o);
int rules_list_actions(const struct options *o);

#endif
