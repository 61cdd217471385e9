/*
 * IPv4 (RFC 791), IPv6 and its extension headers (RFC 8200 section 4), and the TCP header (RFC 9293
 * section 3.1). Checksums are not verified: on the sending host they are filled in by the network
 * card, behind the point where a capture sees the frame.
 */
#include "frame_layers.h"

enum {
	FRAGMENT_HEADER = 8,

	DATAGRAM_MAX = 65535, /* bytes of IP payload that offset and length may reach */
};

bool frame_address_is_ipv4(const struct frame_address *address)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	return memcmp(address->bytes, mapped, sizeof(mapped)) == 0;
}

static int other_protocol(struct frame_walk *w, uint8_t protocol)
{
	switch (protocol) {
	case PROTOCOL_UDP:
		return LAYER_UDP;
	case PROTOCOL_GRE:
		return LAYER_GRE;
	case PROTOCOL_IPV4:
		frame_note_tunnel(w->segment, FRAME_TUNNEL_IPIP, 0);
		return LAYER_IPV4;
	case PROTOCOL_IPV6:
		frame_note_tunnel(w->segment, w->ipv6 ? FRAME_TUNNEL_IPIP : FRAME_TUNNEL_6IN4, 0);
		return LAYER_IPV6;
	case PROTOCOL_AUTHENTICATION:
		return LAYER_AUTHENTICATION;
	case PROTOCOL_HOP_BY_HOP:
	case PROTOCOL_ROUTING:
	case PROTOCOL_DESTINATION:
	case PROTOCOL_MOBILITY:
	case PROTOCOL_HIP:
	case PROTOCOL_SHIM6:
		return w->ipv6 ? LAYER_EXTENSION : RESULT_NOT_TCP;
	case PROTOCOL_FRAGMENT:
		return w->ipv6 ? LAYER_FRAGMENT : RESULT_NOT_TCP;
	default:
		return RESULT_NOT_TCP;
	}
}

static inline int read_protocol(struct frame_walk *w, uint8_t protocol)
{
	if (protocol == PROTOCOL_TCP)
		return frame_read_tcp(w);
	return other_protocol(w, protocol);
}

int frame_read_protocol(struct frame_walk *w, uint8_t protocol)
{
	return read_protocol(w, protocol);
}

/* Fills *w->fragment from here to the layer's end; `offset` and the rest as the header says. */
static int fill_fragment(
    struct frame_walk *w, uint8_t protocol, uint32_t identification, uint32_t offset, bool more)
{
	size_t length = w->in.left + w->cut;

	/* Every fragment but the last is a multiple of 8 bytes: RFC 791 section 3.2, RFC 8200
	 * section 4.5. */
	if (length == 0 || (more && length % 8 != 0) || offset + length > DATAGRAM_MAX)
		return RESULT_BAD_LENGTH;
	if (w->cut > 0)
		return RESULT_CUT; /* a hole in the datagram that nothing will fill */
	if (w->fragment != NULL)
		*w->fragment = (struct fragment){
		    .source = w->segment->source,
		    .destination = w->segment->destination,
		    .identification = identification,
		    .offset = offset,
		    .protocol = protocol,
		    .more = more,
		    .bytes = w->in,
		};
	return RESULT_FRAGMENT;
}

