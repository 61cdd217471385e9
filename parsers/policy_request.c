/* Requests of Postfix's policy delegation protocol, line by line. */
#include "policy_request.h"

void policy_request_init(struct policy_request *r)
{
	*r = (struct policy_request){.used = 0};
}

/* The value behind "name=" in a line that was kept whole; NULL where it is another one. */
static const char *value_of(const struct policy_request *r, const char *name)
{
	size_t length = strlen(name);

	if (r->used >= sizeof(r->line) || r->used <= length || r->line[length] != '=' ||
	    memcmp(r->line, name, length) != 0)
		return NULL;
	return r->line + length + 1;
}

/* What stands twice, counts as it stood last. */
static int take_line(struct policy_request *r)
{
	size_t kept = r->used < sizeof(r->line) ? r->used : sizeof(r->line) - 1;
	const char *value;

	r->line[kept] = '\0';
	if (memchr(r->line, '=', kept) == NULL)
		return RESULT_BAD_VALUE;
	value = value_of(r, "request");
	if (value != NULL)
		r->is_access = strcmp(value, "smtpd_access_policy") == 0;
	value = value_of(r, "client_address");
	if (value != NULL) {
		bool fits = strlen(value) < sizeof(r->client_address);

		memcpy(r->client_address, fits ? value : "", fits ? strlen(value) + 1 : 1);
	}
	r->used = 0;
	return RESULT_MORE;
}

static int take_byte(struct policy_request *r, uint8_t byte)
{
	if (byte == '\0')
		return RESULT_BAD_VALUE;
	if (byte == '\n')
		return r->used == 0 ? RESULT_OK : take_line(r);
	if (r->used < sizeof(r->line))
		r->line[r->used] = (char)byte;
	r->used++;
	return RESULT_MORE;
}

int policy_request_feed(struct policy_request *r, struct cursor *c)
{
	uint8_t byte;

	while (cursor_u8(c, &byte)) {
		int result = take_byte(r, byte);

		if (++r->bytes > POLICY_REQUEST_MAX)
			return RESULT_TOO_LARGE;
		if (result != RESULT_MORE)
			return result;
	}
	return RESULT_MORE;
}
