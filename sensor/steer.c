/* The program that spreads connections over workers, in the kernel and here. */
#include "steer.h"

#include <linux/filter.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "../parsers/cursor.h"
#include "../parsers/frame_numbers.h"
#include "steer_program.h"

/* Of libpcap, whose header would define the names of linux/filter.h again. */
struct bpf_insn;
extern unsigned bpf_filter(const struct bpf_insn *, const uint8_t *, unsigned, unsigned);

struct steer {
	struct steer_program kernel; /* on an skb */
	struct steer_program here; /* on bytes that begin with the network header; the type of it is
				put into the first step */
};

struct steer *steer_new(unsigned places)
{
	struct steer *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	steer_write(&s->kernel, places, true);
	steer_write(&s->here, places, false);
	return s;
}

void steer_free(struct steer *s)
{
	free(s);
}

enum { LINK_IP = 101 };

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
    {14, 0, 0},
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
	*type = version >> 4 == 4 ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6;
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

unsigned steer_place_between(
    struct steer *s, const struct frame_address *a, const struct frame_address *b)
{
	uint8_t ipv4[20] = {[0] = 0x45, [9] = 6}, ipv6[40] = {[0] = 0x60, [6] = 6};

	memcpy(ipv4 + 12, a->bytes + 12, 4);
	memcpy(ipv4 + 16, b->bytes + 12, 4);
	memcpy(ipv6 + 8, a->bytes, 16);
	memcpy(ipv6 + 24, b->bytes, 16);
	return frame_address_is_ipv4(a) && frame_address_is_ipv4(b)
		   ? steer_place(s, LINK_IP, ipv4, sizeof(ipv4))
		   : steer_place(s, LINK_IP, ipv6, sizeof(ipv6));
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
