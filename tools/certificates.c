/* Certificates in words. */
#include "certificates.h"

#include <stdlib.h>
#include <string.h>

#include "../sensor/certificate.h"
#include "say.h"

#define DAY_S	   86400
#define SOON_S	   (14 * DAY_S)
#define NS_PER_S   UINT64_C(1000000000)
#define HASH_SHOWN 16 /* hex digits in the table; JSON has all */

static const struct column columns[] = {
    {.heading = "CERTIFICATE", .least = 12},
    {.heading = "EXPIRY"},
    {.heading = "FIRST SEEN (UTC)"},
    {.heading = "LAST SEEN (UTC)"},
    {.heading = "SHA-256"},
};

const char *expiry_text(uint64_t not_after, int64_t now, char text[EXPIRY_TEXT_MAX])
{
	int64_t left = record_date_epoch(not_after) - now, days = left / DAY_S;
	char number[NUMBER_TEXT_MAX];

	number_text((uint64_t)(days < 0 ? -days : days), number);
	if (left < 0 && days == 0)
		snprintf(text, EXPIRY_TEXT_MAX, "expired today");
	else if (left < 0)
		snprintf(
		    text, EXPIRY_TEXT_MAX, "expired %s day%s ago", number, days == -1 ? "" : "s");
	else if (days == 0)
		snprintf(text, EXPIRY_TEXT_MAX, "expires within a day");
	else
		snprintf(
		    text, EXPIRY_TEXT_MAX, "expires in %s day%s", number, days == 1 ? "" : "s");
	return text;
}

static int by_last_seen(const void *a, const void *b)
{
	const struct tally_certificate *const *x = a, *const *y = b;

	return (*x)->last_ms < (*y)->last_ms ? 1 : (*x)->last_ms > (*y)->last_ms ? -1 : 0;
}

/* In the order in which they are told; returns how many. */
static size_t sorted(const struct tally_certificates *list,
    const struct tally_certificate *order[LIMIT_TALLY_CERTIFICATES])
{
	if (list == NULL)
		return 0;
	for (size_t i = 0; i < list->count; i++)
		order[i] = &list->items[i];
	qsort(order, list->count, sizeof(*order), by_last_seen);
	return list->count;
}

static enum style expiry_style(uint64_t not_after, int64_t now)
{
	int64_t left = record_date_epoch(not_after) - now;

	return left < 0 ? STYLE_BAD : left < SOON_S ? STYLE_WARN : STYLE_PLAIN;
}

static void put_certificate(struct table *t, const struct tally_certificate *c, int64_t now)
{
	char hash[2 * sizeof(c->sha256) + 1], text[EXPIRY_TEXT_MAX];

	hash_format(c->sha256, sizeof(c->sha256), hash);
	hash[HASH_SHOWN] = '\0';
	table_text(t, c->subject, STYLE_PLAIN);
	if (c->not_after == 0)
		table_text(t, NULL, STYLE_PLAIN);
	else
		table_text(
		    t, expiry_text(c->not_after, now, text), expiry_style(c->not_after, now));
	table_time(t, c->first_ms);
	table_time(t, c->last_ms);
	table_text(t, hash, STYLE_DIM);
	table_end_row(t);
}

void certificates_write(FILE *to, const struct tally_certificates *list, const struct options *o)
{
	const struct tally_certificate *order[LIMIT_TALLY_CERTIFICATES];
	size_t count = sorted(list, order);
	struct table *t;

	if (count == 0)
		return;
	t = table_new(to, o, columns, sizeof(columns) / sizeof(columns[0]));
	if (t == NULL)
		return;
	putc('\n', to);
	for (size_t i = 0; i < count; i++)
		put_certificate(t, order[i], (int64_t)(now_ms() / 1000));
	table_finish(t);
}

static void write_json(FILE *to, const struct tally_certificate *c)
{
	char hash[2 * sizeof(c->sha256) + 1], text[TIME_TEXT_MAX];

	fprintf(to, "{\"sha256\":\"%s\"", hash_format(c->sha256, sizeof(c->sha256), hash));
	if (c->subject != NULL) {
		fputs(",\"subject\":", to);
		json_write_string(to, c->subject);
	}
	if (c->not_after != 0)
		fprintf(to, ",\"not_after\":\"%s\"",
		    date_format(record_date_epoch(c->not_after), text));
	fprintf(to, ",\"first_seen\":\"%s\"", moment_rfc3339(c->first_ms, text));
	fprintf(to, ",\"last_seen\":\"%s\"}", moment_rfc3339(c->last_ms, text));
}

void certificates_write_json(FILE *to, const struct tally_certificates *list)
{
	const struct tally_certificate *order[LIMIT_TALLY_CERTIFICATES];
	size_t count = sorted(list, order);

	if (count == 0)
		return;
	fputs(",\"certificates\":[", to);
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			putc(',', to);
		write_json(to, order[i]);
	}
	putc(']', to);
}

/* ---- Of one session ---- */

static void add_flaw(char text[CERTIFICATE_FLAWS_MAX], const char *flaw)
{
	size_t used = strlen(text);

	snprintf(text + used, CERTIFICATE_FLAWS_MAX - used, "%s%s", used > 0 ? ", " : "", flaw);
}

static void add_date_flaws(const struct record *r, char text[CERTIFICATE_FLAWS_MAX])
{
	int64_t at = (int64_t)(r->start_ns / NS_PER_S);

	if (r->start_ns == 0)
		return; /* a capture without times */
	if (r->server_not_after != 0 && record_date_epoch(r->server_not_after) < at)
		add_flaw(text, "expired");
	if (r->server_not_before != 0 && record_date_epoch(r->server_not_before) > at)
		add_flaw(text, "not yet valid");
}

static void add_key_flaws(const struct record *r, char text[CERTIFICATE_FLAWS_MAX])
{
	bool rsa = r->server_key_type == CERTIFICATE_KEY_RSA ||
		   r->server_key_type == CERTIFICATE_KEY_RSA_PSS;
	char flaw[32];

	if (rsa && r->server_key_bits < 2048) {
		snprintf(flaw, sizeof(flaw), "RSA %u", r->server_key_bits);
		add_flaw(text, flaw);
	}
	if (r->server_signature_hash == CERTIFICATE_HASH_MD5)
		add_flaw(text, "MD5");
	if (r->server_signature_hash == CERTIFICATE_HASH_SHA1)
		add_flaw(text, "SHA-1");
}

const char *certificate_flaws(const struct record *r, char text[CERTIFICATE_FLAWS_MAX])
{
	text[0] = '\0';
	add_date_flaws(r, text);
	if (r->server_name_matches == RECORD_FALSE)
		add_flaw(text, "other name");
	add_key_flaws(r, text);
	if (r->self_signed == RECORD_TRUE)
		add_flaw(text, "self-signed");
	return text;
}
