/* The language: what it reads, what it refuses and where, its normal form, literals, patterns,
 * networks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../parsers/tls_hello.h"
#include "../../rules/expression.h"
#include "../../rules/evaluate.h"
#include "../../rules/lexer.h"
#include "../../rules/literal.h"
#include "../../rules/spelling.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char head[] = "networks: {own: [192.0.2.0/24]}\nlists: {partners: [192.0.2.25, "
			   "198.51.100.0/24], domains: [example.net]}\n"
			   "macros: {old: tls.version < 1.2}\nrules:\n- name: x\n  when: |-\n    ";

/* The condition stands on line 7 from column 5 on. */
static struct rule_file *load(const char *condition, struct rules_errors *errors)
{
	char text[16384];
	int length = snprintf(text, sizeof(text), "%s%s\n", head, condition);

	return rule_file_parse("f", text, (size_t)length, NULL, errors);
}

static char *normal(const struct rule *rule)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	condition_write(to, rule->condition->root);
	fclose(to);
	return text;
}

static const struct {
	const char *from, *to; /* to NULL: the same */
} normals[] = {
    {"tls.version < 1.2", NULL},
    {"1.2 > tls.version", "tls.version < 1.2"},
    {"ssl3 >= tls.version", "tls.version <= ssl3"},
    {"old", "tls.version < 1.2"},
    {"old and tls.resumed", "tls.version < 1.2 and tls.resumed"},
    {"not old", "not tls.version < 1.2"},
    {"(((tls.resumed)))", "tls.resumed"},
    {"tls.resumed and (tls.established or old)",
	"tls.resumed and (tls.established or tls.version < 1.2)"},
    {"(tls.resumed and tls.established) or old",
	"tls.resumed and tls.established or tls.version < 1.2"},
    {"not (tls.resumed and tls.established)", NULL},
    {"not not tls.resumed", NULL},
    {"server.ip not in @partners", "not server.ip in @partners"},
    {"server.ip in [ 192.0.2.1 , 2001:db8::/32,@partners ]",
	"server.ip in [192.0.2.1, 2001:db8::/32, @partners]"},
    {"server.ip in 192.0.2.0/24", NULL},
    {"smtp.banner = 'a \"b\" \\'", "smtp.banner = \"a \\\"b\\\" \\\\\""},
    {"smtp.banner matches \"* ESMTP *\"", NULL},
    {"smtp.helo under example.net", NULL},
    {"smtp.helo not under [example.net, @domains]", "not smtp.helo under [example.net, @domains]"},
    {"registrable(smtp.helo) = registrable(tls.client.server_name)", NULL},
    {"registrable(smtp.helo) in @domains", NULL},
    {"exists tls.curve and not exists(tls.dh_bits)", "exists tls.curve and not exists tls.dh_bits"},
    {"now - server.first_seen < 1d12h", NULL},
    {"server.first_seen > now - 30d", NULL},
    {"now - (server.first_seen + 1h) > 2h + event.duration",
	"now - (server.first_seen + 1h) > 2h + event.duration"},
    {"@timestamp < 2026-03-01", NULL},
    {"1.0 in pair.versions", NULL},
    {"tls.version in pair.versions", NULL},
    {"tls.cipher ~ \"^TLS_RSA_\"", NULL},
    {"tls.cipher = 0xABCD", NULL},
    {"true or false", NULL},
    {"server.port in [25, 587]", NULL},
    {"direction in [inbound, internal]", NULL},
    {"tlsvane.outcome != tls", NULL},
    {"tls.version\n     <\n     1.2", "tls.version < 1.2"},
};

static void test_normal_form(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(normals); i++) {
		const char *wanted = normals[i].to == NULL ? normals[i].from : normals[i].to;
		struct rules_errors errors;
		struct rule_file *file = load(normals[i].from, &errors), *again;
		char *text, *second;

		if (file == NULL)
			fail_msg("%s: %s", normals[i].from, errors.lines[0]);
		text = normal(rule_file_rule(file, 0));
		assert_string_equal(text, wanted);
		rules_errors_free(&errors);
		again = load(
		    text, &errors); /* the normal form is a condition, and its own normal form */
		assert_non_null(again);
		second = normal(rule_file_rule(again, 0));
		assert_string_equal(text, second);
		free(text);
		free(second);
		rule_file_free(file);
		rule_file_free(again);
		rules_errors_free(&errors);
	}
}

