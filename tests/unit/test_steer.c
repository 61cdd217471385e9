/* Which worker gets a frame: both directions and all fragments of a connection the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../sensor/steer.h"
#include "frame_builder.h"
#include "frame_cases.h"
#include "replay_capture.h"

#define CASES (sizeof(cases) / sizeof(cases[0]))

/* The place of a frame of these layers; `pair` chooses the addresses, `back` the direction. */
static unsigned place_of(
    struct steer *s, int link_type, const char *layers, bool ipv6, unsigned pair, bool back)
{
	struct frame_builder b;
	struct frame_address source;

	frame_builder_begin(&b, ipv6);
	b.segment.source.bytes[15] = (uint8_t)pair;
	b.segment.source.bytes[14] = (uint8_t)(pair >> 8);
	if (back) {
		source = b.segment.source;
		b.segment.source = b.segment.destination;
		b.segment.destination = source;
	}
	frame_build(&b, layers);
	return steer_place(s, link_type, b.bytes, b.length);
}

static void both_directions_meet(void **state)
{
	(void)state;
	for (unsigned places = 1; places <= 7; places++) {
		struct steer *s = steer_new(places);

		for (size_t i = 0; i < CASES; i++)
			for (unsigned pair = 0; pair < 20; pair++) {
				bool ipv6 = (cases[i].traits & IPV6) != 0;
				unsigned out = place_of(
				    s, cases[i].link_type, cases[i].layers, ipv6, pair, false);

				assert_true(out < places);
				if (out != place_of(s, cases[i].link_type, cases[i].layers, ipv6,
					       pair, true))
					fail_msg("%s: the way back goes elsewhere", cases[i].name);
			}
		steer_free(s);
	}
}

/* Seen in the clear, tagged or labelled, and as the first or a later fragment. */
static void whatever_is_around_a_connection(void **state)
{
	static const struct {
		int link_type;
		bool ipv6;
		const char *layers;
	} rows[] = {
	    {1, false, "ethernet ipv4 tcp"},
	    {1, false, "ethernet ipv4:10 tcp"},
	    {1, false, "ethernet ipv4!6=20 tcp"},
	    {1, false, "ethernet ipv4!7=b9 tcp"},
	    {1, false, "ethernet vlan:7 ipv4 tcp"},
	    {1, false, "ethernet vlan_service:1 vlan_service:2 vlan:3 ipv4 tcp"},
	    {1, false, "ethernet vlan:7 metadata:2 ipv4 tcp"},
	    {1, true, "ethernet ipv6 tcp"},
	    {1, true, "ethernet vlan:7 ipv6 tcp"},
	    {1, true, "ethernet metadata:2 ipv6 tcp"},
	    {1, true, "ethernet ipv6 hop_by_hop tcp"},
	    {1, true, "ethernet ipv6 fragment:0:1:7 tcp"},
	    {1, true, "ethernet ipv6 fragment:185:1:7 tcp"},
	    {1, true, "ethernet ipv6 hop_by_hop fragment:185:0:7 tcp"},
	};
	struct steer *s = steer_new(7);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (unsigned pair = 0; pair < 50; pair++) {
			const char *plain =
			    rows[i].ipv6 ? "ethernet ipv6 tcp" : "ethernet ipv4 tcp";
			unsigned place = place_of(s, 1, plain, rows[i].ipv6, pair, false);

			if (place_of(s, rows[i].link_type, rows[i].layers, rows[i].ipv6, pair,
				pair % 2) != place)
				fail_msg("%s goes elsewhere", rows[i].layers);
		}
	steer_free(s);
}

/* The place of a plain frame between two addresses. */
static unsigned place_between(
    struct steer *s, const struct frame_address *source, const struct frame_address *destination)
{
	struct frame_builder b;
	bool ipv6 = !frame_address_is_ipv4(source);
	unsigned place;

	frame_builder_begin(&b, ipv6);
	b.segment.source = *source;
	b.segment.destination = *destination;
	frame_build(&b, ipv6 ? "ethernet ipv6 tcp" : "ethernet ipv4 tcp");
	place = steer_place(s, 1, b.bytes, b.length);
	assert_int_equal(place, steer_place_between(s, destination, source));
	return place;
}

