/* Names that neither the record nor history holds, but that follow from the session and the file.
 */
#ifndef TLSVANE_RULES_DERIVED_H
#define TLSVANE_RULES_DERIVED_H

#include "value.h"

enum derived { DERIVED_DIRECTION, DERIVED_NOW, DERIVED_FIELDS };

extern const struct rules_field derived_fields[DERIVED_FIELDS];
extern const size_t derived_field_count;

/* tls.version_protocol's words, in the order of its numbers 0 and 1. */
extern const char *const rules_protocol_words[];

#endif
