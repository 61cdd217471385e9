/* The way of a packet, put together. */
#include "pipeline.h"

#include <stdlib.h>

#include "defrag.h"
#include "flow.h"
#include "limits.h"
#include "session.h"
#include "verdict.h"

#define NS_PER_S 1000000000ull

/* The whole table is looked through once in so many seconds: the shortest time-out. */
#define SWEEP_S LIMIT_CLOSED_S

/* Segments decoded and not read yet. */
#define QUEUE        32u   /* as many as a core can wait for at once, and some more */
#define QUEUED_BYTES 1600u /* payload bytes copied of one; a larger one is read at once */
#define READ_KNOWN   8192u /* hashes of flows whose payload is known to be of no use: no need to copy it */

struct queued {
	uint64_t ns, hash;
	struct segment segment;
	uint8_t bytes[QUEUED_BYTES];
};

struct pipeline {
	struct pipeline_stats stats;
	struct session_shared shared;
	struct flow_table *flows;
	struct defrag *fragments;
	struct session *spare; /* sessions not in use, linked through spare_next */
	size_t sessions_open;
	uint64_t now_ns;       /* capture time: the latest seen */
	uint64_t swept_ns;
	size_t sweep_hand;
	pipeline_sink *sink;
	void *context;
	uint8_t mail_port[65536 / 8];
	uint64_t read_known[READ_KNOWN];
	unsigned queued;
	struct queued queue[QUEUE];
};

/* A session not in use holds the link to the next such one in its own memory. */
static struct session **spare_next(struct session *s)
{
	return (struct session **)(void *)s;
}

static void add_port(struct pipeline *p, uint16_t port)
{
	p->mail_port[port / 8] |= (uint8_t)(1 << port % 8);
}

static bool is_mail_port(const struct pipeline *p, uint16_t port)
{
	return p->mail_port[port / 8] >> port % 8 & 1;
}

struct pipeline *pipeline_new(const struct pipeline_options *options)
{
	struct pipeline *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->sink = options->sink;
	p->context = options->context;
	p->flows = flow_table_new(options->flows_max > 0 ? options->flows_max : LIMIT_FLOWS);
	p->fragments = defrag_new();
	if (p->flows == NULL || p->fragments == NULL) {
		pipeline_free(p);
		return NULL;
	}
	if (options->ports == NULL)
		add_port(p, 25);
	for (size_t i = 0; options->ports != NULL && i < options->port_count; i++)
		add_port(p, options->ports[i]);
	return p;
}

static struct session *take_session(struct pipeline *p)
{
	struct session *s = p->spare;

	if (s != NULL)
		p->spare = *spare_next(s);
	else if (p->sessions_open < LIMIT_SESSIONS)
		s = malloc(sizeof(*s));
	if (s != NULL)
		p->sessions_open++;
	return s;
}

static void return_session(struct pipeline *p, struct session *s)
{
	session_clear(s, &p->shared);
	*spare_next(s) = p->spare;
	p->spare = s;
	p->sessions_open--;
}

void pipeline_free(struct pipeline *p)
{
	struct flow *f;

	if (p == NULL)
		return;
	for (size_t place = 0; p->flows != NULL && place < flow_places(p->flows); place++) {
		f = flow_at(p->flows, place);
		if (f != NULL && f->state == FLOW_READING)
			return_session(p, f->session);
		else if (f != NULL && f->state == FLOW_READ)
			free(f->record);
	}
	while (p->spare != NULL)
		free(take_session(p));
	flow_table_free(p->flows);
	defrag_free(p->fragments);
	discover_free(p->shared.discover);
	free(p);
}

static void report_ends(const struct flow *f, struct record *r)
{
	r->client_ip = f->client;
	r->server_ip = f->server;
	r->client_port = f->client_port;
	r->server_port = f->server_port;
	r->vlan = f->vlan;
	r->inner_vlan = f->inner_vlan;
	r->tunnel = f->tunnel;
	r->start_ns = f->first_ns;
}

