/* /metrics: where it listens, what it answers. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../sensor/metrics.h"

static char folder[] = "/tmp/tlsvane-metrics.XXXXXX", path[64], address[80];
static char error[METRICS_ERROR_MAX];

static int make_folder(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/socket", folder);
	snprintf(address, sizeof(address), "unix:%s", path);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	(void)unlink(path);
	return rmdir(folder);
}

static int call(void)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	snprintf(to.sun_path, sizeof(to.sun_path), "%s", path);
	assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

/* Sends a request in pieces of `step` bytes and serves until the answer says `last`; the caller
 * closes the connection. */
static const char *ask(
    struct metrics *m, int fd, const char *request, size_t step, const char *last)
{
	static char answer[65536];
	size_t sent = 0, size = strlen(request), got = 0;
	ssize_t count;

	answer[0] = '\0';
	for (int tries = 0; tries < 10000 && strstr(answer, last) == NULL; tries++) {
		struct pollfd ready[] = {{.fd = fd, .events = POLLIN}, {metrics_fd(m), POLLIN, 0}};

		if (sent < size) {
			count = send(fd, request + sent, step < size - sent ? step : size - sent,
			    MSG_NOSIGNAL);
			assert_true(count > 0);
			sent += (size_t)count;
		}
		metrics_run(m);
		if (sent == size)
			(void)poll(ready, 2, 10);
		count = recv(fd, answer + got, sizeof(answer) - 1 - got, 0);
		got += count > 0 ? (size_t)count : 0;
		answer[got] = '\0';
	}
	return answer;
}

static void test_addresses(void **state)
{
	static const char *const wrong[] = {"", "9125", ":9125", "127.0.0.1", "127.0.0.1:0",
	    "127.0.0.1:65536", "127.0.0.1:9125x", "0.0.0.0:9125", "192.0.2.1:9125", "[::]:9125",
	    "[2001:db8::1]:9125", "::1:9125", "localhost:9125", "unix:", "unix:relative",
	    "unix:/no/such/folder/socket"};
	char far[256] = "unix:/";
	const char *at;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		error[0] = '\0';
		assert_int_equal(metrics_listen("--metrics", wrong[i], &at, error), -1);
		assert_memory_equal(error, "--metrics ", 10);
	}
	memset(far + 6, 'x', 120); /* longer than a socket's name may be */
	assert_int_equal(metrics_listen("--metrics", far, &at, error), -1);
}

static void test_tcp(void **state)
{
	struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof(here);
	char text[32];
	const char *at;
	int taken = socket(AF_INET, SOCK_STREAM, 0), fd;

	(void)state;
	/* A port that nobody has: the kernel's choice, given back. */
	assert_int_equal(bind(taken, (struct sockaddr *)&here, size), 0);
	assert_int_equal(getsockname(taken, (struct sockaddr *)&here, &size), 0);
	assert_int_equal(listen(taken, 1), 0);
	snprintf(text, sizeof(text), "127.0.0.1:%u", ntohs(here.sin_port));
	assert_int_equal(metrics_listen("--metrics", text, &at, error), -1);
	assert_non_null(strstr(error, "another program listens there"));
	close(taken);
	fd = metrics_listen("--metrics", text, &at, error);
	assert_true(fd >= 0);
	assert_null(at);
	close(fd);
}

static void test_socket_file(void **state)
{
	struct metrics *m = metrics_open(address, error), *second;
	struct sockaddr_un stale = {.sun_family = AF_UNIX};
	struct stat status;
	FILE *file;
	int fd;

	(void)state;
	assert_non_null(m);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0660);
	second = metrics_open(address, error); /* the first one lives */
	assert_null(second);
	metrics_close(m);
	assert_int_equal(stat(path, &status), -1);

	/* What a killed sensor leaves behind is replaced, other files are not. */
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	snprintf(stale.sun_path, sizeof(stale.sun_path), "%s", path);
	assert_int_equal(bind(fd, (const struct sockaddr *)&stale, sizeof(stale)), 0);
	close(fd);
	m = metrics_open(address, error);
	assert_non_null(m);
	metrics_close(m);
	file = fopen(path, "w");
	assert_non_null(file);
	fclose(file);
	assert_null(metrics_open(address, error));
	assert_int_equal(unlink(path), 0);
}

