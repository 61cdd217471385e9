/* tlsvane: the table of commands, their help, and main. */
#include <errno.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../rules/spelling.h"
#include "../sensor/numbers.h"
#include "../sensor/record.h"
#include "commands.h"
#include "say.h"

static int cmd_help(const struct options *o);

#define GROUPS_QUERY (GROUP_OUTPUT | GROUP_REDIS | GROUP_SINCE | GROUP_LIMIT)

static const struct command commands[] = {
    {.name = "read",
	.arguments = "FILE...",
	.summary = "the sessions of captures, without Redis",
	.text = "Reads pcap and pcapng (- is standard input) and shows each SMTP session: what its "
		"STARTTLS handshake\n"
		"really negotiated, and whose fault a version below TLS 1.2 is (FAULT: client, "
		"server, downgrade\n"
		"by somebody between them, unknown). CERTIFICATE names what is wrong with the "
		"server's, as of the\n"
		"session: expired, for another name, RSA of how few bits, MD5, SHA-1, self-signed. "
		"Nothing is\n"
		"verified, and in TLS 1.3 it is not seen. Files that follow each other in time are "
		"read as one capture.",
	.example =
	    "tlsvane read mail.pcap\n  tlsvane read --summary edge-*.pcap.0\n"
	    "  tlsvane read --json mail.pcap | jq 'select(.tlsvane.legacy_side==\"server\")'",
	.groups = GROUP_READ | GROUP_OUTPUT | GROUP_SINCE | GROUP_LIMIT,
	.arguments_min = 1,
	.arguments_max = SIZE_MAX,
	.missing = "which capture? tlsvane read FILE",
	.run = cmd_read},
    {.name = "legacy",
	.arguments = "[servers|clients]",
	.summary = "who still speaks TLS 1.0 or 1.1, and whose fault it is",
	.text = "Lists the servers and clients that were below TLS 1.2 by their own fault, the "
		"last seen first: which old\n"
		"versions in how many sessions, the best version they were ever seen with, the "
		"peers they did it\n"
		"with, and the last such session. A host that was never seen with TLS 1.2 loses "
		"TLS when 1.0 and 1.1 go.\n"
		"Servers that took mail in the clear stand first.",
	.example = "tlsvane legacy --since 30d\n  tlsvane legacy clients --csv >clients.csv",
	.groups = GROUPS_QUERY,
	.arguments_max = 1,
	.run = cmd_legacy},
    {.name = "plaintext",
	.arguments = "[servers|clients]",
	.summary = "who takes or sends mail in the clear, and why",
	.text =
	    "Lists the servers that took mail in the clear and the clients that sent it, the last "
	    "first. WHY counts sessions\n"
	    "by what kept TLS away: STARTTLS not offered, not used, refused (by which reply "
	    "codes), given up behind its 220,\n"
	    "failed (by which alerts); fallback: after a failure the mail went in the clear; "
	    "stripped?: the offer may have\n"
	    "been removed on the way; injected: bytes in the clear behind STARTTLS.",
	.example = "tlsvane plaintext --since 30d\n  tlsvane plaintext clients --csv >clients.csv",
	.groups = GROUPS_QUERY,
	.arguments_max = 1,
	.run = cmd_plaintext},
    {.name = "pairs",
	.arguments = "",
	.summary = "host pairs: versions, ciphers, outcomes, whose fault",
	.text = "One row for each client and server that had a session, all sensors added up.",
	.example = "tlsvane pairs --legacy --since 7d\n  tlsvane pairs --plaintext --sort sessions "
		   "--limit 20",
	.groups = GROUPS_QUERY | GROUP_PAIRS,
	.run = cmd_pairs},
    {.name = "server",
	.arguments = "IP",
	.summary = "all about one server: versions, ciphers, clients, a verdict",
	.text = "What one server was seen to do: names, best version, versions and ciphers with "
		"their first and last\n"
		"time, its certificates, the verdict with its reasoning, the last legacy session, "
		"its clients.",
	.example = "tlsvane server 192.0.2.25\n  tlsvane server 2001:db8::25 --json",
	.groups = GROUPS_QUERY,
	.arguments_min = 1,
	.arguments_max = 1,
	.missing = "which server? tlsvane server IP",
	.run = cmd_server},
    {.name = "client",
	.arguments = "IP",
	.summary = "all about one client: versions, ciphers, servers, a verdict",
	.text = "What one client was seen to do: its HELO name, fingerprints and certificates, "
		"the best version it offers,\n"
		"versions and ciphers with their first and last time, the verdict with its "
		"reasoning, the last legacy "
		"session, its servers.",
	.example = "tlsvane client 192.0.2.10",
	.groups = GROUPS_QUERY,
	.arguments_min = 1,
	.arguments_max = 1,
	.missing = "which client? tlsvane client IP",
	.run = cmd_client},
    {.name = "sensors",
	.arguments = "",
	.summary = "who listens: alive or not, packets, drops, losses",
	.text = "Each sensor by its last heartbeat. LOSS estimates the part of the mail traffic "
		"that it did not see.",
	.example = "tlsvane sensors",
	.groups = GROUPS_QUERY,
	.run = cmd_sensors},
    {.name = "what-if",
	.arguments = "",
	.summary = "what breaks if old versions, ciphers or plaintext go",
	.text = "Judges all that was recorded as if something were no longer allowed. A row for "
		"each pair "
		"and fate:\n\n"
		"fails                 no TLS, and the client does not go on without\n"
		"in the clear          no TLS, and the client was seen to go on without, before\n"
		"fails or in the clear no TLS; what the client does then was never seen\n"
		"not known             too little was seen: never counted as good\n"
		"goes on               TLS all the same (in --json and --csv)\n\n"
		"CHANGES is whose side must change, SURE how sure that is. --rules asks what would "
		"break if what\n"
		"fires were refused (what is info or a notice only, aside).",
	.example = "tlsvane what-if --min-version 1.2 --since 90d\n"
		   "  tlsvane what-if --min-version 1.2 --require-tls --json\n"
		   "  tlsvane what-if --no-cipher \"*_CBC_*\"",
	.groups = GROUPS_QUERY | GROUP_WHAT_IF | GROUP_RULES_FILE,
	.run = cmd_what_if},
    {.name = "headers",
	.arguments = "FILE...",
	.summary = "over which TLS a message came here, by its Received: headers",
	.text =
	    "Reads messages and mboxes (- is standard input). Each Received: header is one hop, 1 "
	    "the last one: the\n"
	    "server's software, the version and cipher that it received the message with, and "
	    "what the version rests\n"
	    "on: stated; cipher (it follows from the cipher suite, perhaps only between which "
	    "two it was); protocol\n"
	    "(TLS, of whatever version); nothing, which does not prove plaintext. Stamps of "
	    "servers that nobody here\n"
	    "knows may be forged. Hosts, addresses and texts are not shown.",
	.example = "tlsvane headers message.eml\n  tlsvane headers --json /var/mail/archive | jq "
		   "'select(.legacy)'",
	.groups = GROUP_OUTPUT,
	.arguments_min = 1,
	.arguments_max = SIZE_MAX,
	.missing = "which message? tlsvane headers FILE",
	.run = cmd_headers},
    {.name = "enforce",
	.arguments = "[update|pause|resume]",
	.summary = "the enforcement clock: who is deferred or refused, and when",
	.text =
	    "enforce                         the clock of every host, what is due next and when\n"
	    "enforce update                  takes hosts in and lets clean ones go; run it daily\n"
	    "enforce pause HOST|all 30d      lets the clock of a host, or of all, stand so long\n"
	    "enforce resume HOST|all         ends that\n"
	    "enforce --export postfix        what holds at this minute, for a mail server to load\n"
	    "enforce --policyd 127.0.0.1:10040\n"
	    "                                answers Postfix live, exact to the minute; accepts "
	    "all "
	    "while Redis is away\n\n"
	    "The stages stand in the rules file. A sensor blocks nobody: only update, pause and "
	    "resume "
	    "change anything,\nand only what a mail server then asks for or loads is enforced.",
	.example = "tlsvane enforce --rules enforcement.yaml\n"
		   "  tlsvane enforce update --rules enforcement.yaml\n"
		   "  tlsvane enforce pause 192.0.2.9 30d --rules enforcement.yaml",
	.groups = GROUP_OUTPUT | GROUP_REDIS | GROUP_LIMIT | GROUP_RULES_FILE | GROUP_ENFORCE,
	.arguments_max = 3,
	.run = cmd_enforce},
    {.name = "rules",
	.arguments = "check|test|explain|...",
	.summary = "rules files: check them, try them on a capture, explain",
	.text =
	    "rules check FILE...             all that is wrong, as file:line:column: what; mend\n"
	    "rules test FILE [RULE...] -r CAPTURE...\n"
	    "                                which session fires what and why, clause by clause;\n"
	    "                                with RULEs those on every session, fired or not;\n"
	    "                                what history knows begins with the first capture\n"
	    "rules explain NAME [FILE]       one rule: its condition unfolded, its fields and "
	    "sources\n"
	    "rules fields                    what conditions can ask for\n"
	    "rules keys                      what a rules file and a rule consist of\n"
	    "rules actions                   what a rule can do\n\n"
	    "A FILE that is not here is looked for among the packs that came with tlsvane\n"
	    "($TLSVANE_PACKS, else PREFIX/share/tlsvane/rules).",
	.example =
	    "tlsvane rules check /etc/tlsvane/rules.yaml\n  tlsvane rules test legacy-tls.yaml "
	    "-r mail.pcap\n  tlsvane rules test my.yaml -r monday.pcap -r tuesday.pcap\n"
	    "  tlsvane rules explain server-below-tls12",
	.groups = GROUP_RULES | GROUP_OUTPUT | GROUP_SINCE,
	.arguments_min = 1,
	.arguments_max = SIZE_MAX,
	.missing =
	    "what about rules? tlsvane rules check FILE, test, explain, fields, keys or actions",
	.run = cmd_rules},
    {.name = "help",
	.arguments = "[COMMAND|fields|metrics]",
	.summary = "this list, one command, the fields of a session, the sensor's metrics",
	.arguments_max = 1,
	.run = cmd_help},
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static int say_unknown(const char *name)
{
	struct spelling near = spelling_of(name);

	for (size_t i = 0; i < COMMAND_COUNT; i++)
		spelling_try(&near, commands[i].name);
	if (near.best != NULL)
		return say_error(
		    EXIT_USAGE, "unknown command %s; did you mean tlsvane %s?", name, near.best);
	if (strchr(name, '/') != NULL || access(name, F_OK) == 0)
		return say_error(
		    EXIT_USAGE, "unknown command %s; did you mean tlsvane read %s?", name, name);
	return say_error(EXIT_USAGE, "unknown command %s; tlsvane help lists them", name);
}

/* ---- Help ---- */

static void help_all(void)
{
	puts("tlsvane: which TLS the mail around here really speaks, and whose fault the old "
	     "versions are\n\n"
	     "tlsvane COMMAND [ARGUMENTS] [OPTIONS]\n");
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		char usage[64];

		snprintf(usage, sizeof(usage), "%s %s", commands[i].name, commands[i].arguments);
		printf("  %-30s %s\n", usage, commands[i].summary);
	}
	puts("\nRedis: --redis URL, else $TLSVANE_REDIS, else the Redis of this machine.\n"
	     "tlsvane help COMMAND shows its options. Exit status: 0 done, 1 failed, 2 asked "
	     "wrongly.");
}

