/*
 * Servers that take mail in the clear, and clients that send it so, and why: STARTTLS not offered,
 * not used, refused, given up, failed, fallen back from, or taken out on the way.
 */
#ifndef TLSVANE_PLAINTEXT_H
#define TLSVANE_PLAINTEXT_H

#include "table.h"
#include "totals.h"

struct plaintext_hosts {
	bool servers;		 /* else clients */
	struct totals_list list; /* the last seen first */
	size_t flagged;		 /* how many there are; more than the list has with a limit */
};

/* Reads them, `limit` at most (0: all). False when it failed (and has said so). Free in every case.
 */
bool plaintext_read(struct query *q, const struct options *o, bool servers, size_t limit,
    struct plaintext_hosts *hosts);
void plaintext_free(struct plaintext_hosts *hosts);

/* A table of servers or of clients; in CSV and JSON both may stand in one. */
struct table *plaintext_table(FILE *to, const struct options *o, bool servers);
void plaintext_put(struct table *t, const struct plaintext_hosts *hosts);

#endif
