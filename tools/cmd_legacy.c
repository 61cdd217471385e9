/* tlsvane legacy [servers|clients]: who still speaks TLS below 1.2, and whose fault it is. */
#include <string.h>

#include "../sensor/store_keys.h"
#include "commands.h"
#include "evidence.h"
#include "legacy.h"
#include "plaintext.h"
#include "say.h"
#include "seen.h"
#include "table.h"

#define COLUMNS(role_heading, peers_heading, best_heading)                                         \
	{                                                                                          \
		{.name = "role"}, {.name = "ip", .heading = role_heading}, {.name = "name"},       \
		    {.name = "last_legacy", .heading = "LAST OLD (UTC)"},                          \
		    {.name = "legacy_versions",                                                    \
			.heading = "OLD VERSIONS",                                                 \
			.flags = COLUMN_WORDS,                                                     \
			.least = 12},                                                              \
		    {.name = "sessions", .heading = "SESSIONS", .flags = COLUMN_RIGHT, .drop = 2}, \
		    {.name = "best_version", .heading = best_heading},                             \
		    {.name = "legacy_sides", .heading = "FAULT", .least = 18},                     \
		    {.name = "peer_count",                                                         \
			.heading = peers_heading,                                                  \
			.flags = COLUMN_RIGHT,                                                     \
			.drop = 1},                                                                \
		    {.name = "legacy_peers"}, {.name = "last_seen"},                               \
		    {.name = "evidence_timestamp"}, {.name = "evidence"},                          \
	}

static const struct column server_columns[] = COLUMNS("SERVER", "CLIENTS", "BEST EVER");
static const struct column client_columns[] = COLUMNS("CLIENT", "SERVERS", "BEST OFFER");

#define PLAINTEXT_SHOWN 5 /* servers in the clear, in front of the old versions */

#define COLUMN_COUNT (sizeof(server_columns) / sizeof(server_columns[0]))

static void put_old_versions(struct table *t, const struct totals *totals)
{
	struct count items[OLD_VERSIONS_MAX];
	struct counts old = totals_old_versions(totals, items);
	char text[160];

	table_counts(t, &old, COUNT_VERSION,
	    old.used == 0 ? "none agreed" : counts_text(&old, COUNT_VERSION, 0, text, sizeof(text)),
	    STYLE_BAD);
}

static void put_peers(
    struct table *t, const struct legacy_hosts *hosts, const struct legacy_host *h)
{
	const char *peers[LEGACY_PEERS_READ];

	for (size_t i = 0; i < h->peers.count; i++)
		peers[i] = hosts->servers ? h->peers.items[i].client : h->peers.items[i].server;
	table_list(t, peers, h->peers.count);
}

static void put_evidence(struct table *t, const struct totals *totals, char *text, size_t size)
{
	static struct evidence e;

	text[0] = '\0';
	if (!evidence_parse(totals->evidence, &e) || !evidence_is_legacy(&e)) {
		table_text(t, NULL, STYLE_PLAIN);
		table_text(t, NULL, STYLE_PLAIN);
		return;
	}
	table_text(t, evidence_value(&e, "@timestamp"), STYLE_PLAIN);
	table_json(t, totals->evidence, evidence_sentence(&e, text, size));
}

/* "mx.example.net, with 192.0.2.10 (TLSv1.0 8), 192.0.2.11 (TLSv1.0)" and how many more. */
static void note_peers(
    struct table *t, const struct legacy_hosts *hosts, const struct legacy_host *h)
{
	char line[600], counts[80], buffer[128];
	const char *name = totals_host_name(&h->totals, buffer);
	size_t used = (size_t)snprintf(line, sizeof(line), "%.200s%s", name == NULL ? "" : name,
	    h->peers.count == 0 ? ""
	    : name == NULL	? "with "
				: ", with ");

	for (size_t i = 0; i < h->peers.count && i < LEGACY_PEERS_SHOWN; i++) {
		const struct totals *p = &h->peers.items[i];
		struct count items[OLD_VERSIONS_MAX];
		struct counts old = totals_old_versions(p, items);

		counts_text(&old, COUNT_VERSION, 0, counts, sizeof(counts));
		used += (size_t)snprintf(line + used, sizeof(line) - used, "%s%s (%s)",
		    i == 0 ? "" : ", ", hosts->servers ? p->client : p->server,
		    counts[0] == '\0' ? "failed" : counts);
	}
	if (h->peers.count > LEGACY_PEERS_SHOWN)
		snprintf(line + used, sizeof(line) - used, " and %s%zu more",
		    h->peer_count > LEGACY_PEERS_READ ? "at least " : "",
		    h->peers.count - LEGACY_PEERS_SHOWN);
	if (line[0] != '\0')
		table_note(t, line, STYLE_DIM);
}

