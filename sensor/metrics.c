/* The server of /metrics. */
#include "metrics.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "limits.h"
#include "metrics_http.h"

struct metrics {
	const struct metrics_http *http;
	struct MHD_Daemon *daemon;
	int fd;	    /* its epoll */
	char *path; /* of the Unix socket, NULL: TCP */
	double started;
	struct sensor_numbers numbers;
	struct metrics_sessions sessions;
};

static enum MHD_Result answer(struct metrics *m, struct MHD_Connection *connection, unsigned status,
    const char *type, char *text, size_t size, enum MHD_ResponseMemoryMode mode)
{
	struct MHD_Response *response = m->http->create_response_from_buffer(size, text, mode);
	enum MHD_Result result;

	if (response == NULL) {
		if (mode == MHD_RESPMEM_MUST_FREE)
			free(text);
		return MHD_NO;
	}
	(void)m->http->add_response_header(response, "Content-Type", type);
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		(void)m->http->add_response_header(response, "Allow", "GET, HEAD");
	result = m->http->queue_response(connection, status, response);
	m->http->destroy_response(response);
	return result;
}

static enum MHD_Result refuse(
    struct metrics *m, struct MHD_Connection *connection, unsigned status, const char *text)
{
	return answer(m, connection, status, "text/plain; charset=utf-8", (char *)(uintptr_t)text,
	    strlen(text), MHD_RESPMEM_PERSISTENT);
}

static enum MHD_Result answer_metrics(struct metrics *m, struct MHD_Connection *connection)
{
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);

	if (to == NULL)
		return MHD_NO;
	metrics_write(to, &m->numbers, &m->sessions, m->started);
	if (fclose(to) != 0) {
		free(text);
		return MHD_NO;
	}
	return answer(m, connection, MHD_HTTP_OK, "text/plain; version=0.0.4; charset=utf-8", text,
	    size, MHD_RESPMEM_MUST_FREE);
}

/* Called when the headers are there, and again for what body there is: then is the time to answer,
 * or the connection would not be kept. Bodies are passed over. */
static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *body, size_t *body_size, void **request)
{
	struct metrics *m = context;

	(void)version;
	(void)body;
	if (*request == NULL || *body_size > 0) {
		*request = m;
		*body_size = 0;
		return MHD_YES;
	}
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return refuse(m, connection, MHD_HTTP_METHOD_NOT_ALLOWED, "GET /metrics\n");
	if (strcmp(url, "/metrics") != 0)
		return refuse(m, connection, MHD_HTTP_NOT_FOUND, "the numbers are at /metrics\n");
	return answer_metrics(m, connection);
}

static bool start(struct metrics *m, int listener)
{
	const union MHD_DaemonInfo *info;

	m->daemon =
	    m->http->start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, handle, m, MHD_OPTION_LISTEN_SOCKET,
		listener, MHD_OPTION_CONNECTION_LIMIT, (unsigned)LIMIT_METRICS_CONNECTIONS,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)LIMIT_METRICS_S,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)LIMIT_METRICS_REQUEST, MHD_OPTION_END);
	if (m->daemon == NULL)
		return false;
	info = m->http->get_daemon_info(m->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	m->fd = info != NULL ? info->epoll_fd : -1;
	return true;
}

static double wall_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

struct metrics *metrics_open(const char *address, char error[METRICS_ERROR_MAX])
{
	struct metrics *m = calloc(1, sizeof(*m));
	char why[METRICS_ERROR_MAX - 64];
	const char *path;
	int listener;

	if (m == NULL) {
		snprintf(error, METRICS_ERROR_MAX, "--metrics: out of memory");
		return NULL;
	}
	m->started = wall_seconds();
	m->http = metrics_http(why, sizeof(why));
	if (m->http == NULL) {
		snprintf(error, METRICS_ERROR_MAX, "--metrics: %s", why);
		free(m);
		return NULL;
	}
	listener = metrics_listen("--metrics", address, &path, error);
	if (listener < 0) {
		free(m);
		return NULL;
	}
	m->path = path != NULL ? strdup(path) : NULL;
	if (start(m, listener)) /* has taken the socket over */
		return m;
	snprintf(error, METRICS_ERROR_MAX,
	    "--metrics %s: libmicrohttpd does not start there; free some memory or descriptors",
	    address);
	close(listener);
	metrics_close(m);
	return NULL;
}

void metrics_close(struct metrics *m)
{
	if (m == NULL)
		return;
	if (m->daemon != NULL)
		m->http->stop_daemon(m->daemon);
	if (m->path != NULL)
		(void)unlink(m->path);
	free(m->path);
	free(m);
}

void metrics_record(struct metrics *m, const struct record *r)
{
	metrics_count(&m->sessions, r);
}

void metrics_update(struct metrics *m, const struct sensor_numbers *n)
{
	m->numbers = *n;
}

void metrics_run(struct metrics *m)
{
	(void)m->http->run(m->daemon);
}

int metrics_fd(const struct metrics *m)
{
	return m->fd;
}
