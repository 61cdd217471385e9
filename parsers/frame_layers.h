/*
 * Between the files of the frame decoder; nobody else includes it. A walk goes from the link layer
 * inwards, one header a step: each frame_read_* reads one header and says which comes next.
 */
#ifndef TLSVANE_FRAME_LAYERS_H
#define TLSVANE_FRAME_LAYERS_H

#include <endian.h>

#include "frame.h"
#include "frame_numbers.h"

/* What a step can say comes next; 0 (done) and the negative results end the walk. */
enum frame_layer {
	LAYER_NONE, /* RESULT_OK: the TCP segment is there */
	LAYER_ETHERNET,
	LAYER_VLAN,
	LAYER_METADATA,
	LAYER_SLL,
	LAYER_SLL2,
	LAYER_LOOPBACK,
	LAYER_PPP,
	LAYER_PPPOE,
	LAYER_MPLS,
	LAYER_IP, /* version 4 or 6, by its first nibble */
	LAYER_IPV4,
	LAYER_IPV6,
	LAYER_EXTENSION,
	LAYER_FRAGMENT,
	LAYER_AUTHENTICATION,
	LAYER_UDP,
	LAYER_GRE,
	LAYER_ERSPAN,
	LAYER_VXLAN,
	LAYER_GENEVE,
};

enum { LINK_ETHERNET = 1 }; /* of all LINKTYPE_ values the one that has a way of its own */

enum { FRAME_TCP_FLAGS = FRAME_FIN | FRAME_SYN | FRAME_RST | FRAME_PSH | FRAME_ACK };

struct frame_walk {
	struct cursor in; /* what was captured of the current layer, from the next byte on */
	size_t cut; /* how many more bytes of it were on the wire, but behind the snap length; fits
		       segment.missing */
	struct segment *segment;
	struct fragment *fragment; /* NULL where no place for one was lent */
	bool ipv6;		   /* the version of the innermost IP header */
};

/* Why a header of `needed` bytes could not be read: lost to the snap length, or never sent. */
static inline int frame_walk_short(const struct frame_walk *w, size_t needed)
{
	return w->in.left + w->cut < needed ? RESULT_BAD_LENGTH : RESULT_CUT;
}

/* The current layer ends `length` bytes from here, as its own header says; what follows is padding.
 */
MUST_USE static inline bool frame_walk_limit(struct frame_walk *w, size_t length)
{
	if (length > w->in.left + w->cut)
		return false;
	if (length <= w->in.left) {
		w->in.left = length;
		w->cut = 0;
	} else {
		w->cut = length - w->in.left;
	}
	return true;
}

/* ::ffff:0:0/96 before the four bytes. Each half in one store: who looks at the address next loads
 * halves. */
MUST_USE static inline bool frame_read_ipv4_address(struct cursor *c, struct frame_address *address)
{
	enum { LAST_FOUR = BYTE_ORDER == LITTLE_ENDIAN ? 32 : 0 }; /* of a half, as a shift */
	uint32_t ipv4;
	uint64_t half;

	if (!cursor_copy(c, &ipv4, sizeof(ipv4)))
		return false;
	half = htobe64(UINT64_C(0xffff) << 32) | (uint64_t)ipv4 << LAST_FOUR;
	memset(address->bytes, 0, sizeof(half));
	memcpy(address->bytes + sizeof(half), &half, sizeof(half));
	return true;
}

/* RFC 9293 section 3.1. Judged first, then read. */
MUST_USE static inline int frame_read_tcp(struct frame_walk *w)
{
	struct segment *s = w->segment;
	struct cursor in = w->in, payload = w->in, header;
	uint8_t offset, flags;
	size_t length;

	if (!cursor_take(&in, TCP_HEADER, &header) || !cursor_peek(&header, 12, &offset))
		return frame_walk_short(w, TCP_HEADER);
	length = (offset & 0xf0u) >> 2; /* words in the high half */
	if (length < TCP_HEADER)
		return RESULT_BAD_LENGTH;
	if (!cursor_skip(&payload, length) || !cursor_u16(&header, &s->source_port) ||
	    !cursor_u16(&header, &s->destination_port) || !cursor_u32(&header, &s->sequence) ||
	    !cursor_u32(&header, &s->acknowledgment) || !cursor_skip(&header, 1) ||
	    !cursor_u8(&header, &flags))
		return frame_walk_short(w, length);
	s->flags = flags & FRAME_TCP_FLAGS;
	s->payload = payload;
	s->missing = (uint32_t)w->cut;
	return RESULT_OK;
}

/* The layer for an EtherType, or RESULT_NOT_IP. */
int frame_ethertype_layer(uint16_t ethertype);

/* Notes that the rest is inside a tunnel. MPLS and PPPoE count only where there is no other. */
void frame_note_tunnel(struct segment *segment, enum frame_tunnel tunnel, uint32_t id);

/* Notes a VLAN id; the first two count, and 0 is a priority without a VLAN. */
void frame_note_vlan(struct segment *segment, uint16_t id);

/* frame_decode, one header after the other: for whatever it may be. */
int frame_decode_any(int link_type, const uint8_t *frame, size_t captured, size_t length,
    struct segment *segment, struct fragment *fragment);

/* frame_ip.c */
int frame_read_ip(struct frame_walk *w);
int frame_read_ipv4(struct frame_walk *w);
int frame_read_ipv6(struct frame_walk *w);
int frame_read_extension(struct frame_walk *w);
int frame_read_fragment(struct frame_walk *w);
int frame_read_authentication(struct frame_walk *w);

/* What an IP protocol number leads to: the next layer, a result, or 0 once the TCP header is read.
 */
int frame_read_protocol(struct frame_walk *w, uint8_t protocol);

/* frame_tunnel.c */
int frame_read_ppp(struct frame_walk *w);
int frame_read_pppoe(struct frame_walk *w);
int frame_read_mpls(struct frame_walk *w);
int frame_read_udp(struct frame_walk *w);
int frame_read_gre(struct frame_walk *w);
int frame_read_erspan(struct frame_walk *w);
int frame_read_vxlan(struct frame_walk *w);
int frame_read_geneve(struct frame_walk *w);

#endif
