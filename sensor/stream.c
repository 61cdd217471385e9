/* Reassembly of one direction: a sorted list of held segments, empty nearly always. */
#include "stream.h"

#include <stdlib.h>

#include "limits.h"

struct stream_chunk {
	struct stream_chunk *next;
	uint32_t sequence;
	uint32_t length;
	uint32_t missing; /* bytes behind these that the snap length cut off */
	uint32_t ack;	  /* what its segment acknowledges of the other direction */
	bool acks;
	uint8_t bytes[];
};

bool sequence_is_near(uint32_t a, uint32_t b)
{
	int32_t ahead = sequence_ahead(a, b);

	return ahead >= -LIMIT_SEQUENCE_AHEAD && ahead <= LIMIT_SEQUENCE_AHEAD;
}

void stream_init(struct stream *s, uint32_t next)
{
	*s = (struct stream){.next = next, .synced = true};
}

/* What a chunk takes besides its bytes, malloc's own part included: small ones are mostly that. */
#define CHUNK_COST (sizeof(struct stream_chunk) + 16)

static bool is_full(const struct stream *s, const struct stream_stats *stats, size_t length)
{
	return s->chunks >= LIMIT_HELD_CHUNKS || s->held + length > LIMIT_HELD_SIDE ||
	       stats->held + length + CHUNK_COST > LIMIT_HELD_TOTAL;
}

static void release_first(struct stream *s, struct stream_stats *stats)
{
	struct stream_chunk *chunk = s->first;

	s->first = chunk->next;
	s->held -= chunk->length;
	s->chunks--;
	stats->held -= chunk->length + CHUNK_COST;
	free(chunk);
}

void stream_clear(struct stream *s, struct stream_stats *stats)
{
	while (s->first != NULL)
		release_first(s, stats);
}

/* Puts a copy of a piece between `before` (NULL: at the head) and what follows it. */
static struct stream_chunk *hold(struct stream *s, struct stream_stats *stats,
    struct stream_chunk *before, const struct stream_piece *piece)
{
	size_t length = piece->bytes.left;
	struct stream_chunk **link = before == NULL ? &s->first : &before->next;
	bool hole = piece->bytes.at == NULL; /* given up on: it always fits */
	struct stream_chunk *chunk;

	if ((!hole && is_full(s, stats, length)) ||
	    (chunk = malloc(sizeof(*chunk) + length)) == NULL) {
		stats->refused++;
		return NULL;
	}
	*chunk = (struct stream_chunk){.next = *link,
	    .sequence = piece->sequence,
	    .length = (uint32_t)length,
	    .missing = piece->missing,
	    .ack = piece->ack,
	    .acks = piece->acks};
	if (!hole)
		memcpy(chunk->bytes, piece->bytes.at, length);
	*link = chunk;
	s->held += chunk->length;
	s->chunks++;
	stats->held += chunk->length + CHUNK_COST;
	return chunk;
}

/* Where a held chunk's bytes and the hole behind them end. */
static uint32_t chunk_end(const struct stream_chunk *chunk)
{
	return chunk->sequence + chunk->length + chunk->missing;
}

/* Compares what two copies say of the same place. */
static bool conflicts(const struct stream_chunk *held, const struct stream_piece *piece)
{
	int32_t ahead = sequence_ahead(piece->sequence, held->sequence);
	uint32_t skip_held = ahead > 0 ? (uint32_t)ahead : 0,
		 skip_new = ahead < 0 ? held->sequence - piece->sequence : 0;
	size_t common;

	if (skip_held >= held->length || skip_new >= piece->bytes.left)
		return false;
	common = held->length - skip_held;
	if (common > piece->bytes.left - skip_new)
		common = piece->bytes.left - skip_new;
	return memcmp(held->bytes + skip_held, piece->bytes.at + skip_new, common) != 0;
}

static uint32_t piece_length(const struct stream_piece *piece)
{
	return (uint32_t)piece->bytes.left + piece->missing;
}

/* Drops the first `length` bytes of a piece, into its missing part if need be. */
static void trim_front(struct stream_piece *piece, uint32_t length)
{
	uint32_t captured = length < piece->bytes.left ? length : (uint32_t)piece->bytes.left;

	piece->sequence += length;
	piece->bytes.at += captured;
	piece->bytes.left -= captured;
	piece->missing -= length - captured;
}

/* The part of a piece that ends before `limit`, which lies within or behind it. */
static struct stream_piece part_before(const struct stream_piece *piece, uint32_t limit)
{
	struct stream_piece part = *piece;
	uint32_t room = limit - piece->sequence;

	if (piece->bytes.left >= room) {
		part.bytes.left = room;
		part.missing = 0;
	} else if (piece_length(piece) > room) {
		part.missing = room - (uint32_t)piece->bytes.left;
	}
	return part;
}

/* The receiver has acknowledged these bytes, so it took those of before: a keep-alive probe, for
 * one, repeats the last byte as anything (RFC 1122 section 4.2.3.6). */
