/* Reading from Redis: pipelined, with one line for every way it can fail. */
#include "query.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

#include "../sensor/limits.h"
#include "../sensor/store_keys.h"
#include "query_connect.h"
#include "say.h"

#define SCAN_COUNT                                                                                 \
	"1000" /* keys that Redis looks at per step: a step stays below a millisecond              \
		*/

struct query {
	redisContext *redis;
	char where[REDIS_URL_SHOWN_MAX]; /* for errors */
	size_t put;			 /* commands of query_put without their reply */
};

static bool out_of_memory(void)
{
	say_error(EXIT_FAILED, "out of memory");
	return false;
}

bool texts_add(struct texts *t, const char *text, size_t length)
{
	if (t->count == t->room) {
		size_t room = t->room == 0 ? 64 : t->room * 2;
		char **items = reallocarray(t->items, room, sizeof(*items));

		if (items == NULL)
			return out_of_memory();
		t->items = items;
		t->room = room;
	}
	t->items[t->count] = strndup(text, length);
	if (t->items[t->count] == NULL)
		return out_of_memory();
	t->count++;
	return true;
}

void texts_free(struct texts *t)
{
	for (size_t i = 0; i < t->count; i++)
		free(t->items[i]);
	free(t->items);
	*t = (struct texts){0};
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorts, and removes what stands twice. */
static void texts_tidy(struct texts *t)
{
	size_t kept = 0;

	if (t->count == 0)
		return;
	qsort(t->items, t->count, sizeof(*t->items), compare_texts);
	for (size_t i = 1; i < t->count; i++) {
		if (strcmp(t->items[kept], t->items[i]) == 0)
			free(t->items[i]);
		else
			t->items[++kept] = t->items[i];
	}
	t->count = kept + 1;
}

/* The next reply, of a type; NULL when there is none, and says why. The caller frees. */
static redisReply *get_reply(struct query *q, int type)
{
	void *reply = NULL;

	if (redisGetReply(q->redis, &reply) != REDIS_OK) {
		query_say_lost(q->where,
		    q->redis->err == REDIS_ERR_EOF ? "it closed the connection" : q->redis->errstr);
		return NULL;
	}
	if (((redisReply *)reply)->type == type)
		return reply;
	if (((redisReply *)reply)->type == REDIS_REPLY_ERROR)
		query_say_refused(q->where, ((redisReply *)reply)->str);
	else
		say_error(EXIT_FAILED,
		    "Redis at %s holds something under tlsvane: keys that tlsvane did not write",
		    q->where);
	freeReplyObject(reply);
	return NULL;
}

static redisReply *ask(struct query *q, int type, int argc, const char **argv)
{
	if (redisAppendCommandArgv(q->redis, argc, argv, NULL) != REDIS_OK) {
		query_say_lost(q->where, q->redis->errstr);
		return NULL;
	}
	return get_reply(q, type);
}

/* Another schema than ours would be misread. */
static bool check_schema(struct query *q)
{
	redisReply *reply = redisCommand(q->redis, "GET %s", KEY_SCHEMA);
	bool good;

	if (reply == NULL || reply->type == REDIS_REPLY_ERROR) {
		if (reply == NULL)
			query_say_lost(q->where, q->redis->errstr);
		else
			query_say_refused(q->where, reply->str);
		freeReplyObject(reply);
		return false;
	}
	good = reply->type != REDIS_REPLY_STRING || strcmp(reply->str, STORE_SCHEMA) == 0;
	if (!good)
		say_error(EXIT_FAILED,
		    "Redis at %s holds schema %s, this tlsvane reads " STORE_SCHEMA
		    "; use the tlsvane of the sensors' version",
		    q->where, reply->str);
	freeReplyObject(reply);
	return good;
}

struct query *query_open(const struct options *o, int *status)
{
	struct query *q = calloc(1, sizeof(*q));

	*status = EXIT_FAILED;
	if (q == NULL) {
		out_of_memory();
		return NULL;
	}
	q->redis = query_connect(o, q->where, status);
	if (q->redis == NULL || !check_schema(q)) {
		query_close(q);
		return NULL;
	}
	return q;
}

void query_close(struct query *q)
{
	if (q == NULL)
		return;
	if (q->redis != NULL)
		redisFree(q->redis);
	free(q);
}

int query_answer_sides(const struct options *o, query_answer *answer)
{
	struct sides asked;
	int status = options_sides(o, &asked);
	struct query *q = status == 0 ? query_open(o, &status) : NULL;

	if (q == NULL)
		return status;
	status = answer(q, o, &asked);
	query_close(q);
	return status;
}

static bool add_elements(struct texts *t, const redisReply *array)
{
	for (size_t i = 0; i < array->elements; i++)
		if (array->element[i]->type == REDIS_REPLY_STRING &&
		    !texts_add(t, array->element[i]->str, array->element[i]->len))
			return false;
	return true;
}

bool query_sensors(struct query *q, struct texts *names)
{
	redisReply *reply = ask(q, REDIS_REPLY_ARRAY, 2, (const char *[]){"SMEMBERS", KEY_SENSORS});
	bool good = reply != NULL && add_elements(names, reply);

	freeReplyObject(reply);
	texts_tidy(names);
	return good;
}

/* One step of SCAN; *cursor is where the next one goes on. */
static bool scan_step(struct query *q, const char *pattern, char cursor[32], struct texts *keys)
{
	const char *command[] = {"SCAN", cursor, "MATCH", pattern, "COUNT", SCAN_COUNT};
	redisReply *reply = ask(q, REDIS_REPLY_ARRAY, 6, command);
	bool good = reply != NULL && reply->elements == 2 &&
		    reply->element[0]->type == REDIS_REPLY_STRING &&
		    reply->element[1]->type == REDIS_REPLY_ARRAY &&
		    add_elements(keys, reply->element[1]);

	if (good)
		snprintf(cursor, 32, "%s", reply->element[0]->str);
	freeReplyObject(reply);
	return good;
}

bool query_keys(struct query *q, const char *pattern, struct texts *keys)
{
	char cursor[32] = "0";

	do {
		if (!scan_step(q, pattern, cursor, keys))
			return false;
	} while (strcmp(cursor, "0") != 0);
	texts_tidy(keys);
	return true;
}

static bool take_ranking(const redisReply *reply, struct ranking *ranking)
{
	ranking->items = calloc(reply->elements / 2 + 1, sizeof(*ranking->items));
	if (ranking->items == NULL)
		return out_of_memory();
	for (size_t i = 0; i + 1 < reply->elements; i += 2) {
		struct ranked *r = &ranking->items[ranking->count];

		r->member = strndup(reply->element[i]->str, reply->element[i]->len);
		if (r->member == NULL)
			return out_of_memory();
		r->score = (uint64_t)strtod(reply->element[i + 1]->str, NULL);
		ranking->count++;
	}
	return true;
}

bool query_ranking(struct query *q, const char *key, uint64_t since, struct ranking *ranking)
{
	char least[24];
	const char *command[] = {"ZREVRANGEBYSCORE", key, "+inf", least, "WITHSCORES"};
	redisReply *reply;
	bool good;

	snprintf(least, sizeof(least), "%llu", (unsigned long long)since);
	reply = ask(q, REDIS_REPLY_ARRAY, 5, command);
	good = reply != NULL && take_ranking(reply, ranking);
	freeReplyObject(reply);
	return good;
}

void ranking_free(struct ranking *ranking)
{
	for (size_t i = 0; i < ranking->count; i++)
		free(ranking->items[i].member);
	free(ranking->items);
	*ranking = (struct ranking){0};
}

/* A reply to the command for the key at `index`; false ends it all. */
typedef bool take_reply(void *context, const redisReply *reply, size_t index);

static bool send_each(
    struct query *q, const char *command, const char *last, char *const *keys, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *argv[] = {command, keys[i], "0", last};

		if (redisAppendCommandArgv(q->redis, last == NULL ? 2 : 4, argv, NULL) !=
		    REDIS_OK) {
			query_say_lost(q->where, q->redis->errstr);
			return false;
		}
	}
	return true;
}

