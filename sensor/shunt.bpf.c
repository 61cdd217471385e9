/*
 * The kernel's filter where flows are shunted: what capture_filter says in libpcap's language, and
 * besides drops the packets of flows that have nothing more to tell. Whatever it does not
 * understand it lets through. clang builds it for the kernel's virtual machine; shunt.c loads it.
 *
 * Of a shunted flow SYN, FIN and RST are let through, and one packet in a while, so that user space
 * sees that it lives. A client's SYN ends the shunting there and then: the ports begin anew.
 */
#include <linux/bpf.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "../parsers/frame_numbers.h"
#include "shunt_table.h"

#define DROP 0

enum tcp_flag { FIN = 0x01, SYN = 0x02, RST = 0x04, ACK = 0x10 };

const volatile struct shunt_config config = {0};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, SHUNT_SETS *SHUNT_WAYS);
	__type(key, __u32);
	__type(value, struct shunt_entry);
} shunted SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, SHUNT_COUNTERS);
	__type(key, __u32);
	__type(value, struct shunt_counter);
} dropped SEC(".maps");

/* What is known of a packet on the way through its headers. */
struct packet {
	struct __sk_buff *skb;
	__u32 at;   /* where the next header begins */
	__u16 type; /* EtherType */
	__u16 vlan, inner_vlan;
	__u8 fragment;
	__u8 source[16], destination[16];
};

static __always_inline void count(struct __sk_buff *skb)
{
	__u32 processor = bpf_get_smp_processor_id() & (SHUNT_COUNTERS - 1);
	struct shunt_counter *counter = bpf_map_lookup_elem(&dropped, &processor);

	if (counter == NULL)
		return;
	__sync_fetch_and_add(&counter->packets, 1);
	__sync_fetch_and_add(&counter->bytes, skb->len);
}

/* A flow that stands in the table. */
static __always_inline __u32 judge_shunted(
    struct __sk_buff *skb, struct shunt_entry *entry, __u8 flags)
{
	__u64 now;

	if (flags & (SYN | FIN | RST)) {
		if ((flags & (SYN | ACK)) == SYN)
			entry->used = 0;
		return config.snaplen;
	}
	now = bpf_ktime_get_coarse_ns();
	if (now - entry->passed_ns >= config.refresh_ns) {
		entry->passed_ns = now;
		return config.snaplen;
	}
	count(skb);
	return DROP;
}

static __always_inline __u32 look_up(struct packet *p, __u16 from, __u16 to, __u8 flags)
{
	struct shunt_entry *entry;
	struct shunt_key key;
	__u32 first, place;

	shunt_key_make(&key, p->source, from, p->destination, to, p->vlan, p->inner_vlan);
	first = shunt_set_of(&key, config.seed) * SHUNT_WAYS;
#pragma unroll
	for (unsigned i = 0; i < SHUNT_WAYS; i++) {
		/* Found anew each: with CAP_BPF alone nobody may calculate with pointers. */
		place = first + i;
		entry = bpf_map_lookup_elem(&shunted, &place);
		if (entry != NULL && entry->used && shunt_same(&entry->key, &key))
			return judge_shunted(p->skb, entry, flags);
	}
	return config.snaplen;
}

static __always_inline int is_mail_port(__u16 port)
{
	return config.mail_port[port >> 3] >> (port & 7) & 1;
}

static __always_inline __u32 judge_tcp(struct packet *p)
{
	__u8 header[14];
	__u16 from, to;

	if (bpf_skb_load_bytes(p->skb, p->at, header, sizeof(header)) != 0)
		return config.snaplen;
	from = (__u16)(header[0] << 8 | header[1]);
	to = (__u16)(header[2] << 8 | header[3]);
	if (!config.any_port && !is_mail_port(from) && !is_mail_port(to))
		return DROP;
	if (p->fragment) /* the others of its datagram come, too */
		return config.snaplen;
	return look_up(p, from, to, header[13]);
}

/* VXLAN, twice, and GENEVE. */
static __always_inline __u32 judge_udp(struct packet *p)
{
	__u8 port[2];

	if (bpf_skb_load_bytes(p->skb, p->at + 2, port, sizeof(port)) != 0)
		return config.snaplen;
	switch (port[0] << 8 | port[1]) {
	case PORT_VXLAN:
	case PORT_VXLAN_LINUX:
	case PORT_GENEVE:
		return config.snaplen;
	default:
		return DROP;
	}
}

