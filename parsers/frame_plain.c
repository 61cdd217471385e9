/*
 * frame_decode: the short way through Ethernet II, IPv4 without options or IPv6 without extension
 * headers, and TCP, which is what nearly all frames are. It looks once whether a header is there,
 * then reads it straight. Whatever is not exactly so, faults too, is frame_decode_any's.
 */
#include "frame_layers.h"

enum {
	ETHERTYPE_AT = 12,
	IPV4_PLAIN = 0x45, /* version 4, five words of header */
	PLAIN_LEAST = ETHERNET_HEADER + IPV4_HEADER + TCP_HEADER,
};

static inline bool read_ipv4(struct frame_walk *w)
{
	struct cursor header;
	uint8_t version, protocol;
	uint16_t total, offset;

	if (!cursor_take(&w->in, ETHERNET_HEADER + IPV4_HEADER, &header) ||
	    !cursor_skip(&header, ETHERNET_HEADER) || !cursor_u8(&header, &version) ||
	    !cursor_skip(&header, 1) || !cursor_u16(&header, &total) || !cursor_skip(&header, 2) ||
	    !cursor_u16(&header, &offset) || !cursor_skip(&header, 1) ||
	    !cursor_u8(&header, &protocol) || !cursor_skip(&header, 2))
		return false;
	/* A total below the header's own length wraps around, beyond any limit. */
	return version == IPV4_PLAIN && (offset & (IPV4_MORE | IPV4_OFFSET)) == 0 &&
	       protocol == PROTOCOL_TCP && frame_walk_limit(w, total - (size_t)IPV4_HEADER) &&
	       frame_read_ipv4_address(&header, &w->segment->source) &&
	       frame_read_ipv4_address(&header, &w->segment->destination);
}

static inline bool read_ipv6(struct frame_walk *w)
{
	struct cursor header;
	uint8_t version, next;
	uint16_t length;

	if (!cursor_take(&w->in, ETHERNET_HEADER + IPV6_HEADER, &header) ||
	    !cursor_skip(&header, ETHERNET_HEADER) || !cursor_u8(&header, &version) ||
	    !cursor_skip(&header, 3) || !cursor_u16(&header, &length) ||
	    !cursor_u8(&header, &next) || !cursor_skip(&header, 1))
		return false;
	return version >> 4 == 6 && next == PROTOCOL_TCP && frame_walk_limit(w, length) &&
	       cursor_copy(&header, w->segment->source.bytes, 16) &&
	       cursor_copy(&header, w->segment->destination.bytes, 16);
}

/* The whole frame is in *w; it had `length` on the wire. */
static inline bool read_plain(struct frame_walk *w, size_t length)
{
	struct cursor in = w->in, header;
	uint16_t ethertype;
	bool plain;

	if (!cursor_take(&in, PLAIN_LEAST, &header) || !cursor_skip(&header, ETHERTYPE_AT) ||
	    !cursor_u16(&header, &ethertype) || w->in.left > length)
		return false;
	if (ethertype == ETHERTYPE_IPV4)
		plain = read_ipv4(w);
	else
		plain = ethertype == ETHERTYPE_IPV6 && read_ipv6(w);
	return plain && frame_read_tcp(w) == RESULT_OK;
}

int frame_decode(int link_type, const uint8_t *frame, size_t captured, size_t length,
    struct segment *segment, struct fragment *fragment)
{
	struct frame_walk w = {
	    .in = cursor_over(frame, captured),
	    .cut = length - captured,
	    .segment = segment,
	};

	if (link_type != LINK_ETHERNET || !read_plain(&w, length))
		return frame_decode_any(link_type, frame, captured, length, segment, fragment);
	segment->vlan = 0;
	segment->inner_vlan = 0;
	segment->tunnel = FRAME_TUNNEL_NONE;
	segment->tunnel_id = 0;
	return RESULT_OK;
}
