/* tlsvane enforce: the clock of every host that breaks a rule, its pauses, and what mail servers do
 * with it. */
#include <string.h>

#include "../rules/literal.h"
#include "commands.h"
#include "enforce.h"
#include "rules_tool.h"
#include "say.h"
#include "seen.h"
#include "table.h"

#define MINUTE_MS 60000
#define DAY_MS	  86400000

static const struct column columns[] = {
    {.name = "host.ip", .heading = "HOST"},
    {.name = "state", .heading = "STATE"},
    {.name = "reported", .heading = "REPORTED (UTC)", .drop = 3},
    {.name = "day", .heading = "DAY", .flags = COLUMN_RIGHT},
    {.name = "throttle_minutes", .heading = "THROTTLE", .flags = COLUMN_RIGHT, .drop = 6},
    {.name = "block_minutes", .heading = "BLOCK", .flags = COLUMN_RIGHT, .drop = 5},
    {.name = "now", .heading = "NOW"},
    {.name = "next", .heading = "NEXT", .least = 22},
    {.name = "next_at", .heading = "ON (UTC)"},
    {.name = "paused_until"},
    {.name = "paused_days", .heading = "PAUSED", .flags = COLUMN_RIGHT, .drop = 2},
    {.name = "breach", .heading = "LAST BREACH (UTC)", .drop = 4},
    {.name = "clean"},
    {.name = "rule", .heading = "RULE", .drop = 1},
};

static const char *const action_words[] = {[ENFORCEMENT_PASS] = "accepted",
    [ENFORCEMENT_DEFER] = "deferred",
    [ENFORCEMENT_REJECT] = "refused"};
static const uint8_t action_styles[] = {[ENFORCEMENT_PASS] = STYLE_PLAIN,
    [ENFORCEMENT_DEFER] = STYLE_WARN,
    [ENFORCEMENT_REJECT] = STYLE_BAD};

#define STAGE_TEXT_MAX 80

/* "day 60: throttle 30 min, block 5 min" */
static const char *stage_text(const struct enforcement_stage *s, char text[STAGE_TEXT_MAX])
{
	int used = snprintf(text, STAGE_TEXT_MAX, "day %llu:", (unsigned long long)s->day);

	if (s->throttle_ms > 0)
		used += snprintf(text + used, (size_t)(STAGE_TEXT_MAX - used), " throttle %llu min",
		    (unsigned long long)(s->throttle_ms / MINUTE_MS));
	if (s->block_ms > 0)
		used += snprintf(text + used, (size_t)(STAGE_TEXT_MAX - used), "%s block %llu min",
		    s->throttle_ms > 0 ? "," : "", (unsigned long long)(s->block_ms / MINUTE_MS));
	if (s->throttle_ms + s->block_ms == 0)
		snprintf(text + used, (size_t)(STAGE_TEXT_MAX - used), " report");
	return text;
}

static const char *state_word(const struct enforce_book *b, const struct enforce_host *h,
    const struct enforcement_state *s, uint64_t now_ms)
{
	if (h->reported_ms == 0)
		return "new";
	if (enforce_leaves(b, h, now_ms))
		return "leaves";
	return s->paused ? "paused" : "runs";
}

static void put_host(
    struct table *t, const struct enforce_book *b, const struct enforce_host *h, uint64_t now_ms)
{
	char text[ADDRESS_TEXT_MAX], stage[STAGE_TEXT_MAX];
	struct enforcement_state s;
	const struct enforcement_pause *pauses = b->pauses == NULL ? NULL : b->pauses + h->pauses;

	enforce_state(b, h, now_ms, &s);
	table_text(t, address_format(&h->address, text), STYLE_PLAIN);
	table_text(t, state_word(b, h, &s, now_ms), s.paused ? STYLE_DIM : STYLE_PLAIN);
	table_time(t, h->reported_ms);
	table_number(t, s.clock_ms / DAY_MS);
	table_number(t, s.stage->throttle_ms / MINUTE_MS);
	table_number(t, s.stage->block_ms / MINUTE_MS);
	table_text(t, action_words[s.action], action_styles[s.action]);
	table_text(t, s.next == NULL ? NULL : stage_text(s.next, stage), STYLE_PLAIN);
	table_time(t, s.next == NULL ? 0 : s.next_ms);
	table_time(t, s.paused ? s.paused_until_ms : 0);
	table_number(t, enforcement_paused_in_year(pauses, h->pause_count, now_ms) / DAY_MS);
	table_time(t, h->breach_ms);
	table_time(t, h->clean_ms);
	table_text(t, h->rule, STYLE_PLAIN);
	table_end_row(t);
}

/* ---- Parts ---- */

struct enforcing {
	const struct options *options;
	const struct rule_file *file;
	const struct enforcement *policy;
	struct query *query;
	struct enforce_book book;
	uint64_t now_ms;
};

