/* A rules file as YAML (libyaml's document of nodes with their marks). */
#include "source.h"

#include <stdlib.h>
#include <string.h>

#include "errors.h"

static struct rules_place place_of(const struct source *s, const yaml_mark_t *mark)
{
	return (struct rules_place){s->name, (unsigned)mark->line + 1, (unsigned)mark->column + 1};
}

struct rules_place source_place(const struct source *s, const yaml_node_t *node)
{
	return place_of(s, &node->start_mark);
}

static void say_problem(const struct source *s, const yaml_parser_t *p, struct rules_errors *errors)
{
	struct rules_place place = place_of(s, &p->problem_mark);
	const char *problem = p->problem == NULL ? "it cannot be read" : p->problem;

	if (p->error == YAML_READER_ERROR)
		place = (struct rules_place){s->name, 0, 0};
	rules_error(errors, &place, "not YAML: %s%s%s; mend the indentation or quote the text",
	    problem, p->context == NULL ? "" : " ", p->context == NULL ? "" : p->context);
}

static bool check_single(struct source *s, yaml_parser_t *p, struct rules_errors *errors)
{
	struct rules_place place = {s->name, 1, 1};
	yaml_document_t second;
	bool single;

	if (!yaml_parser_load(p, &second)) {
		say_problem(s, p, errors);
		return false;
	}
	single = yaml_document_get_root_node(&second) == NULL;
	if (!single) {
		place = place_of(s, &second.start_mark);
		rules_error(
		    errors, &place, "a second document; a rules file has one, leave the --- out");
	}
	yaml_document_delete(&second);
	return single;
}

/* A byte order mark is nobody's column. */
static void drop_byte_order_mark(struct source *s)
{
	if (s->size < 3 || memcmp(s->raw, "\xef\xbb\xbf", 3) != 0)
		return;
	s->size -= 3;
	memmove(s->raw, s->raw + 3, s->size);
}

bool source_load(struct source *s, struct rules_errors *errors)
{
	yaml_parser_t parser;
	bool good;

	if (!yaml_parser_initialize(&parser))
		return false;
	drop_byte_order_mark(s);
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)s->raw, s->size);
	good = s->loaded = yaml_parser_load(&parser, &s->document);
	if (!good)
		say_problem(s, &parser, errors);
	else
		good = check_single(s, &parser, errors);
	yaml_parser_delete(&parser);
	return good;
}

void source_close(struct source *s)
{
	if (s->loaded)
		yaml_document_delete(&s->document);
	free(s->raw);
	s->loaded = false;
	s->raw = NULL;
}

/* ---- Where a byte of a scalar stands ---- */

struct walk {
	const char *at, *end;
	unsigned line, column;
};

/* The bytes of a line break as libyaml counts them, 0 where there is none. */
static size_t line_break(const char *at, const char *end)
{
	size_t left = (size_t)(end - at);

	if (left > 1 && at[0] == '\r' && at[1] == '\n')
		return 2;
	if (left > 0 && (at[0] == '\r' || at[0] == '\n'))
		return 1;
	if (left > 1 && memcmp(at, "\xc2\x85", 2) == 0)
		return 2;
	return left > 2 &&
		       (memcmp(at, "\xe2\x80\xa8", 3) == 0 || memcmp(at, "\xe2\x80\xa9", 3) == 0)
		   ? 3
		   : 0;
}

static void step(struct walk *w)
{
	size_t length = line_break(w->at, w->end);

	if (length > 0) {
		w->at += length;
		w->line++;
		w->column = 1;
		return;
	}
	do
		w->at++;
	while (w->at < w->end && ((unsigned char)*w->at & 0xc0) == 0x80);
	w->column++;
}

static struct walk walk_to(const struct source *s, const yaml_mark_t *mark)
{
	struct walk w = {s->raw, s->raw + s->size, 1, 1};

	while (w.at < w.end && w.line <= mark->line)
		step(&w);
	while (w.at < w.end && w.column <= mark->column)
		step(&w);
	return w;
}

static bool is_blank(const char *at)
{
	return *at == ' ' || *at == '\t' || *at == '\n' || *at == '\r';
}

/* Past what opens the scalar: a quote, or the line of "|" or ">". */
static void skip_opening(struct walk *w, yaml_scalar_style_t style)
{
	if (style == YAML_SINGLE_QUOTED_SCALAR_STYLE || style == YAML_DOUBLE_QUOTED_SCALAR_STYLE)
		step(w);
	if (style != YAML_LITERAL_SCALAR_STYLE && style != YAML_FOLDED_SCALAR_STYLE)
		return;
	while (w->at < w->end && line_break(w->at, w->end) == 0)
		step(w);
}

static void skip_blanks(struct walk *w)
{
	while (w->at < w->end && (is_blank(w->at) || line_break(w->at, w->end) > 0))
		step(w);
}

/* A line that ends with "\\" between double quotes goes on with the next one. */
static void skip_continuation(struct walk *w, yaml_scalar_style_t style)
{
	while (style == YAML_DOUBLE_QUOTED_SCALAR_STYLE && w->end - w->at > 1 && *w->at == '\\' &&
	       line_break(w->at + 1, w->end) > 0) {
		step(w);
		skip_blanks(w);
	}
}

/* Bytes of the file that one escaped character takes beyond one. */
static size_t escape_extra(const struct walk *w, yaml_scalar_style_t style)
{
	if (w->end - w->at < 2)
		return 0;
	if (style == YAML_SINGLE_QUOTED_SCALAR_STYLE)
		return w->at[0] == '\'' && w->at[1] == '\'' ? 1 : 0;
	if (style != YAML_DOUBLE_QUOTED_SCALAR_STYLE || w->at[0] != '\\')
		return 0;
	return w->at[1] == 'x' ? 3 : w->at[1] == 'u' ? 5 : w->at[1] == 'U' ? 9 : 1;
}

static void step_character(struct walk *w, yaml_scalar_style_t style)
{
	for (size_t extra = escape_extra(w, style); extra > 0 && w->at < w->end; extra--)
		step(w);
	if (w->at < w->end)
		step(w);
}

/* Characters that are not blank stand in the file as in the text; blanks may be fewer or more. */
struct rules_place rules_text_place(const struct rules_text *t, size_t offset)
{
	yaml_scalar_style_t style = t->node->data.scalar.style;
	struct walk w = walk_to(t->source, &t->node->start_mark);
	const char *text = t->text, *end = text + (offset < t->length ? offset : t->length);

	skip_opening(&w, style);
	for (; w.at < w.end && text < end; text++) {
		skip_continuation(&w, style);
		if (is_blank(text)) {
			if (escape_extra(&w, style) > 0)
				step_character(&w, style);
			continue;
		}
		if (((unsigned char)*text & 0xc0) == 0x80)
			continue;
		skip_blanks(&w);
		if (w.at < w.end)
			step_character(&w, style);
	}
	skip_continuation(&w, style);
	if (offset < t->length && !is_blank(text))
		skip_blanks(&w);
	return (struct rules_place){t->source->name, w.line, w.column};
}
