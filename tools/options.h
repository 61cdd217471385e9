/*
 * The options of all commands: one table. Options may stand before or after the command and its
 * arguments;
 * "--" ends them. A command says by groups which it takes.
 */
#ifndef TLSVANE_OPTIONS_H
#define TLSVANE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "../sensor/ports.h"

enum output_format { OUTPUT_TABLE, OUTPUT_JSON, OUTPUT_CSV, OUTPUT_LIST };

enum color_wish { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

enum option_group {	       /* what a command takes: bits of command.groups */
	GROUP_ALWAYS = 1 << 0, /* --help --color */
	GROUP_OUTPUT = 1 << 1, /* --json --csv */
	GROUP_REDIS = 1 << 2,  /* --redis --password-file */
	GROUP_SINCE = 1 << 3,
	GROUP_LIMIT = 1 << 4,
	GROUP_READ = 1 << 5,	   /* --summary --transcript --list --ports --any-port --ignore-vlan
	--fields */
	GROUP_PAIRS = 1 << 6,	   /* --legacy --plaintext --sort */
	GROUP_RULES = 1 << 7,	   /* --read */
	GROUP_WHAT_IF = 1 << 8,	   /* --min-version --no-cipher --require-tls */
	GROUP_RULES_FILE = 1 << 9, /* --rules */
	GROUP_ENFORCE = 1 << 10,   /* --export --policyd --now */
};

struct options {
	uint8_t format;	  /* enum output_format */
	unsigned formats; /* ... all that were given, a bit each */
	uint8_t color;	  /* enum color_wish */
	bool help, version;
	bool summary, transcript, legacy, plaintext, by_sessions;
	uint64_t since_ms; /* since the epoch; 0: from the beginning */
	size_t limit;	   /* rows; 0: all */
	const char *redis, *password_file, *fields;
	const char *min_version, *no_cipher, *rules;
	bool require_tls;
	const char *export, *policyd;
	uint64_t now_ms;    /* a clock that stands, since the epoch; 0: the time of day */
	struct ports ports; /* none: the pipeline's own default */
	bool any_port, ignore_vlan;
	unsigned given; /* groups of the options that were given */
	const char
	    *last_of[32];    /* ... and the option of each, by the group's bit number, for errors */
	const char *command; /* NULL: none */
	const char **arguments; /* owned by the options, the texts by argv */
	size_t argument_count;
	const char **reads; /* likewise: --read */
	size_t read_count;
};

/* Parses all of argv. Returns 0; or EXIT_USAGE when it is wrong, and has said so. The caller frees.
 */
int options_parse(struct options *o, int argc, char **argv);
void options_free(struct options *o);

/* Whether all that was given belongs to `groups` and goes together; says so when not. Returns 0 or
 * EXIT_USAGE. */
int options_check(const struct options *o, unsigned groups);

/* Lists the options of the groups, a line each. */
void options_help(FILE *to, unsigned groups);

/* "7d", "12h", "2026-03-01", "2026-03-01T08:15:30+01:00" -> ms since the epoch; false when it is
 * none. */
bool options_parse_since(const char *text, uint64_t now, uint64_t *ms);

struct sides { /* what is asked about */
	bool servers, clients;
};

/* The only argument: servers, clients, or none for both. Returns 0; or EXIT_USAGE, and has said so.
 */
int options_sides(const struct options *o, struct sides *sides);

/* Whether to write colour to `to`: --color, NO_COLOR, TERM and what `to` is. */
bool options_color(const struct options *o, FILE *to);

#endif