static bool is_ppp(int link_type)
{
	return link_type == 9 || link_type == 50 || link_type == 51;
}

static void tunnels_are_looked_into(void **state)
{
	struct steer *s = steer_new(7);

	(void)state;
	for (size_t i = 0; i < CASES; i++)
		for (unsigned pair = 0; pair < 20; pair++) {
			bool ipv6 = (cases[i].traits & IPV6) != 0;
			unsigned plain = place_of(s, 1,
			    ipv6 ? "ethernet ipv6 tcp" : "ethernet ipv4 tcp", ipv6, pair, false);
			unsigned got =
			    place_of(s, cases[i].link_type, cases[i].layers, ipv6, pair, false);

			if (cases[i].result == RESULT_OK &&
			    got != (is_ppp(cases[i].link_type) ? 0 : plain))
				fail_msg("%s goes elsewhere", cases[i].name);
		}
	steer_free(s);
}

/* What would be in a tunnel if its fragment began with a header: a matter for all. */
static void fragments_of_tunnels_are_for_all(void **state)
{
	static const char *const rows[] = {
	    "ethernet ipv4!6=20 gre ipv4 tcp",
	    "ethernet ipv4!7=b9 gre ipv4 tcp",
	    "ethernet ipv4!6=20 udp:4789 vxlan:5 ethernet ipv4 tcp",
	    "ethernet ipv4!6=20 ipv4 tcp",
	    "ethernet ipv6 fragment:0:1:7 ipv4 tcp",
	    "ethernet ipv6 fragment:185:0:7 udp:6081 geneve:5 ethernet ipv4 tcp",
	    "ethernet ipv4 udp:4789 vxlan:5 ethernet ipv4!7=b9 gre ipv4 tcp",
	};
	struct steer *s = steer_new(7);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (unsigned pair = 0; pair < 20; pair++)
			assert_int_equal(place_of(s, 1, rows[i], false, pair, pair % 2), 7);
	steer_free(s);
}

/* ... but what is fragmented inside goes where its connection goes. */
static void fragments_in_tunnels_follow_their_connection(void **state)
{
	static const char *const rows[] = {
	    "ethernet ipv4 gre:0x3000 ipv4!6=20 tcp",
	    "ethernet ipv4 gre:0x3000 ipv4!7=b9 tcp",
	    "ethernet ipv6 udp:6081 geneve:5:9 ethernet vlan:3 ipv4!7=b9 tcp",
	    "ethernet ipv4 ipv4!7=b9 tcp",
	};
	struct steer *s = steer_new(7);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (unsigned pair = 0; pair < 50; pair++)
			assert_int_equal(place_of(s, 1, rows[i], false, pair, pair % 2),
			    place_of(s, 1, "ethernet ipv4 tcp", false, pair, false));
	steer_free(s);
}

static void load_is_spread(void **state)
{
	static const struct {
		bool ipv6;
		const char *layers;
	} rows[] = {
	    {false, "ethernet ipv4 tcp"},
	    {true, "ethernet ipv6 tcp"},
	    {false, "ethernet ipv4 udp:4789 vxlan:5 ethernet ipv4 tcp"},
	    {true, "ethernet ipv4 udp:6081 geneve:5:3 ethernet vlan:9 ipv6 tcp"},
	    {false, "ethernet ipv4 gre:0xb000:9 ipv4 tcp"},
	    {false, "ethernet ipv4 gre:0x1000 erspan2:7:5 ethernet ipv4 tcp"},
	    {true, "ethernet ipv4 ipv6 tcp"},
	};
	struct steer *s = steer_new(4);

	(void)state;
	for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
		unsigned got[4] = {0};

		for (unsigned pair = 0; pair < 4000; pair++)
			got[place_of(s, 1, rows[row].layers, rows[row].ipv6, pair, pair % 2)]++;
		for (unsigned i = 0; i < 4; i++)
			assert_in_range(got[i], 850, 1150);
	}
	steer_free(s);
}

