/* What a tally says of itself, for the targets that make one of strangers' bytes: no field has a
 * NUL in it. */
#ifndef TLSVANE_TEST_TAKE_ENTRY_H
#define TLSVANE_TEST_TAKE_ENTRY_H

#include <stdlib.h>
#include <string.h>

#include "../../sensor/tally_entry.h"

static void take_field(
    void *to, const char *name, size_t name_length, const char *value, size_t value_length)
{
	(void)to;
	if (memchr(name, '\0', name_length) != NULL || memchr(value, '\0', value_length) != NULL)
		abort();
}

/* As the store and the spool write it. */
static void take_entry(void *to, struct tally_entry *e)
{
	tally_entry_fields(e, TALLY_TOTALS, take_field, to);
	tally_entry_fields(e, TALLY_PARTS, take_field, to);
}

#endif