static void help_fields(void)
{
	for (size_t i = 0; i < record_field_count; i++)
		printf("%-32s %s%s (%s)\n", record_fields[i].name, record_fields[i].help,
		    record_fields[i].type == FIELD_DURATION ? " In nanoseconds." : "",
		    record_fields[i].example);
}

static void help_metrics(void)
{
	const char *last = "";

	for (size_t i = 0; i < number_row_count; i++) {
		const struct number_row *row = &number_rows[i];

		if (row->metric == NULL || strcmp(last, row->metric) == 0)
			continue;
		printf("tlsvane_sensor_%-25s %s (%s)\n", row->metric, row->help,
		    row->kind == NUMBER_GAUGE ? "gauge" : "counter");
		last = row->metric;
	}
}

static void help_command(const struct command *c)
{
	printf("tlsvane %s%s%s%s: %s\n", c->name, c->arguments[0] == '\0' ? "" : " ", c->arguments,
	    c->groups == 0 ? "" : " [OPTIONS]", c->summary);
	if (c->text != NULL)
		printf("\n%s\n", c->text);
	puts("");
	options_help(stdout, c->groups);
	if (c->example != NULL)
		printf("\n  %s\n", c->example);
}

static int cmd_help(const struct options *o)
{
	const struct command *c;

	if (o->argument_count == 0) {
		help_all();
		return 0;
	}
	if (strcmp(o->arguments[0], "fields") == 0) {
		help_fields();
		return 0;
	}
	if (strcmp(o->arguments[0], "metrics") == 0) {
		help_metrics();
		return 0;
	}
	c = find_command(o->arguments[0]);
	if (c == NULL)
		return say_unknown(o->arguments[0]);
	help_command(c);
	return 0;
}

