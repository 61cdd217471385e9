/*
 * Each kind of process enters its sandbox and tries what an attacker in it would: all of it must be
 * refused, and what its work needs must go on. Rights are dropped only where the test is root.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../sensor/privileges.h"

/* True where it was done: what could be done again is undone. */
struct attempt {
	const char *name;
	bool (*done)(void);
};

static bool keep_fd(int fd)
{
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool opens(void)
{
	return keep_fd(open("/dev/null", O_RDONLY));
}

static bool opens_shadow(void)
{
	return keep_fd(open("/etc/shadow", O_RDONLY));
}

static bool opens_tcp(void)
{
	return keep_fd(socket(AF_INET, SOCK_STREAM, 0));
}

static bool opens_unix(void)
{
	return keep_fd(socket(AF_UNIX, SOCK_STREAM, 0));
}

static bool opens_packet(void)
{
	return keep_fd(socket(AF_PACKET, SOCK_RAW, 0));
}

static bool opens_raw(void)
{
	return keep_fd(socket(AF_INET, SOCK_RAW, IPPROTO_TCP));
}

/* Refused by the sandbox, not by whom it is connected to. */
static bool connects(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/nowhere"};

	return connect(0, (struct sockaddr *)&address, sizeof(address)) == 0 || errno != EPERM;
}

static bool forks(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return pid > 0;
}

/* Refused before the program is looked for. */
static bool executes(void)
{
	char *none[] = {NULL};

	return execve("/nowhere", none, none) == 0 || errno != EPERM;
}

static bool traces(void)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0;
}

static bool reads_parent(void)
{
	char byte;
	struct iovec to = {&byte, 1}, from = {&byte, 1};

	return syscall(SYS_process_vm_readv, getppid(), &to, 1L, &from, 1L, 0L) == 1;
}

static bool kills_parent(void)
{
	return kill(getppid(), 0) == 0;
}

/* By a signal of its choice, whenever bytes come: kill() is not the only way. */
static bool signals_parent(void)
{
	bool done = fcntl(0, F_SETOWN, getppid()) == 0;

	return fcntl(0, F_SETSIG, SIGKILL) == 0 || done;
}

static bool becomes_root(void)
{
	return setresuid(0, 0, 0) == 0 || seteuid(0) == 0;
}

static bool becomes_root_group(void)
{
	return setresgid(0, 0, 0) == 0;
}

static bool changes_root(void)
{
	return chroot("/") == 0;
}

static bool leaves_namespace(void)
{
	return unshare(CLONE_NEWUTS) == 0;
}

static bool writes_code(void)
{
	void *at = mmap(
	    NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return at != MAP_FAILED;
}

static bool makes_code(void)
{
	void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool done = at != MAP_FAILED && mprotect(at, 4096, PROT_READ | PROT_EXEC) == 0;

	munmap(at, 4096);
	return done;
}

/* As name services are loaded. */
static bool loads_a_library(void)
{
	void *library = dlopen("libutil.so.1", RTLD_NOW);

	return library != NULL && dlclose(library) == 0;
}

static bool makes_memory(void)
{
	void *at = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool done = at != MAP_FAILED;

	if (done)
		munmap(at, 1 << 20);
	return done;
}

static bool talks_over_what_is_open(void)
{
	struct pollfd wanted = {.events = POLLIN};
	char word[4] = "";
	struct timespec now;

	/* 0 and 1 are a pair */
	return send(0, "yes", 3, MSG_DONTWAIT | MSG_NOSIGNAL) == 3 &&
	       (wanted.fd = 1, poll(&wanted, 1, 1000)) == 1 &&
	       recv(1, word, 3, MSG_DONTWAIT) == 3 && clock_gettime(CLOCK_MONOTONIC, &now) == 0 &&
	       strcmp(word, "yes") == 0;
}

static bool writes_files(void)
{
	char path[] = "/tmp/tlsvane-sandbox-XXXXXX";
	int fd = mkstemp(path);
	bool done = fd >= 0 && write(fd, "x", 1) == 1 && fsync(fd) == 0 && unlink(path) == 0;

	return keep_fd(fd) && done;
}

/* A descriptor by another number. */
static bool doubles_it(void)
{
	return keep_fd(fcntl(0, F_DUPFD, 3)) || keep_fd(dup(0));
}

static const struct attempt worker_may[] = {
    {"makes_memory", makes_memory}, {"talks_over_what_is_open", talks_over_what_is_open}};
static const struct attempt worker_may_not[] = {{"opens", opens}, {"opens_shadow", opens_shadow},
    {"opens_tcp", opens_tcp}, {"opens_unix", opens_unix}, {"opens_packet", opens_packet},
    {"connects", connects}, {"forks", forks}, {"executes", executes}, {"traces", traces},
    {"reads_parent", reads_parent}, {"kills_parent", kills_parent},
    {"signals_parent", signals_parent}, {"becomes_root", becomes_root},
    {"changes_root", changes_root}, {"leaves_namespace", leaves_namespace},
    {"writes_code", writes_code}, {"makes_code", makes_code}};

static const struct attempt recorder_may[] = {{"opens", opens}, {"writes_files", writes_files},
    {"opens_tcp", opens_tcp}, {"opens_unix", opens_unix}, {"makes_memory", makes_memory},
    {"loads_a_library", loads_a_library}, {"talks_over_what_is_open", talks_over_what_is_open}};
static const struct attempt recorder_may_not[] = {{"opens_packet", opens_packet},
    {"opens_raw", opens_raw}, {"forks", forks}, {"executes", executes}, {"traces", traces},
    {"reads_parent", reads_parent}, {"kills_parent", kills_parent},
    {"signals_parent", signals_parent}, {"becomes_root", becomes_root},
    {"changes_root", changes_root}, {"leaves_namespace", leaves_namespace},
    {"writes_code", writes_code}, {"makes_code", makes_code}};

static const struct attempt supervisor_may[] = {
    {"opens", opens}, {"forks", forks}, {"makes_memory", makes_memory}};
static const struct attempt supervisor_may_not[] = {{"reads_parent", reads_parent},
    {"changes_root", changes_root}, {"leaves_namespace", leaves_namespace}};

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

static const struct attempt silenced_may[] = {{"hears", hears}, {"talks", talks_over_what_is_open}};
static const struct attempt silenced_may_not[] = {
    {"says_a_word", says_a_word}, {"doubles", doubles_it}};

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
	if (becomes_root())
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
	if (becomes_root() || becomes_root_group())
		tell(to, "done", "becomes_root");
	if (opens_shadow())
		tell(to, "done", "opens_shadow");
	if (opens_packet() != capture)
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
	assert_true(keep_fd(open(path, O_WRONLY | O_CREAT | O_EXCL, 0600)));
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
