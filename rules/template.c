/* Texts with {field}s: read at load, written for an alert. */
#include "template.h"

#include <string.h>

#include "evaluate.h"
#include "spelling.h"

struct reading {
	struct compiler *compiler;
	const struct rules_text *text;
	struct rules_template_part parts[RULES_PARTS_MAX];
	size_t count;
	bool failed;
};

static void complain(struct reading *r, size_t at, const char *format, const char *what,
    const char *best) __attribute__((format(printf, 3, 0)));

static void complain(
    struct reading *r, size_t at, const char *format, const char *what, const char *best)
{
	struct rules_place place = rules_text_place(r->text, at);

	r->failed = true;
	rules_error(r->compiler->errors, &place, format, what, best);
}

static void add_part(struct reading *r, size_t at, struct rules_template_part part)
{
	if (r->count == RULES_PARTS_MAX)
		complain(r, at, "too many fields in one text%s%s; make it shorter", "", "");
	else
		r->parts[r->count++] = part;
}

static void add_field(struct reading *r, size_t at, const char *name)
{
	struct spelling s = spelling_of(name);
	uint16_t slot;

	if (rules_field_find(name, &slot)) {
		compiler_asks(r->compiler, slot);
		add_part(r, at, (struct rules_template_part){.slot = slot});
		return;
	}
	for (size_t i = 0; i < rules_field_count(); i++)
		spelling_try(&s, rules_field(i)->name);
	if (s.best != NULL)
		complain(r, at, "%s is no field; did you mean %s?", name, s.best);
	else
		complain(r, at, "%s is no field; tlsvane rules fields lists them%s", name, "");
}

/* "{name}" at `from`; returns where it goes on. */
static const char *read_field(struct reading *r, const char *from)
{
	size_t at = (size_t)(from - r->text->text);
	const char *end = strchr(from, '}');

	if (end == NULL || end == from + 1) {
		complain(r, at, "a { without its field; write {server.ip}, or {{ for the brace%s%s",
		    "", "");
		return from + strlen(from);
	}
	add_field(r, at + 1, arena_text(r->compiler->arena, from + 1, (size_t)(end - from) - 1));
	return end + 1;
}

/* What stands before the next field; returns where it goes on. */
static const char *read_plain(struct reading *r, const char *from)
{
	char *plain = arena_get(r->compiler->arena, strlen(from) + 1), *to = plain;
	const char *begin = from;

	for (; *from != '\0' && (*from != '{' || from[1] == '{'); from++) {
		if ((*from == '{' || *from == '}') && from[1] == *from)
			from++;
		*to++ = *from;
	}
	add_part(r, (size_t)(begin - r->text->text), (struct rules_template_part){.text = plain});
	return from;
}

static bool finish(struct reading *r, struct rules_template *t)
{
	struct rules_template_part *parts =
	    arena_get(r->compiler->arena, (r->count + 1) * sizeof(*parts));

	memcpy(parts, r->parts, r->count * sizeof(*parts));
	t->parts = parts;
	t->count = r->count;
	t->source = arena_text(r->compiler->arena, r->text->text, r->text->length);
	return !r->failed;
}

bool template_read(struct compiler *c, const struct rules_text *text, struct rules_template *t)
{
	struct reading r = {.compiler = c, .text = text};
	const char *from = text->text;

	if (text->length > RULES_EXPRESSION_MAX) {
		complain(&r, 0, "too long a text%s%s; make it shorter", "", "");
		return false;
	}
	while (*from != '\0' && !r.failed)
		from =
		    from[0] == '{' && from[1] != '{' ? read_field(&r, from) : read_plain(&r, from);
	return finish(&r, t);
}

bool template_read_field(
    struct compiler *c, const struct rules_text *text, struct rules_template *t)
{
	struct reading r = {.compiler = c, .text = text};

	add_field(&r, 0, text->text);
	return finish(&r, t);
}

/* ---- Written ---- */

struct writing {
	char *text;
	size_t size, length; /* length: as if size were no limit */
};

static void put(struct writing *w, const char *text)
{
	size_t length = strlen(text);

	if (w->size > 0 && w->length < w->size - 1) {
		size_t room = w->size - 1 - w->length, taken = length < room ? length : room;

		if (taken < length)
			while (taken > 0 && ((unsigned char)text[taken] & 0xc0) == 0x80)
				taken--;
		memcpy(w->text + w->length, text, taken);
		w->text[w->length + taken] = '\0';
		if (taken < length)
			w->size = w->length + taken + 1; /* full: nothing behind a cut */
	}
	w->length += length;
}

static void put_template(
    struct writing *w, const struct rules_template *t, const struct rules_subject *s)
{
	char buffer[RULES_VALUE_TEXT_MAX], text[RULES_VALUE_TEXT_MAX];
	struct rules_value value;

	for (size_t i = 0; i < t->count; i++) {
		const struct rules_template_part *part = &t->parts[i];

		if (part->text != NULL)
			put(w, part->text);
		else if (rules_field_value(s, part->slot, &value, buffer) == RULES_TRUE)
			put(w, rules_value_format(rules_field(part->slot), &value, text));
		else
			put(w, "-");
	}
}

size_t rules_template_write(
    const struct rules_template *t, const struct rules_subject *s, char *text, size_t size)
{
	struct writing w = {text, size, 0};

	if (size > 0)
		text[0] = '\0';
	put_template(&w, t, s);
	return w.length;
}

size_t rules_key_write(
    const struct rule *rule, const struct rules_subject *s, char *text, size_t size)
{
	struct writing w = {text, size, 0};

	if (size > 0)
		text[0] = '\0';
	for (size_t i = 0; i < rule->key_count; i++) {
		if (i > 0)
			put(&w, " ");
		put_template(&w, &rule->key[i], s);
	}
	return w.length;
}
