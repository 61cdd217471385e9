/* The supervisor's life: it opens, forks, and looks after its children. */
#include "supervisor.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control.h"
#include "limits.h"
#include "log.h"
#include "notify.h"
#include "progress.h" /* its clock */
#include "recorder.h" /* exit statuses */
#include "supervisor_private.h"
#include "worker_process.h" /* its exit status */

#define NS_PER_MS 1000000ull
#define NS_PER_S  1000000000ull
#define TICK_MS	  200
#define FROZEN_MS 1000 /* between two ticks: all stood still, the machine or its group */
#define AGAIN_MS  300  /* nobody presses Ctrl-C twice in so short a time */

static uint64_t ms_from_now(unsigned ms)
{
	return progress_clock() + ms * NS_PER_MS;
}

/* ---- The end ---- */

static void kill_children(const struct supervisor *s)
{
	for (unsigned i = 0; i < s->places; i++)
		if (s->place[i].child.pid > 0)
			kill(s->place[i].child.pid, SIGKILL);
	if (s->recorder.pid > 0)
		kill(s->recorder.pid, SIGKILL);
}

/* The first worker before the others: what it hands over (handover.h) they still take. */
static void stop_workers(struct supervisor *s)
{
	for (unsigned i = 0; i < s->places; i++) {
		struct child *c = &s->place[i].child;

		c->over |= c->pid == 0;
		if (c->told || (i > 0 && s->live && !s->place[0].child.over))
			continue;
		c->told = true;
		if (c->pid > 0)
			control_send(c->control, CONTROL_STOP, "");
	}
}

/* Workers first: what they still say, the recorder still hears. */
static void stop(struct supervisor *s)
{
	if (s->stopping)
		return;
	s->stopping = true;
	s->stop_ns = ms_from_now(LIMIT_STOP_S * 1000);
	notify_stopping();
	stop_workers(s);
}

static void fail(struct supervisor *s, int status)
{
	if (s->status == 0)
		s->status = status;
}

static bool workers_are_over(const struct supervisor *s)
{
	for (unsigned i = 0; i < s->places; i++)
		if (!s->place[i].child.over)
			return false;
	return true;
}

/* ---- Signals ---- */

static void take_signal(struct supervisor *s, unsigned number)
{
	switch (number) {
	case SIGINT:
	case SIGTERM:
		if (s->stopping && progress_clock() < s->asked_ns + AGAIN_MS * NS_PER_MS)
			break; /* timeout(1) sends it twice, to the process and to its group */
		if (s->asked_ns != 0) {
			kill_children(s);
			_exit(EXIT_FAILED);
		}
		s->asked_ns = progress_clock();
		stop(s);
		break;
	case SIGHUP:
		notify_reloading();
		s->reloading = true;
		if (s->recorder.pid > 0)
			control_send(s->recorder.control, CONTROL_RELOAD, "");
		break;
	default: /* SIGCHLD: reap() looks itself */
		break;
	}
}

