/*
 * Writes the program that spreads connections over workers.
 *
 * X is where the next header begins. A load behind the frame's end ends the program with place 0.
 */
#include "steer_program.h"

#include <linux/if_arp.h>
#include <linux/if_packet.h>

#include "../parsers/frame_numbers.h"

#define VLAN_TAGS   3 /* in a row */
#define MPLS_LABELS 6
#define EXTENSIONS  6 /* headers between IP and what it carries */

static const uint16_t tag_types[] = {ETHERTYPE_VLAN, ETHERTYPE_SERVICE_VLAN, ETHERTYPE_QINQ};
static const uint16_t mpls_types[] = {ETHERTYPE_MPLS, ETHERTYPE_MPLS_UPSTREAM};
static const uint16_t ethernet_types[] = {ETHERTYPE_IPV4, ETHERTYPE_IPV6, ETHERTYPE_PPPOE_SESSION,
    ETHERTYPE_VLAN, ETHERTYPE_SERVICE_VLAN, ETHERTYPE_QINQ, ETHERTYPE_METADATA, ETHERTYPE_MPLS,
    ETHERTYPE_MPLS_UPSTREAM};
static const uint16_t tunnel_protocols[] = {
    PROTOCOL_UDP, PROTOCOL_GRE, PROTOCOL_IPV4, PROTOCOL_IPV6};
static const uint16_t vxlan_ports[] = {PORT_VXLAN, PORT_VXLAN_LINUX};
/* Those that say their length in units of 8 bytes (RFC 8200 section 4). */
static const uint16_t extension_protocols[] = {PROTOCOL_HOP_BY_HOP, PROTOCOL_ROUTING,
    PROTOCOL_DESTINATION, PROTOCOL_MOBILITY, PROTOCOL_HIP, PROTOCOL_SHIM6};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* Scratch memory. */
enum { KEPT = STEER_KEPT, AT_IP, SUM };

/* Where jumps go until the program is complete. */
enum {
	NEXT = STEER_NEXT,
	/* The entries of a level, which is one IP header and what is around it. */
	ETHERNET, /* at its first byte */
	LINK,	  /* behind an EtherType, which is in A */
	IP,	  /* the header says its version */
	IPV4,
	IPV6,
	LEVEL_END,
	/* The ends. */
	PLACE_0 = ETHERNET + STEER_DEPTH * (LEVEL_END - ETHERNET),
	ALL,	  /* a fragment of a tunnel */
	FRAGMENT, /* of a datagram of the protocol KEPT */
	HASH_IP,  /* the addresses of the header AT_IP */
	HASH_IPV4,
	HASH_IPV6,
	HASH,
	FIRST_NEAR,
};

/* An entry of this level, and of the next one; there is none inside the last. */
static unsigned entry(const struct steer_writer *w, unsigned label)
{
	return label + w->level * (LEVEL_END - ETHERNET);
}

static unsigned inside(const struct steer_writer *w, unsigned label)
{
	return w->level + 1 < STEER_DEPTH ? entry(w, label) + LEVEL_END - ETHERNET : PLACE_0;
}

/* ---- Links ---- */

static void put_ethernet(struct steer_writer *w)
{
	steer_label(w, entry(w, ETHERNET));
	steer_load(w, BPF_H, ETHERNET_ADDRESSES);
	steer_advance(w, ETHERNET_HEADER);
}

static void put_vlan_tag(struct steer_writer *w)
{
	unsigned tag = steer_new_label(w), none = steer_new_label(w);

	steer_if(w, BPF_JEQ, ETHERTYPE_IPV4, entry(w, IPV4), NEXT);
	steer_if_any(w, tag_types, COUNT(tag_types), tag);
	steer_goto(w, none);
	steer_label(w, tag);
	steer_load(w, BPF_H, 2);
	steer_advance(w, 4);
	steer_label(w, none);
}

static void put_metadata(struct steer_writer *w)
{
	unsigned none = steer_new_label(w);

	steer_if(w, BPF_JEQ, ETHERTYPE_METADATA, NEXT, none);
	steer_load(w, BPF_H, METADATA_HEADER - 2);
	steer_advance(w, METADATA_HEADER);
	steer_label(w, none);
}

/* RFC 1661 section 2, within RFC 2516. Address and control may stand before it; a protocol whose
 * first byte is odd may have it alone. */
