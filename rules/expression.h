/*
 * The language of conditions:
 *
 *   or         = and { "or" and }
 *   and        = not { "and" not }
 *   not        = "not" not | relation
 *   relation   = "exists" FIELD | sum [ ("=" | "!=" | "<" | "<=" | ">" | ">=") sum
 *              | ["not"] ("in" | "matches" | "under") (sum | list | @NAME) | ["not"] "~" "..." ]
 *   sum        = term { ("+" | "-") term }
 *   term       = FIELD | MACRO | true | false | WORD | "..." | '...' | "registrable" "(" sum ")" |
 * "(" or ")" list       = "[" [ item { "," item } ] "]"
 *
 * expression_parse() makes a tree of it, with macros unfolded; check.c gives it types and compiles
 * its right sides.
 */
#ifndef TLSVANE_RULES_EXPRESSION_H
#define TLSVANE_RULES_EXPRESSION_H

#include <stdarg.h>

#include "definition.h"
#include "errors.h"

struct compiler {
	struct arena *arena;
	struct rules_errors *errors;
	struct names definitions[2]; /* lists and networks; macros */
	uint64_t slots[4];	     /* a bit for each slot that was asked for: RULES_SLOT_WORDS */
	size_t nodes;		     /* of the condition at hand */
	size_t unfolded;	     /* nodes of the whole set */
	struct regex **regexes;
	size_t regex_count;
};

#define COMPILER_LISTS	0
#define COMPILER_MACROS 1

/* The compiled condition of a text; NULL where it is wrong, and has said so. The text must stay
 * until the load ends. */
struct condition *expression_compile(struct compiler *c, const struct rules_text *text);

/* The parts of the above: the tree as parsed; and with types. */
struct node *expression_parse(struct compiler *c, const struct rules_text *text);
bool expression_check(struct compiler *c, struct node *condition);

/* Lays out the order in which a checked condition is evaluated: what is cheap first, since it often
 * settles the rest. order.c */
void expression_order(struct node *condition);

/* The right side `right` of `left relation right`; NULL where it is wrong, and has said so. build.c
 */
const struct matcher *matcher_build(
    struct compiler *c, const struct node *left, enum relation relation, const struct node *right);

/* Says what is wrong at a byte of a text. complain.c */
void expression_say(struct compiler *c, const struct rules_text *text, size_t at,
    const char *format, va_list arguments);

/* Says that the node is wrong. */
void expression_error(struct compiler *c, const struct node *n, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* "; did you mean BEST?" or "" . */
const char *expression_hint(struct compiler *c, const char *best);

const char *relation_sign(unsigned relation);

/* and, or, in ...; ends with NULL. */
extern const char *const expression_keywords[];

/* Writes a checked condition in its normal form: macros unfolded, as few parentheses as it needs.
 * normal.c */
void condition_write(FILE *to, const struct node *n);

/* The slot was asked for. */
void compiler_asks(struct compiler *c, uint16_t slot);

#endif
