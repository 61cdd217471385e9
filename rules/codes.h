/* The code points of a field that have IANA names: found once, so that names and patterns become
 * numbers at load. */
#ifndef TLSVANE_RULES_CODES_H
#define TLSVANE_RULES_CODES_H

#include "value.h"

#define CODES_MAX 512 /* named code points of one kind; IANA has about 370 cipher suites */

struct code_row {
	uint16_t code;
	const char *name;
};

struct codes {
	struct code_row rows[CODES_MAX]; /* by code */
	size_t count;
	uint64_t named[65536 / 64]; /* a bit each */
};

/* Those of a field of type RULES_CODE; made once, good for ever. */
const struct codes *codes_of(const struct rules_field *f);

/* The code of a name; false where none has it. Case is significant. */
bool codes_find(const struct codes *c, const char *name, uint16_t *code);

static inline bool codes_is_named(const struct codes *c, uint16_t code)
{
	return (c->named[code / 64] >> (code % 64) & 1) != 0;
}

#endif
