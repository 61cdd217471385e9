/* The words of an expression. */
#ifndef TLSVANE_RULES_LEXER_H
#define TLSVANE_RULES_LEXER_H

#include <stddef.h>
#include <stdint.h>

enum token_kind {
	TOKEN_END,
	TOKEN_WORD,	/* name, number, address, version, glob without blanks */
	TOKEN_QUOTED,	/* without its quotes; "..." may hold \" and \\ */
	TOKEN_RELATION, /* number: enum relation */
	TOKEN_OPEN,	/* ( */
	TOKEN_CLOSE,
	TOKEN_LIST_OPEN, /* [ */
	TOKEN_LIST_CLOSE,
	TOKEN_COMMA,
	TOKEN_PLUS,
	TOKEN_MINUS,
	TOKEN_BAD, /* error says what and the mend */
};

struct token {
	uint8_t kind;
	uint8_t relation;
	size_t at;	  /* byte of the text where it begins */
	const char *from; /* borrowed from the text: the word, or what stands between the quotes */
	size_t length;
	const char *error;
};

struct lexer {
	const char *text;
	size_t length, at;
};

/* The next word; TOKEN_END for ever at the end. */
struct token lexer_next(struct lexer *l);

#endif
