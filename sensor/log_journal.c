/* Entries of the journal, and sockets that take datagrams. Not by libsystemd: it would map five
 * compression and crypto libraries into every process, and opens its socket at the first entry,
 * when the sandbox forbids it. */
#include "log_journal.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

bool log_journal_is_stream(int fd)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat status;

	return stream != NULL && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       fstat(fd, &status) == 0 && status.st_dev == device && status.st_ino == inode;
}

int log_journal_connect(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length = strlen(path);
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
	int fd;

	if (length == 0 || length >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(address.sun_path, path, length);
	if (path[0] == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, size) != 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* "NAME=value", or, where the value has several lines, its length in 8 bytes, little-endian. */
static void put_value(FILE *to, const char *value, size_t length)
{
	if (memchr(value, '\n', length) == NULL) {
		putc('=', to);
	} else {
		putc('\n', to);
		for (unsigned shift = 0; shift < 64; shift += 8)
			putc((int)((uint64_t)length >> shift & 0xff), to);
	}
	fwrite(value, 1, length, to);
	putc('\n', to);
}

void log_journal_put(FILE *to, const char *name, const char *value, size_t length)
{
	fputs(name, to);
	put_value(to, value, length);
}

void log_journal_put_own(
    FILE *to, const char *name, size_t name_length, const char *value, size_t length)
{
	fputs("TLSVANE_", to);
	for (size_t i = 0; i < name_length; i++) {
		char c = name[i];

		putc(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c == '.' ? '_' : c, to);
	}
	put_value(to, value, length);
}
