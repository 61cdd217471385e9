/* What a session's dialogue says of the two sides besides TLS, as a record: products, refusals, and
 * the stamps of earlier hops in mail that went in the clear. */
#ifndef TLSVANE_SESSION_MAIL_H
#define TLSVANE_SESSION_MAIL_H

#include "../parsers/smtp_dialog.h"
#include "record.h"

void session_report_mail(const struct smtp_facts *f, struct record *r);

/* Behind both that and the handshake's facts: a client that its ClientHello tells. */
void session_report_hello(struct record *r);

#endif
