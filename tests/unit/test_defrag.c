/* Reassembly of IP fragments: order, copies, contradictions, time, bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "../../sensor/defrag.h"
#include "../../sensor/limits.h"
#include "frame_builder.h"

#define SECOND 1000000000ull
#define START  (1700000000 * SECOND)

/* A defragmenter, and the datagram whose fragments a test hands to it: byte i of it is i * 7. */
struct bench {
	struct defrag *defrag;
	uint64_t now;
	struct fragment next; /* what every fragment says of its datagram */
	struct segment where;
	struct fragment whole;
	uint8_t datagram[65535];
};

static int begin(void **state, bool ignore_vlan)
{
	struct bench *b = calloc(1, sizeof(*b));
	struct frame_builder ends;

	if (b == NULL)
		return -1;
	frame_builder_begin(&ends, false);
	b->defrag = defrag_new(ignore_vlan);
	b->now = START;
	b->next.source = ends.segment.source;
	b->next.destination = ends.segment.destination;
	b->next.identification = 77;
	b->next.protocol = 6;
	for (size_t i = 0; i < sizeof(b->datagram); i++)
		b->datagram[i] = (uint8_t)(i * 7);
	*state = b;
	return b->defrag == NULL;
}

static int set_up(void **state)
{
	return begin(state, false);
}

static int set_up_ignoring_tags(void **state)
{
	return begin(state, true);
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	defrag_free(b->defrag);
	free(b);
	return 0;
}

static void use_ipv6(struct bench *b)
{
	b->next.source.bytes[0] = 0x20;
	b->next.destination.bytes[0] = 0x20;
}

/* Hands over the bytes from `from` up to `to`, from memory of their own. */
static int add(struct bench *b, uint32_t from, uint32_t to, bool more)
{
	struct fragment f = b->next;
	uint8_t *copy = malloc(to - from + 1u);
	int result;

	assert_non_null(copy);
	memcpy(copy, b->datagram + from, to - from);
	f.offset = from;
	f.more = more;
	f.bytes = cursor_over(copy, to - from);
	result = defrag_add(b->defrag, b->now, &f, &b->where, &b->whole);
	free(copy);
	return result;
}

static void check_whole(const struct bench *b, size_t length)
{
	assert_int_equal(b->whole.bytes.left, length);
	assert_memory_equal(b->whole.bytes.at, b->datagram, length);
	assert_memory_equal(&b->whole.source, &b->next.source, sizeof(b->whole.source));
	assert_memory_equal(
	    &b->whole.destination, &b->next.destination, sizeof(b->whole.destination));
	assert_int_equal(b->whole.identification, b->next.identification);
	assert_int_equal(b->whole.protocol, b->next.protocol);
	assert_int_equal(b->whole.offset, 0);
	assert_false(b->whole.more);
}

static void check_stats(const struct bench *b, struct defrag_stats expected)
{
	const struct defrag_stats *stats = defrag_stats(b->defrag);

	assert_int_equal(stats->completed, expected.completed);
	assert_int_equal(stats->expired, expected.expired);
	assert_int_equal(stats->overlapped, expected.overlapped);
	assert_int_equal(stats->evicted, expected.evicted);
	assert_int_equal(stats->refused, expected.refused);
}

static void test_in_order(void **state)
{
	struct bench *b = *state;

	assert_int_equal(add(b, 0, 1480, true), RESULT_MORE);
	assert_int_equal(add(b, 1480, 2960, true), RESULT_MORE);
	assert_int_equal(add(b, 2960, 3001, false), RESULT_OK);
	check_whole(b, 3001);
	assert_int_equal(defrag_held(b->defrag), 0);
	check_stats(b, (struct defrag_stats){.completed = 1});
}

/* Every order of four fragments. */
static void test_any_order(void **state)
{
	static const uint32_t ends[5] = {0, 8, 24, 64, 71};
	struct bench *b = *state;

	for (unsigned order = 0; order < 256; order++) {
		unsigned seen = 0, part[4];

		for (unsigned i = 0; i < 4; i++)
			seen |= 1u << (part[i] = order >> 2 * i & 3);
		if (seen != 15)
			continue;
		b->next.identification++;
		for (unsigned i = 0; i < 4; i++)
			assert_int_equal(add(b, ends[part[i]], ends[part[i] + 1], part[i] < 3),
			    i < 3 ? RESULT_MORE : RESULT_OK);
		check_whole(b, 71);
	}
	check_stats(b, (struct defrag_stats){.completed = 24});
}