static __always_inline __u32 judge_protocol(struct packet *p, __u8 protocol)
{
	switch (protocol) {
	case PROTOCOL_TCP:
		return judge_tcp(p);
	case PROTOCOL_UDP:
		return judge_udp(p);
	case PROTOCOL_IPV4:
	case PROTOCOL_IPV6:
	case PROTOCOL_GRE:
	case PROTOCOL_AUTHENTICATION:
		return config.snaplen;
	default:
		return DROP;
	}
}

static __always_inline void map_ipv4(__u8 address[16], const __u8 *bytes)
{
	__builtin_memset(address, 0, 10);
	address[10] = address[11] = 0xff;
	__builtin_memcpy(address + 12, bytes, 4);
}

static __always_inline __u32 judge_ipv4(struct packet *p)
{
	__u8 header[IPV4_HEADER];
	__u16 offset;

	if (bpf_skb_load_bytes(p->skb, p->at, header, sizeof(header)) != 0)
		return config.snaplen;
	offset = (__u16)(header[6] << 8 | header[7]);
	if (offset & IPV4_OFFSET && (header[9] == PROTOCOL_TCP || header[9] == PROTOCOL_UDP))
		return config.snaplen;
	p->fragment = (offset & IPV4_MORE) != 0;
	p->at += (header[0] & 0x0fu) * 4;
	map_ipv4(p->source, header + 12);
	map_ipv4(p->destination, header + 16);
	return judge_protocol(p, header[9]);
}

static __always_inline __u32 judge_ipv6(struct packet *p)
{
	__u8 header[IPV6_HEADER];

	if (bpf_skb_load_bytes(p->skb, p->at, header, sizeof(header)) != 0)
		return config.snaplen;
	__builtin_memcpy(p->source, header + 8, 16);
	__builtin_memcpy(p->destination, header + 24, 16);
	p->at += IPV6_HEADER;
	switch (header[6]) {
	case PROTOCOL_HOP_BY_HOP:
	case PROTOCOL_ROUTING:
	case PROTOCOL_FRAGMENT:
	case PROTOCOL_DESTINATION:
	case PROTOCOL_MOBILITY:
	case PROTOCOL_HIP:
	case PROTOCOL_SHIM6:
		return config.snaplen;
	default:
		return judge_protocol(p, header[6]);
	}
}

static __always_inline int is_tag(__u16 type)
{
	return type == ETHERTYPE_VLAN || type == ETHERTYPE_SERVICE_VLAN || type == ETHERTYPE_QINQ;
}

/* As parsers/frame counts them: 0 is only a priority. */
static __always_inline void note_vlan(struct packet *p, __u16 control)
{
	if (config.ignore_vlan)
		return;
	if (p->vlan == 0)
		p->vlan = control & 0x0fff;
	else if (p->inner_vlan == 0)
		p->inner_vlan = control & 0x0fff;
}

static __always_inline __u32 judge(struct packet *p)
{
	__u8 tag[4];

	if (p->skb->vlan_present)
		note_vlan(p, (__u16)p->skb->vlan_tci);
#pragma unroll
	for (int i = 0; i < 2; i++) {
		if (!is_tag(p->type))
			break;
		if (bpf_skb_load_bytes(p->skb, p->at, tag, sizeof(tag)) != 0)
			return config.snaplen;
		note_vlan(p, (__u16)(tag[0] << 8 | tag[1]));
		p->type = (__u16)(tag[2] << 8 | tag[3]);
		p->at += sizeof(tag);
	}
	switch (p->type) {
	case ETHERTYPE_IPV4:
		return judge_ipv4(p);
	case ETHERTYPE_IPV6:
		return judge_ipv6(p);
	case ETHERTYPE_MPLS:
	case ETHERTYPE_MPLS_UPSTREAM:
	case ETHERTYPE_PPPOE_SESSION:
	case ETHERTYPE_METADATA:
	case ETHERTYPE_VLAN: /* a third tag */
	case ETHERTYPE_SERVICE_VLAN:
	case ETHERTYPE_QINQ:
		return config.snaplen;
	default:
		return DROP;
	}
}

/* Sockets that see the Ethernet header. */
SEC("socket")
__u32 shunt_ethernet(struct __sk_buff *skb)
{
	struct packet p = {.skb = skb, .at = ETHERNET_HEADER};
	__u8 type[2];

	if (bpf_skb_load_bytes(skb, 12, type, sizeof(type)) != 0)
		return config.snaplen;
	p.type = (__u16)(type[0] << 8 | type[1]);
	return judge(&p);
}

/* Sockets that see what is behind it: the "any" interface, and links without one. */
SEC("socket")
__u32 shunt_cooked(struct __sk_buff *skb)
{
	struct packet p = {.skb = skb, .type = bpf_ntohs((__u16)skb->protocol)};

	return judge(&p);
}

char terms[] SEC("license") = "ISC";
