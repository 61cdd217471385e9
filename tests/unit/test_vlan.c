/*
 * Real captures as mirrors tag them: another VLAN for each direction, or each packet in two VLANs.
 * Where tags are ignored they give the records that they give without tags; else more.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../parsers/frame.h"
#include "replay_capture.h"

#define ETHERNET  1
#define ADDRESSES 12 /* bytes of an Ethernet header before its type */
#define TAG	  4
#define COPY_NS	  50000u /* how much later a packet is seen in its other VLAN */

static struct replayed truth, got;

/* Whether a packet goes the one way or the other; all fragments of a datagram go its way. */
static bool goes_back(const struct packet *k)
{
	struct fragment fragment;
	struct segment s;
	int order;
	int result = frame_decode(ETHERNET, k->bytes, k->captured, k->length, &s, &fragment);

	if (result == RESULT_FRAGMENT) {
		s.source = fragment.source;
		s.destination = fragment.destination;
	} else if (result != RESULT_OK) {
		return false;
	}
	order = memcmp(&s.source, &s.destination, sizeof(s.source));
	return order != 0 ? order < 0 : s.source_port < s.destination_port;
}

static void send_tagged(struct pipeline *p, const struct packet_list *c, const struct packet *k,
    uint8_t vlan, bool late)
{
	static uint8_t frame[70000];
	const uint8_t tag[TAG] = {0x81, 0x00, 0x00, vlan};
	const struct packet tagged = {
	    .captured = k->captured + TAG, .length = k->length + TAG, .bytes = frame};

	assert_true(k->captured >= ADDRESSES && tagged.captured <= sizeof(frame));
	memcpy(frame, k->bytes, ADDRESSES);
	memcpy(frame + ADDRESSES, tag, TAG);
	memcpy(frame + ADDRESSES + TAG, k->bytes + ADDRESSES, k->captured - ADDRESSES);
	replay_packet(p, c, &tagged, k->ns + (late ? COPY_NS : 0));
}

static void send_per_direction(struct pipeline *p, const struct packet_list *c)
{
	for (size_t i = 0; i < c->count; i++)
		send_tagged(p, c, &c->packets[i], goes_back(&c->packets[i]) ? 8 : 7, false);
}

/* The copies so many packets behind. */
static void send_doubled(struct pipeline *p, const struct packet_list *c, size_t behind)
{
	for (size_t i = 0; i < c->count + behind; i++) {
		if (i < c->count)
			send_tagged(p, c, &c->packets[i], 7, false);
		if (i >= behind)
			send_tagged(p, c, &c->packets[i - behind], 8, true);
	}
}

static void send_doubled_at_once(struct pipeline *p, const struct packet_list *c)
{
	send_doubled(p, c, 0);
}

static void send_doubled_apart(struct pipeline *p, const struct packet_list *c)
{
	send_doubled(p, c, 3);
}

typedef void send(struct pipeline *p, const struct packet_list *c);

static void run(send *how, const struct packet_list *c, bool ignore_vlan)
{
	struct pipeline *p =
	    replay_begin(&(struct pipeline_options){.ignore_vlan = ignore_vlan}, &got);

	how(p, c);
	replay_end(p, &got);
}

/* The tags of a record: those of its first packet, so the tag put before it, and one more. */
static void check_tags(const struct packet_list *c, size_t i, bool doubled)
{
	uint16_t vlan = got.records[i].vlan;

	if (vlan != 7 && (doubled || vlan != 8))
		fail_msg("%s: VLAN %u is told", c->name, vlan);
	assert_int_equal(got.records[i].inner_vlan, truth.records[i].vlan);
}

static void check_same(send *how, const struct packet_list *c, bool doubled)
{
	const char *what;

	run(how, c, true);
	if (got.count != truth.count)
		fail_msg("%s: %zu records, not %zu", c->name, got.count, truth.count);
	for (size_t i = 0; i < got.count; i++) {
		what = record_differs(&truth.records[i], &got.records[i], true);
		if (what != NULL)
			fail_msg("%s: %s differs", c->name, what);
		assert_int_equal(got.records[i].confidence, truth.records[i].confidence);
		assert_string_equal(got.records[i].history, truth.records[i].history);
		check_tags(c, i, doubled);
	}
}

/* Calls `check` for each capture of Ethernet frames, with its true records. */
static void for_each_capture(void (*check)(const struct packet_list *c))
{
	size_t checked = 0;

	for (size_t i = 0; i < capture_count; i++) {
		if (captures[i].link_type != ETHERNET)
			continue;
		replay(&captures[i], NULL, 0, &truth);
		check(&captures[i]);
		checked += truth.count;
	}
	assert_true(checked > 90);
}

static void per_direction(const struct packet_list *c)
{
	check_same(send_per_direction, c, false);
}

static void doubled(const struct packet_list *c)
{
	check_same(send_doubled_at_once, c, true);
	check_same(send_doubled_apart, c, true);
}

/* Tags are part of who is who: nobody is heard by both sides, and everybody twice. */
static void apart(const struct packet_list *c)
{
	run(send_per_direction, c, false);
	for (size_t i = 0; i < got.count; i++)
		if (got.records[i].confidence == CONFIDENCE_FULL)
			fail_msg("%s: a record of both directions", c->name);
	run(send_doubled_at_once, c, false);
	if (got.count != 2 * truth.count)
		fail_msg("%s: %zu records, not twice %zu", c->name, got.count, truth.count);
}

static void test_a_tag_for_each_direction_is_ignored(void **state)
{
	(void)state;
	for_each_capture(per_direction);
}

static void test_copies_in_another_vlan_are_ignored(void **state)
{
	(void)state;
	for_each_capture(doubled);
}

static void test_tags_tell_apart_where_nobody_says_otherwise(void **state)
{
	(void)state;
	for_each_capture(apart);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_tag_for_each_direction_is_ignored),
	    cmocka_unit_test(test_copies_in_another_vlan_are_ignored),
	    cmocka_unit_test(test_tags_tell_apart_where_nobody_says_otherwise),
	};

	return cmocka_run_group_tests(tests, captures_set_up, captures_tear_down);
}
