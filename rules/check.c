/*
 * The type check of conditions, and their compilation: comparisons with constants become numbers or
 * matchers. Every clause is checked, so that all errors of a condition are told.
 */
#include "expression.h"

#include <stdarg.h>
#include <string.h>

#include "literal.h"
#include "spelling.h"

static bool check_condition(struct compiler *c, struct node *n);
static bool check_operand(struct compiler *c, struct node *n);

void compiler_asks(struct compiler *c, uint16_t slot)
{
	c->slots[slot / 64] |= UINT64_C(1) << (slot % 64);
}

/* "a version", "an address": for errors. */
static const char *a_type(struct compiler *c, unsigned type)
{
	char text[32];

	snprintf(
	    text, sizeof(text), "%s %s", type == RULES_ADDRESS ? "an" : "a", rules_type_name(type));
	return arena_text(c->arena, text, strlen(text));
}

static bool complain(struct compiler *c, const struct node *n, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool complain(struct compiler *c, const struct node *n, const char *format, ...)
{
	va_list arguments;
	char what[512];

	va_start(arguments, format);
	vsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	expression_error(c, n, "%s", what);
	return false;
}

/* ---- Words that should have been a name ---- */

static void try_fields(struct spelling *s)
{
	for (size_t i = 0; i < rules_field_count(); i++)
		spelling_try(s, rules_field(i)->name);
}

/* "version" for tls.version. */
static const char *by_last_part(const char *word)
{
	for (size_t i = 0; i < rules_field_count(); i++) {
		const char *name = rules_field(i)->name, *dot = strrchr(name, '.');

		if (dot != NULL && strcmp(dot + 1, word) == 0)
			return name;
	}
	return NULL;
}

static bool unknown_name(struct compiler *c, const struct node *n, bool macros)
{
	struct spelling s = spelling_of(n->word);
	const struct names *names = &c->definitions[COMPILER_MACROS];

	try_fields(&s);
	for (size_t i = 0; macros && i < names->room; i++)
		if (names->rows[i].text != NULL)
			spelling_try(&s, names->rows[i].text);
	if (n->kind == NODE_REFERENCE)
		return complain(c, n, "@%s is a list; write FIELD in @%s", n->word, n->word);
	if (n->kind == NODE_QUOTED)
		return complain(c, n, "\"%s\" stands where a field must; write FIELD = \"%s\"",
		    n->word, n->word);
	if (by_last_part(n->word) != NULL)
		s.best = by_last_part(n->word);
	if (s.best != NULL)
		return complain(c, n, "%s is no %s; did you mean %s?", n->word,
		    macros ? "field or macro" : "field", s.best);
	return complain(c, n, "%s is no %s; tlsvane rules fields lists them", n->word,
	    macros ? "field or macro" : "field");
}

/* "tls.verson" begins as fields do: whoever means text quotes it. */
static bool looks_like_field(const struct node *n)
{
	const char *dot = strchr(n->word, '.');
	size_t length = dot == NULL ? 0 : (size_t)(dot - n->word) + 1;

	if (n->kind != NODE_WORD || length == 0 || strpbrk(n->word, "*?/:") != NULL)
		return false;
	for (size_t i = 0; i < rules_field_count(); i++)
		if (strncmp(rules_field(i)->name, n->word, length) == 0)
			return true;
	return false;
}

/* ---- Operands ---- */

static bool is_literal(const struct node *n)
{
	return n->kind == NODE_WORD || n->kind == NODE_QUOTED || n->kind == NODE_CONSTANT;
}

static const struct rules_field *field_of(const struct node *n)
{
	return n->kind == NODE_FIELD ? rules_field(n->slot) : NULL;
}

static const char *near_word(struct compiler *c, const char *word, const struct rules_field *f)
{
	struct spelling s = spelling_of(word);

	for (size_t i = 0; f->type == RULES_WORD && i < f->word_count; i++)
		if (f->words[i] != NULL)
			spelling_try(&s, f->words[i]);
	if (f->type == RULES_CODE)
		for (size_t i = 0; i < codes_of(f)->count; i++)
			spelling_try(&s, codes_of(f)->rows[i].name);
	return s.best == NULL ? NULL : expression_hint(c, s.best);
}

static bool complain_literal(struct compiler *c, const struct node *n, unsigned type,
    const struct rules_field *f, const char *mend)
{
	const char *hint = f == NULL ? NULL : near_word(c, n->word, f);

	if (hint == NULL)
		hint = f == NULL || (type != RULES_WORD && type != RULES_CODE)
			   ? NULL
			   : "; tlsvane rules fields shows what it can be";
	return complain(c, n, "\"%s\" is no %s%s%s", n->word,
	    f != NULL && (type == RULES_WORD || type == RULES_CODE) ? f->name
								    : rules_type_name(type),
	    hint == NULL ? "; " : hint, hint == NULL ? mend : "");
}

/* Makes a word a constant of the type. */
static bool convert(struct compiler *c, struct node *n, unsigned type, const struct rules_field *f)
{
	struct rules_value *value = arena_get(c->arena, sizeof(*value));
	const char *mend = literal_read(n->word, type, f, value);

	if (looks_like_field(n))
		return unknown_name(c, n, false);
	if (mend != NULL)
		return complain_literal(c, n, type, f, mend);
	n->kind = NODE_VALUE;
	n->type = (uint8_t)type;
	n->value = value;
	n->number = value->number;
	return true;
}

static bool check_registrable(struct compiler *c, struct node *n)
{
	if (!check_operand(c, n->left))
		return false;
	if (n->left->type != RULES_HOST)
		return complain(c, n, "registrable() wants a host name; smtp.helo is one");
	n->type = RULES_HOST;
	return true;
}

static bool can_be_summed(unsigned type)
{
	return type == RULES_TIME || type == RULES_DURATION || type == RULES_NUMBER;
}

/* The type that a word next to a value of `other` has in a sum. */
static bool convert_in_sum(
    struct compiler *c, struct node *n, const struct node *word_node, unsigned other)
{
	struct node *word = n->left == word_node ? n->left : n->right;
	struct rules_value value;
	unsigned type = other;

	if (!can_be_summed(other)) {
		word->type = (uint8_t)other; /* for the message */
		return true;
	}
	if (other == RULES_TIME &&
	    (n->kind == NODE_ADD || literal_read(word->word, RULES_DURATION, NULL, &value) == NULL))
		type = RULES_DURATION;
	return convert(c, word, type, NULL);
}

static bool sum_type(struct node *n)
{
	unsigned left = n->left->type, right = n->right->type;

	if (left == RULES_TIME && right == RULES_TIME && n->kind == NODE_SUBTRACT)
		n->type = RULES_DURATION;
	else if (left == right && (left == RULES_DURATION || left == RULES_NUMBER))
		n->type = (uint8_t)left;
	else if (left == RULES_TIME && right == RULES_DURATION)
		n->type = RULES_TIME;
	else
		return false;
	return true;
}

static bool check_sum(struct compiler *c, struct node *n)
{
	bool good = check_operand(c, n->left);

	good = check_operand(c, n->right) && good;
	if (!good)
		return false;
	if (n->left->type == TYPE_NONE && n->right->type == TYPE_NONE)
		return unknown_name(c, n->left, false);
	if (n->left->type == TYPE_NONE && !convert_in_sum(c, n, n->left, n->right->type))
		return false;
	if (n->right->type == TYPE_NONE && !convert_in_sum(c, n, n->right, n->left->type))
		return false;
	return sum_type(n) ||
	       complain(c, n,
		   "%s and %s cannot be %s; times, durations and numbers can, as in now - 30d",
		   a_type(c, n->left->type), a_type(c, n->right->type),
		   n->kind == NODE_ADD ? "added" : "subtracted");
}

/* Gives an operand its type; a word stays TYPE_NONE. */
static bool check_operand(struct compiler *c, struct node *n)
{
	switch (n->kind) {
	case NODE_FIELD:
		n->type = rules_field(n->slot)->type;
		compiler_asks(c, n->slot);
		return true;
	case NODE_WORD:
	case NODE_QUOTED:
	case NODE_CONSTANT:
		return true;
	case NODE_ADD:
	case NODE_SUBTRACT:
		return check_sum(c, n);
	case NODE_REGISTRABLE:
		return check_registrable(c, n);
	case NODE_REFERENCE:
		return complain(c, n, "@%s is a list; write FIELD in @%s", n->word, n->word);
	default:
		return complain(c, n,
		    "a condition where a value must be; compare fields with values, and join "
		    "clauses by and, or");
	}
}

/* ---- Relations ---- */

static bool is_ordered(unsigned type)
{
	return type == RULES_NUMBER || type == RULES_VERSION || type == RULES_TIME ||
	       type == RULES_DURATION;
}

static bool is_numeric(unsigned type)
{
	return is_ordered(type) || type == RULES_BOOLEAN;
}

static unsigned mirrored(unsigned relation)
{
	static const uint8_t mirror[] = {[RELATION_EQUAL] = RELATION_EQUAL,
	    [RELATION_UNEQUAL] = RELATION_UNEQUAL,
	    [RELATION_LESS] = RELATION_MORE,
	    [RELATION_LESS_EQUAL] = RELATION_MORE_EQUAL,
	    [RELATION_MORE] = RELATION_LESS,
	    [RELATION_MORE_EQUAL] = RELATION_LESS_EQUAL};

	return mirror[relation];
}

static bool check_order(struct compiler *c, struct node *n, unsigned type)
{
	if (type == RULES_VERSIONS)
		return complain(c, n->left, "%s is a set of versions; write 1.0 in %s",
		    n->left->word, n->left->word);
	if (type == RULES_LIST && !is_literal(n->right))
		return complain(
		    c, n, "%s is a list; write NAME in %s", n->left->word, n->left->word);
	if (n->relation > RELATION_UNEQUAL && !is_ordered(type))
		return complain(c, n, "%s has no order; compare it by = or in", a_type(c, type));
	return true;
}

/* Two operands that are not constant. */
static bool check_both(struct compiler *c, struct node *n)
{
	const struct rules_field *left = field_of(n->left), *right = field_of(n->right);
	unsigned a = n->left->type, b = n->right->type;
	bool texts = (a == RULES_HOST || a == RULES_TEXT) && (b == RULES_HOST || b == RULES_TEXT);

	if (a != b && !texts)
		return complain(c, n,
		    "%s cannot be compared with %s; both sides must be of one kind", a_type(c, a),
		    a_type(c, b));
	if ((a == RULES_WORD || a == RULES_CODE) &&
	    (left == NULL || right == NULL || left->words != right->words ||
		left->code_name != right->code_name))
		return complain(
		    c, n, "the two fields have different words; compare each with a word");
	n->kind = NODE_BOTH;
	return true;
}

static bool check_with_constant(struct compiler *c, struct node *n)
{
	unsigned type = n->left->type;

	if (is_numeric(type)) {
		if (!convert(c, n->right, type, field_of(n->left)))
			return false;
		n->kind = NODE_NUMBER;
		n->number = n->right->number;
		return true;
	}
	n->negated = n->relation == RELATION_UNEQUAL;
	n->matcher = matcher_build(c, n->left, RELATION_EQUAL, n->right);
	n->kind = NODE_MATCH;
	return n->matcher != NULL;
}

static bool check_comparison(struct compiler *c, struct node *n)
{
	bool good = check_operand(c, n->left);

	if (n->right->kind == NODE_LIST)
		return complain(c, n->right, "a list cannot be compared; write in [...]");
	good = check_operand(c, n->right) && good;
	if (!good)
		return false;
	if (is_literal(n->left) && !is_literal(n->right)) {
		struct node *swap = n->left;

		n->left = n->right;
		n->right = swap;
		n->relation = (uint8_t)mirrored(n->relation);
	}
	if (is_literal(n->left))
		return unknown_name(c, n->left, false);
	if (!check_order(c, n, n->left->type))
		return false;
	return is_literal(n->right) ? check_with_constant(c, n) : check_both(c, n);
}

/* NAME in LIST, where the list is a field. */
static bool check_holds_word(struct compiler *c, struct node *n)
{
	if (is_literal(n->left) && !convert(c, n->left, RULES_TEXT, NULL))
		return false;
	if (n->left->type != RULES_TEXT && n->left->type != RULES_HOST)
		return complain(
		    c, n->left, "%s holds texts; write NAME in %s", n->right->word, n->right->word);
	n->kind = NODE_HOLDS;
	return true;
}

/* VERSION in SET, where the set is a field. */
static bool check_holds(struct compiler *c, struct node *n)
{
	if (!check_operand(c, n->right) || !check_operand(c, n->left))
		return false;
	if (n->relation == RELATION_IN && n->right->type == RULES_LIST)
		return check_holds_word(c, n);
	if (n->relation != RELATION_IN || n->right->type != RULES_VERSIONS)
		return complain(c, n->right, "%s is %s, not a list; write = to compare two fields",
		    n->right->word, a_type(c, n->right->type));
	if (is_literal(n->left) && !convert(c, n->left, RULES_VERSION, NULL))
		return false;
	if (n->left->type != RULES_VERSION)
		return complain(c, n->left, "%s holds versions; write 1.0 in %s", n->right->word,
		    n->right->word);
	n->kind = NODE_HOLDS;
	return true;
}

static bool relation_suits(unsigned relation, unsigned type)
{
	bool text = type == RULES_TEXT || type == RULES_HOST || type == RULES_LIST;

	switch (relation) {
	case RELATION_IN:
		return type != RULES_BOOLEAN && type != RULES_VERSIONS;
	case RELATION_UNDER:
		return type == RULES_HOST || type == RULES_LIST;
	default:
		return text || type == RULES_WORD || type == RULES_CODE;
	}
}

static bool check_set(struct compiler *c, struct node *n)
{
	if (n->right->kind == NODE_FIELD)
		return check_holds(c, n);
	if (!check_operand(c, n->left))
		return false;
	if (is_literal(n->left))
		return unknown_name(c, n->left, false);
	if (!relation_suits(n->relation, n->left->type))
		return complain(c, n, "%s does not suit %s, %s; %s", relation_sign(n->relation),
		    n->left->word == NULL ? "this" : n->left->word, a_type(c, n->left->type),
		    n->relation == RELATION_UNDER ? "it is for host names"
						  : "compare it by =, <, >, in");
	n->matcher = matcher_build(c, n->left, n->relation, n->right);
	n->kind = NODE_MATCH;
	return n->matcher != NULL;
}

/* ---- Conditions ---- */

static bool check_children(struct compiler *c, struct node *first)
{
	bool good = true;

	for (struct node *n = first; n != NULL; n = n->next)
		good = check_condition(c, n) && good;
	return good;
}

static bool check_alone(struct compiler *c, struct node *n)
{
	struct node *field;

	if (!check_operand(c, n))
		return false;
	if (is_literal(n))
		return unknown_name(c, n, true);
	if (n->kind != NODE_FIELD)
		return complain(c, n, "%s is no condition; compare it", a_type(c, n->type));
	if (n->type != RULES_BOOLEAN)
		return complain(c, n, "%s is %s, no condition; compare it, or write exists %s",
		    n->word, a_type(c, n->type), n->word);
	field = arena_get(c->arena, sizeof(*field));
	*field = *n;
	field->next = NULL;
	n->kind = NODE_FLAG;
	n->left = field;
	return true;
}

static bool check_condition(struct compiler *c, struct node *n)
{
	switch (n->kind) {
	case NODE_AND:
	case NODE_OR:
	case NODE_NOT:
		return check_children(c, n->left);
	case NODE_CONSTANT:
		return true;
	case NODE_EXISTS:
		return n->left->kind == NODE_FIELD ? check_operand(c, n->left)
						   : unknown_name(c, n->left, false);
	case NODE_RELATION:
		return n->relation < RELATION_IN ? check_comparison(c, n) : check_set(c, n);
	default:
		return check_alone(c, n);
	}
}

bool expression_check(struct compiler *c, struct node *condition)
{
	return check_condition(c, condition);
}

struct condition *expression_compile(struct compiler *c, const struct rules_text *text)
{
	struct condition *condition = arena_get(c->arena, sizeof(*condition));
	struct node *root = expression_parse(c, text);

	if (root == NULL || !expression_check(c, root))
		return NULL;
	condition->root = root;
	condition->text = text;
	return condition;
}
