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
	    {1, true, "ethernet ipv6 tcp"},
	    {1, true, "ethernet vlan:7 ipv6 tcp"},
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

static void labels_and_pppoe_are_looked_behind(void **state)
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

			if (cases[i].result != RESULT_OK || cases[i].tunnel == FRAME_TUNNEL_NONE)
				continue;
			if (cases[i].tunnel != FRAME_TUNNEL_MPLS &&
			    cases[i].tunnel != FRAME_TUNNEL_PPPOE)
				assert_int_equal(got, 0);
			else if (got != 0 && got != plain) /* deep stacks and Ethernet in them: 0 */
				fail_msg("%s goes elsewhere", cases[i].name);
		}
	for (unsigned pair = 0; pair < 50; pair++)
		assert_int_equal(place_of(s, 1, "ethernet mpls:16 ipv4 tcp", false, pair, false),
		    place_of(s, 1, "ethernet ipv4 tcp", false, pair, true));
	steer_free(s);
}

static void load_is_spread(void **state)
{
	struct steer *s = steer_new(4);

	(void)state;
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		unsigned got[4] = {0};

		for (unsigned pair = 0; pair < 4000; pair++)
			got[place_of(s, 1, ipv6 ? "ethernet ipv6 tcp" : "ethernet ipv4 tcp",
			    ipv6 != 0, pair, false)]++;
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
			assert_true(steer_place(s, cases[i].link_type, copy, length) < 7);
			free(copy);
		}
	}
	steer_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(both_directions_meet),
	    cmocka_unit_test(whatever_is_around_a_connection),
	    cmocka_unit_test(labels_and_pppoe_are_looked_behind),
	    cmocka_unit_test(load_is_spread),
	    cmocka_unit_test(cut_frames_have_a_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
