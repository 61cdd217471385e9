/*
 * The commands: one file each (cmd_NAME.c), one row each in tlsvane.c. A new command is a function
 * here, a row there, and a file.
 */
#ifndef TLSVANE_COMMANDS_H
#define TLSVANE_COMMANDS_H

#include "options.h"

struct command {
	const char *name;
	const char *arguments; /* "FILE...", "" */
	const char *summary;   /* a few words for the list */
	const char *text;      /* what it does and how to read it, for help NAME */
	const char *example;
	unsigned groups; /* enum option_group: the options that it takes */
	size_t arguments_min, arguments_max;
	const char *missing;		     /* what to say when there are too few */
	int (*run)(const struct options *o); /* returns an enum exit_status */
};

int cmd_read(const struct options *o);
int cmd_legacy(const struct options *o);
int cmd_plaintext(const struct options *o);
int cmd_pairs(const struct options *o);
int cmd_server(const struct options *o);
int cmd_client(const struct options *o);
int cmd_sensors(const struct options *o);
int cmd_headers(const struct options *o);
int cmd_rules(const struct options *o);
int cmd_enforce(const struct options *o);
int cmd_what_if(const struct options *o);

#endif
