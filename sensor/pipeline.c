/* The way of a packet, put together. */
#include "pipeline_private.h"

/* Whether the clock follows an odd stamp: one alone is broken, two in a row are a clock that was
 * set, or a long silence in a file. Nothing ends by a clock that is set back. */
static bool follow(struct pipeline *p, uint64_t ns)
{
	bool again = p->odd_at_ns == p->now_ns && ns + CLOCK_BACK_NS > p->odd_ns &&
		     (ns > p->now_ns) == (p->odd_ns > p->now_ns);

	p->odd_ns = ns;
	p->odd_at_ns = p->now_ns;
	if (p->now_ns != 0 && !again)
		return false;
	if (ns < p->now_ns)
		p->swept_ns = p->now_ns = ns;
	return true;
}

static inline void tick(struct pipeline *p, uint64_t ns)
{
	if (is_odd(p, ns) && !follow(p, ns))
		return;
	if (ns > p->now_ns)
		p->now_ns = ns;
	if (p->swept_ns == 0)
		p->swept_ns = p->now_ns;
	if (p->now_ns - p->swept_ns >= NS_PER_S)
		pipeline_sweep(p);
}

void pipeline_tick(struct pipeline *p, uint64_t ns)
{
	pipeline_flush(p);
	tick(p, ns);
}

/* At the cap somebody has to go. */
static struct flow *add_flow(
    struct pipeline *p, const struct segment *s, enum side from, uint64_t hash)
{
	struct flow *f = flow_add(p->flows, s, from, hash), *victim;

	if (f != NULL)
		return f;
	victim = flow_victim(p->flows);
	if (victim == NULL)
		return NULL;
	if (victim->state == FLOW_CLOSED || !flow_is_connected(victim))
		p->stats.half_open_evicted++;
	else
		p->stats.flows_evicted++;
	victim->flags |= FLOW_EVICTED;
	pipeline_end_flow(p, victim, false);
	flow_remove(p->flows, victim);
	return flow_add(p->flows, s, from, hash);
}

/* Who sent the first segment seen. Without a SYN, who has the mail port is the server, for now. */
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
static struct flow *open_flow(struct pipeline *p, const struct queued *q, enum side *from)
{
	const struct segment *s = &q->segment;
	struct flow *f;

	if (!(s->flags & FRAME_SYN) && s->payload.left + s->missing == 0)
		return NULL;
	*from = sender(p, s);
	f = add_flow(p, s, *from, q->hash);
	if (f == NULL)
		return NULL;
	f->first_ns = f->last_ns = is_odd(p, q->ns) ? q->ns : p->now_ns;
	if (!(s->flags & FRAME_SYN))
		f->flags |= FLOW_GUESSED;
	if (p->any_port && !is_mail_port(p, s->source_port) &&
	    !is_mail_port(p, s->destination_port))
		f->flags |= FLOW_SEARCH;
	p->stats.flows++;
	return f;
}

/* Where the client is not seen, the server's SYN tells by what it acknowledges. */
static bool answers_another(const struct flow *f, const struct segment *s, enum side side)
{
	return side == SIDE_SERVER && f->flags & FLOW_SYN_ACK && !(f->flags & FLOW_SEEN_CLIENT) &&
	       f->next[SIDE_CLIENT] != s->acknowledgment;
}

/* A SYN with another sequence number begins another connection on the same ports. */
static bool begins_anew(const struct flow *f, const struct segment *s, enum side side)
{
	if (!(s->flags & FRAME_SYN))
		return false;
	if (s->flags & FRAME_ACK)
		return answers_another(f, s, side);
	if (side == SIDE_SERVER || (f->state == FLOW_CLOSED && !(f->flags & FLOW_CONNECTED)))
		return true; /* also a refused SYN that is tried again with the same number */
	return !(f->flags & FLOW_SYN) || f->next[SIDE_CLIENT] != s->sequence + 1;
}

/* The SYN of one side; the server's also tells the client's number, so that it does not matter
 * which comes first. */
static void note_syn(struct flow *f, const struct segment *s, enum side side)
{
	uint32_t next = s->sequence + 1;

	if (side == SIDE_SERVER && f->flags & FLOW_SYN_ACK && f->next[side] != next) {
		f->other_next = next;
		return;
	}
	f->next[side] = next;
	f->flags |= side == SIDE_CLIENT ? FLOW_SYN : FLOW_SYN_ACK;
	if (f->state == FLOW_READING && !f->session->stream[side].synced)
		stream_init(&f->session->stream[side], next); /* it was late */
	if (side == SIDE_CLIENT || f->flags & FLOW_SYN)
		return;
	f->next[SIDE_CLIENT] = s->acknowledgment;
	f->flags |= FLOW_SYN;
}

