/*
 * Conditions over random records against a slow reference, which takes every value as
 * record_value() shows it and knows nothing of compiled forms.
 */
#include <fnmatch.h>
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#include "../../rules/evaluate.h"
#include "random_record.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define RECORDS	     300
#define CONDITIONS   300

/* ---- The reference ---- */

enum { REF_FALSE, REF_UNKNOWN, REF_TRUE }; /* in an order: and is the least, or the greatest */

static const char *shown(const struct record *r, const char *name, struct field_value *v)
{
	static char number[32];

	record_value(r, record_field(name), v);
	if (v->kind == VALUE_ABSENT)
		return NULL;
	if (v->kind == VALUE_TEXT)
		return v->text;
	if (v->kind == VALUE_BOOLEAN)
		return v->number != 0 ? "true" : "false";
	snprintf(number, sizeof(number), "%llu", (unsigned long long)v->number);
	return number;
}

static int version_rank(const char *text)
{
	static const char *const order[] = {"2", "3", "1.0", "1.1", "1.2", "1.3"};
	static const char *const written[] = {"ssl2", "ssl3", "1.0", "1.1", "1.2", "1.3"};

	for (int i = 0; i < 6; i++)
		if (strcmp(order[i], text) == 0 || strcmp(written[i], text) == 0)
			return i;
	return 6; /* an unknown one is above those that have names */
}

static int ordered(const char *op, long long left, long long right)
{
	bool holds = strcmp(op, "<") == 0    ? left < right
		     : strcmp(op, "<=") == 0 ? left <= right
		     : strcmp(op, ">") == 0  ? left > right
		     : strcmp(op, ">=") == 0 ? left >= right
		     : strcmp(op, "=") == 0  ? left == right
					     : left != right;

	return holds ? REF_TRUE : REF_FALSE;
}

static bool same_host(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b);

	la -= la > 0 && a[la - 1] == '.';
	lb -= lb > 0 && b[lb - 1] == '.';
	return la == lb && strncasecmp(a, b, la) == 0;
}

static bool under(const char *name, const char *domain)
{
	for (const char *tail = name; *tail != '\0'; tail++)
		if ((tail == name || tail[-1] == '.') && same_host(tail, domain))
			return true;
	return false;
}

static bool in_network(const char *address, const char *network)
{
	struct frame_address a, n;
	char base[64];
	int bits;

	assert_int_equal(sscanf(network, "%63[^/]/%d", base, &bits), 2);
	assert_true(address_parse(address, &a) && address_parse(base, &n));
	if (strchr(base, ':') == NULL)
		bits += 96;
	for (int i = 0; i < bits; i++)
		if (((a.bytes[i / 8] ^ n.bytes[i / 8]) & (0x80 >> (i % 8))) != 0)
			return false;
	return true;
}

static bool posix_match(const char *text, const char *pattern)
{
	regex_t regex;
	bool matches;

	assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
	matches = regexec(&regex, text, 0, NULL, 0) == 0;
	regfree(&regex);
	return matches;
}

enum kind {
	VERSION,
	NUMBER,
	EXACT,
	HOST,
	UNDER,
	GLOB,
	REGEX,
	NETWORK,
	EXISTS,
	FLAG,
	WORD,	   /* of a list, any of them */
	WORD_GLOB, /* likewise */
	HAS,	   /* written the other way round */
};

