/* tlsvane rules test FILE [RULE...] -r CAPTURE: which session fires what, and why. */
#include <stdlib.h>
#include <string.h>

#include "../rules/spelling.h"
#include "../sensor/history.h"
#include "../parsers/tls_names.h"
#include "rules_tool.h"
#include "say.h"
#include "sessions.h"
#include "table.h"

struct tested {
	const struct rule *rule;
	bool wanted;	    /* shown on every session */
	uint64_t counts[3]; /* by enum rules_truth */
};

struct trial {
	const struct options *options;
	const struct rule_file *file;
	struct tested *rules;
	size_t count;
	bool named; /* only the rules that were named */
	bool color;
	bool json;
	struct history *history; /* NULL: no rule asks for it. It begins with the first capture */
};

static const char *const truth_words[] = {
    [RULES_FALSE] = "false", [RULES_TRUE] = "true", [RULES_UNKNOWN] = "unknown"};
static const uint8_t truth_styles[] = {
    [RULES_FALSE] = STYLE_DIM, [RULES_TRUE] = STYLE_GOOD, [RULES_UNKNOWN] = STYLE_WARN};

/* ---- For people ---- */

static void print_session(const struct record *r)
{
	char from[ADDRESS_TEXT_MAX], to[ADDRESS_TEXT_MAX], time[TIME_TEXT_MAX];
	const char *outcome = record_outcome_name(r->outcome),
		   *version = tls_version_label(r->tls_version);

	time_format(r->start_ns, time);
	printf("%.10s %.8s  %s -> %s port %u  %s%s%s\n", time, time + 11,
	    address_format(&r->client_ip, from), address_format(&r->server_ip, to), r->server_port,
	    outcome == NULL ? "" : outcome, version == NULL ? "" : " ",
	    version == NULL ? "" : version);
}

static void print_clause(void *context, const struct rules_clause *c)
{
	const struct trial *t = context;
	const char *on = style_on(truth_styles[c->truth], t->color),
		   *off = style_off(truth_styles[c->truth], t->color);

	printf("    %s%-7s%s %*s", on, truth_words[c->truth], off, (int)(2 * c->depth), "");
	write_clean(stdout, c->text);
	if (c->value[0] != '\0') {
		fputs("  (", stdout);
		write_clean(stdout, c->value);
		putchar(')');
	}
	putchar('\n');
}

static void print_result(
    struct trial *t, const struct rule *rule, const struct rules_subject *s, enum rules_truth truth)
{
	char text[1024];

	printf("  %s %s, %s", truth == RULES_TRUE ? "fires" : "does not fire:", rule->name,
	    rules_severity_words[rule->severity]);
	if (truth == RULES_TRUE) {
		rules_key_write(rule, s, text, sizeof(text));
		fputs(", key ", stdout);
		write_clean(stdout, text);
		if (rule->message.count > 0)
			rules_template_write(&rule->message, s, text, sizeof(text));
		if (rule->message.count > 0 || rule->description != NULL) {
			fputs(": ", stdout);
			write_clean(stdout, rule->message.count > 0 ? text : rule->description);
		}
	}
	putchar('\n');
	rules_trace(rule, s, print_clause, t);
}

/* ---- For programs ---- */

static void print_json_clause(void *context, const struct rules_clause *c)
{
	bool *first = context;

	printf("%s{\"depth\":%u,\"clause\":", *first ? "" : ",", c->depth);
	json_write_string(stdout, c->text);
	printf(",\"is\":\"%s\",\"value\":", truth_words[c->truth]);
	json_write_string(stdout, c->value);
	putchar('}');
	*first = false;
}

static void print_json(
    const struct rule *rule, const struct rules_subject *s, enum rules_truth truth)
{
	char time[TIME_TEXT_MAX], address[ADDRESS_TEXT_MAX], key[1024];
	bool first = true;

	printf("{\"@timestamp\":\"%s\"", time_format(s->record->start_ns, time));
	printf(",\"client\":{\"ip\":\"%s\"}", address_format(&s->record->client_ip, address));
	printf(",\"server\":{\"ip\":\"%s\"}", address_format(&s->record->server_ip, address));
	printf(",\"rule\":\"%s\",\"severity\":\"%s\",\"is\":\"%s\",\"key\":", rule->name,
	    rules_severity_words[rule->severity], truth_words[truth]);
	rules_key_write(rule, s, key, sizeof(key));
	json_write_string(stdout, key);
	fputs(",\"clauses\":[", stdout);
	rules_trace(rule, s, print_json_clause, &first);
	fputs("]}\n", stdout);
}

/* ---- The trial ---- */

static void try_session(struct trial *t, const struct record *r)
{
	const struct rules_subject subject = {.record = r,
	    .file = t->file,
	    .history = t->history == NULL ? NULL : history_answer,
	    .context = t->history};
	bool headed = false;

	for (size_t i = 0; i < t->count; i++) {
		struct tested *tested = &t->rules[i];
		enum rules_truth truth = rules_evaluate(tested->rule, &subject);

		tested->counts[truth]++;
		if (t->named ? !tested->wanted : truth != RULES_TRUE)
			continue;
		if (t->json) {
			print_json(tested->rule, &subject, truth);
			continue;
		}
		if (!headed)
			print_session(r);
		headed = true;
		print_result(t, tested->rule, &subject, truth);
	}
	if (headed)
		putchar('\n');
}

