/*
 * Servers, or clients, that were seen below TLS 1.2 by their own fault, with the peers they do it
 * with.
 */
#ifndef TLSVANE_LEGACY_H
#define TLSVANE_LEGACY_H

#include "totals.h"

#define LEGACY_PEERS_READ                                                                          \
	50 /* of the peers of a host, the most recent: enough to name the main ones */
#define LEGACY_PEERS_SHOWN 3

struct legacy_host {
	struct totals totals;
	uint64_t flagged_ms; /* the last time, since the epoch */
	uint64_t peer_count;
	struct totals_list peers; /* its pairs with old versions, the most such sessions first */
};

struct legacy_hosts {
	bool servers; /* else clients */
	struct legacy_host *items;
	size_t count;
	size_t flagged; /* how many there are; more than `count` with --limit */
};

/* Reads them, the last seen first. False when it failed (and has said so). Free in every case. */
bool legacy_read(
    struct query *q, const struct options *o, bool servers, struct legacy_hosts *hosts);
void legacy_free(struct legacy_hosts *hosts);

/* A host that was never seen with TLS 1.2 or better: mail with it ends when the old versions go. */
bool legacy_is_stuck(const struct legacy_host *host);

#endif