static void put_pppoe(struct steer_writer *w, unsigned mpls)
{
	unsigned plain = steer_new_label(w), known = steer_new_label(w), two = steer_new_label(w);

	steer_advance(w, 6);
	steer_load(w, BPF_B, 0);
	steer_if(w, BPF_JEQ, 0xff, NEXT, plain);
	steer_advance(w, 2);
	steer_load(w, BPF_B, 0);
	steer_label(w, plain);
	steer_if(w, BPF_JSET, 1, NEXT, two);
	steer_advance(w, 1);
	steer_goto(w, known);
	steer_label(w, two);
	steer_load(w, BPF_H, 0);
	steer_advance(w, 2);
	steer_label(w, known);
	steer_if(w, BPF_JEQ, PPP_IPV4, entry(w, IPV4), NEXT);
	steer_if(w, BPF_JEQ, PPP_IPV6, entry(w, IPV6), NEXT);
	steer_if(w, BPF_JEQ, PPP_MPLS, mpls, PLACE_0);
}

static void put_link(struct steer_writer *w, unsigned mpls)
{
	steer_label(w, entry(w, LINK));
	for (unsigned i = 0; i < VLAN_TAGS; i++)
		put_vlan_tag(w);
	put_metadata(w);
	steer_if(w, BPF_JEQ, ETHERTYPE_IPV4, entry(w, IPV4), NEXT);
	steer_if(w, BPF_JEQ, ETHERTYPE_IPV6, entry(w, IPV6), NEXT);
	steer_if_any(w, mpls_types, COUNT(mpls_types), mpls);
	steer_if(w, BPF_JEQ, ETHERTYPE_PPPOE_SESSION, NEXT, PLACE_0);
	put_pppoe(w, mpls);
}

/* RFC 3032: the bottom label has bit 0 of its third byte set. */
static void put_mpls(struct steer_writer *w, unsigned mpls)
{
	unsigned bottom = steer_new_label(w);

	steer_label(w, mpls);
	for (unsigned i = 0; i < MPLS_LABELS; i++) {
		steer_load(w, BPF_B, 2);
		steer_advance(w, 4);
		steer_if(w, BPF_JSET, 1, bottom, NEXT);
	}
	steer_goto(w, PLACE_0);
	steer_label(w, bottom);
}

/* Below the labels: IP, or Ethernet behind a control word of 0, or Ethernet as it is. */
static void put_mpls_payload(struct steer_writer *w)
{
	unsigned plain = steer_new_label(w), worded = steer_new_label(w);

	steer_load(w, BPF_B, 0);
	steer_put(w, BPF_ALU | BPF_RSH | BPF_K, 4);
	steer_if(w, BPF_JEQ, 4, entry(w, IPV4), NEXT);
	steer_if(w, BPF_JEQ, 6, entry(w, IPV6), NEXT);
	steer_if(w, BPF_JEQ, 1, PLACE_0, NEXT);
	steer_if(w, BPF_JEQ, 0, NEXT, plain);
	steer_load(w, BPF_H, 4 + ETHERNET_ADDRESSES);
	steer_if_any(w, ethernet_types, COUNT(ethernet_types), worded);
	steer_label(w, plain);
	steer_load(w, BPF_H, ETHERNET_ADDRESSES);
	steer_if_any(w, ethernet_types, COUNT(ethernet_types), inside(w, ETHERNET));
	steer_goto(w, PLACE_0);
	steer_label(w, worded);
	steer_advance(w, 4);
	steer_goto(w, inside(w, ETHERNET));
}

/* ---- IP ---- */

static void put_ip(struct steer_writer *w)
{
	steer_label(w, entry(w, IP));
	steer_load(w, BPF_B, 0);
	steer_put(w, BPF_ALU | BPF_RSH | BPF_K, 4);
	steer_if(w, BPF_JEQ, 4, entry(w, IPV4), NEXT);
	steer_if(w, BPF_JEQ, 6, entry(w, IPV6), PLACE_0);
}

static void put_ipv4(struct steer_writer *w, unsigned behind)
{
	steer_label(w, entry(w, IPV4));
	steer_put(w, BPF_STX, AT_IP);
	steer_load(w, BPF_B, 9);
	steer_if(w, BPF_JEQ, PROTOCOL_TCP, HASH_IPV4, NEXT);
	steer_put(w, BPF_ST, KEPT);
	steer_load(w, BPF_H, 6);
	steer_if(w, BPF_JSET, IPV4_MORE | IPV4_OFFSET, FRAGMENT, NEXT);
	steer_load(w, BPF_B, 0);
	steer_put(w, BPF_ALU | BPF_AND | BPF_K, 0x0f);
	steer_put(w, BPF_ALU | BPF_MUL | BPF_K, 4);
	steer_advance_by_a(w, BPF_B, 9);
	steer_goto(w, behind);
}

