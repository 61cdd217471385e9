/*
 * The flow table: one entry a TCP connection, found by one lookup a packet. Entries are small and
 * live in slabs that never move; what a dialogue needs besides hangs on the entry only while it is
 * needed.
 */
#ifndef TLSVANE_FLOW_H
#define TLSVANE_FLOW_H

#include "../parsers/frame.h"
#include "../parsers/side.h"

enum flow_state {
	FLOW_FREE,
	FLOW_OPENING, /* SYNs, no byte said; no session */
	FLOW_READING, /* `session` reads the dialogue */
	FLOW_READ,    /* all facts are known: only `record` is left, and its end */
	FLOW_CLOSED,  /* the record was handed on; kept to swallow late retransmissions */
};

enum flow_flag {
	FLOW_SYN = 1 << 0, /* the client's SYN was seen, or the server's that tells its number */
	FLOW_SYN_ACK = 1 << 1,	 /* the server's */
	FLOW_CONNECTED = 1 << 2, /* ... and something behind it: both ends have a connection */
	FLOW_FIN_CLIENT = 1 << 3,
	FLOW_FIN_SERVER = 1 << 4,
	FLOW_RESET = 1 << 5,
	FLOW_SEEN_CLIENT = 1 << 6, /* at least one segment of that side was captured */
	FLOW_SEEN_SERVER = 1 << 7,
	FLOW_ENDING = 1 << 8,  /* closed, but bytes are missing that may still come */
	FLOW_GUESSED = 1 << 9, /* no SYN was seen: who is who is not sure yet */
	FLOW_HINTED = 1 << 10, /* ... but something was said about it */
	FLOW_SEARCH =
	    1 << 11, /* on no mail port: whether it is mail is not known yet, or it is none */
	FLOW_UNREAD =
	    1 << 12, /* bytes were said that were not captured, or while no session was to be had */
	FLOW_EVICTED = 1 << 13, /* given up at a cap */
	FLOW_KNOWN = 1 << 14,	/* the pipeline may have later packets' times (pipeline_known.c) */
	FLOW_NEARLY_READ = 1 << 15, /* a hint for the prefetch: few segments are left to read */
};

struct session;
struct record;

/* What most packets touch fills one cache line of 64 bytes; flow_prefetch_rest brings the other. */
struct flow {
	struct frame_address client, server;
	uint16_t client_port, server_port;
	uint16_t vlan, inner_vlan;
	uint32_t tunnel_id;
	uint8_t tunnel;
	uint8_t state;	/* enum flow_state */
	uint16_t flags; /* enum flow_flag */
	uint64_t last_ns;
	union {
		struct session *session; /* FLOW_READING */
		struct record *record;	 /* FLOW_READ: record_size() bytes */
	};
	uint64_t first_ns;
	uint32_t reading;     /* FLOW_READING: its place among those (pipeline_pool.c) */
	uint32_t next[SIDES]; /* sequence number of each side's first byte, where its SYN was seen;
				 the server's else what the client acknowledged first, 0: nothing */
	uint32_t other_next;  /* the server's by another SYN/ACK, 0 none: which of them holds, the
				 client's ACK tells */
	uint32_t unread[SIDES]; /* FLOW_UNREAD: where each side's bytes end that were said and not
				   captured before any was; 0: none were */
} __attribute__((aligned(64)));

/* Whether both ends were heard and have a connection: nobody forges that from afar. */
static inline bool flow_is_connected(const struct flow *f)
{
	const uint16_t all = FLOW_CONNECTED | FLOW_SEEN_CLIENT | FLOW_SEEN_SERVER;

	return (f->flags & all) == all;
}

struct flow_table;

/* NULL when memory is short. Grows as it fills, up to `most` flows. `ignore_vlan`: tags tell no
 * connections apart; a flow has those of its first segment. */
struct flow_table *flow_table_new(size_t most, bool ignore_vlan);

/* Frees the table; what hangs on its flows is the caller's. */
void flow_table_free(struct flow_table *t);

/* The hash of the connection a segment belongs to: the same in both directions, another in each
 * run. */
uint64_t flow_hash(const struct flow_table *t, const struct segment *s);

/* The same, of a flow. */
uint64_t flow_hash_again(const struct flow_table *t, const struct flow *f);

/* Bring into the cache what a later flow_find will look at: first its slot, then (the slot there)
 * its flow. The flow returned is likely the one, or another of the same hash, or NULL. */
void flow_prefetch_slot(const struct flow_table *t, uint64_t hash);
struct flow *flow_prefetch(const struct flow_table *t, uint64_t hash);

static inline void flow_prefetch_rest(const struct flow *f)
{
	__builtin_prefetch(&f->first_ns, 1);
}

/* Whether a segment belongs to a flow, and which side sent it; to one removed since: never. */
bool flow_is_of(
    const struct flow_table *t, const struct flow *f, const struct segment *s, enum side *from);

/* The flow of a segment, NULL where there is none; *from tells which side sent it. */
struct flow *flow_find(
    const struct flow_table *t, const struct segment *s, uint64_t hash, enum side *from);

/* Adds a zeroed flow, which must not be there yet, for a segment that side `from` sent. NULL when
 * the table is full: make room by flow_victim. */
struct flow *flow_add(struct flow_table *t, const struct segment *s, enum side from, uint64_t hash);

void flow_remove(struct flow_table *t, struct flow *f);

size_t flow_count(const struct flow_table *t);

/* How many places there are to look at with flow_at: free ones among them. */
size_t flow_places(const struct flow_table *t);

/* The flow in a place, NULL where it is free. */
struct flow *flow_at(const struct flow_table *t, size_t place);

/* The one to give up: of the next few in turn the least informative, then the longest silent. NULL
 * when empty. */
struct flow *flow_victim(struct flow_table *t);

#endif