/* A session of before --since is not judged, but those behind it remember it. */
static void take_session(struct trial *t, const struct record *r)
{
	if (t->history != NULL && history_prepare(t->history, r))
		history_select(t->history, r);
	if (r->start_ns / 1000000u >= t->options->since_ms)
		try_session(t, r);
	if (t->history != NULL)
		history_note(t->history, r);
}

static const struct column columns[] = {
    {.name = "rule", .heading = "RULE"},
    {.name = "severity", .heading = "SEVERITY"},
    {.name = "fired", .heading = "FIRED", .flags = COLUMN_RIGHT},
    {.name = "clean", .heading = "CLEAN", .flags = COLUMN_RIGHT},
    {.name = "unknown", .heading = "UNKNOWN", .flags = COLUMN_RIGHT},
    {.name = "note", .heading = "NOTE", .least = 8},
};

static void print_counts(const struct trial *t)
{
	struct table *table =
	    table_new(stdout, t->options, columns, sizeof(columns) / sizeof(columns[0]));

	for (size_t i = 0; table != NULL && i < t->count; i++) {
		const struct tested *tested = &t->rules[i];

		if (t->named && !tested->wanted)
			continue;
		table_text(table, tested->rule->name, STYLE_PLAIN);
		table_text(table, rules_severity_words[tested->rule->severity], STYLE_PLAIN);
		table_number(table, tested->counts[RULES_TRUE]);
		table_number(table, tested->counts[RULES_FALSE]);
		table_number(table, tested->counts[RULES_UNKNOWN]);
		table_text(table,
		    tested->rule->needs_history ? "history begins with the capture" : NULL,
		    STYLE_DIM);
		table_end_row(table);
	}
	if (table != NULL)
		table_finish(table);
}

static bool take_rules(struct trial *t)
{
	if (rule_file_needs_history(t->file)) {
		t->history = history_new(NULL, NULL, "");
		if (t->history == NULL)
			return false;
	}
	t->count = rule_file_count(t->file);
	t->rules = calloc(t->count + 1, sizeof(*t->rules));
	for (size_t i = 0; t->rules != NULL && i < t->count; i++)
		t->rules[i].rule = rule_file_rule(t->file, i);
	return t->rules != NULL;
}

/* Marks the rules that were named; EXIT_USAGE where there is none of a name. */
static int mark_rules(struct trial *t, const struct options *o)
{
	for (size_t i = 2; i < o->argument_count; i++) {
		struct spelling near = spelling_of(o->arguments[i]);
		bool found = false;

		for (size_t j = 0; j < t->count; j++) {
			bool same = strcmp(t->rules[j].rule->name, o->arguments[i]) == 0;

			t->rules[j].wanted |= same;
			found |= same;
			spelling_try(&near, t->rules[j].rule->name);
		}
		if (!found)
			return say_error(EXIT_USAGE, "%s has no rule %s%s%s%s", o->arguments[1],
			    o->arguments[i], near.best == NULL ? "" : "; did you mean ",
			    near.best == NULL ? "" : near.best, near.best == NULL ? "" : "?");
		t->named = true;
	}
	return 0;
}

static int run(struct trial *t, const struct options *o)
{
	struct options reading = *o;
	struct sessions sessions;
	int status;

	reading.arguments = o->reads;
	reading.argument_count = o->read_count;
	reading.since_ms = 0;
	status = sessions_read(&sessions, &reading);
	for (size_t i = 0; i < sessions.count && !ferror(stdout); i++)
		take_session(t, sessions.items[i].record);
	if (status != EXIT_USAGE && !t->json) {
		printf("%zu %s\n\n", sessions.count, sessions.count == 1 ? "session" : "sessions");
		print_counts(t);
	}
	fflush(stdout);
	if (status == EXIT_FAILED)
		sessions_say_errors(&sessions);
	sessions_free(&sessions);
	return status;
}

int rules_test(const struct options *o)
{
	struct trial t = {
	    .options = o, .color = options_color(o, stdout), .json = o->format == OUTPUT_JSON};
	struct rule_file *file;
	int status;

	if (o->argument_count < 2 || o->read_count == 0)
		return say_error(EXIT_USAGE, "%s tlsvane rules test FILE -r CAPTURE",
		    o->argument_count < 2 ? "which file?" : "on which capture?");
	if (o->format == OUTPUT_CSV)
		return say_error(EXIT_USAGE, "rules test has no --csv; take --json");
	file = rules_load(o->arguments[1]);
	if (file == NULL)
		return EXIT_USAGE;
	t.file = file;
	status = take_rules(&t) ? mark_rules(&t, o) : say_error(EXIT_FAILED, "out of memory");
	if (status == 0)
		status = run(&t, o);
	free(t.rules);
	history_free(t.history);
	rule_file_free(file);
	return status;
}