static void put_host(struct table *t, const struct legacy_hosts *hosts, const struct legacy_host *h)
{
	const struct totals *totals = &h->totals;
	char name[128], fault[80], sentence[512];

	table_text(t, hosts->servers ? "server" : "client", STYLE_PLAIN);
	table_text(t, hosts->servers ? totals->server : totals->client, STYLE_PLAIN);
	table_text(t, totals_host_name(totals, name), STYLE_PLAIN);
	table_time(t, h->flagged_ms);
	put_old_versions(t, totals);
	table_number(t, totals->sessions);
	table_text(t, totals_max_label(totals), legacy_is_stuck(h) ? STYLE_BAD : STYLE_GOOD);
	table_counts(t, &totals->counts, COUNT_LEGACY_SIDE,
	    totals_fault_text(totals, fault, sizeof(fault)), STYLE_PLAIN);
	table_number(t, h->peer_count);
	put_peers(t, hosts, h);
	table_time(t, totals->last_ms);
	put_evidence(t, totals, sentence, sizeof(sentence));
	table_end_row(t);
	note_peers(t, hosts, h);
	if (sentence[0] != '\0')
		table_note(t, sentence, STYLE_DIM);
}

static void put_hosts(struct table *t, const struct legacy_hosts *hosts)
{
	for (size_t i = 0; i < hosts->count && table_alive(t); i++)
		put_host(t, hosts, &hosts->items[i]);
}

/* What the table below is about. */
static void head(const struct options *o, const char *text)
{
	printf("%s%s%s\n", style_on(STYLE_HEAD, options_color(o, stdout)), text,
	    style_off(STYLE_HEAD, options_color(o, stdout)));
}

/* A table each; in CSV and JSON the roles stand in one. */
static int write_hosts(
    const struct legacy_hosts *servers, const struct legacy_hosts *clients, const struct options *o)
{
	const struct legacy_hosts *both[] = {servers, clients};
	struct table *t = NULL;

	for (size_t i = 0; i < 2; i++) {
		if (o->format == OUTPUT_TABLE && both[i]->count == 0)
			continue;
		if (o->format == OUTPUT_TABLE && t != NULL) {
			table_finish(t);
			putchar('\n');
			t = NULL;
		}
		if (o->format == OUTPUT_TABLE)
			head(o, i == 0 ? "Servers below TLS 1.2:" : "Clients below TLS 1.2:");
		if (t == NULL)
			t = table_new(
			    stdout, o, i == 0 ? server_columns : client_columns, COLUMN_COUNT);
		if (t == NULL)
			return say_error(EXIT_FAILED, "out of memory");
		put_hosts(t, both[i]);
	}
	if (t != NULL)
		table_finish(t);
	return 0;
}

static uint64_t count_stuck(const struct legacy_hosts *hosts)
{
	uint64_t stuck = 0;

	for (size_t i = 0; i < hosts->count; i++)
		stuck += legacy_is_stuck(&hosts->items[i]);
	return stuck;
}

/* Those that nobody can blame: whose fault their old sessions were was not seen. */
static uint64_t count_unblamed(const struct legacy_hosts *hosts)
{
	const char *own = hosts->servers ? "server" : "client";
	uint64_t unblamed = 0;

	for (size_t i = 0; i < hosts->count; i++)
		unblamed += totals_fault(&hosts->items[i].totals, own) == 0;
	return unblamed;
}

/* "2 servers, 1 client", of those that were asked for. */
static const char *hosts_text(uint64_t servers, uint64_t clients, const struct sides *asked,
    char text[2 * COUNT_TEXT_MAX + 4])
{
	char a[COUNT_TEXT_MAX] = "", b[COUNT_TEXT_MAX] = "";

	if (asked->servers)
		count_text(servers, "server", "servers", a);
	if (asked->clients)
		count_text(clients, "client", "clients", b);
	snprintf(text, 2 * COUNT_TEXT_MAX + 4, "%s%s%s", a,
	    asked->servers && asked->clients ? ", " : "", b);
	return text;
}

