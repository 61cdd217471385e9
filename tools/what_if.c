/* Predictions: a class becomes a record, rules judge it, and what else was seen of its two hosts
 * says how it would go on. */
#include "what_if.h"

#include <stdlib.h>
#include <string.h>

#include "../parsers/tls_hello.h"
#include "../parsers/tls_names.h"
#include "../rules/partners.h"
#include "../rules/rule_fields.h"
#include "../sensor/tally_class.h"
#include "rules_tool.h"
#include "say.h"

const char *const fate_words[FATES] = {
    [FATE_FAILS] = "fails",
    [FATE_CLEAR] = "in_the_clear",
    [FATE_FAILS_OR_CLEAR] = "fails_or_in_the_clear",
    [FATE_NOT_KNOWN] = "not_known",
    [FATE_GOES_ON] = "goes_on",
    [FATE_AS_IS] = "as_is",
};
const char *const sure_words[] = {
    [SURE_NOT] = "not", [SURE_LIKELY] = "likely", [SURE_SEEN] = "sure"};

/* ---- Wishes ---- */

#define WISHES_TEXT_MAX 1024

static bool min_version(struct wishes *w, const char *text)
{
	char label[16];

	if (text == NULL)
		return true;
	snprintf(label, sizeof(label), "%s%s", strncmp(text, "TLSv", 4) == 0 ? "" : "TLSv", text);
	if (tls_version_from_label(label, &w->min_version) && w->min_version >= TLS_VERSION_10)
		return true;
	say_error(EXIT_USAGE, "--min-version wants 1.0, 1.1, 1.2 or 1.3, not \"%s\"", text);
	return false;
}

/* A pattern stands in quotes in its condition. */
static bool pattern_is_plain(const char *pattern)
{
	return pattern == NULL ||
	       (pattern[0] != '\0' && strlen(pattern) < 128 &&
		   pattern[strspn(pattern, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
					   "0123456789_*?[]-")] == '\0');
}

static int write_rules(struct wishes *w, const struct options *o, char text[WISHES_TEXT_MAX])
{
	FILE *to = fmemopen(text, WISHES_TEXT_MAX, "w");

	if (to == NULL)
		return say_error(EXIT_FAILED, "out of memory");
	fputs("rules:\n", to);
	if (w->min_version != 0)
		fprintf(to, "  - name: old\n    when: tls.version < %s\n",
		    tls_version_number(w->min_version));
	if (o->no_cipher != NULL)
		fprintf(
		    to, "  - name: weak\n    when: 'tls.cipher matches \"%s\"'\n", o->no_cipher);
	if (o->require_tls)
		fputs("  - name: clear\n    when: smtp.plaintext_mail\n", to);
	fclose(to);
	return 0;
}

static int read_own(struct wishes *w, const struct options *o)
{
	struct rules_errors errors;
	char text[WISHES_TEXT_MAX];
	int status = write_rules(w, o, text);

	if (status != 0)
		return status;
	w->own = rule_file_parse("what-if", text, strlen(text), NULL, &errors);
	if (w->own == NULL && o->no_cipher != NULL)
		status = say_error(EXIT_USAGE,
		    "--no-cipher \"%s\" matches no cipher suite; give an IANA name or a pattern, "
		    "such as TLS_RSA_WITH_AES_256_CBC_SHA or \"*_CBC_*\"",
		    o->no_cipher);
	else if (w->own == NULL)
		status = say_error(EXIT_FAILED, "out of memory");
	rules_errors_free(&errors);
	if (status != 0)
		return status;
	w->old = rule_file_find(w->own, "old");
	w->weak = rule_file_find(w->own, "weak");
	w->clear = rule_file_find(w->own, "clear");
	return 0;
}

static bool asks_names(const struct rule_file *file)
{
	static const char *const names[] = {"smtp.helo", "smtp.banner", "tls.client.server_name"};
	bool asks = rule_file_partner_count(file) > 0;
	uint16_t slot;

	for (size_t i = 0; i < 3; i++)
		asks |= rules_field_find(names[i], &slot) && rule_file_asks(file, slot);
	return asks;
}

static int read_file(struct wishes *w, const char *path)
{
	size_t count;

	w->file = rules_load(path);
	if (w->file == NULL)
		return EXIT_USAGE;
	count = rule_file_count(w->file);
	w->told = calloc(count + 1, sizeof(*w->told));
	w->partners = calloc(rule_file_partner_count(w->file) + 1, sizeof(*w->partners));
	if (w->told == NULL || w->partners == NULL)
		return say_error(EXIT_FAILED, "out of memory");
	w->names = asks_names(w->file);
	for (size_t i = 0; i < count; i++)
		for (unsigned k = 0; k < 2; k++) {
			struct ledger_telling telling = {w->names, k == 1};

			w->told[i][k] = rule_asks_beyond(rule_file_rule(w->file, i), ledger_tells,
					    &telling) == NULL;
		}
	return 0;
}

