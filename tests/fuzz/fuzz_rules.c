/*
 * Rules files and conditions. The first byte says which: "e" a condition (what follows is put into
 * a file with lists and macros), else a whole file. What loads is evaluated, traced, and must come
 * back from its normal form as the same.
 */
#include <stdlib.h>
#include <string.h>

#include "../../parsers/tls_hello.h"
#include "../../rules/evaluate.h"
#include "../../rules/enforcement.h"
#include "../../rules/expression.h"
#include "../../rules/partners.h"
#include "../../rules/rule_fields.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char head[] = "networks: {own: [192.0.2.0/24]}\nlists: {hosts: [example.net], nets: "
			   "[192.0.2.0/24, \"2001:db8::/32\"]}\n"
			   "macros: {old: tls.version < 1.2, new: server.first_seen > now - "
			   "30d}\nrules:\n- name: x\n  when: |-\n";

static struct record records[3];

static void fill_records(void)
{
	struct record *r = &records[1];

	for (size_t i = 0; i < 3; i++)
		record_init(&records[i]);
	r->start_ns = UINT64_C(1772323200000000000);
	r->tls_version = r->client_max_version = TLS_VERSION_10;
	r->cipher_suite = 5;
	r->outcome = OUTCOME_TLS;
	r->legacy_side = LEGACY_CLIENT;
	r->dh_bits = 1024;
	r->established = RECORD_TRUE;
	if (!address_parse("192.0.2.25", &r->server_ip) ||
	    !address_parse("2001:db8::1", &r->client_ip))
		abort();
	record_set_text(r, &r->helo, "Mail.Example.NET.");
	record_set_text(r, &r->banner, "mx.example.net ESMTP Postfix");
	records[2] = *r;
	records[2].tls_version = TLS_VERSION_13;
	records[2].cipher_suite = 0xabcd;
}

static bool answer(void *context, size_t field, struct rules_value *value)
{
	(void)context;
	value->number = field * 7;
	value->text = "text";
	return field % 3 != 0;
}

static void count_clause(void *context, const struct rules_clause *clause)
{
	size_t *count = context;

	*count += strlen(clause->text) + strlen(clause->value);
}

static bool all_told(void *context, const char *field)
{
	(void)context;
	return field != NULL;
}

static bool some_told(void *context, const char *field)
{
	(void)context;
	return strlen(field) % 2 == 0;
}

/* What is not told can make a truth unknown, and nothing else of it where nobody asks `exists`. */
static void try_told(const struct rule *rule, const struct rules_subject *subject)
{
	enum rules_truth truth = rules_evaluate(rule, subject),
			 some = rule_evaluate_told(rule, subject, some_told, NULL);

	if (rule_evaluate_told(rule, subject, all_told, NULL) != truth)
		abort();
	if (some != truth && some != RULES_UNKNOWN)
		abort();
	if (rule_asks_beyond(rule, some_told, NULL) == NULL && some != truth)
		abort();
}

static void try_rule(const struct rule_file *file, const struct rule *rule)
{
	char text[64];
	size_t count = 0;

	for (size_t i = 0; i < 3; i++) {
		struct rules_subject subject = {.record = &records[i], .file = file};
		enum rules_truth before = rules_evaluate(rule, &subject);

		try_told(rule, &subject);
		subject.history = answer;
		if (before != RULES_UNKNOWN && rules_evaluate(rule, &subject) != before)
			abort();
		rules_template_write(&rule->message, &subject, text, sizeof(text));
		rules_key_write(rule, &subject, text, sizeof(text));
		if (i == 1)
			rules_trace(rule, &subject, count_clause, &count);
	}
}

static char *in_file(const char *condition, size_t length, size_t *size)
{
	char *text = malloc(sizeof(head) + length * 5 + 16), *to = text;

	if (text == NULL)
		abort();
	to = stpcpy(to, head);
	to = stpcpy(to, "    ");
	for (size_t i = 0; i < length; i++) {
		*to++ = condition[i];
		if (condition[i] == '\n')
			to = stpcpy(to, "    ");
	}
	*size = (size_t)(to - text);
	return text;
}