static const struct clause {
	const char *field, *op, *right;
	enum kind kind;
} clauses[] = {
    {"tls.version", "<", "1.2", VERSION},
    {"tls.version", "<=", "ssl3", VERSION},
    {"tls.version", "=", "1.3", VERSION},
    {"tls.version", "!=", "ssl2", VERSION},
    {"tls.client.max_version", ">", "1.1", VERSION},
    {"tls.client.min_version", ">=", "1.2", VERSION},
    {"tls.dh_bits", "<", "2048", NUMBER},
    {"server.port", "=", "25", NUMBER},
    {"server.port", "!=", "587", NUMBER},
    {"smtp.starttls.reply", ">=", "220", NUMBER},
    {"tls.alert.code", "=", "70", NUMBER},
    {"tlsvane.outcome", "=", "tls", EXACT},
    {"tlsvane.outcome", "!=", "tls_failed", EXACT},
    {"tlsvane.legacy_side", "=", "server", EXACT},
    {"tls.cipher", "=", "TLS_RSA_WITH_RC4_128_SHA", EXACT},
    {"tls.cipher", "=", "0xABCD", EXACT},
    {"tls.curve", "!=", "x25519", EXACT},
    {"tls.alert.description", "=", "protocol_version", EXACT},
    {"tls.version_protocol", "=", "ssl", EXACT},
    {"tls.server.downgrade_sentinel", "=", "1.1", EXACT},
    {"smtp.software", "=", "x", EXACT},
    {"network.protocol", "!=", "x", EXACT},
    {"smtp.helo", "=", "mx.example.net", HOST},
    {"tls.client.server_name", "!=", "Example.net", HOST},
    {"smtp.helo", "under", "example.net", UNDER},
    {"smtp.helo", "under", "co.uk", UNDER},
    {"tls.cipher", "matches", "*_RC4_*", GLOB},
    {"tls.cipher", "matches", "TLS_*", GLOB},
    {"tls.cipher", "matches", "0x*", GLOB},
    {"smtp.banner", "matches", "*ESMTP*", GLOB},
    {"tlsvane.outcome", "matches", "starttls_*", GLOB},
    {"tls.cipher", "~", "WITH_(RC4|AES)", REGEX},
    {"tls.cipher", "~", "^0xA", REGEX},
    {"tlsvane.history", "~", "C.X", REGEX},
    {"tlsvane.outcome", "~", "^s.*d$", REGEX},
    {"server.ip", "in", "192.0.2.0/24", NETWORK},
    {"client.ip", "in", "2001:db8::/33", NETWORK},
    {"client.ip", "in", "0.0.0.0/0", NETWORK},
    {"tls.dh_bits", "exists", "", EXISTS},
    {"tls.cipher", "exists", "", EXISTS},
    {"tls.alert.description", "exists", "", EXISTS},
    {"smtp.helo", "exists", "", EXISTS},
    {"smtp.capabilities", "=", "starttls", WORD},
    {"smtp.capabilities", "!=", "SIZE", WORD},
    {"smtp.capabilities", "matches", "*BIT*", WORD_GLOB},
    {"smtp.capabilities", "matches", "S*", WORD_GLOB},
    {"smtp.capabilities", "matches", "*E S*", WORD_GLOB},
    {"smtp.capabilities", "in", "PIPELINING", HAS},
    {"tls.established", "", "", FLAG},
    {"smtp.plaintext_mail", "", "", FLAG},
};

static bool any_word(const char *list, const char *pattern)
{
	char *words = strdup(list), *rest = NULL;
	bool found = false;

	for (char *word = strtok_r(words, " ", &rest); word != NULL;
	     word = strtok_r(NULL, " ", &rest))
		found |= fnmatch(pattern, word, FNM_NOESCAPE | FNM_CASEFOLD) == 0;
	free(words);
	return found;
}

static int truth(bool holds)
{
	return holds ? REF_TRUE : REF_FALSE;
}