static int show(struct enforcing *e)
{
	struct table *t;
	char text[COUNT_TEXT_MAX];
	size_t rows;

	if (!enforce_judge(e->query, e->file, e->now_ms, &e->book))
		return EXIT_FAILED;
	t = table_new(stdout, e->options, columns, sizeof(columns) / sizeof(columns[0]));
	if (t == NULL)
		return say_error(EXIT_FAILED, "out of memory");
	rows = e->options->limit != 0 && e->options->limit < e->book.count ? e->options->limit
									   : e->book.count;
	for (size_t i = 0; i < rows && table_alive(t); i++)
		put_host(t, &e->book, &e->book.hosts[i], e->now_ms);
	table_finish(t);
	if (e->book.count == 0)
		return seen_say_none(
		    e->query, e->options, "No host breaks a rule that is enforced");
	if (e->options->format == OUTPUT_TABLE)
		printf("\n%s. Who is new or leaves, does so with tlsvane enforce update.\n",
		    count_text(e->book.count, "host", "hosts", text));
	return seen_say_health(e->query, e->options);
}

static int update(struct enforcing *e)
{
	struct enforce_changes changes;

	if (!enforce_judge(e->query, e->file, e->now_ms, &e->book) ||
	    !enforce_write(e->query, &e->book, e->now_ms, &changes))
		return EXIT_FAILED;
	printf("%zu came into the clock, %zu left it, %zu stay.\n", changes.entered, changes.left,
	    changes.kept);
	return 0;
}

/* An address, as Redis writes it, or "all". */
static int host_argument(const struct enforcing *e, char host[ADDRESS_TEXT_MAX])
{
	struct frame_address address;
	const char *text = e->options->argument_count > 1 ? e->options->arguments[1] : "";

	if (strcmp(text, "all") == 0)
		strcpy(host, "all");
	else if (address_parse_typed(text, &address))
		address_format(&address, host);
	else
		return say_error(EXIT_USAGE, "%s whom? an address, or all, not \"%s\"",
		    e->options->arguments[0], text);
	return 0;
}

static int begin_pause(struct enforcing *e)
{
	char host[ADDRESS_TEXT_MAX], until[MOMENT_TEXT_MAX];
	const char *length = e->options->argument_count > 2 ? e->options->arguments[2] : "";
	uint64_t ns = 0;
	bool has = true;
	int status = host_argument(e, host);

	if (status == 0 && (!literal_duration(length, &ns) || ns < 1000000))
		status = say_error(EXIT_USAGE, "for how long? 30d or 12h, not \"%s\"", length);
	if (status == 0)
		status = enforce_pause(e->query, e->policy, host, e->now_ms, ns / 1000000);
	if (status != 0)
		return status;
	if (strcmp(host, "all") != 0 && !enforce_has_clock(e->query, host, &has))
		return EXIT_FAILED;
	printf("%s: paused until %s UTC%s.\n", host, moment_text(e->now_ms + ns / 1000000, until),
	    has ? "" : "; it is not in the clock");
	return 0;
}

static int end_pause(struct enforcing *e)
{
	char host[ADDRESS_TEXT_MAX];
	int status = host_argument(e, host);

	if (status == 0)
		status = enforce_resume(e->query, host, e->now_ms);
	if (status == 0)
		printf("%s: the clock runs again.\n", host);
	return status;
}

static const struct part {
	const char *name;
	size_t arguments;
	int (*run)(struct enforcing *e);
} parts[] = {{"update", 1, update}, {"pause", 3, begin_pause}, {"resume", 2, end_pause}};

static const struct part *find_part(const struct options *o)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (strcmp(parts[i].name, o->arguments[0]) == 0)
			return &parts[i];
	return NULL;
}

static int run(struct enforcing *e)
{
	const struct options *o = e->options;
	int status;

	if (o->policyd != NULL)
		return policyd(o, e->file, o->now_ms);
	e->query = query_open(o, &status);
	if (e->query == NULL)
		return status;
	if (o->argument_count > 0 && strcmp(o->arguments[0], "update") != 0)
		return find_part(o)->run(e);
	if (!enforce_read(e->query, e->policy, &e->book))
		return EXIT_FAILED;
	if (o->export != NULL)
		return enforce_export(stdout, o->export, &e->book, e->now_ms);
	return o->argument_count > 0 ? update(e) : show(e);
}

static int check(const struct options *o)
{
	const struct part *part = o->argument_count == 0 ? NULL : find_part(o);

	if (o->rules == NULL)
		return say_error(EXIT_USAGE,
		    "by which rules? --rules FILE with a section enforcement (enforcement.yaml is "
		    "one to copy)");
	if (o->argument_count > 0 && part == NULL)
		return say_error(EXIT_USAGE,
		    "enforce has no part %s; there are update, pause and resume", o->arguments[0]);
	if (part != NULL && o->argument_count > part->arguments)
		return say_error(
		    EXIT_USAGE, "%s: what is %s?", part->name, o->arguments[part->arguments]);
	if ((part != NULL) + (o->export != NULL) + (o->policyd != NULL) > 1)
		return say_error(
		    EXIT_USAGE, "one at a time: update, pause, resume, --export or --policyd");
	return 0;
}

int cmd_enforce(const struct options *o)
{
	struct enforcing e = {.options = o, .now_ms = o->now_ms != 0 ? o->now_ms : now_ms()};
	struct rule_file *file;
	int status = check(o);

	if (status != 0)
		return status;
	file = rules_load(o->rules);
	if (file == NULL)
		return EXIT_USAGE;
	e.file = file;
	e.policy = rule_file_enforcement(file);
	status =
	    e.policy != NULL
		? run(&e)
		: say_error(EXIT_USAGE,
		      "%s has no section enforcement; copy that of enforcement.yaml", o->rules);
	enforce_free(&e.book);
	query_close(e.query);
	rule_file_free(file);
	return status;
}
