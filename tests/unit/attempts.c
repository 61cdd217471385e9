/* Each attempt is one system call that a sandbox or a lost right may refuse. */
#include "attempts.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static bool keep_fd(int fd)
{
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

bool attempt_opens(void)
{
	return keep_fd(open("/dev/null", O_RDONLY));
}

bool attempt_opens_shadow(void)
{
	return keep_fd(open("/etc/shadow", O_RDONLY));
}

bool attempt_opens_tcp(void)
{
	return keep_fd(socket(AF_INET, SOCK_STREAM, 0));
}

bool attempt_opens_unix(void)
{
	return keep_fd(socket(AF_UNIX, SOCK_STREAM, 0));
}

bool attempt_opens_packet(void)
{
	return keep_fd(socket(AF_PACKET, SOCK_RAW, 0));
}

bool attempt_opens_raw(void)
{
	return keep_fd(socket(AF_INET, SOCK_RAW, IPPROTO_TCP));
}

/* Refused by the sandbox, not by whom it is connected to. */
bool attempt_connects(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/nowhere"};

	return connect(0, (struct sockaddr *)&address, sizeof(address)) == 0 || errno != EPERM;
}

bool attempt_forks(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return pid > 0;
}

/* Refused before the program is looked for. */
bool attempt_executes(void)
{
	char *none[] = {NULL};

	return execve("/nowhere", none, none) == 0 || errno != EPERM;
}

bool attempt_traces(void)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0;
}

bool attempt_reads_parent(void)
{
	char byte;
	struct iovec to = {&byte, 1}, from = {&byte, 1};

	return syscall(SYS_process_vm_readv, getppid(), &to, 1L, &from, 1L, 0L) == 1;
}

bool attempt_kills_parent(void)
{
	return kill(getppid(), 0) == 0;
}

/* By a signal of its choice, whenever bytes come: kill() is not the only way. */
bool attempt_signals_parent(void)
{
	bool done = fcntl(0, F_SETOWN, getppid()) == 0;

	return fcntl(0, F_SETSIG, SIGKILL) == 0 || done;
}

bool attempt_becomes_root(void)
{
	return setresuid(0, 0, 0) == 0 || seteuid(0) == 0;
}

bool attempt_becomes_root_group(void)
{
	return setresgid(0, 0, 0) == 0;
}

bool attempt_changes_root(void)
{
	return chroot("/") == 0;
}

bool attempt_leaves_namespace(void)
{
	return unshare(CLONE_NEWUTS) == 0;
}

bool attempt_writes_code(void)
{
	void *at = mmap(
	    NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return at != MAP_FAILED;
}

bool attempt_makes_code(void)
{
	void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool done = at != MAP_FAILED && mprotect(at, 4096, PROT_READ | PROT_EXEC) == 0;

	munmap(at, 4096);
	return done;
}

/* As name services are loaded. */
bool attempt_loads_a_library(void)
{
	void *library = dlopen("libutil.so.1", RTLD_NOW);

	return library != NULL && dlclose(library) == 0;
}

bool attempt_makes_memory(void)
{
	void *at = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool done = at != MAP_FAILED;

	if (done)
		munmap(at, 1 << 20);
	return done;
}

bool attempt_talks_over_what_is_open(void)
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

bool attempt_writes_files(void)
{
	char path[] = "/tmp/tlsvane-sandbox-XXXXXX";
	int fd = mkstemp(path);
	bool done = fd >= 0 && write(fd, "x", 1) == 1 && fsync(fd) == 0 && unlink(path) == 0;

	return keep_fd(fd) && done;
}

/* A descriptor by another number. */
bool attempt_doubles(void)
{
	return keep_fd(fcntl(0, F_DUPFD, 3)) || keep_fd(dup(0));
}
