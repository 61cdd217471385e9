/* The parser of conditions: recursive descent, bounded in depth and nodes; one error a condition.
 */
#include "expression.h"

#include <stdarg.h>
#include <string.h>
#include <strings.h>

#include "lexer.h"
#include "spelling.h"

#define NODES_OF_SET                                                                               \
	2000000 /* of all conditions with their macros: a macro of macros must not eat the memory  \
		 */

struct parser {
	struct compiler *compiler;
	const struct rules_text *text;
	struct lexer lexer;
	struct token token; /* the next one */
	unsigned depth;
	bool values; /* a word is a value here, not a macro: right of a relation */
	bool failed; /* and has said so */
};

static struct node *parse_or(struct parser *p);

const char *const expression_keywords[] = {
    "and", "or", "not", "in", "matches", "under", "exists", "registrable", NULL};

/* ---- Errors ---- */

/* The first error ends the condition: what comes behind it would only be noise. */
static struct node *fail(struct parser *p, size_t at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static struct node *fail(struct parser *p, size_t at, const char *format, ...)
{
	va_list arguments;

	if (!p->failed) {
		va_start(arguments, format);
		expression_say(p->compiler, p->text, at, format, arguments);
		va_end(arguments);
	}
	p->failed = true;
	p->token = (struct token){.kind = TOKEN_END, .at = at};
	p->lexer.at = p->lexer.length;
	return NULL;
}

/* ---- Tokens ---- */

static void advance(struct parser *p)
{
	p->token = lexer_next(&p->lexer);
	if (p->token.kind == TOKEN_BAD)
		fail(p, p->token.at, "%s", p->token.error);
}

static bool is_word(const struct token *t, const char *word)
{
	return t->kind == TOKEN_WORD && t->length == strlen(word) &&
	       memcmp(t->from, word, t->length) == 0;
}

static bool is_keyword(const struct token *t)
{
	for (size_t i = 0; expression_keywords[i] != NULL; i++)
		if (is_word(t, expression_keywords[i]))
			return true;
	return false;
}

static bool is_shouted(const char *word)
{
	for (size_t i = 0; expression_keywords[i] != NULL; i++)
		if (strcasecmp(expression_keywords[i], word) == 0)
			return true;
	return false;
}

static bool accept_word(struct parser *p, const char *word)
{
	if (!is_word(&p->token, word))
		return false;
	advance(p);
	return true;
}

static bool accept(struct parser *p, enum token_kind kind)
{
	if (p->token.kind != kind)
		return false;
	advance(p);
	return true;
}

/* What stands where something else must. */
static struct node *unexpected(struct parser *p, const char *mend)
{
	const struct token *t = &p->token;
	struct spelling s = {.word = t->from, .length = t->length};

	if (t->kind == TOKEN_END)
		return fail(p, t->at, "the condition ends too early; %s", mend);
	if (t->kind == TOKEN_WORD && !is_keyword(t))
		for (size_t i = 0; expression_keywords[i] != NULL; i++)
			spelling_try(&s, expression_keywords[i]);
	if (s.best != NULL)
		return fail(p, t->at, "unexpected \"%.*s\"; did you mean %s?", (int)t->length,
		    t->from, s.best);
	return fail(p, t->at, "unexpected \"%.*s\"; %s", (int)t->length, t->from, mend);
}

static bool enter(struct parser *p)
{
	if (p->depth == RULES_DEPTH_MAX) {
		fail(p, p->token.at, "nested more than %d deep; split it into simpler rules",
		    RULES_DEPTH_MAX);
		return false;
	}
	p->depth++;
	return true;
}

static struct node *node_new(struct parser *p, enum node_kind kind, size_t at)
{
	struct compiler *c = p->compiler;
	struct node *n;

	if (++c->nodes > RULES_NODES_MAX || ++c->unfolded > NODES_OF_SET)
		return fail(p, at,
		    "too large with its macros unfolded; split it, or put its values into a list");
	n = arena_get(c->arena, sizeof(*n));
	n->kind = (uint8_t)kind;
	n->type = TYPE_NONE;
	n->text = p->text;
	n->at = at;
	return n;
}

static const char *word_of(struct parser *p, const struct token *t)
{
	char *word = arena_text(p->compiler->arena, t->from, t->length), *to = word;

	if (t->kind != TOKEN_QUOTED || t->from[-1] != '"')
		return word;
	for (const char *from = word; *from != '\0'; from++) {
		if (from[0] == '\\' && (from[1] == '"' || from[1] == '\\'))
			from++;
		*to++ = *from;
	}
	*to = '\0';
	return word;
}

/* ---- Terms ---- */

/* All of a text. */
static struct node *parse_whole(struct parser *p)
{
	struct node *n;

	advance(p);
	n = parse_or(p);
	if (!p->failed && p->token.kind != TOKEN_END)
		unexpected(p, "join clauses by and, or");
	return p->failed ? NULL : n;
}

static struct node *parse_macro(struct parser *p, struct definition *macro, size_t at)
{
	struct parser inner = {
	    .compiler = p->compiler, .text = &macro->text, .depth = p->depth + 1};
	struct node *n;

	if (macro->open)
		return fail(p, at, "macro %s comes back to itself; break the circle", macro->name);
	if (!enter(p))
		return NULL;
	inner.lexer = (struct lexer){macro->text.text, macro->text.length, 0};
	macro->open = macro->used = true;
	n = parse_whole(&inner);
	macro->open = false;
	p->depth--;
	if (n == NULL) {
		p->failed = true; /* the macro has said why */
		fail(p, at, "%s", "");
	}
	return n;
}

static struct node *constant(struct parser *p, size_t at, bool value)
{
	struct node *n = node_new(p, NODE_CONSTANT, at);

	if (n == NULL)
		return NULL;
	n->number = value;
	n->word = value ? "true" : "false";
	return n;
}

static struct node *word_node(struct parser *p, enum node_kind kind, size_t at, const char *word)
{
	struct node *n = node_new(p, kind, at);

	if (n != NULL)
		n->word = word;
	return n;
}

/* A word is a field, a macro, or, until it is known what it is compared with, just a word. */
static struct node *parse_word(struct parser *p)
{
	struct token t = p->token;
	const char *word = word_of(p, &t);
	struct definition *macro = names_find(&p->compiler->definitions[COMPILER_MACROS], word);
	struct node *n;
	uint16_t slot;

	if (is_keyword(&t))
		return unexpected(p, "a field or a value is missing before it");
	if (is_shouted(word))
		return fail(p, t.at, "%s is not known; write it in small letters", word);
	advance(p);
	if (strcmp(word, "true") == 0 || strcmp(word, "false") == 0)
		return constant(p, t.at, word[0] == 't');
	if (rules_field_find(word, &slot)) {
		n = word_node(p, NODE_FIELD, t.at, word);
		if (n != NULL)
			n->slot = slot;
		return n;
	}
	if (macro != NULL && !p->values)
		return parse_macro(p, macro, t.at);
	if (word[0] == '@')
		return word_node(p, NODE_REFERENCE, t.at, word + 1);
	return word_node(p, NODE_WORD, t.at, word);
}

static struct node *parse_group(struct parser *p)
{
	size_t at = p->token.at;
	bool values = p->values;
	struct node *n;

	if (!enter(p))
		return NULL;
	advance(p);
	p->values = false;
	n = parse_or(p);
	p->values = values;
	p->depth--;
	if (!p->failed && !accept(p, TOKEN_CLOSE))
		return p->token.kind == TOKEN_END
			   ? fail(p, at, "this ( is not closed; add )")
			   : unexpected(p, "join clauses by and, or; or close the ( before it");
	return n;
}

static struct node *parse_sum(struct parser *p);

static struct node *parse_registrable(struct parser *p)
{
	struct node *n = node_new(p, NODE_REGISTRABLE, p->token.at);

	advance(p);
	if (n == NULL || p->token.kind != TOKEN_OPEN)
		return n == NULL ? NULL : unexpected(p, "write registrable(FIELD)");
	if (!enter(p))
		return NULL;
	advance(p);
	n->left = parse_sum(p);
	p->depth--;
	if (!p->failed && !accept(p, TOKEN_CLOSE))
		return unexpected(p, "write registrable(FIELD)");
	return n;
}

static struct node *parse_term(struct parser *p)
{
	struct token t = p->token;

	switch (t.kind) {
	case TOKEN_OPEN:
		return parse_group(p);
	case TOKEN_QUOTED:
		advance(p);
		return word_node(p, NODE_QUOTED, t.at, word_of(p, &t));
	case TOKEN_WORD:
		return is_word(&t, "registrable") ? parse_registrable(p) : parse_word(p);
	default:
		return unexpected(p, "a field or a value is missing");
	}
}

/* Left to right; each step is one deeper, as it is evaluated. */
static struct node *parse_sum(struct parser *p)
{
	struct node *left = parse_term(p);
	unsigned depth = p->depth;

	while (!p->failed && (p->token.kind == TOKEN_PLUS || p->token.kind == TOKEN_MINUS) &&
	       enter(p)) {
		struct node *n = node_new(
		    p, p->token.kind == TOKEN_PLUS ? NODE_ADD : NODE_SUBTRACT, p->token.at);

		advance(p);
		if (n == NULL)
			return NULL;
		n->left = left;
		n->right = parse_term(p);
		left = n;
	}
	p->depth = depth;
	return left;
}

/* ---- Clauses ---- */

static struct node *parse_list(struct parser *p)
{
	size_t at = p->token.at;
	struct node *list = node_new(p, NODE_LIST, at), **tail;

	advance(p);
	if (list == NULL)
		return NULL;
	tail = &list->left;
	while (!p->failed && p->token.kind != TOKEN_LIST_CLOSE) {
		if (p->token.kind != TOKEN_WORD && p->token.kind != TOKEN_QUOTED)
			return p->token.kind == TOKEN_END
				   ? fail(p, at, "this [ is not closed; add ]")
				   : unexpected(p, "a list is [A, B, C]");
		*tail = parse_term(p);
		if (*tail == NULL)
			return NULL;
		tail = &(*tail)->next;
		if (!accept(p, TOKEN_COMMA) && p->token.kind != TOKEN_LIST_CLOSE)
			return p->token.kind == TOKEN_END
				   ? fail(p, at, "this [ is not closed; add ]")
				   : unexpected(p, "separate the items by commas");
	}
	accept(p, TOKEN_LIST_CLOSE);
	return list;
}

/* The relation that comes next, RELATIONS where there is none. */
static enum relation accept_relation(struct parser *p)
{
	enum relation r = RELATIONS;

	if (p->token.kind == TOKEN_RELATION)
		r = p->token.relation;
	else if (is_word(&p->token, "in"))
		r = RELATION_IN;
	else if (is_word(&p->token, "matches"))
		r = RELATION_MATCHES;
	else if (is_word(&p->token, "under"))
		r = RELATION_UNDER;
	if (r != RELATIONS)
		advance(p);
	return r;
}

/* What stands before a not's own clause; the clause itself where there is none. */
static struct node *negate(struct parser *p, struct node *n, size_t at, bool wanted)
{
	struct node *not = wanted && n != NULL ? node_new(p, NODE_NOT, at) : NULL;

	if (not == NULL)
		return n;
	not ->left = n;
	return not ;
}

/* Behind a clause without a relation: a word there was meant as one. */
static struct node *check_end(struct parser *p, struct node *left)
{
	bool word = p->token.kind == TOKEN_QUOTED ||
		    (p->token.kind == TOKEN_WORD && !is_keyword(&p->token));

	if (left == NULL || !word || (left->kind != NODE_FIELD && left->kind != NODE_WORD))
		return left;
	return unexpected(p, "compare by =, <, >, in, matches, ~, under; join clauses by and, or");
}

static struct node *parse_relation(struct parser *p)
{
	struct node *left = parse_sum(p), *n;
	size_t at = p->token.at;
	bool negated = !p->failed && accept_word(p, "not");
	enum relation relation = p->failed ? RELATIONS : accept_relation(p);

	if (p->failed)
		return left;
	if (relation == RELATIONS && !negated)
		return check_end(p, left);
	if (relation == RELATIONS || (negated && relation < RELATION_IN))
		return unexpected(p, "not stands before a clause, or before in, matches, under, ~");
	n = node_new(p, NODE_RELATION, at);
	if (n == NULL)
		return NULL;
	n->relation = (uint8_t)relation;
	n->left = left;
	p->values = true;
	n->right = p->token.kind == TOKEN_LIST_OPEN ? parse_list(p) : parse_sum(p);
	p->values = false;
	if (!p->failed && p->token.kind == TOKEN_RELATION)
		return fail(p, p->token.at, "a chain of comparisons; write A < B and B < C");
	return negate(p, n, at, negated);
}

static struct node *parse_exists(struct parser *p, size_t at)
{
	struct node *n = node_new(p, NODE_EXISTS, at);

	if (n == NULL)
		return NULL;
	n->left = parse_term(p);
	if (n->left == NULL || n->left->kind == NODE_FIELD)
		return n;
	if (n->left->kind == NODE_WORD)
		return n; /* a field that is misspelt: the check says so */
	return fail(p, n->left->at, "exists asks for a field; write exists FIELD");
}

static struct node *parse_not(struct parser *p)
{
	size_t at = p->token.at;
	struct node *n;

	if (p->failed)
		return NULL;
	if (accept_word(p, "exists"))
		return parse_exists(p, at);
	if (!accept_word(p, "not"))
		return parse_relation(p);
	if (!enter(p))
		return NULL;
	n = parse_not(p);
	p->depth--;
	return negate(p, n, at, true);
}

/* Clauses joined by one word: one node with all of them. */
static struct node *parse_joined(struct parser *p, enum node_kind kind, const char *word,
    struct node *(*parse)(struct parser *p))
{
	struct node *last = parse(p), *joined;

	if (p->failed || !is_word(&p->token, word))
		return last;
	joined = node_new(p, kind, p->token.at);
	if (joined == NULL)
		return NULL;
	joined->left = last;
	while (!p->failed && accept_word(p, word)) {
		last->next = parse(p);
		if (last->next == NULL)
			return NULL;
		last = last->next;
	}
	return joined;
}

static struct node *parse_and(struct parser *p)
{
	return parse_joined(p, NODE_AND, "and", parse_not);
}

static struct node *parse_or(struct parser *p)
{
	return parse_joined(p, NODE_OR, "or", parse_and);
}

struct node *expression_parse(struct compiler *c, const struct rules_text *text)
{
	struct parser p = {.compiler = c, .text = text, .lexer = {text->text, text->length, 0}};

	if (text->length > RULES_EXPRESSION_MAX)
		return fail(&p, 0, "longer than %d bytes; put its values into a list",
		    RULES_EXPRESSION_MAX);
	c->nodes = 0;
	return parse_whole(&p);
}