/* How many, and of how many the fault is not known to be theirs. */
static void write_count(const struct legacy_hosts *servers, const struct legacy_hosts *clients,
    const struct sides *asked)
{
	uint64_t unblamed_servers = count_unblamed(servers),
		 unblamed_clients = count_unblamed(clients);
	char text[2 * COUNT_TEXT_MAX + 4];

	printf("\nBelow TLS 1.2 by their own fault: %s.",
	    hosts_text(servers->flagged - unblamed_servers, clients->flagged - unblamed_clients,
		asked, text));
	if (unblamed_servers + unblamed_clients > 0)
		printf(" Whose fault it was is not known of %s more.",
		    hosts_text(unblamed_servers, unblamed_clients, asked, text));
}

/* What breaks when the old versions are switched off. */
static void write_conclusion(const struct legacy_hosts *servers, const struct legacy_hosts *clients,
    const struct sides *asked)
{
	uint64_t stuck_servers = count_stuck(servers), stuck_clients = count_stuck(clients);
	char text[2 * COUNT_TEXT_MAX + 4];

	write_count(servers, clients, asked);
	if (servers->count < servers->flagged || clients->count < clients->flagged)
		fputs(" Not all are shown (--limit).\n", stdout);
	else if (stuck_servers + stuck_clients == 0)
		fputs(" All of them were seen to do better.\n", stdout);
	else
		printf("\nNever seen with TLS 1.2 or better, so without TLS 1.0 and 1.1 they lose "
		       "TLS: %s.\n",
		    hosts_text(stuck_servers, stuck_clients, asked, text));
}

/* Those that no list above names. */
static bool write_others(struct query *q, const struct options *o)
{
	struct ranking plaintext = {0}, downgrade = {0};
	bool good = query_ranking(q, KEY_PLAINTEXT_SERVERS, o->since_ms, &plaintext) &&
		    query_ranking(q, KEY_DOWNGRADE_SERVERS, o->since_ms, &downgrade);
	char text[COUNT_TEXT_MAX];

	if (good && downgrade.count > 0)
		printf("Forced below TLS 1.2 by somebody between: sessions with %s (tlsvane pairs "
		       "--legacy).\n",
		    count_text(downgrade.count, "server", "servers", text));
	if (good && plaintext.count > 0)
		printf("Mail in the clear went to %s (tlsvane pairs --plaintext).\n",
		    count_text(plaintext.count, "server", "servers", text));
	ranking_free(&plaintext);
	ranking_free(&downgrade);
	return good;
}

static const char *none_text(const struct sides *asked)
{
	if (!asked->clients)
		return "No server was seen to speak TLS below 1.2 by its own fault";
	if (!asked->servers)
		return "No client was seen to speak TLS below 1.2 by its own fault";
	return "No server or client was seen to speak TLS below 1.2 by its own fault";
}

/* Worse than any old version: so it stands first. */
static bool write_plaintext(struct query *q, const struct options *o)
{
	struct plaintext_hosts hosts;
	struct table *t;
	bool good = plaintext_read(q, o, true, PLAINTEXT_SHOWN, &hosts);

	if (good && hosts.list.count > 0) {
		head(o, "Mail in the clear, which is worse than any old version:");
		t = plaintext_table(stdout, o, true);
		good = t != NULL;
		if (good) {
			plaintext_put(t, &hosts);
			table_finish(t);
			puts(hosts.list.count < hosts.flagged ? "... more by tlsvane plaintext\n"
							      : "");
		}
	}
	plaintext_free(&hosts);
	return good;
}

static int answer(struct query *q, const struct options *o, const struct sides *asked)
{
	struct legacy_hosts servers = {.servers = true}, clients = {0};
	int status = EXIT_FAILED;

	if (asked->servers && asked->clients && o->format == OUTPUT_TABLE && !write_plaintext(q, o))
		return EXIT_FAILED;
	if ((!asked->servers || legacy_read(q, o, true, &servers)) &&
	    (!asked->clients || legacy_read(q, o, false, &clients)))
		status = write_hosts(&servers, &clients, o);
	if (status == 0 && servers.count + clients.count == 0)
		status = seen_say_none(q, o, none_text(asked));
	else if (status == 0 && o->format == OUTPUT_TABLE)
		write_conclusion(&servers, &clients, asked);
	legacy_free(&servers);
	legacy_free(&clients);
	if (status == 0 && o->format == OUTPUT_TABLE && !write_others(q, o))
		status = EXIT_FAILED;
	return status != 0 ? status : seen_say_health(q, o);
}

int cmd_legacy(const struct options *o)
{
	return query_answer_sides(o, answer);
}
