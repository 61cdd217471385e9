/* The words of an expression. */
#include "lexer.h"

#include <stdbool.h>
#include <string.h>

#include "node.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Longer ones first. */
static const struct sign {
	const char *text;
	uint8_t kind, relation;
	const char *error;
} signs[] = {
    {"==", TOKEN_BAD, 0, "== is not known; write ="},
    {"=~", TOKEN_BAD, 0, "=~ is not known; write ~"},
    {"!~", TOKEN_BAD, 0, "!~ is not known; write not FIELD ~ \"...\""},
    {"<>", TOKEN_BAD, 0, "<> is not known; write !="},
    {"&&", TOKEN_BAD, 0, "&& is not known; write and"},
    {"||", TOKEN_BAD, 0, "|| is not known; write or"},
    {"!=", TOKEN_RELATION, RELATION_UNEQUAL, NULL},
    {"<=", TOKEN_RELATION, RELATION_LESS_EQUAL, NULL},
    {">=", TOKEN_RELATION, RELATION_MORE_EQUAL, NULL},
    {"=", TOKEN_RELATION, RELATION_EQUAL, NULL},
    {"<", TOKEN_RELATION, RELATION_LESS, NULL},
    {">", TOKEN_RELATION, RELATION_MORE, NULL},
    {"~", TOKEN_RELATION, RELATION_REGEX, NULL},
    {"(", TOKEN_OPEN, 0, NULL},
    {")", TOKEN_CLOSE, 0, NULL},
    {"[", TOKEN_LIST_OPEN, 0, NULL},
    {"]", TOKEN_LIST_CLOSE, 0, NULL},
    {",", TOKEN_COMMA, 0, NULL},
    {"+", TOKEN_PLUS, 0, NULL},
    {"-", TOKEN_MINUS, 0, NULL},
    {"!", TOKEN_BAD, 0, "! is not known; write not"},
};

static bool is_word_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("_.:/*?@-", c) != NULL);
}

static struct token read_quoted(struct lexer *l)
{
	char quote = l->text[l->at];
	struct token t = {.kind = TOKEN_QUOTED, .at = l->at, .from = l->text + l->at + 1};

	for (l->at++; l->at < l->length && l->text[l->at] != quote; l->at++)
		if (quote == '"' && l->text[l->at] == '\\' && l->at + 1 < l->length &&
		    (l->text[l->at + 1] == '"' || l->text[l->at + 1] == '\\'))
			l->at++;
	if (l->at >= l->length) {
		t.kind = TOKEN_BAD;
		t.error = "the quoted text does not end; close its quote";
		return t;
	}
	t.length = (size_t)(l->text + l->at - t.from);
	l->at++;
	return t;
}

/* The + of a time's zone, as in 2026-03-01T08:15:30+01:00, belongs to the word. */
static bool is_zone(const struct token *t, const struct lexer *l)
{
	size_t length = l->at - t->at;

	return l->text[l->at] == '+' && length == strlen("2026-03-01T08:15:30") &&
	       t->from[10] == 'T';
}

static struct token read_word(struct lexer *l)
{
	struct token t = {.kind = TOKEN_WORD, .at = l->at, .from = l->text + l->at};

	while (l->at < l->length && (is_word_byte(l->text[l->at]) || is_zone(&t, l)))
		l->at++;
	t.length = l->at - t.at;
	return t;
}

static struct token read_sign(struct lexer *l)
{
	struct token t = {.kind = TOKEN_BAD,
	    .at = l->at,
	    .from = l->text + l->at,
	    .length = 1,
	    .error = "a sign that is not known; quote text that holds it"};

	for (size_t i = 0; i < COUNT(signs); i++) {
		size_t length = strlen(signs[i].text);

		if (l->length - l->at < length || memcmp(t.from, signs[i].text, length) != 0)
			continue;
		t.kind = signs[i].kind;
		t.relation = signs[i].relation;
		t.error = signs[i].error;
		t.length = length;
		break;
	}
	l->at += t.length;
	return t;
}

struct token lexer_next(struct lexer *l)
{
	while (l->at < l->length && strchr(" \t\r\n", l->text[l->at]) != NULL &&
	       l->text[l->at] != '\0')
		l->at++;
	if (l->at == l->length)
		return (struct token){.kind = TOKEN_END, .at = l->at, .from = l->text + l->at};
	if (l->text[l->at] == '"' || l->text[l->at] == '\'')
		return read_quoted(l);
	if (is_word_byte(l->text[l->at]) && l->text[l->at] != '-')
		return read_word(l);
	return read_sign(l);
}
