/* The answer about one host, for a person and as JSON. */
#include <string.h>

#include "certificates.h"
#include "../parsers/products.h"
#include "evidence.h"
#include "explain.h"
#include "host.h"
#include "pair_rows.h"
#include "say.h"
#include "transcript.h"

#define LABEL_WIDTH 14
#define WRAP_WIDTH  100 /* of sentences, where the terminal does not say less */

/* ---- For a person ---- */

static const struct column version_columns[] = {
    {.heading = "VERSION"},
    {.heading = "SESSIONS", .flags = COLUMN_RIGHT},
    {.heading = "FIRST SEEN (UTC)"},
    {.heading = "LAST SEEN (UTC)"},
};

static const struct column cipher_columns[] = {
    {.heading = "CIPHER"},
    {.heading = "SESSIONS", .flags = COLUMN_RIGHT},
    {.heading = "FIRST SEEN (UTC)"},
    {.heading = "LAST SEEN (UTC)"},
};

static void write_label(FILE *to, const char *label, bool color)
{
	fprintf(to, "%s%-*s%s", style_on(STYLE_DIM, color), LABEL_WIDTH, label,
	    style_off(STYLE_DIM, color));
}

static void write_line(FILE *to, const char *label, const char *text, enum style style, bool color)
{
	if (text == NULL || text[0] == '\0')
		return;
	write_label(to, label, color);
	fputs(style_on(style, color), to);
	write_clean(to, text);
	fprintf(to, "%s\n", style_off(style, color));
}

/* Sentences, broken between words, under their label. */
static void write_wrapped(FILE *to, const char *label, const char *text, bool color)
{
	unsigned width = table_width(to);
	size_t room = (width == 0 || width > WRAP_WIDTH ? WRAP_WIDTH : width) - LABEL_WIDTH,
	       used = 0;

	write_label(to, label, color);
	while (*text != '\0') {
		size_t word = strcspn(text, " ");

		if (used > 0 && used + 1 + word > room) {
			fprintf(to, "\n%*s", LABEL_WIDTH, "");
			used = 0;
		}
		fputs(used > 0 ? " " : "", to);
		write_clean_part(to, text, word);
		used += (used > 0) + word;
		text += word + strspn(text + word, " ");
	}
	putc('\n', to);
}

static void write_counted(
    FILE *to, const struct totals *t, enum count_kind kind, const struct options *o)
{
	struct table *table =
	    table_new(to, o, kind == COUNT_VERSION ? version_columns : cipher_columns, 4);
	const struct count *c = NULL;

	if (table == NULL || counts_next(&t->counts, kind, NULL) == NULL) {
		if (table != NULL)
			table_finish(table);
		return;
	}
	putc('\n', to);
	while ((c = counts_next(&t->counts, kind, c)) != NULL) {
		bool bad = kind == COUNT_VERSION && version_is_legacy(c->name);

		table_text(table, c->name, bad ? STYLE_BAD : STYLE_PLAIN);
		table_number(table, c->sessions);
		table_time(table, c->first_ms);
		table_time(table, c->last_ms);
		table_end_row(table);
	}
	table_finish(table);
}

static void write_peers(FILE *to, const struct host *h, const struct options *o)
{
	struct table *t = pair_rows_table(to, o, h->as_server ? "server" : "client");
	size_t rows = o->limit != 0 && o->limit < h->pairs.count ? o->limit : h->pairs.count;

	if (t == NULL)
		return;
	if (rows > 0)
		putc('\n', to);
	for (size_t i = 0; i < rows && table_alive(t); i++)
		pair_rows_put(t, &h->pairs.items[i]);
	table_finish(t);
	if (rows < h->pairs.count)
		fprintf(to, "%zu more peers (--limit).\n", h->pairs.count - rows);
}

