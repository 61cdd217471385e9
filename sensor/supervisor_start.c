/* How captures are opened and children come to be. */
#include "supervisor_private.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "action_runner.h"
#include "clock.h"
#include "log.h"
#include "notify.h"
#include "progress.h" /* its clock */
#include "recorder_process.h"
#include "worker_process.h"

/* ---- Captures ---- */

/* Its sockets become the last of their groups. */
static int join(struct supervisor *s, const struct place *p, const int *sockets, size_t count)
{
	for (size_t i = 0; i < count && i < p->interfaces; i++) {
		size_t interface = p->which[i];
		bool first = !s->founded[interface];

		if (steer_join(s->steer, sockets[i], first, &s->group[interface]) != 0)
			return -1;
		s->founded[interface] = true;
	}
	return 0;
}

static void let_go(struct place *p)
{
	while (p->held_count > 0)
		close(p->held[--p->held_count]);
}

/* The groups were those of interfaces that are gone: whoever still waits there begins anew. */
static void forget_groups(struct supervisor *s)
{
	memset(s->founded, 0, sizeof(s->founded));
	for (unsigned i = 0; i < s->places; i++) {
		let_go(&s->place[i]);
		if (s->place[i].child.pid > 0)
			kill(s->place[i].child.pid, SIGKILL);
	}
}

/* The last of the group takes the place of one that is closed: so the new one joins, then the old
 * one goes. */
static int take_share(struct supervisor *s, struct place *p)
{
	int sockets[CAPTURE_INTERFACES_MAX];
	size_t count = capture_sockets(p->capture, sockets, CAPTURE_INTERFACES_MAX);

	if (join(s, p, sockets, count) != 0) {
		if (!s->all_ready)
			return -1;
		forget_groups(s);
		if (join(s, p, sockets, count) != 0)
			return -1;
	}
	let_go(p);
	for (size_t i = 0; i < count; i++)
		p->held[p->held_count++] = fcntl(sockets[i], F_DUPFD_CLOEXEC, 3);
	return 0;
}

int supervisor_open_capture(struct supervisor *s, unsigned place, char error[CAPTURE_ERROR_MAX])
{
	struct place *p = &s->place[place];

	p->capture = s->live ? supervisor_open_interfaces(s, p, error)
			     : capture_open_file(s->options->file, error);
	if (p->capture == NULL)
		return -1;
	if (!s->live || s->steer == NULL)
		return 0;
	if (take_share(s, p) != 0) {
		snprintf(error, CAPTURE_ERROR_MAX,
		    "the kernel cannot share an interface among workers (PACKET_FANOUT): %s; do "
		    "without --workers",
		    strerror(errno));
		capture_close(p->capture);
		p->capture = NULL;
		return -1;
	}
	p->since_ns = clock_ns(CLOCK_REALTIME);
	return 0;
}

/* ---- Children ---- */

static void close_child_ends(const struct supervisor *s, const struct place *own)
{
	for (unsigned i = 0; i < s->places; i++) {
		const struct place *p = &s->place[i];

		if (p->child.pid > 0)
			close(p->child.control);
		for (size_t j = 0; j < p->held_count; j++)
			close(p->held[j]);
		if (p->capture != NULL && p != own)
			capture_close(p->capture);
		if (p != own)
			close(p->channel[0]);
		if (own != NULL)
			close(p->channel[1]);
		if (p->handed[0] > 0 && p != own)
			close(p->handed[0]);
		if (p->handed[1] > 0 && own != &s->place[0])
			close(p->handed[1]);
	}
	if (s->recorder.pid > 0)
		close(s->recorder.control);
}

/* A worker has but standard error, and standard input where that is its capture. */
static void close_standard(const struct supervisor *s)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	bool reads = s->options->file != NULL && strcmp(s->options->file, "-") == 0;

	if (null < 0 || dup2(null, STDOUT_FILENO) < 0 || (!reads && dup2(null, STDIN_FILENO) < 0))
		_exit(1);
	close(null);
}

/* The child is its own process: no signal of the terminal's is for it, it dies with its parent, and
 * it has nothing open that is not its own. `own`: a worker's place, NULL for the recorder. */
static void leave_supervisor(const struct supervisor *s, const struct place *own)
{
	static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
	sigset_t none;

	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		(void)signal(ignored[i], SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != s->pid)
		_exit(1);
	notify_close();
	close_child_ends(s, own);
	close(s->signals);
	if (s->keeper_socket[0] >= 0)
		close(s->keeper_socket[0]);
	if (own == NULL)
		return;
	close_standard(s);
	close(s->board_fd);
	if (s->keeper_socket[1] >= 0)
		close(s->keeper_socket[1]);
	if (s->json != NULL && s->json != stdout)
		close(fileno(s->json));
}

/* Forks with a pair of sockets between. In the child: 0, *socket is its end. */
static pid_t fork_child(struct child *c, int *socket)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return -1;
	c->pid = 0; /* its old control is closed */
	c->pid = fork();
	if (c->pid == 0) {
		close(pair[0]);
		*socket = pair[1];
		return 0;
	}
	close(pair[1]);
	if (c->pid < 0) {
		close(pair[0]);
		c->pid = 0;
		return -1;
	}
	c->control = pair[0];
	c->began_ns = c->heard_ns = progress_clock();
	c->ready = c->hung = c->told = false;
	return c->pid;
}

int supervisor_start_worker(struct supervisor *s, unsigned place)
{
	struct place *p = &s->place[place];
	struct worker_process own = {
	    .options = s->options,
	    .capture = p->capture,
	    .steer = s->steer,
	    .index = place,
	    .places = s->places,
	    .generation = ++s->board->place[place].generation,
	    .since_ns = p->since_ns,
	    .channel = p->channel[0],
	    .handed = p->handed[0] > 0 ? p->handed[0] : -1,
	};
	pid_t pid = fork_child(&p->child, &own.control);

	for (unsigned i = 1; i < s->places; i++)
		own.hand_to[i] = s->place[i].handed[1];

	if (pid == 0) {
		leave_supervisor(s, p);
		worker_process(&own);
	}
	capture_close(p->capture);
	p->capture = NULL;
	return pid < 0 ? -1 : 0;
}

int supervisor_start_recorder(struct supervisor *s)
{
	struct recorder_process own = {
	    .options = s->options,
	    .json = s->json,
	    .board = s->board_fd,
	    .supervisor = s->pid,
	};
	pid_t pid;

	for (unsigned i = 0; i < s->places; i++)
		own.channel[i] = s->place[i].channel[1];
	pid = fork_child(&s->recorder, &own.control);
	if (pid == 0) {
		leave_supervisor(s, NULL);
		if (s->keeper_socket[1] >= 0)
			action_keeper_use(s->keeper_socket[1]);
		recorder_process(&own);
	}
	return pid < 0 ? -1 : 0;
}

int supervisor_start_keeper(struct supervisor *s)
{
	s->keeper.pid = action_keeper_fork(s->keeper_socket[0]);
	s->keeper.began_ns = progress_clock();
	return s->keeper.pid < 0 ? -1 : 0;
}
