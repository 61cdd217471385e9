/*
 * The way of a packet: frame -> flow -> stream -> session -> record. One pipeline belongs to one
 * thread.
 */
#ifndef TLSVANE_PIPELINE_H
#define TLSVANE_PIPELINE_H

#include "ports.h"
#include "record.h"

struct pipeline;
struct fragment;
struct segment;

/* Called for each session as it ends; *r is good until it returns. */
typedef void pipeline_sink(void *context, const struct record *r);

/*
 * Called when a flow has nothing more to tell but its end (`over` false: its payload is not looked
 * at from now on), and when it is over. Both ends, their ports and the VLANs of *f are good. Never
 * called for a flow inside a tunnel.
 */
struct flow;
typedef void pipeline_told(void *context, const struct flow *f, bool over);

/*
 * Called for a datagram that came in IP fragments and has a segment on a port that is looked at in
 * it: all of it, seen at `ns` behind the VLAN tags of *where. Says whose it is.
 */
enum pipeline_owner { PIPELINE_OURS, PIPELINE_ANOTHERS, PIPELINE_LOST };
typedef enum pipeline_owner pipeline_whose(void *context, uint64_t ns, const struct fragment *whole,
    const struct segment *where, const struct segment *inside);

struct pipeline_options {
	const struct ports *ports; /* on which mail is spoken; NULL or none: 25 */
	bool any_port;		   /* find SMTP on all other ports, too */
	bool ignore_vlan;	   /* VLAN tags tell no connections apart */
	size_t flows_max;	   /* 0: LIMIT_FLOWS */
	size_t sessions_max;	   /* 0: LIMIT_SESSIONS */
	pipeline_sink *sink;
	void *context;
	pipeline_told *told; /* NULL: nobody wants to know */
	void *told_context;
	pipeline_whose *whose; /* NULL: all are ours */
	void *whose_context;
};

struct pipeline_stats {
	uint64_t packets, bytes; /* frames given, and their length on the wire */
	uint64_t segments;	 /* ... that were TCP on a mail port, or on any that is looked at */
	uint64_t refused[RESULT_KINDS]; /* frames that were not, by -result */
	uint64_t flows, flows_open, half_open_expired;
	/* Given up at the caps: half-open or over, flows that had said something, dialogues. */
	uint64_t half_open_evicted, flows_evicted, sessions_evicted;
	uint64_t records_early; /* handed on before the end, for lack of memory: too short */
	uint64_t sessions;	/* records handed to the sink */
	uint64_t out_of_order, retransmitted, overlap_conflicts;
	/* Of what was followed, which ends with the handshake: payload handed on, each byte once;
	 * holes given up on, and what was acknowledged of a side that was never seen. */
	uint64_t payload_bytes;
	uint64_t gaps, gap_bytes;
	uint64_t cut_bytes;    /* payload bytes that the snap length cut off */
	uint64_t held_refused; /* segments too far ahead of their stream, or without room, datagrams
				  in fragments likewise, or lost by `whose` */
	uint64_t tls_malformed;
	uint64_t certificates_read;    /* ... by OpenSSL; most were read before */
	uint64_t certificates_refused; /* sessions of whose certificate only the hash was taken */
	uint64_t searches_found;       /* flows on other ports that were mail */
	uint64_t searches_refused;     /* ... that were not looked at for lack of room */
};

/* The part of the mail traffic that the capture did not hold, in millionths: bytes that were
 * acknowledged and never seen against all that were sent. */
static inline uint64_t pipeline_loss_ppm(const struct pipeline_stats *s)
{
	double sent = (double)s->payload_bytes + (double)s->gap_bytes;

	return s->gap_bytes == 0 ? 0 : (uint64_t)(1e6 * (double)s->gap_bytes / sent);
}

/* NULL when memory is short. Copies what it needs of *options. */
struct pipeline *pipeline_new(const struct pipeline_options *options);
void pipeline_free(struct pipeline *p);

/* One frame, as libpcap gives it; `ns` since the epoch. It may wait with some others until
 * pipeline_flush. */
void pipeline_packet(struct pipeline *p, int link_type, uint64_t ns, const uint8_t *frame,
    size_t captured, size_t length);

/* Reads the frames that wait: to be called when no more is at hand. The functions below do so, too.
 */
void pipeline_flush(struct pipeline *p);

/* Lets flows time out as of `ns`, when no packet comes that would. */
void pipeline_tick(struct pipeline *p, uint64_t ns);

/* Ends every open flow, in the order of their first packets; each gives its record. */
void pipeline_finish(struct pipeline *p);

/* As of now; good until the next call. */
const struct pipeline_stats *pipeline_stats(struct pipeline *p);

#endif
