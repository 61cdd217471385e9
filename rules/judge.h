/* How one part of a condition comes out: what rules_evaluate() and rules_trace() share. */
#ifndef TLSVANE_RULES_JUDGE_H
#define TLSVANE_RULES_JUDGE_H

#include "evaluate.h"
#include "plan.h"

enum rules_truth judge_node(
    struct plan *plan, const struct node *n, const struct rules_subject *subject);

#endif
