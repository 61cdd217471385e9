/*
 * One interface that is listened to: its libpcap handle and ring, its link, what it lost, and how
 * it is found again after it was away.
 */
#ifndef TLSVANE_CAPTURE_TAP_H
#define TLSVANE_CAPTURE_TAP_H

#include <pcap/pcap.h>

#include "capture.h"
#include "capture_link.h"
#include "shunt.h"

#define TAP_TIMEOUT_MS 100 /* how long the kernel may gather packets before it hands on a block */

struct tap {
	pcap_t *pcap; /* NULL: away */
	const char *name;
	int link_type;
	unsigned tick_ns; /* of a time stamp's fraction: 1, or 1000 where only microseconds are to
			     be had */
	struct link_state link; /* as last heard; of "any" unused */
	bool lost;		/* it is said to be away or without a link */
	uint64_t lost_ns;	/* monotonic: since when */
	uint64_t retry_ns;	/* away: when to look for it again ... */
	uint64_t wait_ns;	/* ... after so long a wait */
	uint64_t received, dropped_kernel, dropped_interface, ring_freezes;
	uint64_t read;	  /* of what was received, but for what libpcap kept to itself */
	uint64_t last_ns; /* the stamp of the last one */
	bool more;	  /* the last batch was full */
	bool dry;	  /* ... was empty */
};

/* Opens the ring of tap->name and sets its filter, `shunt` (NULL: none) above it. False with
 * `error` filled. */
bool tap_open(struct tap *tap, const struct capture_live *options, const struct shunt *shunt,
    char error[CAPTURE_ERROR_MAX]);

void tap_close(struct tap *tap);

/* Whether the interface is one of the kernel's, with a link; "any" is none. */
bool tap_has_link(const struct tap *tap);

/* Adds up what the ring has lost since the last call. The kernel forgets what it has told, so
 * nobody else may ask (pcap_stats does). */
void tap_count(struct tap *tap);

/* Asks how the link is, and what it lost since the last call. Returns whether that was answered. */
bool tap_look(struct tap *tap, int link_socket);

#endif
