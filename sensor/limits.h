/*
 * Every size limit and time-out of the sensor, with its unit and its reason. Parsers keep the
 * limits of their own formats in their own headers, since they include nothing outside themselves.
 */
#ifndef TLSVANE_LIMITS_H
#define TLSVANE_LIMITS_H

/* Capture */
/* Bytes of a frame that are kept. Nothing shorter will do: a card or the kernel puts segments
 * together up to 64 KB, a hello may stand anywhere in them, and a mail has to be read to its end to
 * know what is said behind it. The rest is headers of the link, tags and labels. */
#define LIMIT_SNAPLEN	  (65535 + 64)
#define LIMIT_RING_MB	  64   /* MiB of a ring: 50 ms of 10 Gbit/s, were all of it mail */
#define LIMIT_RING_MAX_MB 2000 /* ... at most: libpcap counts its bytes in an int */
#define LIMIT_MERGE_MS                                                                             \
	250 /* of several interfaces or workers: how long a packet waits for older ones */
#define LIMIT_LAST_MS                                                                              \
	300 /* at a stop: how long the kernel may keep what it gathers, thrice what it is asked to \
	     */
#define LIMIT_SHARE_MS                                                                             \
	1000 /* at its start: how long a worker may find packets in its ring that are another's */
#define LIMIT_REOPEN_MIN_MS 100	 /* first wait before an interface is opened again; doubled ... */
#define LIMIT_REOPEN_MAX_MS 5000 /* ... up to this */
#define LIMIT_BATCH	    512 /* packets a pcap_dispatch, between two looks at signals and clocks */

/* Shunting */
#define LIMIT_SHUNT_FLOWS     131072u /* flows that the kernel drops packets of (64 bytes each) */
#define LIMIT_SHUNT_REFRESH_S 60      /* seconds between two packets of one that pass: it lives */

/* Flows. With the ring, reassembly and the tally these stay below 512 MB: see README, Limits. */
#define LIMIT_FLOWS                                                                                \
	400000 /* flows at once (about 150 bytes each); the least informative go first */
#define LIMIT_SESSIONS                                                                             \
	20000 /* flows at once whose dialogue is being read (about 4 KB each); likewise */
#define LIMIT_RECORD_BYTES                                                                         \
	(32u * 1024 * 1024) /* bytes of records that wait for the end of their connection; more    \
			       are handed on at once, with the duration so far */

/* Seconds of capture time without a packet until a flow is over. */
#define LIMIT_HALF_OPEN_S                                                                          \
	30		   /* only a SYN, or no byte said: Linux retries SYN for about this long */
#define LIMIT_DIALOG_S 660 /* RFC 5321 section 4.5.3.2: a server may take 10 minutes after DATA */
#define LIMIT_CLOSED_S 5   /* late retransmissions must not look like a new flow */

/* What is not SMTP, shown to nDPI */
#define LIMIT_DISCOVER_PACKETS 8    /* segments of a flow: nDPI knows by then, or never will */
#define LIMIT_DISCOVER_BYTES   1460 /* bytes of a segment: one Ethernet frame's worth */

/* Mail on any port (--any-port) */
#define LIMIT_SEARCHES 20000 /* flows at once of which we do not know yet whether they are mail */
#define LIMIT_SEARCH_BYTES                                                                         \
	4096 /* bytes of both sides until then: a greeting, EHLO and its reply, and some more */

/* Reassembly */
#define LIMIT_HELD_SIDE                                                                            \
	(256u * 1024) /* bytes out of order or waiting, a direction: a window's worth */
#define LIMIT_HELD_CHUNKS                                                                          \
	1024 /* ... in so many segments, since each is looked for among them: the same in 256      \
		bytes each */
#define LIMIT_LENT_TOTAL (16u * 1024 * 1024) /* ... for handshake messages that span records */
#define LIMIT_HELD_TOTAL (32u * 1024 * 1024) /* ... of all flows together */
#define LIMIT_SEQUENCE_AHEAD                                                                       \
	(16 * 1024 * 1024) /* bytes a segment may be ahead unless the peer acknowledged it:        \
			      the largest receive buffer of a stock Linux, twice over */
#define LIMIT_JOIN_BYTES                                                                           \
	16 /* a held segment of fewer bytes is read together with the next: a header of the PROXY  \
	      protocol is told by so many */
