/*
 * Lists of system calls by name: the library finds their numbers on each machine, and a name that
 * a machine does not have is passed over. What the C library, libpcap and the sanitizers call on
 * their own is among them.
 */
#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "privileges.h"

/* Of every process: memory, clocks, its own end, and what is open already. */
static const char *const common[] = {
    "read",
    "readv",
    "pread64",
    "write",
    "writev",
    "send",
    "sendto",
    "recv",
    "recvfrom",
    "close",
    "poll",
    "ppoll",
    "select",
    "pselect6",
    "lseek",
    "_llseek",
    "fstat",
    "fstat64",
    "getsockopt",
    "getsockname",
    "brk",
    "munmap",
    "mremap",
    "madvise",
    "futex",
    "clock_gettime",
    "clock_gettime64",
    "clock_getres",
    "gettimeofday",
    "time",
    "nanosleep",
    "clock_nanosleep",
    "clock_nanosleep_time64",
    "getrandom",
    "getpid",
    "getppid",
    "gettid",
    "getuid",
    "geteuid",
    "getgid",
    "getegid",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "rt_sigpending",
    "sigaltstack",
    "sigreturn",
    "restart_syscall",
    "sched_yield",
    "sched_getaffinity",
    "exit",
    "exit_group",
    "set_robust_list",
    "rseq",
    "uname",
    "sysinfo",
    "getrusage",
};

/* Of the recorder: files of its user, streams to Redis and name servers, answers to scrapes. */
static const char *const recorder[] = {
    "open",
    "openat",
    "openat2",
    "creat",
    "stat",
    "stat64",
    "lstat",
    "lstat64",
    "newfstatat",
    "fstatat64",
    "statx",
    "statfs",
    "fstatfs",
    "access",
    "faccessat",
    "faccessat2",
    "readlink",
    "readlinkat",
    "getcwd",
    "getdents",
    "getdents64",
    "rename",
    "renameat",
    "renameat2",
    "unlink",
    "unlinkat",
    "mkdir",
    "mkdirat",
    "ftruncate",
    "ftruncate64",
    "fallocate",
    "fsync",
    "fdatasync",
    "flock",
    "pwrite64",
    "fchmod",
    "umask",
    "connect",
    "bind",
    "listen",
    "accept",
    "accept4",
    "setsockopt",
    "getpeername",
    "shutdown",
    "sendmsg",
    "sendmmsg",
    "recvmsg",
    "recvmmsg",
    "epoll_create",
    "epoll_create1",
    "epoll_ctl",
    "epoll_wait",
    "epoll_pwait",
    "eventfd2",
    "pipe2",
    "dup",
    "dup2",
    "dup3",
};

/* Of the supervisor, which must be able to fork and to open captures: what it may not. */
static const char *const attackers[] = {
    "process_vm_readv", "process_vm_writev", "kexec_load", "kexec_file_load", "init_module",
    "finit_module", "delete_module", "mount", "umount2", "move_mount", "open_tree", "fsopen",
    "pivot_root", "chroot", "swapon", "swapoff", "reboot", "sethostname", "setdomainname",
    "settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "setns", "unshare", "keyctl",
    "add_key", "request_key", "userfaultfd", "perf_event_open", "io_uring_setup", "io_uring_enter",
    "io_uring_register", "open_by_handle_at", "name_to_handle_at", "acct", "quotactl",
    "personality", "iopl", "ioperm", "mknod", "mknodat", "chown", "fchown", "lchown", "fchownat",
    "setxattr",
#if !defined(__SANITIZE_ADDRESS__)
    "ptrace", /* LeakSanitizer's, at the end */
#endif
};

#define ALL(names) names, sizeof(names) / sizeof((names)[0])

/* Calls by their names, as far as this machine has them; `argument`: only where it is so, NULL:
 * whatever it is. */
static int add_all(scmp_filter_ctx filter, uint32_t action, const char *const *names, size_t count,
    const struct scmp_arg_cmp *argument)
{
	int result = 0;

	for (size_t i = 0; i < count && result == 0; i++) {
		int number = seccomp_syscall_resolve_name(names[i]);

		if (number != __NR_SCMP_ERROR)
			result = seccomp_rule_add_array(
			    filter, action, number, argument != NULL ? 1 : 0, argument);
	}
	return result;
}

static int allow_all(scmp_filter_ctx filter, const char *const *names, size_t count)
{
	return add_all(filter, SCMP_ACT_ALLOW, names, count, NULL);
}

static int allow_if(scmp_filter_ctx filter, int number, struct scmp_arg_cmp argument)
{
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 1, argument);
}

static const char *const mapping[] = {"mmap", "mmap2"};
static const char *const protecting[] = {"mprotect", "pkey_mprotect"};

/* Those whose protection has none of these bits. */
static int allow_memory(
    scmp_filter_ctx filter, const char *const *names, size_t count, unsigned without)
{
	const struct scmp_arg_cmp none = SCMP_A2(SCMP_CMP_MASKED_EQ, without, 0);

	return add_all(filter, SCMP_ACT_ALLOW, names, count, &none);
}

/* Flags of descriptors. Not who gets a signal when bytes come: it may be any signal, for any
 * process of this user. */
static int allow_flags(scmp_filter_ctx filter)
{
	static const char *const calls[] = {"fcntl", "fcntl64"};
	static const unsigned words[] = {F_GETFD, F_SETFD, F_GETFL, F_SETFL};
	int result = 0;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]) && result == 0; i++) {
		const struct scmp_arg_cmp word = SCMP_A1(SCMP_CMP_EQ, words[i], 0);

		result = add_all(filter, SCMP_ACT_ALLOW, ALL(calls), &word);
	}
	return result;
}