static struct session_end end_of(const struct flow *f, bool ended)
{
	bool closed = f->flags & (FLOW_FIN_CLIENT | FLOW_FIN_SERVER | FLOW_RESET);

	return (struct session_end){
	    .client_seen = f->flags & FLOW_SEEN_CLIENT,
	    .server_seen = f->flags & FLOW_SEEN_SERVER,
	    .closed = closed,
	    .ended = closed || ended,
	};
}

/* A connection on which nobody said a byte. */
static void report_silent(const struct flow *f, const struct session_end *end, struct record *r)
{
	struct verdict_facts facts = {
	    .client_seen = end->client_seen,
	    .server_seen = end->server_seen,
	    .midstream = !(f->flags & (FLOW_SYN | FLOW_SYN_ACK)),
	    .silent = true,
	    .closed = end->closed,
	    .ended = end->ended,
	};

	verdict_judge(r, &facts);
}

static void hand_on(struct pipeline *p, const struct flow *f, struct record *r)
{
	r->duration_ns = f->last_ns - f->first_ns;
	p->stats.sessions++;
	p->sink(p->context, r);
}

/* The session's last word; its memory goes back. */
static void report_session(struct pipeline *p, struct flow *f, bool ended, struct record *r)
{
	struct session_end end = end_of(f, ended);

	record_init(r);
	report_ends(f, r);
	session_report(f->session, &p->shared, &end, r);
	return_session(p, f->session);
	f->session = NULL;
}

/* All facts are known: only the record stays, at its true size. */
static void finish_reading(struct pipeline *p, struct flow *f)
{
	struct record r;

	report_session(p, f, false, &r);
	f->record = malloc(record_size(&r));
	f->state = FLOW_READ;
	if (f->record != NULL) {
		memcpy(f->record, &r, record_size(&r));
		return;
	}
	hand_on(p, f, &r); /* memory is short: better a short duration than no record */
	f->state = FLOW_CLOSED;
}

static void end_flow(struct pipeline *p, struct flow *f, bool ended)
{
	struct session_end end;
	struct record r;

	switch (f->state) {
	case FLOW_READING:
		session_settle(f->session, &p->shared, f->last_ns, true);
		report_session(p, f, ended, &r);
		hand_on(p, f, &r);
		break;
	case FLOW_READ:
		hand_on(p, f, f->record);
		free(f->record);
		break;
	case FLOW_OPENING:
		if (!(f->flags & FLOW_CONNECTED)) {
			p->stats.half_open_expired++;
			break;
		}
		end = end_of(f, ended);
		record_init(&r);
		report_ends(f, &r);
		report_silent(f, &end, &r);
		hand_on(p, f, &r);
		break;
	default:
		break;
	}
	f->state = FLOW_CLOSED;
}

static uint64_t timeout_ns(const struct flow *f)
{
	if (f->state == FLOW_CLOSED || f->flags & FLOW_ENDING)
		return LIMIT_CLOSED_S * NS_PER_S;
	if (f->state == FLOW_OPENING && !(f->flags & FLOW_CONNECTED))
		return LIMIT_HALF_OPEN_S * NS_PER_S;
	return LIMIT_DIALOG_S * NS_PER_S;
}

static bool timed_out(const struct flow *f, uint64_t now_ns)
{
	return now_ns > f->last_ns && now_ns - f->last_ns > timeout_ns(f);
}

static void look_at(struct pipeline *p, struct flow *f)
{
	if (timed_out(f, p->now_ns)) {
		end_flow(p, f, true);
		flow_remove(p->flows, f);
	} else if (f->state == FLOW_READING) {
		session_settle(f->session, &p->shared, p->now_ns, false);
		if (f->session->phase == SESSION_OVER)
			finish_reading(p, f);
	}
}

/* Looks at a share of the table for each second that went by, at all of it after a longer silence. */
static void sweep(struct pipeline *p)
{
	uint64_t seconds = (p->now_ns - p->swept_ns) / NS_PER_S;
	size_t places = flow_places(p->flows), share;
	struct flow *f;

	share = seconds >= SWEEP_S ? places : places / SWEEP_S * (size_t)seconds + 1;
	for (; share > 0 && places > 0; share--, p->sweep_hand++) {
		f = flow_at(p->flows, p->sweep_hand % places);
		if (f != NULL)
			look_at(p, f);
	}
	p->swept_ns = p->now_ns;
}