#define LIMIT_GAP_WAIT_NS                                                                          \
	1000000000ull		 /* a hole that the peer has acknowledged is waited for so long */
#define LIMIT_GAP_WAIT_CHUNKS 64 /* ... or until so many segments stand behind it */

/* Certificates and fingerprints. OpenSSL takes 150 to 250 microseconds for a new certificate. */
#define LIMIT_CERTIFICATES                                                                         \
	20000			 /* read ones in memory (about 1 KB each); the longest unused go   \
				  */
#define LIMIT_CERTIFICATES_S 500 /* new ones read a second of capture time: a tenth of a core */
#define LIMIT_CERTIFICATE_BYTES                                                                    \
	16384 /* bytes of DER that are read: the largest of public authorities are below 10000 */
#define LIMIT_CERTIFICATE_NAME                                                                     \
	256 /* bytes of a subject, an issuer or a host's name, with its NUL */
#define LIMIT_CERTIFICATE_NAMES 768 /* ... of all names of hosts in one certificate: about 30 */
#define LIMIT_CERTIFICATE_VERIFY_BITS                                                              \
	4096 /* bits of a key that checks a signature: larger ones are slow */
#define LIMIT_FINGERPRINTS                                                                         \
	4096 /* hellos whose fingerprints are kept (120 bytes each): far more than products there  \
	      * are                                                                                \
	      */

/* Fragments */
#define LIMIT_FRAGMENT_DATAGRAMS 4096 /* datagrams under way at once: fragmented mail is rare */
#define LIMIT_FRAGMENT_BYTES	 (8u * 1024 * 1024) /* bytes held of them all: 128 of the largest */
#define LIMIT_FRAGMENTS		 128 /* fragments a datagram: 64 KB at RFC 791's MTU of 576 are 119 */
#define LIMIT_FRAGMENT_IPV4_NS                                                                     \
	30000000000ull /* ns of capture time from the first fragment: as Linux waits */
#define LIMIT_FRAGMENT_IPV6_NS 60000000000ull /* ... RFC 8200 section 4.5 */
#define LIMIT_FRAGMENT_DONE_NS                                                                     \
	100000000ull /* ns in which a copy of a fragment may still follow the whole */

/* Sessions held against those before */
#define LIMIT_COMPARE                                                                              \
	100000 /* servers, and pairs without TLS, remembered (about 110 bytes each)                \
		*/
#define LIMIT_FALLBACK_S                                                                           \
	3600 /* seconds from TLS that failed to mail in the clear that is its fallback: the queue  \
		of an MTA has tried again by then */
#define LIMIT_STRIPPING_S                                                                          \
	604800 /* seconds that an offer of STARTTLS is remembered: a week, since some only mail on \
		  workdays */

/* Tally and Redis */
#define LIMIT_TALLY_PAIRS                                                                          \
	200000 /* host pairs in memory (about 600 bytes each); written ones go first */
#define LIMIT_PIPELINE	     256   /* commands in flight: measured best between 100 and 500 */
#define LIMIT_FLUSH_S	     1	   /* seconds from a record to its counters in Redis, at most */
#define LIMIT_CONNECT_MS     2000  /* milliseconds for connecting to Redis */
#define LIMIT_REPLY_MS	     5000  /* milliseconds for one reply: a slow disk under fsync */
#define LIMIT_BACKOFF_MIN_MS 100   /* first wait before connecting again; doubled each time ... */
#define LIMIT_BACKOFF_MAX_MS 10000 /* ... up to this */
#define LIMIT_DRAIN_MS                                                                             \
	10000 /* milliseconds at exit for writing what waits; the rest goes to the spool */
#define LIMIT_HEARTBEAT_S 5  /* seconds between two heartbeats */
#define LIMIT_LEASE_S	  15 /* a sensor's name is free again so long after its last heartbeat */
#define LIMIT_ASIDE_S	  30 /* seconds until a key of a foreign type is tried again */
#define LIMIT_FLUSH_MS                                                                             \
	200 /* milliseconds one flush may take while Redis keeps answering: packets wait */
#define LIMIT_FLUSH_WAIT_MS 10 /* ... and may wait for a Redis that does not */
#define LIMIT_TALLY_TEXT                                                                           \
	256 /* bytes of a banner, HELO, SNI or product kept a host, with its NUL                   \
	     */
#define LIMIT_TALLY_CERTIFICATES                                                                   \
	16 /* certificates kept a host (about 100 bytes each): renewed every quarter, four years   \
	    */