static const struct {
	const char *condition;
	unsigned column;
	const char *says;
} wrong[] = {
    {"tls.verson < 1.2", 5, "did you mean tls.version?"},
    {"old and olde", 13, "did you mean old?"},
    {"tls.version < 1.4", 19, "no version"},
    {"tls.version < tls.client.max_versoin", 19, "did you mean tls.client.max_version?"},
    {"server.ip in @partner", 18, "did you mean @partners?"},
    {"server.ip in @old", 18, "no list or network @old"},
    {"server.ip = 192.0.2.0/24", 17, "write in"},
    {"server.ip in [192.0.2.1/24]", 19, "write 192.0.2.0/24"},
    {"server.ip in [192.0.2.0/33]", 19, "no address or network"},
    {"tlsvane.outcome = tls_faild", 23, "did you mean tls_failed?"},
    {"tls.cipher = TLS_RSA_WITH_RC4_128_SHB", 18, "did you mean TLS_RSA_WITH_RC4_128_SHA?"},
    {"tls.cipher matches *_RC5_*", 24, "matches nothing"},
    {"smtp.helo ~ \"(\"", 17, "no regular expression"},
    {"tls.resumed <> true", 17, "write !="},
    {"tls.version", 5, "no condition"},
    {"tls.resumed and", 20, "ends too early"},
    {"(tls.resumed", 5, "not closed"},
    {"tls.resumed)", 16, "unexpected \")\""},
    {"server.ip in [a", 18, "not closed"},
    {"1.2 < 1.3", 5, "no field"},
    {"\"x\" = \"y\"", 5, "where a field must"},
    {"smtp.banner < a", 17, "no order"},
    {"smtp.banner under example.net", 17, "host names"},
    {"pair.versions < 1.2", 5, "set of versions"},
    {"tls.cipher = tls.curve", 16, "different words"},
    {"exists \"tls.version\"", 12, "exists FIELD"},
    {"now + now > now", 9, "cannot be added"},
    {"tls.cipher + *_RC4_* = x", 16, "cannot be added"},
    {"x - tlsvane.outcome = y", 7, "cannot be subtracted"},
    {"registrable(server.ip) = x", 5, "wants a host name"},
    {"tls.resumed = 1", 19, "true or false"},
    {"server.port = -1", 19, "a field or a value is missing"},
    {"event.duration < 99999999999999999999d", 22, "no duration"},
    {"smtp.helo = server.example.net", 17, "quote it"},
    {"a\xc3\xa4 = b", 6, "sign that is not known"},
};

static void test_errors(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct rules_errors errors;
		struct rule_file *file = load(wrong[i].condition, &errors);
		char place[32];

		snprintf(place, sizeof(place), "f:7:%u: ", wrong[i].column);
		if (file != NULL || errors.count != 1)
			fail_msg("%s: %zu errors", wrong[i].condition, errors.count);
		if (strncmp(errors.lines[0], place, strlen(place)) != 0 ||
		    strstr(errors.lines[0], wrong[i].says) == NULL)
			fail_msg("%s: %s", wrong[i].condition, errors.lines[0]);
		rules_errors_free(&errors);
	}
}

static void test_durations(void **state)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} good[] = {{"0s", 0}, {"1ms", 1000000}, {"90m", 5400000000000}, {"1d12h", 129600000000000},
	    {"1w", 604800000000000}};
	static const char *const bad[] = {"", "1", "d", "1y", "1d ", "1 d", "-1d", "1.5h", "d1",
	    "99999999999999999999s", "1000000w"};
	uint64_t ns;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		assert_true(literal_duration(good[i].text, &ns));
		assert_int_equal(ns, good[i].ns);
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(literal_duration(bad[i], &ns));
}