static char *normal(const struct rule *rule)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	if (to == NULL)
		abort();
	condition_write(to, rule->condition->root);
	fclose(to);
	return text;
}

/* The normal form is a condition that means the same. */
static void check_normal(const struct rule_file *file)
{
	char *first = normal(rule_file_rule(file, 0)), *second;
	struct rules_errors errors;
	struct rule_file *again;
	size_t size;
	char *text = in_file(first, strlen(first), &size);

	if (strlen(first) < RULES_EXPRESSION_MAX) {
		again = rule_file_parse("/nowhere/again", text, size, NULL, &errors);
		if (again == NULL)
			abort();
		second = normal(rule_file_rule(again, 0));
		if (strcmp(first, second) != 0)
			abort();
		for (size_t i = 0; i < 3; i++) {
			struct rules_subject a = {.record = &records[i], .file = file};
			struct rules_subject b = {.record = &records[i], .file = again};

			if (rules_evaluate(rule_file_rule(file, 0), &a) !=
			    rules_evaluate(rule_file_rule(again, 0), &b))
				abort();
		}
		free(second);
		rule_file_free(again);
		rules_errors_free(&errors);
	}
	free(first);
	free(text);
}

/* All at once is as one by one. */
static void check_all(const struct rule_file *file)
{
	size_t count = rule_file_count(file);
	uint8_t *truths = malloc(count + 1);

	if (truths == NULL)
		abort();
	for (size_t i = 0; i < 3; i++) {
		struct rules_subject subject = {.record = &records[i], .file = file};

		rules_judge(&subject, truths);
		for (size_t k = 0; k < count; k++)
			if (rules_evaluate(rule_file_rule(file, k), &subject) != truths[k])
				abort();
	}
	free(truths);
}

/* Partners' scopes are never unknown; a clock has a stage at any time. */
static void check_policy(const struct rule_file *file)
{
	const struct enforcement *e = rule_file_enforcement(file);
	struct enforcement_state state;

	for (size_t i = 0; i < rule_file_partner_count(file); i++)
		for (size_t k = 0; k < 3; k++) {
			struct rules_subject subject = {.record = &records[k], .file = file};

			if (rules_evaluate(rule_file_partner(file, i)->scope, &subject) ==
			    RULES_UNKNOWN)
				abort();
		}
	for (uint64_t day = 0; e != NULL && day < 120; day += 7) {
		enforcement_state(e, 86400000, NULL, 0, (day + 1) * 86400000 + day * 60000, &state);
		if (state.stage == NULL || state.stage->day > day)
			abort();
	}
}

/* Errors stay one line, and name the file. */
static void check_errors(const struct rules_errors *errors)
{
	for (size_t i = 0; i < errors->count; i++)
		if (strchr(errors->lines[i], '\n') != NULL ||
		    (strncmp(errors->lines[i], "/nowhere/f:", 11) != 0 &&
			strncmp(errors->lines[i], "/nowhere/f (partners):", 22) != 0))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool expression = size > 0 && data[0] == 'e';
	struct rules_errors errors;
	struct rule_file *file;
	char *text;

	if (size == 0 || size > 65536 || memmem(data, size, "include", 7) != NULL)
		return 0;
	if (records[0].text_used == 0)
		fill_records();
	size--;
	text = in_file(
	    (const char *)data + 1, expression ? size : 0, expression ? &size : &(size_t){0});
	file = rule_file_parse(
	    "/nowhere/f", expression ? text : (const char *)data + 1, size, NULL, &errors);
	check_errors(&errors);
	if ((file == NULL) != (errors.count > 0 || errors.more))
		abort();
	if (file != NULL)
		check_all(file);
	if (file != NULL)
		check_policy(file);
	for (size_t i = 0; file != NULL && i < rule_file_count(file); i++)
		try_rule(file, rule_file_rule(file, i));
	if (file != NULL && expression && rule_file_count(file) == 1)
		check_normal(file);
	rule_file_free(file);
	rules_errors_free(&errors);
	free(text);
	return 0;
}