static void test_largest(void **state)
{
	struct bench *b = *state;
	uint32_t at = 65528;

	assert_int_equal(add(b, at, 65535, false), RESULT_MORE);
	for (; at > 1024; at -= 1024)
		assert_int_equal(add(b, at - 1024, at, true), RESULT_MORE);
	assert_int_equal(add(b, 0, at, true), RESULT_OK);
	check_whole(b, 65535);
}

/* A mirror of two ports shows each packet twice, also after the datagram is whole. */
static void test_copies(void **state)
{
	struct bench *b = *state;

	assert_int_equal(add(b, 0, 16, true), RESULT_MORE);
	assert_int_equal(add(b, 0, 16, true), RESULT_MORE);
	assert_int_equal(add(b, 24, 30, false), RESULT_MORE);
	assert_int_equal(add(b, 24, 30, false), RESULT_MORE);
	assert_int_equal(add(b, 16, 24, true), RESULT_OK);
	check_whole(b, 30);
	assert_int_equal(add(b, 16, 24, true), RESULT_MORE);
	check_stats(b, (struct defrag_stats){.completed = 1});
	b->now += 31 * SECOND;
	defrag_expire(b->defrag, b->now);
	check_stats(b, (struct defrag_stats){.completed = 1});
}

/* The next datagram of the same identification is not taken for copies of the first. */
static void test_identification_again(void **state)
{
	struct bench *b = *state;

	for (int i = 0; i < 3; i++) {
		assert_int_equal(add(b, 0, 16, true), RESULT_MORE);
		assert_int_equal(add(b, 16, 30, false), RESULT_OK);
		b->now += LIMIT_FRAGMENT_DONE_NS;
	}
	check_stats(b, (struct defrag_stats){.completed = 3});
}

/* Adds 8..24 and 32..40, then a fragment that contradicts; whatever comes then is refused. */
static void check_contradiction(struct bench *b, uint32_t from, uint32_t to, bool more)
{
	struct defrag_stats stats = *defrag_stats(b->defrag);

	b->next.identification++;
	assert_int_equal(add(b, 8, 24, true), RESULT_MORE);
	assert_int_equal(add(b, 32, 40, false), RESULT_MORE);
	assert_int_equal(add(b, from, to, more), RESULT_BAD_VALUE);
	assert_int_equal(defrag_held(b->defrag), 0);
	assert_int_equal(add(b, 0, 8, true), RESULT_BAD_VALUE);
	assert_int_equal(add(b, 24, 32, true), RESULT_BAD_VALUE);
	stats.overlapped++;
	stats.refused += 3;
	check_stats(b, stats);
}

static void check_contradictions(struct bench *b)
{
	check_contradiction(b, 0, 16, true);   /* over the beginning */
	check_contradiction(b, 16, 32, true);  /* over the end */
	check_contradiction(b, 8, 16, true);   /* inside */
	check_contradiction(b, 0, 32, true);   /* around */
	check_contradiction(b, 24, 40, true);  /* over the last */
	check_contradiction(b, 32, 39, false); /* another length */
	check_contradiction(b, 32, 48, false);
	check_contradiction(b, 40, 48, true); /* beyond the last */
	check_contradiction(b, 32, 40, true); /* the last, and not the last */
	check_contradiction(b, 8, 24, false);
	check_contradiction(b, 24, 32, false);
}

static void test_overlap_ipv4(void **state)
{
	check_contradictions(*state);
}

static void test_overlap_ipv6(void **state)
{
	use_ipv6(*state);
	check_contradictions(*state);
}

static void test_copy_with_other_bytes(void **state)
{
	struct bench *b = *state;

	assert_int_equal(add(b, 0, 16, true), RESULT_MORE);
	b->datagram[15]++;
	assert_int_equal(add(b, 0, 16, true), RESULT_BAD_VALUE);
	check_stats(b, (struct defrag_stats){.overlapped = 1, .refused = 1});
}

