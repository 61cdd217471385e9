/*
 * What the server says in an SMTP dialogue: the greeting, and which command a reply answers (RFC
 * 5321 section 4.2, RFC 2920 section 3.1: in order). Where that is unsure, codes that only one
 * command has tell it.
 */
#include "smtp_exchange.h"
#include "smtp_text.h"

/* Greeting */

static void greet(struct smtp_dialog *d, const struct smtp_reply *reply)
{
	bool sure = !smtp_exchange_unsure(d);

	if (!smtp_exchange_saw(d, SMTP_SPOKEN) && sure && reply->code != 220 && reply->code < 400) {
		smtp_exchange_call_foreign(d); /* NNTP's 200, for one */
		return;
	}
	smtp_exchange_note(d, SMTP_SAW_BANNER);
	d->facts.banner_code = reply->code;
	smtp_text_keep(d->facts.banner, SMTP_BANNER_MAX, reply->text);
	smtp_exchange_tell(d, reply->code < 400 ? 'b' : 'x');
	if (smtp_text_contains(reply->text, "SMTP") || smtp_text_contains(reply->text, "LMTP"))
		smtp_exchange_note(d, SMTP_SPOKEN);
}

/* A greeting where none was expected any longer: the start was not missed after all. */
static bool is_late_greeting(const struct smtp_dialog *d, const struct smtp_reply *reply)
{
	return d->greeted && smtp_exchange_unsure(d) && smtp_queue_empty(&d->queue) &&
	       reply->code == 220 && !smtp_exchange_saw(d, SMTP_SAW_BANNER | SMTP_SPOKEN) &&
	       d->early_code == 0 && smtp_reply_is_greeting(reply);
}

/* Replies to the client's commands, one function a kind. `sure`: which command it answers is beyond
 * doubt. */

static void keep_capabilities(struct smtp_dialog *d)
{
	bool offered = smtp_capabilities_offer_tls(&d->capabilities);

	/* What is not in a reply with lines missing may still have been said. */
	if (d->torn && !offered)
		return;
	smtp_exchange_note(d, SMTP_SAW_CAPABILITIES | SMTP_SPOKEN);
	/* A server that has just refused STARTTLS may leave it out: it was on offer before. */
	if (offered || d->facts.starttls_reply == 0)
		smtp_exchange_note_if(d, SMTP_OFFERED, offered);
	if (d->capabilities.masked)
		smtp_exchange_note(d, SMTP_MASKED);
	smtp_capabilities_clear(&d->facts.capabilities);
	if (!d->torn)
		d->facts.capabilities = d->capabilities;
	smtp_exchange_tell(d, 'e');
}

/* The one kind of command that has such a reply, or SMTP_OTHER. */
static uint8_t told_kind(const struct smtp_dialog *d, uint16_t code)
{
	switch (code) {
	case 220:
		return SMTP_STARTTLS;
	case 221:
		return SMTP_QUIT;
	case 235:
	case 334:
		return SMTP_AUTH;
	case 250:
		return smtp_capabilities_tell_ehlo(&d->capabilities) ? SMTP_EHLO : SMTP_OTHER;
	case 354:
		return SMTP_DATA;
	default:
		return SMTP_OTHER;
	}
}

/* No command waits for this reply: its command is missing, or the capture has it behind its reply.
 */
static void keep_early(struct smtp_dialog *d, const struct smtp_reply *reply)
{
	if (reply->code == 421)
		return;
	d->unsure[SIDE_SERVER] = true;
	if (d->mode[SIDE_CLIENT] != SMTP_MODE_LINES)
		return;
	d->early_code = reply->code;
	if (told_kind(d, reply->code) == SMTP_EHLO)
		keep_capabilities(d);
}