static void tick(struct pipeline *p, uint64_t ns)
{
	if (ns > p->now_ns)
		p->now_ns = ns;
	if (p->swept_ns == 0)
		p->swept_ns = p->now_ns;
	if (p->now_ns - p->swept_ns >= NS_PER_S)
		sweep(p);
}

void pipeline_tick(struct pipeline *p, uint64_t ns)
{
	pipeline_flush(p);
	tick(p, ns);
}

/* At the cap somebody has to go. */
static struct flow *add_flow(struct pipeline *p, const struct segment *s, enum side from, uint64_t hash)
{
	struct flow *f = flow_add(p->flows, s, from, hash), *victim;

	if (f != NULL)
		return f;
	victim = flow_victim(p->flows);
	if (victim == NULL)
		return NULL;
	end_flow(p, victim, false);
	flow_remove(p->flows, victim);
	p->stats.flows_evicted++;
	return flow_add(p->flows, s, from, hash);
}

/* Who sent the first segment seen. Without a SYN, who has the mail port is the server. */
static enum side sender(const struct pipeline *p, const struct segment *s)
{
	bool client = s->source_port > s->destination_port;

	if (s->flags & FRAME_SYN)
		client = !(s->flags & FRAME_ACK);
	else if (is_mail_port(p, s->destination_port) != is_mail_port(p, s->source_port))
		client = is_mail_port(p, s->destination_port);
	return client ? SIDE_CLIENT : SIDE_SERVER;
}

/* What is worth an entry: a SYN, or bytes. */
static struct flow *open_flow(struct pipeline *p, const struct segment *s, uint64_t hash, enum side *from)
{
	struct flow *f;

	if (!(s->flags & FRAME_SYN) && s->payload.left + s->missing == 0)
		return NULL;
	*from = sender(p, s);
	f = add_flow(p, s, *from, hash);
	if (f == NULL)
		return NULL;
	f->first_ns = f->last_ns = p->now_ns;
	p->stats.flows++;
	return f;
}

/* A SYN with another sequence number begins another connection on the same ports. */
static bool begins_anew(const struct flow *f, const struct segment *s, enum side side)
{
	if (!(s->flags & FRAME_SYN) || s->flags & FRAME_ACK)
		return false;
	if (side == SIDE_SERVER)
		return true;
	return !(f->flags & FLOW_SYN) || f->next[SIDE_CLIENT] != s->sequence + 1;
}

/* The SYN of one side; the server's also tells the client's number, so that it does not matter which comes first. */
static void note_syn(struct flow *f, const struct segment *s, enum side side)
{
	f->next[side] = s->sequence + 1;
	f->flags |= side == SIDE_CLIENT ? FLOW_SYN : FLOW_SYN_ACK;
	if (side == SIDE_CLIENT || f->flags & FLOW_SYN)
		return;
	f->next[SIDE_CLIENT] = s->acknowledgment;
	f->flags |= FLOW_SYN;
}

/* Starts listening: the first byte was said. */
static bool begin_session(struct pipeline *p, struct flow *f)
{
	struct session *s = take_session(p);

	if (s == NULL)
		return false;
	session_init(s, !(f->flags & (FLOW_SYN | FLOW_SYN_ACK)));
	if (f->flags & FLOW_SYN)
		stream_init(&s->stream[SIDE_CLIENT], f->next[SIDE_CLIENT]);
	if (f->flags & FLOW_SYN_ACK)
		stream_init(&s->stream[SIDE_SERVER], f->next[SIDE_SERVER]);
	f->session = s;
	f->state = FLOW_READING;
	return true;
}