/* ---- Running ---- */

static int run_command(const struct options *o, const struct command *c)
{
	if (o->help) {
		help_command(c);
		return 0;
	}
	if (options_check(o, c->groups) != 0)
		return EXIT_USAGE;
	if (o->argument_count < c->arguments_min)
		return say_error(EXIT_USAGE, "%s", c->missing);
	if (o->argument_count > c->arguments_max)
		return say_error(EXIT_USAGE, "%s takes %s; what is %s?", c->name,
		    c->arguments_max == 0 ? "no argument" : "one argument",
		    o->arguments[c->arguments_max]);
	return c->run(o);
}

static int run(const struct options *o)
{
	const struct command *c;

	if (o->version) {
		puts("tlsvane " TLSVANE_VERSION);
		return 0;
	}
	if (o->command == NULL) {
		if (!o->help)
			return say_error(EXIT_USAGE, "no command; tlsvane help lists them");
		help_all();
		return 0;
	}
	c = find_command(o->command);
	return c == NULL ? say_unknown(o->command) : run_command(o, c);
}

/* Nobody reads stdout any more: a pipe (| head) that was closed. */
static bool reader_left(void)
{
	struct pollfd output = {.fd = STDOUT_FILENO};

	return poll(&output, 1, 0) == 1 && (output.revents & (POLLERR | POLLHUP)) != 0;
}

/* A reader who left wished so; anything else that kept us from writing is told. */
static int finish_output(int status)
{
	bool failed;

	errno = 0;
	failed = fflush(stdout) != 0 || ferror(stdout);
	if (!failed || errno == EPIPE || reader_left())
		return status;
	return say_error(EXIT_FAILED, "cannot write the output: %s",
	    errno != 0 ? strerror(errno) : "is the disk full?");
}

int main(int argc, char **argv)
{
	struct options options;
	int status;

	setlocale(LC_CTYPE, "");
	signal(SIGPIPE,
	    SIG_IGN); /* write errors are told apart in finish_output, Redis's in query.c */
	status = options_parse(&options, argc, argv);
	if (status == 0)
		status = finish_output(run(&options));
	options_free(&options);
	return status;
}