/* "<command> <key>", or "<command> <key> 0 <last>", for all keys, LIMIT_PIPELINE in flight. */
static bool ask_each(struct query *q, const char *command, const char *last,
    const struct texts *keys, int type, take_reply *take, void *context)
{
	for (size_t done = 0; done < keys->count; done += LIMIT_PIPELINE) {
		size_t left = keys->count - done,
		       batch = left < LIMIT_PIPELINE ? left : LIMIT_PIPELINE;

		if (!send_each(q, command, last, keys->items + done, batch))
			return false;
		for (size_t i = 0; i < batch; i++) {
			redisReply *reply = get_reply(q, type);
			bool good = reply != NULL && take(context, reply, done + i);

			freeReplyObject(reply);
			if (!good)
				return false;
		}
	}
	return true;
}

#define HASH_FIELDS_MAX                                                                            \
	4096 /* fields of one hash that are read; versions, ciphers and texts are far fewer */

struct hash_context {
	const struct texts *keys;
	query_hash *take;
	void *context;
};

static bool take_hash(void *context, const redisReply *reply, size_t index)
{
	static struct hash_field fields[HASH_FIELDS_MAX];
	struct hash_context *h = context;
	size_t count = 0;

	for (size_t i = 0; i + 1 < reply->elements && count < HASH_FIELDS_MAX; i += 2)
		fields[count++] = (struct hash_field){
		    reply->element[i]->str, reply->element[i + 1]->str, reply->element[i]->len};
	return h->take(h->context, h->keys->items[index], fields, count);
}

