/* The right sides of clauses, compiled: lists unfolded, every item read as what the left side is.
 */
#include "expression.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "literal.h"
#include "spelling.h"

struct item {
	const char *text;
	const struct rules_text *source; /* where it stands */
	size_t at;
};

struct build {
	struct compiler *compiler;
	const struct rules_field *field; /* the left side; NULL: a host name that a function made */
	unsigned type, relation;
	struct item *items;
	size_t count;
	unsigned depth;
	bool failed; /* and has said so */
};

static void complain(struct build *b, const struct rules_text *source, size_t at,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

static void complain(
    struct build *b, const struct rules_text *source, size_t at, const char *format, ...)
{
	va_list arguments;

	b->failed = true;
	va_start(arguments, format);
	expression_say(b->compiler, source, at, format, arguments);
	va_end(arguments);
}

/* ---- Items ---- */

static void add_item(struct build *b, const char *text, const struct rules_text *source, size_t at)
{
	if (b->count == RULES_ITEMS_MAX) {
		if (!b->failed)
			complain(b, source, at,
			    "more than %d items; use networks or domains that cover them",
			    RULES_ITEMS_MAX);
		b->failed = true;
		return;
	}
	arena_grow(b->compiler->arena, &b->items, b->count, sizeof(*b->items));
	b->items[b->count++] = (struct item){text, source, at};
}

static void unknown_list(
    struct build *b, const char *name, const struct rules_text *source, size_t at)
{
	const struct names *names = &b->compiler->definitions[COMPILER_LISTS];
	struct spelling s = spelling_of(name);

	for (size_t i = 0; i < names->room; i++)
		if (names->rows[i].text != NULL)
			spelling_try(&s, names->rows[i].text);
	if (s.best != NULL)
		complain(b, source, at, "there is no list or network @%s; did you mean @%s?", name,
		    s.best);
	else
		complain(b, source, at,
		    "there is no list or network @%s; add it to lists: or networks:", name);
}

static void add_reference(
    struct build *b, const char *name, const struct rules_text *source, size_t at)
{
	struct definition *list = names_find(&b->compiler->definitions[COMPILER_LISTS], name);

	if (list == NULL) {
		unknown_list(b, name, source, at);
		return;
	}
	if (list->open || b->depth == RULES_DEPTH_MAX) {
		complain(b, source, at,
		    "list @%s comes back to itself, or too deep; break the circle", name);
		return;
	}
	list->open = list->used = true;
	b->depth++;
	for (size_t i = 0; i < list->item_count && !(b->failed && b->count == RULES_ITEMS_MAX);
	     i++) {
		const struct rules_text *item = &list->items[i];

		if (item->text[0] == '@')
			add_reference(b, item->text + 1, item, 0);
		else
			add_item(b, item->text, item, 0);
	}
	b->depth--;
	list->open = false;
}

static bool begins_like_field(const char *word)
{
	const char *dot = strchr(word, '.');
	size_t length = dot == NULL ? 0 : (size_t)(dot - word) + 1;

	for (size_t i = 0; length > 0 && strpbrk(word, "*?/:") == NULL && i < rules_field_count();
	     i++)
		if (strncmp(rules_field(i)->name, word, length) == 0)
			return true;
	return false;
}

static void add_node(struct build *b, const struct node *n)
{
	switch (n->kind) {
	case NODE_REFERENCE:
		if (b->relation == RELATION_EQUAL || b->relation == RELATION_REGEX)
			complain(
			    b, n->text, n->at, "@%s is a list; write in @%s", n->word, n->word);
		else
			add_reference(b, n->word, n->text, n->at);
		break;
	case NODE_WORD:
		if (begins_like_field(n->word))
			complain(b, n->text, n->at,
			    "%s is no field; quote it if it is meant as text", n->word);
		else
			add_item(b, n->word, n->text, n->at);
		break;
	case NODE_QUOTED:
	case NODE_CONSTANT:
		add_item(b, n->word, n->text, n->at);
		break;
	default:
		complain(b, n->text, n->at,
		    "a list holds values, not fields or conditions; compare fields by =");
	}
}

static void collect(struct build *b, const struct node *right)
{
	if (right->kind != NODE_LIST) {
		add_node(b, right);
		return;
	}
	if (b->relation == RELATION_REGEX)
		complain(
		    b, right->text, right->at, "~ takes one expression; join them by | inside it");
	for (const struct node *n = right->left; n != NULL; n = n->next)
		add_node(b, n);
}

/* ---- Values ---- */

static void complain_item(struct build *b, const struct item *item, const char *mend)
{
	struct spelling s = spelling_of(item->text);
	const struct rules_field *f = b->field;
	bool named = b->type == RULES_WORD || b->type == RULES_CODE;

	for (size_t i = 0; b->type == RULES_WORD && i < f->word_count; i++)
		if (f->words[i] != NULL)
			spelling_try(&s, f->words[i]);
	for (size_t i = 0; b->type == RULES_CODE && i < codes_of(f)->count; i++)
		spelling_try(&s, codes_of(f)->rows[i].name);
	if (s.best != NULL)
		complain(b, item->source, item->at, "\"%s\" is no %s; did you mean %s?", item->text,
		    f->name, s.best);
	else
		complain(b, item->source, item->at, "\"%s\" is no %s; %s", item->text,
		    named ? f->name : rules_type_name(b->type),
		    b->type == RULES_WORD ? "tlsvane rules fields shows its words" : mend);
}

static bool read_item(struct build *b, const struct item *item, struct rules_value *value)
{
	const char *mend = literal_read(item->text, b->type, b->field, value);

	if (mend != NULL)
		complain_item(b, item, mend);
	return mend == NULL;
}

static void build_mask(struct build *b, struct matcher *m)
{
	struct rules_value value;

	m->kind = MATCH_MASK;
	for (size_t i = 0; i < b->count; i++)
		if (read_item(b, &b->items[i], &value))
			m->mask |= UINT64_C(1) << (value.number % 64);
}

static void add_number(struct build *b, struct matcher *m, uint64_t number)
{
	uint64_t *numbers;

	memcpy(&numbers, &m->numbers, sizeof(numbers));
	arena_grow(b->compiler->arena, &numbers, m->count, sizeof(*numbers));
	numbers[m->count++] = number;
	m->numbers = numbers;
}

static void sort_numbers(struct matcher *m)
{
	uint64_t *numbers;

	memcpy(&numbers, &m->numbers, sizeof(numbers));
	if (m->count > 1)
		qsort(numbers, m->count, sizeof(*numbers), matcher_compare_numbers);
}

static void build_numbers(struct build *b, struct matcher *m)
{
	struct rules_value value;

	m->kind = b->type == RULES_CODE ? MATCH_CODES : MATCH_NUMBERS;
	for (size_t i = 0; i < b->count; i++)
		if (read_item(b, &b->items[i], &value))
			add_number(b, m, value.number);
	sort_numbers(m);
}

static void add_network(struct build *b, struct matcher *m, const struct item *item)
{
	struct frame_address address;
	char text[ADDRESS_TEXT_MAX];
	unsigned bits;

	if (!literal_network(item->text, &address, &bits))
		complain(b, item->source, item->at,
		    "\"%s\" is no address or network; write 192.0.2.1, 192.0.2.0/24 or "
		    "2001:db8::/32",
		    item->text);
	else if (b->relation == RELATION_EQUAL && strchr(item->text, '/') != NULL)
		complain(b, item->source, item->at, "%s is a network; write in %s", item->text,
		    item->text);
	else if (network_mask(&address, bits))
		complain(b, item->source, item->at, "%s has bits behind its prefix; write %s/%u",
		    item->text, address_format(&address, text), bits);
	else if (!network_add(m->network, &address, bits))
		complain(b, item->source, item->at, "out of memory");
}

static void release_network(void *network)
{
	network_free(network);
}

static void build_network(struct build *b, struct matcher *m)
{
	m->kind = MATCH_NETWORK;
	m->network = network_new();
	if (m->network == NULL) {
		b->failed = true;
		return;
	}
	arena_release_by(b->compiler->arena, release_network, m->network);
	for (size_t i = 0; i < b->count; i++)
		add_network(b, m, &b->items[i]);
}

static const char *host_item(struct build *b, const struct item *item)
{
	struct rules_value value;
	char normal[HOST_MAX];

	if (!read_item(b, item, &value))
		return NULL;
	if (!host_normal(item->text, normal)) {
		complain(b, item->source, item->at, "\"%s\" is no host name; write mx.example.net",
		    item->text);
		return NULL;
	}
	return arena_text(b->compiler->arena, normal, strlen(normal));
}

static void build_texts(struct build *b, struct matcher *m)
{
	const char **texts = arena_get(b->compiler->arena, b->count * sizeof(*texts));
	bool host = b->type == RULES_HOST || b->type == RULES_LIST;

	m->kind = !host ? MATCH_TEXTS : b->relation == RELATION_UNDER ? MATCH_UNDER : MATCH_HOSTS;
	for (size_t i = 0; i < b->count; i++) {
		const struct item *item = &b->items[i];
		const char *text =
		    host ? host_item(b, item)
			 : arena_text(b->compiler->arena, item->text, strlen(item->text));

		if (text == NULL)
			continue;
		texts[m->text_count++] = text;
		m->bits |= known_bit(text);
	}
	qsort(texts, m->text_count, sizeof(*texts), matcher_compare_texts);
	m->texts = texts;
}

/* ---- Patterns ---- */

/* Words and code points: what matches is found now. */
static void try_words(struct build *b, struct matcher *m, const struct matcher *pattern)
{
	m->kind = MATCH_MASK;
	for (size_t i = 0; i < b->field->word_count && i < 64; i++) {
		const char *word = b->field->words[i];

		if (word != NULL && matcher_holds_text(pattern, word) == RULES_TRUE)
			m->mask |= UINT64_C(1) << i;
	}
}

static void try_codes(struct build *b, struct matcher *m, const struct matcher *pattern)
{
	const struct codes *codes = codes_of(b->field);

	*m = *pattern;
	m->kind = MATCH_CODES;
	m->codes = codes;
	for (size_t i = 0; i < codes->count; i++)
		if (matcher_holds_text(pattern, codes->rows[i].name) == RULES_TRUE)
			add_number(b, m, codes->rows[i].code);
}

static bool matches_nothing(const struct matcher *m)
{
	return (m->kind == MATCH_MASK && m->mask == 0) || (m->kind == MATCH_CODES && m->count == 0);
}

static void apply_pattern(struct build *b, struct matcher *m, const struct matcher *pattern)
{
	const struct item *first = &b->items[0];

	*m = *pattern;
	if (b->failed || (b->type != RULES_WORD && b->type != RULES_CODE))
		return;
	if (b->type == RULES_WORD)
		try_words(b, m, pattern);
	else
		try_codes(b, m, pattern);
	if (matches_nothing(m) && strstr(first->text, "0x") == NULL)
		complain(b, first->source, first->at,
		    "\"%s\" matches nothing that %s can be; tlsvane rules fields shows examples",
		    first->text, b->field->name);
}

static void build_globs(struct build *b, struct matcher *m)
{
	struct matcher globs = {.kind = MATCH_GLOBS,
	    .ignore_case = b->type == RULES_HOST || b->type == RULES_LIST,
	    .text_count = b->count};
	const char **texts = arena_get(b->compiler->arena, b->count * sizeof(*texts));

	for (size_t i = 0; i < b->count; i++) {
		const char *glob = b->items[i].text;
		struct filter needs;

		texts[i] = arena_text(b->compiler->arena, glob, strlen(glob));
		filter_glob(i == 0 ? &globs.needs : &needs, glob);
		if (i > 0)
			filter_join(&globs.needs, &needs);
	}
	globs.texts = texts;
	apply_pattern(b, m, &globs);
}

static void build_regex(struct build *b, struct matcher *m)
{
	struct compiler *c = b->compiler;
	const struct item *item = &b->items[0];
	struct matcher regex = {.kind = MATCH_REGEX};
	bool ignore_case = b->type == RULES_HOST || b->type == RULES_LIST;
	char error[128];
	size_t at = 0;

	if (b->count == 0)
		return;
	regex.regex = regex_new(item->text, ignore_case, error, &at);
	if (regex.regex == NULL) {
		complain(b, item->source, item->at,
		    "no regular expression: %s at its byte %zu; \\Q...\\E takes text as it is",
		    error, at + 1);
		return;
	}
	filter_regex(&regex.needs, item->text, ignore_case);
	arena_release_by(c->arena, regex_free, regex.regex);
	arena_grow(c->arena, &c->regexes, c->regex_count, sizeof(struct regex *));
	c->regexes[c->regex_count++] = regex.regex;
	apply_pattern(b, m, &regex);
}

/* ---- All kinds ---- */

static void build_values(struct build *b, struct matcher *m)
{
	switch (b->type) {
	case RULES_ADDRESS:
		build_network(b, m);
		break;
	case RULES_WORD:
		build_mask(b, m);
		break;
	case RULES_TEXT:
	case RULES_HOST:
	case RULES_LIST:
		build_texts(b, m);
		break;
	default:
		build_numbers(b, m);
	}
}

static const struct matcher *build(struct build *b, const struct node *right)
{
	struct matcher *m = arena_get(b->compiler->arena, sizeof(*m));

	collect(b, right);
	if (b->failed)
		return NULL;
	if (b->count == 0)
		return m; /* MATCH_NONE */
	if (b->relation == RELATION_MATCHES)
		build_globs(b, m);
	else if (b->relation == RELATION_REGEX)
		build_regex(b, m);
	else
		build_values(b, m);
	return b->failed ? NULL : m;
}

const struct matcher *matcher_build(
    struct compiler *c, const struct node *left, enum relation relation, const struct node *right)
{
	struct build b = {.compiler = c,
	    .type = left->type,
	    .relation = relation,
	    .field = left->kind == NODE_FIELD ? rules_field(left->slot) : NULL};
	bool shared = right->kind == NODE_REFERENCE && b.type != RULES_WORD && b.type != RULES_CODE;
	struct definition *list =
	    shared ? names_find(&c->definitions[COMPILER_LISTS], right->word) : NULL;
	const struct matcher *m;

	if (list != NULL && list->made[b.type][relation] != NULL)
		return list->made[b.type][relation];
	m = build(&b, right);
	if (list != NULL)
		list->made[b.type][relation] = m;
	return m;
}
