/*
 * What the client says in an SMTP dialogue, and what follows from it for the bytes behind it (RFC
 * 5321 section 4.1, RFC 3207, RFC 3030, RFC 4954). A new kind of command is a function and a row in
 * `senders`.
 */
#include "smtp_exchange.h"
#include "smtp_text.h"

void smtp_exchange_note_if(struct smtp_dialog *d, uint32_t fact, bool true_now)
{
	d->facts.seen = true_now ? d->facts.seen | fact : d->facts.seen & ~fact;
}

void smtp_exchange_tell(struct smtp_dialog *d, char letter)
{
	char *history = d->facts.history;

	if (d->told + 1 == SMTP_HISTORY_MAX || (d->told > 0 && history[d->told - 1] == letter))
		return;
	history[d->told++] = letter;
}

/* Many recipients are told as one: RCPT, its reply, and again. */
static struct smtp_event *same_event(struct smtp_facts *f, uint16_t what)
{
	size_t n = f->event_count;
	const char *verb = n > 1 && f->events[n - 2].what == what ? smtp_verb_name(what) : NULL;

	if (n > 0 && f->events[n - 1].what == what)
		return &f->events[n - 1];
	return verb != NULL && strcmp(verb, "RCPT") == 0 ? &f->events[n - 2] : NULL;
}

void smtp_exchange_log(struct smtp_dialog *d, uint16_t what)
{
	struct smtp_facts *f = &d->facts;
	struct smtp_event *same = f->events_lost == 0 ? same_event(f, what) : NULL;

	if (same != NULL)
		same->times = (uint16_t)(same->times + (same->times < UINT16_MAX));
	else if (f->event_count < SMTP_EVENTS_MAX)
		f->events[f->event_count++] = (struct smtp_event){d->clock, what, 1};
	else
		f->events_lost = (uint16_t)(f->events_lost + (f->events_lost < UINT16_MAX));
}

/* Returns false when there is no room: the client is not followed any longer. */
static bool push(struct smtp_dialog *d, uint8_t kind)
{
	if (smtp_queue_push(&d->queue, kind))
		return true;
	d->mode[SIDE_CLIENT] = SMTP_MODE_OVER;
	smtp_exchange_note(d, SMTP_GAVE_UP);
	return false;
}

void smtp_exchange_wait(struct smtp_dialog *d, uint8_t kind)
{
	if (!push(d, kind))
		return;
	d->mode[SIDE_CLIENT] = SMTP_MODE_WAIT;
	d->waits_for = kind;
	d->wait_look = SMTP_LOOK_NONE;
	d->wait_gap = false;
	d->reply_gap = false;
}

/* A body or a chunk begins. Where it does so is certain: else a line of text could pass for a
 * header.
 */
static void begin_headers(struct smtp_dialog *d)
{
	d->in_headers = !d->in_message && !d->unsure[SIDE_CLIENT];
	d->in_message = true;
	d->received = (struct received_reader){0};
	d->facts.received.messages = (uint16_t)(d->facts.received.messages + d->in_headers);
}

void smtp_exchange_read_headers(struct smtp_dialog *d, struct cursor bytes)
{
	uint8_t *kept = d->kept[SIDE_CLIENT];

	while (received_next(&d->received, kept, &bytes) == RESULT_OK) {
		received_keep(&d->facts.received, &d->received, kept);
		received_forget(&d->received, kept);
	}
	if (received_over(&d->received))
		smtp_exchange_end_headers(d, true);
}

void smtp_exchange_end_headers(struct smtp_dialog *d, bool whole)
{
	if (!d->in_headers)
		return;
	if (received_end(&d->received) == RESULT_OK && whole)
		received_keep(&d->facts.received, &d->received, d->kept[SIDE_CLIENT]);
	received_forget(&d->received, d->kept[SIDE_CLIENT]);
	d->facts.received.whole = (uint16_t)(d->facts.received.whole + whole);
	d->in_headers = false;
}

/* The state of `body_match` before the first byte: the CRLF of the line before counts. */
#define BODY_AT_LINE 2

void smtp_exchange_begin_body(struct smtp_dialog *d, bool at_line)
{
	if (!push(d, SMTP_BODY))
		return;
	d->mode[SIDE_CLIENT] = SMTP_MODE_BODY;
	d->body_match = at_line ? BODY_AT_LINE : 0;
	if (at_line)
		begin_headers(d);
}