static void take_signals(struct supervisor *s)
{
	struct signalfd_siginfo info;

	while (read(s->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
		take_signal(s, info.ssi_signo);
}

/* ---- What children say ---- */

static void tell_ready(struct supervisor *s)
{
	bool ready = s->recorder.ready;

	for (unsigned i = 0; i < s->places; i++)
		ready = ready && (s->place[i].child.ready || s->place[i].child.over);
	if (!ready || s->all_ready)
		return;
	s->all_ready = true;
	notify_ready("");
}

static void hear(struct supervisor *s, struct child *c)
{
	struct control word;

	while (c->pid > 0 && control_receive(c->control, &word) > 0) {
		c->heard_ns = progress_clock();
		if (word.word == CONTROL_READY && c == &s->recorder && s->reloading) {
			s->reloading = false;
			notify_ready("");
		}
		if (word.word == CONTROL_READY)
			c->ready = true;
		if (word.word == CONTROL_ALIVE && c == &s->recorder)
			notify_status(word.text);
		if (word.word == CONTROL_USELESS && c == &s->recorder)
			stop(s);
	}
}

static void hear_all(struct supervisor *s)
{
	for (unsigned i = 0; i < s->places; i++)
		hear(s, &s->place[i].child);
	hear(s, &s->recorder);
	tell_ready(s);
}

/* ---- Children that end ---- */

/* Who lived long begins with the shortest wait. */
static void start_again_later(struct child *c)
{
	if (progress_clock() - c->began_ns > LIMIT_STEADY_S * NS_PER_S || c->wait_ms == 0)
		c->wait_ms = LIMIT_RESTART_MIN_MS;
	else
		c->wait_ms *= 2;
	if (c->wait_ms > LIMIT_RESTART_MAX_MS)
		c->wait_ms = LIMIT_RESTART_MAX_MS;
	c->again_ns = ms_from_now(c->wait_ms);
}

static void say_death(
    const char *who, const struct child *c, pid_t pid, int status, const char *then)
{
	char how[64] = "";

	if (WIFSIGNALED(status))
		snprintf(how, sizeof(how),
		    c->hung ? "showed no life and was killed" : "died of signal %d (%s)",
		    WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		snprintf(how, sizeof(how), "ended with status %d", WEXITSTATUS(status));
	log_say(LOG_LEVEL_ERROR, "%s (process %ld) %s: %s", who, (long)pid, how, then);
}

static bool is_good_end(int status)
{
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void worker_ended(struct supervisor *s, unsigned place, pid_t pid, int status)
{
	struct child *c = &s->place[place].child;
	bool said = WIFEXITED(status) && WEXITSTATUS(status) == EXIT_CAPTURE;
	bool once = !s->live || s->stopping;

	if (is_good_end(status)) { /* the file's end, or it was told to */
		c->over = once;
		c->again_ns = progress_clock();
		return;
	}
	s->board->worker_hangs += c->hung;
	s->board->worker_deaths += !said;
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_USAGE) {
		fail(s, EXIT_USAGE); /* it cannot be confined: no other could */
		stop(s);
	}
	c->over = once || s->stopping;
	if (said && place == 0)
		supervisor_lost_interfaces(s);
	if (c->over)
		fail(s, EXIT_FAILED);
	else
		start_again_later(c);
	if (!said)
		say_death("worker", c, pid, status,
		    c->over ? "its open sessions are lost"
			    : "its open sessions are lost; it is started again");
}

static void recorder_ended(struct supervisor *s, pid_t pid, int status)
{
	struct child *c = &s->recorder;

	if (WIFEXITED(status) && (s->told || !s->all_ready)) {
		c->over = true; /* it has done, or said, what there was */
		fail(s, WEXITSTATUS(status));
		stop(s);
		return;
	}
	s->board->recorder_deaths++;
	say_death("recorder", c, pid, status,
	    "it is started again, and goes on from what this one had taken");
	s->told = false;
	start_again_later(c);
}

static void keeper_ended(struct supervisor *s, pid_t pid, int status)
{
	say_death("the process that starts actions", &s->keeper, pid, status,
	    "it is started again, without the rights of a mailer that is setgid: restart the "
	    "sensor "
	    "for these");
	start_again_later(&s->keeper);
}

static void close_control(struct supervisor *s, struct child *c)
{
	hear(s, c); /* its last words */
	close(c->control);
	c->pid = 0;
}

static void ended(struct supervisor *s, pid_t pid, int status)
{
	for (unsigned i = 0; i < s->places; i++)
		if (s->place[i].child.pid == pid) {
			close_control(s, &s->place[i].child);
			worker_ended(s, i, pid, status);
			return;
		}
	if (pid == s->recorder.pid) {
		close_control(s, &s->recorder);
		recorder_ended(s, pid, status);
	} else if (pid == s->keeper.pid) {
		s->keeper.pid = 0;
		keeper_ended(s, pid, status);
	}
}

static void reap(struct supervisor *s)
{
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		ended(s, pid, status);
}

/* ---- Children that hang, or are to be started again ---- */

static void look_for_life(struct child *c, uint64_t patience_s)
{
	if (c->pid <= 0 || c->hung || progress_clock() - c->heard_ns < patience_s * NS_PER_S)
		return;
	c->hung = true;
	kill(c->pid, SIGKILL);
}

/* While the supervisor stood still, nobody else could show life. */
static void forgive_all(struct supervisor *s)
{
	for (unsigned i = 0; i < s->places; i++)
		s->place[i].child.heard_ns = progress_clock();
	s->recorder.heard_ns = progress_clock();
}

static void look_for_lives(struct supervisor *s)
{
	unsigned patience = s->options->watchdog_s;
	uint64_t now = progress_clock();

	if (s->looked_ns != 0 && now - s->looked_ns > FROZEN_MS * NS_PER_MS)
		forgive_all(s);
	s->looked_ns = now;
	for (unsigned i = 0; i < s->places; i++)
		look_for_life(&s->place[i].child, patience);
	/* At the end it drains; before, Redis and name servers may hold it a while. */
	if (!s->told && s->recorder.ready)
		look_for_life(&s->recorder, patience);
	else
		look_for_life(&s->recorder, patience + LIMIT_STOP_S);
}

static void start_worker_again(struct supervisor *s, unsigned place)
{
	struct place *p = &s->place[place];
	char error[CAPTURE_ERROR_MAX];
	bool opened = supervisor_open_capture(s, place, error) == 0;

	if (place == 0)
		supervisor_tell_interfaces(s);
	if (!opened || supervisor_start_worker(s, place) != 0)
		start_again_later(&p->child);
}

static bool is_due(const struct child *c)
{
	return c->pid == 0 && !c->over && progress_clock() >= c->again_ns;
}

static void start_recorder_again(struct supervisor *s)
{
	if (is_due(&s->recorder) && supervisor_start_recorder(s) != 0)
		start_again_later(&s->recorder);
}

static void start_again(struct supervisor *s)
{
	for (unsigned i = 0; i < s->places; i++) {
		struct child *c = &s->place[i].child;

		if (is_due(c)) {
			start_worker_again(s, i);
		} else if (c->pid > 0 && !c->told && !s->stopping &&
			   supervisor_has_more_interfaces(s, &s->place[i])) {
			c->told = true;
			control_send(c->control, CONTROL_STOP, ""); /* the next has more */
		}
	}
	start_recorder_again(s);
	if (s->keeper_socket[0] >= 0 && is_due(&s->keeper) && supervisor_start_keeper(s) != 0)
		start_again_later(&s->keeper);
}

/* ---- The loop ---- */

static void wait_for_news(const struct supervisor *s)
{
	struct pollfd wanted[LIMIT_WORKERS + 2];
	nfds_t count = 0;

	wanted[count++] = (struct pollfd){.fd = s->signals, .events = POLLIN};
	for (unsigned i = 0; i < s->places; i++)
		if (s->place[i].child.pid > 0)
			wanted[count++] =
			    (struct pollfd){.fd = s->place[i].child.control, .events = POLLIN};
	if (s->recorder.pid > 0)
		wanted[count++] = (struct pollfd){.fd = s->recorder.control, .events = POLLIN};
	(void)poll(wanted, count, TICK_MS);
}

static void go_on(struct supervisor *s)
{
	wait_for_news(s);
	take_signals(s);
	hear_all(s);
	reap(s);
	look_for_lives(s);
	if (s->stopping)
		stop_workers(s);
	if (workers_are_over(s)) {
		stop(s);
		if (!s->told && s->recorder.ready && s->recorder.pid > 0) {
			s->told = true;
			control_send(s->recorder.control, CONTROL_STOP, "");
		}
	}
	start_again(s);
	notify_alive();
}

static void run(struct supervisor *s)
{
	while (!s->recorder.over) {
		go_on(s);
		if (s->stopping && progress_clock() > s->stop_ns) {
			log_say(LOG_LEVEL_ERROR,
			    "not all processes ended within %d s: they are killed", LIMIT_STOP_S);
			fail(s, EXIT_FAILED);
			return;
		}
	}
}

/* ---- The beginning ---- */

/* The recorder first: where it cannot work, nothing is captured. */
static bool start_all(struct supervisor *s)
{
	if (supervisor_start_recorder(s) != 0)
		return false;
	while (!s->recorder.ready && !s->recorder.over && !s->stopping) {
		wait_for_news(s);
		take_signals(s);
		hear_all(s);
		reap(s);
		look_for_lives(s);
		start_recorder_again(s);
	}
	for (unsigned i = 0; i < s->places && !s->stopping; i++)
		if (supervisor_start_worker(s, i) != 0)
			return false;
	return true;
}

static void close_all(struct supervisor *s)
{
	kill_children(s);
	for (unsigned i = 0; i < s->places; i++)
		capture_close(s->place[i].capture);
	steer_free(s->steer);
}

int supervise(const struct sensor_options *options)
{
	static struct supervisor s;

	s = (struct supervisor){.options = options,
	    .places = options->workers,
	    .live = options->interface_count > 0,
	    .keeper_socket = {-1, -1},
	    .pid = getpid()};
	s.status = supervisor_begin(&s);
	if (s.status == 0) {
		if (start_all(&s))
			run(&s);
		else
			fail(&s, EXIT_FAILED);
	}
	close_all(&s);
	return s.status;
}
