/* What the command line left open, and what of it does not go together. */
#include "sensor_defaults.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "limits.h"
#include "log.h"
#include "redis_url.h"
#include "store.h"

static int wrong(const char *line)
{
	log_say(LOG_LEVEL_ERROR, "%s", line);
	return -1;
}

/* Makes the folders above a file, for this user alone. What cannot be made, the spool itself
 * complains of. */
static void make_folders(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdir(path, 0700);
		*slash = '/';
	}
}

/* Where the state of a daemon lives: systemd says, else the system's or the user's own place. */
static void choose_spool(struct sensor_options *o)
{
	const char *state = getenv("STATE_DIRECTORY"), *home = getenv("HOME"), *under = "";

	if (o->spool[0] != '\0')
		return;
	if (state == NULL && geteuid() == 0)
		state = "/var/lib/tlsvane";
	if (state == NULL && (state = getenv("XDG_STATE_HOME")) != NULL)
		under = "/tlsvane";
	if (state == NULL) {
		state = home != NULL ? home : ".";
		under = "/.local/state/tlsvane";
	}
	snprintf(o->spool, sizeof(o->spool), "%s%s/%s.spool", state, under, o->name);
	make_folders(o->spool);
	o->own_spool = true;
}

/* The host's name, its foreign letters made dashes. */
static void choose_name(struct sensor_options *o)
{
	if (o->name[0] != '\0')
		return;
	if (gethostname(o->name, sizeof(o->name) - 1) != 0 || o->name[0] == '\0')
		snprintf(o->name, sizeof(o->name), "sensor");
	o->name[sizeof(o->name) - 1] = '\0';
	for (char *c = o->name; *c != '\0'; c++) {
		char one[2] = {*c, '\0'};

		if (!store_sensor_valid(one))
			*c = '-';
	}
}

/* An interface's receive queues; 1 where that is not known. */
static unsigned count_queues(const char *interface)
{
	char path[SENSOR_PATH_MAX];
	glob_t found = {0};
	unsigned count = 1;

	snprintf(path, sizeof(path), "/sys/class/net/%s/queues/rx-*", interface);
	if (glob(path, 0, NULL, &found) == 0)
		count = (unsigned)found.gl_pathc;
	globfree(&found);
	return count;
}

/* More than cores, or than queues that fill them, only take turns. */
static int choose_workers(struct sensor_options *o)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned queues = 0;

	if (o->file != NULL && strcmp(o->file, "-") == 0 && o->workers > 1)
		return wrong("--workers: standard input can be read by one only; give -r FILE");
	if (o->interface_count > 0 && o->workers == 0)
		o->workers = 1;
	if (o->workers != WORKERS_AUTO)
		return 0;
	for (size_t i = 0; i < o->interface_count; i++)
		queues += count_queues(o->interfaces[i]);
	o->workers = cores > 0 && cores < LIMIT_WORKERS ? (unsigned)cores : LIMIT_WORKERS;
	if (o->interface_count > 0 && queues < o->workers)
		o->workers = queues;
	return 0;
}

/* What is listened to, in a word. */
static void name_source(struct sensor_options *o)
{
	size_t used = 0;

	if (o->file != NULL)
		snprintf(o->source, sizeof(o->source), "%s", o->file);
	for (size_t i = 0; i < o->interface_count && used < sizeof(o->source); i++)
		used += (size_t)snprintf(o->source + used, sizeof(o->source) - used, "%s%s",
		    i > 0 ? "," : "", o->interfaces[i]);
}

/* The password may have come in three ways: whether it is there is known when all of them are. */
static int check_login(const struct sensor_options *o)
{
	char error[REDIS_URL_ERROR_MAX];
	struct redis_url url;
	int result;

	if (o->redis == NULL)
		return 0;
	result = redis_url_parse(o->redis, &url, error);
	if (result == 0)
		result = redis_url_login(&url, o->password, error);
	explicit_bzero(&url, sizeof(url));
	return result == 0 ? 0 : wrong(error);
}

int sensor_defaults(struct sensor_options *o)
{
	const char *password = getenv(REDIS_PASSWORD_VARIABLE);

	if (o->interface_count == 0 && o->file == NULL)
		return wrong("nothing to listen to: give -i IFACE for a live capture or -r FILE "
			     "for a recorded one");
	if (o->interface_count > 0 && o->file != NULL)
		return wrong("-i and -r exclude each other: run one sensor for each");
	if (o->redis == NULL && o->json == NULL && o->rules == NULL)
		return wrong("nowhere to put what is seen: give --redis URL, --json FILE, or both "
			     "(to just look at a file: tlsvane read FILE)");
	if (o->password == NULL && password != NULL && password[0] != '\0')
		o->password = strdup(password);
	if (check_login(o) != 0)
		return -1;
	if (o->ports.count == 0)
		o->ports = ports_default;
	if (o->watchdog_s == 0)
		o->watchdog_s = LIMIT_HANG_S;
	choose_name(o);
	name_source(o);
	/* A file looked at without Redis leaves nothing behind. */
	if (o->redis != NULL || (o->rules != NULL && o->interface_count > 0))
		choose_spool(o);
	return choose_workers(o);
}
