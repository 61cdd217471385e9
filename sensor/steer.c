/* The program that spreads connections over workers, in the kernel and here. */
#include "steer.h"

#include <assert.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "../parsers/cursor.h"

/* Of libpcap, whose header would define the names of linux/filter.h again. */
struct bpf_insn;
extern unsigned bpf_filter(const struct bpf_insn *, const uint8_t *, unsigned, unsigned);

#define STEPS_MAX    256 /* jumps go no further */
#define LABELS_MAX   64
#define VLAN_TAGS    3
#define MPLS_LABELS  4
#define IPV6_HEADERS 3 /* extension headers before TCP */
#define IPV6_SIZE    40

enum { ETHER_IPV4 = 0x0800, ETHER_IPV6 = 0x86dd, ETHER_PPPOE = 0x8864 };
enum { PPP_IPV4 = 0x0021, PPP_IPV6 = 0x0057 };
enum { PROTOCOL_TCP = 6, PROTOCOL_FRAGMENT = 44 };

struct program {
	struct sock_filter step[STEPS_MAX];
	unsigned count;
};

struct steer {
	struct program kernel; /* on an skb */
	struct program here;   /* on bytes that begin with the network header; the type of it is put
				  into the first step */
};

/* Scratch memory. */
enum { AT_IP, KEPT, SUM };

/* Jumps go to labels until the program is complete. HERE: to the next step. */
enum { HERE, PLACE_0, IPV4, IPV6, IPV6_HASH, MPLS, HASH, FIRST_FRESH };

struct writer {
	struct program *p;
	uint32_t base;		    /* of offsets: where the network header begins */
	unsigned labels;	    /* in use */
	unsigned label[LABELS_MAX]; /* where each stands */
	uint8_t yes[STEPS_MAX], no[STEPS_MAX], always[STEPS_MAX];
};

static void put(struct writer *w, unsigned code, uint32_t k)
{
	assert(w->p->count < STEPS_MAX);
	w->p->step[w->p->count++] = (struct sock_filter){.code = (uint16_t)code, .k = k};
}

static void put_if(struct writer *w, unsigned test, uint32_t k, unsigned yes, unsigned no)
{
	w->yes[w->p->count] = (uint8_t)yes;
	w->no[w->p->count] = (uint8_t)no;
	put(w, BPF_JMP | test | BPF_K, k);
}

static void put_goto(struct writer *w, unsigned to)
{
	w->always[w->p->count] = (uint8_t)to;
	put(w, BPF_JMP | BPF_JA, 0);
}

static unsigned fresh_label(struct writer *w)
{
	assert(w->labels < LABELS_MAX);
	return w->labels++;
}

static void put_label(struct writer *w, unsigned label)
{
	w->label[label] = w->p->count;
}

/* A = what is at X + offset. */
static void put_load(struct writer *w, unsigned size, uint32_t offset)
{
	put(w, BPF_LD | size | BPF_IND, w->base + offset);
}

/* Keeps A, and X += bytes. */
static void put_advance(struct writer *w, uint32_t bytes)
{
	put(w, BPF_ST, KEPT);
	put(w, BPF_MISC | BPF_TXA, 0);
	put(w, BPF_ALU | BPF_ADD | BPF_K, bytes);
	put(w, BPF_MISC | BPF_TAX, 0);
	put(w, BPF_LD | BPF_MEM, KEPT);
}

/* The type of what is at X is in A, and so it is behind each of these. */
static void put_vlan_tag(struct writer *w)
{
	unsigned tag = fresh_label(w), none = fresh_label(w);

	put_if(w, BPF_JEQ, 0x8100, tag, HERE);
	put_if(w, BPF_JEQ, 0x88a8, tag, HERE);
	put_if(w, BPF_JEQ, 0x9100, tag, none);
	put_label(w, tag);
	put_load(w, BPF_H, 2);
	put_advance(w, 4);
	put_label(w, none);
}

static void put_link(struct writer *w)
{
	for (unsigned i = 0; i < VLAN_TAGS; i++)
		put_vlan_tag(w);
	put_if(w, BPF_JEQ, ETHER_IPV4, IPV4, HERE);
	put_if(w, BPF_JEQ, ETHER_IPV6, IPV6, HERE);
	put_if(w, BPF_JEQ, 0x8847, MPLS, HERE);
	put_if(w, BPF_JEQ, 0x8848, MPLS, HERE);
	put_if(w, BPF_JEQ, ETHER_PPPOE, HERE, PLACE_0);
	put_load(w, BPF_H, 6);
	put_advance(w, 8);
	put_if(w, BPF_JEQ, PPP_IPV4, IPV4, HERE);
	put_if(w, BPF_JEQ, PPP_IPV6, IPV6, PLACE_0);
}

/* RFC 3032: the bottom label has bit 0 of its third byte set. Then IP tells itself by its version.
 */
