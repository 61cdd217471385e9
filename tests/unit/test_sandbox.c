/*
 * Each kind of process enters its sandbox and tries what an attacker in it would: all of it must be
 * refused, and what its work needs must go on. Rights are dropped only where the test is root.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../sensor/privileges.h"
#include "attempts.h"

#define TRY(name) #name, attempt_##name

static const struct attempt worker_may[] = {{TRY(makes_memory)}, {TRY(talks_over_what_is_open)}};
static const struct attempt worker_may_not[] = {{TRY(opens)}, {TRY(opens_shadow)}, {TRY(opens_tcp)},
    {TRY(opens_unix)}, {TRY(opens_packet)}, {TRY(connects)}, {TRY(forks)}, {TRY(executes)},
    {TRY(traces)}, {TRY(reads_parent)}, {TRY(kills_parent)}, {TRY(signals_parent)},
    {TRY(becomes_root)}, {TRY(changes_root)}, {TRY(leaves_namespace)}, {TRY(writes_code)},
    {TRY(makes_code)}};

static const struct attempt recorder_may[] = {{TRY(opens)}, {TRY(writes_files)}, {TRY(opens_tcp)},
    {TRY(opens_unix)}, {TRY(makes_memory)}, {TRY(loads_a_library)}, {TRY(talks_over_what_is_open)}};
static const struct attempt recorder_may_not[] = {{TRY(opens_packet)}, {TRY(opens_raw)},
    {TRY(forks)}, {TRY(executes)}, {TRY(traces)}, {TRY(reads_parent)}, {TRY(kills_parent)},
    {TRY(signals_parent)}, {TRY(becomes_root)}, {TRY(changes_root)}, {TRY(leaves_namespace)},
    {TRY(writes_code)}, {TRY(makes_code)}};

static const struct attempt supervisor_may[] = {{TRY(opens)}, {TRY(forks)}, {TRY(makes_memory)}};
static const struct attempt supervisor_may_not[] = {
    {TRY(reads_parent)}, {TRY(changes_root)}, {TRY(leaves_namespace)}};

#define LIST(attempts) attempts, sizeof(attempts) / sizeof((attempts)[0])

static void tell(int to, const char *what, const char *name)
{
	dprintf(to, "%s: %s; ", name, what);
}

static void try_all(int to, const struct attempt *attempts, size_t count, bool may)
{
	for (size_t i = 0; i < count; i++)
		if (attempts[i].done() != may)
			tell(to, may ? "refused" : "done", attempts[i].name);
}

/* Runs `work` in a child; what it writes must be nothing. */
static void in_child(void (*work)(int to))
{
	char said[1024] = "";
	size_t used = 0;
	int pipe_fd[2], pair[2], status;
	ssize_t got;
	pid_t pid;

	assert_int_equal(pipe(pipe_fd), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) != 0 || dup2(pair[0], 0) != 0 ||
		    dup2(pair[1], 1) != 1)
			_exit(1);
		work(pipe_fd[1]);
		_exit(0); /* not exit(): no leak check in the sandbox */
	}
	close(pipe_fd[1]);
	while ((got = read(pipe_fd[0], said + used, sizeof(said) - 1 - used)) > 0)
		used += (size_t)got;
	close(pipe_fd[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_string_equal(said, "");
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* As the sensor does: root becomes nobody first. */
static bool enter(int to, enum sandbox kind)
{
	char error[PRIVILEGES_ERROR_MAX];
	struct privileges_user user;

	if (privileges_find_user(geteuid() == 0 ? "nobody" : NULL, &user, error) != 0)
		tell(to, error, "find");
	else if (privileges_drop(&user, kind == SANDBOX_SUPERVISOR, error) != 0)
		tell(to, error, "drop");
	else if (sandbox_enter(kind, error) != 0)
		tell(to, error, "enter");
	else
		return true;
	return false;
}

/* Its packet socket, as it were: 2, the twin of 1. */
#define SILENT 2

static bool says_a_word(void)
{
	struct iovec word = {"x", 1};

	return write(SILENT, "x", 1) == 1 || send(SILENT, "x", 1, MSG_DONTWAIT) == 1 ||
	       writev(SILENT, &word, 1) == 1 ||
	       syscall(SYS_write, SILENT | UINT64_C(1) << 32, "x", 1L) == 1;
}

static bool hears(void)
{
	char word;

	return send(0, "x", 1, MSG_DONTWAIT) == 1 && recv(SILENT, &word, 1, MSG_DONTWAIT) == 1;
}

static const struct attempt silenced_may[] = {{"hears", hears}, {TRY(talks_over_what_is_open)}};
static const struct attempt silenced_may_not[] = {{"says_a_word", says_a_word}, {TRY(doubles)}};

static void be_silenced(int to)
{
	char error[PRIVILEGES_ERROR_MAX];
	const int silent[] = {SILENT};

	if (dup2(1, SILENT) != SILENT || !says_a_word())
		tell(to, "silent before", "twin");
	while (recv(0, error, 1, MSG_DONTWAIT) == 1)
		;
	if (sandbox_silence(silent, 1, error) != 0)
		tell(to, error, "silence");
	if (!enter(to, SANDBOX_WORKER))
		return;
	try_all(to, LIST(silenced_may), true);
	try_all(to, LIST(silenced_may_not), false);
}

static void be_worker(int to)
{
	if (!enter(to, SANDBOX_WORKER))
		return;
	try_all(to, LIST(worker_may), true);
	try_all(to, LIST(worker_may_not), false);
}

static void be_recorder(int to)
{
	if (!enter(to, SANDBOX_RECORDER))
		return;
	try_all(to, LIST(recorder_may), true);
	try_all(to, LIST(recorder_may_not), false);
}

static void be_supervisor(int to)
{
	if (!enter(to, SANDBOX_SUPERVISOR))
		return;
	try_all(to, LIST(supervisor_may), true);
	try_all(to, LIST(supervisor_may_not), false);
	if (attempt_becomes_root())
		tell(to, "done", "becomes_root");
}

static void a_worker_may_only_talk(void **state)
{
	(void)state;
	in_child(be_worker);
}

static void a_recorder_may_not_capture_nor_execute(void **state)
{
	(void)state;
	in_child(be_recorder);
}

static void a_supervisor_may_not_leave(void **state)
{
	(void)state;
	in_child(be_supervisor);
}

/* The children of a confined supervisor are confined at least as it is. */
static void be_worker_of_a_supervisor(int to)
{
	if (enter(to, SANDBOX_SUPERVISOR))
		be_worker(to);
}

static void what_is_silenced_only_hears(void **state)
{
	(void)state;
	in_child(be_silenced);
}

static void sandboxes_nest(void **state)
{
	(void)state;
	in_child(be_worker_of_a_supervisor);
}

static void drop(int to, bool capture)
{
	char error[PRIVILEGES_ERROR_MAX];
	struct privileges_user user;

	if (privileges_find_user("nobody", &user, error) != 0 ||
	    privileges_drop(&user, capture, error) != 0) {
		tell(to, error, "drop");
		return;
	}
	if (getuid() != user.uid || geteuid() != user.uid || getgid() != user.gid)
		tell(to, "not nobody", "identity");
	if (attempt_becomes_root() || attempt_becomes_root_group())
		tell(to, "done", "becomes_root");
	if (attempt_opens_shadow())
		tell(to, "done", "opens_shadow");
	if (attempt_opens_packet() != capture)
		tell(to, capture ? "refused" : "done", "opens_packet");
	if (privileges_can_write("/root/x", error) || privileges_can_write("/etc/passwd", error))
		tell(to, "done", "can_write");
	if (!privileges_can_write("/tmp/tlsvane-none", error))
		tell(to, error, "can_write");
}

static void drop_all(int to)
{
	drop(to, false);
}

static void drop_all_but_capture(int to)
{
	drop(to, true);
}

static void rights_do_not_come_back(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	in_child(drop_all);
	in_child(drop_all_but_capture);
}

static void make_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);

	assert_true(fd >= 0);
	close(fd);
}

