/* tlsvane read FILE...: the sessions of captures, without Redis. */
#include <string.h>

#include "../parsers/tls_names.h"
#include "certificates.h"
#include "commands.h"
#include "read_fields.h"
#include "read_footer.h"
#include "read_summary.h"
#include "say.h"
#include "sessions.h"
#include "table.h"
#include "transcript.h"

#define TIME_WHOLE_SECONDS 19 /* bytes of RFC 3339 up to the seconds */

static const struct column columns[] = {
    {.name = "time", .heading = "TIME (UTC)", .flags = COLUMN_DATE},
    {.name = "client", .heading = "CLIENT"},
    {.name = "server", .heading = "SERVER"},
    {.name = "outcome", .heading = "OUTCOME", .flags = COLUMN_WORDS},
    {.name = "version", .heading = "VERSION"},
    {.name = "cipher",
	.heading = "CIPHER",
	.flags = COLUMN_WORDS | COLUMN_MIDDLE,
	.least = 16,
	.drop = 4},
    {.name = "legacy", .heading = "FAULT"},
    {.name = "certificate", .heading = "CERTIFICATE", .least = 8, .drop = 2},
    {.name = "helo", .heading = "HELO", .least = 8, .drop = 3},
    {.name = "sni", .heading = "SNI", .least = 8, .drop = 1},
};

static enum style outcome_style(const struct record *r)
{
	if (r->outcome == OUTCOME_TLS_FAILED)
		return STYLE_BAD;
	if (r->plaintext_mail == RECORD_TRUE || r->outcome == OUTCOME_STARTTLS_REFUSED)
		return STYLE_WARN;
	return STYLE_PLAIN;
}

static void put_time(struct table *t, uint64_t ns)
{
	char text[TIME_TEXT_MAX];

	time_format(ns, text);
	text[10] = ' ';
	text[TIME_WHOLE_SECONDS] = '\0';
	table_text(t, ns > 0 ? text : NULL, STYLE_PLAIN); /* pcapng's simple packets have none */
}

static void put_version(struct table *t, const struct record *r)
{
	const char *label = tls_version_label(r->tls_version);
	char code[8];

	if (label == NULL && r->tls_version != 0) {
		snprintf(code, sizeof(code), "0x%04X", r->tls_version);
		label = code;
	}
	table_text(t, label, label != NULL && version_is_legacy(label) ? STYLE_BAD : STYLE_PLAIN);
}

static void put_field(struct table *t, const struct record *r, const char *name, enum style style)
{
	struct field_value value;

	record_value(r, record_field(name), &value);
	table_text(t, value.kind == VALUE_TEXT ? value.text : NULL, style);
}

static void put_session(struct table *t, const struct record *r)
{
	char flaws[CERTIFICATE_FLAWS_MAX];

	put_time(t, r->start_ns);
	put_field(t, r, "client.ip", STYLE_PLAIN);
	put_field(t, r, "server.ip", STYLE_PLAIN);
	put_field(t, r, "tlsvane.outcome", outcome_style(r));
	put_version(t, r);
	put_field(t, r, "tls.cipher", STYLE_PLAIN);
	table_text(
	    t, record_is_legacy(r) ? record_legacy_side_name(r->legacy_side) : NULL, STYLE_BAD);
	table_text(t, certificate_flaws(r, flaws), STYLE_WARN);
	put_field(t, r, "smtp.helo", STYLE_PLAIN);
	put_field(t, r, "tls.client.server_name", STYLE_PLAIN);
	table_end_row(t);
}

static size_t rows_wanted(const struct sessions *s, const struct options *o)
{
	return o->limit != 0 && o->limit < s->count ? o->limit : s->count;
}

static bool write_overview(const struct sessions *s, const struct options *o)
{
	struct table *t = table_new(stdout, o, columns, sizeof(columns) / sizeof(columns[0]));

	if (t == NULL)
		return false;
	for (size_t i = 0; i < rows_wanted(s, o) && table_alive(t); i++)
		put_session(t, s->items[i].record);
	table_finish(t);
	return true;
}

static void write_list(const struct sessions *s, const struct options *o)
{
	for (size_t i = 0; i < rows_wanted(s, o) && !ferror(stdout); i++) {
		if (i > 0)
			putchar('\n');
		record_write_list(stdout, s->items[i].record);
	}
}

static void write_json(const struct sessions *s, const struct options *o)
{
	for (size_t i = 0; i < rows_wanted(s, o) && !ferror(stdout); i++)
		record_write_json(stdout, s->items[i].record);
}

static bool write_fields(
    const struct sessions *s, const struct options *o, struct read_fields *fields)
{
	struct table *t = table_new(stdout, o, fields->columns, fields->count);

	if (t == NULL)
		return false;
	for (size_t i = 0; i < rows_wanted(s, o) && table_alive(t); i++)
		read_fields_put(fields, t, s->items[i].record);
	table_finish(t);
	return true;
}

static bool write_transcripts(const struct sessions *s, const struct options *o)
{
	bool color = options_color(o, stdout), good = true;

	for (size_t i = 0; good && i < rows_wanted(s, o) && !ferror(stdout); i++) {
		if (i > 0)
			putchar('\n');
		good = transcript_write_record(stdout, s->items[i].record, color);
	}
	return good;
}

static bool write_sessions(
    const struct sessions *s, const struct options *o, struct read_fields *fields)
{
	if (o->summary)
		return read_summary_write(s, o);
	if (o->transcript)
		return write_transcripts(s, o);
	if (o->format == OUTPUT_LIST)
		write_list(s, o);
	else if (o->format == OUTPUT_CSV || fields->count > 0)
		return write_fields(s, o, fields);
	else if (o->format == OUTPUT_JSON)
		write_json(s, o);
	else
		return write_overview(s, o);
	return true;
}

/* What goes with what. */
static int check(const struct options *o)
{
	if (o->format == OUTPUT_LIST && (o->summary || o->fields != NULL))
		return say_error(EXIT_USAGE,
		    "--list shows all fields of each session; leave --%s out",
		    o->summary ? "summary" : "fields");
	if (o->transcript && (o->summary || o->fields != NULL || o->format != OUTPUT_TABLE))
		return say_error(EXIT_USAGE, "--transcript is a form of its own; leave --summary, "
					     "--fields, --list, --json and "
					     "--csv out");
	if (o->summary && o->fields != NULL)
		return say_error(
		    EXIT_USAGE, "--summary has columns of its own; leave --fields out");
	return 0;
}

int cmd_read(const struct options *o)
{
	struct sessions sessions;
	struct read_fields fields = {0};
	int status = check(o);

	if (status == 0 && (o->fields != NULL || o->format == OUTPUT_CSV))
		status = read_fields_choose(&fields, o->fields);
	if (status != 0)
		return status;
	status = sessions_read(&sessions, o);
	if (status != EXIT_USAGE) {
		if (!write_sessions(&sessions, o, &fields))
			status = say_error(EXIT_FAILED, "out of memory");
		if (o->format == OUTPUT_TABLE)
			read_footer_write(stdout, &sessions, o);
		else if (fflush(stdout) == 0) /* whoever left is not told more */
			read_losses_write(stderr, &sessions, false);
		fflush(stdout);
		sessions_say_errors(&sessions);
	}
	sessions_free(&sessions);
	read_fields_free(&fields);
	return status;
}