static void write_sessions(FILE *to, const struct totals *t, bool color)
{
	char text[160], some[NUMBER_TEXT_MAX], first[MOMENT_TEXT_MAX], last[MOMENT_TEXT_MAX];

	snprintf(text, sizeof(text), "%s, %s to %s UTC", number_text(t->sessions, some),
	    moment_text(t->first_ms, first), moment_text(t->last_ms, last));
	write_line(to, "Sessions", text, STYLE_PLAIN, color);
	write_wrapped(
	    to, "Outcomes", counts_text(&t->counts, COUNT_OUTCOME, 0, (char[256]){0}, 256), color);
}

static void write_starttls(FILE *to, const struct totals *t, bool color)
{
	char text[120], yes[NUMBER_TEXT_MAX], no[NUMBER_TEXT_MAX];

	if (t->starttls_yes + t->starttls_no == 0)
		return;
	snprintf(text, sizeof(text), "offered in %s sessions, not in %s",
	    number_text(t->starttls_yes, yes), number_text(t->starttls_no, no));
	write_line(to, "STARTTLS", text, t->starttls_no > 0 ? STYLE_WARN : STYLE_PLAIN, color);
}

static void write_clear(FILE *to, const struct totals *t, bool color)
{
	static struct evidence e;
	char text[512], when[MOMENT_TEXT_MAX], why[TOTALS_WHY_MAX];

	totals_why_text(t, why);
	if (t->plaintext_ms != 0) {
		snprintf(text, sizeof(text), "last on %s UTC%s%s",
		    moment_text(t->plaintext_ms, when), why[0] != '\0' ? "; " : "", why);
		write_wrapped(to, "In the clear", text, color);
	} else if (why[0] != '\0') {
		write_wrapped(to, "Without TLS", why, color);
	}
	if (evidence_parse(t->fallback_evidence, &e))
		write_wrapped(
		    to, "Fallback", evidence_clear_sentence(&e, text, sizeof(text)), color);
	if (evidence_parse(t->stripping_evidence, &e))
		write_wrapped(
		    to, "Stripped?", evidence_clear_sentence(&e, text, sizeof(text)), color);
}

/* The last session of a kind, as it went. */
static void write_transcript(FILE *to, const char *label, const char *json, bool color)
{
	static struct evidence e;

	if (!evidence_parse(json, &e) || evidence_value(&e, "tlsvane.transcript") == NULL)
		return;
	fprintf(to, "\n%s%s%s ", style_on(STYLE_DIM, color), label, style_off(STYLE_DIM, color));
	transcript_write(to, &e, color);
}

static void write_evidence(FILE *to, const struct totals *t, bool color)
{
	static struct evidence e;
	char text[512];

	if (!evidence_parse(t->evidence, &e) || !evidence_is_legacy(&e))
		return;
	write_wrapped(to, "Evidence", evidence_sentence(&e, text, sizeof(text)), color);
}

/* What a product was told by, as a person says it; by the words of product_basis_names. */
static const char *basis_phrase(const char *basis)
{
	static const char *const phrases[PRODUCT_BASES] = {
	    [PRODUCT_BASIS_BANNER] = "by its greeting",
	    [PRODUCT_BASIS_CAPABILITIES] = "by its capabilities",
	    [PRODUCT_BASIS_BOTH] = "by its greeting and capabilities",
	    [PRODUCT_BASIS_RECEIVED] = "by its Received: headers",
	    [PRODUCT_BASIS_HELLO] = "by its TLS hello",
	};

	for (size_t i = 1; basis != NULL && i < PRODUCT_BASES; i++)
		if (strcmp(basis, product_basis_names[i]) == 0)
			return phrases[i];
	return NULL;
}

static void write_software(FILE *to, const struct totals *t, bool color)
{
	const char *phrase = basis_phrase(t->software_basis);
	char text[512];

	if (t->software == NULL)
		return;
	snprintf(text, sizeof(text), "%s%s%s", t->software, phrase != NULL ? ", " : "",
	    phrase != NULL ? phrase : "");
	write_line(to, "Software", text, STYLE_PLAIN, color);
}