static int reference_clause(const struct clause *c, const struct record *r)
{
	struct field_value v;
	const char *left = shown(r, c->field, &v);

	if (c->kind == EXISTS)
		return truth(left != NULL);
	if (left == NULL)
		return REF_UNKNOWN;
	switch (c->kind) {
	case VERSION:
		return ordered(c->op, version_rank(left), version_rank(c->right));
	case NUMBER:
		return ordered(c->op, atoll(left), atoll(c->right));
	case EXACT:
		return truth((strcmp(left, c->right) == 0) == (c->op[0] == '='));
	case HOST:
		return truth(same_host(left, c->right) == (c->op[0] == '='));
	case UNDER:
		return truth(under(left, c->right));
	case GLOB:
		return truth(fnmatch(c->right, left, FNM_NOESCAPE) == 0);
	case REGEX:
		return truth(posix_match(left, c->right));
	case WORD:
		return truth(any_word(left, c->right) == (c->op[0] == '='));
	case WORD_GLOB:
	case HAS:
		return truth(any_word(left, c->right));
	case NETWORK:
		return truth(in_network(left, c->right));
	default: /* FLAG */
		return truth(strcmp(left, "true") == 0);
	}
}

/* ---- Random conditions ---- */

struct tree {
	enum { CLAUSE, AND, OR, NOT } kind;
	const struct clause *clause;
	struct tree *left, *right;
};

static struct tree *random_tree(unsigned depth)
{
	struct tree *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	t->kind = depth == 0 ? CLAUSE : chance(4);
	if (t->kind == CLAUSE) {
		t->clause = &clauses[chance(COUNT(clauses))];
		return t;
	}
	t->left = random_tree(depth - 1);
	if (t->kind != NOT)
		t->right = random_tree(depth - 1);
	return t;
}

static void free_tree(struct tree *t)
{
	if (t == NULL)
		return;
	free_tree(t->left);
	free_tree(t->right);
	free(t);
}

static void write_clause(FILE *to, const struct clause *c)
{
	if (c->kind == EXISTS)
		fprintf(to, "exists %s", c->field);
	else if (c->kind == FLAG)
		fputs(c->field, to);
	else if (c->kind == HAS)
		fprintf(to, "%s in %s", c->right, c->field);
	else if (c->kind == REGEX || c->kind == GLOB || c->kind == WORD_GLOB)
		fprintf(to, "%s %s \"%s\"", c->field, c->op, c->right);
	else
		fprintf(to, "%s %s %s", c->field, c->op, c->right);
}

static void write_tree(FILE *to, const struct tree *t)
{
	if (t->kind == CLAUSE) {
		write_clause(to, t->clause);
		return;
	}
	fputs(t->kind == NOT ? "not (" : "(", to);
	write_tree(to, t->left);
	if (t->kind != NOT) {
		fputs(t->kind == AND ? ") and (" : ") or (", to);
		write_tree(to, t->right);
	}
	putc(')', to);
}

static int reference(const struct tree *t, const struct record *r)
{
	int left, right;

	if (t->kind == CLAUSE)
		return reference_clause(t->clause, r);
	left = reference(t->left, r);
	if (t->kind == NOT)
		return REF_TRUE - left;
	right = reference(t->right, r);
	return (t->kind == AND) == (left < right) ? left : right;
}

static struct rule_file *load_tree(const struct tree *t, char **text)
{
	struct rules_errors errors;
	struct rule_file *file;
	size_t size;
	FILE *to = open_memstream(text, &size);

	fputs("rules:\n- name: x\n  when: |-\n    ", to);
	write_tree(to, t);
	fclose(to);
	file = rule_file_parse("random", *text, size, NULL, &errors);
	if (file == NULL)
		fail_msg("%s\n%s", errors.lines[0], *text);
	rules_errors_free(&errors);
	return file;
}

static const int as_reference[] = {
    [RULES_FALSE] = REF_FALSE, [RULES_TRUE] = REF_TRUE, [RULES_UNKNOWN] = REF_UNKNOWN};

static void test_against_reference(void **state)
{
	struct record *records = calloc(RECORDS, sizeof(*records));

	(void)state;
	assert_non_null(records);
	for (size_t i = 0; i < RECORDS; i++)
		random_record(&records[i]);
	for (size_t i = 0; i < CONDITIONS; i++) {
		struct tree *t = random_tree(chance(5));
		char *text;
		struct rule_file *file = load_tree(t, &text);

		for (size_t j = 0; j < RECORDS; j++) {
			struct rules_subject subject = {.record = &records[j], .file = file};
			enum rules_truth got = rules_evaluate(rule_file_rule(file, 0), &subject);

			if (as_reference[got] != reference(t, &records[j])) {
				record_write_list(stderr, &records[j]);
				fail_msg("%s\n is %d, not %d", text, as_reference[got],
				    reference(t, &records[j]));
			}
		}
		rule_file_free(file);
		free(text);
		free_tree(t);
	}
	free(records);
}

