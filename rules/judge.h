/* How one node of a condition comes out: what rules_evaluate() and rules_trace() share. */
#ifndef TLSVANE_RULES_JUDGE_H
#define TLSVANE_RULES_JUDGE_H

#include "evaluate.h"
#include "expression.h"

enum rules_truth node_judge(const struct node *n, const struct rules_subject *s);

#endif
