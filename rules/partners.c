/* Partners of a rules file, written as rules. */
#include "partners.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "keys.h"
#include "literal.h"
#include "loader.h"
#include "rule_set.h"

enum requirement { TLS_OPPORTUNISTIC, TLS_FORCED, TLS_MUTUAL, TLS_WORDS };
enum way { WAY_BOTH, WAY_INBOUND, WAY_OUTBOUND, WAYS };

static const char *const tls_words[TLS_WORDS] = {
    [TLS_OPPORTUNISTIC] = "opportunistic", [TLS_FORCED] = "forced", [TLS_MUTUAL] = "mutual"};
static const char *const way_words[WAYS] = {
    [WAY_BOTH] = "both", [WAY_INBOUND] = "inbound", [WAY_OUTBOUND] = "outbound"};

struct partner { /* as read; texts are the document's */
	const char *name, *owner, *severity, *version;
	struct loader_items domains, addresses, certificate, via;
	unsigned tls, way;
	const char *until, *exempt_owner, *reason, *warn; /* until NULL: no exemption */
};

struct reading {
	struct loader *l;
	size_t file;
	FILE *to;
};

/* ---- Checked values ---- */

static bool say(struct reading *r, const yaml_node_t *node, const char *what, const char *mend)
{
	loader_error(r->l, r->file, node, "%s; %s", what, mend);
	return false;
}

static bool read_word(struct reading *r, const yaml_node_t *map, const char *key,
    const char *const *words, unsigned count, unsigned *value)
{
	const yaml_node_t *node = loader_value(r->l, r->file, map, key);
	char what[64];

	if (node == NULL)
		return true;
	for (*value = 0; *value < count; ++*value)
		if (strcmp(loader_scalar(node), words[*value]) == 0)
			return true;
	snprintf(what, sizeof(what), "%s is %s, %s or %s", key, words[0], words[1], words[2]);
	return say(r, node, what, "take one of these");
}

/* Texts go into messages between double quotes: braces would be fields. */
static bool is_plain(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || strchr("\"\\{}", *text) != NULL)
			return false;
	return true;
}

#define PLAIN_MAX 200

static bool read_plain(
    struct reading *r, const yaml_node_t *map, const char *key, bool required, const char **value)
{
	const yaml_node_t *node = loader_value(r->l, r->file, map, key);
	struct rules_text text;
	char what[64];

	*value = NULL;
	snprintf(what, sizeof(what), "%s is missing", key);
	if (node == NULL)
		return !required ||
		       say(r, map, what, "an exemption says who allowed what, and why");
	if (!loader_text(r->l, r->file, node, key, &text))
		return false;
	*value = text.text;
	if (text.length <= PLAIN_MAX && is_plain(text.text))
		return true;
	snprintf(what, sizeof(what), "%s goes into messages", key);
	return say(r, node, what, "at most 200 characters, without \", \\, { and }");
}