/* Stateless servers, and several behind one address, may answer a repeated SYN with another number.
 */
static void settle_next(struct pipeline *p, struct flow *f, const struct segment *s)
{
	uint32_t next = f->other_next;
	struct stream *stream;

	f->other_next = 0;
	if (!(s->flags & FRAME_ACK) || s->acknowledgment != next)
		return;
	if (f->state == FLOW_READING) {
		stream = &f->session->stream[SIDE_SERVER];
		if (stream->next != f->next[SIDE_SERVER])
			return; /* it has spoken */
		stream_clear(stream, &p->shared.streams);
		stream_init(stream, next);
	}
	f->next[SIDE_SERVER] = next;
}

/* Where the SYN/ACK was not seen, the client's first acknowledgment tells the server's number: that
 * of its first byte, or behind bytes that are missing, too. */
static void note_first_ack(struct flow *f, const struct segment *s)
{
	if (f->state == FLOW_OPENING && f->flags & FLOW_SYN && !(f->flags & FLOW_SYN_ACK) &&
	    s->flags & FRAME_ACK && f->next[SIDE_SERVER] == 0)
		f->next[SIDE_SERVER] = s->acknowledgment;
}

/* Whether a SYN told where a side begins. */
static bool knows_first(const struct flow *f, enum side side)
{
	return f->flags & (side == SIDE_CLIENT ? FLOW_SYN : FLOW_SYN_ACK);
}

static void note_unread(struct flow *f, enum side side, uint32_t end)
{
	if (!knows_first(f, side) || sequence_ahead(end, f->next[side]) <= 1 || /* or a FIN */
	    !sequence_is_near(end, f->next[side]))
		return;
	f->flags |= FLOW_UNREAD;
	if (f->unread[side] == 0 || sequence_ahead(end, f->unread[side]) > 0)
		f->unread[side] = end;
}

/* A stranger guesses the numbers of his reset; who acknowledges exactly where the other side begins
 * does not. */
static bool is_guessed_reset(const struct flow *f, const struct segment *s, enum side other)
{
	if (!(s->flags & FRAME_RST))
		return false;
	return !(s->flags & FRAME_ACK) || !knows_first(f, other) ||
	       s->acknowledgment != f->next[other];
}

/* While nobody was heard, the numbers of a segment may tell that bytes were said all the same. */
static void note_numbers(struct flow *f, const struct segment *s, enum side side)
{
	enum side other = side_other(side);

	if (f->state != FLOW_OPENING || is_guessed_reset(f, s, other))
		return;
	if (s->payload.left + s->missing == 0)
		note_unread(f, side, s->sequence);
	if (s->flags & FRAME_ACK)
		note_unread(f, other, s->acknowledgment);
}

/* The other side was not seen, and is not merely late: captures of two ports run apart. */
static bool is_one_sided(const struct pipeline *p, const struct flow *f, enum side side)
{
	uint16_t other = side == SIDE_CLIENT ? FLOW_SEEN_SERVER : FLOW_SEEN_CLIENT;

	return !(f->flags & other) && p->now_ns - f->first_ns >= LIMIT_GAP_WAIT_NS;
}

/* A keep-alive probe repeats a byte, here the SYN's place, and it may be anything (RFC 1122 section
 * 4.2.3.6). */
static bool says_nothing(const struct flow *f, enum side side, uint32_t end)
{
	return knows_first(f, side) && sequence_ahead(end, f->next[side]) <= 0 &&
	       sequence_is_near(end, f->next[side]);
}

static void read_segment(
    struct pipeline *p, struct flow *f, enum side side, const struct segment *s)
{
	uint32_t sequence = s->sequence + (s->flags & FRAME_SYN ? 1 : 0);
	uint32_t length = (uint32_t)s->payload.left + s->missing;

	if (f->state == FLOW_OPENING && length > 0 &&
	    (says_nothing(f, side, sequence + length) || !pipeline_begin(p, f, side, s)))
		return;
	if (f->state != FLOW_READING)
		return;
	session_segment(
	    f->session, &p->shared, side, p->now_ns, s, sequence, is_one_sided(p, f, side));
	if (f->flags & FLOW_SEARCH && !pipeline_search(p, f))
		return;
	if (f->session->phase == SESSION_OVER && seen_both(f))
		pipeline_finish_reading(p, f);
	else if (session_nearly_over(f->session))
		f->flags |= FLOW_NEARLY_READ;
}

/* A reset far from what is expected is somebody else's. */
static bool reset_fits(const struct flow *f, enum side side, const struct segment *s)
{
	const struct stream *stream;

	if (f->state == FLOW_OPENING)
		return !knows_first(f, side) || sequence_is_near(s->sequence, f->next[side]);
	if (f->state != FLOW_READING)
		return true;
	stream = &f->session->stream[side];
	return !stream->synced || sequence_is_near(s->sequence, stream->next);
}