static void test_impossible_lengths(void **state)
{
	struct bench *b = *state;
	struct fragment f = b->next;

	assert_int_equal(add(b, 8, 8, false), RESULT_BAD_LENGTH);
	f.bytes = cursor_over(b->datagram, 8);
	f.offset = 65528;
	assert_int_equal(
	    defrag_add(b->defrag, b->now, &f, &b->where, &b->whole), RESULT_BAD_LENGTH);
	f.offset = UINT32_MAX;
	assert_int_equal(
	    defrag_add(b->defrag, b->now, &f, &b->where, &b->whole), RESULT_BAD_LENGTH);
	check_stats(b, (struct defrag_stats){.refused = 3});
}

/* In IPv6 the first fragment alone says what the datagram carries. */
static void test_protocol_ipv6(void **state)
{
	struct bench *b = *state;

	use_ipv6(b);
	b->next.protocol = 59;
	assert_int_equal(add(b, 16, 20, false), RESULT_MORE);
	b->next.protocol = 6;
	assert_int_equal(add(b, 0, 16, true), RESULT_OK);
	check_whole(b, 20);
}

static void test_keys_stay_apart(void **state)
{
	struct bench *b = *state;
	struct bench *other = malloc(sizeof(*other));

	assert_non_null(other);
	assert_int_equal(add(b, 0, 16, true), RESULT_MORE);
	for (int i = 0; i < 8; i++) {
		*other = *b;
		other->next.source.bytes[15] ^= i == 0;
		other->next.destination.bytes[15] ^= i == 1;
		other->next.identification ^= i == 2;
		other->next.protocol ^= i == 3;
		other->where.vlan ^= i == 4;
		other->where.inner_vlan ^= i == 5;
		other->where.tunnel ^= i == 6;
		other->where.tunnel_id ^= i == 7;
		assert_int_equal(add(other, 16, 20, false), RESULT_MORE);
	}
	assert_int_equal(add(b, 16, 20, false), RESULT_OK);
	check_whole(b, 20);
	free(other);
}

static void test_tags_may_be_ignored(void **state)
{
	struct bench *b = *state;

	b->where.vlan = 7;
	assert_int_equal(add(b, 0, 16, true), RESULT_MORE);
	b->where.vlan = 8;
	assert_int_equal(add(b, 0, 16, true), RESULT_MORE);
	b->where.inner_vlan = 9;
	assert_int_equal(add(b, 16, 20, false), RESULT_OK);
	check_whole(b, 20);
	b->where.vlan = 7;
	assert_int_equal(add(b, 16, 20, false), RESULT_MORE); /* a copy */
	check_stats(b, (struct defrag_stats){.completed = 1});
}

static void check_time_out(struct bench *b, uint64_t time_out)
{
	assert_int_equal(add(b, 0, 16, true), RESULT_MORE);
	b->now += time_out - 1;
	assert_int_equal(add(b, 16, 24, true), RESULT_MORE); /* does not start the clock again */
	check_stats(b, (struct defrag_stats){0});
	b->now += 1;
	assert_int_equal(add(b, 24, 30, false), RESULT_MORE);
	check_stats(b, (struct defrag_stats){.expired = 1});
	b->now += time_out;
	defrag_expire(b->defrag, b->now);
	check_stats(b, (struct defrag_stats){.expired = 2});
	assert_int_equal(defrag_held(b->defrag), 0);
}

static void test_time_out_ipv4(void **state)
{
	check_time_out(*state, 30 * SECOND);
}

static void test_time_out_ipv6(void **state)
{
	use_ipv6(*state);
	check_time_out(*state, 60 * SECOND);
}

/* A second file may begin earlier than the first one ended. */
static void test_time_backwards(void **state)
{
	struct bench *b = *state;

	assert_int_equal(add(b, 0, 16, true), RESULT_MORE);
	b->now -= 3600 * SECOND;
	assert_int_equal(add(b, 16, 24, false), RESULT_OK);
	check_stats(b, (struct defrag_stats){.completed = 1});
}

static void test_too_many_fragments(void **state)
{
	struct bench *b = *state;
	uint32_t i;

	for (i = 0; i < LIMIT_FRAGMENTS; i++)
		assert_int_equal(add(b, 8 * i, 8 * i + 8, true), RESULT_MORE);
	assert_int_equal(add(b, 8 * i, 8 * i + 8, false), RESULT_TOO_LARGE);
	assert_int_equal(add(b, 8 * i, 8 * i + 8, false), RESULT_BAD_VALUE);
	assert_int_equal(defrag_held(b->defrag), 0);
	check_stats(b, (struct defrag_stats){.evicted = 1, .refused = 2});
}

