/* A condition in its normal form: macros unfolded, no more parentheses than it needs, quotes where
 * they are needed. */
#include <string.h>

#include "expression.h"

static void write_node(FILE *to, const struct node *n, unsigned outer);

enum binding { BINDING_OR, BINDING_AND, BINDING_NOT, BINDING_RELATION, BINDING_SUM };

static unsigned binding_of(const struct node *n)
{
	switch (n->kind) {
	case NODE_OR:
		return BINDING_OR;
	case NODE_AND:
		return BINDING_AND;
	case NODE_NOT:
		return BINDING_NOT;
	case NODE_ADD:
	case NODE_SUBTRACT:
		return BINDING_SUM;
	case NODE_FIELD:
	case NODE_FLAG:
	case NODE_CONSTANT:
		return BINDING_SUM + 1;
	default:
		return BINDING_RELATION;
	}
}

static void write_joined(FILE *to, const struct node *n, const char *word)
{
	for (const struct node *part = n->left; part != NULL; part = part->next) {
		write_node(to, part, binding_of(n));
		if (part->next != NULL)
			fprintf(to, " %s ", word);
	}
}

static bool is_plain(const char *text)
{
	for (size_t i = 0; expression_keywords[i] != NULL; i++)
		if (strcmp(expression_keywords[i], text) == 0)
			return false;
	return text[0] != '\0' && text[0] != '-' && text[0] != '@' &&
	       strspn(
		   text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:/*?-") ==
		   strlen(text);
}

static void write_word(FILE *to, const struct node *n)
{
	if (n->kind == NODE_WORD || n->kind == NODE_FIELD ||
	    (n->kind != NODE_QUOTED && is_plain(n->word))) {
		fputs(n->word, to);
		return;
	}
	putc('"', to);
	for (const char *c = n->word; *c != '\0'; c++)
		fprintf(to, "%s%c", *c == '"' || *c == '\\' ? "\\" : "", *c);
	putc('"', to);
}

static void write_list(FILE *to, const struct node *n)
{
	putc('[', to);
	for (const struct node *item = n->left; item != NULL; item = item->next) {
		write_node(to, item, BINDING_SUM);
		if (item->next != NULL)
			fputs(", ", to);
	}
	putc(']', to);
}

static void write_relation(FILE *to, const struct node *n)
{
	write_node(to, n->left, BINDING_SUM);
	fprintf(to, " %s ", relation_sign(n->relation));
	write_node(to, n->right, BINDING_SUM + (n->kind == NODE_HOLDS));
}

static void write_sum(FILE *to, const struct node *n)
{
	write_node(to, n->left, BINDING_SUM);
	fputs(n->kind == NODE_ADD ? " + " : " - ", to);
	write_node(to, n->right, BINDING_SUM + 1);
}

static void write_bare(FILE *to, const struct node *n)
{
	switch (n->kind) {
	case NODE_AND:
		write_joined(to, n, "and");
		break;
	case NODE_OR:
		write_joined(to, n, "or");
		break;
	case NODE_NOT:
		fputs("not ", to);
		write_node(to, n->left, BINDING_NOT);
		break;
	case NODE_EXISTS:
		fprintf(to, "exists %s", n->left->word);
		break;
	case NODE_FLAG:
		fputs(n->left->word, to);
		break;
	case NODE_ADD:
	case NODE_SUBTRACT:
		write_sum(to, n);
		break;
	case NODE_REGISTRABLE:
		fputs("registrable(", to);
		write_node(to, n->left, BINDING_SUM);
		putc(')', to);
		break;
	case NODE_REFERENCE:
		fprintf(to, "@%s", n->word);
		break;
	case NODE_LIST:
		write_list(to, n);
		break;
	case NODE_NUMBER:
	case NODE_MATCH:
	case NODE_BOTH:
	case NODE_HOLDS:
		write_relation(to, n);
		break;
	default:
		write_word(to, n);
	}
}

static void write_node(FILE *to, const struct node *n, unsigned outer)
{
	bool operand = n->kind == NODE_WORD || n->kind == NODE_QUOTED || n->kind == NODE_VALUE ||
		       n->kind == NODE_REFERENCE || n->kind == NODE_LIST ||
		       n->kind == NODE_REGISTRABLE;
	bool grouped = !operand && binding_of(n) < outer;

	if (grouped)
		putc('(', to);
	write_bare(to, n);
	if (grouped)
		putc(')', to);
}

void condition_write(FILE *to, const struct node *n)
{
	write_node(to, n, BINDING_OR);
}
