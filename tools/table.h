/*
 * Rows, written as a table for a terminal, as CSV (RFC 4180) or as JSON, an object a line. A table
 * is laid out when it is finished; CSV and JSON rows are written as they end. Every row gives every
 * column one value, in order. Texts may come from strangers: control bytes never reach the
 * terminal, and CSV texts that a spreadsheet would take for a formula get a ' in front.
 */
#ifndef TLSVANE_TABLE_H
#define TLSVANE_TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "counts.h"
#include "options.h"

enum style { STYLE_PLAIN, STYLE_DIM, STYLE_GOOD, STYLE_WARN, STYLE_BAD, STYLE_HEAD, STYLES };

enum column_flag {
	COLUMN_RIGHT = 1 << 0, /* numbers */
	COLUMN_DATE = 1 << 1, /* short of room and all of one day: the day moves into the heading */
	COLUMN_WORDS = 1 << 2,	/* short of room: words that say little are left out (TLS_, _WITH,
				   starttls_, TLSv) */
	COLUMN_MIDDLE = 1 << 3, /* still short: cut in the middle, not at the end */
};

struct column {
	const char *name;    /* dotted, for JSON and CSV; NULL: only in the table */
	const char *heading; /* NULL: only in JSON and CSV */
	uint8_t flags;	     /* enum column_flag */
	uint8_t least;	     /* short of room: may be cut to this width; 0: never */
	uint8_t drop;	     /* still short: left out, 1 first; 0: never */
};

struct table;

/* `columns` are borrowed. NULL when memory is short. */
struct table *table_new(
    FILE *to, const struct options *o, const struct column *columns, size_t count);

/* The next value of the row. NULL and "" are absent. */
void table_text(struct table *t, const char *text, enum style style);
void table_number(struct table *t, uint64_t number);
void table_boolean(struct table *t, bool yes);
/* Parts per million, shown in percent with two decimals. */
void table_percent(struct table *t, uint64_t ppm, enum style style);
void table_time(struct table *t, uint64_t ms); /* 0 is absent */
/* Counters of a kind: in the table `text`, in JSON an object, in CSV "name=n;name=n". */
void table_counts(struct table *t, const struct counts *c, enum count_kind kind, const char *text,
    enum style style);
/* Texts, in the table separated by commas, in JSON an array. */
void table_list(struct table *t, const char *const *texts, size_t count);

/* In JSON `json` as it is (whoever calls has checked it), else `text`. */
void table_json(struct table *t, const char *json, const char *text);

void table_end_row(struct table *t);

/* A line under the last row; only in the table. */
void table_note(struct table *t, const char *text, enum style style);

/* False once writing failed (a closed pipe): no need to go on. */
bool table_alive(const struct table *t);

/* Writes what is still to write and frees. */
void table_finish(struct table *t);

/* Columns of the terminal behind `to`; 0: no terminal, no limit. */
unsigned table_width(FILE *to);

/* The escape that turns a style on, and off (""), for lines beside tables. */
const char *style_on(enum style style, bool color);
const char *style_off(enum style style, bool color);

/* Writes a text of a stranger: bytes that a terminal could act on become '?'. */
void write_clean(FILE *to, const char *text);
void write_clean_part(FILE *to, const char *text, size_t length);

#endif