/* Cut anywhere: within the places, and never read behind the end. */
static void cut_frames_have_a_place(void **state)
{
	struct steer *s = steer_new(7);
	struct frame_builder b;

	(void)state;
	for (size_t i = 0; i < CASES; i++) {
		frame_builder_begin(&b, (cases[i].traits & IPV6) != 0);
		frame_build(&b, cases[i].layers);
		for (size_t length = 0; length <= b.length; length++) {
			uint8_t *copy = malloc(length + 1);

			assert_non_null(copy);
			memcpy(copy, b.bytes, length);
			assert_true(steer_place(s, cases[i].link_type, copy, length) <= 7);
			free(copy);
		}
	}
	steer_free(s);
}

/* Headers of all kinds with fields that mean nothing, and bytes that are none. */
static void random_bytes_have_a_place(void **state)
{
	static const int links[] = {1, 113, 276, 0, 108, 12, 14, 101, 228, 229, 9, 147};
	struct steer *s = steer_new(7);
	struct frame_builder b;

	(void)state;
	srandom(7);
	for (unsigned round = 0; round < 300000; round++) {
		const struct frame_case *row = &cases[(size_t)random() % CASES];
		size_t length;
		uint8_t *copy;

		frame_builder_begin(&b, (row->traits & IPV6) != 0);
		frame_build(&b, row->layers);
		length = (size_t)random() % (b.length + 1);
		copy = malloc(length + 1);
		assert_non_null(copy);
		memcpy(copy, b.bytes, length);
		for (unsigned n = (unsigned)random() % 8; n > 0 && length > 0; n--)
			copy[(size_t)random() % length] = (uint8_t)random();
		assert_true(steer_place(s, links[(size_t)random() % 12], copy, length) <= 7);
		assert_true(steer_place(s, row->link_type, copy, length) <= 7);
		free(copy);
	}
	steer_free(s);
}

/* The addresses by which the pipeline would find the flow of a frame; of a fragment, those that its
 * datagram has. False: it has none. */
static bool flow_of(const struct packet_list *capture, const struct packet *p, struct segment *flow)
{
	struct fragment fragment;
	int result =
	    frame_decode(capture->link_type, p->bytes, p->captured, p->length, flow, &fragment);

	if (result == RESULT_FRAGMENT) {
		assert_int_equal(fragment.protocol, 6);
		flow->source = fragment.source;
		flow->destination = fragment.destination;
	}
	return result == RESULT_OK || result == RESULT_FRAGMENT;
}

static void captured_flows_are_whole(void **state)
{
	static const unsigned places[] = {2, 3, 4, 7};
	size_t frames = 0;

	(void)state;
	for (size_t row = 0; row < sizeof(places) / sizeof(places[0]); row++) {
		struct steer *s = steer_new(places[row]);

		for (size_t i = 0; i < capture_count; i++)
			for (size_t j = 0; j < captures[i].count; j++) {
				const struct packet *p = &captures[i].packets[j];
				struct segment flow;

				if (!flow_of(&captures[i], p, &flow))
					continue;
				if (steer_place(s, captures[i].link_type, p->bytes, p->captured) !=
				    place_between(s, &flow.source, &flow.destination))
					fail_msg("%s: frame %zu goes elsewhere", captures[i].name,
					    j + 1);
				frames++;
			}
		steer_free(s);
	}
	assert_true(frames > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(both_directions_meet),
	    cmocka_unit_test(whatever_is_around_a_connection),
	    cmocka_unit_test(tunnels_are_looked_into),
	    cmocka_unit_test(fragments_of_tunnels_are_for_all),
	    cmocka_unit_test(fragments_in_tunnels_follow_their_connection),
	    cmocka_unit_test(load_is_spread),
	    cmocka_unit_test(cut_frames_have_a_place),
	    cmocka_unit_test(random_bytes_have_a_place),
	    cmocka_unit_test(captured_flows_are_whole),
	};

	return cmocka_run_group_tests(tests, captures_set_up, captures_tear_down);
}