static uid_t owner(const char *path)
{
	struct stat status;

	assert_int_equal(lstat(path, &status), 0);
	return status.st_uid;
}

/* Who had the folder before may have put another's file into it. */
static void a_folder_is_given_with_what_is_its_own(void **state)
{
	char folder[] = "/tmp/tlsvane-folder-XXXXXX", own[64], linked[64], outside[64];
	const struct privileges_user user = {.name = "nobody", .uid = 65534, .gid = 65534};

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_non_null(mkdtemp(folder));
	snprintf(own, sizeof(own), "%s/a.spool", folder);
	snprintf(linked, sizeof(linked), "%s/b.spool", folder);
	snprintf(outside, sizeof(outside), "%s.outside", folder);
	make_file(own);
	make_file(outside);
	assert_int_equal(link(outside, linked), 0);
	privileges_give_folder(&user, own);
	assert_int_equal(owner(folder), user.uid);
	assert_int_equal(owner(own), user.uid);
	assert_int_equal(owner(outside), 0);
	unlink(own);
	unlink(linked);
	unlink(outside);
	rmdir(folder);
}

static void users_are_found_or_refused(void **state)
{
	char error[PRIVILEGES_ERROR_MAX];
	struct privileges_user user;

	(void)state;
	assert_int_equal(privileges_find_user("tlsvane-no-such-user", &user, error), -1);
	assert_non_null(strstr(error, "no such user"));
	assert_int_equal(privileges_find_user("root", &user, error), -1);
	assert_non_null(strstr(error, "rights of root"));
	if (geteuid() != 0)
		return;
	assert_int_equal(privileges_find_user(NULL, &user, error), 0);
	assert_non_null(user.name);
	assert_int_not_equal(user.uid, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_worker_may_only_talk),
	    cmocka_unit_test(a_recorder_may_not_capture_nor_execute),
	    cmocka_unit_test(a_supervisor_may_not_leave),
	    cmocka_unit_test(what_is_silenced_only_hears),
	    cmocka_unit_test(sandboxes_nest),
	    cmocka_unit_test(rights_do_not_come_back),
	    cmocka_unit_test(a_folder_is_given_with_what_is_its_own),
	    cmocka_unit_test(users_are_found_or_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
