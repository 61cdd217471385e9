/*
 * One captured frame -> one TCP segment view.
 * Link layers: Ethernet, 802.1Q and QinQ, Linux SLL and SLL2, raw IP, BSD null and loop.
 * Tunnels: MPLS, PPPoE, GRE, ERSPAN I-III, VXLAN, GENEVE, IP in IP, 6in4, nested up to
 * FRAME_DEPTH_MAX. IPv4 with options (RFC 791), IPv6 with extension headers (RFC 8200), TCP (RFC
 * 9293). Checksums are not verified: a capture on a sending host comes before the card fills them
 * in.
 */
#ifndef TLSVANE_FRAME_H
#define TLSVANE_FRAME_H

#include "cursor.h"

/* Nested headers of any kind before we give up: enough for VXLAN in GRE over MPLS with QinQ twice.
 */
#define FRAME_DEPTH_MAX 16

enum frame_tunnel {
	FRAME_TUNNEL_NONE,
	FRAME_TUNNEL_GRE,
	FRAME_TUNNEL_ERSPAN,
	FRAME_TUNNEL_VXLAN,
	FRAME_TUNNEL_GENEVE,
	FRAME_TUNNEL_IPIP,
	FRAME_TUNNEL_6IN4,
	FRAME_TUNNEL_MPLS,
	FRAME_TUNNEL_PPPOE,
	FRAME_TUNNELS,
};

enum frame_tcp_flag {
	FRAME_FIN = 0x01,
	FRAME_SYN = 0x02,
	FRAME_RST = 0x04,
	FRAME_PSH = 0x08,
	FRAME_ACK = 0x10,
};

/* An IP address; IPv4 in the low four bytes as ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2). */
struct frame_address {
	uint8_t bytes[16];
};

/* What one frame says of one TCP connection. Host byte order, but for the addresses. */
struct segment {
	struct frame_address source, destination;
	uint16_t source_port, destination_port;
	uint16_t vlan, inner_vlan; /* outermost and next VLAN id, 0 where there is none */
	uint32_t tunnel_id; /* VNI, GRE key, ERSPAN session, MPLS label or PPPoE session of the
			       innermost tunnel */
	uint8_t tunnel; /* enum frame_tunnel, the innermost (MPLS and PPPoE only where no other) */
	uint8_t flags;	/* enum frame_tcp_flag */
	uint32_t sequence, acknowledgment;
	struct cursor payload; /* borrowed from the frame */
	uint32_t missing;      /* payload bytes that the snap length cut off behind `payload` */
};

/* One IP fragment, for the defragmenter. `bytes` is the IP payload that it carries. */
struct fragment {
	struct frame_address source, destination;
	uint32_t identification;
	uint32_t offset; /* of bytes in the whole, in bytes */
	uint8_t protocol;
	bool more; /* not the last one */
	struct cursor bytes;
};

/*
 * Decodes a frame of `captured` bytes that had `length` on the wire, of pcap link type `link_type`
 * (LINKTYPE_ value). Returns 0 with *segment filled, RESULT_FRAGMENT with *fragment filled (and the
 * VLANs and tunnel seen so far in *segment), or the reason why this is not a TCP segment.
 * RESULT_CUT: the headers themselves were cut by the snap length, or a fragment was, which then
 * cannot be reassembled. RESULT_BAD_LENGTH: a header or length goes beyond the frame or the IP
 * length around it. Ethernet padding behind the IP length is not payload. On any other result
 * *segment is undefined.
 */
MUST_USE int frame_decode(int link_type, const uint8_t *frame, size_t captured, size_t length,
    struct segment *segment, struct fragment *fragment);

/*
 * Decodes the reassembled payload of an IP datagram; *segment still holds what frame_decode put
 * there. RESULT_FRAGMENT: in a tunnel inside it there is another fragment, which is not followed.
 */
MUST_USE int frame_decode_whole(const struct fragment *whole, struct segment *segment);

/* Whether frame_decode has a row for a link type. */
bool frame_link_known(int link_type);

/* Whether an address is IPv4, in its mapped form. */
bool frame_address_is_ipv4(const struct frame_address *address);

/* What network.tunnel calls each; NULL for none. */
extern const char *const frame_tunnel_names[FRAME_TUNNELS];

#endif
