/* tlsvane headers FILE...: over which TLS a message came here, by its Received: headers. */
#include <string.h>

#include "../parsers/tls_names.h"
#include "commands.h"
#include "mail_file.h"
#include "say.h"
#include "table.h"

static const struct column columns[] = {
    {.name = "message", .heading = "MESSAGE", .flags = COLUMN_RIGHT},
    {.name = "hop", .heading = "HOP", .flags = COLUMN_RIGHT},
    {.name = "software", .heading = "SOFTWARE", .least = 8},
    {.name = "version", .heading = "VERSION"},
    {.name = "version_least"},
    {.name = "version_most"},
    {.name = "cipher", .heading = "CIPHER", .flags = COLUMN_WORDS | COLUMN_MIDDLE, .least = 20},
    {.name = "bits", .heading = "BITS", .flags = COLUMN_RIGHT},
    {.name = "basis", .heading = "BASIS"},
    {.name = "legacy"},
    {.name = NULL, .heading = "BELOW TLS 1.2"},
};

struct showing {
	struct table *table;
	enum output_format format;
	uint64_t legacy, unknown;
};

/* "TLSv1.2"; for a person also what is known of the rest. */
static void put_version(struct showing *s, const struct received_stamp *stamp)
{
	enum style style = received_is_legacy(stamp) ? STYLE_BAD : STYLE_PLAIN;
	char text[RECEIVED_RANGE_MAX];

	if (received_is_exact(stamp) || s->format != OUTPUT_TABLE)
		table_text(s->table,
		    received_is_exact(stamp) ? tls_version_label(stamp->range.most) : NULL, style);
	else if (stamp->range.most != 0)
		table_text(s->table, received_range_text(stamp->range, text), style);
	else
		table_text(s->table, stamp->basis == RECEIVED_PROTOCOL ? "TLS" : NULL, style);
	table_text(s->table, tls_version_label(stamp->range.least), STYLE_PLAIN);
	table_text(s->table, tls_version_label(stamp->range.most), STYLE_PLAIN);
}

static void put_bits(struct showing *s, unsigned bits)
{
	if (bits == 0)
		table_text(s->table, NULL, STYLE_PLAIN);
	else
		table_number(s->table, bits);
}

static void put_stamp(void *context, uint64_t message, const struct received_stamp *stamp)
{
	struct showing *s = context;
	const char *cipher =
	    stamp->cipher_suite == 0 ? NULL : tls_cipher_suite_name(stamp->cipher_suite);

	table_number(s->table, message);
	table_number(s->table, stamp->hop);
	table_text(s->table, product_name(stamp->product), STYLE_PLAIN);
	put_version(s, stamp);
	table_text(s->table, cipher, STYLE_PLAIN);
	put_bits(s, stamp->bits);
	table_text(s->table, received_basis_names[stamp->basis],
	    stamp->basis == RECEIVED_NOTHING ? STYLE_DIM : STYLE_PLAIN);
	table_boolean(s->table, received_is_legacy(stamp));
	table_text(s->table, received_is_legacy(stamp) ? "yes" : NULL, STYLE_BAD);
	table_end_row(s->table);
	s->legacy += received_is_legacy(stamp);
	s->unknown += stamp->basis == RECEIVED_NOTHING;
}

static void put_note(struct showing *s, const struct mail_counts *counts)
{
	char hops[COUNT_TEXT_MAX], messages[COUNT_TEXT_MAX], legacy[NUMBER_TEXT_MAX],
	    unknown[NUMBER_TEXT_MAX], text[2 * COUNT_TEXT_MAX + 160];

	snprintf(text, sizeof(text),
	    "%s of %s: %s below TLS 1.2; %s %s nothing of TLS, which does not prove plaintext.",
	    count_text(counts->stamps, "hop", "hops", hops),
	    count_text(counts->messages, "message", "messages", messages),
	    number_text(s->legacy, legacy), number_text(s->unknown, unknown),
	    s->unknown == 1 ? "says" : "say");
	table_note(s->table, text, s->legacy > 0 ? STYLE_BAD : STYLE_PLAIN);
}

int cmd_headers(const struct options *o)
{
	struct mail_counts counts = {0};
	struct showing s = {.format = o->format};
	int status = 0;

	s.table = table_new(stdout, o, columns, sizeof(columns) / sizeof(columns[0]));
	if (s.table == NULL)
		return say_error(EXIT_FAILED, "out of memory");
	for (size_t i = 0; i < o->argument_count && table_alive(s.table); i++) {
		int result = mail_file_read(o->arguments[i], &counts, put_stamp, &s);

		if (result > status)
			status = result;
	}
	if (counts.stamps > 0)
		put_note(&s, &counts);
	table_finish(s.table);
	return status;
}
