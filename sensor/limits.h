/*
 * Every size limit and time-out of the sensor, with its unit and its reason. Parsers keep the limits of their
 * own formats in their own headers, since they include nothing outside themselves.
 */
#ifndef TLSVANE_LIMITS_H
#define TLSVANE_LIMITS_H

/* Capture */
#define LIMIT_SNAPLEN          65535  /* bytes a frame: a hello may be offloaded into one large segment */
#define LIMIT_BATCH            512    /* packets a pcap_dispatch, between two looks at signals and clocks */

/* Flows. A half-open flow is about 128 bytes and one index slot: two million fit 300 MB. */
#define LIMIT_FLOWS            2000000 /* flows at once; at the cap the least informative go first */
#define LIMIT_SESSIONS         200000  /* flows at once whose dialogue is being read (about 3 KB each) */

/* Seconds of capture time without a packet until a flow is over. */
#define LIMIT_HALF_OPEN_S      30     /* only a SYN, or no byte said: Linux retries SYN for about this long */
#define LIMIT_DIALOG_S         660    /* RFC 5321 section 4.5.3.2: a server may take 10 minutes after DATA */
#define LIMIT_CLOSED_S         5      /* late retransmissions must not look like a new flow */

/* Reassembly */
#define LIMIT_HELD_SIDE        (256u * 1024)        /* bytes out of order or waiting, a direction: a window's worth */
#define LIMIT_HELD_TOTAL       (64u * 1024 * 1024)  /* ... of all flows together */
#define LIMIT_GAP_WAIT_NS      1000000000ull        /* a hole that the peer has acknowledged is waited for so long */
#define LIMIT_GAP_WAIT_CHUNKS  64     /* ... or until so many segments stand behind it */

/* Tally and Redis */
#define LIMIT_TALLY_PAIRS      500000 /* host pairs in memory (about 600 bytes each); written ones go first */
#define LIMIT_PIPELINE         256    /* commands in flight: measured best between 100 and 500 */
#define LIMIT_FLUSH_S          1      /* seconds from a record to its counters in Redis, at most */
#define LIMIT_CONNECT_MS       2000   /* milliseconds for connecting to Redis */
#define LIMIT_REPLY_MS         5000   /* milliseconds for one reply: a slow disk under fsync */
#define LIMIT_BACKOFF_MIN_MS   100    /* first wait before connecting again; doubled each time ... */
#define LIMIT_BACKOFF_MAX_MS   10000  /* ... up to this */
#define LIMIT_HEARTBEAT_S      5      /* seconds between two heartbeats */
#define LIMIT_LEASE_S          15     /* a sensor's name is free again so long after its last heartbeat */

#endif
