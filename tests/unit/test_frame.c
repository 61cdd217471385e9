/*
 * The frame decoder: one row an encapsulation and a fault. Every row is also decoded cut at every
 * byte, once as the snap length does it (captured < length) and once as a broken sender would
 * (captured == length). FRAME_SEEDS=folder writes the rows as inputs of fuzz_frame.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "../fuzz/frame_links.h"
#include "frame_builder.h"
#include "frame_cases.h"

static uint8_t *copy_of(const struct frame_builder *b, size_t length)
{
	uint8_t *copy = malloc(length > 0 ? length : 1); /* of its own, so that ASan sees its end */

	assert_non_null(copy);
	memcpy(copy, b->bytes, length);
	return copy;
}

/* Decodes the first `captured` bytes as a frame of `length`; *s is the segment, whose payload must
 * match. */
static int decode(const struct frame_case *c, const struct frame_builder *b, size_t captured,
    size_t length, struct segment *s)
{
	uint8_t *copy = copy_of(b, captured);
	struct fragment fragment;
	int result;

	memset(s, 0xa5, sizeof(*s));
	result = frame_decode(c->link_type, copy, captured, length, s, &fragment);
	if (result == 0) {
		assert_true(s->payload.left <= b->segment.payload.left);
		assert_memory_equal(s->payload.at, b->segment.payload.at, s->payload.left);
	}
	free(copy);
	return result;
}

/* Everything that a segment says, but for how much of its payload is there. */
static void check_segment(
    const struct frame_case *c, const struct segment *expected, const struct segment *s)
{
	assert_memory_equal(&s->source, &expected->source, sizeof(s->source));
	assert_memory_equal(&s->destination, &expected->destination, sizeof(s->destination));
	assert_int_equal(s->source_port, expected->source_port);
	assert_int_equal(s->destination_port, expected->destination_port);
	assert_int_equal(s->sequence, expected->sequence);
	assert_int_equal(s->acknowledgment, expected->acknowledgment);
	assert_int_equal(s->flags, expected->flags);
	assert_int_equal(s->vlan, c->vlan);
	assert_int_equal(s->inner_vlan, c->inner_vlan);
	assert_int_equal(s->tunnel, c->tunnel);
	assert_int_equal(s->tunnel_id, c->tunnel_id);
}

static void check_whole(const struct frame_case *c, const struct frame_builder *b)
{
	struct segment s;

	assert_int_equal(decode(c, b, b->length, b->length, &s), c->result);
	if (c->result != 0)
		return;
	check_segment(c, &b->segment, &s);
	assert_int_equal(s.payload.left, b->segment.payload.left);
	assert_int_equal(s.missing, (c->traits & TRUNCATED) != 0 ? s.missing : 0);
}

/* The snap length: what is there is right, what is not is counted. */
static void check_captured(
    const struct frame_case *c, const struct frame_builder *b, size_t captured)
{
	struct segment s;
	int result = decode(c, b, captured, b->length, &s);

	if (result == RESULT_CUT)
		return;
	assert_int_equal(result, c->result);
	if (result != 0)
		return;
	check_segment(c, &b->segment, &s);
	assert_int_equal(s.payload.left + s.missing, b->segment.payload.left);
}

/* A frame that ends too early: never a segment, unless only padding is gone or nothing says its
 * length. */
static void check_shortened(
    const struct frame_case *c, const struct frame_builder *b, size_t length)
{
	struct segment s;
	int result = decode(c, b, length, length, &s);

	if (result == RESULT_BAD_LENGTH || (result != 0 && result == c->result))
		return;
	if ((c->traits & TRUNCATED) != 0 && result == RESULT_CUT)
		return;
	assert_int_equal(result, 0);
	assert_int_equal(c->result, 0);
	check_segment(c, &b->segment, &s);
	if ((c->traits & OPEN_END) == 0)
		assert_int_equal(s.payload.left + s.missing, b->segment.payload.left);
	if ((c->traits & TRUNCATED) == 0)
		assert_int_equal(s.missing, 0);
}

static void write_seed(const struct frame_case *c, const struct frame_builder *b)
{
	const char *folder = getenv("FRAME_SEEDS");
	char path[4096];
	uint8_t link = 0;
	FILE *file;

	if (folder == NULL)
		return;
	while (frame_links[link] != c->link_type)
		link++;
	snprintf(path, sizeof(path), "%s/%s", folder, c->name);
	file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(&link, 1, 1, file), 1);
	assert_int_equal(fwrite(b->bytes, 1, b->length, file), b->length);
	assert_int_equal(fclose(file), 0);
}

static void test_case(void **state)
{
	const struct frame_case *c = *state;
	struct frame_builder b;

	frame_builder_begin(&b, (c->traits & IPV6) != 0);
	frame_build(&b, c->layers);
	write_seed(c, &b);
	check_whole(c, &b);
	for (size_t length = 0; length < b.length; length++) {
		check_captured(c, &b, length);
		check_shortened(c, &b, length);
	}
}

