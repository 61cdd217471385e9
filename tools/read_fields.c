/* Columns by the dotted names of the record's fields. */
#include "../rules/spelling.h"
#include "read_fields.h"

#include <stdlib.h>
#include <string.h>

#include "say.h"

static int say_unknown(const char *name)
{
	struct spelling near = spelling_of(name);

	for (size_t i = 0; i < record_field_count; i++)
		spelling_try(&near, record_fields[i].name);
	if (near.best != NULL)
		return say_error(
		    EXIT_USAGE, "--fields: no field %s; did you mean %s?", name, near.best);
	return say_error(EXIT_USAGE, "--fields: no field %s; tlsvane help fields lists them", name);
}

static void add(struct read_fields *f, const struct field *field)
{
	bool right = field->type == FIELD_NUMBER || field->type == FIELD_DURATION;
	bool text = field->type == FIELD_TEXT;

	f->fields[f->count] = field;
	f->columns[f->count++] = (struct column){
	    .name = field->name,
	    .heading = field->name,
	    .flags = right			   ? COLUMN_RIGHT
		     : field->type == FIELD_CIPHER ? COLUMN_WORDS
						   : 0,
	    .least = text ? 8 : 0,
	};
}

static int choose(struct read_fields *f, char *list)
{
	char *rest = list, *name;

	while ((name = strsep(&rest, ",")) != NULL) {
		const struct field *field = record_field(name);

		if (field == NULL)
			return say_unknown(name);
		add(f, field);
	}
	return 0;
}

static size_t commas(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += *text == ',';
	return n;
}

int read_fields_choose(struct read_fields *f, const char *names)
{
	size_t room = names == NULL ? record_field_count : commas(names) + 1;
	char *list = names == NULL ? NULL : strdup(names);
	int result = 0;

	*f = (struct read_fields){.fields = calloc(room, sizeof(*f->fields)),
	    .columns = calloc(room, sizeof(*f->columns))};
	if (f->fields == NULL || f->columns == NULL || (names != NULL && list == NULL))
		result = say_error(EXIT_FAILED, "out of memory");
	else if (names != NULL)
		result = choose(f, list);
	else
		for (size_t i = 0; i < record_field_count; i++)
			add(f, &record_fields[i]);
	free(list);
	if (result != 0)
		read_fields_free(f);
	return result;
}

void read_fields_free(struct read_fields *f)
{
	free(f->fields);
	free(f->columns);
	*f = (struct read_fields){0};
}

void read_fields_put(const struct read_fields *f, struct table *t, const struct record *r)
{
	struct field_value value;

	for (size_t i = 0; i < f->count; i++) {
		record_value(r, f->fields[i], &value);
		if (value.kind == VALUE_NUMBER)
			table_number(t, value.number);
		else if (value.kind == VALUE_BOOLEAN)
			table_boolean(t, value.number != 0);
		else
			table_text(t, value.kind == VALUE_TEXT ? value.text : NULL, STYLE_PLAIN);
	}
	table_end_row(t);
}
