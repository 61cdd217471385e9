/* What is wrong with a condition, and where. */
#include <stdarg.h>
#include <string.h>

#include "expression.h"

static const char *const signs[RELATIONS] = {
    "=", "!=", "<", "<=", ">", ">=", "in", "matches", "~", "under"};

const char *relation_sign(unsigned relation)
{
	return signs[relation];
}

void expression_say(struct compiler *c, const struct rules_text *text, size_t at,
    const char *format, va_list arguments)
{
	struct rules_place place;
	char what[512];

	if (rules_errors_full(c->errors))
		return;
	place = rules_text_place(text, at);
	vsnprintf(what, sizeof(what), format, arguments);
	rules_error(c->errors, &place, "%s", what);
}

void expression_error(struct compiler *c, const struct node *n, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	expression_say(c, n->text, n->at, format, arguments);
	va_end(arguments);
}

const char *expression_hint(struct compiler *c, const char *best)
{
	char hint[128];

	if (best == NULL)
		return "";
	snprintf(hint, sizeof(hint), "; did you mean %s?", best);
	return arena_text(c->arena, hint, strlen(hint));
}
