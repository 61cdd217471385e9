/* The sensor's end of the process that acts. */
#include "action_runner.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "action_work.h"

#define USER_OWN    "tlsvane-alert"
#define USER_NOBODY "nobody"
#define KEEPER_MS   1000 /* for a fork */

struct action_runner {
	int socket;
	pid_t pid; /* 0: the keeper's child */
	char *out;
	size_t used, sent, room;
	struct action_reply reply;
	size_t received; /* bytes of it */
};

/* What a service manager gave an ordinary user to capture with; a program would inherit it. */
static int drop_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};

	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0)
		return -1;
	return (int)syscall(SYS_capset, &header, none);
}

/* For good: what acts on strangers' words has no rights. */
static int drop_rights(void)
{
	const struct passwd *user;

	if (geteuid() != 0)
		return drop_capabilities();
	user = getpwnam(USER_OWN);
	if (user == NULL)
		user = getpwnam(USER_NOBODY);
	if (user == NULL || user->pw_uid == 0 || setgroups(0, NULL) != 0 ||
	    setresgid(user->pw_gid, user->pw_gid, user->pw_gid) != 0 ||
	    setresuid(user->pw_uid, user->pw_uid, user->pw_uid) != 0)
		return -1;
	return setuid(0) == 0 || seteuid(0) == 0 ? -1 : 0;
}

/* What ends the sensor ends it too, but in order: when the socket closes. */
static void ignore_signals(void)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGQUIT};
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	sigset_t none;

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &ignore, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* From now on `socket` is 3, and nothing else is open. */
static void leave_sensor(int socket)
{
	int kept = fcntl(socket, F_DUPFD_CLOEXEC, 3), null = open("/dev/null", O_RDWR | O_CLOEXEC);

	ignore_signals();
	if (kept < 0 || null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
	    dup2(kept, 3) < 0 || close_range(4, ~0u, 0) != 0 ||
	    fcntl(3, F_SETFD, FD_CLOEXEC) != 0 || chdir("/") != 0 || drop_rights() != 0)
		_exit(1);
}

/* The sensor's end of a new runner's socket, which `leave` makes ready in the new process. -1:
 * none.
 */
static int fork_runner(void (*leave)(int socket), pid_t *pid)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return -1;
	*pid = fork();
	if (*pid == 0) {
		close(pair[0]);
		leave(pair[1]);
		action_work(3);
	}
	close(pair[1]);
	if (*pid > 0)
		return pair[0];
	close(pair[0]);
	return -1;
}

/* ---- The keeper ---- */

static int keeper = -1;

void action_keeper_use(int socket)
{
	keeper = socket;
}

/* In a runner of the keeper: its own socket takes the place of the keeper's. */
static void leave_keeper(int socket)
{
	if (dup2(socket, 3) < 0 || fcntl(3, F_SETFD, FD_CLOEXEC) != 0 ||
	    close_range(4, ~0u, 0) != 0)
		_exit(1);
}

static void send_socket(int fd)
{
	char word = 'r';
	struct iovec word_part = {&word, 1};
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr aligned;
	} control = {.bytes = {0}};
	struct msghdr message = {.msg_iov = &word_part,
	    .msg_iovlen = 1,
	    .msg_control = control.bytes,
	    .msg_controllen = sizeof(control.bytes)};
	struct cmsghdr *part = CMSG_FIRSTHDR(&message);

	part->cmsg_level = SOL_SOCKET;
	part->cmsg_type = SCM_RIGHTS;
	part->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(part), &fd, sizeof(fd));
	(void)!sendmsg(3, &message, MSG_NOSIGNAL);
}

_Noreturn static void keep(void)
{
	char word;
	ssize_t got;
	pid_t pid;
	int fd;

	while ((got = recv(3, &word, 1, 0)) != 0) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (got < 0 && errno != EINTR)
			break;
		fd = got > 0 ? fork_runner(leave_keeper, &pid) : -1;
		if (fd < 0)
			continue;
		send_socket(fd);
		close(fd);
	}
	_exit(0);
}

pid_t action_keeper_fork(int socket)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	leave_sensor(socket);
	keep();
}

