/*
 * Rights: what a process may do is fixed before it reads a byte from a stranger. Each step is
 * verified by trying to undo it, as OpenSSH does; a failure is fatal to the caller.
 */
#ifndef TLSVANE_PRIVILEGES_H
#define TLSVANE_PRIVILEGES_H

#include <stdbool.h>
#include <sys/types.h>

#define PRIVILEGES_ERROR_MAX 512
#define PRIVILEGES_USER	     "tlsvane" /* who we are unless told otherwise; else nobody */

struct privileges_user {
	const char *name; /* NULL: we stay who we are, since we are not root */
	uid_t uid;
	gid_t gid;
};

/* Who is to be: `name`, or NULL for the default. -1 with `error` filled: no such user, one with
 * root's rights, or we cannot become it. */
int privileges_find_user(
    const char *name, struct privileges_user *user, char error[PRIVILEGES_ERROR_MAX]);

/*
 * Becomes that user, with its groups, for good, and gives up every capability but, where `capture`
 * is set, those that open a capture (CAP_NET_RAW, and CAP_BPF where it is there). No program that
 * is executed can get more. -1 with `error` filled.
 */
int privileges_drop(
    const struct privileges_user *user, bool capture, char error[PRIVILEGES_ERROR_MAX]);

/* Gives a folder of ours and the files in it, those with a name elsewhere apart, to that user;
 * where there is no need, nothing. */
void privileges_give_folder(const struct privileges_user *user, const char *file_in_it);

/* The files that are written later: true, or `error` says what this user cannot. */
bool privileges_can_write(const char *path, char error[PRIVILEGES_ERROR_MAX]);

/* ---- sandbox.c ---- */

enum sandbox {		    /* what kind of process */
	SANDBOX_SUPERVISOR, /* everything but what only an attacker wants */
	SANDBOX_RECORDER,   /* files and stream connections; no program, no packet socket */
	SANDBOX_WORKER,	    /* what is open; no file, no socket, no process */
};

/*
 * Confines this process and its children by seccomp to system calls of its kind; others fail with
 * EPERM. A worker or recorder gives up every capability before, and its memory is closed to others.
 * -1 with `error` filled.
 */
int sandbox_enter(enum sandbox kind, char error[PRIVILEGES_ERROR_MAX]);

/* Before that: nothing is written to these descriptors any more, such as the packet sockets of who
 * only listens. -1 with `error` filled. */
int sandbox_silence(const int *descriptors, size_t count, char error[PRIVILEGES_ERROR_MAX]);

#endif