int frame_read_ipv4(struct frame_walk *w)
{
	struct segment *s = w->segment;
	struct cursor header;
	uint8_t version, protocol;
	uint16_t total, identification, offset;
	size_t options;

	if (!cursor_take(&w->in, IPV4_HEADER, &header) || !cursor_u8(&header, &version) ||
	    !cursor_skip(&header, 1) || !cursor_u16(&header, &total) ||
	    !cursor_u16(&header, &identification) || !cursor_u16(&header, &offset) ||
	    !cursor_skip(&header, 1) || !cursor_u8(&header, &protocol) ||
	    !cursor_skip(&header, 2) || !frame_read_ipv4_address(&header, &s->source) ||
	    !frame_read_ipv4_address(&header, &s->destination))
		return frame_walk_short(w, IPV4_HEADER);
	if (version >> 4 != 4)
		return RESULT_BAD_VALUE;
	if ((version & 0x0f) < IPV4_HEADER / 4)
		return RESULT_BAD_LENGTH;
	/* 0: the card will cut this into segments and write their lengths (TSO). */
	if (total != 0 &&
	    (total < IPV4_HEADER || !frame_walk_limit(w, total - (size_t)IPV4_HEADER)))
		return RESULT_BAD_LENGTH;
	options = (size_t)(version & 0x0f) * 4 - IPV4_HEADER;
	if (!cursor_skip(&w->in, options))
		return frame_walk_short(w, options);
	w->ipv6 = false;
	if ((offset & (IPV4_MORE | IPV4_OFFSET)) != 0)
		return fill_fragment(w, protocol, identification,
		    (uint32_t)(offset & IPV4_OFFSET) * 8, (offset & IPV4_MORE) != 0);
	return read_protocol(w, protocol);
}

int frame_read_ipv6(struct frame_walk *w)
{
	struct segment *s = w->segment;
	struct cursor header;
	uint8_t version, next;
	uint16_t length;

	if (!cursor_take(&w->in, IPV6_HEADER, &header) || !cursor_u8(&header, &version) ||
	    !cursor_skip(&header, 3) || !cursor_u16(&header, &length) ||
	    !cursor_u8(&header, &next) || !cursor_skip(&header, 1) ||
	    !cursor_copy(&header, s->source.bytes, 16) ||
	    !cursor_copy(&header, s->destination.bytes, 16))
		return frame_walk_short(w, IPV6_HEADER);
	if (version >> 4 != 6)
		return RESULT_BAD_VALUE;
	/* 0: a jumbogram (RFC 2675) or left to the card; both are far too long to be padded. */
	if (length != 0 && !frame_walk_limit(w, length))
		return RESULT_BAD_LENGTH;
	w->ipv6 = true;
	return read_protocol(w, next);
}

int frame_read_ip(struct frame_walk *w)
{
	uint8_t version;

	if (!cursor_peek(&w->in, 0, &version))
		return frame_walk_short(w, 1);
	switch (version >> 4) {
	case 4:
		return LAYER_IPV4;
	case 6:
		return LAYER_IPV6;
	default:
		return RESULT_NOT_IP;
	}
}

/* The format that extension headers share: next header, length in units of 8 bytes, first unit
 * free. */
int frame_read_extension(struct frame_walk *w)
{
	struct cursor header = w->in;
	uint8_t next, units;
	size_t length;

	if (!cursor_u8(&header, &next) || !cursor_u8(&header, &units))
		return frame_walk_short(w, 2);
	length = (units + (size_t)1) * 8;
	if (!cursor_skip(&w->in, length))
		return frame_walk_short(w, length);
	return read_protocol(w, next);
}

/* RFC 4302 section 2.2: units of 4 bytes, first two free. It stands in IPv4 as well. */
int frame_read_authentication(struct frame_walk *w)
{
	struct cursor header = w->in;
	uint8_t next, units;
	size_t length;

	if (!cursor_u8(&header, &next) || !cursor_u8(&header, &units))
		return frame_walk_short(w, 2);
	length = (units + (size_t)2) * 4;
	if (!cursor_skip(&w->in, length))
		return frame_walk_short(w, length);
	return read_protocol(w, next);
}

/* RFC 8200 section 4.5. */
int frame_read_fragment(struct frame_walk *w)
{
	struct cursor header;
	uint8_t next;
	uint16_t offset;
	uint32_t identification;

	if (!cursor_take(&w->in, FRAGMENT_HEADER, &header) || !cursor_u8(&header, &next) ||
	    !cursor_skip(&header, 1) || !cursor_u16(&header, &offset) ||
	    !cursor_u32(&header, &identification))
		return frame_walk_short(w, FRAGMENT_HEADER);
	if ((offset & 0xfff9) == 0) /* atomic: a whole datagram (RFC 6946) */
		return read_protocol(w, next);
	return fill_fragment(w, next, identification, offset & 0xfff8, (offset & 1) != 0);
}