static void test_versions(void **state)
{
	static const struct {
		const char *text;
		uint16_t version;
	} good[] = {{"ssl2", TLS_VERSION_SSL2}, {"ssl3", TLS_VERSION_SSL3},
	    {"SSLv3", TLS_VERSION_SSL3}, {"1.0", TLS_VERSION_10}, {"TLSv1.1", TLS_VERSION_11},
	    {"tls1.2", TLS_VERSION_12}, {"1.3", TLS_VERSION_13}};
	static const char *const bad[] = {
	    "", "1", "2", "3", "1.4", "tls", "ssl", "tlsssl3", "1.2 ", "01.2", "tlsv"};
	struct rules_value value;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		assert_null(literal_read(good[i].text, RULES_VERSION, NULL, &value));
		assert_int_equal(value.number, good[i].version);
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_non_null(literal_read(bad[i], RULES_VERSION, NULL, &value));
}

static void test_times(void **state)
{
	static const struct {
		const char *text;
		uint64_t seconds;
	} good[] = {{"1970-01-01", 0}, {"2026-03-01", 1772323200},
	    {"2026-03-01T08:15:30Z", 1772352930}, {"2026-03-01T08:15:30+01:00", 1772349330},
	    {"2026-03-01T08:15:30-01:30", 1772358330}};
	static const char *const bad[] = {"", "2026", "2026-13-01", "2026-02-30", "1969-12-31",
	    "2026-03-01T25:00:00Z", "2026-03-01 08:15:30", "2026-03-01T08:15:30+1",
	    "2026-03-01T08:15:30+99:00", "9999-01-01"};
	struct rules_value value;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		assert_null(literal_read(good[i].text, RULES_TIME, NULL, &value));
		assert_int_equal(value.number, good[i].seconds * 1000000000);
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_non_null(literal_read(bad[i], RULES_TIME, NULL, &value));
}

static void test_globs(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool matches;
	} cases[] = {{"", "", true}, {"*", "", true}, {"?", "", false}, {"a*", "abc", true},
	    {"*c", "abc", true}, {"a*c", "abbbc", true}, {"a*c", "abbbd", false},
	    {"*_RC4_*", "TLS_RSA_WITH_RC4_128_SHA", true}, {"*_RC4_*", "TLS_RSA_WITH_RC4", false},
	    {"a?c", "abc", true}, {"a?c", "ac", false}, {"**a**", "bab", true},
	    {"a*b*c", "aXbYbZc", true}, {"A", "a", false}, {"abc", "abcd", false}};
	char text[4096], pattern[64];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(
		    glob_match(cases[i].pattern, cases[i].text, false), cases[i].matches);
	assert_true(glob_match("MX*", "mx.example", true));
	memset(text, 'a', sizeof(text) - 1); /* many stars cost no more than text by pattern */
	text[sizeof(text) - 1] = '\0';
	for (size_t i = 0; i + 2 < sizeof(pattern); i += 2)
		memcpy(pattern + i, "*a", 3);
	strcpy(pattern + sizeof(pattern) - 2, "b");
	assert_false(glob_match(pattern, text, false));
}

static void test_hosts(void **state)
{
	char normal_name[HOST_MAX];

	(void)state;
	assert_true(host_normal("MX.Example.NET.", normal_name));
	assert_string_equal(normal_name, "mx.example.net");
	assert_false(host_normal("", normal_name));
	assert_false(host_normal(".", normal_name));
	assert_string_equal(host_registrable("a.b.example.co.uk"), "example.co.uk");
	assert_string_equal(host_registrable("example.net"), "example.net");
	assert_null(host_registrable("co.uk"));
	assert_null(host_registrable("192.0.2.1"));
	assert_null(host_registrable("[192.0.2.1]"));
}

static void test_regex_bounds(void **state)
{
	char error[128], text[2048];
	struct regex *r;
	size_t at;

	(void)state;
	r = regex_new("^(a+)+$", false, error, &at);
	assert_non_null(r);
	memset(text, 'a', 40);
	strcpy(text + 40, "!");
	assert_int_equal(regex_match(r, text), RULES_UNKNOWN);
	assert_int_equal(regex_gave_up(r), 1);
	assert_int_equal(regex_match(r, "aaa"), RULES_TRUE);
	assert_int_equal(regex_match(r, "b"), RULES_FALSE);
	assert_int_equal(regex_match(r, "\xff\xfe"), RULES_FALSE);
	regex_free(r);
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_null(regex_new(text, false, error, &at));
	assert_null(regex_new("\\C", false, error, &at));
}