/* -1 where the keeper does not answer. */
static int ask_keeper(void)
{
	char word = 'r';
	struct iovec word_part = {&word, 1};
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr aligned;
	} control;
	struct msghdr message = {.msg_iov = &word_part,
	    .msg_iovlen = 1,
	    .msg_control = control.bytes,
	    .msg_controllen = sizeof(control.bytes)};
	struct pollfd wanted = {.fd = keeper, .events = POLLIN};
	const struct cmsghdr *part;
	int fd;

	if (send(keeper, &word, 1, MSG_DONTWAIT | MSG_NOSIGNAL) != 1 ||
	    poll(&wanted, 1, KEEPER_MS) != 1 ||
	    recvmsg(keeper, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) != 1)
		return -1;
	part = CMSG_FIRSTHDR(&message);
	if (part == NULL || part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS ||
	    part->cmsg_len != CMSG_LEN(sizeof(int)))
		return -1;
	memcpy(&fd, CMSG_DATA(part), sizeof(fd));
	return fd;
}

/* ---- The sensor's end ---- */

struct action_runner *action_runner_start(void)
{
	struct action_runner *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->socket = keeper >= 0 ? ask_keeper() : fork_runner(leave_sensor, &r->pid);
	if (r->socket >= 0)
		return r;
	free(r);
	return NULL;
}

static bool reserve(struct action_runner *r, size_t size)
{
	size_t room = r->used + size;
	char *grown;

	if (room <= r->room)
		return true;
	grown = realloc(r->out, room * 2);
	if (grown == NULL)
		return false;
	r->out = grown;
	r->room = room * 2;
	return true;
}

static void put(struct action_runner *r, const void *bytes, size_t size)
{
	if (size == 0)
		return;
	memcpy(r->out + r->used, bytes, size);
	r->used += size;
}

int action_runner_send(struct action_runner *r, uint64_t number, const struct action_job *jobs,
    size_t count, const char *secret)
{
	struct action_request request = {.number = number, .count = (uint32_t)count};
	const struct action_job *job = jobs;
	size_t size = secret == NULL ? 0 : strlen(secret);

	request.secret_size = (uint32_t)size;
	for (size_t i = 0; i < count; i++, job = job->next)
		size += sizeof(uint32_t) + job->size;
	request.size = (uint32_t)size;
	if (!reserve(r, sizeof(request) + size))
		return -1;
	put(r, &request, sizeof(request));
	put(r, secret, request.secret_size);
	for (; count > 0; count--, jobs = jobs->next) {
		uint32_t job_size = (uint32_t)jobs->size;

		put(r, &job_size, sizeof(job_size));
		put(r, jobs->bytes, jobs->size);
	}
	return 0;
}

static bool is_later(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

static int send_some(struct action_runner *r)
{
	ssize_t sent;

	while (r->sent < r->used) {
		sent = send(
		    r->socket, r->out + r->sent, r->used - r->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent < 0)
			return is_later() ? 0 : -1;
		r->sent += (size_t)sent;
	}
	if (r->used > 0)
		explicit_bzero(r->out, r->used);
	r->used = r->sent = 0;
	return 0;
}

static int receive_some(struct action_runner *r, action_answer *answer, void *context)
{
	ssize_t got;

	for (;;) {
		got = recv(r->socket, (char *)&r->reply + r->received,
		    sizeof(r->reply) - r->received, MSG_DONTWAIT);
		if (got == 0)
			return -1;
		if (got < 0)
			return is_later() ? 0 : -1;
		r->received += (size_t)got;
		if (r->received < sizeof(r->reply))
			continue;
		r->received = 0;
		r->reply.why[LIMIT_ACTION_OUTPUT - 1] = '\0';
		answer(
		    context, r->reply.number, (enum delivery_result)r->reply.result, r->reply.why);
	}
}

int action_runner_pump(struct action_runner *r, action_answer *answer, void *context)
{
	return send_some(r) != 0 || receive_some(r, answer, context) != 0 ? -1 : 0;
}

int action_runner_fd(const struct action_runner *r)
{
	return r->socket;
}

void action_runner_stop(struct action_runner *r)
{
	if (r == NULL)
		return;
	close(r->socket);
	if (r->pid > 0)
		(void)waitpid(r->pid, NULL,
		    WNOHANG); /* it may still wait for a program; init takes it then */
	free(r->out);
	free(r);
}
