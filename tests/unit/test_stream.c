/* Reassembly: whatever the order, overlap and repetition of segments, the same bytes come out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../sensor/limits.h"
#include "../../sensor/stream.h"

#define TEXT_MAX 4096

struct reader {
	struct stream stream;
	struct stream_stats stats;
	uint8_t got[TEXT_MAX];
	size_t length, holes, hole_bytes;
	size_t most; /* bytes used at once; 0: all */
};

static void begin(struct reader *r, uint32_t next)
{
	*r = (struct reader){0};
	stream_init(&r->stream, next);
}

static void end(struct reader *r)
{
	stream_clear(&r->stream, &r->stats);
	assert_int_equal(r->stats.held, 0);
}

static void drain(struct reader *r)
{
	struct cursor bytes;
	size_t used;

	while (stream_next(&r->stream, &bytes)) {
		used = bytes.left;
		if (bytes.at == NULL) {
			r->holes++;
			r->hole_bytes += bytes.left;
			memset(r->got + r->length, '?', bytes.left);
		} else {
			if (r->most > 0 && used > r->most)
				used = r->most;
			memcpy(r->got + r->length, bytes.at, used);
		}
		r->length += used;
		stream_used(&r->stream, &r->stats, used);
	}
}

static void push_cut(
    struct reader *r, uint32_t sequence, const char *text, size_t length, uint32_t missing)
{
	uint8_t *copy = malloc(length + 1); /* its own block: the sanitizer sees a read behind it */

	memcpy(copy, text, length);
	struct stream_piece piece = {
	    .sequence = sequence, .missing = missing, .bytes = cursor_over(copy, length)};
	if (stream_push(&r->stream, &r->stats, &piece))
		drain(r);
	stream_keep(&r->stream, &r->stats);
	free(copy);
}

static void push(struct reader *r, uint32_t sequence, const char *text)
{
	push_cut(r, sequence, text, strlen(text), 0);
}

static void expect(struct reader *r, const char *text)
{
	assert_int_equal(r->length, strlen(text));
	assert_memory_equal(r->got, text, r->length);
}

static void in_order_is_never_copied(void **state)
{
	struct reader r;

	(void)state;
	begin(&r, 100);
	push(&r, 100, "EHLO ");
	push(&r, 105, "mx\r\n");
	expect(&r, "EHLO mx\r\n");
	assert_int_equal(r.stats.out_of_order, 0);
	assert_null(r.stream.first);
	end(&r);
}

static void reordered_across_the_wrap(void **state)
{
	struct reader r;

	(void)state;
	begin(&r, 0xfffffffe);
	push(&r, 3, "fg");
	push(&r, 0, "cde");
	assert_int_equal(r.length, 0);
	push(&r, 0xfffffffe, "ab");
	expect(&r, "abcdefg");
	assert_int_equal(r.stats.out_of_order, 2);
	end(&r);
}

static void retransmission_with_more_behind(void **state)
{
	struct reader r;

	(void)state;
	begin(&r, 1);
	push(&r, 1, "abc");
	push(&r, 1, "abc");
	push(&r, 1, "abcdef");
	expect(&r, "abcdef");
	assert_int_equal(r.stats.retransmitted, 1);
	end(&r);
}

static void first_copy_wins_and_the_conflict_counts(void **state)
{
	struct reader r;

	(void)state;
	begin(&r, 0);
	push(&r, 2, "cd");
	push(&r, 1, "BXXE");
	push(&r, 0, "aYYY");
	expect(&r, "aBcdE");
	assert_int_equal(r.stats.conflicts, 2);
	end(&r);
}

static void agreeing_overlap_is_no_conflict(void **state)
{
	struct reader r;

	(void)state;
	begin(&r, 0);
	push(&r, 2, "cd");
	push(&r, 1, "bcde");
	push(&r, 0, "ab");
	expect(&r, "abcde");
	assert_int_equal(r.stats.conflicts, 0);
	end(&r);
}