static void write_names(FILE *to, const struct totals *t, bool color)
{
	write_line(to, "Name (SNI)", t->server_name, STYLE_PLAIN, color);
	write_line(to, "Banner", t->banner, STYLE_PLAIN, color);
	write_software(to, t, color);
	write_line(to, "HELO", t->helo, STYLE_PLAIN, color);
	write_line(to, "JA4", t->ja4, STYLE_PLAIN, color);
	write_line(to, "JA3", t->ja3, STYLE_PLAIN, color);
	write_line(to, "Behind it", t->legacy_hop, STYLE_BAD, color);
}

void host_write_text(FILE *to, const struct host *h, const struct options *o)
{
	bool color = options_color(o, to);
	const char *best = totals_max_label(&h->totals);
	char text[EXPLAIN_TEXT_MAX];

	write_line(to, h->as_server ? "Server" : "Client", h->address, STYLE_HEAD, color);
	write_names(to, &h->totals, color);
	if (best != NULL)
		write_line(to, h->as_server ? "Best version" : "Offers up to", best,
		    version_is_legacy(best) ? STYLE_BAD : STYLE_GOOD, color);
	write_sessions(to, &h->totals, color);
	write_starttls(to, &h->totals, color);
	explain(&h->totals, h->as_server, &h->pairs, text);
	write_wrapped(to, "Verdict", text, color);
	write_clear(to, &h->totals, color);
	write_evidence(to, &h->totals, color);
	write_counted(to, &h->totals, COUNT_VERSION, o);
	write_counted(to, &h->totals, COUNT_CIPHER, o);
	certificates_write(to, h->totals.certificates, o);
	write_peers(to, h, o);
	write_transcript(to, "Last old session:", h->totals.evidence, color);
	write_transcript(to, "Last fallback:", h->totals.fallback_evidence, color);
	write_transcript(to, "Last stripped, perhaps:", h->totals.stripping_evidence, color);
}

/* ---- JSON ---- */

static void json_text(FILE *to, const char *name, const char *text)
{
	if (text == NULL || text[0] == '\0')
		return;
	fprintf(to, ",\"%s\":", name);
	json_write_string(to, text);
}

static void json_time(FILE *to, const char *name, uint64_t ms)
{
	char text[MOMENT_TEXT_MAX];

	if (ms != 0)
		fprintf(to, ",\"%s\":\"%s\"", name, moment_rfc3339(ms, text));
}

/* Counters with their times: {"TLSv1.0":{"sessions":3,"first_seen":...,"last_seen":...}}. */
static void json_counted(
    FILE *to, const char *name, const struct totals *t, enum count_kind kind, bool times)
{
	const struct count *c = NULL;
	const char *mark = "";

	fprintf(to, ",\"%s\":{", name);
	while ((c = counts_next(&t->counts, kind, c)) != NULL) {
		fputs(mark, to);
		json_write_string(to, c->name);
		fprintf(
		    to, times ? ":{\"sessions\":%llu" : ":%llu", (unsigned long long)c->sessions);
		if (times) {
			json_time(to, "first_seen", c->first_ms);
			json_time(to, "last_seen", c->last_ms);
			putc('}', to);
		}
		mark = ",";
	}
	putc('}', to);
}

static void json_trouble(FILE *to, const struct totals *t)
{
	json_counted(to, "starttls_replies", t, COUNT_REPLY, false);
	json_counted(to, "alerts", t, COUNT_ALERT, false);
	fprintf(to, ",\"fallback\":%llu,\"stripping\":%llu,\"injected\":%llu",
	    (unsigned long long)t->fallback, (unsigned long long)t->stripping,
	    (unsigned long long)t->injected);
	json_time(to, "last_fallback", t->fallback_ms);
	json_time(to, "last_stripping", t->stripping_ms);
}

static void json_evidence(FILE *to, const char *name, const char *json)
{
	static struct evidence e;

	if (evidence_parse(json, &e))
		fprintf(to, ",\"%s\":%s", name, json);
}

