/* Collecting what is wrong with a set of rules files. */
#ifndef TLSVANE_RULES_ERRORS_H
#define TLSVANE_RULES_ERRORS_H

#include "rule_file.h"

/* Adds "file:line:column: text". Control bytes become "?", so that it stays one line. */
void rules_error(struct rules_errors *e, const struct rules_place *place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Whether no more lines are told; then notes that there is more. Saves looking for places. */
bool rules_errors_full(struct rules_errors *e);

/* Brings the lines into the order of files (as they were first named), lines and columns, and drops
 * repetitions. */
void rules_errors_sort(struct rules_errors *e);

#endif