static void put_ipv6(struct steer_writer *w)
{
	steer_label(w, entry(w, IPV6));
	steer_put(w, BPF_STX, AT_IP);
	steer_load(w, BPF_B, 6);
	steer_if(w, BPF_JEQ, PROTOCOL_TCP, HASH_IPV6, NEXT);
	steer_advance(w, IPV6_HEADER);
}

/* What an IP header carries is at X, its protocol in A; here it may be a header before that. */
static void put_extension(struct steer_writer *w, unsigned carried)
{
	unsigned eights = steer_new_label(w), fours = steer_new_label(w),
		 length = steer_new_label(w), after = steer_new_label(w);

	steer_if_any(w, extension_protocols, COUNT(extension_protocols), eights);
	steer_if(w, BPF_JEQ, PROTOCOL_AUTHENTICATION, fours, NEXT);
	steer_if(w, BPF_JEQ, PROTOCOL_FRAGMENT, NEXT, carried);
	steer_load(w, BPF_B, 0);
	steer_put(w, BPF_ST, KEPT);
	steer_load(w, BPF_H, 2);
	steer_if(w, BPF_JSET, 0xfff9, FRAGMENT, NEXT);
	steer_load(w, BPF_B, 0);
	steer_advance(w, 8);
	steer_goto(w, after);
	steer_label(w, eights);
	steer_load(w, BPF_B, 1);
	steer_put(w, BPF_ALU | BPF_ADD | BPF_K, 1);
	steer_put(w, BPF_ALU | BPF_MUL | BPF_K, 8);
	steer_goto(w, length);
	steer_label(w, fours);
	steer_load(w, BPF_B, 1);
	steer_put(w, BPF_ALU | BPF_ADD | BPF_K, 2);
	steer_put(w, BPF_ALU | BPF_MUL | BPF_K, 4);
	steer_label(w, length);
	steer_advance_by_a(w, BPF_B, 0);
	steer_label(w, after);
}

static void put_carried(struct steer_writer *w, unsigned udp, unsigned gre)
{
	steer_if(w, BPF_JEQ, PROTOCOL_IPV4, inside(w, IPV4), NEXT);
	steer_if(w, BPF_JEQ, PROTOCOL_IPV6, inside(w, IPV6), NEXT);
	steer_if(w, BPF_JEQ, PROTOCOL_UDP, udp, NEXT);
	steer_if(w, BPF_JEQ, PROTOCOL_GRE, gre, NEXT);
	steer_if_any(w, extension_protocols, COUNT(extension_protocols), PLACE_0); /* too many */
	steer_if(w, BPF_JEQ, PROTOCOL_AUTHENTICATION, PLACE_0, NEXT);
	steer_if(w, BPF_JEQ, PROTOCOL_FRAGMENT, PLACE_0, HASH_IP);
}

/* ---- Tunnels ---- */

/* What an EtherType behind a tunnel's header leads to. */
static void put_tunnelled(struct steer_writer *w)
{
	steer_if(w, BPF_JEQ, ETHERTYPE_BRIDGED, inside(w, ETHERNET), inside(w, LINK));
}

static void put_udp(struct steer_writer *w, unsigned udp)
{
	unsigned vxlan = steer_new_label(w);

	steer_label(w, udp);
	steer_load(w, BPF_H, 2);
	steer_advance(w, 8);
	steer_if_any(w, vxlan_ports, COUNT(vxlan_ports), vxlan);
	steer_if(w, BPF_JEQ, PORT_GENEVE, NEXT, HASH_IP);
	steer_load(w, BPF_B, 0);
	steer_if(w, BPF_JSET, 0xc0, HASH_IP, NEXT); /* its version */
	steer_put(w, BPF_ALU | BPF_MUL | BPF_K, 4); /* its options */
	steer_put(w, BPF_ALU | BPF_ADD | BPF_K, 8);
	steer_advance_by_a(w, BPF_H, 2);
	put_tunnelled(w);
	steer_label(w, vxlan);
	steer_load(w, BPF_B, 0);
	steer_if(w, BPF_JSET, VXLAN_VALID_ID, NEXT, HASH_IP); /* I: it has an id */
	steer_advance(w, 8);
	steer_goto(w, inside(w, ETHERNET));
}

