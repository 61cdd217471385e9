/*
 * Is this flow mail, on a port nobody told us of (--any-port)? Its session reads it as SMTP from
 * its first byte on; nDPI sees the same bytes, of text alone, so that none is TLS: a record begins
 * with a control character. The first that is sure decides; what neither knows within
 * LIMIT_SEARCH_BYTES is no mail.
 */
#ifndef TLSVANE_SEARCH_H
#define TLSVANE_SEARCH_H

#include "session.h"

/*
 * Whether it is worth a session: the first bytes seen of a flow, of `side`. Where its start was
 * seen, it may begin with a digit of a reply or a letter of a command; else (`midstream`) it has to
 * begin with a greeting or with EHLO, as the body of anything may look like the rest.
 */
bool search_begins(enum side side, struct cursor bytes, bool midstream);

/* Shows nDPI what `side` said in the dialogue next. */
void search_show(
    struct session *s, struct session_shared *shared, enum side side, struct cursor bytes);

/* After each segment. */
enum search_result { SEARCH_GOES_ON, SEARCH_MAIL, SEARCH_OTHER };
enum search_result search_judge(const struct session *s);

/* It is mail: from here on a session like any other. */
void search_end(struct session *s);

#endif
