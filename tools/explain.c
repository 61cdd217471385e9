/* Whose fault an old version is: the reasoning of an expert, in sentences. */
#include "explain.h"

#include <stdarg.h>
#include <string.h>

#include "../parsers/tls_hello.h"
#include "../parsers/tls_names.h"
#include "say.h"

struct story {
	const struct totals *host;
	bool as_server;
	const struct totals_list *pairs;
	char *text;
	size_t used;
};

static void tell(struct story *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void tell(struct story *s, const char *format, ...)
{
	va_list arguments;

	if (s->used > 0 && s->used < EXPLAIN_TEXT_MAX)
		s->used += (size_t)snprintf(s->text + s->used, EXPLAIN_TEXT_MAX - s->used, " ");
	if (s->used >= EXPLAIN_TEXT_MAX)
		return;
	va_start(arguments, format);
	s->used +=
	    (size_t)vsnprintf(s->text + s->used, EXPLAIN_TEXT_MAX - s->used, format, arguments);
	va_end(arguments);
}

static const char *own_name(const struct story *s)
{
	return s->as_server ? s->host->server : s->host->client;
}

static uint64_t side_sessions(const struct story *s, const char *side)
{
	return totals_fault(s->host, side);
}

/* "TLS 1.0", "TLS 1.0 and TLS 1.1": the old versions spoken; "" where there were none. */
static const char *old_versions(const struct totals *host, char text[64])
{
	const struct count *c = NULL;
	size_t used = 0;

	text[0] = '\0';
	while ((c = counts_next(&host->counts, COUNT_VERSION, c)) != NULL && used < 48) {
		if (!version_is_legacy(c->name))
			continue;
		used += (size_t)snprintf(text + used, 64 - used, "%s%.3s %s",
		    used > 0 ? " and " : "", c->name,
		    strncmp(c->name, "TLSv", 4) == 0 ? c->name + 4 : c->name + strlen("SSLv"));
	}
	return text;
}

/* Clients of the server by what they offered. */
static void count_offers(const struct story *s, unsigned *modern, unsigned *known)
{
	*modern = *known = 0;
	for (size_t i = 0; i < s->pairs->count; i++) {
		*known += s->pairs->items[i].max_version != 0;
		*modern += s->pairs->items[i].max_version >= TLS_VERSION_12;
	}
}

/* Peers with whom something better was agreed on. */
static unsigned count_better(const struct story *s)
{
	unsigned better = 0;

	for (size_t i = 0; i < s->pairs->count; i++) {
		const struct counts *c = &s->pairs->items[i].counts;

		better += counts_of(c, COUNT_VERSION, "TLSv1.2") +
			      counts_of(c, COUNT_VERSION, "TLSv1.3") >
			  0;
	}
	return better;
}

/* Who offered the server TLS 1.2 or more. */
static const char *offers_text(const struct story *s, char text[96])
{
	unsigned modern, known;

	count_offers(s, &modern, &known);
	if (modern == 0)
		return "more was offered";
	if (modern < known)
		snprintf(text, 96, "%u of %u clients offered TLS 1.2 or more", modern, known);
	else if (known == 1)
		snprintf(text, 96, "its only client offered TLS 1.2 or more");
	else
		snprintf(text, 96, "all its %u clients offered TLS 1.2 or more", known);
	return text;
}

static void tell_server_choice(struct story *s, const char *versions)
{
	char offers[96];
	unsigned better = count_better(s);

	tell(s, "%s chose %s although %s: the server is at fault.", own_name(s), versions,
	    offers_text(s, offers));
	if (s->host->max_version < TLS_VERSION_12)
		tell(s, "It was never seen to choose anything better.");
	else if (better > 0 && s->pairs->count == 1)
		tell(s, "It can do better: with the same client it chose TLS 1.2 or more.");
	else if (better > 0)
		tell(s, "It can do better: with %u of its %zu clients it chose TLS 1.2 or more.",
		    better, s->pairs->count);
	else
		tell(s, "It can do better: it was seen to choose TLS 1.2 or more.");
}

static void tell_server_fault(struct story *s)
{
	uint64_t sessions = side_sessions(s, "server");
	char versions[64], some[COUNT_TEXT_MAX];

	old_versions(s->host, versions);
	if (versions[0] == '\0')
		tell(s,
		    "%s: no version was agreed on, since the server has none that the client "
		    "takes: the server is at fault.",
		    count_text(sessions, "handshake failed", "handshakes failed", some));
	else if (s->as_server)
		tell_server_choice(s, versions);
	else
		tell(s,
		    "In %s the server chose the old version although %s offered more: those "
		    "servers are at fault.",
		    count_text(sessions, "session", "sessions", some), own_name(s));
}

/* "TLSv1.0" -> "TLS 1.0" */
static const char *prose_version(const char *label, char text[16])
{
	if (label == NULL)
		return "TLS 1.1";
	snprintf(text, 16, "%.3s %.8s", label,
	    strncmp(label, "TLSv", 4) == 0 ? label + 4 : label + strlen("SSLv"));
	return text;
}

/*
 * A client that the server's protocol_version refused may have offered TLS 1.2, where the server
 * wants 1.3.
 */
static const char *too_little(const struct story *s)
{
	for (size_t i = 0; i < s->pairs->count; i++)
		if (s->pairs->items[i].max_version >= TLS_VERSION_12 &&
		    totals_fault(&s->pairs->items[i], "client") > 0)
			return "TLS 1.1 at most, or less than the server takes";
	return "TLS 1.1 at most";
}

static void tell_client_fault(struct story *s)
{
	uint64_t sessions = side_sessions(s, "client");
	char version[16], some[COUNT_TEXT_MAX];
	const char *most = prose_version(totals_max_label(s->host), version);

	count_text(sessions, "session", "sessions", some);
	if (s->as_server)
		tell(s, "In %s the client offered %s: those clients are at fault, not %s.", some,
		    too_little(s), own_name(s));
	else if (s->host->max_version >= TLS_VERSION_12)
		tell(s, "In %s %s offered %s: the client is at fault. Its best offer was %s.", some,
		    own_name(s), too_little(s), most);
	else
		tell(s, "%s offered nothing above %s in %s: the client is at fault.", own_name(s),
		    most, some);
}

static void tell_others(struct story *s)
{
	uint64_t downgrade = side_sessions(s, "downgrade"), unknown = side_sessions(s, "unknown");
	char some[COUNT_TEXT_MAX];

	if (downgrade > 0)
		tell(s,
		    "In %s both sides can do more, and the server's random says so (RFC 8446 "
		    "section 4.1.3): somebody "
		    "between them forced the version down.",
		    count_text(downgrade, "session", "sessions", some));
	if (unknown > 0)
		tell(s,
		    "In %s the client's offer could not be read: nobody can be blamed for those.",
		    count_text(unknown, "session", "sessions", some));
}

static const char *tell_no_fault(struct story *s)
{
	char some[COUNT_TEXT_MAX];

	count_text(s->host->sessions, "session", "sessions", some);
	if (counts_next(&s->host->counts, COUNT_VERSION, NULL) == NULL) {
		tell(s, "No TLS version was seen in %s: nothing can be said of what %s speaks.",
		    some, own_name(s));
		return "unseen";
	}
	tell(s, "%s was never seen below TLS 1.2, in %s.", own_name(s), some);
	return "none";
}

static void tell_plaintext(struct story *s)
{
	char when[MOMENT_TEXT_MAX];

	if (s->host->plaintext_ms != 0)
		tell(s, "Mail went in the clear, last on %s.",
		    moment_text(s->host->plaintext_ms, when));
}

const char *explain(const struct totals *host, bool as_server, const struct totals_list *pairs,
    char text[EXPLAIN_TEXT_MAX])
{
	static const char *const sides[] = {"server", "client", "downgrade", "unknown"};
	struct story s = {.host = host, .as_server = as_server, .pairs = pairs, .text = text};
	const char *side = NULL;

	text[0] = '\0';
	for (size_t i = 0; i < sizeof(sides) / sizeof(sides[0]); i++)
		if (side_sessions(&s, sides[i]) > 0)
			side = side == NULL ? sides[i] : "mixed";
	if (side_sessions(&s, "server") > 0)
		tell_server_fault(&s);
	if (side_sessions(&s, "client") > 0)
		tell_client_fault(&s);
	tell_others(&s);
	if (side == NULL)
		side = tell_no_fault(&s);
	tell_plaintext(&s);
	return side;
}