static void put_mpls(struct writer *w)
{
	unsigned bottom = fresh_label(w);

	put_label(w, MPLS);
	for (unsigned i = 0; i < MPLS_LABELS; i++) {
		put_load(w, BPF_B, 2);
		put_advance(w, 4);
		put_if(w, BPF_JSET, 1, bottom, HERE);
	}
	put_label(w, bottom);
	put_load(w, BPF_B, 0);
	put(w, BPF_ALU | BPF_RSH | BPF_K, 4);
	put_if(w, BPF_JEQ, 4, IPV4, HERE);
	put_if(w, BPF_JEQ, 6, IPV6, PLACE_0);
}

/* Two addresses in A and X: their sum and difference are the same whichever way round. */
static void put_pair(struct writer *w)
{
	put(w, BPF_ST, KEPT);
	put(w, BPF_ALU | BPF_ADD | BPF_X, 0);
	put(w, BPF_ST, SUM);
	put(w, BPF_LD | BPF_MEM, KEPT);
	put(w, BPF_ALU | BPF_XOR | BPF_X, 0);
	put_goto(w, HASH);
}

/* The finish of MurmurHash3 over both. */
static void put_hash(struct writer *w, unsigned places)
{
	static const uint32_t factors[] = {0x85ebca6b, 0xc2b2ae35};

	put_label(w, HASH);
	put(w, BPF_ALU | BPF_MUL | BPF_K, 0x9e3779b1);
	put(w, BPF_LDX | BPF_MEM, SUM);
	put(w, BPF_ALU | BPF_XOR | BPF_X, 0);
	for (unsigned i = 0; i < 2; i++) {
		put(w, BPF_MISC | BPF_TAX, 0);
		put(w, BPF_ALU | BPF_RSH | BPF_K, i == 0 ? 16 : 13);
		put(w, BPF_ALU | BPF_XOR | BPF_X, 0);
		put(w, BPF_ALU | BPF_MUL | BPF_K, factors[i]);
	}
	put(w, BPF_ALU | BPF_RSH | BPF_K, 16);
	put(w, BPF_ALU | BPF_MOD | BPF_K, places);
	put(w, BPF_RET | BPF_A, 0);
	put_label(w, PLACE_0);
	put(w, BPF_RET | BPF_K, 0);
}

static void put_ipv4(struct writer *w)
{
	put_label(w, IPV4);
	put_load(w, BPF_B, 9);
	put_if(w, BPF_JEQ, PROTOCOL_TCP, HERE, PLACE_0);
	put_load(w, BPF_W, 16);
	put(w, BPF_ST, KEPT);
	put_load(w, BPF_W, 12);
	put(w, BPF_LDX | BPF_MEM, KEPT);
	put_pair(w);
}

/* One header before TCP. The number of what comes next is in A; X is behind the IPv6 header by what
 * others took. */
static void put_ipv6_extension(struct writer *w)
{
	unsigned known = fresh_label(w), other = fresh_label(w);

	put_if(w, BPF_JEQ, PROTOCOL_FRAGMENT, HERE, other);
	/* Behind it later fragments have no header: only what it says itself counts. */
	put_load(w, BPF_B, IPV6_SIZE);
	put_if(w, BPF_JEQ, PROTOCOL_TCP, IPV6_HASH, PLACE_0);
	put_label(w, other);
	put_if(w, BPF_JEQ, PROTOCOL_TCP, IPV6_HASH, HERE);
	put_if(w, BPF_JEQ, 0, known, HERE);
	put_if(w, BPF_JEQ, 43, known, HERE);
	put_if(w, BPF_JEQ, 60, known, PLACE_0);
	put_label(w, known);
	put_load(w, BPF_B, IPV6_SIZE);
	put(w, BPF_ST, KEPT);
	put_load(w, BPF_B, IPV6_SIZE + 1);
	put(w, BPF_ALU | BPF_ADD | BPF_K, 1);
	put(w, BPF_ALU | BPF_MUL | BPF_K, 8);
	put(w, BPF_ALU | BPF_ADD | BPF_X, 0);
	put(w, BPF_MISC | BPF_TAX, 0);
	put(w, BPF_LD | BPF_MEM, KEPT);
}

/* A = the four words of an address in one. */
static void put_fold(struct writer *w, uint32_t offset)
{
	put(w, BPF_LD | BPF_IMM, 0);
	for (unsigned i = 0; i < 4; i++) {
		put(w, BPF_ALU | BPF_MUL | BPF_K, 0x01000193);
		put(w, BPF_ST, KEPT);
		put_load(w, BPF_W, offset + 4 * i);
		put(w, BPF_MISC | BPF_TAX, 0);
		put(w, BPF_LD | BPF_MEM, KEPT);
		put(w, BPF_ALU | BPF_XOR | BPF_X, 0);
		put(w, BPF_LDX | BPF_MEM, AT_IP);
	}
}