/* KEPT is then where what GRE carries begins. */
static void put_gre_fields(struct steer_writer *w)
{
	static const uint16_t fields[] = {GRE_CHECKSUM, GRE_KEY, GRE_SEQUENCE};

	steer_put(w, BPF_MISC | BPF_TXA, 0);
	steer_put(w, BPF_ALU | BPF_ADD | BPF_K, 4);
	steer_put(w, BPF_ST, KEPT);
	for (size_t i = 0; i < COUNT(fields); i++) {
		unsigned absent = steer_new_label(w);

		steer_load(w, BPF_H, 0);
		steer_if(w, BPF_JSET, fields[i], NEXT, absent);
		steer_put(w, BPF_LD | BPF_MEM, KEPT);
		steer_put(w, BPF_ALU | BPF_ADD | BPF_K, 4);
		steer_put(w, BPF_ST, KEPT);
		steer_label(w, absent);
	}
}

static void put_gre(struct steer_writer *w, unsigned gre, unsigned erspan)
{
	unsigned erspan12 = steer_new_label(w);

	steer_label(w, gre);
	steer_load(w, BPF_H, 0);
	steer_if(w, BPF_JSET, GRE_VERSION | GRE_MUST_BE_0, HASH_IP, NEXT);
	put_gre_fields(w);
	steer_load(w, BPF_H, 2);
	steer_if(w, BPF_JEQ, ETHERTYPE_ERSPAN, erspan12, NEXT);
	steer_put(w, BPF_LDX | BPF_MEM, KEPT);
	steer_if(w, BPF_JEQ, ETHERTYPE_ERSPAN3, erspan, NEXT);
	put_tunnelled(w);
	steer_label(w, erspan12);
	steer_load(w, BPF_H, 0);
	steer_put(w, BPF_LDX | BPF_MEM, KEPT);
	steer_if(w, BPF_JSET, GRE_SEQUENCE, erspan, inside(w, ETHERNET));
}

/* Types II and III, by the version that they begin with. */
static void put_erspan(struct steer_writer *w, unsigned erspan)
{
	unsigned three = steer_new_label(w), plain = steer_new_label(w);

	steer_label(w, erspan);
	steer_load(w, BPF_B, 0);
	steer_put(w, BPF_ALU | BPF_RSH | BPF_K, 4);
	steer_if(w, BPF_JEQ, 2, three, NEXT);
	steer_if(w, BPF_JEQ, 1, NEXT, HASH_IP);
	steer_advance(w, 8);
	steer_goto(w, inside(w, ETHERNET));
	steer_label(w, three);
	steer_load(w, BPF_H, 10);
	steer_advance(w, 12);
	steer_if(w, BPF_JSET, ERSPAN3_SUBHEADER, NEXT, plain);
	steer_advance(w, 8);
	steer_label(w, plain);
	steer_put(w, BPF_ALU | BPF_AND | BPF_K, ERSPAN3_TYPE);
	steer_if(w, BPF_JEQ, 0, inside(w, ETHERNET), NEXT);
	steer_if(w, BPF_JEQ, ERSPAN3_TYPE_IP, inside(w, IP), HASH_IP);
}

/* ---- Ends ---- */

/* What may be a tunnel has its inner header in one fragment alone. */
static void put_fragment(struct steer_writer *w)
{
	steer_label(w, FRAGMENT);
	steer_put(w, BPF_LD | BPF_MEM, KEPT);
	steer_if_any(w, tunnel_protocols, COUNT(tunnel_protocols), ALL);
	steer_label(w, HASH_IP);
	steer_put(w, BPF_LDX | BPF_MEM, AT_IP);
	steer_load(w, BPF_B, 0);
	steer_put(w, BPF_ALU | BPF_RSH | BPF_K, 4);
	steer_if(w, BPF_JEQ, 6, HASH_IPV6, HASH_IPV4);
}

/* Two addresses in A and X: their sum and difference are the same whichever way round. */
static void put_pair(struct steer_writer *w)
{
	steer_put(w, BPF_ST, KEPT);
	steer_put(w, BPF_ALU | BPF_ADD | BPF_X, 0);
	steer_put(w, BPF_ST, SUM);
	steer_put(w, BPF_LD | BPF_MEM, KEPT);
	steer_put(w, BPF_ALU | BPF_XOR | BPF_X, 0);
	steer_goto(w, HASH);
}

static void put_ipv4_hash(struct steer_writer *w)
{
	steer_label(w, HASH_IPV4);
	steer_load(w, BPF_W, 16);
	steer_put(w, BPF_ST, KEPT);
	steer_load(w, BPF_W, 12);
	steer_put(w, BPF_LDX | BPF_MEM, KEPT);
	put_pair(w);
}