static int decode_layers(
    struct frame_builder *b, const char *layers, struct segment *s, struct fragment *f)
{
	frame_build(b, layers);
	return frame_decode(1, b->bytes, b->length, b->length, s, f);
}

static void test_fragment_ipv4(void **state)
{
	struct frame_builder b;
	struct segment s;
	struct fragment f;

	(void)state;
	frame_builder_begin(&b, false);
	assert_int_equal(
	    decode_layers(
		&b, "ethernet vlan:7 ipv4 gre:0x2000:5 ipv4_fragment:1480:1 data:16 pad:6", &s, &f),
	    RESULT_FRAGMENT);
	assert_memory_equal(&f.source, &b.segment.source, sizeof(f.source));
	assert_memory_equal(&f.destination, &b.segment.destination, sizeof(f.destination));
	assert_int_equal(f.identification, 0x1234);
	assert_int_equal(f.offset, 1480);
	assert_int_equal(f.protocol, 6);
	assert_true(f.more);
	assert_int_equal(f.bytes.left, 16);
	assert_ptr_equal(f.bytes.at, b.bytes + b.length - 6 - 16);
	assert_int_equal(s.vlan, 7);
	assert_int_equal(s.tunnel, FRAME_TUNNEL_GRE);
	assert_int_equal(s.tunnel_id, 5);
}

static void test_fragment_ipv6(void **state)
{
	struct frame_builder b;
	struct segment s;
	struct fragment f;

	(void)state;
	frame_builder_begin(&b, true);
	assert_int_equal(
	    decode_layers(&b, "ethernet ipv6 hop_by_hop fragment:1448:0:0xfedcba98 data:9", &s, &f),
	    RESULT_FRAGMENT);
	assert_memory_equal(&f.source, &b.segment.source, sizeof(f.source));
	assert_memory_equal(&f.destination, &b.segment.destination, sizeof(f.destination));
	assert_int_equal(f.identification, 0xfedcba98);
	assert_int_equal(f.offset, 1448);
	assert_int_equal(f.protocol, 6);
	assert_false(f.more);
	assert_int_equal(f.bytes.left, 9);
}

static void assert_same_ways(
    const struct frame_builder *b, int ip_link, size_t captured, size_t length)
{
	struct segment s, other;
	struct fragment f;
	int result;

	memset(&s, 0, sizeof(s));
	memset(&other, 0, sizeof(other));
	result = frame_decode(1, b->bytes, captured, length, &s, &f);
	assert_int_equal(
	    result, frame_decode(ip_link, b->bytes + 14, captured - 14, length - 14, &other, &f));
	if (result == RESULT_OK)
		assert_memory_equal(&s, &other, sizeof(s));
}

/* Ethernet has a short way, which says what the long one says of the same packet: with every value
 * of every byte, also cut, and with a wire length below what was captured. */
static void test_short_way(void **state)
{
	static const struct {
		const char *layers;
		int ip_link;
	} rows[] = {{"ethernet ipv4 tcp pad:6", 228}, {"ethernet ipv6 tcp pad:6", 229}};
	struct frame_builder b;
	uint8_t kept;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		frame_builder_begin(&b, false);
		frame_build(&b, rows[i].layers);
		for (size_t at = 14; at < b.length; at++) {
			kept = b.bytes[at];
			for (unsigned value = 0; value < 256; value++) {
				b.bytes[at] = (uint8_t)value;
				assert_same_ways(&b, rows[i].ip_link, b.length, b.length);
				assert_same_ways(&b, rows[i].ip_link, b.length - 9, b.length);
				assert_same_ways(&b, rows[i].ip_link, at, b.length + 70000);
				assert_same_ways(&b, rows[i].ip_link, b.length, at);
			}
			b.bytes[at] = kept;
		}
	}
}

/* The first fragment is one, too, though its TCP header is there. */
static void test_fragment_first(void **state)
{
	struct frame_builder b;
	struct segment s;
	struct fragment f;

	(void)state;
	frame_builder_begin(&b, false);
	b.segment.payload.left = 20;
	assert_int_equal(
	    decode_layers(&b, "ethernet ipv4_fragment:0:1 tcp", &s, &f), RESULT_FRAGMENT);
	assert_int_equal(f.offset, 0);
	assert_int_equal(f.bytes.left, 40);
}

/* A fragment whose end is not in the capture leaves a hole that nothing fills. */
static void test_fragment_cut(void **state)
{
	struct frame_builder b;
	struct segment s;
	struct fragment f;

	(void)state;
	frame_builder_begin(&b, false);
	frame_build(&b, "ethernet ipv4_fragment:0:1 data:64");
	for (size_t captured = 0; captured < b.length; captured++) {
		assert_int_equal(frame_decode(1, b.bytes, captured, b.length, &s, &f), RESULT_CUT);
		assert_int_equal(
		    frame_decode(1, b.bytes, captured, captured, &s, &f), RESULT_BAD_LENGTH);
	}
}

