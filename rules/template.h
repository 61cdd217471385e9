/* Texts with {field}s. */
#ifndef TLSVANE_RULES_TEMPLATE_H
#define TLSVANE_RULES_TEMPLATE_H

#include "expression.h"

/* Reads a template; "{{" and "}}" stand for braces. False where it is wrong, and has said so. */
bool template_read(struct compiler *c, const struct rules_text *text, struct rules_template *t);

/* One field by its name, as keys name them. */
bool template_read_field(
    struct compiler *c, const struct rules_text *text, struct rules_template *t);

#endif
