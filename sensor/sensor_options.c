/* The command line of tlsvane-sensor: one table of options gives parsing and help. */
#include "sensor_options.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../rules/spelling.h"
#include "limits.h"
#include "log.h"
#include "metrics.h"
#include "privileges.h"
#include "redis_url.h"
#include "sensor_defaults.h"
#include "shunt.h"
#include "store.h"

#define CAP_LEAST    100
#define CAP_MOST     50000000
#define PASSWORD_MAX 512 /* bytes of a password file's first line */

static int wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));

static int wrong(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_say_list(LOG_LEVEL_ERROR, format, arguments);
	va_end(arguments);
	return -1;
}

static int set_interface(struct sensor_options *o, const char *value)
{
	for (size_t i = 0; i < o->interface_count; i++)
		if (strcmp(o->interfaces[i], value) == 0)
			return wrong("-i %s: is given twice; once is enough", value);
	if (o->interface_count == CAPTURE_INTERFACES_MAX)
		return wrong("-i %s: at most %d interfaces; run another sensor for more", value,
		    CAPTURE_INTERFACES_MAX);
	o->interfaces[o->interface_count++] = value;
	return 0;
}

static int set_buffer(struct sensor_options *o, const char *value)
{
	char *end;
	unsigned long megabytes = strtoul(value, &end, 10);

	if (end == value || *end != '\0' || megabytes == 0 || megabytes > LIMIT_RING_MAX_MB)
		return wrong("--buffer %s: give the MiB that an interface's packets may wait in, "
			     "from 1 to %d",
		    value, LIMIT_RING_MAX_MB);
	o->ring_bytes = megabytes << 20;
	return 0;
}

static int set_file(struct sensor_options *o, const char *value)
{
	o->file = value;
	return 0;
}

static int set_redis(struct sensor_options *o, const char *value)
{
	char error[REDIS_URL_ERROR_MAX];
	struct redis_url url;
	int result = redis_url_parse(value, &url, error);

	explicit_bzero(&url, sizeof(url));
	o->redis = value;
	return result == 0 ? 0 : wrong("--redis: %s", error);
}

static int set_json(struct sensor_options *o, const char *value)
{
	o->json = value;
	return 0;
}

static int set_name(struct sensor_options *o, const char *value)
{
	if (!store_sensor_valid(value) || strlen(value) >= sizeof(o->name))
		return wrong(
		    "--name %s: give at most %zu letters, digits, dots, dashes or underscores",
		    value, sizeof(o->name) - 1);
	snprintf(o->name, sizeof(o->name), "%s", value);
	return 0;
}

static int set_ports(struct sensor_options *o, const char *value)
{
	if (!ports_parse(value, &o->ports))
		return wrong("--ports %s: give at most %d TCP ports with commas between them, such "
			     "as " PORTS_EXAMPLE,
		    value, PORTS_MAX);
	return 0;
}

static int set_any_port(struct sensor_options *o, const char *value)
{
	(void)value;
	o->any_port = true;
	return 0;
}

static int set_ignore_vlan(struct sensor_options *o, const char *value)
{
	(void)value;
	o->ignore_vlan = true;
	return 0;
}

static int set_no_shunt(struct sensor_options *o, const char *value)
{
	(void)value;
	o->no_shunt = true;
	return 0;
}

/* A whole number within bounds, and nothing behind it. */
static bool read_number(
    const char *value, unsigned long least, unsigned long most, unsigned *number)
{
	char *end;
	unsigned long got = strtoul(value, &end, 10);

	if (end == value || *end != '\0' || value[0] == '-' || got < least || got > most)
		return false;
	*number = (unsigned)got;
	return true;
}

static int read_cap(const char *option, const char *value, unsigned *cap)
{
	if (read_number(value, CAP_LEAST, CAP_MOST, cap))
		return 0;
	return wrong("%s %s: give how many, from %d to %d", option, value, CAP_LEAST, CAP_MOST);
}

static int set_max_flows(struct sensor_options *o, const char *value)
{
	return read_cap("--max-flows", value, &o->flows_max);
}

static int set_max_sessions(struct sensor_options *o, const char *value)
{
	return read_cap("--max-sessions", value, &o->sessions_max);
}

static int set_max_pairs(struct sensor_options *o, const char *value)
{
	return read_cap("--max-pairs", value, &o->pairs_max);
}

static int set_spool(struct sensor_options *o, const char *value)
{
	if (strlen(value) >= sizeof(o->spool))
		return wrong("--spool: the path is longer than %zu bytes; give a shorter one",
		    sizeof(o->spool) - 1);
	snprintf(o->spool, sizeof(o->spool), "%s", value);
	return 0;
}