/* Decodes `layers` as the payload of a reassembled datagram of *b's addresses. */
static int decode_whole(
    struct frame_builder *b, uint8_t protocol, const char *layers, struct segment *s)
{
	struct fragment whole = {
	    .source = b->segment.source,
	    .destination = b->segment.destination,
	    .protocol = protocol,
	};

	frame_build(b, layers);
	whole.bytes = cursor_over(b->bytes, b->length);
	*s = (struct segment){.vlan = 7, .tunnel = FRAME_TUNNEL_PPPOE, .tunnel_id = 3};
	return frame_decode_whole(&whole, s);
}

static void test_whole(void **state)
{
	static const struct frame_case expected = {
	    .vlan = 7, .tunnel = FRAME_TUNNEL_PPPOE, .tunnel_id = 3};
	struct frame_builder b;
	struct segment s;

	(void)state;
	frame_builder_begin(&b, false);
	assert_int_equal(decode_whole(&b, 6, "tcp:3", &s), 0);
	check_segment(&expected, &b.segment, &s);
	assert_int_equal(s.payload.left, b.segment.payload.left);
	assert_int_equal(s.missing, 0);

	frame_builder_begin(&b, true);
	assert_int_equal(decode_whole(&b, 60, "destination tcp", &s), 0);
	check_segment(&expected, &b.segment, &s);
}

static void test_whole_tunnel(void **state)
{
	static const struct frame_case expected = {
	    .vlan = 7, .tunnel = FRAME_TUNNEL_GRE, .tunnel_id = 9};
	struct frame_builder b, inner;
	struct segment s;

	(void)state;
	frame_builder_begin(&b, false);
	inner = b;
	b.segment.source.bytes[15]++;
	assert_int_equal(decode_whole(&b, 47, "gre:0x2000:9 ipv4 tcp", &s), 0);
	check_segment(&expected, &b.segment, &s);
	assert_int_equal(
	    decode_whole(&inner, 47, "gre ipv4_fragment:0:1 data:8", &s), RESULT_FRAGMENT);
}

static void test_whole_faults(void **state)
{
	struct frame_builder b;
	struct segment s;

	(void)state;
	frame_builder_begin(&b, false);
	assert_int_equal(decode_whole(&b, 17, "udp:53", &s), RESULT_NOT_TCP);
	assert_int_equal(
	    decode_whole(&b, 60, "destination tcp", &s), RESULT_NOT_TCP); /* IPv4 has none */
	assert_int_equal(decode_whole(&b, 6, "tcp!12=f0", &s), RESULT_BAD_LENGTH);
	assert_int_equal(decode_whole(&b, 6, "data:19", &s), RESULT_BAD_LENGTH);
}

/* Where only URG, ECE or CWR are set as well, flags still compare equal to what they mean. */
static void test_flags(void **state)
{
	struct frame_builder b;
	struct segment s;
	struct fragment f;

	(void)state;
	frame_builder_begin(&b, false);
	assert_int_equal(decode_layers(&b, "ethernet ipv4 tcp!13=c2", &s, &f), 0);
	assert_int_equal(s.flags, FRAME_SYN);
}

static void test_link_known(void **state)
{
	struct segment s;
	struct fragment f;

	(void)state;
	for (int link_type = -1; link_type < 400; link_type++)
		assert_int_equal(frame_link_known(link_type),
		    frame_decode(link_type, NULL, 0, 0, &s, &f) != RESULT_LINK_TYPE);
	assert_true(frame_link_known(1));
	assert_false(frame_link_known(147));
}

static void test_tunnel_name(void **state)
{
	(void)state;
	assert_null(frame_tunnel_names[FRAME_TUNNEL_NONE]);
	assert_string_equal(frame_tunnel_names[FRAME_TUNNEL_GRE], "gre");
	assert_string_equal(frame_tunnel_names[FRAME_TUNNEL_6IN4], "6in4");
	assert_string_equal(frame_tunnel_names[FRAME_TUNNEL_PPPOE], "pppoe");
}

static const struct CMUnitTest others[] = {
    cmocka_unit_test(test_fragment_ipv4),
    cmocka_unit_test(test_fragment_ipv6),
    cmocka_unit_test(test_short_way),
    cmocka_unit_test(test_fragment_first),
    cmocka_unit_test(test_fragment_cut),
    cmocka_unit_test(test_whole),
    cmocka_unit_test(test_whole_tunnel),
    cmocka_unit_test(test_whole_faults),
    cmocka_unit_test(test_flags),
    cmocka_unit_test(test_link_known),
    cmocka_unit_test(test_tunnel_name),
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

int main(void)
{
	struct CMUnitTest tests[COUNT(cases) + COUNT(others)] = {{0}};

	for (size_t i = 0; i < COUNT(cases); i++)
		tests[i] = (struct CMUnitTest){
		    .name = cases[i].name,
		    .test_func = test_case,
		    .initial_state = (void *)(uintptr_t)&cases[i],
		};
	memcpy(tests + COUNT(cases), others, sizeof(others));
	return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
