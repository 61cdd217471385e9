/* The file: keys, defaults, includes and what replaces what, places in every style of YAML, bounds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../rules/evaluate.h"

#define SECOND UINT64_C(1000000000)

static struct rule_file *parse(const char *text, struct rules_errors *errors)
{
	return rule_file_parse("f", text, strlen(text), NULL, errors);
}

static struct rule_file *good(const char *text)
{
	struct rules_errors errors;
	struct rule_file *file = parse(text, &errors);

	if (file == NULL)
		fail_msg("%s", errors.lines[0]);
	assert_int_equal(errors.count, 0);
	rules_errors_free(&errors);
	return file;
}

/* The file has this error alone. */
static void bad(const char *text, const char *wanted)
{
	struct rules_errors errors;

	assert_null(parse(text, &errors));
	assert_int_equal(errors.count, 1);
	assert_string_equal(errors.lines[0], wanted);
	rules_errors_free(&errors);
}

static void test_rule(void **state)
{
	struct rule_file *file = good(
	    "rules:\n- name: a.b-c_1\n  description: D\n  when: tls.resumed\n  severity: critical\n"
	    "  key: [server.ip, \"x{server.port}\"]\n  every: 1d12h\n  for: 10s\n  resolve: 2w\n"
	    "  tags: [t, u]\n  references: r\n  then: [log, {mail: a@example.org}]\n");
	const struct rule *rule = rule_file_find(file, "a.b-c_1");

	(void)state;
	assert_int_equal(rule_file_count(file), 1);
	assert_ptr_equal(rule, rule_file_rule(file, 0));
	assert_string_equal(rule->description, "D");
	assert_int_equal(rule->severity, SEVERITY_CRITICAL);
	assert_int_equal(rule->key_count, 2);
	assert_string_equal(rule->key[1].source, "x{server.port}");
	assert_int_equal(rule->every_ns, 36 * 3600 * SECOND);
	assert_int_equal(rule->for_ns, 10 * SECOND);
	assert_int_equal(rule->resolve_ns, 14 * 86400 * SECOND);
	assert_int_equal(rule->tag_count, 2);
	assert_string_equal(rule->tags[1], "u");
	assert_string_equal(rule->references[0], "r");
	assert_int_equal(rule->action_count, 2);
	assert_string_equal(rule->actions[1].kind->name, "mail");
	assert_string_equal(
	    rules_action_parameter(&rule->actions[1], "to")->templates[0].source, "a@example.org");
	assert_null(rules_action_parameter(&rule->actions[1], "from"));
	assert_false(rule->needs_history);
	assert_int_equal(rule->place.line, 2);
	assert_null(rule_file_find(file, "a"));
	rule_file_free(file);
}

static void test_defaults(void **state)
{
	struct rule_file *file =
	    good("defaults: {then: [log], every: 1h, severity: info, key: server.ip}\nrules:\n"
		 "- {name: a, when: tls.resumed}\n"
		 "- {name: b, when: tls.resumed, every: 2h, severity: error, then: []}\n");
	const struct rule *a = rule_file_find(file, "a"), *b = rule_file_find(file, "b");

	(void)state;
	assert_int_equal(a->action_count, 1);
	assert_int_equal(a->every_ns, 3600 * SECOND);
	assert_int_equal(a->severity, SEVERITY_INFO);
	assert_int_equal(a->key_count, 1);
	assert_int_equal(b->action_count, 0);
	assert_int_equal(b->every_ns, 7200 * SECOND);
	assert_int_equal(b->severity, SEVERITY_ERROR);
	rule_file_free(file);
	file = good("rules: [{name: a, when: tls.resumed}]");
	a = rule_file_rule(file, 0);
	assert_int_equal(a->key_count, 2); /* the host pair */
	assert_int_equal(a->severity, SEVERITY_WARNING);
	rule_file_free(file);
}

static void test_history_is_noted(void **state)
{
	struct rule_file *file =
	    good("macros: {new: server.first_seen > now - 30d}\nrules:\n"
		 "- {name: a, when: tls.resumed}\n- {name: b, when: new}\n"
		 "- {name: c, when: tls.resumed, message: 'since {client.first_seen}'}\n");
	uint16_t slot;

	(void)state;
	assert_true(rule_file_needs_history(file));
	assert_false(rule_file_find(file, "a")->needs_history);
	assert_true(rule_file_find(file, "b")->needs_history);
	assert_true(rule_file_find(file, "c")->needs_history);
	assert_true(rules_field_find("server.first_seen", &slot) && rule_file_asks(file, slot));
	assert_true(rules_field_find("client.first_seen", &slot) && rule_file_asks(file, slot));
	assert_true(rules_field_find("pair.versions", &slot) && !rule_file_asks(file, slot));
	rule_file_free(file);
}

/* ---- Includes ---- */

static char folder[] = "/tmp/test_rule_file.XXXXXX";

