#include "tally_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "../../parsers/tls_hello.h"

void tally_text_record(struct record *r, const char *server, const char *client)
{
	record_init(r);
	r->start_ns = START_NS;
	assert_true(address_parse(server, &r->server_ip));
	assert_true(address_parse(client, &r->client_ip));
	r->server_port = 25;
	r->client_port = 4000;
	r->outcome = OUTCOME_TLS;
	r->legacy_side = LEGACY_NONE;
	r->starttls_offered = RECORD_TRUE;
	r->tls_version = TLS_VERSION_12;
	r->client_max_version = TLS_VERSION_13;
	r->cipher_suite = 0xc02f;
}

/* All tally_text_fields of an entry as "name=value" lines. */
struct text {
	char bytes[65536];
	size_t used;
};

static void write_line(
    void *to, const char *name, size_t name_length, const char *value, size_t value_length)
{
	struct text *t = to;

	t->used += (size_t)snprintf(t->bytes + t->used, sizeof(t->bytes) - t->used, "\n%.*s=%.*s\n",
	    (int)name_length, name, (int)value_length, value);
}

struct tally_entry *tally_text_find(
    struct tally *t, unsigned kind, const char *first, const char *second)
{
	uint8_t key[32];

	assert_true(tally_key_parse(kind, first, second, key));
	return tally_entry_make(t, kind, key);
}

const char *tally_text_fields(struct tally_entry *e, enum tally_form form)
{
	static struct text text;

	text.used = 0;
	text.bytes[0] = '\0';
	tally_entry_fields(e, form, write_line, &text);
	return text.bytes;
}

void assert_field(struct tally_entry *e, const char *line)
{
	char wanted[256];

	snprintf(wanted, sizeof(wanted), "\n%s\n", line);
	if (strstr(tally_text_fields(e, TALLY_TOTALS), wanted) == NULL)
		fail_msg("no %s in:%s", line, tally_text_fields(e, TALLY_TOTALS));
}

void assert_no_field(struct tally_entry *e, const char *begin)
{
	char unwanted[256];

	snprintf(unwanted, sizeof(unwanted), "\n%s", begin);
	if (strstr(tally_text_fields(e, TALLY_TOTALS), unwanted) != NULL)
		fail_msg("%s in:%s", begin, tally_text_fields(e, TALLY_TOTALS));
}
