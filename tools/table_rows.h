/* What table.c and table_write.c share: the rows of a table. */
#ifndef TLSVANE_TABLE_ROWS_H
#define TLSVANE_TABLE_ROWS_H

#include "table.h"

#define CELL_NOTE 0x80 /* in cell.style: a line of its own under the row */

struct cell {
	size_t text; /* offset in table.text */
	uint8_t style;
};

struct layout { /* one column of the table */
	const struct column *column;
	const char *heading;
	size_t width;
	bool dropped;
	char day[12]; /* the heading of a COLUMN_DATE that was shortened */
};

struct table {
	FILE *to;
	const struct column *columns;
	size_t column_count;
	uint8_t format; /* enum output_format */
	bool color, short_of_memory;
	unsigned width;	       /* of the terminal, 0: no limit */
	size_t at;	       /* the column that the next value is for */
	const char *last_name; /* JSON: the last name written in this row, "" before the first */
	bool not_first;	       /* CSV: a field of this row was written */
	char *text;	       /* all texts, with their NULs */
	size_t text_used, text_room;
	struct cell *cells; /* those with a heading, row by row, notes between */
	size_t cell_count, cell_room;
	struct layout *layout; /* columns with a heading */
	size_t layout_count;
};

/* A value of the table, for the next column. */
void table_put(struct table *t, const char *text, enum style style);

void table_write_csv_header(struct table *t);

#endif
