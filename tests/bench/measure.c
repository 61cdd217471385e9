/*
 * measure FILE COMMAND ...: runs the command and appends to FILE one line of what it cost: CPU
 * seconds (user and system) and the most memory it had, in kB. Its exit status is the command's,
 * and so is SIGINT.
 */
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EXIT_USAGE = 2, EXIT_NOT_FOUND = 127, EXIT_SIGNAL = 128 };

static pid_t child;

static void hand_on(int number)
{
	if (child > 0)
		kill(child, number);
}

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static int note(const char *path, const struct rusage *used)
{
	FILE *to = fopen(path, "a");

	if (to == NULL)
		return -1;
	fprintf(
	    to, "%.6f %ld\n", seconds(used->ru_utime) + seconds(used->ru_stime), used->ru_maxrss);
	return fclose(to);
}

int main(int argc, char **argv)
{
	const struct sigaction interrupted = {.sa_handler = hand_on};
	struct rusage used;
	int status;

	if (argc < 3)
		errx(EXIT_USAGE, "measure FILE COMMAND ...");
	child = fork();
	if (child < 0)
		err(EXIT_FAILURE, "fork");
	if (child == 0) {
		execvp(argv[2], argv + 2);
		warn("%s", argv[2]);
		_exit(EXIT_NOT_FOUND);
	}
	sigaction(SIGINT, &interrupted, NULL);
	while (wait4(child, &status, 0, &used) < 0)
		if (errno != EINTR)
			err(EXIT_FAILURE, "wait4");
	if (note(argv[1], &used) != 0)
		err(EXIT_FAILURE, "%s", argv[1]);
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_SIGNAL + WTERMSIG(status);
}
