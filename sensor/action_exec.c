/* Programs: no shell, a process group of their own, JSON on standard input, the fields in the
 * environment, a time to end in. */
#include "action_work.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"

#define ENVIRONMENT_MAX 96    /* variables */
#define NAME_MAX_BYTES	64    /* of one's name */
#define READ_MAX	65536 /* bytes of output thrown away at one look */

/* A file without a name: a program that does not read it holds nobody up. */
static int input_file(const char *input, size_t size)
{
	int fd = memfd_create("alert", MFD_CLOEXEC);

	if (fd >= 0 && (write(fd, input, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET) != 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

_Noreturn static void be_program(
    char *const argv[], char *const environment[], int input, int output)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGQUIT};
	struct sigaction normal = {.sa_handler = SIG_DFL};
	const struct rlimit no_core = {0, 0};

	setpgid(0, 0);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &normal, NULL);
	setrlimit(RLIMIT_CORE, &no_core);
	if (dup2(input, STDIN_FILENO) >= 0 && dup2(output, STDOUT_FILENO) >= 0 &&
	    dup2(output, STDERR_FILENO) >= 0 && close_range(3, ~0u, 0) == 0)
		execvpe(argv[0], argv, environment);
	dprintf(STDERR_FILENO, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

int action_program_start(struct action_program *p, char *const argv[], char *const environment[],
    const char *input, size_t input_size, uint64_t timeout_ms, char *why)
{
	int in = input_file(input, input_size), out[2] = {-1, -1};
	pid_t pid = -1;

	if (in >= 0 && pipe2(out, O_CLOEXEC) == 0)
		pid = fork();
	if (pid == 0)
		be_program(argv, environment, in, out[1]);
	if (in >= 0)
		close(in);
	if (out[1] >= 0)
		close(out[1]);
	if (pid < 0) {
		snprintf(why, LIMIT_ACTION_OUTPUT, "%s", strerror(errno));
		if (out[0] >= 0)
			close(out[0]);
		return -1;
	}
	setpgid(pid, pid); /* whoever is first */
	(void)fcntl(out[0], F_SETFL, O_NONBLOCK);
	*p = (struct action_program){
	    .pid = pid, .output = out[0], .deadline_ms = clock_ms(CLOCK_MONOTONIC) + timeout_ms};
	return 0;
}

/* The first line is kept for the log, printable; the rest of a flood is thrown away. */
static void keep(struct action_program *p, const char *bytes, size_t size)
{
	for (size_t i = 0; i < size && !p->said_all; i++) {
		if (bytes[i] == '\n' || p->said_size >= LIMIT_ACTION_OUTPUT - 32)
			p->said_all = true;
		else
			p->said[p->said_size++] =
			    bytes[i] >= 0x20 && bytes[i] < 0x7f ? bytes[i] : '?';
	}
}

static void read_output(struct action_program *p)
{
	char bytes[4096];
	ssize_t got;

	for (size_t total = 0; total < READ_MAX; total += (size_t)got) {
		got = read(p->output, bytes, sizeof(bytes));
		if (got <= 0)
			return;
		keep(p, bytes, (size_t)got);
	}
}

static enum delivery_result judge(const struct action_program *p, int status, char *why)
{
	const char *colon = p->said_size > 0 ? ": " : "";

	if (p->timed_out)
		snprintf(why, LIMIT_ACTION_OUTPUT, "killed, its time was over");
	else if (WIFSIGNALED(status))
		snprintf(why, LIMIT_ACTION_OUTPUT, "ended by signal %d%s%.100s", WTERMSIG(status),
		    colon, p->said);
	else if (WEXITSTATUS(status) != 0)
		snprintf(why, LIMIT_ACTION_OUTPUT, "exit %d%s%.100s", WEXITSTATUS(status), colon,
		    p->said);
	else
		return DELIVERY_DONE;
	return DELIVERY_FAILED;
}

bool action_program_poll(
    struct action_program *p, uint64_t now_ms, enum delivery_result *result, char *why)
{
	int status;

	read_output(p);
	if (now_ms >= p->deadline_ms && !p->timed_out) {
		p->timed_out = true;
		kill(-p->pid, SIGKILL);
	}
	if (waitpid(p->pid, &status, WNOHANG) != p->pid)
		return false;
	read_output(p);
	close(p->output);
	*result = judge(p, status, why);
	p->pid = 0;
	return true;
}

/* "tls.client.ja3: x" -> "TLSVANE_TLS_CLIENT_JA3=x"; tlsvane's own without saying it twice. */
static char *variable(const char *line, size_t length)
{
	const char *colon = memchr(line, ':', length);
	size_t name, skip = strncmp(line, "tlsvane.", 8) == 0 ? 8 : line[0] == '@';
	char *text;

	if (colon == NULL || colon[1] != ' ' || (size_t)(colon - line) > NAME_MAX_BYTES)
		return NULL;
	name = (size_t)(colon - line) - skip;
	text = malloc(length + 16);
	if (text == NULL)
		return NULL;
	memcpy(text, "TLSVANE_", 8);
	for (size_t i = 0; i < name; i++) {
		char c = line[skip + i];

		text[8 + i] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c == '.' ? '_' : c;
	}
	snprintf(text + 8 + name, length + 8 - name, "=%.*s",
	    (int)(length - (size_t)(colon - line) - 2), colon + 2);
	return text;
}

static size_t fill_environment(const char *fields, char *environment[ENVIRONMENT_MAX + 1])
{
	size_t count = 0;

	environment[count++] = strdup("PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin");
	environment[count++] = strdup("LANG=C.UTF-8");
	while (*fields != '\0' && count < ENVIRONMENT_MAX) {
		size_t length = strcspn(fields, "\n");

		environment[count] = variable(fields, length);
		count += environment[count] != NULL;
		fields += length + (fields[length] == '\n');
	}
	environment[count] = NULL;
	return count;
}

int action_exec_start(struct action_program *p, const struct action_job *job, char *why)
{
	char *environment[ENVIRONMENT_MAX + 1], *argv[ACTION_VALUES_MAX + 1];
	const char *value, *json = action_job_json(job);
	uint64_t timeout = action_job_number(job, "timeout", LIMIT_ACTION_S * 1000000000ull);
	size_t variables = fill_environment(action_job_fields(job), environment), count = 0;
	int result;

	for (; count < ACTION_VALUES_MAX; count++) {
		value = action_job_value(job, "command", count);
		if (value == NULL)
			break;
		argv[count] = (char *)(uintptr_t)value; /* exec's type; it changes nothing */
	}
	argv[count] = NULL;
	result =
	    action_program_start(p, argv, environment, json, strlen(json), timeout / 1000000u, why);
	for (size_t i = 0; i < variables; i++)
		free(environment[i]);
	return result;
}
