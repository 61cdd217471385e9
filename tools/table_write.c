/* The values of rows in their three forms: table, CSV (RFC 4180), JSON (RFC 8259). */
#include <stdlib.h>
#include <string.h>

#include "../sensor/record.h"
#include "say.h"
#include "table_rows.h"

#define LIST_TEXT_MAX 512 /* bytes of a list that are shown in a table */

/* A field in quotes where RFC 4180 section 2 wants them. */
static void write_csv_text(FILE *to, const char *text)
{
	if (strpbrk(text, "\",\r\n") == NULL) {
		fputs(text, to);
		return;
	}
	putc('"', to);
	for (; *text != '\0'; text++) {
		if (*text == '"')
			putc('"', to);
		putc(*text, to);
	}
	putc('"', to);
}

static void begin_csv(struct table *t)
{
	if (t->not_first)
		putc(',', t->to);
	t->not_first = true;
}

void table_write_csv_header(struct table *t)
{
	for (size_t i = 0; i < t->column_count; i++) {
		if (t->columns[i].name == NULL)
			continue;
		begin_csv(t);
		write_csv_text(t->to, t->columns[i].name);
	}
	fputs("\r\n", t->to);
	t->not_first = false;
}

/* Whole labels that two dotted names have in common, in bytes. */
static size_t shared_labels(const char *a, const char *b)
{
	size_t shared = 0;

	for (size_t i = 0; a[i] != '\0' && a[i] == b[i]; i++)
		if (a[i] == '.')
			shared = i + 1;
	return shared;
}

static void close_objects(FILE *to, const char *name)
{
	for (; *name != '\0'; name++)
		if (*name == '.')
			putc('}', to);
}

/* The name of the next value, inside the objects that its labels name. */
static void begin_json(struct table *t, const char *name)
{
	size_t shared = t->last_name == NULL ? 0 : shared_labels(t->last_name, name);
	const char *label = name + shared, *dot;

	if (t->last_name == NULL) {
		putc('{', t->to);
	} else {
		close_objects(t->to, t->last_name + shared);
		putc(',', t->to);
	}
	for (; (dot = strchr(label, '.')) != NULL; label = dot + 1)
		fprintf(t->to, "\"%.*s\":{", (int)(dot - label), label);
	fprintf(t->to, "\"%s\":", label);
	t->last_name = name;
}

/* Begins the next value in CSV or JSON; false where it is not to be written at all. */
static bool begin_value(struct table *t, bool present)
{
	const struct column *column = &t->columns[t->at++];

	if (column->name == NULL)
		return false;
	if (t->format == OUTPUT_CSV)
		begin_csv(t);
	else if (present)
		begin_json(t, column->name);
	return present;
}

void table_text(struct table *t, const char *text, enum style style)
{
	bool present = text != NULL && text[0] != '\0';

	if (t->format == OUTPUT_TABLE) {
		table_put(t, text, style);
	} else if (begin_value(t, present)) {
		if (t->format == OUTPUT_JSON) {
			json_write_string(t->to, text);
			return;
		}
		if (strchr("=+-@\t\r", text[0]) !=
		    NULL) /* a spreadsheet would take it for a formula */
			putc('\'', t->to);
		write_csv_text(t->to, text);
	}
}

void table_number(struct table *t, uint64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
	if (t->format == OUTPUT_TABLE)
		table_put(t, text, STYLE_PLAIN);
	else if (begin_value(t, true))
		fputs(text, t->to);
}

void table_percent(struct table *t, uint64_t ppm, enum style style)
{
	char text[32];

	snprintf(
	    text, sizeof(text), "%.2f%s", (double)ppm / 1e4, t->format == OUTPUT_TABLE ? " %" : "");
	if (t->format == OUTPUT_TABLE)
		table_put(t, text, style);
	else if (begin_value(t, true))
		fputs(text, t->to);
}

void table_boolean(struct table *t, bool yes)
{
	const char *word = yes ? "true" : "false";

	if (t->format == OUTPUT_TABLE)
		table_put(t, yes ? "yes" : "no", STYLE_PLAIN);
	else if (begin_value(t, true))
		fputs(word, t->to);
}

void table_time(struct table *t, uint64_t ms)
{
	char text[MOMENT_TEXT_MAX];

	if (t->format == OUTPUT_TABLE)
		table_put(t, ms == 0 ? NULL : moment_text(ms, text), STYLE_PLAIN);
	else if (begin_value(t, ms != 0))
		fprintf(
		    t->to, t->format == OUTPUT_JSON ? "\"%s\"" : "%s", moment_rfc3339(ms, text));
}

static void write_json_counts(FILE *to, const struct counts *c, enum count_kind kind)
{
	const struct count *count = NULL;
	bool first = true;

	putc('{', to);
	while ((count = counts_next(c, kind, count)) != NULL) {
		fputs(first ? "" : ",", to);
		json_write_string(to, count->name);
		fprintf(to, ":%llu", (unsigned long long)count->sessions);
		first = false;
	}
	putc('}', to);
}

static void write_csv_counts(FILE *to, const struct counts *c, enum count_kind kind)
{
	const struct count *count = NULL;
	bool first = true;

	while ((count = counts_next(c, kind, count)) != NULL) {
		fputs(first ? "" : ";", to);
		for (const char *letter = count->name; *letter != '\0';
		     letter++) /* the list stands in no quotes */
			putc(strchr("\",;=\r\n", *letter) != NULL ? '?' : *letter, to);
		fprintf(to, "=%llu", (unsigned long long)count->sessions);
		first = false;
	}
}

void table_counts(struct table *t, const struct counts *c, enum count_kind kind, const char *text,
    enum style style)
{
	if (t->format == OUTPUT_TABLE)
		table_put(t, text, style);
	else if (!begin_value(t, counts_next(c, kind, NULL) != NULL))
		return;
	else if (t->format == OUTPUT_JSON)
		write_json_counts(t->to, c, kind);
	else
		write_csv_counts(t->to, c, kind);
}

static void write_json_list(FILE *to, const char *const *texts, size_t count)
{
	putc('[', to);
	for (size_t i = 0; i < count; i++) {
		fputs(i == 0 ? "" : ",", to);
		json_write_string(to, texts[i]);
	}
	putc(']', to);
}

void table_list(struct table *t, const char *const *texts, size_t count)
{
	char joined[LIST_TEXT_MAX] = "";
	size_t used = 0;

	for (size_t i = 0; i < count && used < sizeof(joined); i++)
		used += (size_t)snprintf(joined + used, sizeof(joined) - used, "%s%s",
		    i == 0		      ? ""
		    : t->format == OUTPUT_CSV ? ";"
					      : ", ",
		    texts[i]);
	if (t->format == OUTPUT_TABLE)
		table_put(t, joined, STYLE_PLAIN);
	else if (begin_value(t, count > 0)) {
		if (t->format == OUTPUT_JSON)
			write_json_list(t->to, texts, count);
		else
			write_csv_text(t->to, joined);
	}
}

void table_json(struct table *t, const char *json, const char *text)
{
	if (t->format != OUTPUT_JSON)
		table_text(t, text, STYLE_PLAIN);
	else if (begin_value(t, json != NULL))
		fputs(json, t->to);
}

void table_end_row(struct table *t)
{
	t->at = 0;
	if (t->format == OUTPUT_CSV) {
		fputs("\r\n", t->to);
		t->not_first = false;
	} else if (t->format == OUTPUT_JSON) {
		if (t->last_name == NULL)
			putc('{', t->to);
		else
			close_objects(t->to, t->last_name);
		fputs("}\n", t->to);
		t->last_name = NULL;
	}
}