int wishes_read(struct wishes *w, const struct options *o)
{
	*w = (struct wishes){0};
	if (o->min_version == NULL && o->no_cipher == NULL && !o->require_tls && o->rules == NULL)
		return say_error(EXIT_USAGE,
		    "what if what? give --min-version 1.2, --no-cipher PATTERN, --require-tls or "
		    "--rules FILE");
	if (!min_version(w, o->min_version))
		return EXIT_USAGE;
	if (!pattern_is_plain(o->no_cipher))
		return say_error(EXIT_USAGE,
		    "--no-cipher wants a pattern of IANA names, such as \"*_CBC_*\", not \"%s\"",
		    o->no_cipher);
	if (o->rules != NULL) {
		int status = read_file(w, o->rules);

		if (status != 0)
			return status;
	}
	return read_own(w, o);
}

void wishes_free(struct wishes *w)
{
	rule_file_free(w->own);
	rule_file_free(w->file);
	free(w->told);
	free(w->partners);
	*w = (struct wishes){0};
}

/* ---- What the client would do ---- */

static struct prediction no_tls(
    const struct wishes *w, const struct ledger_host *client, const char *side, const char *why)
{
	struct prediction p = {FATE_FAILS, SURE_SEEN, side, why};

	if (w->clear != NULL)
		return p;
	if (client->retried > 0) {
		p.fate = FATE_CLEAR;
	} else if (client->failed > 0) {
		p.sure = SURE_LIKELY;
	} else {
		p.fate = FATE_FAILS_OR_CLEAR;
	}
	return p;
}

static struct prediction not_known(const char *side, const char *why)
{
	return (struct prediction){FATE_NOT_KNOWN, SURE_NOT, side, why};
}

/* ---- A version goes ---- */

/* A sentinel of a lower handshake told what the server can do. */
static uint16_t server_best(const struct ledger_host *s)
{
	if (s->more13)
		return TLS_VERSION_13;
	return s->more && s->best < TLS_VERSION_12 ? TLS_VERSION_12 : s->best;
}

/* Whether sessions of the pair had a version that stays. */
static bool pair_does_better(const struct ledger *l, const struct ledger_pair *p, uint16_t version)
{
	struct record r;

	for (uint32_t i = 0; i < p->count; i++)
		if (ledger_record(l, p, &l->classes[p->from + i], &r) && r.outcome == OUTCOME_TLS &&
		    r.tls_version >= version)
			return true;
	return false;
}

static struct prediction without_version(const struct wishes *w, const struct ledger *l,
    const struct ledger_pair *p, const struct record *r)
{
	const struct ledger_host *server = &l->servers.items[p->server],
				 *client = &l->clients.items[p->client];
	bool server_can = server_best(server) >= w->min_version;

	if (r->client_max_version == 0)
		return not_known("unknown", "the client's offer was not seen");
	if (r->client_max_version < w->min_version && r->fallback_scsv == RECORD_TRUE)
		return server_can
			   ? (struct prediction){FATE_GOES_ON, SURE_LIKELY, NULL,
				 "the client fell back on purpose; both can do better"}
			   : no_tls(w, client, "server",
				 "the client fell back on purpose, the server never did better");
	if (r->client_max_version < w->min_version) {
		if (client->best >= w->min_version && server_can)
			return no_tls(w, client, "client",
			    "the client offered nothing better here, though in other sessions");
		return no_tls(w, client, server_can ? "client" : "client, perhaps server",
		    server_can ? "the client offers nothing better"
			       : "the client offers nothing better; the server never chose better");
	}
	if (!server_can)
		return no_tls(
		    w, client, "server", "the client offers better, the server never chose it");
	return (struct prediction){FATE_GOES_ON,
	    pair_does_better(l, p, w->min_version) ? SURE_SEEN : SURE_LIKELY, NULL,
	    "both sides were seen to do better"};
}

/* ---- Ciphers go ---- */

static bool holds(const struct rule *rule, const struct rule_file *file, const struct record *r)
{
	const struct rules_subject subject = {.record = r, .file = file};

	return rule != NULL && rules_evaluate(rule, &subject) == RULES_TRUE;
}

/* Whether the pair agreed on something that stays. Which suites a client offers is not kept, so
 * without such a session nothing can be said. */
static struct prediction without_cipher(
    const struct wishes *w, const struct ledger *l, const struct ledger_pair *p)
{
	struct record r;

	for (uint32_t i = 0; i < p->count; i++)
		if (ledger_record(l, p, &l->classes[p->from + i], &r) && r.outcome == OUTCOME_TLS &&
		    r.tls_version != 0 && !holds(w->weak, w->own, &r) && !holds(w->old, w->own, &r))
			return (struct prediction){FATE_GOES_ON, SURE_LIKELY, NULL,
			    "the two also agreed on a cipher suite that stays"};
	return not_known("unknown", "the two never agreed on a cipher suite that stays");
}

/* ---- Rules of a file ---- */

