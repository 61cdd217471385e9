/* Inside the supervisor: who its children are, and how they are started. */
#ifndef TLSVANE_SUPERVISOR_PRIVATE_H
#define TLSVANE_SUPERVISOR_PRIVATE_H

#include <stdio.h>

#include "board.h"
#include "capture.h"
#include "privileges.h"
#include "steer.h"
#include "supervisor.h"

struct child {
	pid_t pid;   /* 0: none */
	int control; /* our end, while there is one */
	bool ready;  /* it has said so */
	bool over;   /* and is not to be started again */
	bool hung;   /* it was killed for that */
	bool told;   /* to stop */
	uint64_t began_ns, heard_ns;
	uint64_t again_ns; /* when it is started again, while pid is 0 */
	unsigned wait_ms;  /* the wait before that */
};

struct place { /* of one worker and those who follow it */
	struct child child;
	int channel[2]; /* to the recorder: the worker's end, the recorder's */
	int handed[2];	/* from the first worker (handover.h): this one's end, the first one's; 0:
			   none */
	struct capture *capture; /* while it is open, and nobody has it yet */
	/* Copies of its packet sockets hold its place among the others while it is replaced. */
	int held[CAPTURE_INTERFACES_MAX];
	size_t held_count;
	size_t interfaces;		      /* how many it listens to; others are away */
	size_t which[CAPTURE_INTERFACES_MAX]; /* ... of those of the options */
	const char *names[CAPTURE_INTERFACES_MAX];
	uint64_t since_ns; /* packets stamped before that are not its own */
};

struct supervisor {
	const struct sensor_options *options;
	struct place place[LIMIT_WORKERS];
	unsigned places;
	struct child recorder, keeper;
	int keeper_socket[2]; /* the keeper's end, ours and the recorder's; -1 without rules */
	int signals;
	int board_fd;
	struct board *board;
	struct steer *steer; /* NULL: one place */
	/* Of the sockets that share an interface. */
	bool founded[CAPTURE_INTERFACES_MAX];
	uint16_t group[CAPTURE_INTERFACES_MAX];
	/* Of an interface that is up and cannot be opened: when to try again; 0: it can be. */
	uint64_t retry_ns[CAPTURE_INTERFACES_MAX];
	/* Since when the first place does not listen to it, 0: it does; whether that is said. */
	uint64_t away_ns[CAPTURE_INTERFACES_MAX];
	bool away_said[CAPTURE_INTERFACES_MAX];
	FILE *json;
	pid_t pid;
	bool live;
	bool stopping; /* a signal, or all files were read, or nobody takes records */
	bool told;     /* the recorder is to stop */
	bool reloading;
	bool all_ready;
	uint64_t looked_ns; /* for who lives; 0: not yet */
	uint64_t asked_ns;  /* when a signal asked to stop; 0: none did */
	uint64_t stop_ns;   /* when what is left is killed */
	int status;
};

/* ---- supervisor_begin.c ---- */

/* Opens everything, and gives up what rights it does not need any more. 0 or an exit status; the
 * log has said why. */
int supervisor_begin(struct supervisor *s);

/* ---- supervisor_interfaces.c ---- */

/* Opens the interfaces that a place is to listen to: at first all of them or none, later those that
 * can be. NULL: `error` says why. */
struct capture *supervisor_open_interfaces(
    struct supervisor *s, struct place *p, char error[CAPTURE_ERROR_MAX]);

/* Whether one that a place does not listen to can be opened now. */
bool supervisor_has_more_interfaces(struct supervisor *s, const struct place *p);

/* The capture of the first place ended early. */
void supervisor_lost_interfaces(struct supervisor *s);

/* Behind a try to open those of the first place, which all have: says and counts what is away. */
void supervisor_tell_interfaces(struct supervisor *s);

/* ---- supervisor_start.c ---- */

/* Opens the capture of a place, and gives it its share. -1: `error` says why. */
int supervisor_open_capture(struct supervisor *s, unsigned place, char error[CAPTURE_ERROR_MAX]);

/* Forks it; the capture of a worker's place is open. -1 with errno set. */
int supervisor_start_worker(struct supervisor *s, unsigned place);
int supervisor_start_recorder(struct supervisor *s);
int supervisor_start_keeper(struct supervisor *s);

#endif
