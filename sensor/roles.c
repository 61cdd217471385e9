/* Who is who, by what is said. */
#include "roles.h"

#include "../parsers/smtp_syntax.h"
#include "../parsers/tls_record.h"

static enum role_hint read_reply(const struct smtp_reply *reply)
{
	if (reply->code == 220 && smtp_reply_is_greeting(reply))
		return ROLE_SERVER;
	return ROLE_MAYBE_SERVER;
}

static enum role_hint read_command(const struct smtp_command *command)
{
	if (!command->strict)
		return ROLE_UNKNOWN;
	if (command->kind == SMTP_EHLO || command->kind == SMTP_HELO)
		return ROLE_CLIENT;
	return ROLE_MAYBE_CLIENT;
}

bool roles_first_line(struct cursor bytes, struct cursor *line)
{
	const uint8_t *end = bytes.left > 0 ? memchr(bytes.at, '\n', bytes.left) : NULL;

	if (end == NULL)
		return false;
	*line = cursor_over(bytes.at, (size_t)(end - bytes.at));
	if (line->left > 0 && end[-1] == '\r')
		line->left--;
	return true;
}

enum role_hint roles_read(struct cursor bytes)
{
	struct smtp_command command;
	struct smtp_reply reply;
	struct cursor line;

	if (tls_record_looks_like_client_hello(bytes.at, bytes.left) == RESULT_OK)
		return ROLE_CLIENT;
	if (tls_record_looks_like_server_hello(bytes.at, bytes.left) == RESULT_OK)
		return ROLE_SERVER;
	if (!roles_first_line(bytes, &line))
		return ROLE_UNKNOWN;
	if (smtp_reply_read(line, &reply))
		return read_reply(&reply);
	command = smtp_command_read(line);
	return read_command(&command);
}