static void count_sessions(struct metrics *m)
{
	static const struct {
		uint8_t outcome, side;
		uint16_t version;
	} sessions[] = {{OUTCOME_TLS, LEGACY_SERVER, 0x0301}, {OUTCOME_TLS, LEGACY_CLIENT, 0x0301},
	    {OUTCOME_TLS, LEGACY_NONE, 0x0303}, {OUTCOME_TLS, LEGACY_NONE, 0x0399},
	    {OUTCOME_NO_MAIL, LEGACY_UNKNOWN, 0}};
	struct record r;

	for (size_t i = 0; i < sizeof(sessions) / sizeof(sessions[0]); i++) {
		record_init(&r);
		r.outcome = sessions[i].outcome;
		r.legacy_side = sessions[i].side;
		r.tls_version = sessions[i].version;
		metrics_record(m, &r);
	}
}

static void test_answer(void **state)
{
	const struct sensor_numbers n = {.packets = UINT64_MAX, .capture_loss_ppm = 250000};
	static const char *const lines[] = {
	    "\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n",
	    "\ntlsvane_sensor_sessions_total{outcome=\"tls\",version=\"TLSv1.0\"} 2\n",
	    "\ntlsvane_sensor_sessions_total{outcome=\"tls\",version=\"TLSv1.1\"} 0\n",
	    "\ntlsvane_sensor_sessions_total{outcome=\"tls\",version=\"TLSv1.2\"} 1\n",
	    "\ntlsvane_sensor_sessions_total{outcome=\"tls\",version=\"other\"} 1\n",
	    "\ntlsvane_sensor_sessions_total{outcome=\"no_mail\",version=\"none\"} 1\n",
	    "\ntlsvane_sensor_legacy_sessions_total{side=\"server\"} 1\n",
	    "\n# TYPE tlsvane_sensor_packets_total counter\ntlsvane_sensor_packets_total "
	    "18446744073709551615\n",
	    "\ntlsvane_sensor_capture_loss_ratio 0.250000\n",
	    "\ntlsvane_sensor_actions_total{result=\"done\"} "
	    "0\ntlsvane_sensor_actions_total{result=\"failed\"} 0\n",
	};
	static const char request[] = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
			  last[] = "tlsvane_sensor_actions_total{result=\"given_up\"} 0\n";
	struct metrics *m = metrics_open(address, error);
	const char *answer;
	int fd;

	(void)state;
	assert_non_null(m);
	count_sessions(m);
	metrics_update(m, &n);
	fd = call();
	answer = ask(m, fd, request, sizeof(request), last);
	assert_memory_equal(answer, "HTTP/1.1 200 OK\r\n", 17);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_non_null(strstr(answer, lines[i]));
	answer = ask(m, fd, request, 1, last); /* the same connection, byte by byte */
	assert_memory_equal(answer, "HTTP/1.1 200 OK\r\n", 17);
	close(fd);
	metrics_close(m);
}

static void test_wrong_requests(void **state)
{
	struct metrics *m = metrics_open(address, error);
	int fd;

	(void)state;
	assert_non_null(m);
	fd = call();
	assert_memory_equal(ask(m, fd, "GET /x HTTP/1.1\r\nHost: x\r\n\r\n", 99, "at /metrics\n"),
	    "HTTP/1.1 404 ", 13);
	assert_memory_equal(
	    ask(m, fd, "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", 99,
		"GET /metrics\n"),
	    "HTTP/1.1 405 ", 13);
	close(fd);
	fd = call();
	assert_memory_equal(ask(m, fd, "HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 99, "\r\n\r\n"),
	    "HTTP/1.1 200 ", 13);
	close(fd);
	fd = call();
	assert_memory_equal(
	    ask(m, fd, "\x16\x03\x01 nonsense\r\n\r\n", 99, "\r\n"), "HTTP/1.1 4", 10);
	close(fd);
	metrics_close(m);
}

/* Callers who say nothing, more than there is room for, take nothing from the next one. */
static void test_silent_callers(void **state)
{
	struct metrics *m = metrics_open(address, error);
	int fds[40];

	(void)state;
	assert_non_null(m);
	for (size_t i = 0; i < 40; i++) {
		fds[i] = call();
		metrics_run(m);
		if (i % 2 == 1) {
			close(fds[i]);
			close(fds[i - 1]);
			metrics_run(m);
		}
	}
	fds[0] = call();
	assert_memory_equal(
	    ask(m, fds[0], "HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 99, "\r\n\r\n"),
	    "HTTP/1.1 200 ", 13);
	close(fds[0]);
	metrics_close(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_addresses),
	    cmocka_unit_test(test_tcp),
	    cmocka_unit_test(test_socket_file),
	    cmocka_unit_test(test_answer),
	    cmocka_unit_test(test_wrong_requests),
	    cmocka_unit_test(test_silent_callers),
	};

	return cmocka_run_group_tests_name("metrics", tests, make_folder, remove_folder);
}