static int set_rules(struct sensor_options *o, const char *value)
{
	o->rules = value;
	return 0;
}

static int set_metrics(struct sensor_options *o, const char *value)
{
	o->metrics = value;
	return 0;
}

static int set_workers(struct sensor_options *o, const char *value)
{
	o->workers = WORKERS_AUTO;
	if (strcmp(value, "auto") == 0 || read_number(value, 1, LIMIT_WORKERS, &o->workers))
		return 0;
	return wrong("--workers %s: give a number from 1 to %d, or auto", value, LIMIT_WORKERS);
}

static int set_user(struct sensor_options *o, const char *value)
{
	o->user = value;
	return 0;
}

static int set_no_sandbox(struct sensor_options *o, const char *value)
{
	(void)value;
	o->no_sandbox = true;
	return 0;
}

static int set_watchdog(struct sensor_options *o, const char *value)
{
	if (read_number(value, 2, 3600, &o->watchdog_s))
		return 0;
	return wrong("--watchdog %s: give seconds from 2 to 3600", value);
}

static int set_stats(struct sensor_options *o, const char *value)
{
	if (read_number(value, 1, 86400, &o->stats_s))
		return 0;
	return wrong("--stats %s: give the seconds between two lines, from 1 to 86400", value);
}

static int set_retention(struct sensor_options *o, const char *value)
{
	static const char units[] = "smhdw";
	static const uint64_t seconds[] = {1, 60, 3600, 86400, 604800};
	const char *unit;
	char *end;
	unsigned long long number = strtoull(value, &end, 10);

	unit = end == value || *end == '\0' || end[1] != '\0' ? NULL : strchr(units, *end);
	if (unit == NULL || number == 0 || number > 100000 || value[0] == '-')
		return wrong(
		    "--retention %s: give a number and a unit, such as 90d (s, m, h, d or w)",
		    value);
	o->retention_s = number * seconds[unit - units];
	return 0;
}

static int set_password_file(struct sensor_options *o, const char *value)
{
	char line[PASSWORD_MAX + 2] = "";
	FILE *file = fopen(value, "r");
	size_t length;

	if (file == NULL)
		return wrong("--password-file %s: %s; check the path and who may read it", value,
		    strerror(errno));
	if (fgets(line, sizeof(line), file) == NULL)
		line[0] = '\0';
	fclose(file);
	length = strcspn(line, "\r\n");
	if (length == 0 || length > PASSWORD_MAX)
		return wrong(
		    "--password-file %s: its first line must be the password, at most %d bytes",
		    value, PASSWORD_MAX);
	line[length] = '\0';
	free(o->password);
	o->password = strdup(line);
	explicit_bzero(line, sizeof(line));
	return o->password != NULL ? 0 : wrong("out of memory");
}