static void answer_ehlo(struct smtp_dialog *d, const struct smtp_reply *reply, bool sure)
{
	if (reply->code / 100 != 2 || !sure)
		return;
	if (d->unsure_helo[0] != '\0') {
		memcpy(d->facts.helo, d->unsure_helo, SMTP_HELO_MAX);
		d->unsure_helo[0] = '\0';
	}
	smtp_exchange_note(d, SMTP_SAW_EHLO | SMTP_SPOKEN);
	keep_capabilities(d);
}

static void answer_helo(struct smtp_dialog *d, const struct smtp_reply *reply, bool sure)
{
	if (reply->code / 100 == 2 && sure)
		smtp_exchange_tell(d, 'h');
}

/* 454, or a text about TLS, is a reply to nothing but STARTTLS. */
static bool refuses_tls(const struct smtp_reply *reply)
{
	return reply->code == 454 || smtp_text_contains(reply->text, "TLS");
}

static void answer_starttls(struct smtp_dialog *d, const struct smtp_reply *reply, bool sure)
{
	bool stranger_waits = d->wait_look == SMTP_LOOK_NO && !d->wait_gap;

	d->mode[SIDE_CLIENT] = SMTP_MODE_LINES;
	if (reply->code / 100 != 2) {
		if (!sure && (d->reply_gap || !refuses_tls(reply)))
			return;
		smtp_exchange_note_request(d);
		d->facts.starttls_reply = reply->code;
		smtp_exchange_tell(d, 'r');
		return;
	}
	if (d->unsure[SIDE_CLIENT] && stranger_waits) {
		keep_early(
		    d, reply); /* that was a line of a body, and the command is still to come */
		return;
	}
	smtp_exchange_note_request(d);
	smtp_exchange_accept_starttls(d, reply->code);
	if (stranger_waits) {
		if (!d->reply_gap) /* else the client may have had its reply before */
			smtp_exchange_note(d, SMTP_INJECTED);
		smtp_exchange_seek_tls(d);
	}
}

static void answer_mail(struct smtp_dialog *d, const struct smtp_reply *reply, bool sure)
{
	if (reply->code / 100 != 2 || !sure)
		return;
	smtp_exchange_note(d, SMTP_MAIL_ACCEPTED);
	smtp_exchange_tell(d, 'm');
}

static void answer_data(struct smtp_dialog *d, const struct smtp_reply *reply, bool sure)
{
	(void)sure;
	d->mode[SIDE_CLIENT] = SMTP_MODE_LINES;
	if (reply->code == 354)
		smtp_exchange_begin_body(d, !d->wait_gap);
}

static void answer_auth(struct smtp_dialog *d, const struct smtp_reply *reply, bool sure)
{
	d->mode[SIDE_CLIENT] = SMTP_MODE_LINES;
	if (reply->code == 334 && !d->wait_gap)
		smtp_exchange_begin_response(d);
	else if (reply->code / 100 == 2 && sure)
		smtp_exchange_tell(d, 'a');
}

static void answer_body(struct smtp_dialog *d, const struct smtp_reply *reply, bool sure)
{
	if (reply->code / 100 != 2)
		return;
	if (sure)
		smtp_exchange_tell(d, 'd');
	/* The server has seen the end of the body and we have not: it was missing, or of another
	 * form. */
	if (d->mode[SIDE_CLIENT] == SMTP_MODE_BODY) {
		smtp_exchange_end_headers(d, false);
		d->mode[SIDE_CLIENT] = SMTP_MODE_LINES;
		smtp_exchange_set_unsure(d, true);
	}
}

static void answer_quit(struct smtp_dialog *d, const struct smtp_reply *reply, bool sure)
{
	if (reply->code / 100 != 2 || !sure)
		return;
	smtp_exchange_note(d, SMTP_CLOSED);
	smtp_exchange_tell(d, 'q');
}

/* One row a kind of command: the classes of reply it may have besides 4yz and 5yz, and what they
 * mean. */