static void read_segment(struct pipeline *p, struct flow *f, enum side side, const struct segment *s)
{
	uint32_t sequence = s->sequence + (s->flags & FRAME_SYN ? 1 : 0);
	uint16_t other = side == SIDE_CLIENT ? FLOW_SEEN_SERVER : FLOW_SEEN_CLIENT;

	if (f->state == FLOW_OPENING && s->payload.left + s->missing > 0 && !begin_session(p, f)) {
		p->shared.streams.refused++;
		return;
	}
	if (f->state != FLOW_READING)
		return;
	session_segment(f->session, &p->shared, side, p->now_ns, s, sequence, !(f->flags & other));
	if (f->session->phase == SESSION_OVER)
		finish_reading(p, f);
}

/* A reset far from what is expected is somebody else's. */
static bool reset_fits(const struct flow *f, enum side side, const struct segment *s)
{
	const struct stream *stream;
	int32_t ahead;

	if (f->state != FLOW_READING)
		return true;
	stream = &f->session->stream[side];
	ahead = sequence_ahead(s->sequence, stream->next);
	return !stream->synced || (ahead >= -LIMIT_SEQUENCE_AHEAD && ahead <= LIMIT_SEQUENCE_AHEAD);
}

static void note_end(struct pipeline *p, struct flow *f, enum side side, const struct segment *s)
{
	uint16_t both = FLOW_FIN_CLIENT | FLOW_FIN_SERVER;

	if (s->flags & FRAME_FIN)
		f->flags |= side == SIDE_CLIENT ? FLOW_FIN_CLIENT : FLOW_FIN_SERVER;
	if (s->flags & FRAME_RST && reset_fits(f, side, s))
		f->flags |= FLOW_RESET;
	if (!(f->flags & FLOW_RESET) && (f->flags & both) != both)
		return;
	if (f->state == FLOW_READING && session_expects_more(f->session))
		f->flags |= FLOW_ENDING;
	else
		end_flow(p, f, true);
}

static void flow_segment(struct pipeline *p, struct flow *f, const struct segment *s, enum side side)
{
	f->last_ns = p->now_ns;
	f->flags |= side == SIDE_CLIENT ? FLOW_SEEN_CLIENT : FLOW_SEEN_SERVER;
	if (s->flags & FRAME_SYN)
		note_syn(f, s, side);
	else if (f->flags & FLOW_SYN_ACK || side == SIDE_CLIENT)
		f->flags |= (uint16_t)(s->flags & FRAME_RST ? 0 : FLOW_CONNECTED);
	read_segment(p, f, side, s);
	if (s->flags & (FRAME_FIN | FRAME_RST) || f->flags & FLOW_ENDING)
		note_end(p, f, side, s);
}

static uint64_t *read_known(struct pipeline *p, uint64_t hash)
{
	return &p->read_known[hash % READ_KNOWN];
}

static void take_segment(struct pipeline *p, const struct segment *s, uint64_t hash)
{
	enum side from;
	struct flow *f = flow_find(p->flows, s, hash, &from);

	if (f != NULL && (timed_out(f, p->now_ns) || begins_anew(f, s, from))) {
		end_flow(p, f, timed_out(f, p->now_ns));
		flow_remove(p->flows, f);
		f = NULL;
	}
	if (f == NULL)
		f = open_flow(p, s, hash, &from);
	if (f == NULL || f->state == FLOW_CLOSED)
		return;
	if (f->state != FLOW_READ) {
		flow_segment(p, f, s, from);
		return;
	}
	f->last_ns = p->now_ns;
	*read_known(p, hash) = hash;
	if (s->flags & (FRAME_FIN | FRAME_RST))
		note_end(p, f, from, s);
}

/* Memory is far away: while some flows come nearer, others are decoded. Then each is read in its turn. */
static void prefetch(const struct pipeline *p)
{
	const struct flow *f;

	for (unsigned i = 0; i < p->queued; i++)
		(void)flow_prefetch(p->flows, p->queue[i].hash);
	for (unsigned i = 0; i < p->queued; i++) {
		if (p->queue[i].segment.payload.left == 0)
			continue;
		f = flow_prefetch(p->flows, p->queue[i].hash);
		if (f != NULL && f->state == FLOW_READING)
			session_prefetch(f->session);
	}
}

