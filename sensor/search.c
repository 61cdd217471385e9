/* Finding SMTP on any port: our own dialogue and nDPI. */
#include "search.h"

#include <ctype.h>

#include "../parsers/smtp_syntax.h"
#include "limits.h"
#include "roles.h"

static bool begins_dialogue(struct cursor bytes)
{
	struct smtp_command command;
	struct smtp_reply reply;
	struct cursor line;

	if (!roles_first_line(bytes, &line))
		return false;
	if (smtp_reply_read(line, &reply))
		return reply.code == 220 && smtp_reply_is_greeting(&reply);
	command = smtp_command_read(line);
	return command.strict && (command.kind == SMTP_EHLO || command.kind == SMTP_HELO);
}

bool search_begins(enum side side, struct cursor bytes, bool midstream)
{
	uint8_t first;

	if (!cursor_peek(&bytes, 0, &first))
		return false;
	if (midstream)
		return begins_dialogue(bytes);
	return side == SIDE_CLIENT ? isalpha(first) != 0 : first >= '2' && first <= '5';
}

static bool is_text(uint8_t byte)
{
	return byte >= ' ' || byte == '\r' || byte == '\n' || byte == '\t';
}

/* What of the bytes comes before anything that is not text. */
static struct cursor text_of(struct cursor bytes)
{
	size_t length = 0;
	uint8_t byte;

	while (length < bytes.left && cursor_peek(&bytes, length, &byte) && is_text(byte))
		length++;
	bytes.left = length;
	return bytes;
}

static void ask(
    struct session *s, struct session_shared *shared, enum side side, struct cursor text)
{
	char name[SESSION_PROTOCOL_MAX];
	const char *known;

	if (shared->discover == NULL)
		shared->discover = discover_new();
	if (shared->discover != NULL && s->asked == NULL)
		s->asked = discover_begin();
	if (s->asked == NULL || !discover_segment(shared->discover, s->asked, side, text))
		return;
	known = discover_name(shared->discover, s->asked, name, sizeof(name));
	s->search.named = true;
	s->search.named_smtp = known != NULL && strncmp(known, "smtp", 4) == 0;
	s->search.named_other = known != NULL && !s->search.named_smtp;
	discover_end(s->asked);
	s->asked = NULL;
}

void search_show(
    struct session *s, struct session_shared *shared, enum side side, struct cursor bytes)
{
	struct cursor text = text_of(bytes);

	if (bytes.left > UINT16_MAX - (size_t)s->search.bytes)
		s->search.bytes = UINT16_MAX;
	else
		s->search.bytes = (uint16_t)(s->search.bytes + bytes.left);
	if (s->search.named || s->midstream || s->gap || search_judge(s) != SEARCH_GOES_ON)
		return;
	if (text.left > 0)
		ask(s, shared, side, text);
	if (text.left < bytes.left)
		s->search.named = true; /* nothing that follows is shown */
}

enum search_result search_judge(const struct session *s)
{
	const struct smtp_facts *facts = &s->dialog.facts;

	if (facts->seen & SMTP_FOREIGN)
		return SEARCH_OTHER;
	if (facts->seen & SMTP_SPOKEN || s->search.named_smtp)
		return SEARCH_MAIL;
	if (s->phase != SESSION_DIALOG || s->search.named_other ||
	    s->search.bytes > LIMIT_SEARCH_BYTES)
		return SEARCH_OTHER;
	return SEARCH_GOES_ON;
}

void search_end(struct session *s)
{
	s->sought = false;
	discover_end(s->asked);
	s->asked = NULL;
}
