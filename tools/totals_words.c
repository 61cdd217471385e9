/* What the sums of a host or pair say. */
#include <string.h>

#include "../parsers/tls_names.h"
#include "totals.h"

uint64_t totals_legacy_sessions(const struct totals *t)
{
	const struct count *c = NULL;
	uint64_t sessions = 0;

	while ((c = counts_next(&t->counts, COUNT_VERSION, c)) != NULL)
		if (version_is_legacy(c->name))
			sessions += c->sessions;
	return sessions;
}

struct counts totals_old_versions(const struct totals *t, struct count items[OLD_VERSIONS_MAX])
{
	struct counts old = {.items = items, .room = OLD_VERSIONS_MAX};
	const struct count *c = NULL;

	while (
	    (c = counts_next(&t->counts, COUNT_VERSION, c)) != NULL && old.used < OLD_VERSIONS_MAX)
		if (version_is_legacy(c->name))
			items[old.used++] = *c;
	return old;
}

bool totals_is_legacy(const struct totals *t)
{
	return totals_legacy_sessions(t) + totals_fault(t, "server") + totals_fault(t, "client") >
	       0;
}

uint64_t totals_fault(const struct totals *t, const char *side)
{
	uint64_t sessions = counts_of(&t->counts, COUNT_LEGACY_SIDE, side), known = 0, old;

	if (strcmp(side, "unknown") != 0)
		return sessions;
	known += counts_of(&t->counts, COUNT_LEGACY_SIDE, "server");
	known += counts_of(&t->counts, COUNT_LEGACY_SIDE, "client");
	known += counts_of(&t->counts, COUNT_LEGACY_SIDE, "downgrade");
	old = totals_legacy_sessions(t);
	old = old > known ? old - known : 0;
	return sessions < old ? sessions : old;
}

const char *totals_fault_text(const struct totals *t, char *text, size_t size)
{
	static const char *const sides[] = {"server", "client", "downgrade", "unknown"};
	uint64_t all = 0;
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < 4; i++)
		all += totals_fault(t, sides[i]);
	for (size_t i = 0; i < 4 && used < size; i++) {
		uint64_t n = totals_fault(t, sides[i]);

		if (n == all && n > 0)
			snprintf(text, size, "%s", sides[i]);
		else if (n > 0)
			used += (size_t)snprintf(text + used, size - used, "%s%s %llu",
			    used > 0 ? ", " : "", sides[i], (unsigned long long)n);
	}
	return text;
}

/* One reason of a list, with what is counted of its details. */
static void add_reason(const struct totals *t, char text[TOTALS_WHY_MAX], const char *words,
    uint64_t sessions, enum count_kind details)
{
	char detail[96] = "";
	size_t used = strlen(text);

	if (sessions == 0)
		return;
	if (details != COUNT_KINDS)
		counts_text(&t->counts, details, sessions, detail, sizeof(detail));
	snprintf(text + used, TOTALS_WHY_MAX - used, "%s%s %llu%s%s%s", used > 0 ? ", " : "", words,
	    (unsigned long long)sessions, detail[0] != '\0' ? " (" : "", detail,
	    detail[0] != '\0' ? ")" : "");
}

const char *totals_why_text(const struct totals *t, char text[TOTALS_WHY_MAX])
{
	static const struct {
		const char *outcome, *words;
		uint8_t details; /* enum count_kind; COUNT_KINDS: none */
	} rows[] = {
	    {"starttls_not_offered", "not offered", COUNT_KINDS},
	    {"starttls_unused", "not used", COUNT_KINDS},
	    {"starttls_refused", "refused", COUNT_REPLY},
	    {"starttls_abandoned", "given up", COUNT_KINDS},
	    {"tls_failed", "failed", COUNT_ALERT},
	};

	text[0] = '\0';
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		add_reason(t, text, rows[i].words,
		    counts_of(&t->counts, COUNT_OUTCOME, rows[i].outcome), rows[i].details);
	add_reason(t, text, "fallback", t->fallback, COUNT_KINDS);
	add_reason(t, text, "stripped?", t->stripping, COUNT_KINDS);
	add_reason(t, text, "injected", t->injected, COUNT_KINDS);
	return text;
}

const char *totals_max_label(const struct totals *t)
{
	return t->max_version == 0 ? NULL : tls_version_label(t->max_version);
}

const char *totals_host_name(const struct totals *t, char text[128])
{
	if (t->server_name != NULL)
		return t->server_name;
	if (t->banner != NULL) {
		snprintf(text, 128, "%.*s", (int)strcspn(t->banner, " "), t->banner);
		return text;
	}
	return t->helo;
}
