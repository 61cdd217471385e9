/* Where /metrics and the policy service listen: loopback or a Unix socket. */
#include "metrics.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "limits.h"

#define UNIX "unix:"

union address {
	struct sockaddr any;
	struct sockaddr_in ip4;
	struct sockaddr_in6 ip6;
	struct sockaddr_un path;
};

static int refuse(
    char error[METRICS_ERROR_MAX], const char *option, const char *address, const char *why)
{
	snprintf(error, METRICS_ERROR_MAX, "%s %s: %s", option, address, why);
	return -1;
}

/* "[::1]:9125", "127.0.0.1:9125"; the size of *to, or 0. */
static socklen_t read_tcp(const char *text, union address *to)
{
	const char *colon = strrchr(text, ':');
	char host[INET6_ADDRSTRLEN + 2], *end;
	size_t length = colon == NULL ? 0 : (size_t)(colon - text);
	unsigned long port = colon == NULL ? 0 : strtoul(colon + 1, &end, 10);

	if (length == 0 || length >= sizeof(host) || port == 0 || port > 65535 || *end != '\0')
		return 0;
	memcpy(host, text, length);
	host[length] = '\0';
	*to = (union address){.ip4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)}};
	if (inet_pton(AF_INET, host, &to->ip4.sin_addr) == 1)
		return ntohl(to->ip4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET ? sizeof(to->ip4) : 0;
	if (host[0] != '[' || host[length - 1] != ']')
		return 0;
	host[length - 1] = '\0';
	*to = (union address){.ip6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)}};
	return inet_pton(AF_INET6, host + 1, &to->ip6.sin6_addr) == 1 &&
		       IN6_IS_ADDR_LOOPBACK(&to->ip6.sin6_addr)
		   ? sizeof(to->ip6)
		   : 0;
}

static socklen_t read_path(const char *path, union address *to)
{
	*to = (union address){.path = {.sun_family = AF_UNIX}};
	if (path[0] != '/' || strlen(path) >= sizeof(to->path.sun_path))
		return 0;
	snprintf(to->path.sun_path, sizeof(to->path.sun_path), "%s", path);
	return sizeof(to->path);
}

/* A socket that a killed sensor left behind; never something else. */
static void remove_stale(const union address *address)
{
	struct stat status;
	int fd;

	if (lstat(address->path.sun_path, &status) != 0 || !S_ISSOCK(status.st_mode))
		return;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, &address->any, sizeof(address->path)) != 0 &&
	    errno == ECONNREFUSED)
		(void)unlink(address->path.sun_path);
	if (fd >= 0)
		close(fd);
}

static bool bind_and_listen(int fd, const union address *address, socklen_t size)
{
	const int on = 1;
	bool local = address->any.sa_family == AF_UNIX;

	if (local)
		remove_stale(address);
	else
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	return bind(fd, &address->any, size) == 0 &&
	       (!local || chmod(address->path.sun_path, 0660) == 0) && listen(fd, SOMAXCONN) == 0;
}

int metrics_listen(
    const char *option, const char *text, const char **path, char error[METRICS_ERROR_MAX])
{
	bool local = strncmp(text, UNIX, strlen(UNIX)) == 0;
	union address address;
	socklen_t size;
	int fd;

	*path = local ? text + strlen(UNIX) : NULL;
	size = local ? read_path(*path, &address) : read_tcp(text, &address);
	if (size == 0)
		return refuse(error, option, text,
		    "give a loopback address and port, 127.0.0.1:PORT or [::1]:PORT, or "
		    "unix:/path; a proxy takes it further");
	fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && bind_and_listen(fd, &address, size))
		return fd;
	snprintf(error, METRICS_ERROR_MAX, "%s %s: %s; %s", option, text, strerror(errno),
	    errno == EADDRINUSE ? "another program listens there: give another one"
				: "give a place where this user may listen");
	if (fd >= 0)
		close(fd);
	return -1;
}
