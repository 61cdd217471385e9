/*
 * The frame decoder: the walk from header to header, and the link layers (Ethernet II, IEEE 802.1Q
 * and 802.1ad, and the pseudo-headers of https://www.tcpdump.org/linktypes.html).
 * IP and TCP stand in frame_ip.c, tunnels in frame_tunnel.c; frame_plain.c comes before all of
 * them.
 */
#include "frame_layers.h"

/* Ethernet first: the search begins there. */
static const struct link_row {
	int link_type;
	enum frame_layer layer;
} link_rows[] = {
    {LINK_ETHERNET, LAYER_ETHERNET}, /* LINKTYPE_ETHERNET */
    {113, LAYER_SLL},		     /* LINKTYPE_LINUX_SLL */
    {276, LAYER_SLL2},		     /* LINKTYPE_LINUX_SLL2 */
    {101, LAYER_IP},		     /* LINKTYPE_RAW */
    {12, LAYER_IP},		     /* DLT_RAW, as libpcap says it ... */
    {14, LAYER_IP},		     /* ... and on OpenBSD */
    {228, LAYER_IPV4},		     /* LINKTYPE_IPV4 */
    {229, LAYER_IPV6},		     /* LINKTYPE_IPV6 */
    {0, LAYER_LOOPBACK},	     /* LINKTYPE_NULL */
    {108, LAYER_LOOPBACK},	     /* LINKTYPE_LOOP */
    {9, LAYER_PPP},		     /* LINKTYPE_PPP */
    {50, LAYER_PPP},		     /* LINKTYPE_PPP_HDLC */
    {51, LAYER_PPPOE},		     /* LINKTYPE_PPP_ETHER */
};

const char *const frame_tunnel_names[FRAME_TUNNELS] = {
    [FRAME_TUNNEL_GRE] = "gre",
    [FRAME_TUNNEL_ERSPAN] = "erspan",
    [FRAME_TUNNEL_VXLAN] = "vxlan",
    [FRAME_TUNNEL_GENEVE] = "geneve",
    [FRAME_TUNNEL_IPIP] = "ipip",
    [FRAME_TUNNEL_6IN4] = "6in4",
    [FRAME_TUNNEL_MPLS] = "mpls",
    [FRAME_TUNNEL_PPPOE] = "pppoe",
};

static enum frame_layer link_layer(int link_type)
{
	for (size_t i = 0; i < sizeof(link_rows) / sizeof(link_rows[0]); i++)
		if (link_rows[i].link_type == link_type)
			return link_rows[i].layer;
	return LAYER_NONE;
}

bool frame_link_known(int link_type)
{
	return link_layer(link_type) != LAYER_NONE;
}

void frame_note_vlan(struct segment *segment, uint16_t id)
{
	if (segment->vlan == 0)
		segment->vlan = id;
	else if (segment->inner_vlan == 0)
		segment->inner_vlan = id;
}

int frame_ethertype_layer(uint16_t ethertype)
{
	switch (ethertype) {
	case ETHERTYPE_IPV4:
		return LAYER_IPV4;
	case ETHERTYPE_IPV6:
		return LAYER_IPV6;
	case ETHERTYPE_VLAN:
	case ETHERTYPE_SERVICE_VLAN:
	case ETHERTYPE_QINQ:
		return LAYER_VLAN;
	case ETHERTYPE_METADATA:
		return LAYER_METADATA;
	case ETHERTYPE_MPLS:
	case ETHERTYPE_MPLS_UPSTREAM:
		return LAYER_MPLS;
	case ETHERTYPE_PPPOE_SESSION:
		return LAYER_PPPOE;
	default:
		return RESULT_NOT_IP;
	}
}

/* A header of fixed length of which only the EtherType at `offset` matters. */
static inline int read_typed(struct frame_walk *w, size_t length, size_t offset)
{
	struct cursor header;
	uint16_t ethertype;

	if (!cursor_take(&w->in, length, &header) || !cursor_skip(&header, offset) ||
	    !cursor_u16(&header, &ethertype))
		return frame_walk_short(w, length);
	if (ethertype == ETHERTYPE_IPV4) /* nearly all: not once more round the walk */
		return frame_read_ipv4(w);
	return frame_ethertype_layer(ethertype);
}

