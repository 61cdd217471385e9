/*
 * The flow table: one entry a TCP connection, found by one lookup a packet. Entries are small and live in
 * slabs that never move; what a dialogue needs besides hangs on the entry only while it is needed.
 */
#ifndef TLSVANE_FLOW_H
#define TLSVANE_FLOW_H

#include "../parsers/frame.h"
#include "../parsers/side.h"

/* Which connection a segment belongs to, the same in both directions: "low" is the smaller address and port. */
struct flow_key {
	struct frame_address low, high;
	uint16_t low_port, high_port;
	uint16_t vlan, inner_vlan;
	uint32_t tunnel_id;
	uint8_t tunnel;
	uint8_t zero[3]; /* padding, so that keys compare as bytes */
};

enum flow_state {
	FLOW_FREE,
	FLOW_OPENING, /* SYNs, no byte said; no session */
	FLOW_READING, /* `session` reads the dialogue */
	FLOW_READ,    /* all facts are known: only `record` is left, and its end */
	FLOW_CLOSED,  /* the record was handed on; kept to swallow late retransmissions */
};

enum flow_flag {
	FLOW_CLIENT_LOW = 1 << 0,  /* the client is the key's low end */
	FLOW_SYN = 1 << 1,         /* the client's SYN was seen, or the server's that tells its number */
	FLOW_SYN_ACK = 1 << 2,     /* the server's */
	FLOW_CONNECTED = 1 << 3,   /* ... and something behind it: both ends have a connection */
	FLOW_FIN_CLIENT = 1 << 4,
	FLOW_FIN_SERVER = 1 << 5,
	FLOW_RESET = 1 << 6,
	FLOW_SEEN_CLIENT = 1 << 7, /* at least one segment of that side was captured */
	FLOW_SEEN_SERVER = 1 << 8,
	FLOW_ENDING = 1 << 9,      /* closed, but bytes are missing that may still come */
};

struct session;
struct record;

struct flow {
	struct flow_key key;
	uint64_t first_ns, last_ns;
	union {
		struct session *session; /* FLOW_READING */
		struct record *record;   /* FLOW_READ: record_size() bytes */
	};
	uint32_t next[SIDES];            /* sequence number of each side's first byte, where its SYN was seen */
	uint16_t flags;                  /* enum flow_flag */
	uint8_t state;                   /* enum flow_state */
};

struct flow_table;

/* NULL when memory is short. Grows as it fills, up to `most` flows. */
struct flow_table *flow_table_new(size_t most);

/* Frees the table; what hangs on its flows is the caller's. */
void flow_table_free(struct flow_table *t);

/* The key of a segment, and whether its source is the low end. */
bool flow_key_of(const struct segment *segment, struct flow_key *key);

uint64_t flow_hash(const struct flow_table *t, const struct flow_key *key);

/* The flow of a key, NULL where there is none. */
struct flow *flow_find(const struct flow_table *t, const struct flow_key *key, uint64_t hash);

/* Adds a zeroed flow with that key, which must not be there yet. NULL when the table is full: make room by
 * flow_victim. */
struct flow *flow_add(struct flow_table *t, const struct flow_key *key, uint64_t hash);

void flow_remove(struct flow_table *t, struct flow *f);

size_t flow_count(const struct flow_table *t);

/* How many places there are to look at with flow_at: free ones among them. */
size_t flow_places(const struct flow_table *t);

/* The flow in a place, NULL where it is free. */
struct flow *flow_at(const struct flow_table *t, size_t place);

/* The one to give up: of the next few in turn the least informative, then the longest silent. NULL when empty. */
struct flow *flow_victim(struct flow_table *t);

#endif
