/* Words of a fixed size, so that their length is their check. */
#include "control.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

void control_send(int socket, enum control_word word, const char *text)
{
	struct control c = {.word = (uint32_t)word};

	snprintf(c.text, sizeof(c.text), "%s", text);
	/* A full socket is one whose reader hangs: he will be found out. */
	(void)!send(socket, &c, sizeof(c), MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* A child may be another's: its text is shown to people. */
static void clean(char text[CONTROL_TEXT_MAX])
{
	text[CONTROL_TEXT_MAX - 1] = '\0';
	for (char *c = text; *c != '\0'; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
}

int control_receive(int socket, struct control *c)
{
	ssize_t got;

	for (;;) {
		got = recv(socket, c, sizeof(*c), MSG_DONTWAIT | MSG_TRUNC);
		if (got == 0)
			return -1;
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
		if (got != (ssize_t)sizeof(*c) || c->word < CONTROL_STOP ||
		    c->word > CONTROL_USELESS)
			continue;
		clean(c->text);
		return 1;
	}
}
