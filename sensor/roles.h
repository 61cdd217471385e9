/*
 * Who is the client and who the server of a connection whose SYN was not captured, by what they
 * say: the dialogue first, then the hellos; where neither tells, the ports have to.
 */
#ifndef TLSVANE_ROLES_H
#define TLSVANE_ROLES_H

#include "../parsers/cursor.h"

enum role_hint {
	ROLE_UNKNOWN,
	ROLE_MAYBE_CLIENT, /* a command, which may also stand in a message */
	ROLE_MAYBE_SERVER, /* a reply, which may, too */
	ROLE_CLIENT,	   /* EHLO, HELO or LHLO; a ClientHello */
	ROLE_SERVER,	   /* a greeting; a ServerHello */
};

/* What the first bytes of a segment say of who sent it. */
enum role_hint roles_read(struct cursor bytes);

/* The line that bytes begin with, without its ending; false when it is not whole. */
bool roles_first_line(struct cursor bytes, struct cursor *line);

#endif
