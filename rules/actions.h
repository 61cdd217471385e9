/*
 * What a rule may do: one table of actions and their parameters. The rows stand in actions.c beside
 * the code that acts; the file's `then:` is checked against them when it is loaded.
 *
 *   then:
 *     - log                                     no parameters
 *     - mail: postmaster@example.org            the first parameter alone
 *     - exec: [/usr/local/bin/page, "{server.ip}"]
 *     - webhook: {url: "https://…", format: alertmanager}
 */
#ifndef TLSVANE_RULES_ACTIONS_H
#define TLSVANE_RULES_ACTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum action_parameter_type {
	PARAMETER_TEXT,
	PARAMETER_TEMPLATE,  /* text with {field}s */
	PARAMETER_TEMPLATES, /* a list of them; a single one is a list of one */
	PARAMETER_WORD,	     /* one of `words` */
	PARAMETER_NUMBER,
	PARAMETER_DURATION, /* "30s" */
	PARAMETER_BOOLEAN,
	PARAMETER_PATH,	   /* text that begins with "/" */
	PARAMETER_URL,	   /* text: http or https */
	PARAMETER_COMMAND, /* as PARAMETER_TEMPLATES; the first one is a program */
};

struct action_parameter {
	const char *name;
	uint8_t type; /* enum action_parameter_type */
	bool required;
	const char *const *words; /* PARAMETER_WORD: ends with NULL */
	const char *help, *example;
};

struct action_kind {
	const char *name;			   /* "mail" */
	const struct action_parameter *parameters; /* the first is meant where there is no name */
	size_t parameter_count;
	const char *help;
};

extern const struct action_kind action_kinds[];
extern const size_t action_kind_count;

#endif