/* A reset that its receiver does not obey (RFC 5961), or seen before what it answers, ends nothing
 * yet. */
static bool may_go_on(const struct flow *f)
{
	if (f->state == FLOW_READING)
		return f->flags & FLOW_RESET || session_expects_more(f->session);
	return f->state == FLOW_OPENING && f->flags & FLOW_CONNECTED &&
	       f->flags & (FLOW_RESET | FLOW_UNREAD);
}

static void note_end(struct pipeline *p, struct flow *f, enum side side, const struct segment *s)
{
	uint16_t both = FLOW_FIN_CLIENT | FLOW_FIN_SERVER;

	if (s->flags & FRAME_FIN) {
		f->flags |= side == SIDE_CLIENT ? FLOW_FIN_CLIENT : FLOW_FIN_SERVER;
		if (f->state == FLOW_READING) /* what stands before it may still come */
			stream_acknowledged(&f->session->stream[side], p->now_ns,
			    s->sequence + (uint32_t)s->payload.left + s->missing + 1);
	}
	if (s->flags & FRAME_RST && reset_fits(f, side, s))
		f->flags |= FLOW_RESET;
	if (!(f->flags & FLOW_RESET) && (f->flags & both) != both)
		return;
	if (may_go_on(f))
		f->flags |= FLOW_ENDING;
	else
		pipeline_end_flow(p, f, true);
}

static void flow_segment(
    struct pipeline *p, struct flow *f, const struct segment *s, enum side side)
{
	if (p->now_ns > f->last_ns) /* else it began with an odd stamp, or look_at() mends it */
		f->last_ns = p->now_ns;
	if (f->flags & FLOW_GUESSED && s->payload.left > 0)
		side = pipeline_settle_ends(p, f, side, s);
	f->flags |= side == SIDE_CLIENT ? FLOW_SEEN_CLIENT : FLOW_SEEN_SERVER;
	if (f->other_next != 0 && side == SIDE_CLIENT)
		settle_next(p, f, s);
	if (side == SIDE_CLIENT)
		note_first_ack(f, s);
	if (s->flags & FRAME_SYN)
		note_syn(f, s, side);
	else if (f->flags & FLOW_SYN_ACK || side == SIDE_CLIENT)
		f->flags |= (uint16_t)(s->flags & FRAME_RST ? 0 : FLOW_CONNECTED);
	note_numbers(f, s, side);
	read_segment(p, f, side, s);
	if (s->flags & (FRAME_FIN | FRAME_RST) || f->flags & FLOW_ENDING)
		note_end(p, f, side, s);
}

static struct flow *find_flow(struct pipeline *p, const struct queued *q, enum side *from)
{
	if (q->likely != NULL && flow_is_of(p->flows, q->likely, &q->segment, from))
		return q->likely;
	return flow_find(p->flows, &q->segment, q->hash, from);
}

/* What comes behind a flow's record. */
static void pass_over(struct pipeline *p, struct flow *f, const struct queued *q)
{
	if (f->flags & FLOW_SEARCH)
		pipeline_know(p, f, q->hash);
	if (f->flags & FLOW_EVICTED) /* it goes on */
		f->last_ns = p->now_ns;
	if (q->segment.flags & (FRAME_FIN | FRAME_RST))
		f->flags &= (uint16_t)~FLOW_EVICTED;
}

static void take_segment(struct pipeline *p, const struct queued *q)
{
	const struct segment *s = &q->segment;
	enum side from;
	struct flow *f = find_flow(p, q, &from);

	if (f != NULL && f->flags & FLOW_KNOWN)
		pipeline_know_no_more(p, f, q->hash);
	if (f != NULL && (timed_out(f, p->now_ns) || begins_anew(f, s, from))) {
		pipeline_end_flow(p, f, timed_out(f, p->now_ns));
		flow_remove(p->flows, f);
		f = NULL;
	}
	if (f == NULL)
		f = open_flow(p, q, &from);
	if (f == NULL)
		return;
	if (f->state == FLOW_CLOSED) {
		pass_over(p, f, q);
		return;
	}
	if (f->state != FLOW_READ) {
		flow_segment(p, f, s, from);
		return;
	}
	f->last_ns = p->now_ns;
	if (s->flags & (FRAME_FIN | FRAME_RST))
		note_end(p, f, from, s);
	else
		pipeline_know(p, f, q->hash);
}

/* Memory is far away: while some flows come nearer, others are decoded. Then each is read in its
 * turn. */
