/* The service manager's socket takes datagrams of NAME=value lines. */
#include "notify.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "log_journal.h"

#define STATUS_BYTES 256
#define US_PER_S     1000000ull

static struct {
	int socket; /* fd + 1, so that 0 is none */
	uint64_t watchdog_us, alive_us;
	char status[STATUS_BYTES];
} notify_state;

static uint64_t clock_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * US_PER_S + (uint64_t)now.tv_nsec / 1000;
}

static void tell(const char *message)
{
	if (notify_state.socket > 0)
		(void)!send(notify_state.socket - 1, message, strlen(message), MSG_NOSIGNAL);
}

/* WATCHDOG_PID names whose duty it is; without it, it is ours. */
static uint64_t watchdog_us(void)
{
	const char *interval = getenv("WATCHDOG_USEC"), *process = getenv("WATCHDOG_PID");

	if (interval == NULL || (process != NULL && strtol(process, NULL, 10) != (long)getpid()))
		return 0;
	return strtoull(interval, NULL, 10);
}

void notify_open(void)
{
	const char *path = getenv("NOTIFY_SOCKET");

	if (path != NULL && (path[0] == '/' || path[0] == '@'))
		notify_state.socket = log_journal_connect(path) + 1;
	notify_state.watchdog_us = watchdog_us();
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}

void notify_close(void)
{
	if (notify_state.socket > 0)
		close(notify_state.socket - 1);
	notify_state.socket = 0;
}

static void tell_with_status(const char *state, const char *status)
{
	char message[STATUS_BYTES + 64];

	snprintf(notify_state.status, sizeof(notify_state.status), "%s", status);
	snprintf(message, sizeof(message), "%sSTATUS=%s", state, notify_state.status);
	tell(message);
}

void notify_ready(const char *status)
{
	tell_with_status("READY=1\n", status);
}

void notify_status(const char *status)
{
	if (strncmp(status, notify_state.status, sizeof(notify_state.status) - 1) != 0)
		tell_with_status("", status);
}

/* With the time: Type=notify-reload of systemd 253 asks for it. */
void notify_reloading(void)
{
	char message[64];

	snprintf(message, sizeof(message), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, clock_us());
	tell(message);
}

void notify_stopping(void)
{
	tell("STOPPING=1");
}

void notify_alive(void)
{
	uint64_t now;

	if (notify_state.socket == 0 || notify_state.watchdog_us == 0)
		return;
	now = clock_us();
	if (now - notify_state.alive_us < notify_state.watchdog_us / 3)
		return;
	notify_state.alive_us = now;
	tell("WATCHDOG=1");
}
