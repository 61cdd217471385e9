/* Words of an expression, or items of a list, as values of the type that is wanted there. */
#ifndef TLSVANE_RULES_LITERAL_H
#define TLSVANE_RULES_LITERAL_H

#include "value.h"

/*
 * Reads `text` as a value of the type (of field `f`, which may be NULL for types that need none).
 * Returns NULL; or what it must be instead, for an error that says "TEXT is no VERSION: ...". Texts
 * are borrowed.
 */
const char *literal_read(
    const char *text, unsigned type, const struct rules_field *f, struct rules_value *value);

/* "30d", "1d12h", "500ms", "0"; false where it is none. */
bool literal_duration(const char *text, uint64_t *ns);

/* "192.0.2.0/24", "2001:db8::1": `bits` count in the address's own family, all of them where none
 * are said. */
bool literal_network(const char *text, struct frame_address *address, unsigned *bits);

#endif