static const struct option_row {
	const char *name, *letter, *value, *help;
	int (*set)(struct sensor_options *, const char *);
} rows[] = {
    {"--interface", "-i", "IFACE", "capture live; once for each port of a tap, or any",
	set_interface},
    {"--read", "-r", "FILE", "replay a pcap or pcapng file, - for standard input", set_file},
    {"--buffer", NULL, "MIB", "room for packets that wait, an interface (64)", set_buffer},
    {"--no-shunt", NULL, NULL, "capture sessions to their end, though they tell no more",
	set_no_shunt},
    {"--redis", NULL, "URL",
	"count into Redis: unix:/path or redis://[user[:password]@]host:port/db", set_redis},
    {"--password-file", NULL, "FILE",
	"the Redis password is the first line (or set " REDIS_PASSWORD_VARIABLE ")",
	set_password_file},
    {"--name", NULL, "NAME", "this sensor's name in Redis (the host's)", set_name},
    {"--ports", NULL, "P,Q", "TCP ports on which mail is spoken, such as " PORTS_EXAMPLE " (25)",
	set_ports},
    {"--any-port", NULL, NULL, "find SMTP on all other TCP ports, too: looks at every TCP packet",
	set_any_port},
    {"--ignore-vlan", NULL, NULL,
	"tell no connections apart by VLAN tags: for mirrors that differ in them", set_ignore_vlan},
    {"--json", NULL, "FILE", "write a record a line as it ends, - for standard output", set_json},
    {"--rules", NULL, "FILE", "raise alerts by these rules; SIGHUP loads them anew", set_rules},
    {"--stats", NULL, "SECONDS", "write a line of statistics so often", set_stats},
    {"--metrics", NULL, "ADDRESS",
	"serve /metrics for Prometheus at " METRICS_EXAMPLE " or unix:/path", set_metrics},
    {"--retention", NULL, "TIME",
	"let a host pair expire so long after its last session, such as 90d", set_retention},
    {"--spool", NULL, "FILE", "where counters wait that Redis could not take", set_spool},
    {"--max-flows", NULL, "N", "connections in memory (400000), 150 bytes each", set_max_flows},
    {"--max-sessions", NULL, "N", "... whose dialogue is being read (20000), 4 KB each",
	set_max_sessions},
    {"--max-pairs", NULL, "N", "host pairs in memory (200000), 600 bytes each", set_max_pairs},
    {"--workers", NULL, "N", "processes that capture, or auto: as many as the card has queues (1)",
	set_workers},
    {"--user", NULL, "NAME",
	"who to become when all is open (" PRIVILEGES_USER " where it exists, else nobody)",
	set_user},
    {"--no-sandbox", NULL, NULL, "stay root and unconfined", set_no_sandbox},
    {"--watchdog", NULL, "SECONDS", "replace a process that shows no life for so long (30)",
	set_watchdog},
    {"--help", "-h", NULL, "this", NULL},
    {"--version", "-V", NULL, "the version", NULL},
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static void show_help(void)
{
	char option[64];

	puts("tlsvane-sensor (-i IFACE ... | -r FILE) [--redis URL] [--json FILE]\n"
	     "Watches SMTP, reads what each STARTTLS handshake negotiated, counts it in Redis.\n");
	for (size_t i = 0; i < ROWS; i++) {
		snprintf(option, sizeof(option), "%s %s %s",
		    rows[i].letter != NULL ? rows[i].letter : "  ", rows[i].name,
		    rows[i].value != NULL ? rows[i].value : "");
		printf("  %-30s %s\n", option, rows[i].help);
	}
	printf("\nShunting, which spares sessions' ends, is %s.\n",
	    shunt_built_in() ? "built in" : "not built in: that takes clang and libbpf");
}

/* The row of "--name", "--name=value" or "-n". */
static const struct option_row *find_row(const char *text)
{
	size_t length = strcspn(text, "=");

	for (size_t i = 0; i < ROWS; i++) {
		if (strlen(rows[i].name) == length && strncmp(rows[i].name, text, length) == 0)
			return &rows[i];
		if (rows[i].letter != NULL && strcmp(rows[i].letter, text) == 0)
			return &rows[i];
	}
	return NULL;
}

static void say_unknown(const char *text)
{
	struct spelling near = spelling_of(text);

	if (text[0] != '-') {
		wrong("%s: what is it? -i %s captures there, -r %s reads a file", text, text, text);
		return;
	}
	near.length = strcspn(text, "=");
	for (size_t i = 0; i < ROWS; i++)
		spelling_try(&near, rows[i].name);
	if (near.best != NULL)
		wrong("%s: no such option; did you mean %s?", text, near.best);
	else
		wrong("%s: no such option; tlsvane-sensor --help lists them", text);
}

static int take_option(
    struct sensor_options *o, const struct option_row *row, int argc, char **argv, int *at)
{
	const char *equals = strncmp(argv[*at], "--", 2) == 0 ? strchr(argv[*at], '=') : NULL;

	if (row->value == NULL)
		return equals == NULL ? row->set(o, NULL) : wrong("%s takes no value", row->name);
	if (equals != NULL)
		return row->set(o, equals + 1);
	if (*at + 1 >= argc)
		return wrong("%s needs a value: %s %s", argv[*at], row->name, row->value);
	return row->set(o, argv[++*at]);
}

enum sensor_options_result sensor_options_parse(struct sensor_options *o, int argc, char **argv)
{
	const struct option_row *row;

	*o = (struct sensor_options){0};
	for (int i = 1; i < argc; i++) {
		row = find_row(argv[i]);
		if (row == NULL) {
			say_unknown(argv[i]);
			return OPTIONS_WRONG;
		}
		if (row->set == NULL) {
			if (row->letter[1] == 'V')
				puts("tlsvane-sensor " TLSVANE_VERSION);
			else
				show_help();
			return OPTIONS_DONE;
		}
		if (take_option(o, row, argc, argv, &i) != 0)
			return OPTIONS_WRONG;
	}
	return sensor_defaults(o) == 0 ? OPTIONS_RUN : OPTIONS_WRONG;
}

void sensor_options_free(struct sensor_options *o)
{
	if (o->password != NULL)
		explicit_bzero(o->password, strlen(o->password));
	free(o->password);
}
