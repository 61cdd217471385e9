/* The keys of a rules file. */
#include "keys.h"

#define IN_BOTH (KEY_OF_RULE | KEY_OF_DEFAULTS)

const struct rules_key rules_keys[] = {
    {"include", KEY_OF_FILE,
	"Files that are read first, beside this one or among the packs. What this file names anew "
	"takes the place of theirs.",
	"[legacy-tls.yaml]"},
    {"networks", KEY_OF_FILE,
	"Networks by name. By the one named own, direction is inbound, outbound, internal or "
	"transit.",
	"{own: [192.0.2.0/24], partners: [198.51.100.0/24]}"},
    {"lists", KEY_OF_FILE, "Lists of values by name; an item may be another list.",
	"{exempt: [192.0.2.9, \"@partners\"]}"},
    {"macros", KEY_OF_FILE, "Conditions by name, for other conditions.",
	"{old: tls.version < 1.2}"},
    {"defaults", KEY_OF_FILE,
	"Values for rules without their own, in this file and those that it includes.",
	"{then: [log], every: 1d}"},
    {"disable", KEY_OF_FILE, "Rules of included files that are not wanted.", "[downgrade]"},
    {"rules", KEY_OF_FILE, "The rules.", "[{name: old, when: tls.version < 1.2}]"},
    {"name", KEY_OF_RULE, "Unique; letters, digits, - and _. Alerts are known by it.",
	"server-below-tls12"},
    {"description", KEY_OF_RULE, "What the rule is about.", "A server without TLS 1.2."},
    {"message", KEY_OF_RULE,
	"What an alert says, with {field}s; {{ is a brace. Else the description.",
	"\"{server.ip} chose TLS {tls.version}\""},
    {"when", KEY_OF_RULE, "The condition.", "tls.version < 1.2"},
    {"severity", IN_BOTH, "info, notice, warning, error or critical (warning).", "error"},
    {"key", IN_BOTH,
	"What sessions of one alert have in common, fields or texts with {field}s ([client.ip, "
	"server.ip]).",
	"[server.ip]"},
    {"every", IN_BOTH, "An alert that goes on is said again so often at most (1d).", "7d"},
    {"for", IN_BOTH, "The condition must have held for so long first (0: the first session).",
	"1h"},
    {"resolve", IN_BOTH, "An alert is fixed when its key was clean for so long (1d).", "14d"},
    {"then", IN_BOTH, "The actions (log, and redis where the sensor has one).",
	"[log, {mail: postmaster@example.org}]"},
    {"tags", KEY_OF_RULE, "Words that go with the alert.", "[legacy, server]"},
    {"references", KEY_OF_RULE, "Sources that go with the alert.", "[\"RFC 8996 section 4\"]"},
    {"partners", KEY_OF_FILE,
	"What domains, addresses and networks must do; each becomes rules named partner-NAME-...",
	"[{name: acme, domains: [acme.example], tls: forced}]"},
    {"name", KEY_OF_PARTNER, "Unique; letters, digits, - and _.", "acme"},
    {"domains", KEY_OF_PARTNER,
	"Domains of its HELO names, and of the names of its servers (SNI, banner).",
	"[acme.example]"},
    {"addresses", KEY_OF_PARTNER, "Its addresses and networks.", "[198.51.100.0/24]"},
    {"direction", KEY_OF_PARTNER, "inbound (it sends), outbound (it receives) or both (both).",
	"outbound"},
    {"tls", KEY_OF_PARTNER,
	"opportunistic, forced (no mail in the clear) or mutual (with a client certificate, where "
	"that can be seen) (opportunistic).",
	"forced"},
    {"min_version", KEY_OF_PARTNER, "The lowest version that may be negotiated.", "1.2"},
    {"certificate", KEY_OF_PARTNER, "Names of which its servers' certificate must have one.",
	"[mx.acme.example]"},
    {"via", KEY_OF_PARTNER,
	"Smart hosts between it and us: held to the same, and named as the hop behind which "
	"nothing "
	"is seen.",
	"[192.0.2.40]"},
    {"owner", KEY_OF_PARTNER, "Who answers for it; goes into messages.", "procurement"},
    {"severity", KEY_OF_PARTNER, "Of its alerts (error).", "critical"},
    {"exempt", KEY_OF_PARTNER, "Nothing of it is held against the partner until then.",
	"{until: 2026-12-31, owner: procurement, reason: new gateway in December}"},
    {"until", KEY_OF_EXEMPTION, "Its end.", "2026-12-31"},
    {"owner", KEY_OF_EXEMPTION, "Who allowed it.", "procurement"},
    {"reason", KEY_OF_EXEMPTION, "Why.", "new gateway in December"},
    {"warn", KEY_OF_EXEMPTION, "So long before its end it alerts (14d).", "30d"},
    {"enforcement", KEY_OF_FILE, "Who is held to which rules, and how (tlsvane enforce).",
	"{rules: [client-below-tls12], stages: [{day: 0}, {day: 30, throttle: 5m}]}"},
    {"rules", KEY_OF_ENFORCEMENT, "Whoever makes one of these fire comes into the clock.",
	"[client-below-tls12]"},
    {"hosts", KEY_OF_ENFORCEMENT, "The side that is held to it: clients or servers (clients).",
	"clients"},
    {"because", KEY_OF_ENFORCEMENT, "What replies say of a host.", "speaks TLS below 1.2"},
    {"leaves", KEY_OF_ENFORCEMENT,
	"A host leaves when it was seen clean, and its last breach is so long ago (7d).", "14d"},
    {"pause", KEY_OF_ENFORCEMENT,
	"For so long in a calendar year the clock of a host may stand (90d).", "30d"},
    {"stages", KEY_OF_ENFORCEMENT, "What is done from which day on.",
	"[{day: 0}, {day: 30, throttle: 5m}, {day: 90, block: 60m}]"},
    {"day", KEY_OF_STAGE, "The day of the clock on which the stage begins.", "30"},
    {"throttle", KEY_OF_STAGE, "For so long at the beginning of every hour a host is deferred.",
	"5m"},
    {"block", KEY_OF_STAGE, "For so long behind that it is refused.", "5m"},
};

const size_t rules_key_count = sizeof(rules_keys) / sizeof(rules_keys[0]);

_Static_assert(sizeof(rules_keys) / sizeof(rules_keys[0]) < RULES_KEYS_MAX, "room for NULL");

void rules_key_names(unsigned scope, const char *names[RULES_KEYS_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < rules_key_count; i++)
		if ((rules_keys[i].scopes & scope) != 0)
			names[count++] = rules_keys[i].name;
	names[count] = NULL;
}