static void put_ipv6(struct writer *w)
{
	put_label(w, IPV6);
	put(w, BPF_STX, AT_IP);
	put_load(w, BPF_B, 6);
	for (unsigned i = 0; i < IPV6_HEADERS; i++)
		put_ipv6_extension(w);
	put_if(w, BPF_JEQ, PROTOCOL_TCP, IPV6_HASH, PLACE_0);
	put_label(w, IPV6_HASH);
	put(w, BPF_LDX | BPF_MEM, AT_IP);
	put_fold(w, 8);
	put(w, BPF_ST, SUM);
	put_fold(w, 24);
	put(w, BPF_LDX | BPF_MEM, SUM);
	put_pair(w);
}

static uint8_t distance(const struct writer *w, unsigned from, unsigned label)
{
	unsigned steps = w->label[label] - from - 1;

	assert(steps <= UINT8_MAX);
	return (uint8_t)steps;
}

static void place_jumps(struct writer *w)
{
	for (unsigned i = 0; i < w->p->count; i++) {
		struct sock_filter *step = &w->p->step[i];

		if (w->yes[i] != HERE)
			step->jt = distance(w, i, w->yes[i]);
		if (w->no[i] != HERE)
			step->jf = distance(w, i, w->no[i]);
		if (w->always[i] != HERE)
			step->k = distance(w, i, w->always[i]);
	}
}

static void write_program(struct program *p, unsigned places, bool in_kernel)
{
	struct writer w = {
	    .p = p, .base = in_kernel ? (uint32_t)SKF_NET_OFF : 0, .labels = FIRST_FRESH};

	if (in_kernel)
		put(&w, BPF_LD | BPF_H | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PROTOCOL));
	else
		put(&w, BPF_LD | BPF_IMM, 0);
	put(&w, BPF_LDX | BPF_IMM, 0);
	put_link(&w);
	put_mpls(&w);
	put_ipv4(&w);
	put_ipv6(&w);
	put_hash(&w, places);
	place_jumps(&w);
}

struct steer *steer_new(unsigned places)
{
	struct steer *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	write_program(&s->kernel, places, true);
	write_program(&s->here, places, false);
	return s;
}

void steer_free(struct steer *s)
{
	free(s);
}

/* LINKTYPE_ values: where the type of the network header is, and it itself. */
static const struct link_row {
	int link_type;
	uint8_t type_at,
	    network_at; /* type_at == network_at: IP, that tells itself by its version */
} links[] = {
    {1, 12, 14},
    {113, 14, 16},
    {276, 0, 20},
    {0, 4, 4},
    {108, 4, 4},
    {12, 0, 0},
    {101, 0, 0},
    {228, 0, 0},
    {229, 0, 0},
};

/* The bytes from the network header on, and its type. */
static bool find_network(
    const struct link_row *row, struct cursor frame, struct cursor *network, uint16_t *type)
{
	struct cursor at = frame;
	uint8_t version;

	*network = frame;
	if (!cursor_skip(network, row->network_at))
		return false;
	if (row->type_at != row->network_at)
		return cursor_skip(&at, row->type_at) && cursor_u16(&at, type);
	if (!cursor_peek(network, 0, &version))
		return false;
	*type = version >> 4 == 4 ? ETHER_IPV4 : ETHER_IPV6;
	return true;
}

unsigned steer_place(struct steer *s, int link_type, const uint8_t *frame, size_t captured)
{
	struct cursor network;
	uint16_t type;

	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		if (links[i].link_type != link_type)
			continue;
		if (!find_network(&links[i], cursor_over(frame, captured), &network, &type))
			return 0;
		s->here.step[0].k = type;
		return bpf_filter((const void *)s->here.step, network.at, (unsigned)network.left,
		    (unsigned)network.left);
	}
	return 0;
}

static int found_group(int socket, uint16_t *group)
{
	int wish = (PACKET_FANOUT_CBPF | PACKET_FANOUT_FLAG_UNIQUEID) << 16, got;
	socklen_t size = sizeof(got);

	if (setsockopt(socket, SOL_PACKET, PACKET_FANOUT, &wish, sizeof(wish)) != 0 ||
	    getsockopt(socket, SOL_PACKET, PACKET_FANOUT, &got, &size) != 0)
		return -1;
	*group = (uint16_t)got;
	return 0;
}

int steer_join(struct steer *s, int socket, bool first, uint16_t *group)
{
	const struct sock_fprog program = {(unsigned short)s->kernel.count, s->kernel.step};
	int wish = *group | PACKET_FANOUT_CBPF << 16;

	if (!first)
		return setsockopt(socket, SOL_PACKET, PACKET_FANOUT, &wish, sizeof(wish));
	if (found_group(socket, group) != 0)
		return -1;
	return setsockopt(socket, SOL_PACKET, PACKET_FANOUT_DATA, &program, sizeof(program));
}