static void a_hole_is_waited_for_until_the_peer_has_it(void **state)
{
	struct reader r;

	(void)state;
	begin(&r, 0);
	push(&r, 0, "ab");
	push(&r, 5, "fg");
	assert_false(stream_gap_due(&r.stream, 10 * LIMIT_GAP_WAIT_NS));
	stream_acknowledged(&r.stream, 1, 7);
	assert_int_equal(stream_unseen(&r.stream), 5); /* 7 acknowledged, 2 seen in order */
	assert_false(stream_gap_due(&r.stream, LIMIT_GAP_WAIT_NS));
	assert_true(stream_gap_due(&r.stream, LIMIT_GAP_WAIT_NS + 1));
	stream_give_up_gap(&r.stream, &r.stats);
	drain(&r);
	expect(&r, "ab???fg");
	assert_int_equal(r.holes, 1);
	assert_int_equal(r.stats.gap_bytes, 3);
	end(&r);
}

static void bytes_lost_at_the_end_are_known_by_their_acknowledgment(void **state)
{
	struct reader r;

	(void)state;
	begin(&r, 0);
	push(&r, 0, "ab");
	stream_acknowledged(&r.stream, 1, 3); /* one more: that may be a FIN */
	assert_int_equal(stream_unseen(&r.stream), 0);
	stream_acknowledged(&r.stream, 1, 12);
	assert_int_equal(stream_unseen(&r.stream), 10);
	stream_give_up_gap(&r.stream, &r.stats);
	drain(&r);
	assert_int_equal(r.hole_bytes, 10);
	assert_int_equal(stream_unseen(&r.stream), 0);
	end(&r);
}

/* Half the space of numbers away: neither ahead nor behind, and near to either. */
static void an_acknowledgment_from_far_away_is_a_strangers(void **state)
{
	static const uint32_t far[] = {0x80000000, 0x80000001, 0x80000000 + LIMIT_HELD_SIDE,
	    LIMIT_SEQUENCE_AHEAD + 3, UINT32_MAX - LIMIT_SEQUENCE_AHEAD};
	struct reader r;

	(void)state;
	for (size_t i = 0; i < sizeof(far) / sizeof(far[0]); i++) {
		begin(&r, 0);
		push(&r, 0, "ab");
		stream_acknowledged(&r.stream, 1, 2 + far[i]);
		assert_int_equal(stream_unseen(&r.stream), 0);
		push(&r, 2, "cd");
		assert_int_equal(stream_unseen(&r.stream), 0);
		stream_give_up_gap(&r.stream, &r.stats);
		drain(&r);
		expect(&r, "abcd");
		assert_int_equal(r.stats.gaps, 0);
		end(&r);
	}
}

/* Where the other direction is lost for two gigabytes, its last number looks like one ahead. */
static void an_acknowledgment_grows_old(void **state)
{
	struct reader r;

	(void)state;
	begin(&r, 0);
	push(&r, 0, "ab");
	stream_acknowledged(&r.stream, 1, 2);
	r.stream.next += 0x80000100;
	assert_int_equal(stream_unseen(&r.stream), 0);
	stream_give_up_gap(&r.stream, &r.stats);
	assert_int_equal(r.stats.gaps, 0);
	end(&r);
}

static void bytes_that_were_acknowledged_cannot_change(void **state)
{
	struct reader r;

	(void)state;
	begin(&r, 0);
	push(&r, 2, "cd");
	stream_acknowledged(&r.stream, 1, 4);
	push(&r, 3, "x");
	assert_int_equal(r.stats.conflicts, 0);
	push(&r, 2, "cde");
	push(&r, 4, "x");
	assert_int_equal(r.stats.conflicts, 1);
	push(&r, 0, "ab");
	expect(&r, "abcde");
	end(&r);
}

static void short_segments_that_wait_are_joined(void **state)
{
	struct reader r;
	struct cursor bytes;

	(void)state;
	begin(&r, 0);
	push(&r, 2, "EH");
	push(&r, 4, "LO mx.example.net\r\n");
	push(&r, 23, "QUIT\r\n");
	assert_int_equal(r.stream.chunks, 2); /* the first is long enough by now */
	r.stream.next = 2;
	assert_true(stream_next(&r.stream, &bytes));
	assert_int_equal(bytes.left, 21);
	assert_memory_equal(bytes.at, "EHLO mx.example.net\r\n", 21);
	end(&r);
}

