/* Conditions over records: three-valued logic, history, functions; templates; the trace. What each
 * clause means is in test_evaluate_reference.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../parsers/tls_hello.h"
#include "../../rules/evaluate.h"
#include "random_record.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- History ---- */

struct past {
	bool known;
	uint64_t first_seen, versions, sessions;
	unsigned asked;
};

static bool answer(void *context, size_t field, struct rules_value *value)
{
	struct past *p = context;
	const char *name = history_fields[field].name;

	p->asked++;
	if (!p->known)
		return false;
	if (strcmp(name, "server.first_seen") == 0)
		value->number = p->first_seen;
	else if (strcmp(name, "pair.versions") == 0)
		value->number = p->versions;
	else if (strcmp(name, "server.sessions_24h") == 0)
		value->number = p->sessions;
	else
		return false;
	return true;
}

static struct rule_file *load_text(const char *text)
{
	struct rules_errors errors;
	struct rule_file *file = rule_file_parse("test", text, strlen(text), NULL, &errors);

	if (file == NULL)
		fail_msg("%s", errors.lines[0]);
	rules_errors_free(&errors);
	return file;
}

static struct rule_file *load_condition(const char *condition)
{
	char text[4096];

	snprintf(text, sizeof(text),
	    "networks: {own: [192.0.2.0/24]}\nrules:\n- name: x\n  when: |-\n    %s\n", condition);
	return load_text(text);
}

static enum rules_truth judge(const char *condition, const struct record *r, struct past *past)
{
	struct rule_file *file = load_condition(condition);
	struct rules_subject subject = {
	    .record = r, .file = file, .history = past == NULL ? NULL : answer, .context = past};
	enum rules_truth t = rules_evaluate(rule_file_rule(file, 0), &subject);

	rule_file_free(file);
	return t;
}

#define DAY (86400 * UINT64_C(1000000000))

static void test_history(void **state)
{
	struct record r;
	struct past past = {.known = true, .sessions = 5};
	static const char *const young = "server.first_seen > now - 30d",
				 *const age = "now - server.first_seen < 30d";

	(void)state;
	record_init(&r);
	r.start_ns = 1000 * DAY;
	r.tls_version = TLS_VERSION_10;
	past.first_seen = r.start_ns - 10 * DAY;
	past.versions = rules_version_bit(TLS_VERSION_12) | rules_version_bit(TLS_VERSION_13);
	assert_int_equal(judge(young, &r, &past), RULES_TRUE);
	assert_int_equal(judge(age, &r, &past), RULES_TRUE);
	assert_int_equal(judge("tls.version in pair.versions", &r, &past), RULES_FALSE);
	assert_int_equal(
	    judge("1.2 in pair.versions and not 1.0 in pair.versions", &r, &past), RULES_TRUE);
	assert_int_equal(judge("server.sessions_24h + 1 = 6", &r, &past), RULES_TRUE);
	past.first_seen = r.start_ns - 40 * DAY;
	assert_int_equal(judge(young, &r, &past), RULES_FALSE);
	assert_int_equal(judge(age, &r, &past), RULES_FALSE);
	past.first_seen = r.start_ns + DAY; /* another sensor's clock: never below zero */
	assert_int_equal(judge(age, &r, &past), RULES_TRUE);
	past.known = false;
	assert_int_equal(judge(age, &r, &past), RULES_UNKNOWN);
	assert_int_equal(judge("exists server.first_seen", &r, &past), RULES_FALSE);
	assert_int_equal(judge("exists server.first_seen", &r, NULL), RULES_UNKNOWN);
	assert_int_equal(
	    judge("tls.version > 1.2 and server.first_seen > now - 30d", &r, NULL), RULES_FALSE);
	assert_int_equal(
	    judge("tls.version < 1.2 and server.first_seen > now - 30d", &r, NULL), RULES_UNKNOWN);
	assert_int_equal(
	    judge("tls.version < 1.2 or server.first_seen > now - 30d", &r, NULL), RULES_TRUE);
}