static int read_vlan(struct frame_walk *w)
{
	struct cursor header;
	uint16_t control, ethertype;

	if (!cursor_take(&w->in, 4, &header) || !cursor_u16(&header, &control) ||
	    !cursor_u16(&header, &ethertype))
		return frame_walk_short(w, 4);
	frame_note_vlan(w->segment, control & 0x0fff);
	return frame_ethertype_layer(ethertype);
}

/*
 * LINKTYPE_NULL holds the family in the order of the host that captured, LINKTYPE_LOOP in network
 * order; files with either exist under both, and no family reaches 256. AF_INET6 depends on that
 * host.
 */
static int read_loopback(struct frame_walk *w)
{
	uint32_t family;

	if (!cursor_u32(&w->in, &family))
		return frame_walk_short(w, 4);
	if ((family & 0x00ffffff) == 0)
		family >>= 24;
	switch (family) {
	case 2:
		return LAYER_IPV4;
	case 10: /* Linux */
	case 24: /* NetBSD, OpenBSD */
	case 28: /* FreeBSD */
	case 30: /* macOS */
		return LAYER_IPV6;
	default:
		return RESULT_NOT_IP;
	}
}

static int read_layer(struct frame_walk *w, int layer)
{
	switch (layer) {
	case LAYER_ETHERNET:
		return read_typed(w, ETHERNET_HEADER, 12);
	case LAYER_VLAN:
		return read_vlan(w);
	case LAYER_METADATA:
		return read_typed(w, METADATA_HEADER, 6);
	case LAYER_SLL:
		return read_typed(w, 16, 14);
	case LAYER_SLL2:
		return read_typed(w, 20, 0);
	case LAYER_LOOPBACK:
		return read_loopback(w);
	case LAYER_PPP:
		return frame_read_ppp(w);
	case LAYER_PPPOE:
		return frame_read_pppoe(w);
	case LAYER_MPLS:
		return frame_read_mpls(w);
	case LAYER_IP:
		return frame_read_ip(w);
	case LAYER_IPV4:
		return frame_read_ipv4(w);
	case LAYER_IPV6:
		return frame_read_ipv6(w);
	case LAYER_EXTENSION:
		return frame_read_extension(w);
	case LAYER_FRAGMENT:
		return frame_read_fragment(w);
	case LAYER_AUTHENTICATION:
		return frame_read_authentication(w);
	case LAYER_UDP:
		return frame_read_udp(w);
	case LAYER_GRE:
		return frame_read_gre(w);
	case LAYER_ERSPAN:
		return frame_read_erspan(w);
	case LAYER_VXLAN:
		return frame_read_vxlan(w);
	default:
		return frame_read_geneve(w);
	}
}

static int walk(struct frame_walk *w, int layer)
{
	for (int depth = 0; layer > 0; depth++) {
		if (depth == FRAME_DEPTH_MAX)
			return RESULT_TOO_DEEP;
		layer = read_layer(w, layer);
	}
	return layer;
}

int frame_decode_any(int link_type, const uint8_t *frame, size_t captured, size_t length,
    struct segment *segment, struct fragment *fragment)
{
	enum frame_layer layer = link_layer(link_type);
	struct frame_walk w = {
	    .in = cursor_over(frame, captured),
	    .cut = length > captured ? length - captured : 0,
	    .segment = segment,
	    .fragment = fragment,
	};

	if (w.cut > UINT32_MAX)
		w.cut = UINT32_MAX;
	if (layer == LAYER_NONE)
		return RESULT_LINK_TYPE;
	segment->vlan = 0;
	segment->inner_vlan = 0;
	segment->tunnel = FRAME_TUNNEL_NONE;
	segment->tunnel_id = 0;
	return walk(&w, (int)layer);
}

int frame_decode_whole(const struct fragment *whole, struct segment *segment)
{
	struct frame_walk w = {
	    .in = whole->bytes,
	    .segment = segment,
	    .ipv6 = !frame_address_is_ipv4(&whole->source),
	};

	segment->source = whole->source;
	segment->destination = whole->destination;
	return walk(&w, frame_read_protocol(&w, whole->protocol));
}
