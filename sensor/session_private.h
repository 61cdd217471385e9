/* A session, from inside: session.c drives, session_tls.c reads what is not the dialogue's. */
#ifndef TLSVANE_SESSION_PRIVATE_H
#define TLSVANE_SESSION_PRIVATE_H

#include "session.h"

/* Whether bytes begin with a hello, by its own structure. */
bool session_is_hello(enum side side, struct cursor bytes);

/* The handshake takes the dialogue's place. */
void session_begin_tls(struct session *s);

/* Reads bytes of the handshake. Returns how much was used: all, or nothing where the dialogue reads
 * on. */
size_t session_read_tls(
    struct session *s, struct session_shared *shared, enum side side, struct cursor bytes);

/* The first bytes to be seen of a side of implicit TLS under way, perhaps in the middle of a
 * record: what is no hello has to show that it begins one. */
void session_join_tls(struct session *s, enum side side, struct cursor bytes);

#endif