static void put(const char *name, const char *text)
{
	char path[128];
	FILE *to;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	to = fopen(path, "w");
	assert_non_null(to);
	fputs(text, to);
	fclose(to);
}

static struct rule_file *load(const char *name, struct rules_errors *errors)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return rule_file_load(path, folder, errors);
}

static void test_includes(void **state)
{
	struct rules_errors errors;
	struct rule_file *file;

	(void)state;
	put("pack.yaml", "lists: {exempt: []}\nmacros: {m: tls.resumed}\nrules:\n"
			 "- {name: a, when: m and not server.ip in @exempt}\n- {name: b, when: m, "
			 "severity: info}\n"
			 "- {name: c, when: m}\n");
	put("mine.yaml", "include: pack.yaml\nlists: {exempt: [192.0.2.1]}\ndefaults: {then: "
			 "[log]}\ndisable: [c]\nrules:\n"
			 "- {name: b, when: m, severity: error}\n");
	file = load("mine.yaml", &errors);
	assert_non_null(file);
	assert_int_equal(rule_file_count(file), 2);
	assert_int_equal(rule_file_find(file, "b")->severity, SEVERITY_ERROR);
	assert_int_equal(rule_file_find(file, "a")->action_count, 1); /* the includer's default */
	{
		struct record r;
		struct rules_subject subject = {.record = &r, .file = file};

		record_init(&r);
		r.resumed = RECORD_TRUE;
		assert_int_equal(rules_evaluate(rule_file_find(file, "a"), &subject), RULES_TRUE);
		assert_true(address_parse(
		    "192.0.2.1", &r.server_ip)); /* the includer's list, in the pack's rule */
		assert_int_equal(rules_evaluate(rule_file_find(file, "a"), &subject), RULES_FALSE);
	}
	rule_file_free(file);
	rules_errors_free(&errors);
}

static void test_circles(void **state)
{
	struct rules_errors errors;
	struct rule_file *file;

	(void)state;
	put("one.yaml", "include: two.yaml\nrules: [{name: a, when: tls.resumed}]\n");
	put("two.yaml", "include: [one.yaml, two.yaml]\nrules: [{name: b, when: tls.resumed}]\n");
	file = load("one.yaml", &errors);
	assert_non_null(file);
	assert_int_equal(rule_file_count(file), 2);
	rule_file_free(file);
	rules_errors_free(&errors);
}

static void test_siblings(void **state)
{
	struct rules_errors errors;

	(void)state;
	put("left.yaml", "lists: {same: [a], other: [a]}\nrules: [{name: r, when: tls.resumed}]\n");
	put("right.yaml",
	    "lists: {same: [a], other: [b]}\nrules: [{name: r, when: tls.resumed}]\n");
	put("both.yaml", "include: [left.yaml, right.yaml]\n");
	assert_null(load("both.yaml", &errors));
	assert_int_equal(errors.count, 2); /* other, r; but not same, which says the same */
	assert_non_null(strstr(errors.lines[0], "right.yaml:1:20: list other stands already at "));
	assert_non_null(strstr(errors.lines[1], "right.yaml:2:16: rule r stands already at "));
	rules_errors_free(&errors);
	put("mended.yaml", "include: [left.yaml, right.yaml]\nlists: {other: []}\n");
	assert_null(load("mended.yaml", &errors));
	rules_errors_free(&errors);
}

static void test_too_many_files(void **state)
{
	struct rules_errors errors;

	(void)state;
	for (int i = 0; i < RULES_FILES_MAX + 4; i++) {
		char name[32], text[64];

		snprintf(name, sizeof(name), "chain%d.yaml", i);
		snprintf(text, sizeof(text), "include: chain%d.yaml\n", i + 1);
		put(name, text);
	}
	assert_null(load("chain0.yaml", &errors));
	assert_int_equal(errors.count, 1);
	assert_non_null(strstr(errors.lines[0], "more than 32 files"));
	rules_errors_free(&errors);
}

/* ---- Places ---- */

static void test_places(void **state)
{
	(void)state;
	bad("rules:\n- name: x\n  when: tls.versio < 1.2\n",
	    "f:3:9: tls.versio is no field; did you mean tls.version?");
	bad("rules:\n- name: x\n  when: 'tls.resumed and smtp.banner = ''it'' and tls.versio < "
	    "1.2'\n",
	    "f:3:51: tls.versio is no field; did you mean tls.version?");
	bad("rules:\n- name: x\n  when: \"tls.resumed and\\\n    \\ tls.versio < 1.2\"\n",
	    "f:4:7: tls.versio is no field; did you mean tls.version?");
	bad("rules:\n- name: x\n  when: \"smtp.banner = '\\x41\\u00e4\\\"' and tls.versio < "
	    "1.2\"\n",
	    "f:3:43: tls.versio is no field; did you mean tls.version?");
	bad("rules:\n- name: x\n  when: >-\n\n    tls.resumed\n\n    and  tls.versio\n    < 1.2\n",
	    "f:7:10: tls.versio is no field; did you mean tls.version?");
	bad("rules:\n- name: x\n  when: |2-  # why\n      tls.resumed\n      and tls.versio < "
	    "1.2\n",
	    "f:5:11: tls.versio is no field; did you mean tls.version?");
	bad("rules: [{name: x, when: tls.resumed\n   and tls.versio < 1.2}]\n",
	    "f:2:8: tls.versio is no field; did you mean tls.version?");
	bad("# \xc3\xa4\xc3\xa4\r\nrules:\r\n- name: x\r\n  when: smtp.banner = \"\xc3\xa4\" and "
	    "tls.versio < 1.2\r\n",
	    "f:4:31: tls.versio is no field; did you mean tls.version?");
	bad("\xef\xbb\xbfrules: [{name: x, when: tls.versio < 1.2}]\n",
	    "f:1:25: tls.versio is no field; did you mean tls.version?");
}

