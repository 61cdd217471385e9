/* The clock as tables that mail servers load: what holds at this minute. */
#include "enforce.h"
#include "say.h"

#define MINUTE_MS 60000

const char *enforce_reply(const struct enforce_book *b, const struct enforce_host *h,
    const struct enforcement_state *s, char text[ENFORCE_REPLY_MAX])
{
	bool defer = s->action == ENFORCEMENT_DEFER;
	uint64_t minutes = (defer ? s->stage->throttle_ms : s->stage->block_ms) / MINUTE_MS;
	char address[ADDRESS_TEXT_MAX];

	snprintf(text, ENFORCE_REPLY_MAX, "%s %s %s: %s %llu minutes of every hour",
	    defer ? "450 4.7.230" : "550 5.7.230", address_format(&h->address, address),
	    b->policy->because, defer ? "deferred" : "refused", (unsigned long long)minutes);
	return text;
}

struct export
{
	FILE *to;
	const struct enforce_book *book;
	uint64_t now_ms;
};

/* The next host that `action` is due for, from *at on; NULL at the end. */
static const struct enforce_host *next_host(
    const struct export *e, size_t *at, unsigned action, int family, struct enforcement_state *s)
{
	while (*at < e->book->count) {
		const struct enforce_host *h = &e->book->hosts[(*at)++];

		if (h->reported_ms == 0 ||
		    (family != 0 && frame_address_is_ipv4(&h->address) != (family == 4)))
			continue;
		enforce_state(e->book, h, e->now_ms, s);
		if (s->action == action)
			return h;
	}
	return NULL;
}

static void write_head(const struct export *e, const char *what, const char *use)
{
	uint64_t until = UINT64_MAX;
	char now[MOMENT_TEXT_MAX], end[MOMENT_TEXT_MAX];

	for (size_t i = 0; i < e->book->count; i++) {
		struct enforcement_state s;

		enforce_state(e->book, &e->book->hosts[i], e->now_ms, &s);
		if (s.action_until_ms < until)
			until = s.action_until_ms;
	}
	fprintf(e->to, "# tlsvane enforce: %s, as of %s UTC", what, moment_text(e->now_ms, now));
	if (until != UINT64_MAX)
		fprintf(e->to, "; it changes at %s", moment_text(until, end));
	fprintf(e->to, "\n%s", use);
}

/* ---- Postfix ---- */

static void write_postfix(const struct export *e)
{
	write_head(e, "a map for Postfix",
	    "# main.cf: smtpd_client_restrictions = check_client_access cidr:THIS-FILE\n");
	for (unsigned action = ENFORCEMENT_DEFER; action <= ENFORCEMENT_REJECT; action++) {
		const struct enforce_host *h;
		struct enforcement_state s;
		char address[ADDRESS_TEXT_MAX], reply[ENFORCE_REPLY_MAX];

		for (size_t at = 0; (h = next_host(e, &at, action, 0, &s)) != NULL;)
			fprintf(e->to, "%s/%d %s\n", address_format(&h->address, address),
			    frame_address_is_ipv4(&h->address) ? 32 : 128,
			    enforce_reply(e->book, h, &s, reply));
	}
}

/* ---- Exim ---- */

static void write_exim(const struct export *e)
{
	write_head(e, "a file for Exim's iplsearch",
	    "# acl_check_rcpt:\n"
	    "#   defer condition = ${if "
	    "match{${lookup{$sender_host_address}iplsearch{THIS-FILE}}}{^4}}\n"
	    "#         message   = ${lookup{$sender_host_address}iplsearch{THIS-FILE}}\n"
	    "#   deny  condition = ${if "
	    "match{${lookup{$sender_host_address}iplsearch{THIS-FILE}}}{^5}}\n"
	    "#         message   = ${lookup{$sender_host_address}iplsearch{THIS-FILE}}\n");
	for (unsigned action = ENFORCEMENT_DEFER; action <= ENFORCEMENT_REJECT; action++) {
		const struct enforce_host *h;
		struct enforcement_state s;
		char address[ADDRESS_TEXT_MAX], reply[ENFORCE_REPLY_MAX];

		for (size_t at = 0; (h = next_host(e, &at, action, 0, &s)) != NULL;)
			fprintf(e->to,
			    frame_address_is_ipv4(&h->address) ? "%s: %s\n" : "\"%s\": %s\n",
			    address_format(&h->address, address),
			    enforce_reply(e->book, h, &s, reply));
	}
}

