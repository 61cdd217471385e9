/* Reaching Redis, and one line for every way it can fail. */
#ifndef TLSVANE_QUERY_CONNECT_H
#define TLSVANE_QUERY_CONNECT_H

#include "../sensor/redis_url.h"
#include "options.h"

struct redisContext;

/* Connects, authenticates, selects; `where` is the address for errors. NULL with *status, and has
 * said why. */
struct redisContext *query_connect(
    const struct options *o, char where[REDIS_URL_SHOWN_MAX], int *status);

/* The connection broke; Redis answered with an error. */
void query_say_lost(const char *where, const char *why);
void query_say_refused(const char *where, const char *error);

#endif