/* Each clause alone, on every record: a random tree may hide one behind others. */
static void test_clauses(void **state)
{
	struct record r;

	(void)state;
	for (size_t i = 0; i < COUNT(clauses); i++) {
		struct tree t = {.kind = CLAUSE, .clause = &clauses[i]};
		char *text;
		struct rule_file *file = load_tree(&t, &text);

		for (size_t j = 0; j < RECORDS; j++) {
			struct rules_subject subject = {.record = &r, .file = file};

			random_record(&r);
			if (as_reference[rules_evaluate(rule_file_rule(file, 0), &subject)] !=
			    reference(&t, &r)) {
				record_write_list(stderr, &r);
				fail_msg("%s", text);
			}
		}
		rule_file_free(file);
		free(text);
	}
}

/* Every field of the record is there where record_value() shows it, and reads the same. */
static void test_values(void **state)
{
	struct record r;

	(void)state;
	for (size_t i = 0; i < RECORDS; i++) {
		struct rules_subject subject = {.record = &r};

		random_record(&r);
		for (uint16_t slot = 0; slot < record_field_count; slot++) {
			const struct rules_field *f = rules_field(slot);
			char buffer[RULES_VALUE_TEXT_MAX], text[RULES_VALUE_TEXT_MAX];
			struct rules_value value;
			struct field_value v;
			const char *wanted = shown(&r, f->name, &v);

			if ((rules_field_value(&subject, slot, &value, buffer) == RULES_TRUE) !=
			    (wanted != NULL))
				fail_msg("%s is there or not: %s", f->name, wanted);
			if (wanted == NULL || f->type == RULES_DURATION)
				continue;
			if (f->type == RULES_VERSION && (wanted[0] == '2' || wanted[0] == '3'))
				continue; /* shown as ssl2, ssl3 */
			assert_string_equal(rules_value_format(f, &value, text), wanted);
		}
	}
}

#define RULES 120

static struct rule_file *load_trees(struct tree **trees)
{
	struct rules_errors errors;
	struct rule_file *file;
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	fputs("rules:\n", to);
	for (size_t i = 0; i < RULES; i++) {
		fprintf(to, "- name: x%zu\n  when: |-\n    ", i);
		write_tree(to, trees[i]);
		putc('\n', to);
	}
	fclose(to);
	file = rule_file_parse("random", text, size, NULL, &errors);
	if (file == NULL)
		fail_msg("%s", errors.lines[0]);
	rules_errors_free(&errors);
	free(text);
	return file;
}

/* Rules that share clauses, judged together: what one of them asked is what the others see. */
static void test_all_at_once(void **state)
{
	struct tree *trees[RULES];
	struct rule_file *file;

	(void)state;
	for (size_t i = 0; i < RULES; i++)
		trees[i] = random_tree(chance(4));
	file = load_trees(trees);
	for (size_t j = 0; j < RECORDS; j++) {
		uint8_t truths[RULES];
		struct record r;
		struct rules_subject subject = {.record = &r, .file = file};

		random_record(&r);
		rules_judge(&subject, truths);
		for (size_t i = 0; i < RULES; i++)
			assert_int_equal(as_reference[truths[i]], reference(trees[i], &r));
	}
	rule_file_free(file);
	for (size_t i = 0; i < RULES; i++)
		free_tree(trees[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_values),
	    cmocka_unit_test(test_clauses),
	    cmocka_unit_test(test_against_reference),
	    cmocka_unit_test(test_all_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
