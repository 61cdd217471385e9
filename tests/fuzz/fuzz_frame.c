/*
 * Any bytes as a frame: byte 0 chooses the link type, the rest is the frame. It is decoded as it
 * stands, and again as the beginning of a longer one. What spreads frames over workers must find
 * the same addresses in it, or none.
 */
#include "../../parsers/frame.h"
#include "../../sensor/steer.h"
#include "frame_links.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_inside(const struct cursor *c, const uint8_t *frame, size_t length)
{
	if (c->at < frame || c->at > frame + length || c->left > (size_t)(frame + length - c->at))
		abort();
}

#define PLACES 1009 /* a prime: rarely the same by chance */

/* Mapped addresses look like IPv4's, and IPv6 may carry them. */
static unsigned place_in_ipv6(struct steer *steer, const struct segment *s)
{
	uint8_t ipv6[40] = {[0] = 0x60, [6] = 6};

	memcpy(ipv6 + 8, &s->source, 16);
	memcpy(ipv6 + 24, &s->destination, 16);
	return steer_place(steer, 229, ipv6, sizeof(ipv6));
}

/* 0 is for what it does not follow: all of one connection, since headers are counted alike. */
static void check_place(
    int link_type, const uint8_t *frame, size_t captured, const struct segment *segment)
{
	static struct steer *steer;
	unsigned place;

	if (steer == NULL && (steer = steer_new(PLACES)) == NULL)
		abort();
	place = steer_place(steer, link_type, frame, captured);
	if (place != 0 && segment != NULL &&
	    place != steer_place_between(steer, &segment->destination, &segment->source) &&
	    place != place_in_ipv6(steer, segment))
		abort();
	if (place > PLACES)
		abort();
}

static void decode(int link_type, const uint8_t *frame, size_t captured, size_t length)
{
	struct segment segment;
	struct fragment fragment;
	int result = frame_decode(link_type, frame, captured, length, &segment, &fragment);
	bool fragmented = result == RESULT_FRAGMENT;

	if (!frame_link_known(link_type) && result != RESULT_LINK_TYPE)
		abort();
	if (fragmented) {
		check_inside(&fragment.bytes, frame, captured);
		result = frame_decode_whole(&fragment, &segment);
	}
	if (result > 0 || result <= -RESULT_KINDS)
		abort();
	if (result != 0) {
		check_place(link_type, frame, captured, NULL);
		return;
	}
	if (!fragmented)
		check_place(link_type, frame, captured, &segment);
	check_inside(&segment.payload, frame, captured);
	/* Only behind a mirror that truncates may more be missing than the frame's own length
	 * tells. */
	if (segment.missing > length - captured && segment.missing > 65535)
		abort();
	if (segment.tunnel != FRAME_TUNNEL_NONE &&
	    (segment.tunnel >= FRAME_TUNNELS || frame_tunnel_names[segment.tunnel] == NULL))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int link_type;

	if (size == 0)
		return 0;
	link_type = frame_links[data[0] % (sizeof(frame_links) / sizeof(frame_links[0]))];
	decode(link_type, data + 1, size - 1, size - 1);
	decode(link_type, data + 1, size - 1, size - 1 + 100);
	return 0;
}
