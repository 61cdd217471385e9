/*
 * What the files of the pipeline share: pipeline.c has what each packet takes part in,
 * pipeline_known.c those that need no more than a look, pipeline_flow.c how a flow's session
 * begins, is searched, and ends. Nobody else includes this.
 */
#ifndef TLSVANE_PIPELINE_PRIVATE_H
#define TLSVANE_PIPELINE_PRIVATE_H

#include "defrag.h"
#include "flow.h"
#include "limits.h"
#include "pipeline.h"
#include "session.h"
#include "slab.h"

#define NS_PER_S 1000000000ull

/* How far stamps may go back before the clock goes with them: captures change the order of packets
 * by less. */
#define CLOCK_BACK_NS (10 * NS_PER_S)
/* How far one stamp alone may move it ahead: by less no dialogue ends. */
#define CLOCK_AHEAD_NS (LIMIT_DIALOG_S * NS_PER_S)

/* Segments decoded and not read yet. */
#define QUEUE	     32u    /* as many as a core can wait for at once, and some more */
#define QUEUED_BYTES 16384u /* payload bytes of them all: well within the nearest cache */
#define KNOWN	     16384u /* flows of which no packet is worth more than its time */

#define RECORD_PLACE 832u /* bytes: nine of ten records fit; others have memory of their own */

struct queued {
	uint64_t ns, hash;
	struct flow *likely; /* whose flow it seems to be, as of the prefetch */
	struct segment segment;
};

/* Flows whose packets are of no use, but for those that begin or end a connection; each in a place
 * that its hash gives. All that a packet of another flow touches is the marks, which stay near, and
 * one of such a flow touches the times besides. */
struct known {
	uint8_t mark[KNOWN]; /* some bits of the hash, and 1: odd; LEFT: even; 0: none there */
	struct known_time {
		uint64_t hash;
		uint64_t last_ns; /* of the last packet */
	} times[KNOWN];
	struct flow *flows[KNOWN];
};

struct pipeline {
	struct pipeline_stats stats;
	struct session_shared shared;
	struct flow_table *flows;
	struct defrag *fragments;
	struct slab sessions;
	struct flow **reading; /* the flows of those in use, in any order */
	size_t sessions_open, sessions_max;
	struct slab records;	    /* that wait for their flow's end, but for the longest ... */
	size_t record_bytes;	    /* ... and what all of these take */
	uint64_t now_ns;	    /* capture time: the latest seen that was not odd */
	uint64_t odd_ns, odd_at_ns; /* the last odd stamp, and the time it came at */
	uint64_t swept_ns;
	size_t sweep_hand, session_hand;
	pipeline_sink *sink;
	void *context;
	pipeline_told *told;
	void *told_context;
	pipeline_whose *whose;
	void *whose_context;
	uint64_t handover_lost;
	struct ports ports;
	bool any_port;
	size_t searches; /* flows being read of which we do not know yet whether they are mail */
	uint8_t mail_port[65536 / 8]; /* a bit each: all that packets need of `ports`, ... */
	uint16_t mail_port_last;      /* ... but for clients' ports, which mostly are above all */
	struct known known;
	struct fragment fragment; /* the one being read */
	unsigned queued;
	size_t queued_bytes;
	struct queued queue[QUEUE];
	uint8_t bytes[QUEUED_BYTES];
};

/* A stamp further from the clock than packets in their order are. */
static inline bool is_odd(const struct pipeline *p, uint64_t ns)
{
	return ns - p->now_ns + CLOCK_BACK_NS > CLOCK_BACK_NS + CLOCK_AHEAD_NS;
}

static inline bool is_mail_port(const struct pipeline *p, uint16_t port)
{
	return port <= p->mail_port_last && p->mail_port[port / 8] >> port % 8 & 1;
}

static inline uint64_t timeout_ns(const struct flow *f)
{
	if ((f->state == FLOW_CLOSED && !(f->flags & FLOW_EVICTED)) || f->flags & FLOW_ENDING)
		return LIMIT_CLOSED_S * NS_PER_S;
	if (f->flags & FLOW_SEARCH || (f->state == FLOW_OPENING && !(f->flags & FLOW_CONNECTED)))
		return LIMIT_HALF_OPEN_S * NS_PER_S;
	return LIMIT_DIALOG_S * NS_PER_S;
}

static inline bool timed_out(const struct flow *f, uint64_t now_ns)
{
	return now_ns > f->last_ns && now_ns - f->last_ns > timeout_ns(f);
}

/* What is known of a flow early may not be all of it: that only one side was seen is told at its
 * end. */
static inline bool seen_both(const struct flow *f)
{
	return f->flags & FLOW_SEEN_CLIENT && f->flags & FLOW_SEEN_SERVER;
}

/* A flow that is read, or no mail, is known from now on (FLOW_KNOWN), if there is room, until
 * pipeline_know_no_more, which only such a flow needs. `hash`: its flow_hash(). */
void pipeline_know(struct pipeline *p, struct flow *f, uint64_t hash);
void pipeline_know_no_more(struct pipeline *p, struct flow *f, uint64_t hash);

/* Brings a flow's last_ns up to date. */
void pipeline_know_time(struct pipeline *p, struct flow *f);

/* Whether a segment is of a known flow, and needs no more than this. */
bool pipeline_is_known(struct pipeline *p, const struct queued *q);

/* A session for a flow, at the cap that of another, which has told less; NULL where none has, or
 * memory is short. Still to be initialized. pipeline_pool.c */
struct session *pipeline_take_session(struct pipeline *p, struct flow *f);
void pipeline_return_session(struct pipeline *p, struct flow *f);

/* A copy of a record, at its true size, which waits; NULL at the cap, or when memory is short. */
struct record *pipeline_keep_record(struct pipeline *p, const struct record *r);
void pipeline_drop_record(struct pipeline *p, struct record *r);

/* Starts listening: the first byte was said. False when it is not to be listened to. */
bool pipeline_begin(struct pipeline *p, struct flow *f, enum side side, const struct segment *s);

/* Of a flow whose SYN was not seen: what its next bytes say of who is who. Returns their side;
 * where the ends were the wrong way round, what was read so far is forgotten. */
enum side pipeline_settle_ends(
    struct pipeline *p, struct flow *f, enum side side, const struct segment *s);

/* FLOW_SEARCH: whether it is mail, or no longer. False when its session is gone. */
bool pipeline_search(struct pipeline *p, struct flow *f);

/* All facts are known: only the record stays, at its true size. */
void pipeline_finish_reading(struct pipeline *p, struct flow *f);

/* Hands the flow's record on; `ended`: no more would have come. The flow stays. */
void pipeline_end_flow(struct pipeline *p, struct flow *f, bool ended);

/* Looks at a share of the table for each second that went by, at all of it after a longer silence.
 */
void pipeline_sweep(struct pipeline *p);

#endif