static int allow_requests(scmp_filter_ctx filter)
{
	static const unsigned long requests[] = {FIONREAD, FIONBIO, TCGETS, SIOCGIFFLAGS};
	int result = 0;

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]) && result == 0; i++)
		result = allow_if(filter, SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_EQ, requests[i], 0));
	return result;
}

/* A signal to ourselves is how abort() and raise() end us. */
static int allow_own_end(scmp_filter_ctx filter)
{
	scmp_datum_t self = (scmp_datum_t)getpid();

	if (allow_if(filter, SCMP_SYS(tgkill), SCMP_A0(SCMP_CMP_EQ, self, 0)) != 0 ||
	    allow_if(filter, SCMP_SYS(kill), SCMP_A0(SCMP_CMP_EQ, self, 0)) != 0)
		return -1;
	return allow_if(filter, SCMP_SYS(prctl), SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME, 0));
}

static int allow_sockets(scmp_filter_ctx filter)
{
	static const int families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};
	int result = 0;

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]) && result == 0; i++)
		result = allow_if(
		    filter, SCMP_SYS(socket), SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i], 0));
	return result;
}

static int fill_worker(scmp_filter_ctx filter)
{
	if (allow_all(filter, ALL(common)) != 0 || allow_own_end(filter) != 0 ||
	    allow_requests(filter) != 0 || allow_flags(filter) != 0 ||
	    allow_memory(filter, ALL(mapping), PROT_EXEC) != 0 ||
	    allow_memory(filter, ALL(protecting), PROT_EXEC) != 0)
		return -1;
	return 0;
}

/* Here files may be mapped as code, since name services are loaded on demand; no memory that could
 * ever be written may be run. */
static int fill_recorder(scmp_filter_ctx filter)
{
	if (fill_worker(filter) != 0 || allow_all(filter, ALL(recorder)) != 0 ||
	    allow_sockets(filter) != 0 || allow_memory(filter, ALL(mapping), PROT_WRITE) != 0)
		return -1;
	return 0;
}

static int fill_supervisor(scmp_filter_ctx filter)
{
	return add_all(filter, SCMP_ACT_ERRNO(EPERM), ALL(attackers), NULL);
}

static int (*const fill[])(scmp_filter_ctx) = {
    [SANDBOX_SUPERVISOR] = fill_supervisor,
    [SANDBOX_RECORDER] = fill_recorder,
    [SANDBOX_WORKER] = fill_worker,
};

static int load_filter(enum sandbox kind)
{
	uint32_t otherwise = kind == SANDBOX_SUPERVISOR ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EPERM);
	scmp_filter_ctx filter = seccomp_init(otherwise);
	int result = filter == NULL ? -ENOMEM : fill[kind](filter);

	if (result == 0)
		result = seccomp_load(filter);
	seccomp_release(filter);
	return result;
}

static bool has_capabilities(void)
{
	capng_get_caps_process();
	return capng_have_capabilities(CAPNG_SELECT_CAPS) != CAPNG_NONE;
}

/* The supervisor's capabilities are for opening captures; nobody else opens any. */
static const char *give_up_rights(void)
{
	capng_clear(CAPNG_SELECT_CAPS);
	if (capng_apply(CAPNG_SELECT_CAPS) != 0 || has_capabilities())
		return "capabilities";
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return "no_new_privs";
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return "dumpable";
	return NULL;
}

/* A call that is no process's business here must be refused by now. */
static bool is_confined(enum sandbox kind)
{
	int fd;

	if (kind == SANDBOX_SUPERVISOR)
		return unshare(CLONE_NEWUTS) != 0;
	fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (fd >= 0)
		close(fd);
	return fd < 0 && errno == EPERM;
}

static int refuse(const char *step, int reason, char error[PRIVILEGES_ERROR_MAX])
{
	snprintf(error, PRIVILEGES_ERROR_MAX,
	    "cannot confine the process: %s: %s; this needs a kernel with seccomp; --no-sandbox "
	    "goes "
	    "on without",
	    step, strerror(reason));
	return -1;
}

int sandbox_enter(enum sandbox kind, char error[PRIVILEGES_ERROR_MAX])
{
	const char *step = kind == SANDBOX_SUPERVISOR ? NULL : give_up_rights();
	int result;

	if (step != NULL)
		return refuse(step, errno, error);
	result = load_filter(kind);
	if (result != 0)
		return refuse("seccomp", -result, error);
	errno = 0;
	return is_confined(kind) ? 0 : refuse("it does not hold", errno, error);
}

/* A filter above the others: of all of them the strictest word holds. A descriptor is an int: who
 * wants past it may fill the upper half of the register. */
int sandbox_silence(const int *descriptors, size_t count, char error[PRIVILEGES_ERROR_MAX])
{
	static const char *const writing[] = {"write", "writev", "pwrite64", "pwritev", "pwritev2",
	    "send", "sendto", "sendmsg", "sendmmsg"};
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int result = filter == NULL ? -ENOMEM : 0;

	for (size_t i = 0; i < count && result == 0; i++) {
		const struct scmp_arg_cmp own =
		    SCMP_A0(SCMP_CMP_MASKED_EQ, UINT32_MAX, (scmp_datum_t)descriptors[i]);

		result = add_all(filter, SCMP_ACT_ERRNO(EPERM), ALL(writing), &own);
	}
	if (result == 0)
		result = seccomp_load(filter);
	seccomp_release(filter);
	return result == 0 ? 0 : refuse("silence", -result, error);
}