static void add_network(struct network *n, const char *text)
{
	struct frame_address address;
	unsigned bits;

	assert_true(literal_network(text, &address, &bits));
	assert_true(network_add(n, &address, bits));
}

static bool holds(const struct network *n, const char *text)
{
	struct frame_address address;

	assert_true(address_parse(text, &address));
	return network_holds(n, &address);
}

static void test_networks(void **state)
{
	struct network *n = network_new();

	(void)state;
	add_network(n, "192.0.2.0/24");
	add_network(n, "192.0.2.25");
	add_network(n, "192.0.2.25");
	add_network(n, "2001:db8::/33");
	assert_true(holds(n, "192.0.2.0"));
	assert_true(holds(n, "192.0.2.255"));
	assert_false(holds(n, "192.0.3.0"));
	assert_true(holds(n, "::ffff:192.0.2.25"));
	assert_true(holds(n, "2001:db8:7fff::1"));
	assert_false(holds(n, "2001:db8:8000::1"));
	assert_false(holds(n, "::"));
	add_network(n, "0.0.0.0/0");
	assert_true(holds(n, "255.255.255.255"));
	assert_false(holds(n, "::1"));
	add_network(n, "::/0");
	assert_true(holds(n, "::1"));
	network_free(n);
	network_free(NULL);
}

static void test_spelling(void **state)
{
	struct spelling s = {.word = "tls.vresion", .length = 11};

	(void)state;
	spelling_try(&s, "tls.cipher");
	assert_null(s.best);
	spelling_try(&s, "tls.version");
	assert_string_equal(s.best, "tls.version");
	s = (struct spelling){.word = "x", .length = 1};
	spelling_try(&s, "y");
	assert_null(s.best);
}

/* Cut anywhere, a condition is read or refused, and nothing is read behind its end. */
static void test_cut_anywhere(void **state)
{
	static const char whole[] =
	    "old and not (server.ip in [192.0.2.1, @partners] or smtp.helo ~ \"a\\\"b\") and "
	    "now - server.first_seen < 30d and tls.cipher matches 'x*' or exists tls.curve";

	(void)state;
	for (size_t length = 1; length < sizeof(whole); length++) {
		char *cut = strndup(whole, length);
		struct rules_errors errors;
		struct rule_file *file = load(cut, &errors);

		assert_true((file == NULL) == (errors.count > 0));
		rule_file_free(file);
		rules_errors_free(&errors);
		free(cut);
	}
}

/* The manual describes every word of the language. */
static void test_manual(void **state)
{
	FILE *page = fopen("tools/man/tlsvane-rules.5.in", "r");
	static char text[65536];
	char wanted[64];

	(void)state;
	assert_non_null(page);
	text[fread(text, 1, sizeof(text) - 1, page)] = '\0';
	fclose(page);
	for (size_t i = 0; expression_keywords[i] != NULL; i++) {
		snprintf(wanted, sizeof(wanted), "\\fB%s\\fR", expression_keywords[i]);
		if (strstr(text, wanted) == NULL)
			fail_msg("%s is not in it", wanted);
	}
	for (unsigned i = 0; i < RELATIONS; i++) {
		snprintf(wanted, sizeof(wanted), "\\fB%s\\fR", relation_sign(i));
		if (strstr(text, wanted) == NULL)
			fail_msg("%s is not in it", wanted);
	}
	for (unsigned i = 0; i < RULES_TYPES; i++) {
		snprintf(wanted, sizeof(wanted), ".TP\n%s\n", rules_type_name(i));
		if (strstr(text, wanted) == NULL)
			fail_msg("%s is not in it", rules_type_name(i));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_normal_form),
	    cmocka_unit_test(test_errors),
	    cmocka_unit_test(test_durations),
	    cmocka_unit_test(test_versions),
	    cmocka_unit_test(test_times),
	    cmocka_unit_test(test_globs),
	    cmocka_unit_test(test_hosts),
	    cmocka_unit_test(test_regex_bounds),
	    cmocka_unit_test(test_networks),
	    cmocka_unit_test(test_spelling),
	    cmocka_unit_test(test_manual),
	    cmocka_unit_test(test_cut_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
