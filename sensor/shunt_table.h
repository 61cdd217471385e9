/*
 * The table of shunted flows, as both who fills it (shunt.c) and the filter in the kernel that
 * reads it (shunt.bpf.c) know it: an array of sets that both map into their memory. A flow stands
 * in one of the places of the one set that its hash names, so that nobody ever searches further.
 */
#ifndef TLSVANE_SHUNT_TABLE_H
#define TLSVANE_SHUNT_TABLE_H

#include <linux/types.h>

#define SHUNT_WAYS     4u
#define SHUNT_SETS     32768u /* a power of two; LIMIT_SHUNT_FLOWS / SHUNT_WAYS */
#define SHUNT_COUNTERS 64u    /* processors count each for itself */

/* Both directions of a connection have one key: its lower end first. */
struct shunt_key {
	__u64 end[2][2]; /* addresses, IPv4 in its mapped form, as they lie in memory */
	__u32 ports;
	__u32 vlans;
};

struct shunt_entry {
	struct shunt_key key;
	__u64 passed_ns; /* monotonic: when a packet was let through last, or it was put here */
	__u32 used;
	__u32 unused[3];
};

struct shunt_set {
	struct shunt_entry entry[SHUNT_WAYS];
};

struct shunt_counter {
	__u64 packets, bytes;
	__u64 unused[6]; /* a cache line each */
};

/* Set before the filter is loaded, and read-only then. */
struct shunt_config {
	__u64 seed;
	__u64 refresh_ns; /* one packet in so long is let through */
	__u32 snaplen;
	__u32 any_port;
	__u32 ignore_vlan;
	__u8 mail_port[65536 / 8]; /* a bit each */
};

static inline __attribute__((always_inline)) void shunt_key_make(struct shunt_key *key,
    const void *source, __u16 source_port, const void *destination, __u16 destination_port,
    __u16 vlan, __u16 inner_vlan)
{
	__u64 a[2], b[2];
	int swap;

	__builtin_memcpy(a, source, sizeof(a));
	__builtin_memcpy(b, destination, sizeof(b));
	if (a[0] != b[0])
		swap = a[0] > b[0];
	else if (a[1] != b[1])
		swap = a[1] > b[1];
	else
		swap = source_port > destination_port;
	key->end[0][0] = swap ? b[0] : a[0];
	key->end[0][1] = swap ? b[1] : a[1];
	key->end[1][0] = swap ? a[0] : b[0];
	key->end[1][1] = swap ? a[1] : b[1];
	key->ports = swap ? (__u32)destination_port << 16 | source_port
			  : (__u32)source_port << 16 | destination_port;
	key->vlans = (__u32)vlan << 16 | inner_vlan;
}

static inline __attribute__((always_inline)) __u64 shunt_mix(__u64 hash, __u64 word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
	return hash ^ hash >> 29;
}

/* The number of the set that a flow belongs to. */
static inline __attribute__((always_inline)) __u32 shunt_set_of(
    const struct shunt_key *key, __u64 seed)
{
	__u64 hash = shunt_mix(seed, key->end[0][0]);

	hash = shunt_mix(hash, key->end[0][1]);
	hash = shunt_mix(hash, key->end[1][0]);
	hash = shunt_mix(hash, key->end[1][1]);
	hash = shunt_mix(hash, (__u64)key->ports << 32 | key->vlans);
	return (__u32)(hash >> 32) & (SHUNT_SETS - 1);
}

static inline __attribute__((always_inline)) int shunt_same(
    const struct shunt_key *a, const struct shunt_key *b)
{
	return a->end[0][0] == b->end[0][0] && a->end[0][1] == b->end[0][1] &&
	       a->end[1][0] == b->end[1][0] && a->end[1][1] == b->end[1][1] &&
	       a->ports == b->ports && a->vlans == b->vlans;
}

#endif