/* At the cap on datagrams those that are done go first, then the oldest. */
static void test_too_many_datagrams(void **state)
{
	struct bench *b = *state;

	b->next.identification = 0;
	assert_int_equal(add(b, 0, 8, true), RESULT_MORE);
	b->next.identification = 1;
	assert_int_equal(add(b, 0, 8, true), RESULT_MORE);
	assert_int_equal(add(b, 8, 16, false), RESULT_OK);
	for (b->next.identification = 2; b->next.identification <= LIMIT_FRAGMENT_DATAGRAMS;
	     b->next.identification++)
		assert_int_equal(add(b, 0, 8, true), RESULT_MORE);
	check_stats(b, (struct defrag_stats){.completed = 1});
	assert_int_equal(add(b, 0, 8, true), RESULT_MORE);
	check_stats(b, (struct defrag_stats){.completed = 1, .evicted = 1});
	b->next.identification = 2;
	assert_int_equal(add(b, 8, 16, false), RESULT_OK);
	b->next.identification = 0;
	assert_int_equal(add(b, 8, 16, false), RESULT_MORE); /* its first half is gone */
}

static void test_too_many_bytes(void **state)
{
	struct bench *b = *state;
	uint64_t added = 0;

	while (defrag_stats(b->defrag)->evicted < 100) {
		b->next.identification++;
		b->now++;
		if (added++ % 2 == 0)
			use_ipv6(b);
		assert_int_equal(add(b, 0, 65528, true), RESULT_MORE);
		assert_true(defrag_held(b->defrag) <= LIMIT_FRAGMENT_BYTES);
	}
	assert_true(added - 100 >
		    LIMIT_FRAGMENT_BYTES / 65536 * 3 / 4); /* as many as the bytes allow stay */
	assert_int_equal(add(b, 65528, 65535, false), RESULT_OK);
	check_whole(b, 65535);
}

/* From fragments in frames to a segment. */
static void test_with_frames(void **state)
{
	static const char *const frames[] = {
	    "ethernet vlan:7 ipv6 hop_by_hop fragment:16:1:5 data:8",
	    "ethernet vlan:7 ipv6 fragment:24:0:5 data:7",
	    "ethernet vlan:7 ipv6 fragment:0:1:5 tcp!12=50",
	};
	struct bench *b = *state;
	struct frame_builder f;
	struct fragment fragment, whole;
	struct segment s;

	frame_builder_begin(&f, true);
	f.segment.payload.left = 0;
	for (size_t i = 0; i < 3; i++) {
		frame_build(&f, frames[i]);
		if (i == 2) /* 16 bytes of the TCP header, the rest is in the second fragment */
			f.bytes[14 + 4 + 5] = 8 + 16;
		assert_int_equal(
		    frame_decode(1, f.bytes, f.length, f.length, &s, &fragment), RESULT_FRAGMENT);
		assert_int_equal(
		    defrag_add(b->defrag, START, &fragment, &s, &whole), i < 2 ? RESULT_MORE : 0);
	}
	assert_int_equal(frame_decode_whole(&whole, &s), 0);
	assert_int_equal(s.vlan, 7);
	assert_int_equal(s.source_port, f.segment.source_port);
	assert_int_equal(s.sequence, f.segment.sequence);
	assert_memory_equal(&s.source, &f.segment.source, sizeof(s.source));
	assert_int_equal(s.payload.left, 31 - 20);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_in_order),
	    TEST(test_any_order),
	    TEST(test_largest),
	    TEST(test_copies),
	    TEST(test_identification_again),
	    TEST(test_overlap_ipv4),
	    TEST(test_overlap_ipv6),
	    TEST(test_copy_with_other_bytes),
	    TEST(test_impossible_lengths),
	    TEST(test_protocol_ipv6),
	    TEST(test_keys_stay_apart),
	    cmocka_unit_test_setup_teardown(
		test_tags_may_be_ignored, set_up_ignoring_tags, tear_down),
	    TEST(test_time_out_ipv4),
	    TEST(test_time_out_ipv6),
	    TEST(test_time_backwards),
	    TEST(test_too_many_fragments),
	    TEST(test_too_many_datagrams),
	    TEST(test_too_many_bytes),
	    TEST(test_with_frames),
	};

	return cmocka_run_group_tests_name("defrag", tests, NULL, NULL);
}
