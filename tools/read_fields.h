/* Columns by the dotted names of the record's fields: --fields, and all of them for --csv. */
#ifndef TLSVANE_READ_FIELDS_H
#define TLSVANE_READ_FIELDS_H

#include "../sensor/record.h"
#include "table.h"

struct read_fields {
	const struct field **fields;
	struct column *columns; /* of the table, one a field */
	size_t count;
};

/* Chooses by "a,b,c"; NULL: all. Returns 0 or an exit status, and has said why. Free in every case.
 */
int read_fields_choose(struct read_fields *f, const char *names);
void read_fields_free(struct read_fields *f);

/* A row of the table. */
void read_fields_put(const struct read_fields *f, struct table *t, const struct record *r);

#endif
