/* Alerts as lines of a file. It is opened for each: so a rotated file is a new one at once. */
#include "action_work.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A line is there whole or not at all. */
static enum delivery_result append(int fd, const char *line, char *why)
{
	size_t size = strlen(line);
	off_t end = lseek(fd, 0, SEEK_END);
	ssize_t written = write(fd, line, size);

	if (written == (ssize_t)size)
		return DELIVERY_DONE;
	snprintf(why, LIMIT_ACTION_OUTPUT, "%s", written < 0 ? strerror(errno) : "it is full");
	if (written > 0 && end >= 0 && ftruncate(fd, end) != 0)
		snprintf(why, LIMIT_ACTION_OUTPUT, "half a line was written");
	return DELIVERY_FAILED;
}

enum delivery_result action_json(const struct action_job *job, char *why)
{
	const char *path = action_job_value(job, "file", 0);
	enum delivery_result result;
	int fd;

	/* O_NONBLOCK: a pipe that nobody reads must not hold the sensor. */
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0640);
	if (fd < 0) {
		snprintf(why, LIMIT_ACTION_OUTPUT, "%s", strerror(errno));
		return DELIVERY_FAILED;
	}
	result = append(fd, action_job_json(job), why);
	close(fd);
	return result;
}