void smtp_exchange_begin_response(struct smtp_dialog *d)
{
	d->mode[SIDE_CLIENT] = SMTP_MODE_LINES;
	d->pass_line = d->response = true;
}

void smtp_exchange_begin_tls(struct smtp_dialog *d)
{
	d->mode[SIDE_CLIENT] = d->mode[SIDE_SERVER] = SMTP_MODE_TLS;
}

void smtp_exchange_seek_tls(struct smtp_dialog *d)
{
	d->mode[SIDE_CLIENT] = SMTP_MODE_LINES;
	d->seeks_tls = true;
}

void smtp_exchange_note_request(struct smtp_dialog *d)
{
	if (!d->request_told)
		smtp_exchange_tell(d, 'S');
	d->request_told = true;
	smtp_exchange_note(d, SMTP_REQUESTED);
	smtp_exchange_note_if(d, SMTP_ANONYMOUS, d->anonymous);
}

void smtp_exchange_accept_starttls(struct smtp_dialog *d, uint16_t code)
{
	d->facts.starttls_reply = code;
	smtp_exchange_tell(d, 's');
	smtp_exchange_begin_tls(d);
}

/* Commands, one function a kind. */

/* Whether the reply to this command came before it. */
static bool was_answered(struct smtp_dialog *d, uint16_t code)
{
	if (d->early_code != code)
		return false;
	if (smtp_queue_empty(&d->queue))
		smtp_exchange_set_unsure(d, false);
	return true;
}

static void keep_helo(
    struct smtp_dialog *d, const struct smtp_command *c, uint32_t fact, char letter)
{
	if (d->unsure[SIDE_CLIENT]) {
		smtp_text_keep(d->unsure_helo, SMTP_HELO_MAX, c->argument);
		return;
	}
	smtp_text_keep(d->facts.helo, SMTP_HELO_MAX, c->argument);
	d->unsure_helo[0] = '\0';
	smtp_exchange_note(d, fact);
	smtp_exchange_tell(d, letter);
}

static void send_ehlo(struct smtp_dialog *d, const struct smtp_command *c)
{
	bool answered = smtp_capabilities_tell_ehlo(&d->capabilities) && was_answered(d, 250);

	keep_helo(d, c, SMTP_SAW_EHLO, 'E');
	if (!answered)
		(void)push(d, SMTP_EHLO);
}

static void send_helo(struct smtp_dialog *d, const struct smtp_command *c)
{
	keep_helo(d, c, SMTP_SAW_HELO, 'H');
	(void)push(d, SMTP_HELO);
}

static void send_starttls(struct smtp_dialog *d, const struct smtp_command *c)
{
	bool answered = was_answered(d, 220);

	d->anonymous = c->anonymous;
	d->request_told = false;
	if (answered || !d->unsure[SIDE_CLIENT])
		smtp_exchange_note_request(d);
	if (answered)
		smtp_exchange_accept_starttls(d, 220);
	else
		smtp_exchange_wait(d, SMTP_STARTTLS);
}

static void tell_sure(struct smtp_dialog *d, char letter)
{
	if (!d->unsure[SIDE_CLIENT])
		smtp_exchange_tell(d, letter);
}

static void send_mail(struct smtp_dialog *d, const struct smtp_command *c)
{
	(void)c;
	d->in_message = false;
	smtp_exchange_note(d, SMTP_MAIL); /* even as a line of a body it shows mail in the clear */
	tell_sure(d, 'M');
	(void)push(d, SMTP_MAIL_FROM);
}

static void send_data(struct smtp_dialog *d, const struct smtp_command *c)
{
	(void)c;
	tell_sure(d, 'D');
	if (was_answered(d, 354))
		smtp_exchange_begin_body(d, true);
	else
		smtp_exchange_wait(d, SMTP_DATA);
}

/* RFC 3030 section 2: the chunk follows at once, whatever the reply will be. */
static void send_bdat(struct smtp_dialog *d, const struct smtp_command *c)
{
	bool last;

	if (!smtp_chunk_read(c->argument, &d->chunk_left, &last)) {
		(void)push(d, SMTP_OTHER);
		return;
	}
	tell_sure(d, 'D');
	if (!push(d, last ? SMTP_BODY : SMTP_BDAT) || d->chunk_left == 0)
		return;
	d->mode[SIDE_CLIENT] = SMTP_MODE_CHUNK;
	begin_headers(d);
}

