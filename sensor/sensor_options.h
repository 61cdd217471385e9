/* The command line of tlsvane-sensor. */
#ifndef TLSVANE_SENSOR_OPTIONS_H
#define TLSVANE_SENSOR_OPTIONS_H

#include <stddef.h>

#include "capture.h"
#include "ports.h"

#define SENSOR_NAME_MAX 64
#define SENSOR_PATH_MAX 1024

struct sensor_options {
	const char *interfaces[CAPTURE_INTERFACES_MAX]; /* each -i ... */
	size_t interface_count;
	char source[SENSOR_PATH_MAX]; /* all of these: "eth1,eth2"; or the file */
	size_t ring_bytes;	      /* 0: as it is by default */
	const char *file;	      /* or -r, "-" for standard input */
	const char *redis;	      /* URL, NULL: no Redis */
	char *password;		      /* from a file or the environment, NULL: none; owned */
	const char *json;	      /* path, "-" for standard output, NULL: none */
	const char *rules;	      /* path, NULL: no alerts */
	const char *metrics;	      /* where /metrics listens (metrics.h), NULL: nowhere */
	char name[SENSOR_NAME_MAX];
	char spool[SENSOR_PATH_MAX];
	struct ports ports;
	unsigned flows_max, sessions_max, pairs_max; /* 0: as limits.h has it */
	bool no_shunt;				     /* capture all packets of a session */
	bool any_port;				     /* find SMTP on other ports, too */
	bool ignore_vlan;			     /* VLAN tags tell no connections apart */
	unsigned workers;     /* processes that capture; 0: one process does all */
	const char *user;     /* who to become, NULL: privileges.h chooses */
	bool no_sandbox;      /* stay who we are, unconfined */
	bool own_spool;	      /* the folder of `spool` is ours, by our choice */
	unsigned watchdog_s;  /* a process that shows no life for so long is replaced */
	unsigned stats_s;     /* seconds between two lines of statistics, 0: none */
	uint64_t retention_s; /* 0: for ever */
};

enum sensor_options_result { OPTIONS_RUN, OPTIONS_DONE, OPTIONS_WRONG };

/* Reads argv. OPTIONS_DONE: help or version was asked for and shown. OPTIONS_WRONG: one line on
 * stderr has said what is wrong and the mend. */
enum sensor_options_result sensor_options_parse(struct sensor_options *o, int argc, char **argv);

void sensor_options_free(struct sensor_options *o);

#endif
