/*
 * Crafted frames for tests, written as the layers they have, outermost first:
 *     "ethernet vlan:7 ipv4 gre:0x2000:99 ipv4 tcp"
 * A layer's numbers follow it after colons (see the table in frame_builder.c). Each layer names the
 * next by its EtherType or protocol number; lengths are filled in at the end. The innermost IP
 * header has the addresses of *this segment, the others have addresses that no test expects.
 *     "!6=20"   afterwards, byte 6 of the layer before is set to 0x20: a fault
 *     "pad:4"   four bytes behind everything, which no length counts
 */
#ifndef TLSVANE_TEST_FRAME_BUILDER_H
#define TLSVANE_TEST_FRAME_BUILDER_H

#include "../../parsers/frame.h"

#define FRAME_BUILDER_MAX 4096

struct frame_layer_row;

struct frame_builder {
	struct segment
	    segment; /* what `ipv4`, `ipv6` and `tcp` say; frame_builder_begin fills it */
	uint8_t bytes[FRAME_BUILDER_MAX];
	size_t length;

	/* While the layers are read. */
	const struct frame_layer_row *next; /* NULL behind the last */
	bool innermost;			    /* no IP header follows */
	unsigned long numbers[3];
	size_t layer; /* where the last one began */
	struct {
		size_t at, from; /* a length of 16 bits at `at` that counts from `from` */
	} lengths[32];
	size_t length_count;
	struct {
		size_t at;
		uint8_t value;
	} patches[32];
	size_t patch_count;
};

/* A segment of the client at the start of a session, over IPv4 or IPv6, with "EHLO
 * client.example\r\n". */
void frame_builder_begin(struct frame_builder *b, bool ipv6);

/* Builds the frame into b->bytes; aborts on a layer that it does not know. */
void frame_build(struct frame_builder *b, const char *layers);

#endif