/* ---- OpenSMTPD, nftables: sets of addresses ---- */

/* Elements of a set, a line each, separated by `comma`; how many. */
static size_t write_elements(
    const struct export *e, unsigned action, int family, const char *format, const char *comma)
{
	const struct enforce_host *h;
	struct enforcement_state s;
	size_t count = 0;
	char address[ADDRESS_TEXT_MAX];

	for (size_t at = 0; (h = next_host(e, &at, action, family, &s)) != NULL; count++) {
		fputs(count == 0 ? comma + 1 : comma, e->to);
		fprintf(e->to, format, address_format(&h->address, address));
	}
	return count;
}

static const struct {
	unsigned action;
	const char *name, *reply;
} sets[] = {
    {ENFORCEMENT_DEFER, "defer", "450 4.7.230"}, {ENFORCEMENT_REJECT, "reject", "550 5.7.230"}};

/* An empty inline table is none to OpenSMTPD: then its filter matches nothing else than nobody. */
static void write_opensmtpd(const struct export *e)
{
	write_head(e, "tables and filters for OpenSMTPD",
	    "# smtpd.conf: include \"THIS-FILE\"\n"
	    "#             listen on ... filter tlsvane\n");
	for (size_t i = 0; i < 2; i++) {
		fprintf(e->to, "table tlsvane-%s {", sets[i].name);
		if (write_elements(e, sets[i].action, 0, "\t\"%s\"", ", \\\n") == 0)
			fputs(" \"255.255.255.255\"", e->to);
		fprintf(e->to,
		    " }\nfilter tlsvane-%s phase connect match src <tlsvane-%s> disconnect \"%s "
		    "This host %s\"\n",
		    sets[i].name, sets[i].name, i == 0 ? "421 4.7.230" : sets[i].reply,
		    e->book->policy->because);
	}
	fputs("filter tlsvane chain { tlsvane-defer, tlsvane-reject }\n", e->to);
}

/* Sets alone: which ports they close, and how, is the administrator's. Loaded again and again. */
static void write_nftables(const struct export *e)
{
	static const int families[] = {4, 6};

	write_head(e, "sets for nftables",
	    "# nft -f THIS-FILE, and once, in a chain of table inet tlsvane at hook input:\n"
	    "#   tcp dport 25 ip saddr @defer4 reject with tcp reset    (also reject4, defer6, "
	    "reject6)\n");
	fputs("add table inet tlsvane\n", e->to);
	for (size_t i = 0; i < 4; i++) {
		int family = families[i / 2];
		const char *name = sets[i % 2].name;
		struct enforcement_state s;
		size_t none = 0;

		fprintf(e->to, "add set inet tlsvane %s%d { type ipv%d_addr; }\n", name, family,
		    family);
		fprintf(e->to, "flush set inet tlsvane %s%d\n", name, family);
		if (next_host(e, &none, sets[i % 2].action, family, &s) == NULL)
			continue;
		fprintf(e->to, "add element inet tlsvane %s%d {", name, family);
		write_elements(e, sets[i % 2].action, family, "\t%s", ",\n");
		fputs("\n}\n", e->to);
	}
}

static const struct {
	const char *name;
	void (*write)(const struct export *e);
} formats[] = {{"postfix", write_postfix}, {"exim", write_exim}, {"opensmtpd", write_opensmtpd},
    {"nftables", write_nftables}};

int enforce_export(FILE *to, const char *format, const struct enforce_book *b, uint64_t now_ms)
{
	const struct export e = {to, b, now_ms};

	if (b->policy->servers)
		return say_error(EXIT_USAGE,
		    "the rules file holds servers to it: a mail server can only turn clients away");
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (strcmp(formats[i].name, format) == 0) {
			formats[i].write(&e);
			return 0;
		}
	return say_error(
	    EXIT_USAGE, "--export wants postfix, exim, opensmtpd or nftables, not \"%s\"", format);
}
