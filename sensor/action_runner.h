/*
 * The process that acts: started before the first packet, as an unprivileged user where the sensor
 * is root, it runs programs, mails and posts, so that the sensor never waits for any of them and
 * never holds a foreign connection. This is the sensor's end of its socket; nothing here blocks,
 * but for action_runner_start.
 */
#ifndef TLSVANE_ACTION_RUNNER_H
#define TLSVANE_ACTION_RUNNER_H

#include <sys/types.h>

#include "delivery.h"

struct action_runner;

/*
 * Where the sensor cannot start processes itself: a keeper, forked while it could, starts them for
 * it. The keeper becomes an unprivileged user where we are root, and ends when nobody has the other
 * end of its socket any more. Returns its process, -1 with errno set.
 */
pid_t action_keeper_fork(int socket);

/* From now on action_runner_start asks the keeper behind this socket. */
void action_keeper_use(int socket);

typedef void action_answer(
    void *context, uint64_t number, enum delivery_result result, const char *why);

/* Starts the process. NULL where that failed; a keeper that does not answer is waited for, for a
 * second. */
struct action_runner *action_runner_start(void);

/* Hands jobs over (action_exec.h and its like carry them out). `secret` goes with them, but never
 * into a file; may be NULL. -1: the process is gone, or memory is short. */
int action_runner_send(struct action_runner *r, uint64_t number, const struct action_job *jobs,
    size_t count, const char *secret);

/* Moves bytes and hands out answers. -1: the process is gone. */
int action_runner_pump(struct action_runner *r, action_answer *answer, void *context);

/* Its socket, to wait for. */
int action_runner_fd(const struct action_runner *r);

/* Lets go of it: it ends what it began within its time-outs, and itself. */
void action_runner_stop(struct action_runner *r);

#endif