static void json_peer(FILE *to, const struct host *h, const struct totals *p)
{
	fputs("{\"ip\":", to);
	json_write_string(to, h->as_server ? p->client : p->server);
	fprintf(to, ",\"sessions\":%llu", (unsigned long long)p->sessions);
	json_text(to, "client_max", totals_max_label(p));
	json_counted(to, "versions", p, COUNT_VERSION, true);
	json_counted(to, "ciphers", p, COUNT_CIPHER, true);
	json_counted(to, "outcomes", p, COUNT_OUTCOME, false);
	json_counted(to, "legacy_sides", p, COUNT_LEGACY_SIDE, false);
	json_time(to, "first_seen", p->first_ms);
	json_time(to, "last_seen", p->last_ms);
	json_time(to, "last_legacy", p->legacy_ms);
	json_time(to, "last_plaintext", p->plaintext_ms);
	json_trouble(to, p);
	putc('}', to);
}

static void json_peers(FILE *to, const struct host *h, const struct options *o)
{
	size_t rows = o->limit != 0 && o->limit < h->pairs.count ? o->limit : h->pairs.count;

	fprintf(to, ",\"peer_count\":%zu,\"peers\":[", h->pairs.count);
	for (size_t i = 0; i < rows && !ferror(to); i++) {
		if (i > 0)
			putc(',', to);
		json_peer(to, h, &h->pairs.items[i]);
	}
	putc(']', to);
}

static void json_verdict(FILE *to, const struct host *h)
{
	static struct evidence e;
	char text[EXPLAIN_TEXT_MAX];
	const char *side = explain(&h->totals, h->as_server, &h->pairs, text);

	fprintf(to, ",\"verdict\":{\"side\":\"%s\"", side);
	json_text(to, "text", text);
	putc('}', to);
	if (evidence_parse(h->totals.evidence, &e) && evidence_is_legacy(&e))
		fprintf(to, ",\"evidence\":%s", h->totals.evidence);
}

void host_write_json(FILE *to, const struct host *h, const struct options *o)
{
	const struct totals *t = &h->totals;

	fprintf(to, "{\"%s\":{\"ip\":\"%s\"}", h->as_server ? "server" : "client", h->address);
	json_text(to, "server_name", t->server_name);
	json_text(to, "banner", t->banner);
	json_text(to, "software", t->software);
	json_text(to, "software_basis", t->software_basis);
	json_text(to, "helo", t->helo);
	json_text(to, "ja3", t->ja3);
	json_text(to, "ja4", t->ja4);
	json_text(to, "legacy_hop", t->legacy_hop);
	fprintf(to, ",\"sessions\":%llu", (unsigned long long)t->sessions);
	json_text(to, h->as_server ? "best_version" : "max_version", totals_max_label(t));
	json_counted(to, "versions", t, COUNT_VERSION, true);
	json_counted(to, "ciphers", t, COUNT_CIPHER, true);
	json_counted(to, "outcomes", t, COUNT_OUTCOME, false);
	json_counted(to, "legacy_sides", t, COUNT_LEGACY_SIDE, false);
	if (t->starttls_yes + t->starttls_no > 0)
		fprintf(to, ",\"starttls_offered\":{\"yes\":%llu,\"no\":%llu}",
		    (unsigned long long)t->starttls_yes, (unsigned long long)t->starttls_no);
	json_time(to, "first_seen", t->first_ms);
	json_time(to, "last_seen", t->last_ms);
	json_time(to, "last_legacy", t->legacy_ms);
	json_time(to, "last_plaintext", t->plaintext_ms);
	json_time(to, "last_downgrade", t->downgrade_ms);
	certificates_write_json(to, t->certificates);
	json_trouble(to, t);
	json_evidence(to, "fallback_evidence", t->fallback_evidence);
	json_evidence(to, "stripping_evidence", t->stripping_evidence);
	json_verdict(to, h);
	json_peers(to, h, o);
	fputs("}\n", to);
}
