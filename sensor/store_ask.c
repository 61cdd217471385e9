/* Questions of others on the store's connection: alerts and history. */
#include "store_private.h"

#include <stdlib.h>
#include <string.h>

int store_ask(struct store *s, const struct wire *command, store_answer *answer, void *context)
{
	struct store_asking *asking;

	if (s->state != STORE_READY || s->ask_count >= LIMIT_STORE_ASKS || command->failed)
		return -1;
	asking = malloc(sizeof(*asking) + command->used);
	if (asking == NULL)
		return -1;
	*asking =
	    (struct store_asking){.answer = answer, .context = context, .size = command->used};
	memcpy(asking->bytes, command->bytes, command->used);
	if (s->asks == NULL)
		s->asks = asking;
	else
		s->asks_last->next = asking;
	s->asks_last = asking;
	if (s->ask_next == NULL)
		s->ask_next = asking;
	s->ask_count++;
	return 0;
}

bool store_asked(const struct store *s)
{
	return s->asks != NULL;
}

bool store_fill_asks(struct store *s)
{
	for (; s->ask_next != NULL; s->ask_next = s->ask_next->next) {
		const struct wire command = {
		    .bytes = s->ask_next->bytes, .used = s->ask_next->size};

		if (s->ring_count >= LIMIT_PIPELINE || wire_waiting(&s->out) >= STORE_WIRE_MAX)
			return false;
		wire_append(&s->out, &command);
		store_expect(s, STORE_OP_ASK, NULL, 0);
	}
	return true;
}

static void answer_first(struct store *s, const redisReply *reply)
{
	struct store_asking *asking = s->asks;

	s->asks = asking->next;
	s->ask_count--;
	if (s->ask_next == asking)
		s->ask_next = asking->next;
	asking->answer(asking->context, reply);
	free(asking);
}

/* An error of the command itself is the asker's business; one of Redis is everybody's. */
static bool is_own_error(const char *error)
{
	return store_is_foreign(error) || strncmp(error, "ERR ", 4) == 0;
}

void store_ask_reply(struct store *s, const redisReply *reply)
{
	bool ours = reply->type != REDIS_REPLY_ERROR || is_own_error(reply->str);

	if (!ours)
		store_trouble_reply(s, reply->str, NULL);
	if (s->asks != NULL) /* the connection may have been dropped over it */
		answer_first(s, ours ? reply : NULL);
}

void store_drop_asks(struct store *s)
{
	while (s->asks != NULL)
		answer_first(s, NULL);
	s->ask_next = NULL;
}