static const struct answer {
	bool positive; /* 2yz */
	bool telling;  /* a positive or intermediate reply has a code that no other command has */
	uint16_t intermediate; /* 3yz: this one, or none */
	void (*act)(struct smtp_dialog *d, const struct smtp_reply *reply, bool sure);
} answers[SMTP_COMMAND_KINDS] = {
    [SMTP_OTHER] = {true, false, 0, NULL},
    [SMTP_EHLO] = {true, false, 0, answer_ehlo},
    [SMTP_STARTTLS] = {true, true, 0, answer_starttls},
    [SMTP_MAIL_FROM] = {true, false, 0, answer_mail},
    [SMTP_DATA] = {false, true, 354, answer_data},
    [SMTP_BDAT] = {true, false, 0, NULL},
    [SMTP_AUTH] = {true, true, 334, answer_auth},
    [SMTP_QUIT] = {true, true, 0, answer_quit},
    [SMTP_HELO] = {true, false, 0, answer_helo},
    [SMTP_BODY] = {true, false, 0, answer_body},
    [SMTP_BLANK] = {false, false, 0, NULL},
};

static bool may_answer(uint8_t kind, uint16_t code)
{
	const struct answer *a = &answers[kind];

	if (kind == SMTP_EHLO && code < 300)
		return code == 250; /* RFC 5321 section 4.1.1.1; 220 and 221 are to others */
	return code >= 400 || (code < 300 ? a->positive : code == a->intermediate);
}

static void answer(struct smtp_dialog *d, const struct smtp_reply *reply, bool sure)
{
	uint8_t kind = smtp_queue_pop(&d->queue);

	if (answers[kind].act != NULL)
		answers[kind].act(d, reply, sure);
}

/* A reply that only one kind of command has, while it is unsure which commands and replies are
 * missing. */
static void pair_telling(struct smtp_dialog *d, const struct smtp_reply *reply, uint8_t kind)
{
	bool torn_wait = smtp_dialog_waiting(d) && d->wait_gap;

	if (!smtp_queue_skip_to(&d->queue, kind)) {
		keep_early(d, reply);
		return;
	}
	answer(d, reply, true);
	/* Nothing stands behind it: from here on both sides are known again. */
	if (!torn_wait && d->early_code == 0 &&
	    (smtp_queue_empty(&d->queue) || d->mode[SIDE_CLIENT] == SMTP_MODE_BODY))
		smtp_exchange_set_unsure(d, false);
}

/* An empty line is passed over, or called an error of syntax (RFC 5321 section 4.2.1: x0z). */
static void pass_blanks(struct smtp_dialog *d, uint16_t code)
{
	if (code >= 400 && code / 10 % 10 == 0)
		return;
	while (!smtp_queue_empty(&d->queue) && smtp_queue_oldest(&d->queue) == SMTP_BLANK)
		(void)smtp_queue_pop(&d->queue);
}

static void pair_reply(struct smtp_dialog *d, const struct smtp_reply *reply)
{
	uint8_t told = told_kind(d, reply->code);
	bool none = smtp_queue_empty(&d->queue);
	uint8_t kind = none ? SMTP_OTHER : smtp_queue_oldest(&d->queue);
	bool fits = !none && may_answer(kind, reply->code);

	if (!none && !fits)
		d->unsure[SIDE_SERVER] = true;
	if (!d->unsure[SIDE_SERVER]) {
		if (none)
			keep_early(d, reply);
		else
			answer(d, reply, true);
	} else if (told != SMTP_OTHER) {
		pair_telling(d, reply, told);
	} else if (none) {
		keep_early(d, reply);
	} else if (fits && (reply->code >= 400 || !answers[kind].telling)) {
		answer(d, reply, false);
	}
}

static void receive_reply(struct smtp_dialog *d, const struct smtp_reply *reply)
{
	d->early_code = 0; /* the command of that one came, unseen, before this one's */
	if (reply->code == 421)
		smtp_exchange_tell(d, '!');
	/* FTP greets like SMTP; it is told by what it answers to words that SMTP has not. */
	if (!smtp_exchange_saw(d, SMTP_SPOKEN) && !smtp_exchange_unsure(d) && d->strangers > 0 &&
	    reply->code < 400) {
		smtp_exchange_call_foreign(d);
		return;
	}
	pair_reply(d, reply);
}