#define LIMIT_TALLY_NAMES                                                                          \
	64 /* unassigned ciphers and versions counted by name an entry; others as "other" */
#define LIMIT_TALLY_CLASSES                                                                        \
	32 /* classes of sessions (tally_class.h) counted apart a pair, each about 150 bytes in    \
	      Redis; others as "other" */
#define LIMIT_JSON_BYTES 16384 /* of records, written at once: about a dozen */
#define LIMIT_JSON_WAITING                                                                         \
	(1024u * 1024) /* bytes for a reader that does not keep up: about 800 records */
/* /metrics */
#define LIMIT_METRICS_CONNECTIONS 16	/* at once: a Prometheus or two, and a person */
#define LIMIT_METRICS_S		  10	/* seconds for one request, or between two */
#define LIMIT_METRICS_REQUEST	  16384 /* bytes of memory a connection: a request's headers */

/* Processes */
#define LIMIT_WORKERS	  64		      /* more cores than any tap needs */
#define LIMIT_QUEUE_BYTES (16u * 1024 * 1024) /* records that wait, a worker: about 40000 */
#define LIMIT_BUNDLE_BYTES                                                                         \
	16000 /* of records that go to the recorder together, some twenty: the kernel has pieces   \
		 of memory of that size */
#define LIMIT_REDO_BYTES                                                                           \
	(16u * 1024 * 1024) /* what a recorder has taken and nobody else has: 12000 records and    \
			       the totals of their entries */
#define LIMIT_SPOOL_S 60    /* seconds between two spools while Redis is away */
#define LIMIT_HANDOVER_BYTES                                                                       \
	(4 * 1024 * 1024)	 /* datagrams on the way to another worker: some thousands */
#define LIMIT_MESSAGES	     256 /* taken of one worker before the next has its turn; datagrams, too */
#define LIMIT_ALIVE_MS	     1000  /* milliseconds between two signs of life, with numbers */
#define LIMIT_HANG_S	     30	   /* seconds without one until a process is replaced */
#define LIMIT_RESTART_MIN_MS 100   /* first wait before a process is started again; doubled ... */
#define LIMIT_RESTART_MAX_MS 10000 /* ... up to this */
#define LIMIT_STEADY_S	     60	   /* who lived so long begins with the first wait again */
#define LIMIT_STOP_S	     60 /* seconds at exit, longer than all drains; then all are killed */

/* Alerts */
#define LIMIT_ALERT_KEYS                                                                           \
	100000 /* alerts in memory (about 300 bytes each); those that do not fire go first */
#define LIMIT_ALERT_CLEAN_S                                                                        \
	86400 /* seconds without a match until a clean key is fixed, where a rule says nothing */
#define LIMIT_ALERT_EVERY_S                                                                        \
	86400 /* seconds between two messages of one alert, where a rule says nothing */
#define LIMIT_ALERT_GONE_S                                                                         \
	2592000 /* seconds without any session until an alert is gone: a monthly job is heard */
#define LIMIT_ALERT_TTL_S                                                                          \
	15552000 /* seconds that Redis keeps an alert after its last change: half a year */
#define LIMIT_ALERT_KEY 512 /* bytes of an alert's key, with its NUL */
#define LIMIT_ALERT_TICK                                                                           \
	1024			/* buckets of alerts looked at a tick: all of them in some seconds \
				 */
#define LIMIT_ALERT_CLAIMS 1000 /* changes that wait for Redis's word; more are decided here */
#define LIMIT_ALERT_CLAIM_MS                                                                       \
	5000 /* milliseconds until a change is decided without Redis: longer than its restart */
#define LIMIT_ALERT_DRAIN_MS                                                                       \
	15000 /* milliseconds at exit for what is under way; the journal keeps the rest */
#define LIMIT_ALERT_JOURNAL                                                                        \
	(16u * 1024 * 1024) /* bytes of the journal until it is written anew                       \
			     */
#define LIMIT_ALERT_TOUCH_MS                                                                       \
	10000 /* milliseconds between two words to the other sensors that an alert still holds */
#define LIMIT_ACTIONS                                                                              \
	1000 /* actions that wait (about 4 KB each); more are given up, and counted                \
	      */