static bool is_domain(const char *text)
{
	size_t length = strlen(text);

	return length > 0 && length < 254 &&
	       text[strspn(text,
		   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-")] == '\0' &&
	       text[0] != '.' && text[0] != '-';
}

static bool is_network(const char *text)
{
	struct frame_address address;
	unsigned bits;

	return literal_network(text, &address, &bits);
}

static bool is_certificate_name(const char *text)
{
	return is_domain(strncmp(text, "*.", 2) == 0 ? text + 2 : text);
}

static bool read_hosts(struct reading *r, const yaml_node_t *map, const char *key,
    bool (*good)(const char *), const char *mend, struct loader_items *items)
{
	size_t most = good == is_domain ? RULES_PARTNER_DOMAINS_MAX : RULES_PARTNER_HOSTS_MAX;

	*items = loader_items(loader_value(r->l, r->file, map, key));
	if (items->count > most)
		return say(r, map, "more than can be looked at",
		    "use networks or domains that cover them");
	for (size_t i = 0; i < items->count; i++) {
		const yaml_node_t *item = loader_item(r->l, r->file, items, i);

		if (!good(loader_scalar(item)))
			return say(r, item, loader_scalar(item), mend);
	}
	return true;
}

static bool read_version(struct reading *r, const yaml_node_t *map, const char **version)
{
	static const char *const versions[] = {"1.0", "1.1", "1.2", "1.3"};
	const yaml_node_t *node = loader_value(r->l, r->file, map, "min_version");

	*version = NULL;
	for (size_t i = 0; node != NULL && i < 4; i++)
		if (strcmp(loader_scalar(node), versions[i]) == 0)
			*version = versions[i];
	return node == NULL || *version != NULL ||
	       say(r, node, "min_version is 1.0, 1.1, 1.2 or 1.3", "take one of these");
}

static bool read_severity(struct reading *r, const yaml_node_t *map, const char **severity)
{
	const yaml_node_t *node = loader_value(r->l, r->file, map, "severity");

	*severity = "error";
	for (size_t i = 0; node != NULL && i < SEVERITIES; i++)
		if (strcmp(loader_scalar(node), rules_severity_words[i]) == 0) {
			*severity = rules_severity_words[i];
			return true;
		}
	return node == NULL ||
	       say(r, node, "that is no severity", "take info, notice, warning, error or critical");
}

/* ---- One partner ---- */

static bool read_until(struct reading *r, const yaml_node_t *map, struct partner *p)
{
	const yaml_node_t *until = loader_value(r->l, r->file, map, "until"),
			  *warn = loader_value(r->l, r->file, map, "warn");
	struct rules_value value;
	uint64_t ns;

	p->until = until == NULL ? "" : loader_scalar(until);
	p->warn = warn == NULL ? "14d" : loader_scalar(warn);
	if (literal_read(p->until, RULES_TIME, NULL, &value) != NULL)
		return say(r, until == NULL ? map : until, "an exemption ends at a time",
		    "write until: 2026-12-31");
	return literal_duration(p->warn, &ns) ||
	       say(r, warn, "warn is how long before its end", "write 14d");
}

static bool read_exemption(struct reading *r, const yaml_node_t *map, struct partner *p)
{
	const yaml_node_t *node = loader_value(r->l, r->file, map, "exempt");

	if (node == NULL)
		return true;
	if (node->type != YAML_MAPPING_NODE)
		return say(r, node, "exempt must be a map",
		    "write {until: 2026-12-31, owner: WHO, reason: WHY}");
	return loader_check_scope(r->l, r->file, node, KEY_OF_EXEMPTION, "an exemption") &&
	       read_until(r, node, p) && read_plain(r, node, "owner", true, &p->exempt_owner) &&
	       read_plain(r, node, "reason", true, &p->reason);
}

/* Its rules are named for it. */
static bool check_length(struct reading *r, const yaml_node_t *name)
{
	const size_t most = RULES_NAME_MAX - strlen("partner--certificate");
	char mend[64];

	snprintf(mend, sizeof(mend), "take at most %zu characters", most);
	return strlen(loader_scalar(name)) <= most ||
	       say(r, name, "a partner's name that leaves no room for its rules' names", mend);
}

static bool read_partner(struct reading *r, const yaml_node_t *map, struct partner *p)
{
	const yaml_node_t *name;
	unsigned tls = TLS_OPPORTUNISTIC, way = WAY_BOTH;

	*p = (struct partner){.name = NULL};
	if (map->type != YAML_MAPPING_NODE)
		return say(r, map, "a partner is a map", "write - name: NAME");
	if (!loader_check_scope(r->l, r->file, map, KEY_OF_PARTNER, "a partner"))
		return false;
	name = loader_value(r->l, r->file, map, "name");
	if (name == NULL)
		return say(r, map, "a partner without a name", "add name:");
	p->name = loader_scalar(name);
	if (!loader_check_name(r->l, r->file, name, "partner", false) || !check_length(r, name) ||
	    !read_word(r, map, "tls", tls_words, TLS_WORDS, &tls) ||
	    !read_word(r, map, "direction", way_words, WAYS, &way) ||
	    !read_version(r, map, &p->version) || !read_severity(r, map, &p->severity) ||
	    !read_plain(r, map, "owner", false, &p->owner) ||
	    !read_hosts(
		r, map, "domains", is_domain, "write a domain: acme.example", &p->domains) ||
	    !read_hosts(r, map, "addresses", is_network, "write 192.0.2.0/24 or 2001:db8::1",
		&p->addresses) ||
	    !read_hosts(r, map, "via", is_network, "write a smart host's address", &p->via) ||
	    !read_hosts(r, map, "certificate", is_certificate_name,
		"write a name: mx.acme.example or *.acme.example", &p->certificate) ||
	    !read_exemption(r, map, p))
		return false;
	p->tls = tls;
	p->way = way;
	return p->domains.count + p->addresses.count > 0 ||
	       say(r, map, "a partner that nobody is", "add domains: or addresses:");
}

/* ---- Written as rules ---- */

static void write_list(
    struct reading *r, const struct partner *p, const char *what, const struct loader_items *items)
{
	fprintf(r->to, "  partner-%s-%s: [", p->name, what);
	for (size_t i = 0; i < items->count; i++)
		fprintf(r->to, "%s\"%s\"", i == 0 ? "" : ", ",
		    loader_scalar(loader_item(r->l, r->file, items, i)));
	fputs("]\n", r->to);
}

/* A name also holds where the certificate has the wildcard of its domain (RFC 6125 section 6.4.3).
 */
static void write_certificates(struct reading *r, const struct partner *p)
{
	fprintf(r->to, "  partner-%s-names: [", p->name);
	for (size_t i = 0; i < p->certificate.count; i++) {
		const char *name = loader_scalar(loader_item(r->l, r->file, &p->certificate, i)),
			   *dot = strchr(name, '.');

		fprintf(r->to, "%s\"%s\"", i == 0 ? "" : ", ", name);
		if (dot != NULL && name[0] != '*')
			fprintf(r->to, ", \"*%s\"", dot);
	}
	fputs("]\n", r->to);
}

static void write_lists(struct reading *r, const struct partner *p)
{
	if (p->domains.count > 0)
		write_list(r, p, "domains", &p->domains);
	if (p->addresses.count > 0)
		write_list(r, p, "addresses", &p->addresses);
	if (p->via.count > 0)
		write_list(r, p, "via", &p->via);
	if (p->certificate.count > 0)
		write_certificates(r, p);
}

/* Banners begin with the server's name. */
static void write_banners(struct reading *r, const struct partner *p)
{
	fputs(" or (exists smtp.banner and smtp.banner ~ '(?i)^([a-z0-9_-]+[.])*(", r->to);
	for (size_t i = 0; i < p->domains.count; i++) {
		fputs(i == 0 ? "" : "|", r->to);
		for (const char *c = loader_scalar(loader_item(r->l, r->file, &p->domains, i));
		     *c != '\0'; c++)
			fprintf(r->to, *c == '.' ? "[.]" : "%c", *c);
	}
	fputs(")( |$)')", r->to);
}

static void write_name(struct reading *r, const struct partner *p, const char *field)
{
	fprintf(r->to, "(exists %s and %s under @partner-%s-domains)", field, field, p->name);
}

/* Sessions in which the partner is the server, or the client; `via`: or a smart host is. True or
 * false, never unknown: whoever was not named is not the partner. */
static void write_side(struct reading *r, const struct partner *p, bool server, bool via)
{
	const char *ip = server ? "server.ip" : "client.ip", *joint = "";

	fputc('(', r->to);
	if (p->addresses.count > 0) {
		fprintf(r->to, "%s in @partner-%s-addresses", ip, p->name);
		joint = " or ";
	}
	if (via && p->via.count > 0) {
		fprintf(r->to, "%s%s in @partner-%s-via", joint, ip, p->name);
		joint = " or ";
	}
	if (p->domains.count > 0 && server) {
		fputs(joint, r->to);
		write_name(r, p, "tls.client.server_name");
		write_banners(r, p);
	} else if (p->domains.count > 0) {
		fputs(joint, r->to);
		write_name(r, p, "smtp.helo");
	}
	fputc(')', r->to);
}

static void write_scope(struct reading *r, const struct partner *p, bool via)
{
	fputc('(', r->to);
	if (p->way != WAY_OUTBOUND)
		write_side(r, p, false, via);
	if (p->way == WAY_BOTH)
		fputs(" or ", r->to);
	if (p->way != WAY_INBOUND)
		write_side(r, p, true, via);
	fputc(')', r->to);
}

/* Everything up to the condition, which is then a single line of a folded block. */
static void begin_rule(struct reading *r, const struct partner *p, const char *what,
    const char *message, const char *severity)
{
	fprintf(
	    r->to, "  - name: partner-%s-%s\n    message: \"partner %s", p->name, what, p->name);
	if (p->owner != NULL)
		fprintf(r->to, " (%s)", p->owner);
	fprintf(r->to, ": %s", message);
	fprintf(r->to, "\"\n    severity: %s\n    tags: [partner, %s]\n    when: >-\n      ",
	    severity, p->name);
}

/* Who is exempt, is so until then. */
static void begin_requirement(
    struct reading *r, const struct partner *p, const char *what, const char *message)
{
	char text[PLAIN_MAX + 128];

	if (p->until != NULL)
		snprintf(text, sizeof(text), "%s; its exemption ended %s", message, p->until);
	else
		snprintf(text, sizeof(text), "%s", message);
	begin_rule(r, p, what, text, p->severity);
	if (p->until != NULL)
		fprintf(r->to, "now >= %s and ", p->until);
}

static void write_requirements(struct reading *r, const struct partner *p)
{
	if (p->tls != TLS_OPPORTUNISTIC) {
		begin_requirement(r, p, "plaintext",
		    "mail from {client.ip} to {server.ip} went in the clear, TLS is required");
		write_scope(r, p, true);
		fputs(" and smtp.plaintext_mail and not smtp.plaintext_refused\n", r->to);
	}
	if (p->version != NULL) {
		begin_requirement(r, p, "version",
		    "{client.ip} and {server.ip} negotiated TLS {tls.version}, too old");
		write_scope(r, p, true);
		fprintf(r->to, " and tls.version < %s\n", p->version);
	}
	if (p->tls == TLS_MUTUAL) {
		begin_requirement(r, p, "mutual",
		    "client {client.ip} showed {server.ip} no certificate, asked for one: "
		    "{tls.client.certificate_requested}");
		write_scope(r, p, true);
		fputs(" and tlsvane.outcome = tls and not tls.resumed and "
		      "(not tls.client.certificate_requested or not tls.client.certificate_sent)\n",
		    r->to);
	}
}

/* A certificate without alternative names has none that counts (RFC 6125 section 6.4.4), an
 * anonymous key exchange has no certificate. */
static void write_certificate(struct reading *r, const struct partner *p)
{
	if (p->certificate.count == 0 || p->way == WAY_INBOUND)
		return;
	begin_requirement(r, p, "certificate",
	    "the certificate of {server.ip} is for {tls.server.san}, not for the name expected");
	write_side(r, p, true, false);
	fprintf(r->to,
	    " and exists tls.version and (not tls.server.san in @partner-%s-names or (exists "
	    "tls.server.subject and not "
	    "exists tls.server.san) or tls.cipher matches \"*_anon_*\")\n",
	    p->name);
}

static void write_hop(struct reading *r, const struct partner *p)
{
	if (p->via.count == 0)
		return;
	begin_rule(r, p, "hop",
	    "{client.ip} to {server.ip} is the hop of a smart host; what is behind it, this policy "
	    "cannot see",
	    "info");
	fputc('(', r->to);
	if (p->way != WAY_OUTBOUND)
		fprintf(r->to, "client.ip in @partner-%s-via", p->name);
	fputs(p->way == WAY_BOTH ? " or " : "", r->to);
	if (p->way != WAY_INBOUND)
		fprintf(r->to, "server.ip in @partner-%s-via", p->name);
	fputs(")\n    every: 30d\n", r->to);
}

/* Any mail at all brings it about: the partner may be silent just then. */
static void write_ending(struct reading *r, const struct partner *p)
{
	if (p->until == NULL)
		return;
	fprintf(r->to,
	    "  - name: partner-%s-exemption\n    message: \"partner %s: its exemption ends %s "
	    "(owner %s, reason %s)\"\n    severity: notice\n    tags: [partner, %s]\n"
	    "    key: [\"{{%s}}\"]\n    when: now + %s >= %s and now < %s\n",
	    p->name, p->name, p->until, p->exempt_owner, p->reason, p->name, p->name, p->warn,
	    p->until, p->until);
}

static void write_partner(struct reading *r, const struct partner *p)
{
	fprintf(r->to, "  - name: partner-%s-scope\n    when: ", p->name);
	fputs(">-\n      ", r->to);
	write_scope(r, p, true);
	fputc('\n', r->to);
	write_requirements(r, p);
	write_certificate(r, p);
	write_hop(r, p);
	write_ending(r, p);
}

/* ---- All of a file ---- */

static bool write_all(struct reading *r, const struct partner *partners, size_t count)
{
	fputs("lists:\n  partner-nobody: []\n", r->to);
	for (size_t i = 0; i < count; i++)
		write_lists(r, &partners[i]);
	fputs("rules:\n", r->to);
	for (size_t i = 0; i < count; i++)
		write_partner(r, &partners[i]);
	return fclose(r->to) == 0;
}

static size_t read_all(struct reading *r, const yaml_node_t *root, struct partner **partners)
{
	const yaml_node_t *node = loader_value(r->l, r->file, root, "partners");
	struct loader_items items = loader_items(node);
	bool good = true;

	if (items.count == 0)
		return 0;
	if (items.count > RULES_PARTNERS_MAX)
		return say(r, node, "more than 1000 partners", "join some");
	*partners = arena_get(r->l->compiler.arena, items.count * sizeof(**partners));
	for (size_t i = 0; i < items.count; i++)
		good =
		    read_partner(r, loader_item(r->l, r->file, &items, i), &(*partners)[i]) && good;
	return good ? items.count : 0;
}

bool loader_write_partners(
    struct loader *l, size_t file, const yaml_node_t *root, char **text, size_t *size)
{
	struct reading r = {l, file, NULL};
	struct partner *partners;
	size_t count = read_all(&r, root, &partners);

	if (count == 0)
		return false;
	*text = NULL;
	r.to = open_memstream(text, size);
	if (r.to != NULL && write_all(&r, partners, count))
		return true;
	free(*text);
	return say(&r, root, "out of memory", "let there be fewer partners");
}

size_t rule_file_partner_count(const struct rule_file *file)
{
	return file->partner_count;
}

const struct rules_partner *rule_file_partner(const struct rule_file *file, size_t i)
{
	return &file->partners[i];
}
