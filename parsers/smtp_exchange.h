/*
 * The inner half of smtp_dialog: what whole lines mean, a command to the state of the client's
 * side, a reply to the command that it answers. Nobody else includes this.
 */
#ifndef TLSVANE_SMTP_EXCHANGE_H
#define TLSVANE_SMTP_EXCHANGE_H

#include "smtp_dialog.h"

/* A line of the client, one of the server, without their endings. */
void smtp_exchange_command(struct smtp_dialog *d, struct cursor line);
void smtp_exchange_reply(struct smtp_dialog *d, struct cursor line);

/* Behind a line of the server: takes those lines that follow it in the same reply, begin with the
 * same code and are no different from it in what they may mean: nearly all of a reply to EHLO. */
void smtp_exchange_continue_reply(struct smtp_dialog *d, struct cursor *in);

/* Reads nothing more of the client until the reply to a command of this kind has come. */
void smtp_exchange_wait(struct smtp_dialog *d, uint8_t kind);

/* What follows on the client's side: a body (`at_line`: from its first byte), a response of AUTH,
 * TLS. */
void smtp_exchange_begin_body(struct smtp_dialog *d, bool at_line);
void smtp_exchange_begin_response(struct smtp_dialog *d);
void smtp_exchange_begin_tls(struct smtp_dialog *d);

/* Of a message in the clear: bytes of its body; and that they end, before `kept` of the client is
 * used for anything else (`whole`: a header under way has ended, too). */
void smtp_exchange_read_headers(struct smtp_dialog *d, struct cursor bytes);
void smtp_exchange_end_headers(struct smtp_dialog *d, bool whole);

/* The server goes on in TLS, and so does the client behind lines that wait: they are passed over.
 */
void smtp_exchange_seek_tls(struct smtp_dialog *d);

/* STARTTLS was sent, as is certain now; it was accepted, and TLS begins. */
void smtp_exchange_note_request(struct smtp_dialog *d);
void smtp_exchange_accept_starttls(struct smtp_dialog *d, uint16_t code);

/* Facts, bits that may become false again, and letters of the history. */
static inline void smtp_exchange_note(struct smtp_dialog *d, uint32_t facts)
{
	d->facts.seen |= facts;
}

void smtp_exchange_note_if(struct smtp_dialog *d, uint32_t fact, bool true_now);
void smtp_exchange_tell(struct smtp_dialog *d, char letter);
void smtp_exchange_log(struct smtp_dialog *d, uint16_t what);

static inline bool smtp_exchange_saw(const struct smtp_dialog *d, uint32_t facts)
{
	return (d->facts.seen & facts) != 0;
}

static inline bool smtp_exchange_unsure(const struct smtp_dialog *d)
{
	return d->unsure[SIDE_CLIENT] || d->unsure[SIDE_SERVER];
}

static inline void smtp_exchange_set_unsure(struct smtp_dialog *d, bool unsure)
{
	d->unsure[SIDE_CLIENT] = d->unsure[SIDE_SERVER] = unsure;
}

static inline void smtp_exchange_end(struct smtp_dialog *d)
{
	d->mode[SIDE_CLIENT] = d->mode[SIDE_SERVER] = SMTP_MODE_OVER;
}

static inline void smtp_exchange_call_foreign(struct smtp_dialog *d)
{
	d->facts.seen |= SMTP_FOREIGN;
	smtp_exchange_end(d);
}

#endif