/* What is settled before history stays so, whatever history says. */
static void test_history_settles(void **state)
{
	static const char *const parts[] = {"server.first_seen > now - 30d", "1.0 in pair.versions",
	    "exists server.first_seen", "tls.version < 1.2", "tls.resumed",
	    "server.sessions_24h > 3"};

	(void)state;
	for (unsigned i = 0; i < 400; i++) {
		char condition[512];
		struct record r;
		struct past past = {
		    .known = chance(2) == 0, .sessions = chance(6), .versions = chance(64)};
		enum rules_truth before;

		random_record(&r);
		past.first_seen = r.start_ns - chance(60) * DAY;
		snprintf(condition, sizeof(condition), "%s (%s) %s %s (%s %s %s)",
		    chance(2) == 0 ? "not" : "", parts[chance(COUNT(parts))],
		    chance(2) == 0 ? "and" : "or", chance(2) == 0 ? "not" : "",
		    parts[chance(COUNT(parts))], chance(2) == 0 ? "and" : "or",
		    parts[chance(COUNT(parts))]);
		before = judge(condition, &r, NULL);
		if (before != RULES_UNKNOWN)
			assert_int_equal(judge(condition, &r, &past), before);
	}
}

/* ---- Logic, by its table ---- */

static void test_kleene(void **state)
{
	static const char *const of[] = {
	    [RULES_FALSE] = "false", [RULES_TRUE] = "true", [RULES_UNKNOWN] = "tls.resumed"};
	struct record r;

	(void)state;
	record_init(&r);
	for (int a = 0; a < 3; a++)
		for (int b = 0; b < 3; b++) {
			char text[64];
			enum rules_truth and = a == RULES_FALSE || b == RULES_FALSE ? RULES_FALSE
					       : a == RULES_TRUE && b == RULES_TRUE ? RULES_TRUE
										    : RULES_UNKNOWN;
			enum rules_truth or = a == RULES_TRUE || b == RULES_TRUE ? RULES_TRUE
					      : a == RULES_FALSE && b == RULES_FALSE
						  ? RULES_FALSE
						  : RULES_UNKNOWN;

			snprintf(text, sizeof(text), "%s and %s", of[a], of[b]);
			assert_int_equal(judge(text, &r, NULL), and);
			snprintf(text, sizeof(text), "%s or %s", of[a], of[b]);
			assert_int_equal(judge(text, &r, NULL), or);
		}
	assert_int_equal(judge("not tls.resumed", &r, NULL), RULES_UNKNOWN);
	assert_int_equal(judge("not true", &r, NULL), RULES_FALSE);
}

static void test_functions(void **state)
{
	struct record r;
	static const char *const same =
	    "registrable(smtp.helo) = registrable(tls.client.server_name)";

	(void)state;
	record_init(&r);
	record_set_text(&r, &r.helo, "Out1.Example.CO.UK.");
	record_set_text(&r, &r.server_name, "mx.example.co.uk");
	assert_int_equal(judge(same, &r, NULL), RULES_TRUE);
	assert_int_equal(judge("registrable(smtp.helo) in [example.co.uk]", &r, NULL), RULES_TRUE);
	assert_int_equal(judge("registrable(smtp.helo) = co.uk", &r, NULL), RULES_FALSE);
	assert_int_equal(judge("smtp.helo = tls.client.server_name", &r, NULL), RULES_FALSE);
	record_set_text(&r, &r.helo, "[192.0.2.1]");
	assert_int_equal(judge(same, &r, NULL), RULES_UNKNOWN);
	r.duration_ns = 5 * DAY;
	assert_int_equal(
	    judge("event.duration = 5d and event.duration + 1h > 5d", &r, NULL), RULES_TRUE);
	assert_int_equal(judge("event.duration - 6d = 0s", &r, NULL), RULES_TRUE);
}

/* The names of a certificate, and what they are asked. */
static void test_lists(void **state)
{
	static const struct {
		const char *condition;
		enum rules_truth truth;
	} cases[] = {
	    {"tls.server.san = MX1.example.net", RULES_TRUE},
	    {"tls.server.san = example.net", RULES_FALSE},
	    {"tls.server.san != mx1.example.net", RULES_FALSE},
	    {"tls.server.san in [a.example, mx2.example.net.]", RULES_TRUE},
	    {"tls.server.san under example.net", RULES_TRUE},
	    {"tls.server.san under ample.net", RULES_FALSE},
	    {"tls.server.san matches mx?.example.net", RULES_TRUE},
	    {"tls.server.san matches \"mx1*mx2*\"", RULES_FALSE},
	    {"tls.server.san ~ \"^mx2[.]\"", RULES_TRUE},
	    {"tls.client.server_name in tls.server.san", RULES_TRUE},
	    {"mx3.example.net in tls.server.san", RULES_FALSE},
	    {"smtp.helo in tls.server.san", RULES_UNKNOWN},
	    {"out.example.org in tls.server.san", RULES_TRUE},
	    {"a.out.example.org in tls.server.san", RULES_FALSE},
	    {"example.org in tls.server.san", RULES_FALSE},
	    {".example.org in tls.server.san", RULES_FALSE},
	};
	struct record r;

	(void)state;
	record_init(&r);
	assert_int_equal(judge("exists tls.server.san", &r, NULL), RULES_FALSE);
	record_set_text(&r, &r.server_names, "mx1.example.net mx2.example.net *.example.org");
	record_set_text(&r, &r.server_name, "Mx2.example.net");
	for (size_t i = 0; i < COUNT(cases); i++)
		if (judge(cases[i].condition, &r, NULL) != cases[i].truth)
			fail_msg("%s", cases[i].condition);
}