static bool comes_too_late(const struct stream *s, const struct stream_piece *piece)
{
	uint32_t end = piece->sequence + piece_length(piece);

	return s->acked && sequence_ahead(s->acknowledged, end) >= 0;
}

/* Holds those parts of a piece that no held chunk has: the first copy wins. */
static void hold_new_parts(struct stream *s, struct stream_stats *stats, struct stream_piece *piece)
{
	struct stream_chunk *before = NULL, *next = s->first;
	struct stream_piece part;
	bool conflict = false;
	uint32_t covered;

	while (piece_length(piece) > 0) {
		if (next != NULL && sequence_ahead(piece->sequence, chunk_end(next)) >= 0) {
			before = next;
			next = next->next;
			continue;
		}
		if (next != NULL && sequence_ahead(piece->sequence, next->sequence) >= 0) {
			covered = chunk_end(next) - piece->sequence;
			conflict |= !comes_too_late(s, piece) && conflicts(next, piece);
			if (covered >= piece_length(piece))
				break;
			trim_front(piece, covered);
			continue;
		}
		part = next == NULL ? *piece : part_before(piece, next->sequence);
		before = hold(s, stats, before, &part);
		if (before == NULL)
			break;
		trim_front(piece, piece_length(&part));
	}
	stats->conflicts += conflict;
}

/* Whether the first two held segments are one burst's, and the first is too short to be read alone.
 */
static bool may_join(const struct stream *s)
{
	const struct stream_chunk *first = s->first, *next = first != NULL ? first->next : NULL;

	return next != NULL && first->length < LIMIT_JOIN_BYTES && first->length > 0 &&
	       first->missing == 0 && next->length > 0 && next->sequence == chunk_end(first) &&
	       next->acks == first->acks && next->ack == first->ack;
}

/* Makes one of the first two held segments; without memory they stay two. */
static void join(struct stream *s, struct stream_stats *stats)
{
	struct stream_chunk *first = s->first, *next = first->next, *whole;

	whole = malloc(sizeof(*whole) + first->length + next->length);
	if (whole == NULL)
		return;
	*whole = *next;
	whole->sequence = first->sequence;
	whole->length = first->length + next->length;
	memcpy(whole->bytes, first->bytes, first->length);
	memcpy(whole->bytes + first->length, next->bytes, next->length);
	s->first = whole;
	s->chunks--;
	stats->held -= CHUNK_COST;
	free(first);
	free(next);
}

/* A piece so far ahead that no receiver would have taken it, and that the receiver has not
 * acknowledged. */
static bool too_far_ahead(const struct stream *s, uint32_t sequence)
{
	if (sequence_ahead(sequence, s->next) <= LIMIT_SEQUENCE_AHEAD)
		return false;
	return !s->acked || sequence_ahead(s->acknowledged, sequence) < 0 ||
	       !sequence_is_near(s->acknowledged, sequence);
}

bool stream_push(struct stream *s, struct stream_stats *stats, const struct stream_piece *given)
{
	struct stream_piece piece = *given;
	uint32_t behind;
	int32_t ahead;

	if (!s->synced)
		stream_init(s, piece.sequence);
	ahead = sequence_ahead(piece.sequence, s->next);
	if (ahead < 0) {
		behind = s->next - piece.sequence;
		if (behind >= piece_length(&piece)) {
			stats->retransmitted++;
			return false;
		}
		trim_front(&piece, behind);
		ahead = 0;
	}
	if (ahead == 0 && s->first == NULL) {
		s->fresh = piece.bytes;
		s->fresh_missing = piece.missing;
		s->fresh_ack = piece.ack;
		s->fresh_acks = piece.acks;
		return true;
	}
	if (too_far_ahead(s, piece.sequence)) {
		stats->refused++;
		return false;
	}
	stats->out_of_order += ahead > 0;
	hold_new_parts(s, stats, &piece);
	if (may_join(s))
		join(s, stats);
	return s->first != NULL && s->first->sequence == s->next;
}

bool stream_next_held(const struct stream *s, struct cursor *bytes)
{
	if (s->fresh_missing > 0) {
		*bytes = (struct cursor){.at = NULL, .left = s->fresh_missing};
	} else if (s->first != NULL && s->first->sequence == s->next) {
		if (s->first->length > 0)
			*bytes = cursor_over(s->first->bytes, s->first->length);
		else
			*bytes = (struct cursor){.at = NULL, .left = s->first->missing};
	} else {
		return false;
	}
	return true;
}

/* Takes `length` used bytes off the front of the first held chunk. */
static void use_held(struct stream *s, struct stream_stats *stats, uint32_t length)
{
	struct stream_chunk *chunk = s->first;

	if (chunk->length == 0) { /* only its hole is left */
		release_first(s, stats);
		return;
	}
	memmove(chunk->bytes, chunk->bytes + length, chunk->length - length);
	chunk->sequence += length;
	chunk->length -= length;
	s->held -= length;
	stats->held -= length;
	stats->seen += length;
	if (chunk->length == 0 && chunk->missing == 0)
		release_first(s, stats);
}