/* RULES_UNKNOWN: a rule may match, and the class does not tell. */
static enum rules_truth file_matches(
    const struct wishes *w, const struct record *r, const struct rule **which)
{
	const struct rules_subject subject = {.record = r, .file = w->file};
	struct ledger_telling telling = {w->names, ledger_tells_certificates(r)};
	enum rules_truth result = RULES_FALSE;

	for (size_t i = 0; w->file != NULL && i < rule_file_count(w->file); i++) {
		const struct rule *rule = rule_file_rule(w->file, i);
		bool told = w->told[i][telling.certificates];
		enum rules_truth truth =
		    told ? rules_evaluate(rule, &subject)
			 : rule_evaluate_told(rule, &subject, ledger_tells, &telling);

		if (rule->severity <= SEVERITY_NOTICE || truth == RULES_FALSE ||
		    (truth == RULES_UNKNOWN && told))
			continue;
		*which = rule;
		if (truth == RULES_TRUE)
			return RULES_TRUE;
		result = RULES_UNKNOWN;
	}
	return result;
}

static const char *side_of(const struct record *r)
{
	return r->legacy_side == LEGACY_CLIENT	 ? "client"
	       : r->legacy_side == LEGACY_SERVER ? "server"
						 : "unknown";
}

void what_if_partners(const struct wishes *w, const struct ledger *l, const struct ledger_pair *p,
    const struct ledger_class *c)
{
	struct record r;
	const struct rules_subject subject = {.record = &r, .file = w->file};
	size_t count = w->file == NULL ? 0 : rule_file_partner_count(w->file);

	if (count == 0)
		return;
	ledger_record(l, p, c, &r);
	for (size_t i = 0; i < count; i++)
		if (rules_evaluate(rule_file_partner(w->file, i)->scope, &subject) == RULES_TRUE)
			w->partners[i] += c->sessions;
}

/* ---- All of it ---- */

/* What no wish needs to ask: too little was seen, or there was nothing to lose. */
static bool is_settled(const struct record *r, struct prediction *p)
{
	*p = (struct prediction){FATE_AS_IS, SURE_SEEN, NULL, NULL};
	if (r->outcome == OUTCOME_UNKNOWN && r->tls_version == 0 &&
	    r->plaintext_mail != RECORD_TRUE)
		*p = not_known("unknown",
		    r->confidence == CONFIDENCE_CLIENT_ONLY   ? "only the client was seen"
		    : r->confidence == CONFIDENCE_SERVER_ONLY ? "only the server was seen"
		    : r->confidence == CONFIDENCE_MIDSTREAM   ? "its beginning was not seen"
		    : r->confidence == CONFIDENCE_GAP	      ? "bytes of it were not seen"
							      : "what was seen told nothing");
	else if (r->outcome != OUTCOME_TLS_FAILED && r->outcome != OUTCOME_NO_MAIL)
		return false;
	return true;
}

/* Who would have to do otherwise where mail goes in the clear: a client that was offered TLS, or
 * told to begin it, could have. */
static const char *clear_side(const struct record *r)
{
	switch (r->outcome) {
	case OUTCOME_TLS:
	case OUTCOME_STARTTLS_UNUSED:
	case OUTCOME_STARTTLS_ABANDONED:
		return "client";
	case OUTCOME_UNKNOWN:
		return "unknown";
	default:
		return "server";
	}
}

static void judge(const struct wishes *w, const struct ledger *l, const struct ledger_pair *p,
    const struct record *r, struct prediction *result)
{
	const struct ledger_host *client = &l->clients.items[p->client];
	const struct rule *rule = NULL;
	enum rules_truth file;

	if (holds(w->old, w->own, r)) {
		*result = without_version(w, l, p, r);
		return;
	}
	if (holds(w->weak, w->own, r)) {
		*result = without_cipher(w, l, p);
		return;
	}
	if (holds(w->clear, w->own, r)) {
		*result = (struct prediction){
		    FATE_FAILS, SURE_SEEN, clear_side(r), "mail goes in the clear"};
		return;
	}
	file = file_matches(w, r, &rule);
	if (file == RULES_TRUE && r->plaintext_mail == RECORD_TRUE)
		*result = (struct prediction){FATE_FAILS, SURE_SEEN, "unknown", rule->name};
	else if (file == RULES_TRUE)
		*result = no_tls(w, client, side_of(r), rule->name);
	else if (file == RULES_UNKNOWN)
		*result = not_known("unknown", rule->name);
}

void what_if(const struct wishes *w, const struct ledger *l, const struct ledger_pair *p,
    const struct ledger_class *c, struct prediction *prediction)
{
	struct record r;

	if (!ledger_record(l, p, c, &r)) {
		*prediction = not_known("unknown", "counted before its class was");
		return;
	}
	if (is_settled(&r, prediction))
		return;
	judge(w, l, p, &r, prediction);
	if (r.confidence != CONFIDENCE_FULL && prediction->sure == SURE_SEEN &&
	    prediction->fate != FATE_AS_IS)
		prediction->sure = SURE_LIKELY;
}