/* A = the four words of an address in one. */
static void put_fold(struct steer_writer *w, uint32_t offset)
{
	steer_put(w, BPF_LD | BPF_IMM, 0);
	for (unsigned i = 0; i < 4; i++) {
		steer_put(w, BPF_ALU | BPF_MUL | BPF_K, 0x01000193);
		steer_put(w, BPF_ST, KEPT);
		steer_load(w, BPF_W, offset + 4 * i);
		steer_put(w, BPF_MISC | BPF_TAX, 0);
		steer_put(w, BPF_LD | BPF_MEM, KEPT);
		steer_put(w, BPF_ALU | BPF_XOR | BPF_X, 0);
		steer_put(w, BPF_LDX | BPF_MEM, AT_IP);
	}
}

static void put_ipv6_hash(struct steer_writer *w)
{
	steer_label(w, HASH_IPV6);
	put_fold(w, 8);
	steer_put(w, BPF_ST, SUM);
	put_fold(w, 24);
	steer_put(w, BPF_LDX | BPF_MEM, SUM);
	put_pair(w);
}

/* The finish of MurmurHash3 over both. */
static void put_hash(struct steer_writer *w, unsigned places, unsigned all)
{
	static const uint32_t factors[] = {0x85ebca6b, 0xc2b2ae35};

	steer_label(w, HASH);
	steer_put(w, BPF_ALU | BPF_MUL | BPF_K, 0x9e3779b1);
	steer_put(w, BPF_LDX | BPF_MEM, SUM);
	steer_put(w, BPF_ALU | BPF_XOR | BPF_X, 0);
	for (unsigned i = 0; i < COUNT(factors); i++) {
		steer_put(w, BPF_MISC | BPF_TAX, 0);
		steer_put(w, BPF_ALU | BPF_RSH | BPF_K, i == 0 ? 16 : 13);
		steer_put(w, BPF_ALU | BPF_XOR | BPF_X, 0);
		steer_put(w, BPF_ALU | BPF_MUL | BPF_K, factors[i]);
	}
	steer_put(w, BPF_ALU | BPF_RSH | BPF_K, 16);
	steer_put(w, BPF_ALU | BPF_MOD | BPF_K, places);
	steer_put(w, BPF_RET | BPF_A, 0);
	steer_label(w, ALL);
	steer_put(w, BPF_RET | BPF_K, all);
	steer_label(w, PLACE_0);
	steer_put(w, BPF_RET | BPF_K, 0);
}

/* ---- The whole ---- */

/*
 * What comes in begins with the network header, what goes out with that of Ethernet. No offsets
 * from SKF_NET_OFF: by them the kernel reads only an skb's first part, where a card may put no more
 * than the outer headers.
 */
static void put_start(struct steer_writer *w)
{
	unsigned ethernet = steer_new_label(w), ready = steer_new_label(w);

	steer_put(w, BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE));
	steer_if(w, BPF_JEQ, PACKET_OUTGOING, NEXT, ready);
	steer_put(w, BPF_LD | BPF_H | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_HATYPE));
	steer_if(w, BPF_JEQ, ARPHRD_ETHER, ethernet, NEXT);
	steer_if(w, BPF_JEQ, ARPHRD_LOOPBACK, NEXT, ready);
	steer_label(w, ethernet);
	steer_put(w, BPF_LDX | BPF_IMM, ETHERNET_HEADER);
	steer_label(w, ready);
	steer_put(w, BPF_LD | BPF_H | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PROTOCOL));
}

static void put_level(struct steer_writer *w)
{
	unsigned mpls = steer_new_label(w), behind = steer_new_label(w),
		 carried = steer_new_label(w), udp = steer_new_label(w), gre = steer_new_label(w),
		 erspan = steer_new_label(w);

	if (w->level > 0)
		put_ethernet(w);
	put_link(w, mpls);
	put_mpls(w, mpls);
	put_mpls_payload(w);
	if (w->level > 0)
		put_ip(w);
	put_ipv4(w, behind);
	put_ipv6(w);
	steer_label(w, behind);
	for (unsigned i = 0; i < EXTENSIONS; i++)
		put_extension(w, carried);
	steer_label(w, carried);
	put_carried(w, udp, gre);
	put_udp(w, udp);
	put_gre(w, gre, erspan);
	put_erspan(w, erspan);
}

void steer_write(struct steer_program *p, unsigned places, bool in_kernel)
{
	struct steer_writer w = {.p = p, .first_near = FIRST_NEAR, .labels = FIRST_NEAR};

	p->count = 0;
	if (in_kernel)
		put_start(&w);
	else
		steer_put(&w, BPF_LD | BPF_IMM, 0);
	for (w.level = 0; w.level < STEER_DEPTH; w.level++)
		put_level(&w);
	put_fragment(&w);
	put_ipv4_hash(&w);
	put_ipv6_hash(&w);
	put_hash(&w, places, in_kernel ? 0 : places);
	steer_end(&w);
}
