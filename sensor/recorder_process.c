/* The recorder's process. */
#include "recorder_process.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control.h"
#include "json_output.h"
#include "log.h"
#include "privileges.h"
#include "progress.h"

#define NS_PER_MS 1000000ull
#define TICK_MS	  50 /* how long alerts, Redis and scrapes may wait for each other */
#define GATHER_MS 5  /* live: how long messages gather; woken for each, we would do little else */

struct state {
	const struct recorder_process *p;
	struct board *board;
	struct recorder *recorder;
	struct progress progress;
	uint64_t next_alive_ns;
	bool stopping, useless;
};

static void tell_numbers(void *context, struct sensor_numbers *numbers)
{
	struct state *s = context;

	board_numbers(s->board, numbers);
}

/* Returns the number of messages, or of what is none. */
static unsigned hear_bundle(struct state *s, unsigned place, const struct bundle *b)
{
	const struct message *m;
	size_t at = BUNDLE_HEAD;
	unsigned count = 0;

	for (; (m = bundle_next(b, &at)) != NULL; count++)
		if (board_hear(s->board, place, m))
			recorder_take(s->recorder, &m->record);
	if (count > 0 && at == b->size)
		return count;
	s->board->refused++;
	return count + 1;
}

/* Takes one bundle of a place. 0: none is there. */
static unsigned take_bundle(struct state *s, unsigned place)
{
	struct bundle *b = board_inbox(s->board, place);
	ssize_t got;

	do
		got = recv(s->p->channel[place], b, sizeof(*b), MSG_DONTWAIT | MSG_TRUNC);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return 0;
	if (got >= (ssize_t)BUNDLE_HEAD && got <= (ssize_t)sizeof(*b) && b->size == (size_t)got)
		return hear_bundle(s, place, b);
	b->size = 0;
	s->board->refused++;
	return 1;
}

/* What the recorder before had received when it died. */
static void take_unread(struct state *s)
{
	const struct bundle *b;
	unsigned place;

	b = board_unread(s->board, &place);
	if (b != NULL)
		(void)hear_bundle(s, place, b);
}

/* In turns, so that a busy worker does not keep the others waiting. False: nothing came. */
static bool take_messages(struct state *s)
{
	unsigned count, more;
	bool any = false;

	for (unsigned i = 0; i < s->board->places; i++)
		for (count = 0; count < LIMIT_MESSAGES && (more = take_bundle(s, i)) > 0;
		     count += more)
			any = true;
	return any;
}

static void wait_for_messages(struct state *s)
{
	struct pollfd wanted[LIMIT_WORKERS + 1];
	unsigned count = s->board->places;

	for (unsigned i = 0; i < count; i++)
		wanted[i] = (struct pollfd){.fd = s->p->channel[i], .events = POLLIN};
	wanted[count] = (struct pollfd){.fd = s->p->control, .events = POLLIN};
	if (poll(wanted, count + 1, TICK_MS) > 0 && s->p->options->interface_count > 0)
		(void)poll(&wanted[count], 1, GATHER_MS);
}

static void listen_to_supervisor(struct state *s)
{
	struct control c;
	int got;

	while ((got = control_receive(s->p->control, &c)) > 0) {
		if (c.word == CONTROL_STOP)
			s->stopping = true;
		if (c.word == CONTROL_RELOAD) {
			recorder_reload(s->recorder);
			control_send(s->p->control, CONTROL_READY, "");
		}
	}
	if (got < 0)
		s->stopping = true;
}

static void show_life(struct state *s)
{
	uint64_t now = progress_clock();
	char line[RECORDER_STATUS_MAX];

	if (now < s->next_alive_ns)
		return;
	s->next_alive_ns = now + LIMIT_ALIVE_MS * NS_PER_MS;
	recorder_status(s->recorder, line);
	control_send(s->p->control, CONTROL_ALIVE, line);
}

static void wait_for_reader(void *context)
{
	struct state *s = context;

	control_send(s->p->control, CONTROL_ALIVE, "waits for the reader of --json");
}

static void tick(struct state *s)
{
	bool useful = recorder_tick(s->recorder);

	if (!useful && !s->useless)
		control_send(s->p->control, CONTROL_USELESS, "");
	s->useless |= !useful;
	show_life(s);
}

/* The one that we were given may have been moved away since, and begun anew by one before us. */
static FILE *open_json(const struct state *s)
{
	FILE *json = s->p->json, *again = NULL;

	if (json != NULL && json != stdout && !json_output_is_pipe(json) &&
	    s->board->recorder_deaths > 0)
		again = fopen(s->p->options->json, "ae");
	return again != NULL ? again : json;
}

static void open_recorder(struct state *s)
{
	const struct recorder_options options = {
	    .sensor = s->p->options,
	    .json = open_json(s),
	    .holder = s->p->supervisor,
	    .board = s->board,
	    .numbers = tell_numbers,
	    .wait = wait_for_reader,
	    .context = s,
	};
	char error[PRIVILEGES_ERROR_MAX];
	int status;

	s->recorder = recorder_open(&options, &status);
	if (s->recorder == NULL)
		_exit(status);
	if (!s->p->options->no_sandbox && sandbox_enter(SANDBOX_RECORDER, error) != 0) {
		log_say(LOG_LEVEL_ERROR, "recorder: %s", error);
		_exit(EXIT_USAGE);
	}
}

/* Workers have ended, and sent their last before. */
static int finish(struct state *s)
{
	struct sensor_numbers numbers;

	while (take_messages(s))
		show_life(s);
	board_end(s->board);
	recorder_finish(s->recorder);
	recorder_numbers(s->recorder, &numbers);
	progress_summary(&s->progress, &numbers);
	return recorder_close(s->recorder);
}

_Noreturn void recorder_process(const struct recorder_process *p)
{
	struct state s = {.p = p, .board = board_map(p->board)};

	if (s.board == NULL)
		_exit(EXIT_FAILED);
	(void)signal(SIGPIPE, SIG_IGN); /* a Redis that is gone is an error, not a death */
	open_recorder(&s);
	take_unread(&s);
	progress_begin(&s.progress, false);
	s.progress.began_ns = s.board->began_ns;
	control_send(p->control, CONTROL_READY, "");
	while (!s.stopping) {
		wait_for_messages(&s);
		(void)take_messages(&s);
		listen_to_supervisor(&s);
		tick(&s);
		redo_is_good(&s.board->redo);
	}
	_exit(finish(&s));
}
