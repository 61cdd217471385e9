/* What the files of the enforcement clock share. */
#ifndef TLSVANE_ENFORCE_PRIVATE_H
#define TLSVANE_ENFORCE_PRIVATE_H

#include "enforce.h"

#define ENFORCE_ALL "all" /* in place of a host: pauses of all of them */

/* Adds a key of store_keys.h with its one hole filled. */
bool enforce_add_key(struct texts *keys, const char *format, const char *host);

/* The pauses of a hash, beginnings to ends; at most `room` of them. */
size_t enforce_take_times(
    struct enforcement_pause *pauses, size_t room, const struct hash_field *fields, size_t count);

#endif
