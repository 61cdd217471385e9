/* The worker's process. */
#include "worker_process.h"

#include <stdlib.h>
#include <unistd.h>

#include "control.h"
#include "handover.h"
#include "limits.h"
#include "log.h"
#include "outbox.h"
#include "privileges.h"
#include "progress.h" /* its clock */
#include "recorder.h" /* exit statuses */

#define NS_PER_MS    1000000ull
#define ENOUGH_BYTES (1024u * 1024) /* a replay waits when so much waits for the recorder */

struct state {
	const struct worker_process *p;
	struct worker *worker;
	struct outbox outbox;
	struct handover_message handed;
	size_t handed_length; /* 0: none waits */
	uint64_t next_alive_ns;
	bool stopping;
};

/* False: there is no room for them. */
static bool send_numbers(struct state *s)
{
	struct sensor_numbers numbers = {.packets = 0};
	bool put;

	worker_numbers(s->worker, &numbers);
	if (s->p->index > 0) /* every worker has the same ones: the first tells them */
		numbers.dropped_interface = numbers.links_down = 0;
	numbers.records_lost = s->outbox.lost;
	put = outbox_put_numbers(&s->outbox, &numbers);
	outbox_pump(&s->outbox);
	return put;
}

static void show_life(struct state *s)
{
	uint64_t now = progress_clock();

	if (now < s->next_alive_ns)
		return;
	s->next_alive_ns = now + LIMIT_ALIVE_MS * NS_PER_MS;
	control_send(s->p->control, CONTROL_ALIVE, "");
	if (s->outbox.bytes == 0) /* else the recorder has enough to do */
		(void)send_numbers(s);
}

static void listen_to_supervisor(struct state *s)
{
	struct control c;
	int got;

	while ((got = control_receive(s->p->control, &c)) > 0)
		if (c.word == CONTROL_STOP)
			s->stopping = true;
	if (got < 0)
		_exit(EXIT_FAILED);
}

/* A file everybody reads, so that nobody has to give anything away. */
static enum pipeline_owner whose(void *context, uint64_t ns, const struct fragment *whole,
    const struct segment *where, const struct segment *inside)
{
	const struct worker_process *p = ((struct state *)context)->p;
	unsigned place = steer_place_between(p->steer, &inside->source, &inside->destination);

	if (place == p->index)
		return PIPELINE_OURS;
	if (p->options->file != NULL || handover_give(p->hand_to[place], ns, whole, where))
		return PIPELINE_ANOTHERS;
	return PIPELINE_LOST;
}

/* What was handed over is read behind our own packets that came before it. While one waits for
 * them, others that come need not wake us. True: there may be more. */
static bool take_handed(struct state *s)
{
	if (s->p->handed < 0)
		return false;
	capture_wake_by(s->p->capture, s->p->handed);
	for (int i = 0; i < LIMIT_MESSAGES; i++) {
		if (s->handed_length == 0)
			s->handed_length = handover_take(s->p->handed, &s->handed);
		if (s->handed_length == 0)
			return false;
		if (!worker_has_seen(s->worker, s->handed.ns)) {
			capture_wake_by(s->p->capture, -1);
			return false;
		}
		if (worker_is_ours(s->worker, s->handed.ns)) /* else it was for the one before us */
			worker_packet(s->worker, HANDOVER_LINK_TYPE, s->handed.ns, s->handed.frame,
			    s->handed_length);
		s->handed_length = 0;
	}
	return true;
}

static bool between(void *context)
{
	struct state *s = context;

	(void)take_handed(s);
	outbox_pump(&s->outbox);
	listen_to_supervisor(s);
	show_life(s);
	return !s->stopping;
}

/* A replay waits for the recorder; live, what does not fit into the queue is lost, and counted. */
static void take_record(void *context, const struct record *record)
{
	struct state *s = context;

	(void)outbox_put_record(&s->outbox, record);
	while (s->p->options->file != NULL && s->outbox.bytes > ENOUGH_BYTES) {
		outbox_wait(&s->outbox, LIMIT_ALIVE_MS / 2);
		show_life(s);
	}
}

static void take_failure(void *context, const char *line)
{
	(void)context;
	log_say(LOG_LEVEL_ERROR, "%s", line);
}

/* All workers together keep to what is given, or else the default. */
static size_t share(const struct worker_process *p, size_t given, size_t otherwise)
{
	return (given > 0 ? given : otherwise) / p->places + 1;
}

static void open_worker(struct state *s)
{
	const struct worker_process *p = s->p;
	const struct worker_options options = {
	    .capture = p->capture,
	    .pipeline = {.ports = &p->options->ports,
		.any_port = p->options->any_port,
		.ignore_vlan = p->options->ignore_vlan,
		.flows_max = share(p, p->options->flows_max, LIMIT_FLOWS),
		.sessions_max = share(p, p->options->sessions_max, LIMIT_SESSIONS),
		.sink = take_record,
		.context = s,
		.whose = p->steer != NULL ? whose : NULL,
		.whose_context = s},
	    .steer = p->options->file != NULL ? p->steer : NULL,
	    .index = p->index,
	    .places = p->places,
	    .since_ns = p->since_ns,
	    .live = p->options->interface_count > 0,
	    .between = between,
	    .failed = take_failure,
	    .context = s,
	};

	s->worker = worker_new(&options);
	if (s->worker != NULL)
		return;
	log_say(LOG_LEVEL_ERROR, "out of memory");
	_exit(EXIT_FAILED);
}

/* True when all is sent. The last numbers tell of what a full queue did lose: they go once there is
 * room. */
static bool drain(struct state *s)
{
	uint64_t until = progress_clock() + LIMIT_DRAIN_MS * NS_PER_MS;
	bool told = send_numbers(s);

	while (s->outbox.bytes > 0 && (s->p->options->file != NULL || progress_clock() < until)) {
		outbox_wait(&s->outbox, LIMIT_ALIVE_MS / 2);
		told = told || send_numbers(s);
		show_life(s);
	}
	return s->outbox.bytes == 0;
}

/* Its packet sockets could send, too. */
static int confine(const struct worker_process *p, char error[PRIVILEGES_ERROR_MAX])
{
	int sockets[CAPTURE_INTERFACES_MAX];
	size_t count = capture_sockets(p->capture, sockets, CAPTURE_INTERFACES_MAX);

	return sandbox_silence(sockets, count, error) != 0 ? -1
							   : sandbox_enter(SANDBOX_WORKER, error);
}

_Noreturn void worker_process(const struct worker_process *p)
{
	static struct state s; /* too large for a stack */
	char error[PRIVILEGES_ERROR_MAX];
	int result;

	s.p = p;
	s.outbox = (struct outbox){.socket = p->channel, .generation = p->generation};
	open_worker(&s);
	if (!p->options->no_sandbox && confine(p, error) != 0) {
		log_say(LOG_LEVEL_ERROR, "worker %u: %s", p->index, error);
		_exit(EXIT_USAGE);
	}
	control_send(p->control, CONTROL_READY, "");
	result = worker_run(s.worker);
	while (take_handed(&s)) /* who gives it has ended before: supervisor.c */
		show_life(&s);
	worker_finish(s.worker);
	if (!drain(&s)) {
		log_say(LOG_LEVEL_WARNING,
		    "worker %u: the recorder does not take %zu bytes of records: they are lost",
		    p->index, s.outbox.bytes);
		result = -1;
	}
	_exit(result == 0 ? 0 : EXIT_CAPTURE);
}