static void prefetch(struct pipeline *p)
{
	struct queued *q, *end = p->queue + p->queued;
	const struct flow *f;
	bool nearly_read, last;

	for (q = p->queue; q < end; q++)
		q->likely = flow_prefetch(p->flows, q->hash);
	for (q = p->queue; q < end; q++) {
		f = q->likely;
		if (f == NULL)
			continue;
		nearly_read = f->flags & FLOW_NEARLY_READ;
		last = q->segment.flags & FRAME_FIN;
		if (f->state == FLOW_OPENING || nearly_read || last)
			flow_prefetch_rest(f);
		if (f->state == FLOW_READING)
			session_prefetch(f->session, nearly_read);
		else if (f->state == FLOW_READ && last)
			record_prefetch(f->record);
	}
}

void pipeline_flush(struct pipeline *p)
{
	prefetch(p);
	for (unsigned i = 0; i < p->queued; i++) {
		tick(p, p->queue[i].ns);
		take_segment(p, &p->queue[i]);
	}
	p->queued = 0;
	p->queued_bytes = 0;
}

static bool is_looked_at(const struct pipeline *p, const struct segment *s)
{
	return is_mail_port(p, s->destination_port) || is_mail_port(p, s->source_port) ||
	       p->any_port;
}

/* A fragment: its datagram's segment, once it is whole, and ours. */
static int add_fragment(struct pipeline *p, uint64_t ns, struct segment *s)
{
	const struct segment where = *s;
	struct fragment whole;
	enum pipeline_owner owner;
	int result = defrag_add(p->fragments, ns, &p->fragment, s, &whole);

	if (result == RESULT_OK)
		result = frame_decode_whole(&whole, s);
	if (result != RESULT_OK || p->whose == NULL || !is_looked_at(p, s))
		return result;
	owner = p->whose(p->whose_context, ns, &whole, &where, s);
	p->handover_lost += owner == PIPELINE_LOST;
	return owner == PIPELINE_OURS ? RESULT_OK : RESULT_MORE;
}

/* The frame is gone when the queue is read: what it carries is copied. */
static void enqueue(struct pipeline *p, uint64_t ns)
{
	struct queued *q = &p->queue[p->queued];
	struct segment *s = &q->segment;
	size_t length = s->payload.left;

	if (s->tunnel == FRAME_TUNNEL_MPLS)
		s->tunnel_id = 0; /* a label belongs to one direction (RFC 3031 section 3.1) */
	q->ns = ns;
	q->hash = flow_hash(p->flows, s);
	if (pipeline_is_known(p, q))
		return;
	flow_prefetch_slot(p->flows, q->hash);
	p->queued++;
	if (length > QUEUED_BYTES - p->queued_bytes) { /* read from the frame */
		pipeline_flush(p);
		return;
	}
	if (length > 0) {
		s->payload.at = memcpy(p->bytes + p->queued_bytes, s->payload.at, length);
		p->queued_bytes += length;
	}
	if (p->queued == QUEUE)
		pipeline_flush(p);
}

void pipeline_packet(struct pipeline *p, int link_type, uint64_t ns, const uint8_t *frame,
    size_t captured, size_t length)
{
	struct segment *s;
	int result;

	if (ns > p->now_ns + NS_PER_S && !is_odd(p, ns))
		pipeline_tick(p, ns); /* where mail is rare, other packets move the clock */
	s = &p->queue[p->queued].segment;
	p->stats.packets++;
	p->stats.bytes += length;
	result = frame_decode(link_type, frame, captured, length, s, &p->fragment);
	if (result == RESULT_FRAGMENT)
		result = add_fragment(p, ns, s);
	if (result != RESULT_OK) {
		if (result < 0)
			p->stats.refused[-result]++;
		return;
	}
	if (!is_looked_at(p, s))
		return;
	p->stats.segments++;
	p->stats.cut_bytes += s->missing;
	enqueue(p, ns);
}

const struct pipeline_stats *pipeline_stats(struct pipeline *p)
{
	pipeline_flush(p);
	p->stats.flows_open = flow_count(p->flows);
	p->stats.out_of_order = p->shared.streams.out_of_order;
	p->stats.retransmitted = p->shared.streams.retransmitted;
	p->stats.overlap_conflicts = p->shared.streams.conflicts;
	p->stats.payload_bytes = p->shared.streams.seen;
	p->stats.gaps = p->shared.streams.gaps;
	p->stats.gap_bytes = p->shared.streams.gap_bytes;
	p->stats.held_refused =
	    p->shared.streams.refused + p->handover_lost + defrag_stats(p->fragments)->evicted;
	p->stats.tls_malformed = p->shared.tls_malformed;
	handed_stats(
	    &p->shared.handed, &p->stats.certificates_read, &p->stats.certificates_refused);
	return &p->stats;
}