bool query_hashes(struct query *q, const struct texts *keys, query_hash *take, void *context)
{
	struct hash_context h = {keys, take, context};

	return ask_each(q, "HGETALL", NULL, keys, REDIS_REPLY_ARRAY, take_hash, &h);
}

static bool take_top(void *context, const redisReply *reply, size_t index)
{
	struct ranking *ranking = (struct ranking *)context + index;

	*ranking = (struct ranking){.items = calloc(reply->elements + 1, sizeof(*ranking->items))};
	if (ranking->items == NULL)
		return out_of_memory();
	for (size_t i = 0; i < reply->elements; i++) {
		ranking->items[i].member = strndup(reply->element[i]->str, reply->element[i]->len);
		if (ranking->items[i].member == NULL)
			return out_of_memory();
		ranking->count++;
	}
	return true;
}

bool query_tops(struct query *q, const struct texts *keys, unsigned most, struct ranking *rankings)
{
	char last[16];

	snprintf(last, sizeof(last), "%u", most - 1);
	return ask_each(q, "ZREVRANGE", last, keys, REDIS_REPLY_ARRAY, take_top, rankings);
}

bool query_settle(struct query *q)
{
	bool good = true;

	for (; q->put > 0; q->put--) {
		void *reply = NULL;

		if (redisGetReply(q->redis, &reply) != REDIS_OK) {
			query_say_lost(q->where, q->redis->errstr);
			q->put = 0;
			return false;
		}
		if (good && ((redisReply *)reply)->type == REDIS_REPLY_ERROR) {
			query_say_refused(q->where, ((redisReply *)reply)->str);
			good = false;
		}
		freeReplyObject(reply);
	}
	return good;
}

bool query_put(struct query *q, size_t count, const char *const *words)
{
	if (redisAppendCommandArgv(q->redis, (int)count, (const char **)words, NULL) != REDIS_OK) {
		query_say_lost(q->where, q->redis->errstr);
		return false;
	}
	return ++q->put < LIMIT_PIPELINE || query_settle(q);
}

static bool take_size(void *context, const redisReply *reply, size_t index)
{
	((uint64_t *)context)[index] = (uint64_t)reply->integer;
	return true;
}

bool query_sizes(struct query *q, const struct texts *keys, uint64_t *sizes)
{
	return ask_each(q, "ZCARD", NULL, keys, REDIS_REPLY_INTEGER, take_size, sizes);
}