static void send_auth(struct smtp_dialog *d, const struct smtp_command *c)
{
	(void)c;
	tell_sure(d, 'A');
	if (was_answered(d, 334))
		smtp_exchange_begin_response(d);
	else if (was_answered(d, 235))
		smtp_exchange_tell(d, 'a');
	else
		smtp_exchange_wait(d, SMTP_AUTH);
}

static void send_quit(struct smtp_dialog *d, const struct smtp_command *c)
{
	(void)c;
	tell_sure(d, 'Q');
	(void)push(d, SMTP_QUIT);
}

static void send_other(struct smtp_dialog *d, const struct smtp_command *c)
{
	(void)c;
	(void)push(d, SMTP_OTHER);
}

/* A line before the dialogue, without a reply; anywhere else it is an error with one. */
static void send_proxy(struct smtp_dialog *d, const struct smtp_command *c)
{
	(void)c;
	d->proxied =
	    !smtp_exchange_saw(d, SMTP_SAW_EHLO | SMTP_SAW_HELO) && smtp_queue_empty(&d->queue);
	if (!d->proxied)
		(void)push(d, SMTP_OTHER);
}

static void send_blank(struct smtp_dialog *d, const struct smtp_command *c)
{
	(void)c;
	(void)push(d, SMTP_BLANK);
}

static void (*const senders[SMTP_COMMAND_KINDS])(
    struct smtp_dialog *, const struct smtp_command *) = {
    [SMTP_OTHER] = send_other,
    [SMTP_EHLO] = send_ehlo,
    [SMTP_STARTTLS] = send_starttls,
    [SMTP_MAIL_FROM] = send_mail,
    [SMTP_DATA] = send_data,
    [SMTP_BDAT] = send_bdat,
    [SMTP_AUTH] = send_auth,
    [SMTP_QUIT] = send_quit,
    [SMTP_HELO] = send_helo,
    [SMTP_BODY] = send_other,
    [SMTP_PROXY] = send_proxy,
    [SMTP_BLANK] = send_blank,
};

/* Who talks first, twice, in words that SMTP has not, does not speak it. */
static bool is_stranger(struct smtp_dialog *d, const struct smtp_command *c)
{
	if (c->known || c->kind == SMTP_BLANK || smtp_exchange_saw(d, SMTP_SPOKEN) ||
	    smtp_exchange_unsure(d))
		return false;
	if (d->strangers < 2)
		d->strangers++;
	if (d->greeted || d->strangers < 2)
		return false;
	smtp_exchange_call_foreign(d);
	return true;
}

/* The command DATA is missing, and its reply is there. */
static void receive_body_line(struct smtp_dialog *d, struct cursor line)
{
	uint8_t b;

	if (line.left == 1 && cursor_peek(&line, 0, &b) && b == '.') {
		(void)push(d, SMTP_BODY);
		return;
	}
	d->in_message = true; /* its first header was this line */
	smtp_exchange_begin_body(d, true);
}

static void log_command(struct smtp_dialog *d, const struct smtp_command *c, struct cursor line)
{
	smtp_exchange_log(d, c->verb != 0 ? c->verb : SMTP_EVENT_UNKNOWN);
	if (c->verb == 0 && smtp_word_is_masked(line))
		smtp_exchange_note(d, SMTP_MASKED);
}

void smtp_exchange_command(struct smtp_dialog *d, struct cursor line)
{
	struct smtp_command c = smtp_command_read(line);

	if (!c.strict && d->early_code == 354) {
		receive_body_line(d, line);
	} else if (!c.strict && d->unsure[SIDE_CLIENT]) {
		return; /* a body's, perhaps: an early reply is not its own */
	} else if (!is_stranger(d, &c)) {
		if (c.only_smtp && (d->greeted || c.kind != SMTP_STARTTLS)) /* IRC greets later */
			smtp_exchange_note(d, SMTP_SPOKEN);
		log_command(d, &c, line);
		senders[c.kind](d, &c);
	}
	d->early_code = 0;
}