static void a_snap_length_leaves_a_hole(void **state)
{
	struct reader r;

	(void)state;
	begin(&r, 0);
	push_cut(&r, 5, "fg", 2, 3);
	push(&r, 10, "kl");
	push_cut(&r, 0, "ab", 2, 3);
	expect(&r, "ab???fg???kl");
	assert_int_equal(r.holes, 2);
	end(&r);
}

static void too_far_ahead_is_refused(void **state)
{
	struct reader r;

	(void)state;
	begin(&r, 0);
	push(&r, LIMIT_SEQUENCE_AHEAD + 1, "x");
	assert_int_equal(r.stats.refused, 1);
	assert_null(r.stream.first);
	end(&r);
}

static void memory_of_a_side_is_bounded(void **state)
{
	static char block[1000];
	struct reader r;

	(void)state;
	memset(block, 'x', sizeof(block) - 1);
	begin(&r, 0);
	for (uint32_t i = 0; i < 1000; i++)
		push(&r, 1 + i * 999, block);
	assert_true(r.stream.held <= LIMIT_HELD_SIDE);
	assert_true(r.stats.refused > 0);
	assert_true(stream_gap_due(&r.stream, 0));
	end(&r);
}

/* As far behind as ahead: it is neither negated nor new. */
static void half_the_sequence_space_away_is_old(void **state)
{
	struct reader r;

	(void)state;
	begin(&r, 100);
	push(&r, 100 + 0x80000000u, "other");
	assert_int_equal(r.length, 0);
	assert_int_equal(r.stats.retransmitted, 1);
	push(&r, 100, "EHLO");
	expect(&r, "EHLO");
	end(&r);
}

/* Random pieces of one text, overlapping, repeated, in any order, used in pieces of any size. */
static void any_segmentation_gives_the_same_bytes(void **state)
{
	static char text[TEXT_MAX];
	struct reader r;
	uint32_t first, sequence;
	size_t length, at;

	(void)state;
	srand(7);
	for (unsigned round = 0; round < 2000; round++) {
		size_t total = 1 + (size_t)rand() % 300;

		first = round % 3 == 0 ? UINT32_MAX - (uint32_t)rand() % 200 : (uint32_t)rand();
		for (size_t i = 0; i < total; i++)
			text[i] = (char)('a' + rand() % 26);
		begin(&r, first);
		r.most = round % 2 == 0 ? 0 : 1 + (size_t)rand() % 9;
		for (unsigned pieces = 0; r.length < total; pieces++) {
			at = (size_t)rand() % total;
			if (pieces >
			    2000) /* chance alone would take for ever to fill the last hole */
				at = r.length;
			length = 1 + (size_t)rand() % (total - at < 40 ? total - at : 40);
			sequence = first + (uint32_t)at;
			push_cut(&r, sequence, text + at, length, 0);
		}
		assert_int_equal(r.length, total);
		assert_memory_equal(r.got, text, total);
		assert_int_equal(r.stats.conflicts + r.holes, 0);
		end(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(in_order_is_never_copied),
	    cmocka_unit_test(reordered_across_the_wrap),
	    cmocka_unit_test(retransmission_with_more_behind),
	    cmocka_unit_test(first_copy_wins_and_the_conflict_counts),
	    cmocka_unit_test(agreeing_overlap_is_no_conflict),
	    cmocka_unit_test(a_hole_is_waited_for_until_the_peer_has_it),
	    cmocka_unit_test(bytes_lost_at_the_end_are_known_by_their_acknowledgment),
	    cmocka_unit_test(an_acknowledgment_from_far_away_is_a_strangers),
	    cmocka_unit_test(an_acknowledgment_grows_old),
	    cmocka_unit_test(bytes_that_were_acknowledged_cannot_change),
	    cmocka_unit_test(short_segments_that_wait_are_joined),
	    cmocka_unit_test(a_snap_length_leaves_a_hole),
	    cmocka_unit_test(too_far_ahead_is_refused),
	    cmocka_unit_test(half_the_sequence_space_away_is_old),
	    cmocka_unit_test(memory_of_a_side_is_bounded),
	    cmocka_unit_test(any_segmentation_gives_the_same_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
