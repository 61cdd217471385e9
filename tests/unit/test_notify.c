/* What the service manager hears, and the journal's way to write a field. */
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

#include "../../sensor/log_journal.h"
#include "../../sensor/notify.h"

/* A manager's socket; its name, in the abstract name space, is put into NOTIFY_SOCKET. */
static int manager(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0), length;
	char name[64];

	length = snprintf(name, sizeof(name), "@tlsvane-test-%ld", (long)getpid());
	memcpy(address.sun_path + 1, name + 1, (size_t)length - 1);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address,
			     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)length)),
	    0);
	setenv("NOTIFY_SOCKET", name, 1);
	return fd;
}

static const char *heard(int fd)
{
	static char message[512];
	ssize_t size = recv(fd, message, sizeof(message) - 1, 0);

	message[size > 0 ? size : 0] = '\0';
	return message;
}

/* First, because what notify_open finds stays. */
static void test_nobody_listens(void **state)
{
	(void)state;
	unsetenv("NOTIFY_SOCKET");
	notify_open();
	notify_ready("x");
	notify_alive();
	notify_stopping();
}

static void test_life(void **state)
{
	int fd = manager();

	(void)state;
	setenv("WATCHDOG_USEC", "30000000", 1);
	notify_open();
	assert_null(getenv("NOTIFY_SOCKET")); /* no child may speak for us */
	assert_null(getenv("WATCHDOG_USEC"));
	notify_ready("eth1");
	assert_string_equal(heard(fd), "READY=1\nSTATUS=eth1");
	notify_status("eth1");
	assert_string_equal(heard(fd), "");
	notify_status("eth1: 2 packets");
	assert_string_equal(heard(fd), "STATUS=eth1: 2 packets");
	notify_alive();
	assert_string_equal(heard(fd), "WATCHDOG=1");
	notify_alive(); /* ten seconds are not over */
	assert_string_equal(heard(fd), "");
	notify_reloading();
	assert_memory_equal(heard(fd), "RELOADING=1\nMONOTONIC_USEC=", 27);
	notify_stopping();
	assert_string_equal(heard(fd), "STOPPING=1");
	close(fd);
	notify_stopping(); /* a manager that is gone is no failure */
}

static void test_watchdog_of_another(void **state)
{
	int fd = manager();

	(void)state;
	setenv("WATCHDOG_USEC", "30000000", 1);
	setenv("WATCHDOG_PID", "1", 1);
	notify_open();
	notify_alive();
	assert_string_equal(heard(fd), "");
	close(fd);
}

static void test_field(void **state)
{
	static const char lines[] = "two\nlines", expected[] =
						      "MESSAGE\n\x09\0\0\0\0\0\0\0two\nlines\n"
						      "TLSVANE_CLIENT_IP=192.0.2.1\n";
	char *text;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	(void)state;
	log_journal_put(to, "MESSAGE", lines, strlen(lines));
	log_journal_put_own(to, "client.ip: ", 9, "192.0.2.1\n", 9);
	fclose(to);
	assert_int_equal(size, sizeof(expected) - 1);
	assert_memory_equal(text, expected, size);
	free(text);
}

static void test_stream(void **state)
{
	struct stat status;
	char stream[64];

	(void)state;
	unsetenv("JOURNAL_STREAM");
	assert_false(log_journal_is_stream(STDERR_FILENO));
	assert_int_equal(fstat(STDERR_FILENO, &status), 0);
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)status.st_dev,
	    (unsigned long long)status.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	assert_true(log_journal_is_stream(STDERR_FILENO));
	setenv("JOURNAL_STREAM", "1:1", 1); /* inherited, but stderr is another by now */
	assert_false(log_journal_is_stream(STDERR_FILENO));
	setenv("JOURNAL_STREAM", "nonsense", 1);
	assert_false(log_journal_is_stream(STDERR_FILENO));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_nobody_listens),
	    cmocka_unit_test(test_life),
	    cmocka_unit_test(test_watchdog_of_another),
	    cmocka_unit_test(test_field),
	    cmocka_unit_test(test_stream),
	};

	return cmocka_run_group_tests_name("notify", tests, NULL, NULL);
}