#define LIMIT_ACTIONS_RUNNING 8 /* at once */
#define LIMIT_ACTION_TARGETS                                                                       \
	256 /* programs, recipients, addresses: back-off and rate are theirs                       \
	     */
#define LIMIT_ACTION_S		 30	/* seconds for one, where a rule says nothing */
#define LIMIT_ACTION_TRIES	 17	/* with the waits below: about 40 minutes */
#define LIMIT_ACTION_WAIT_MS	 1000	/* first wait after a failure; doubled each time ... */
#define LIMIT_ACTION_WAIT_MAX_MS 300000 /* ... up to this */
#define LIMIT_ACTION_RATE	 60	/* programs started a minute, where a rule says nothing */
#define LIMIT_ACTION_OUTPUT                                                                        \
	160 /* bytes of what a failing action said, kept for the log, with a NUL */
#define LIMIT_DIGEST_S                                                                             \
	900 /* seconds between two mails to the same recipients, where a rule says nothing */
#define LIMIT_DIGEST 200 /* alerts in one message; the next takes the rest */

/* Enforcement */
#define LIMIT_ENFORCE_LEFT 10000 /* hosts that left the clock, kept for the record */
#define LIMIT_ENFORCE_SILENT_S                                                                     \
	31536000 /* seconds without a session until a host leaves all the same: nobody is there */
#define LIMIT_POLICYD_CONNECTIONS                                                                  \
	1000 /* smtpd processes at once, each with a line's worth of memory; Postfix starts 100 */
#define LIMIT_POLICYD_REFRESH_MIN_MS                                                               \
	1000 /* between two looks at the clocks in Redis, ten times as long as one takes ... */
#define LIMIT_POLICYD_REFRESH_MAX_MS 10000 /* ... at most; waits double where Redis is away */
#define LIMIT_POLICYD_STALE_S	     30 /* seconds behind the last good look: then nobody is held up */
#define LIMIT_POLICYD_WARN_S	     60 /* seconds between two warnings of that in Postfix's log */

/* History: what Redis knows of hosts, for conditions */
#define LIMIT_HISTORY_HOSTS                                                                        \
	50000 /* hosts and pairs in memory (about 250 bytes each); the longest unused go first */
#define LIMIT_HISTORY_WAITING                                                                      \
	500 /* sessions (about 1 KB each) that wait until it is read; more do without */
#define LIMIT_HISTORY_WAIT_MS 2000 /* milliseconds that one waits; then it does without */
#define LIMIT_STORE_ASKS      4096 /* questions to Redis that wait */

/* Bytes taken from the system at once for flows, sessions and the records that wait: a huge page of
 * x86-64 and arm64. */
#define LIMIT_SLAB_BLOCK ((size_t)2 << 20)

/*
 * The size at which a table starts. The build for libFuzzer makes a pipeline for each input: there
 * tables start small and grow within one, and the caps that 64 KB of a capture cannot reach are
 * lower.
 */
#ifndef TLSVANE_FUZZING
#define TABLE_SIZE(size) (size)
#else
#define TABLE_SIZE(size) 32u
#undef LIMIT_SLAB_BLOCK
#define LIMIT_SLAB_BLOCK 65536u
#undef LIMIT_RECORD_BYTES
#define LIMIT_RECORD_BYTES 4096u
#undef LIMIT_SEARCHES
#define LIMIT_SEARCHES 8
#undef LIMIT_HELD_SIDE
#define LIMIT_HELD_SIDE 8192u
#undef LIMIT_HELD_CHUNKS
#define LIMIT_HELD_CHUNKS 32
#undef LIMIT_GAP_WAIT_CHUNKS
#define LIMIT_GAP_WAIT_CHUNKS 16
#undef LIMIT_LENT_TOTAL
#define LIMIT_LENT_TOTAL 16384u
#undef LIMIT_HELD_TOTAL
#define LIMIT_HELD_TOTAL 16384u
#undef LIMIT_CERTIFICATES
#define LIMIT_CERTIFICATES 4
#undef LIMIT_FINGERPRINTS
#define LIMIT_FINGERPRINTS 16
#undef LIMIT_FRAGMENT_DATAGRAMS
#define LIMIT_FRAGMENT_DATAGRAMS 8
#undef LIMIT_FRAGMENT_BYTES
#define LIMIT_FRAGMENT_BYTES 8192u
#undef LIMIT_FRAGMENTS
#define LIMIT_FRAGMENTS 16
#endif

#endif
