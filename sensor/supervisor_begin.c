/* What the supervisor opens while it has all its rights, and how it gives them up. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#include "handover.h"
#include "log.h"
#include "progress.h" /* its clock */
#include "recorder.h" /* exit statuses */
#include "supervisor_private.h"

static int open_signals(void)
{
	static const int taken[] = {SIGINT, SIGTERM, SIGHUP, SIGCHLD};
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		sigaddset(&set, taken[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static bool open_json(struct supervisor *s)
{
	const struct sensor_options *o = s->options;

	if (o->json == NULL)
		return true;
	s->json = strcmp(o->json, "-") == 0 ? stdout : fopen(o->json, "ae");
	if (s->json == NULL)
		log_say(LOG_LEVEL_ERROR, "--json %s: %s; give a path that this user may write",
		    o->json, strerror(errno));
	return s->json != NULL;
}

static bool open_captures(struct supervisor *s)
{
	char error[CAPTURE_ERROR_MAX];

	for (unsigned i = 0; i < s->places; i++) {
		if (supervisor_open_capture(s, i, error) == 0)
			continue;
		log_say(LOG_LEVEL_ERROR, "%s", error);
		return false;
	}
	for (unsigned i = 0; i < s->places;
	     i++) /* until the last had joined, they shared otherwise */
		s->place[i].since_ns = s->place[s->places - 1].since_ns;
	return true;
}

static bool open_channels(struct supervisor *s)
{
	for (unsigned i = 0; i < s->places; i++)
		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, s->place[i].channel) != 0)
			return false;
	for (unsigned i = 1; s->live && i < s->places; i++)
		if (handover_open(s->place[i].handed) != 0)
			return false;
	if (s->options->rules != NULL &&
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, s->keeper_socket) != 0)
		return false;
	s->signals = open_signals();
	s->board_fd = board_make();
	s->board = s->board_fd < 0 ? NULL : board_map(s->board_fd);
	if (s->places > 1)
		s->steer = steer_new(s->places);
	if (s->signals < 0 || s->board == NULL || (s->places > 1 && s->steer == NULL))
		return false;
	s->board->places = s->places;
	s->board->began_ns = progress_clock();
	s->board->sandboxed = !s->options->no_sandbox;
	return true;
}

/* A path that was given may not be used. */
static bool needs_spool(const struct sensor_options *o)
{
	return o->spool[0] != '\0' && (o->redis != NULL || o->rules != NULL);
}

/* From here on, for good. */
static bool drop_rights(struct supervisor *s, const struct privileges_user *user)
{
	const struct sensor_options *o = s->options;
	char error[PRIVILEGES_ERROR_MAX];

	if (o->no_sandbox) {
		log_say(LOG_LEVEL_WARNING, "--no-sandbox: all processes keep their rights");
		return true;
	}
	if (o->own_spool)
		privileges_give_folder(user, o->spool);
	if (privileges_drop(user, s->live, error) == 0 &&
	    sandbox_enter(SANDBOX_SUPERVISOR, error) == 0 &&
	    (!needs_spool(o) || privileges_can_write(o->spool, error)))
		return true;
	log_say(LOG_LEVEL_ERROR, "%s", error);
	return false;
}

int supervisor_begin(struct supervisor *s)
{
	struct privileges_user user;
	char error[PRIVILEGES_ERROR_MAX];

	if (!s->options->no_sandbox && privileges_find_user(s->options->user, &user, error) != 0) {
		log_say(LOG_LEVEL_ERROR, "%s", error);
		return EXIT_USAGE;
	}
	if (!open_channels(s)) {
		log_say(LOG_LEVEL_ERROR, "cannot start: %s", strerror(errno));
		return EXIT_FAILED;
	}
	if (!open_captures(s) || !open_json(s)) /* while we still have all rights */
		return EXIT_USAGE;
	if ((s->options->rules != NULL && supervisor_start_keeper(s) != 0)) {
		log_say(LOG_LEVEL_ERROR, "cannot start a process: %s", strerror(errno));
		return EXIT_FAILED;
	}
	return drop_rights(s, &user) ? 0 : EXIT_USAGE;
}
