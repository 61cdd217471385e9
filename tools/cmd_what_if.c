/* tlsvane what-if: what breaks if something is switched off, from what was recorded. */
#include <stdlib.h>
#include <string.h>

#include "../parsers/tls_hello.h"
#include "../parsers/tls_names.h"
#include "../rules/partners.h"
#include "commands.h"
#include "say.h"
#include "seen.h"
#include "table.h"
#include "what_if.h"

struct row { /* sessions of one pair that are alike and meet the same fate */
	const struct ledger_pair *pair;
	struct prediction is;
	uint16_t version; /* 0: in the clear, or not seen */
	bool clear;
	bool at_most; /* some of them may be from before --since */
	uint64_t sessions, first_ms, last_ms;
};

struct answer {
	const struct options *options;
	struct ledger ledger;
	struct wishes wishes;
	struct row *rows;
	size_t count, room;
	uint64_t sessions[FATES], pairs[FATES];
	uint64_t first_ms, last_ms;
	bool at_most;
};

/* ---- Rows ---- */

static bool is_alike(const struct row *a, const struct row *b)
{
	return a->pair == b->pair && a->is.fate == b->is.fate && a->is.sure == b->is.sure &&
	       a->is.side == b->is.side && a->is.why == b->is.why && a->version == b->version &&
	       a->clear == b->clear;
}

static void join(struct row *to, const struct row *more)
{
	to->sessions += more->sessions;
	to->at_most |= more->at_most;
	if (more->first_ms < to->first_ms)
		to->first_ms = more->first_ms;
	if (more->last_ms > to->last_ms)
		to->last_ms = more->last_ms;
}

static bool add_row(struct answer *a, const struct row *row)
{
	for (size_t i = a->count; i-- > 0 && a->rows[i].pair == row->pair;)
		if (is_alike(&a->rows[i], row)) {
			join(&a->rows[i], row);
			return true;
		}
	if (a->count == a->room) {
		size_t room = a->room == 0 ? 256 : a->room * 2;
		struct row *rows = reallocarray(a->rows, room, sizeof(*rows));

		if (rows == NULL) {
			say_error(EXIT_FAILED, "out of memory; narrow it down with --since");
			return false;
		}
		a->rows = rows;
		a->room = room;
	}
	a->rows[a->count++] = *row;
	return true;
}

static void count_class(struct answer *a, const struct row *row)
{
	a->sessions[row->is.fate] += row->sessions;
	a->at_most |= row->at_most;
	if (a->first_ms == 0 || row->first_ms < a->first_ms)
		a->first_ms = row->first_ms;
	if (row->last_ms > a->last_ms)
		a->last_ms = row->last_ms;
}

static bool ask_class(
    struct answer *a, const struct ledger_pair *p, const struct ledger_class *c, uint8_t *fates)
{
	struct row row = {.pair = p,
	    .sessions = c->sessions,
	    .first_ms = c->first_ms,
	    .last_ms = c->last_ms,
	    .at_most = c->first_ms < a->options->since_ms};
	struct record r;

	if (c->last_ms < a->options->since_ms)
		return true;
	what_if(&a->wishes, &a->ledger, p, c, &row.is);
	what_if_partners(&a->wishes, &a->ledger, p, c);
	ledger_record(&a->ledger, p, c, &r);
	row.version = r.tls_version;
	row.clear = r.plaintext_mail == RECORD_TRUE;
	count_class(a, &row);
	*fates |= (uint8_t)(1u << row.is.fate);
	return row.is.fate == FATE_AS_IS || add_row(a, &row);
}

static bool ask_pairs(struct answer *a)
{
	for (size_t i = 0; i < a->ledger.pair_count; i++) {
		const struct ledger_pair *p = &a->ledger.pairs[i];
		uint8_t fates = 0;

		for (uint32_t k = 0; k < p->count; k++)
			if (!ask_class(a, p, &a->ledger.classes[p->from + k], &fates))
				return false;
		for (unsigned fate = 0; fate < FATES; fate++)
			a->pairs[fate] += fates >> fate & 1;
	}
	return true;
}

static int worst_first(const void *left, const void *right)
{
	const struct row *a = left, *b = right;

	if (a->is.fate != b->is.fate)
		return a->is.fate < b->is.fate ? -1 : 1;
	if (a->sessions != b->sessions)
		return a->sessions > b->sessions ? -1 : 1;
	if (a->last_ms != b->last_ms)
		return a->last_ms > b->last_ms ? -1 : 1;
	return a->pair < b->pair ? -1 : a->pair > b->pair;
}

/* ---- Writing ---- */

static const struct column columns[] = {
    {.name = "client.ip", .heading = "CLIENT"},
    {.name = "server.ip", .heading = "SERVER"},
    {.name = "now", .heading = "NOW"},
    {.name = "fate", .heading = "THEN"},
    {.name = "sessions", .heading = "SESSIONS", .flags = COLUMN_RIGHT},
    {.name = "sessions_at_most"},
    {.name = "first_seen"},
    {.name = "last_seen", .heading = "LAST SEEN (UTC)"},
    {.name = "changes", .heading = "CHANGES"},
    {.name = "sure", .heading = "SURE", .drop = 2},
    {.name = "why", .heading = "WHY", .least = 20, .drop = 1},
};

static const uint8_t fate_styles[FATES] = {[FATE_FAILS] = STYLE_BAD,
    [FATE_CLEAR] = STYLE_BAD,
    [FATE_FAILS_OR_CLEAR] = STYLE_BAD,
    [FATE_NOT_KNOWN] = STYLE_WARN,
    [FATE_GOES_ON] = STYLE_GOOD};

