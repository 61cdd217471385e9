/* nDPI names what is not SMTP. */
#include "discover.h"

#include <ctype.h>
#include <stdlib.h>

#include <ndpi/ndpi_api.h>

#include "limits.h"

#define HEADERS	    40	  /* IPv4 and TCP without options */
#define CLIENT_PORT 49999 /* ports of no service: nDPI must not guess by port */
#define SERVER_PORT 49998

struct discover {
	struct ndpi_detection_module_struct *ndpi;
};

struct discover_flow {
	struct ndpi_flow_struct *ndpi;
	ndpi_protocol protocol;
	uint32_t sequence[SIDES];
	unsigned packets;
	bool tls;
};

struct discover *discover_new(void)
{
	struct discover *d = calloc(1, sizeof(*d));
	NDPI_PROTOCOL_BITMASK all;

	if (d == NULL)
		return NULL;
	d->ndpi = ndpi_init_detection_module(ndpi_no_prefs);
	if (d->ndpi == NULL) {
		free(d);
		return NULL;
	}
	/* All but TLS: a restricted set loses flows, and the certificate code is not fit for
	 * strangers' bytes. */
	NDPI_BITMASK_SET_ALL(all);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion" /* nDPI's macro mixes widths */
	NDPI_BITMASK_DEL(all, NDPI_PROTOCOL_TLS);
#pragma GCC diagnostic pop
	ndpi_set_protocol_detection_bitmask2(d->ndpi, &all);
	ndpi_finalize_initialization(d->ndpi);
	return d;
}

void discover_free(struct discover *d)
{
	if (d == NULL)
		return;
	ndpi_exit_detection_module(d->ndpi);
	free(d);
}

struct discover_flow *discover_begin(void)
{
	struct discover_flow *flow = calloc(1, sizeof(*flow));

	if (flow == NULL)
		return NULL;
	flow->ndpi = ndpi_flow_malloc(ndpi_detection_get_sizeof_ndpi_flow_struct());
	if (flow->ndpi == NULL) {
		free(flow);
		return NULL;
	}
	memset(flow->ndpi, 0, ndpi_detection_get_sizeof_ndpi_flow_struct());
	return flow;
}

void discover_end(struct discover_flow *flow)
{
	if (flow == NULL)
		return;
	ndpi_free_flow_data(flow->ndpi);
	explicit_bzero(flow->ndpi, ndpi_detection_get_sizeof_ndpi_flow_struct());
	ndpi_flow_free(flow->ndpi);
	free(flow);
}

static void put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value & 0xffff);
}

/* An IPv4 and TCP header before what was said (RFC 791, RFC 9293); checksums are nobody's concern
 * here. */
static size_t make_packet(
    uint8_t *packet, struct discover_flow *flow, enum side side, struct cursor payload)
{
	static const uint8_t ends[SIDES][4] = {{192, 0, 2, 1}, {192, 0, 2, 2}}; /* RFC 5737 */
	static const uint16_t ports[SIDES] = {CLIENT_PORT, SERVER_PORT};
	enum side other = side_other(side);
	uint8_t *tcp = packet + 20;

	memset(packet, 0, HEADERS);
	packet[0] = 0x45;
	put16(packet + 2, (unsigned)(HEADERS + payload.left));
	packet[8] = 64;
	packet[9] = 6;
	memcpy(packet + 12, ends[side], 4);
	memcpy(packet + 16, ends[other], 4);
	put16(tcp, ports[side]);
	put16(tcp + 2, ports[other]);
	put32(tcp + 4, flow->sequence[side]);
	put32(tcp + 8, flow->sequence[other]);
	tcp[12] = 5 << 4;
	tcp[13] = 0x18; /* PSH, ACK */
	put16(tcp + 14, 65535);
	memcpy(packet + HEADERS, payload.at, payload.left);
	flow->sequence[side] += (uint32_t)payload.left;
	return HEADERS + payload.left;
}

/* TLS and SSL 3 records begin with 20 to 23 and 3; an SSLv2 record with its high bit and a hello's
 * type. */
static bool looks_like_tls(struct cursor payload)
{
	uint8_t first, second = 0, third = 0;

	if (!cursor_peek(&payload, 0, &first))
		return false;
	if (!cursor_peek(&payload, 1, &second) || !cursor_peek(&payload, 2, &third))
		return first >= 0x14 && first <= 0x17;
	return (first >= 0x14 && first <= 0x17 && second == 3) ||
	       ((first & 0x80) && (third == 1 || third == 4));
}

bool discover_segment(
    struct discover *d, struct discover_flow *flow, enum side side, struct cursor payload)
{
	uint8_t packet[HEADERS + LIMIT_DISCOVER_BYTES];
	size_t length;

	if (looks_like_tls(payload))
		flow->tls = true;
	if (flow->tls)
		return true;
	if (payload.left > LIMIT_DISCOVER_BYTES)
		payload.left = LIMIT_DISCOVER_BYTES;
	length = make_packet(packet, flow, side, payload);
	flow->packets++; /* which also serves as its clock, in ms */
	flow->protocol = ndpi_detection_process_packet(
	    d->ndpi, flow->ndpi, packet, (unsigned short)length, flow->packets);
	return flow->protocol.app_protocol != NDPI_PROTOCOL_UNKNOWN ||
	       flow->protocol.master_protocol != NDPI_PROTOCOL_UNKNOWN ||
	       flow->packets >= LIMIT_DISCOVER_PACKETS;
}

const char *discover_name(struct discover *d, struct discover_flow *flow, char *text, size_t size)
{
	uint8_t guessed = 0;
	uint16_t protocol;
	size_t i = 0;
	const char *name;

	if (flow->tls)
		return "tls";
	if (flow->protocol.app_protocol == NDPI_PROTOCOL_UNKNOWN)
		flow->protocol = ndpi_detection_giveup(d->ndpi, flow->ndpi, 0, &guessed);
	protocol = flow->protocol.master_protocol != NDPI_PROTOCOL_UNKNOWN
		       ? flow->protocol.master_protocol
		       : flow->protocol.app_protocol;
	if (protocol == NDPI_PROTOCOL_UNKNOWN)
		return NULL;
	name = ndpi_get_proto_name(d->ndpi, protocol);
	for (; name[i] != '\0' && i + 1 < size; i++)
		text[i] = (char)tolower((unsigned char)name[i]);
	text[i] = '\0';
	return text;
}
