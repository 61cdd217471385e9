/* The handshake's part of a session: how it begins, the memory that it is lent, and words in the
 * clear where it was expected. */
#include "session_private.h"

#include <stdlib.h>

#include "limits.h"

/* The dialogue and the handshake share their memory: what was said is kept, what was said with is
 * not. */
void session_begin_tls(struct session *s)
{
	struct smtp_facts *said = &s->dialog.facts;

	if (said->starttls_reply / 100 != 2)
		said->starttls_reply = 0; /* an earlier one's: that of this TLS was not seen */
	s->phase = SESSION_TLS;
	s->implicit = s->tls_port && !(said->seen & SMTP_SPOKEN);
	s->had_tls = true;
	memset(&s->handed, 0, sizeof(s->handed));
	tls_handshake_init(&s->tls);
}

bool session_is_hello(enum side side, struct cursor bytes)
{
	if (side == SIDE_CLIENT)
		return tls_record_looks_like_client_hello(bytes.at, bytes.left) == RESULT_OK;
	return tls_record_looks_like_server_hello(bytes.at, bytes.left) == RESULT_OK;
}

/* Lends what the handshake asks for, within TLS_MESSAGE_MAX. */
static void lend(struct session *s, struct session_shared *shared, enum side side)
{
	size_t wants = s->tls.side[side].wants;
	bool fits = wants <= TLS_MESSAGE_MAX &&
		    shared->lent - s->lent_size[side] + wants <= LIMIT_LENT_TOTAL;
	uint8_t *memory = fits ? realloc(s->lent[side], wants) : NULL;

	if (memory != NULL) {
		shared->lent += wants - s->lent_size[side];
		s->lent_size[side] = (uint32_t)wants;
		s->lent[side] = memory;
	}
	tls_handshake_lend(&s->tls, side, memory, memory != NULL ? wants : 0);
}

/* No message is under way: what was lent is free again, and near, for the next of any session. */
static void take_back(struct session *s, struct session_shared *shared, enum side side)
{
	if (s->lent[side] == NULL || s->tls.side[side].wanted)
		return;
	tls_handshake_lend(&s->tls, side, NULL, 0);
	free(s->lent[side]);
	shared->lent -= s->lent_size[side];
	s->lent[side] = NULL;
	s->lent_size[side] = 0;
}

/* Nobody has spoken TLS yet. */
static bool tls_unspoken(const struct session *s)
{
	const struct tls_record_reader *client = &s->tls.side[SIDE_CLIENT].record,
				       *server = &s->tls.side[SIDE_SERVER].record;

	return !client->begun && client->have <= 1 && !server->begun && server->have <= 1;
}

/* Words in the clear where TLS was expected: its own dialogue, after all, or the one before the 220
 * goes on. */
static void begin_dialog(struct session *s, uint64_t ns)
{
	if (s->implicit)
		smtp_dialog_init(&s->dialog, s->midstream);
	else
		smtp_dialog_resume(&s->dialog);
	s->phase = SESSION_DIALOG;
	s->dialog.stops_behind_proxy = s->implicit;
	s->dialog.clock = (uint32_t)(ns >> SESSION_CLOCK_SHIFT);
	s->resumed = !s->implicit;
	s->implicit = s->had_tls = s->injected_line = false;
}

/* Neither a record nor a hello of SSL 2 begins with a letter. */
static bool goes_on_in_the_clear(const struct session *s, enum side side, struct cursor bytes)
{
	uint8_t b;

	if (s->implicit)
		return true;
	return side == SIDE_CLIENT && !s->tls_gap[side] && cursor_peek(&bytes, 0, &b) &&
	       ((b >= 'A' && b <= 'Z') || (b >= 'a' && b <= 'z'));
}

/* What follows the unfinished line of a reply in the clear: its end is text, TLS is not. */
static bool ends_line(enum side side, struct cursor bytes)
{
	uint8_t first;

	return cursor_peek(&bytes, 0, &first) &&
	       (first < TLS_CHANGE_CIPHER_SPEC || first > TLS_APPLICATION_DATA) &&
	       !session_is_hello(side, bytes);
}

/* Replies behind the 220, in its own stream and before the client began TLS: somebody put them
 * there (CVE-2021-33515 and its like), but for those with which a server gives up. No TLS begins
 * like that. */
static void pass_injected(struct session *s, enum side side, struct cursor *bytes)
{
	uint8_t first;

	if (side != SIDE_SERVER || s->dialog.facts.starttls_reply / 100 != 2)
		return;
	s->injected_line = s->injected_line && ends_line(side, *bytes);
	if (!s->injected_line && !tls_unspoken(s)) /* the end of a line may be late */
		return;
	while (bytes->left > 0 && (s->injected_line || smtp_reply_may_begin(*bytes))) {
		if (!s->injected_line && cursor_peek(bytes, 0, &first) && first < '4')
			s->dialog.facts.seen |= SMTP_REPLY_INJECTED;
		s->injected_line = !smtp_line_pass(bytes);
	}
}

size_t session_read_tls(
    struct session *s, struct session_shared *shared, enum side side, struct cursor bytes)
{
	struct tls_handover *handover = &shared->handed.handover;
	size_t length = bytes.left;
	int result;

	pass_injected(s, side, &bytes);
	while ((result = tls_handshake_feed(&s->tls, side, &bytes, handover)) == RESULT_ROOM ||
	       result == RESULT_HANDOVER) {
		if (result == RESULT_ROOM)
			lend(s, shared, side);
		else
			handed_take(&s->handed, &shared->handed, side, shared->now_ns);
	}
	take_back(s, shared, side);
	if (result == RESULT_NOT_TLS && bytes.left == length && tls_unspoken(s) &&
	    goes_on_in_the_clear(s, side, bytes)) {
		begin_dialog(s, shared->now_ns);
		return 0;
	}
	if (tls_handshake_complete(&s->tls))
		s->phase = SESSION_OVER;
	return length;
}

void session_join_tls(struct session *s, enum side side, struct cursor bytes)
{
	if (session_is_hello(side, bytes))
		return;
	s->gap |= !s->midstream; /* its hello was said, and not captured */
	s->tls_gap[side] = true;
	tls_handshake_gap(&s->tls, side, 1);
}
