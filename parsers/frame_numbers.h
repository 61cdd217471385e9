/*
 * Numbers in the headers of frames, for all who read them: the decoder, and the programs for the
 * kernel (sensor/steer_program.c, sensor/shunt.bpf.c). Nothing else, so that those can include it.
 */
#ifndef TLSVANE_FRAME_NUMBERS_H
#define TLSVANE_FRAME_NUMBERS_H

enum frame_ethertype {
	ETHERTYPE_IPV4 = 0x0800,
	ETHERTYPE_VLAN = 0x8100,	 /* IEEE 802.1Q */
	ETHERTYPE_SERVICE_VLAN = 0x88a8, /* IEEE 802.1ad */
	ETHERTYPE_QINQ = 0x9100,	 /* the same before the standard */
	ETHERTYPE_IPV6 = 0x86dd,
	ETHERTYPE_MPLS = 0x8847, /* RFC 5332 */
	ETHERTYPE_MPLS_UPSTREAM = 0x8848,
	ETHERTYPE_PPPOE_SESSION = 0x8864, /* RFC 2516 */
	ETHERTYPE_METADATA = 0x8909,	  /* Cisco's, with a security group tag (TrustSec) */
	ETHERTYPE_BRIDGED =
	    0x6558, /* an Ethernet frame: RFC 7637 section 3.2, RFC 8926 section 3.4 */
	ETHERTYPE_ERSPAN = 0x88be, /* types I and II */
	ETHERTYPE_ERSPAN3 = 0x22eb,
};

/* https://www.iana.org/assignments/protocol-numbers */
enum frame_protocol {
	PROTOCOL_HOP_BY_HOP = 0,
	PROTOCOL_IPV4 = 4,
	PROTOCOL_TCP = 6,
	PROTOCOL_UDP = 17,
	PROTOCOL_IPV6 = 41,
	PROTOCOL_ROUTING = 43,
	PROTOCOL_FRAGMENT = 44,
	PROTOCOL_GRE = 47,
	PROTOCOL_AUTHENTICATION = 51,
	PROTOCOL_DESTINATION = 60,
	PROTOCOL_MOBILITY = 135,
	PROTOCOL_HIP = 139,
	PROTOCOL_SHIM6 = 140,
};

/* Of PPP (RFC 1661 section 2). */
enum frame_ppp {
	PPP_IPV4 = 0x0021,
	PPP_IPV6 = 0x0057,
	PPP_MPLS = 0x0281,
};

/* UDP destination ports of tunnels; the sender's port is a hash (RFC 7348 section 5). */
enum frame_port {
	PORT_VXLAN = 4789,
	PORT_VXLAN_LINUX = 8472, /* before the assignment, and still by default */
	PORT_GENEVE = 6081,
};

/* Header lengths without options, and fields. */
enum {
	ETHERNET_ADDRESSES = 12,
	ETHERNET_HEADER = 14,
	METADATA_HEADER = 8, /* version, length, option and tag, EtherType */
	IPV4_HEADER = 20,
	IPV6_HEADER = 40,
	TCP_HEADER = 20,

	IPV4_MORE = 0x2000,
	IPV4_OFFSET = 0x1fff,

	GRE_CHECKSUM = 0x8000,
	GRE_KEY = 0x2000,
	GRE_SEQUENCE = 0x1000,
	GRE_MUST_BE_0 = 0x4c00, /* RFC 2784 section 2.3: discard, they change the header's form */
	GRE_VERSION = 0x0007,

	ERSPAN3_TYPE = 0x7c00, /* FT */
	ERSPAN3_TYPE_IP = 0x0800,
	ERSPAN3_SUBHEADER = 0x0001, /* O */

	VXLAN_VALID_ID = 0x08, /* I */
};

#endif
