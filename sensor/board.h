/*
 * What the supervisor and the recorder both write on, in memory that outlives a recorder: workers
 * do not have it. Each number has one writer.
 */
#ifndef TLSVANE_BOARD_H
#define TLSVANE_BOARD_H

#include <sys/types.h>

#include "limits.h"
#include "message.h"
#include "redo.h"

struct board_place { /* of one worker and those who follow it */
	/* the supervisor's */
	_Atomic uint32_t generation; /* of who has the place now */
	/* the recorder's */
	uint32_t heard;		      /* the generation of the last message */
	uint64_t records;	      /* taken of that generation */
	struct sensor_numbers last;   /* that generation's */
	struct sensor_numbers before; /* those before it, together */
};

struct board_inbox { /* the bundle that is received, until the next one is */
	unsigned place;
	uint64_t records, taken; /* before it: what was taken since is of it */
	uint32_t heard;		 /* ... likewise */
	bool unread;		 /* a recorder died before it took all */
	uint64_t skip;		 /* its records that were taken before, and not passed over yet */
	struct bundle bundle;	 /* size 0: none */
};

struct board {
	/* the supervisor's */
	unsigned places;
	bool sandboxed;
	uint64_t began_ns; /* progress_clock() */
	_Atomic uint64_t worker_deaths, worker_hangs, recorder_deaths;
	_Atomic uint64_t links_away; /* interfaces that no worker listens to */
	/* the recorder's */
	uint64_t lost; /* records that a recorder's death did lose, or a worker's with its queue */
	uint64_t flows_lost; /* sessions that were open when their worker died */
	uint64_t refused;    /* messages that were none */
	struct board_place place[LIMIT_WORKERS];
	struct sensor_numbers own, own_before; /* its own, and those of the recorders before it */
	struct board_inbox inbox;
	struct redo redo; /* of the records that were taken */
};

/* A board of zeros. -1 with errno set; else its descriptor, for board_map, which gives NULL. */
int board_make(void);
struct board *board_map(int fd);

/* ---- The recorder's side ---- */

/* A new recorder begins, and reads what the one before left now: what that one had taken and nobody
 * has is lost. */
void board_begin(struct board *b);

/* Where the next bundle of a place is to be received, so that it outlives its recorder. */
struct bundle *board_inbox(struct board *b, unsigned place);

/* The bundle in the middle of which a recorder died, or NULL. All of it is to be heard again:
 * board_hear knows what was taken. */
struct bundle *board_unread(struct board *b, unsigned *place);

/* A message of a place came, whole and valid. True: it is a record to be taken (redo_take). */
bool board_hear(struct board *b, unsigned place, const struct message *m);

/* No more messages come. */
void board_end(struct board *b);

/* What all workers did, dead and alive. */
void board_numbers(const struct board *b, struct sensor_numbers *sum);

/* Adds to *sum what this recorder did itself, and those before it. */
void board_own(struct board *b, const struct sensor_numbers *own, struct sensor_numbers *sum);

#endif
