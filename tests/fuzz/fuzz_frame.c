/*
 * Any bytes as a frame: byte 0 chooses the link type, the rest is the frame. It is decoded as it
 * stands, and again as the beginning of a longer one.
 */
#include "../../parsers/frame.h"
#include "frame_links.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_inside(const struct cursor *c, const uint8_t *frame, size_t length)
{
	if (c->at < frame || c->at > frame + length || c->left > (size_t)(frame + length - c->at))
		abort();
}

static void decode(int link_type, const uint8_t *frame, size_t captured, size_t length)
{
	struct segment segment;
	struct fragment fragment;
	int result = frame_decode(link_type, frame, captured, length, &segment, &fragment);

	if (!frame_link_known(link_type) && result != RESULT_LINK_TYPE)
		abort();
	if (result == RESULT_FRAGMENT) {
		check_inside(&fragment.bytes, frame, captured);
		result = frame_decode_whole(&fragment, &segment);
	}
	if (result > 0 || result <= -RESULT_KINDS)
		abort();
	if (result != 0)
		return;
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