void pipeline_flush(struct pipeline *p)
{
	if (p->queued > 1)
		prefetch(p);
	for (unsigned i = 0; i < p->queued; i++) {
		tick(p, p->queue[i].ns);
		take_segment(p, &p->queue[i].segment, p->queue[i].hash);
	}
	p->queued = 0;
}

/* A fragment: its datagram's segment, once it is whole. */
static int add_fragment(struct pipeline *p, const struct fragment *fragment, uint64_t ns, struct segment *s)
{
	struct fragment whole;
	int result = defrag_add(p->fragments, ns, fragment, s, &whole);

	return result == RESULT_OK ? frame_decode_whole(&whole, s) : result;
}

/* The frame is gone when the queue is read: what it carries is copied. */
static void enqueue(struct pipeline *p, uint64_t ns)
{
	struct queued *q = &p->queue[p->queued];
	struct segment *s = &q->segment;
	size_t length = s->payload.left;

	q->ns = ns;
	q->hash = flow_hash(p->flows, s);
	flow_prefetch_slot(p->flows, q->hash);
	p->queued++;
	if (s->flags & FRAME_SYN)
		*read_known(p, q->hash) = 0; /* the ports may be used again */
	else if (*read_known(p, q->hash) == q->hash)
		length = s->payload.left = s->missing = 0;
	if (length > 0 && length <= QUEUED_BYTES) {
		memcpy(q->bytes, s->payload.at, length);
		s->payload.at = q->bytes;
	}
	if (length > QUEUED_BYTES || p->queued == QUEUE)
		pipeline_flush(p);
}

void pipeline_packet(struct pipeline *p, int link_type, uint64_t ns, const uint8_t *frame, size_t captured,
    size_t length)
{
	struct segment *s = &p->queue[p->queued].segment;
	struct fragment fragment;
	int result;

	p->stats.packets++;
	p->stats.bytes += length;
	result = frame_decode(link_type, frame, captured, length, s, &fragment);
	if (result == RESULT_FRAGMENT)
		result = add_fragment(p, &fragment, ns, s);
	if (result != RESULT_OK) {
		if (result < 0)
			p->stats.refused[-result]++;
		return;
	}
	if (!is_mail_port(p, s->destination_port) && !is_mail_port(p, s->source_port))
		return;
	p->stats.segments++;
	p->stats.cut_bytes += s->missing;
	enqueue(p, ns);
}

static int by_first_packet(const void *a, const void *b)
{
	const struct flow *f = *(struct flow *const *)a, *g = *(struct flow *const *)b;

	return f->first_ns < g->first_ns ? -1 : f->first_ns > g->first_ns;
}

void pipeline_finish(struct pipeline *p)
{
	struct flow **open, *f;
	size_t count = 0, places;

	pipeline_flush(p);
	places = flow_places(p->flows);
	open = malloc((flow_count(p->flows) + 1) * sizeof(struct flow *));
	for (size_t place = 0; place < places; place++) {
		f = flow_at(p->flows, place);
		if (f == NULL)
			continue;
		if (open != NULL) {
			open[count++] = f;
			continue;
		}
		end_flow(p, f, false); /* memory is short: in any order */
		flow_remove(p->flows, f);
	}
	if (open != NULL)
		qsort(open, count, sizeof(struct flow *), by_first_packet);
	for (size_t i = 0; i < count; i++) {
		end_flow(p, open[i], false);
		flow_remove(p->flows, open[i]);
	}
	free(open);
}

const struct pipeline_stats *pipeline_stats(struct pipeline *p)
{
	pipeline_flush(p);
	p->stats.flows_open = flow_count(p->flows);
	p->stats.out_of_order = p->shared.streams.out_of_order;
	p->stats.retransmitted = p->shared.streams.retransmitted;
	p->stats.overlap_conflicts = p->shared.streams.conflicts;
	p->stats.gaps = p->shared.streams.gaps;
	p->stats.gap_bytes = p->shared.streams.gap_bytes;
	p->stats.held_refused = p->shared.streams.refused;
	return &p->stats;
}