void stream_used(struct stream *s, struct stream_stats *stats, size_t length)
{
	uint32_t used = (uint32_t)length;

	s->next += used;
	if (s->fresh.left > 0) {
		s->fresh.at += used;
		s->fresh.left -= used;
		stats->seen += used;
	} else if (s->fresh_missing > 0) {
		s->fresh_missing = 0;
	} else {
		use_held(s, stats, used);
	}
}

void stream_keep_rest(struct stream *s, struct stream_stats *stats)
{
	struct stream_piece rest = {.sequence = s->next,
	    .missing = s->fresh_missing,
	    .ack = s->fresh_ack,
	    .acks = s->fresh_acks,
	    .bytes = s->fresh};

	(void)hold(s, stats, NULL, &rest);
	s->fresh = (struct cursor){0};
	s->fresh_missing = 0;
}

bool stream_next_ack(const struct stream *s, bool behind, uint32_t *ack)
{
	bool fresh = s->fresh.left + s->fresh_missing > 0;
	bool acks = fresh ? s->fresh_acks : s->first != NULL && s->first->acks;

	if (!fresh && !behind && s->first != NULL && s->first->sequence != s->next)
		return false;
	if (acks)
		*ack = fresh ? s->fresh_ack : s->first->ack;
	return acks;
}

uint32_t stream_seen_end(const struct stream *s)
{
	uint32_t end = s->next + (uint32_t)s->fresh.left + s->fresh_missing;

	for (const struct stream_chunk *c = s->first; c != NULL && c->sequence == end; c = c->next)
		end = chunk_end(c);
	return end;
}

/* Of a direction that is not seen at all the ACKs are all there is; a leap is no receiver's. */
static void acknowledged_unheard(struct stream *s, uint32_t sequence)
{
	int32_t ahead = s->acked ? sequence_ahead(sequence, s->acknowledged) : 0;

	if (!s->acked)
		s->next = s->acknowledged = sequence;
	else if (ahead > 0 && ahead <= LIMIT_SEQUENCE_AHEAD)
		s->acknowledged = sequence;
	s->acked = true;
}

void stream_acknowledged(struct stream *s, uint64_t ns, uint32_t sequence)
{
	if (!s->synced) {
		acknowledged_unheard(s, sequence);
		return;
	}
	if (!sequence_is_near(sequence, stream_seen_end(s)))
		return; /* a stranger's: nobody can have sent so much since, nor be so late */
	if (!s->acked || sequence_ahead(sequence, s->acknowledged) > 0)
		s->acknowledged = sequence;
	s->acked = true;
	if (stream_unseen(s) == 0)
		s->unseen_since_ns = 0;
	else if (s->unseen_since_ns == 0)
		s->unseen_since_ns = ns;
}

bool stream_misses_start(const struct stream *s, uint32_t sequence)
{
	return s->acked && sequence_ahead(sequence, s->next) > 0 &&
	       sequence_is_near(sequence, s->next);
}

void stream_sync_acknowledged(struct stream *s, uint64_t ns)
{
	uint32_t acknowledged = s->acknowledged;

	stream_init(s, s->next);
	stream_acknowledged(s, ns, acknowledged);
}

uint32_t stream_unseen(const struct stream *s)
{
	uint32_t end;
	int32_t unseen;

	if (!s->synced || !s->acked)
		return 0;
	end = stream_seen_end(s);
	unseen = sequence_ahead(s->acknowledged, end);
	/* The last one that was captured may be older than numbers last. */
	return unseen > 1 && sequence_is_near(s->acknowledged, end) ? (uint32_t)unseen : 0;
}

static bool hole_before_held(const struct stream *s)
{
	return s->first != NULL && s->first->sequence != s->next;
}

bool stream_is_half_full(const struct stream *s)
{
	return s->held > LIMIT_HELD_SIDE / 2 || s->chunks > LIMIT_HELD_CHUNKS / 2;
}

bool stream_gap_due(const struct stream *s, uint64_t now_ns)
{
	if (hole_before_held(s) && stream_is_half_full(s))
		return true;
	if (s->unseen_since_ns == 0 || stream_unseen(s) == 0)
		return false;
	return s->chunks >= LIMIT_GAP_WAIT_CHUNKS ||
	       now_ns - s->unseen_since_ns >= LIMIT_GAP_WAIT_NS;
}

void stream_give_up_gap(struct stream *s, struct stream_stats *stats)
{
	struct stream_chunk *last = NULL;
	uint32_t missing, end = stream_seen_end(s);

	for (struct stream_chunk *c = s->first; c != NULL && sequence_ahead(end, c->sequence) > 0;
	     c = c->next)
		last = c;
	if (last != NULL ? last->next != NULL : s->first != NULL)
		missing = (last != NULL ? last->next : s->first)->sequence - end;
	else
		missing = stream_unseen(s);
	s->unseen_since_ns = 0;
	if (missing == 0 ||
	    hold(s, stats, last, &(struct stream_piece){.sequence = end, .missing = missing}) ==
		NULL)
		return;
	stats->gaps++;
	stats->gap_bytes += missing;
}
