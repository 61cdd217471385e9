/*
 * One direction of a connection in any pieces. Each step takes four bytes: what happens, where
 * (two, signed, from what is next), and how long. A piece says at each place what belongs there,
 * unless it is one that lies; so all that comes out is known.
 */
#include <stdlib.h>
#include <string.h>

#include "../../sensor/limits.h"
#include "../../sensor/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define STEP	 4u
#define NS_PER_S 1000000000ull

enum { PIECE, LIE, CUT, SMALL, ACKNOWLEDGED, GIVE_UP, FAR, LATER, KINDS };

struct run {
	struct stream stream;
	struct stream_stats stats;
	uint64_t ns;
	size_t most; /* bytes used at once; 0: all */
	bool lied;
};

static uint8_t byte_at(uint32_t sequence)
{
	return (uint8_t)(sequence * 5 + sequence / 253);
}

static void check_bytes(const struct run *r, const struct cursor *bytes)
{
	for (size_t i = 0; i < bytes->left && !r->lied; i++)
		if (bytes->at[i] != byte_at(r->stream.next + (uint32_t)i))
			abort();
}

static void drain(struct run *r)
{
	struct cursor bytes;
	uint32_t before, ack;
	size_t used;

	while (stream_next(&r->stream, &bytes)) {
		if (bytes.left == 0)
			abort();
		used = bytes.left;
		if (bytes.at != NULL) {
			check_bytes(r, &bytes);
			if (r->most > 0 && used > r->most)
				used = r->most;
		}
		if (stream_next_ack(&r->stream, bytes.at == NULL, &ack))
			r->ns += ack == 7;
		before = r->stream.next;
		stream_used(&r->stream, &r->stats, used);
		if (r->stream.next - before != used)
			abort();
	}
}

static void push(struct run *r, uint32_t sequence, size_t length, uint32_t missing, bool lie)
{
	uint8_t *bytes = malloc(length + 1); /* only its own bytes */
	struct stream_piece piece = {
	    .sequence = sequence, .missing = missing, .ack = sequence / 2, .acks = length % 2 == 0};

	if (bytes == NULL)
		abort();
	for (size_t i = 0; i < length; i++)
		bytes[i] = (uint8_t)(byte_at(sequence + (uint32_t)i) + lie);
	r->lied |= lie;
	piece.bytes = cursor_over(bytes, length);
	if (stream_push(&r->stream, &r->stats, &piece))
		drain(r);
	stream_keep(&r->stream, &r->stats);
	free(bytes);
}

static void step(struct run *r, const uint8_t *at)
{
	int32_t away = (int16_t)(at[1] | at[2] << 8);
	uint32_t sequence = r->stream.next + (uint32_t)away;
	size_t length = at[3] * (at[0] & 0x80 ? 16u : 1u);

	switch ((at[0] & 0x7f) % KINDS) {
	case ACKNOWLEDGED:
		if (at[0] & 0x80)
			sequence += at[3] * 0x00800001u;
		stream_acknowledged(&r->stream, r->ns, sequence);
		break;
	case GIVE_UP:
		if (stream_gap_due(&r->stream, r->ns)) {
			stream_give_up_gap(&r->stream, &r->stats);
			drain(r);
		}
		break;
	case FAR:
		push(r, sequence + (uint32_t)at[3] * 0x01000001u, at[2], 0, false);
		break;
	case LATER:
		r->ns += at[3] * (NS_PER_S / 16);
		r->most = at[1] % 16;
		break;
	case CUT:
		push(r, sequence, length, at[3], false);
		break;
	case SMALL:
		push(r, sequence, length % 4, 0, false);
		break;
	default:
		push(r, sequence, length, 0, (at[0] & 0x7f) % KINDS == LIE);
		break;
	}
	if (r->stream.held > LIMIT_HELD_SIDE || r->stream.chunks > LIMIT_HELD_CHUNKS ||
	    r->stats.held > LIMIT_HELD_TOTAL || r->stream.held > r->stats.held)
		abort();
}

/* As at a connection's end: one hole after the other, and then there is none. */
static void give_all_up(struct run *r)
{
	unsigned holes = 0;
	uint64_t gaps;

	do {
		gaps = r->stats.gaps;
		stream_give_up_gap(&r->stream, &r->stats);
		drain(r);
		if (holes++ > LIMIT_HELD_CHUNKS + 2)
			abort();
	} while (r->stats.gaps != gaps);
	if (r->stream.first != NULL)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct run r = {.ns = NS_PER_S};

	if (size == 0)
		return 0;
	if (data[0] & 1)
		stream_init(&r.stream, (uint32_t)data[0] * 0x01010101u);
	for (data++, size--; size >= STEP; data += STEP, size -= STEP)
		step(&r, data);
	give_all_up(&r);
	stream_clear(&r.stream, &r.stats);
	if (r.stats.held != 0)
		abort();
	return 0;
}
