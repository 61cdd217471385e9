/*
 * One direction of a TCP connection put back in order (RFC 9293 section 3.4): the first copy of a
 * byte wins. Bytes that come in order and are used at once are never copied; only what has to wait
 * is held.
 *
 *     if (stream_push(&s, ...))              a segment arrived
 *         while (stream_next(&s, &bytes))    what is next in order ...
 *             stream_used(&s, n);            ... and how much of it was used; 0 makes it wait
 */
#ifndef TLSVANE_STREAM_H
#define TLSVANE_STREAM_H

#include "../parsers/cursor.h"

/* Shared by all streams of a pipeline: what they hold together, and what happened to them. */
struct stream_stats {
	size_t held;		/* bytes held now, of all streams; at most LIMIT_HELD_TOTAL */
	uint64_t out_of_order;	/* segments that came before their turn */
	uint64_t retransmitted; /* segments with nothing new */
	uint64_t conflicts; /* segments that say other bytes than a held copy of the same place */
	uint64_t refused;   /* segments dropped because memory was full */
	uint64_t seen;	    /* bytes handed on, each once */
	uint64_t gaps, gap_bytes; /* holes given up on */
};

struct stream_chunk; /* a held segment, allocated by the stream */

/* A cache line of 64 bytes. */
struct stream {
	uint32_t next;	       /* sequence number of the next byte to hand on */
	uint32_t acknowledged; /* the highest that the other end has acknowledged */
	uint32_t held;	       /* bytes held */
	uint32_t chunks;       /* segments held */
	struct cursor
	    fresh; /* the segment just pushed, as far as it is next in order and not used yet */
	uint32_t fresh_missing; /* bytes that the snap length cut off behind it */
	bool synced;		/* `next` is known */
	bool acked;	    /* `acknowledged` is known; not synced: and `next` is the first one */
	bool fresh_acks;    /* the segment just pushed acknowledges of the other direction ... */
	uint32_t fresh_ack; /* ... this. Not beside fresh_missing: one load of what was two stores
			       waits */
	uint64_t unseen_since_ns;   /* when the other end was first known to have bytes that we have
				       not; 0: it has none */
	struct stream_chunk *first; /* held segments by sequence number, without overlap */
};

/* Sequence numbers wrap: how far `a` is ahead of `b`, negative when behind. */
static inline int32_t sequence_ahead(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b);
}

/* Whether two of them can be of one connection at one time: at most LIMIT_SEQUENCE_AHEAD apart. */
bool sequence_is_near(uint32_t a, uint32_t b);

/* Nothing is held, and nothing is known to be missing: nearly always so. */
static inline bool stream_complete(const struct stream *s)
{
	return s->first == NULL && s->unseen_since_ns == 0;
}

/* Starts a stream whose next byte has sequence number `next`. */
void stream_init(struct stream *s, uint32_t next);

/* Frees what is held. */
void stream_clear(struct stream *s, struct stream_stats *stats);

/* Whether the other end acknowledged bytes before `sequence`, which is the first that was seen of a
 * stream not synced yet. */
bool stream_misses_start(const struct stream *s, uint32_t sequence);

/* Starts such a stream at those bytes: they are a hole. */
void stream_sync_acknowledged(struct stream *s, uint64_t ns);

/* What arrives: one segment's part of a stream. */
struct stream_piece {
	uint32_t sequence;
	uint32_t missing; /* bytes behind `bytes` that were not captured */
	uint32_t ack; /* what its segment acknowledges of the other direction, good with `acks` */
	bool acks;
	struct cursor bytes; /* must live until stream_keep */
};

/* Takes a piece. Returns whether stream_next may have something to hand on. */
bool stream_push(struct stream *s, struct stream_stats *stats, const struct stream_piece *piece);

/* The rest of stream_next(): a hole, or bytes that were held. */
MUST_USE bool stream_next_held(const struct stream *s, struct cursor *bytes);

/* The next bytes in order, or, with bytes->at NULL, a hole of bytes->left bytes that will never be
 * filled; false when there is neither. */
MUST_USE static inline bool stream_next(const struct stream *s, struct cursor *bytes)
{
	if (s->fresh.left > 0) {
		*bytes = cursor_over(s->fresh.at, s->fresh.left); /* as it was stored: by halves */
		return true;
	}
	if (s->first == NULL && s->fresh_missing == 0)
		return false;
	return stream_next_held(s, bytes);
}

/* `length` of the bytes (or the whole of the hole) that stream_next yielded were used. */
void stream_used(struct stream *s, struct stream_stats *stats, size_t length);

/* The rest of stream_keep(): there is something to keep. */
void stream_keep_rest(struct stream *s, struct stream_stats *stats);

/* Copies what was pushed and not used: its frame is about to go. */
static inline void stream_keep(struct stream *s, struct stream_stats *stats)
{
	if (s->fresh.left > 0 || s->fresh_missing > 0)
		stream_keep_rest(s, stats);
}

/* The other end has acknowledged all before `sequence`. */
void stream_acknowledged(struct stream *s, uint64_t ns, uint32_t sequence);

/* What the segment of the next bytes in order, or `behind` the hole before them, acknowledges of
 * the other direction: that came before it. False where that is not known. */
MUST_USE bool stream_next_ack(const struct stream *s, bool behind, uint32_t *ack);

/* The sequence number behind the last byte that was seen without a hole before it. */
uint32_t stream_seen_end(const struct stream *s);

/* Bytes that the other end has acknowledged and nobody has seen, at the place where we wait. An
 * acknowledged FIN counts as a byte there (RFC 9293 section 3.4), so a single one is taken for
 * that. */
uint32_t stream_unseen(const struct stream *s);

/* Bytes that the other end has acknowledged of a direction of which nothing was ever seen, from the
 * first acknowledgment on. */
static inline uint32_t stream_unheard(const struct stream *s)
{
	uint32_t unheard = !s->synced && s->acked ? s->acknowledged - s->next : 0;

	return unheard > 1 ? unheard : 0;
}

/* So much is held that what it waits for is not worth waiting for any longer. */
bool stream_is_half_full(const struct stream *s);

/* Whether bytes are missing, and the waiting for them has an end: too much stands behind the hole,
 * or the other end has had them for LIMIT_GAP_WAIT_NS. */
bool stream_gap_due(const struct stream *s, uint64_t now_ns);

/* Gives the missing bytes up: the next stream_next yields their hole. Does nothing where none are
 * missing. */
void stream_give_up_gap(struct stream *s, struct stream_stats *stats);

#endif
