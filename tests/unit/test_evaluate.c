/*
 * Conditions over records: random ones against a slow reference, which takes every value as
 * record_value() shows it and knows nothing of compiled forms; three-valued logic; history;
 * templates.
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

#include "../../parsers/tls_hello.h"
#include "../../rules/evaluate.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define RECORDS	     300
#define CONDITIONS   300

/* ---- Random records ---- */

static uint32_t seed = 1;

static uint32_t chance(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % below;
}

static uint16_t one_of(const uint16_t *from, size_t count)
{
	return from[chance((uint32_t)count)];
}

static void random_text(struct record *r, uint16_t *field)
{
	static const char *const texts[] = {"mx.example.net", "MX.Example.NET.",
	    "a.b.example.co.uk", "example.net", "badexample.net", "[192.0.2.1]", "localhost", "x",
	    "mx ESMTP Postfix", "192.0.2.1", "\xc3\xa4"};

	if (chance(3) > 0)
		record_set_text(r, field, texts[chance(COUNT(texts))]);
}

static void random_address(struct frame_address *a)
{
	static const char *const texts[] = {"192.0.2.25", "192.0.2.26", "198.51.100.1", "10.1.2.3",
	    "2001:db8::1", "2001:db8:8000::1", "::1", "203.0.113.255"};

	assert_true(address_parse(texts[chance(COUNT(texts))], a));
}

static void random_record(struct record *r)
{
	static const uint16_t versions[] = {0, 0, TLS_VERSION_SSL2, TLS_VERSION_SSL3,
	    TLS_VERSION_10, TLS_VERSION_11, TLS_VERSION_12, TLS_VERSION_13, 0x7f1c};
	static const uint16_t ciphers[] = {
	    0x0005, 0x0000, 0x1301, 0xc02f, 0x002f, 0xabcd, 0x000a, 0xc0aa};
	static const uint16_t groups[] = {0, 29, 23, 1, 0x100, 0xfefe};
	static const uint16_t sizes[] = {0, 512, 1024, 2048, 4096};

	record_init(r);
	r->start_ns = UINT64_C(1772323200000000000) + chance(1000000) * UINT64_C(1000000000);
	r->duration_ns = chance(3) * UINT64_C(50000000000);
	random_address(&r->client_ip);
	random_address(&r->server_ip);
	r->server_port = (uint16_t)(chance(2) == 0 ? 25 : 587);
	r->client_port = (uint16_t)chance(65536);
	r->starttls_reply = (uint16_t)(chance(2) * 220);
	r->tls_version = one_of(versions, COUNT(versions));
	r->client_min_version = one_of(versions, COUNT(versions));
	r->client_max_version = one_of(versions, COUNT(versions));
	r->cipher_suite = one_of(ciphers, COUNT(ciphers));
	r->group = one_of(groups, COUNT(groups));
	r->dh_bits = one_of(sizes, COUNT(sizes));
	r->tunnel = (uint8_t)chance(3);
	r->starttls_offered = (uint8_t)chance(3);
	r->starttls_requested = (uint8_t)chance(3);
	r->plaintext_mail = (uint8_t)chance(3);
	r->established = (uint8_t)chance(3);
	r->resumed = (uint8_t)chance(3);
	r->fallback_scsv = (uint8_t)chance(3);
	r->sentinel = (uint8_t)chance(3);
	r->alert_side = (uint8_t)chance(3);
	r->alert_level = (uint8_t)chance(3);
	r->alert_code = (uint8_t)(chance(2) == 0 ? 70 : chance(256));
	r->outcome = (uint8_t)chance(OUTCOMES);
	r->legacy_side = (uint8_t)chance(LEGACY_SIDES);
	r->confidence = (uint8_t)chance(CONFIDENCES);
	snprintf(r->history, sizeof(r->history), "%s", chance(2) == 0 ? "" : "bErSs:CSX");
	random_text(r, &r->banner);
	random_text(r, &r->helo);
	random_text(r, &r->software);
	random_text(r, &r->server_name);
	random_text(r, &r->protocol);
}

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

enum kind { VERSION, NUMBER, EXACT, HOST, UNDER, GLOB, REGEX, NETWORK, EXISTS, FLAG };

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
    {"tls.established", "", "", FLAG},
    {"smtp.plaintext_mail", "", "", FLAG},
};

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
	else if (c->kind == REGEX || c->kind == GLOB)
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
	    cmocka_unit_test(test_values),
	    cmocka_unit_test(test_clauses),
	    cmocka_unit_test(test_against_reference),
	    cmocka_unit_test(test_kleene),
	    cmocka_unit_test(test_history),
	    cmocka_unit_test(test_history_settles),
	    cmocka_unit_test(test_functions),
	    cmocka_unit_test(test_direction),
	    cmocka_unit_test(test_templates),
	    cmocka_unit_test(test_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
