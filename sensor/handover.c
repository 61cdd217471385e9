/* Frames between workers, a message each. */
#include "handover.h"

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "../parsers/frame_numbers.h"
#include "limits.h"

enum { TTL = 64 };

struct header {
	uint8_t bytes[HANDOVER_FRAME_MAX - 65535];
	size_t length;
};

int handover_open(int pair[2])
{
	int bytes = LIMIT_HANDOVER_BYTES;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0)
		return -1;
	/* As root more than the system's limit; what it grants will do. */
	if (setsockopt(pair[1], SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)) != 0)
		(void)setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	return 0;
}

static void put(struct header *h, const void *bytes, size_t length)
{
	memcpy(h->bytes + h->length, bytes, length);
	h->length += length;
}

static void put_u8(struct header *h, unsigned value)
{
	h->bytes[h->length++] = (uint8_t)value;
}

static void put_u16(struct header *h, unsigned value)
{
	put_u8(h, value >> 8);
	put_u8(h, value & 0xff);
}

static void put_link(struct header *h, const struct segment *where, bool ipv4)
{
	static const uint8_t addresses[ETHERNET_ADDRESSES];

	put(h, addresses, sizeof(addresses));
	if (where->vlan != 0) {
		put_u16(h, ETHERTYPE_VLAN);
		put_u16(h, where->vlan);
	}
	if (where->inner_vlan != 0) {
		put_u16(h, ETHERTYPE_VLAN);
		put_u16(h, where->inner_vlan);
	}
	put_u16(h, ipv4 ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6);
}

/* RFC 791 section 3.1; a length of 0 says that none is told, as cards leave it. No checksum. */
static void put_ipv4(struct header *h, const struct fragment *whole)
{
	size_t total = 20 + whole->bytes.left;

	put_u16(h, 0x4500);
	put_u16(h, total > UINT16_MAX ? 0 : (unsigned)total);
	put_u16(h, 0);
	put_u16(h, 0);
	put_u8(h, TTL);
	put_u8(h, whole->protocol);
	put_u16(h, 0);
	put(h, whole->source.bytes + 12, 4);
	put(h, whole->destination.bytes + 12, 4);
}

/* RFC 8200 section 3. */
static void put_ipv6(struct header *h, const struct fragment *whole)
{
	put_u16(h, 0x6000);
	put_u16(h, 0);
	put_u16(h, (unsigned)whole->bytes.left);
	put_u8(h, whole->protocol);
	put_u8(h, TTL);
	put(h, whole->source.bytes, 16);
	put(h, whole->destination.bytes, 16);
}

bool handover_give(
    int socket, uint64_t ns, const struct fragment *whole, const struct segment *where)
{
	bool ipv4 = frame_address_is_ipv4(&whole->source);
	struct header h = {.length = 0};
	const struct iovec parts[] = {
	    {&ns, sizeof(ns)},
	    {h.bytes, 0},
	    {(void *)(uintptr_t)whole->bytes.at, whole->bytes.left},
	};
	struct iovec sent[3];

	put_link(&h, where, ipv4);
	if (ipv4)
		put_ipv4(&h, whole);
	else
		put_ipv6(&h, whole);
	memcpy(sent, parts, sizeof(sent));
	sent[1].iov_len = h.length;
	return writev(socket, sent, 3) > 0;
}

size_t handover_take(int socket, struct handover_message *m)
{
	ssize_t got = recv(socket, m, sizeof(*m), MSG_DONTWAIT);

	if (got <= (ssize_t)offsetof(struct handover_message, frame))
		return 0;
	return (size_t)got - offsetof(struct handover_message, frame);
}
