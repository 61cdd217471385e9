/*
 * Reading what the sensors wrote into Redis (keys: sensor/store_keys.h). Every function that
 * returns false has said why on stderr, in one line; the query is then of no more use.
 */
#ifndef TLSVANE_QUERY_H
#define TLSVANE_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "options.h"

struct query;

/* Connects by --redis, $TLSVANE_REDIS, or to the Redis of this machine. NULL with *status the exit
 * status. */
struct query *query_open(const struct options *o, int *status);
void query_close(struct query *q);

/* A command about servers, clients or both (options_sides): asks `answer`, which gives the exit
 * status. */
typedef int query_answer(struct query *q, const struct options *o, const struct sides *asked);
int query_answer_sides(const struct options *o, query_answer *answer);

/* A growing list of texts, all its own. */
struct texts {
	char **items;
	size_t count, room;
};

/* False when memory is short (and says so). */
bool texts_add(struct texts *t, const char *text, size_t length);
void texts_free(struct texts *t);

/* The names of the sensors that ever wrote, sorted. */
bool query_sensors(struct query *q, struct texts *names);

/* All keys that match a glob pattern, sorted, each once. */
bool query_keys(struct query *q, const char *pattern, struct texts *keys);

/* Members of a sorted set with a score of at least `since`, the highest first. */
struct ranked {
	char *member;
	uint64_t score;
};

struct ranking {
	struct ranked *items;
	size_t count;
};

bool query_ranking(struct query *q, const char *key, uint64_t since, struct ranking *ranking);
void ranking_free(struct ranking *ranking);

/* A field of a hash; both texts are NUL-terminated and good until the call returns. */
struct hash_field {
	const char *name, *value;
	size_t name_length;
};

/* One hash; `count` 0: there is none under the key. False ends the query (and it has said why). */
typedef bool query_hash(
    void *context, const char *key, const struct hash_field *fields, size_t count);

/* HGETALL of all keys, in their order. */
bool query_hashes(struct query *q, const struct texts *keys, query_hash *take, void *context);

/* The `most` highest members of each sorted set, in the order of the keys: `rankings` holds one for
 * each, without scores. */
bool query_tops(struct query *q, const struct texts *keys, unsigned most, struct ranking *rankings);

/* Sends a command that writes; what Redis says to it is read by query_settle, or when
 * LIMIT_PIPELINE are under way. Of use to be repeated: none of ours counts steps. */
bool query_put(struct query *q, size_t count, const char *const *words);
bool query_settle(struct query *q);

/* Sizes of sorted sets, in the order of their keys. */
bool query_sizes(struct query *q, const struct texts *keys, uint64_t *sizes);

#endif
