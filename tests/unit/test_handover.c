/* Datagrams between workers: what comes out is what the fragments were, in one frame. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../sensor/handover.h"
#include "frame_builder.h"

/* A frame whose outermost IP header carries `whole`, as a whole in fragments would be. */
static void whole_of(
    const struct frame_builder *b, bool ipv4, struct fragment *whole, struct segment *where)
{
	size_t tags = (where->vlan != 0 ? 4u : 0u) + (where->inner_vlan != 0 ? 4u : 0u);
	const uint8_t *ip = b->bytes + 14 + tags;
	size_t header = ipv4 ? 20 : 40;

	memset(whole, 0, sizeof(*whole));
	if (ipv4) {
		whole->source.bytes[10] = whole->source.bytes[11] = 0xff;
		memcpy(whole->source.bytes + 12, ip + 12, 4);
		whole->destination = whole->source;
		memcpy(whole->destination.bytes + 12, ip + 16, 4);
	} else {
		memcpy(whole->source.bytes, ip + 8, 16);
		memcpy(whole->destination.bytes, ip + 24, 16);
	}
	whole->protocol = ip[ipv4 ? 9 : 6];
	whole->bytes = cursor_over(ip + header, b->length - 14 - tags - header);
}

static void what_is_given_is_taken(void **state)
{
	static const struct {
		const char *layers;
		bool ipv4, ipv6_inside;
		uint16_t vlan, inner_vlan;
		uint8_t tunnel;
		uint32_t id;
	} rows[] = {
	    {"ethernet ipv4 udp:4789 vxlan:77 ethernet ipv4 tcp", true, false, 0, 0,
		FRAME_TUNNEL_VXLAN, 77},
	    {"ethernet vlan:7 ipv4 gre:0x2000:9 ipv6 tcp", true, true, 7, 0, FRAME_TUNNEL_GRE, 9},
	    {"ethernet vlan:7 vlan:8 ipv6 udp:6081 geneve:5:2 ethernet ipv4 tcp", false, false, 7,
		8, FRAME_TUNNEL_GENEVE, 5},
	    {"ethernet ipv6 ipv6 tcp", false, true, 0, 0, FRAME_TUNNEL_IPIP, 0},
	};
	static struct handover_message m;
	int pair[2];

	(void)state;
	assert_int_equal(handover_open(pair), 0);
	assert_int_equal(handover_take(pair[0], &m), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct segment where = {.vlan = rows[i].vlan, .inner_vlan = rows[i].inner_vlan};
		struct segment got;
		struct fragment whole;
		struct frame_builder b;
		size_t length;

		frame_builder_begin(&b, rows[i].ipv6_inside);
		frame_build(&b, rows[i].layers);
		whole_of(&b, rows[i].ipv4, &whole, &where);
		assert_true(handover_give(pair[1], 1234567890123456789u + i, &whole, &where));
		length = handover_take(pair[0], &m);
		assert_int_equal(m.ns, 1234567890123456789u + i);
		assert_int_equal(
		    frame_decode(HANDOVER_LINK_TYPE, m.frame, length, length, &got, NULL),
		    RESULT_OK);
		assert_memory_equal(&got.source, &b.segment.source, 16);
		assert_memory_equal(&got.destination, &b.segment.destination, 16);
		assert_int_equal(got.source_port, b.segment.source_port);
		assert_int_equal(got.payload.left, b.segment.payload.left);
		assert_memory_equal(got.payload.at, b.segment.payload.at, b.segment.payload.left);
		assert_int_equal(got.vlan, rows[i].vlan);
		assert_int_equal(got.inner_vlan, rows[i].inner_vlan);
		assert_int_equal(got.tunnel, rows[i].tunnel);
		assert_int_equal(got.tunnel_id, rows[i].id);
	}
	assert_int_equal(handover_take(pair[0], &m), 0);
	close(pair[0]);
	close(pair[1]);
}

/* The longest datagram there is, until nothing more fits; then it says so, and what was given is
 * whole. */
static void the_longest_until_it_is_full(void **state)
{
	static struct handover_message m;
	static uint8_t bytes[65535];
	const struct segment where = {.vlan = 1, .inner_vlan = 2};
	struct fragment whole = {.protocol = 47, .bytes = cursor_over(bytes, sizeof(bytes))};
	unsigned given = 0, taken = 0;
	size_t length;
	int pair[2];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7);
	whole.source.bytes[0] = 0x20;
	assert_int_equal(handover_open(pair), 0);
	while (handover_give(pair[1], given, &whole, &where))
		given++;
	assert_true(given > 0 && given < 100000);
	while ((length = handover_take(pair[0], &m)) > 0) {
		assert_int_equal(m.ns, taken++);
		assert_int_equal(length, HANDOVER_FRAME_MAX);
		assert_memory_equal(m.frame + length - sizeof(bytes), bytes, sizeof(bytes));
	}
	assert_int_equal(given, taken);
	assert_true(handover_give(pair[1], 0, &whole, &where));
	close(pair[0]);
	close(pair[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_given_is_taken),
	    cmocka_unit_test(the_longest_until_it_is_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
