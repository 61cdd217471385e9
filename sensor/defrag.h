/*
 * IP fragments -> whole datagrams: IPv4 (RFC 791 section 3.2, RFC 815) and IPv6 (RFC 8200
 * section 4.5). Overlapping fragments take the whole datagram with them (RFC 5722; here for IPv4 as
 * well, since hosts differ in which byte wins). An exact copy of a fragment, as a mirror of two
 * ports makes it, is no overlap. Memory is bounded by the LIMIT_FRAGMENT values; where it ends, the
 * oldest datagram goes.
 */
#ifndef TLSVANE_DEFRAG_H
#define TLSVANE_DEFRAG_H

#include "../parsers/frame.h"

struct defrag;

/* Each datagram that ends counts once among the first four. */
struct defrag_stats {
	uint64_t completed;  /* datagrams put together */
	uint64_t expired;    /* datagrams given up because a fragment did not come in time */
	uint64_t overlapped; /* datagrams given up because fragments contradict each other */
	uint64_t evicted;    /* datagrams given up for room, or for too many fragments */
	uint64_t refused; /* fragments not taken: too many, too large, or of a datagram given up */
};

/* NULL when memory is short. `ignore_vlan`: tags tell no datagrams apart. */
struct defrag *defrag_new(bool ignore_vlan);
void defrag_free(struct defrag *d);

/*
 * Adds a fragment that frame_decode found at capture time `ns`, with the VLANs and the tunnel of
 * *where. Returns 0 with *whole for frame_decode_whole (its bytes belong to *d and are good until
 * the next call), RESULT_MORE while fragments are missing or when this is a copy, or the reason why
 * this one was not taken: RESULT_BAD_VALUE (contradicts another, or its
 * datagram is given up), RESULT_BAD_LENGTH (cannot be), RESULT_TOO_LARGE (a limit, or memory). The
 * fragment is copied.
 */
MUST_USE int defrag_add(struct defrag *d, uint64_t ns, const struct fragment *fragment,
    const struct segment *where, struct fragment *whole);

/* Gives up what has waited too long as of `ns`; defrag_add does so, too. */
void defrag_expire(struct defrag *d, uint64_t ns);

const struct defrag_stats *defrag_stats(const struct defrag *d);

/* Bytes held at present, of at most LIMIT_FRAGMENT_BYTES. */
size_t defrag_held(const struct defrag *d);

#endif