static void test_all_errors_are_told(void **state)
{
	struct rules_errors errors;

	(void)state;
	assert_null(parse("rules:\n- {name: a, when: foo}\nlists: {b: [\"@c\"]}\n", &errors));
	assert_int_equal(errors.count, 2);
	assert_memory_equal(errors.lines[0], "f:2:19: ", 8); /* in the order of lines */
	assert_memory_equal(errors.lines[1], "f:3:14: ", 8);
	rules_errors_free(&errors);
}

/* ---- Bounds ---- */

static void test_bounds(void **state)
{
	char *text = malloc(RULES_FILE_MAX + 2), *to;
	struct rules_errors errors;

	(void)state;
	assert_non_null(text);
	memset(text, '#', RULES_FILE_MAX + 1);
	text[RULES_FILE_MAX + 1] = '\0';
	assert_null(parse(text, &errors));
	assert_string_equal(errors.lines[0], "f: larger than 1 MiB; split it");
	rules_errors_free(&errors);
	to = text + sprintf(text, "rules:\n");
	for (int i = 0; i <= RULES_MAX; i++)
		to += sprintf(to, "- {name: r%d, when: foo}\n", i);
	assert_null(parse(text, &errors));
	rules_errors_free(&errors);
	to = text + sprintf(text, "rules:\n");
	for (int i = 0; i < 200; i++)
		to += sprintf(to, "- {name: r%d, when: foo}\n", i);
	assert_null(parse(text, &errors));
	assert_int_equal(errors.count, RULES_ERRORS_MAX);
	assert_true(errors.more);
	rules_errors_free(&errors);
	free(text);
}

/* Macros and lists of each other, far deeper than anybody nests them. */
static void test_long_chains(void **state)
{
	static const char *const heads[] = {"macros:\n  m0: tls.resumed\n", "lists:\n  m0: [a]\n"};
	char *text = malloc(RULES_FILE_MAX);

	(void)state;
	assert_non_null(text);
	for (int kind = 0; kind < 2; kind++) {
		struct rules_errors errors;
		char *to = stpcpy(text, heads[kind]);

		for (int i = 1; i < 20000; i++)
			to += kind == 0 ? sprintf(to, "  m%d: m%d\n", i, i - 1)
					: sprintf(to, "  m%d: [\"@m%d\"]\n", i, i - 1);
		assert_null(parse(text, &errors));
		assert_true(errors.more);
		rules_errors_free(&errors);
	}
	free(text);
}

static void test_aliases(void **state)
{
	struct rule_file *file =
	    good("lists:\n  a: &a [192.0.2.1]\n  b: *a\ndefaults: {then: &then [log]}\nrules:\n"
		 "- {name: x, when: server.ip in @b, then: *then}\n");
	struct rules_errors errors;

	(void)state;
	assert_int_equal(rule_file_rule(file, 0)->action_count, 1);
	rule_file_free(file);
	assert_null(parse("rules: &a [*a]\n", &errors)); /* within itself */
	rules_errors_free(&errors);
	assert_null(parse("lists: &a {x: *a}\n", &errors));
	rules_errors_free(&errors);
}

static void test_nothing(void **state)
{
	static const char *const texts[] = {
	    "", "\n", "# only a comment\n", "{}", "rules:\n", "rules: []\n", "lists:\nmacros:\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct rule_file *file = good(texts[i]);

		assert_int_equal(rule_file_count(file), 0);
		rule_file_free(file);
	}
	rule_file_free(NULL);
}

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(folder) == NULL;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rule),
	    cmocka_unit_test(test_defaults),
	    cmocka_unit_test(test_history_is_noted),
	    cmocka_unit_test(test_includes),
	    cmocka_unit_test(test_circles),
	    cmocka_unit_test(test_siblings),
	    cmocka_unit_test(test_too_many_files),
	    cmocka_unit_test(test_places),
	    cmocka_unit_test(test_all_errors_are_told),
	    cmocka_unit_test(test_bounds),
	    cmocka_unit_test(test_long_chains),
	    cmocka_unit_test(test_aliases),
	    cmocka_unit_test(test_nothing),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