/* For people blanks, for programs underscores. */
static const char *fate_text(const struct options *o, unsigned fate, char text[32])
{
	snprintf(text, 32, "%s", fate_words[fate]);
	for (char *at = text; o->format == OUTPUT_TABLE && *at != '\0'; at++)
		if (*at == '_')
			*at = ' ';
	return text;
}

static void put_row(struct table *t, const struct answer *a, const struct row *row)
{
	char text[ADDRESS_TEXT_MAX], fate[32];
	const struct ledger *l = &a->ledger;

	table_text(
	    t, address_format(&l->clients.items[row->pair->client].address, text), STYLE_PLAIN);
	table_text(
	    t, address_format(&l->servers.items[row->pair->server].address, text), STYLE_PLAIN);
	table_text(t,
	    row->clear		? "in the clear"
	    : row->version != 0 ? tls_version_label(row->version)
				: NULL,
	    STYLE_PLAIN);
	table_text(t, fate_text(a->options, row->is.fate, fate), fate_styles[row->is.fate]);
	table_number(t, row->sessions);
	table_boolean(t, row->at_most);
	table_time(t, row->first_ms);
	table_time(t, row->last_ms);
	table_text(t, row->is.side, STYLE_PLAIN);
	table_text(t, sure_words[row->is.sure], STYLE_PLAIN);
	table_text(t, row->is.why, STYLE_DIM);
	table_end_row(t);
}

/* What goes on is for programs: people look for what does not. */
static size_t shown(const struct answer *a)
{
	size_t count = a->count, limit = a->options->limit;

	while (a->options->format == OUTPUT_TABLE && count > 0 &&
	       a->rows[count - 1].is.fate == FATE_GOES_ON)
		count--;
	return limit != 0 && limit < count ? limit : count;
}

static void write_fate(const struct answer *a, unsigned fate, const char *what)
{
	char sessions[COUNT_TEXT_MAX], pairs[COUNT_TEXT_MAX];

	if (a->sessions[fate] > 0)
		printf("  %-23s %s of %s\n", what,
		    count_text(a->sessions[fate], "session", "sessions", sessions),
		    count_text(a->pairs[fate], "pair", "pairs", pairs));
}

static void write_summary(const struct answer *a)
{
	static const char *const said[FATES] = {[FATE_FAILS] = "would fail",
	    [FATE_CLEAR] = "would go in the clear",
	    [FATE_FAILS_OR_CLEAR] = "one of the two",
	    [FATE_NOT_KNOWN] = "not known, not good",
	    [FATE_GOES_ON] = "would go on with TLS",
	    [FATE_AS_IS] = "would be as they are"};
	char first[MOMENT_TEXT_MAX], last[MOMENT_TEXT_MAX];

	printf("\nOf the sessions from %s to %s (UTC):\n", moment_text(a->first_ms, first),
	    moment_text(a->last_ms, last));
	for (unsigned fate = 0; fate < FATES; fate++)
		write_fate(a, fate, said[fate]);
	if (a->at_most)
		puts(
		    "Some of these began before --since and are counted whole: read the numbers as "
		    "at most.");
}

static void say_rules_beyond(const struct answer *a)
{
	for (size_t i = 0; a->wishes.file != NULL && i < rule_file_count(a->wishes.file); i++)
		if (!a->wishes.told[i][1])
			fprintf(a->options->format == OUTPUT_TABLE ? stdout : stderr,
			    "Rule %s asks for more than is kept of a pair: what it may match is "
			    "not "
			    "known. Try tlsvane rules test on a capture.\n",
			    rule_file_rule(a->wishes.file, i)->name);
}

/* Who was never seen keeps to nothing. */
static void say_partners(const struct answer *a)
{
	FILE *to = a->options->format == OUTPUT_TABLE ? stdout : stderr;
	const struct rule_file *file = a->wishes.file;
	char text[COUNT_TEXT_MAX];

	for (size_t i = 0; file != NULL && i < rule_file_partner_count(file); i++) {
		const char *name = rule_file_partner(file, i)->name;

		if (a->wishes.partners[i] == 0)
			fprintf(to,
			    "Partner %s was never seen: whether it keeps to this, is not known.\n",
			    name);
		else
			fprintf(to, "Partner %s: %s.\n", name,
			    count_text(a->wishes.partners[i], "session", "sessions", text));
	}
}

static int write_answer(struct answer *a)
{
	struct table *t =
	    table_new(stdout, a->options, columns, sizeof(columns) / sizeof(columns[0]));
	size_t count;

	if (t == NULL)
		return say_error(EXIT_FAILED, "out of memory");
	if (a->count > 1)
		qsort(a->rows, a->count, sizeof(*a->rows), worst_first);
	count = shown(a);
	for (size_t i = 0; i < count && table_alive(t); i++)
		put_row(t, a, &a->rows[i]);
	table_finish(t);
	if (a->options->format == OUTPUT_TABLE && a->last_ms != 0)
		write_summary(a);
	say_rules_beyond(a);
	say_partners(a);
	return 0;
}

static int answer(struct answer *a, struct query *q)
{
	int status;

	if (!ledger_read(q, &a->ledger) || (a->wishes.names && !ledger_read_names(q, &a->ledger)) ||
	    !ask_pairs(a))
		return EXIT_FAILED;
	status = write_answer(a);
	if (status == 0 && a->last_ms == 0)
		status = seen_say_none(q, a->options, "No session was counted");
	return status == 0 ? seen_say_health(q, a->options) : status;
}

int cmd_what_if(const struct options *o)
{
	struct answer a = {.options = o};
	int status = wishes_read(&a.wishes, o);
	struct query *q = status == 0 ? query_open(o, &status) : NULL;

	if (q != NULL)
		status = answer(&a, q);
	query_close(q);
	wishes_free(&a.wishes);
	ledger_free(&a.ledger);
	free(a.rows);
	return status;
}