static void begin_reply(struct smtp_dialog *d, const struct smtp_reply *reply)
{
	smtp_capabilities_clear(&d->capabilities);
	if (is_late_greeting(d, reply)) {
		d->greeted = d->torn = false;
		smtp_exchange_set_unsure(d, false);
	}
	if (!d->greeted)
		greet(d, reply);
	if (!smtp_exchange_saw(d, SMTP_SPOKEN) && smtp_reply_has_status(reply))
		smtp_exchange_note(d, SMTP_SPOKEN);
}

/* 454 answers AUTH, too, and RCPT to another's domain (Postfix); 530 is as well for who has to
 * authenticate first, where that can be done without TLS (RFC 4954 section 6). */
static bool is_of_another(const struct smtp_dialog *d, const struct smtp_reply *reply)
{
	bool offered = d->facts.capabilities.known & SMTP_KEYWORD_BIT(SMTP_KEYWORD_AUTH);

	if (reply->code == 454)
		return smtp_queue_empty(&d->queue) || smtp_queue_oldest(&d->queue) != SMTP_STARTTLS;
	return reply->code == 530 && !smtp_text_contains(reply->text, "TLS") &&
	       (offered || smtp_text_contains(reply->text, "AUTHENTICAT"));
}

static void keep_refusal(struct smtp_dialog *d, const struct smtp_reply *reply)
{
	if (!smtp_exchange_unsure(d))
		smtp_refusal_keep(&d->facts.refusal, reply, is_of_another(d, reply));
}

void smtp_exchange_reply(struct smtp_dialog *d, struct cursor line)
{
	struct smtp_reply reply;
	bool fragment = d->fragment;

	d->fragment = false;
	if (!smtp_reply_read(line, &reply) || (fragment && reply.text.left == 0))
		return;
	/* It may be the end of "220-220 ...": where TLS begins is not believed to it alone. */
	if (fragment && reply.code == 220 && reply.last && !is_late_greeting(d, &reply)) {
		d->early_code = 220;
		return;
	}
	if (d->reply_code == 0)
		begin_reply(d, &reply);
	if (d->reply_code != 0 || d->torn) /* the first line names the server */
		smtp_capability_read(&d->capabilities, reply.text);
	d->reply_code = reply.last ? 0 : reply.code;
	if (!reply.last && !cursor_copy(&line, d->reply_head, SMTP_REPLY_HEAD))
		return;
	if (!reply.last || d->mode[SIDE_SERVER] == SMTP_MODE_OVER)
		return;
	smtp_exchange_log(d, reply.code);
	if (d->greeted)
		pass_blanks(d, reply.code);
	if (reply.code >= 400)
		keep_refusal(d, &reply);
	if (d->greeted)
		receive_reply(d, &reply);
	d->greeted = true;
	d->torn = false;
}

/* Whether there is nothing more in a line like the one before than a capability. */
static bool is_within_reply(const struct smtp_dialog *d)
{
	return d->reply_code != 0 && d->mode[SIDE_SERVER] == SMTP_MODE_LINES &&
	       smtp_exchange_saw(d, SMTP_SPOKEN) && !smtp_exchange_unsure(d);
}

void smtp_exchange_continue_reply(struct smtp_dialog *d, struct cursor *in)
{
	struct cursor rest = *in, line;
	uint8_t head[SMTP_REPLY_HEAD];

	if (!is_within_reply(d))
		return;
	while (smtp_line_take(&rest, &line) && cursor_copy(&line, head, sizeof(head)) &&
	       memcmp(head, d->reply_head, sizeof(head)) == 0) {
		smtp_capability_read(&d->capabilities, line);
		*in = rest;
	}
}