static void test_direction(void **state)
{
	static const struct {
		const char *client, *server, *direction;
	} cases[] = {{"192.0.2.1", "198.51.100.1", "outbound"},
	    {"198.51.100.1", "192.0.2.1", "inbound"}, {"192.0.2.1", "192.0.2.2", "internal"},
	    {"2001:db8::1", "2001:db8::2", "transit"}};
	struct record r;

	(void)state;
	record_init(&r);
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[64];

		assert_true(address_parse(cases[i].client, &r.client_ip) &&
			    address_parse(cases[i].server, &r.server_ip));
		snprintf(text, sizeof(text), "direction = %s", cases[i].direction);
		assert_int_equal(judge(text, &r, NULL), RULES_TRUE);
	}
	assert_int_equal(rules_direction(NULL, &r), DIRECTION_ABSENT);
}

/* ---- Templates ---- */

static void test_templates(void **state)
{
	struct rule_file *file =
	    load_text("rules:\n- name: x\n  when: 'true'\n  key: [server.ip, 'v{tls.version}']\n"
		      "  message: '{{{client.ip}}} {tls.cipher} \xc3\xa4{smtp.helo}'\n");
	const struct rule *rule = rule_file_rule(file, 0);
	struct record r;
	struct rules_subject subject = {.record = &r, .file = file};
	static const char whole[] = "{192.0.2.1} TLS_AES_128_GCM_SHA256 \xc3\xa4-";
	char text[128];

	(void)state;
	record_init(&r);
	r.tls_version = TLS_VERSION_13;
	r.cipher_suite = 0x1301;
	assert_true(address_parse("192.0.2.1", &r.client_ip) &&
		    address_parse("2001:db8::25", &r.server_ip));
	assert_int_equal(
	    rules_key_write(rule, &subject, text, sizeof(text)), strlen("2001:db8::25 v1.3"));
	assert_string_equal(text, "2001:db8::25 v1.3");
	for (size_t size = 1; size < sizeof(text); size++) {
		memset(text, 'x', sizeof(text));
		assert_int_equal(
		    rules_template_write(&rule->message, &subject, text, size), strlen(whole));
		assert_true(strlen(text) < size);
		assert_memory_equal(text, whole, strlen(text));
		if (size > strlen(whole))
			assert_string_equal(text, whole);
		if (strlen(text) > 0) /* no half of a character */
			assert_true((unsigned char)text[strlen(text) - 1] != 0xc3);
	}
	assert_int_equal(rules_template_write(&rule->message, &subject, NULL, 0), strlen(whole));
	rule_file_free(file);
}

/* ---- The trace ---- */

static void keep_truth(void *context, const struct rules_clause *c)
{
	char *log = context;
	size_t used = strlen(log);

	snprintf(log + used, 1024 - used, "%u %d %s|%s\n", c->depth, c->truth, c->text, c->value);
}

static void test_trace(void **state)
{
	struct rule_file *file =
	    load_condition("tls.version < 1.2 and not (tls.resumed or server.known)");
	struct record r;
	struct rules_subject subject = {.record = &r, .file = file};
	char log[1024] = "";

	(void)state;
	record_init(&r);
	r.tls_version = TLS_VERSION_11;
	rules_trace(rule_file_rule(file, 0), &subject, keep_truth, log);
	assert_string_equal(log, "0 2 tls.version < 1.2 and not (tls.resumed or server.known)|\n"
				 "1 1 tls.version < 1.2|tls.version is 1.1\n"
				 "1 2 not (tls.resumed or server.known)|\n"
				 "2 2 tls.resumed or server.known|\n"
				 "3 2 tls.resumed|tls.resumed absent\n"
				 "3 2 server.known|server.known needs history\n");
	rule_file_free(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_kleene),
	    cmocka_unit_test(test_history),
	    cmocka_unit_test(test_history_settles),
	    cmocka_unit_test(test_functions),
	    cmocka_unit_test(test_lists),
	    cmocka_unit_test(test_direction),
	    cmocka_unit_test(test_templates),
	    cmocka_unit_test(test_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
