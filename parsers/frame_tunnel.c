/*
 * What carries IP or Ethernet inside something else: PPP (RFC 1661), PPPoE (RFC 2516), MPLS (RFC
 * 3032) and Ethernet pseudowires (RFC 4448), GRE (RFC 2784, RFC 2890), ERSPAN
 * (draft-foschiano-erspan-03), VXLAN (RFC 7348), GENEVE (RFC 8926).
 */
#include "frame_layers.h"

enum {
	ERSPAN_TRUNCATED = 0x0400, /* T */
	ERSPAN_SESSION = 0x03ff,
	TRUNCATED_MAX = 65535, /* bytes that a mirror can have cut off: no IP length says more */
};

static const struct udp_row {
	uint16_t port;
	enum frame_layer layer;
} udp_rows[] = {
    {PORT_VXLAN, LAYER_VXLAN},
    {PORT_VXLAN_LINUX, LAYER_VXLAN},
    {PORT_GENEVE, LAYER_GENEVE},
};

static bool is_transport(uint8_t tunnel)
{
	return tunnel == FRAME_TUNNEL_MPLS || tunnel == FRAME_TUNNEL_PPPOE;
}

void frame_note_tunnel(struct segment *segment, enum frame_tunnel tunnel, uint32_t id)
{
	if (is_transport((uint8_t)tunnel) && segment->tunnel != FRAME_TUNNEL_NONE &&
	    !is_transport(segment->tunnel))
		return;
	segment->tunnel = (uint8_t)tunnel;
	segment->tunnel_id = id;
}

/* RFC 1661 section 2, after the address and control bytes of RFC 1662 where they stand. */
int frame_read_ppp(struct frame_walk *w)
{
	uint8_t first;
	uint16_t protocol;
	bool short_form;

	if (cursor_peek(&w->in, 0, &first) && first == 0xff && !cursor_skip(&w->in, 2))
		return frame_walk_short(w, 2);
	/* The last byte is odd: where both ends agreed (RFC 1661 section 6.5) it stands alone. */
	short_form = cursor_peek(&w->in, 0, &first) && (first & 1) != 0;
	if (short_form ? !cursor_u8(&w->in, &first) : !cursor_u16(&w->in, &protocol))
		return frame_walk_short(w, 2);
	if (short_form)
		protocol = first;
	switch (protocol) {
	case PPP_IPV4:
		return LAYER_IPV4;
	case PPP_IPV6:
		return LAYER_IPV6;
	case PPP_MPLS:
		return LAYER_MPLS;
	default:
		return RESULT_NOT_IP;
	}
}

int frame_read_pppoe(struct frame_walk *w)
{
	struct cursor header;
	uint8_t version, code;
	uint16_t session, length;

	if (!cursor_take(&w->in, 6, &header) || !cursor_u8(&header, &version) ||
	    !cursor_u8(&header, &code) || !cursor_u16(&header, &session) ||
	    !cursor_u16(&header, &length))
		return frame_walk_short(w, 6);
	if (version != 0x11)
		return RESULT_BAD_VALUE;
	if (code != 0)
		return RESULT_NOT_IP;
	if (!frame_walk_limit(w, length))
		return RESULT_BAD_LENGTH;
	frame_note_tunnel(w->segment, FRAME_TUNNEL_PPPOE, session);
	return LAYER_PPP;
}

/* What the EtherType of an Ethernet frame `offset` bytes from here leads to. */
static int ethernet_layer(const struct cursor *at, size_t offset)
{
	struct cursor c = *at;
	uint16_t ethertype;

	if (!cursor_skip(&c, offset + 12) || !cursor_u16(&c, &ethertype))
		return RESULT_NOT_IP;
	return frame_ethertype_layer(ethertype);
}

/*
 * Below the last label nothing says what follows, so the first nibble has to: an IP version, or 1
 * for an associated channel (RFC 4928 section 3). Else it is an Ethernet pseudowire, with a control
 * word that begins with 0 or, as many routers have it by default, without: there only the frame
 * itself can tell.
 */
static int read_mpls_payload(struct frame_walk *w)
{
	uint8_t first;

	if (!cursor_peek(&w->in, 0, &first))
		return frame_walk_short(w, 1);
	if (first >> 4 == 1 || first >> 4 == 4 || first >> 4 == 6)
		return frame_read_ip(w);
	if (first >> 4 == 0 && ethernet_layer(&w->in, 4) > 0)
		return cursor_skip(&w->in, 4) ? (int)LAYER_ETHERNET : frame_walk_short(w, 4);
	if (w->in.left < 18)
		return frame_walk_short(w, 18);
	return ethernet_layer(&w->in, 0) > 0 ? (int)LAYER_ETHERNET : RESULT_NOT_IP;
}

int frame_read_mpls(struct frame_walk *w)
{
	uint32_t entry;

	if (!cursor_u32(&w->in, &entry))
		return frame_walk_short(w, 4);
	if ((entry & 0x100) == 0)
		return LAYER_MPLS;
	frame_note_tunnel(w->segment, FRAME_TUNNEL_MPLS, entry >> 12);
	return read_mpls_payload(w);
}

int frame_read_udp(struct frame_walk *w)
{
	struct cursor header;
	uint16_t port, length;

	if (!cursor_take(&w->in, 8, &header) || !cursor_skip(&header, 2) ||
	    !cursor_u16(&header, &port) || !cursor_u16(&header, &length))
		return frame_walk_short(w, 8);
	for (size_t i = 0; i < sizeof(udp_rows) / sizeof(udp_rows[0]); i++) {
		if (udp_rows[i].port != port)
			continue;
		if (length != 0 && (length < 8 || !frame_walk_limit(w, length - (size_t)8)))
			return RESULT_BAD_LENGTH;
		return (int)udp_rows[i].layer;
	}
	return RESULT_NOT_TCP;
}

static int gre_layer(uint16_t flags, uint16_t protocol)
{
	switch (protocol) {
	case ETHERTYPE_ERSPAN: /* type I is Ethernet right behind GRE, and known by the missing
				  number */
		return (flags & GRE_SEQUENCE) != 0 ? LAYER_ERSPAN : LAYER_ETHERNET;
	case ETHERTYPE_ERSPAN3:
		return LAYER_ERSPAN;
	case ETHERTYPE_BRIDGED:
		return LAYER_ETHERNET;
	default:
		return frame_ethertype_layer(protocol);
	}
}

int frame_read_gre(struct frame_walk *w)
{
	uint16_t flags, protocol;
	uint32_t key = 0;

	if (w->in.left < 4 || !cursor_u16(&w->in, &flags) || !cursor_u16(&w->in, &protocol))
		return frame_walk_short(w, 4);
	if ((flags & GRE_VERSION) != 0)
		return RESULT_NOT_TCP; /* 1: PPTP (RFC 2637) */
	if ((flags & GRE_MUST_BE_0) != 0)
		return RESULT_BAD_VALUE;
	if ((flags & GRE_CHECKSUM) != 0 && !cursor_skip(&w->in, 4))
		return frame_walk_short(w, 4);
	if ((flags & GRE_KEY) != 0 && !cursor_u32(&w->in, &key))
		return frame_walk_short(w, 4);
	if ((flags & GRE_SEQUENCE) != 0 && !cursor_skip(&w->in, 4))
		return frame_walk_short(w, 4);
	frame_note_tunnel(w->segment,
	    protocol == ETHERTYPE_ERSPAN || protocol == ETHERTYPE_ERSPAN3 ? FRAME_TUNNEL_ERSPAN
									  : FRAME_TUNNEL_GRE,
	    key);
	return gre_layer(flags, protocol);
}

/* The rest of the type III header, behind the four bytes that it shares with type II. */
static int read_erspan3(struct frame_walk *w)
{
	struct cursor header;
	uint16_t type;

	if (!cursor_take(&w->in, 8, &header) || !cursor_skip(&header, 6) ||
	    !cursor_u16(&header, &type))
		return frame_walk_short(w, 8);
	if ((type & ERSPAN3_SUBHEADER) != 0 && !cursor_skip(&w->in, 8))
		return frame_walk_short(w, 8);
	switch (type & ERSPAN3_TYPE) {
	case 0:
		return LAYER_ETHERNET;
	case ERSPAN3_TYPE_IP:
		return LAYER_IP;
	default:
		return RESULT_NOT_IP;
	}
}

int frame_read_erspan(struct frame_walk *w)
{
	uint16_t version, session;
	int layer;

	if (w->in.left < 4 || !cursor_u16(&w->in, &version) || !cursor_u16(&w->in, &session))
		return frame_walk_short(w, 4);
	switch (version >> 12) {
	case 1: /* type II */
		layer = cursor_skip(&w->in, 4) ? LAYER_ETHERNET : frame_walk_short(w, 4);
		break;
	case 2: /* type III */
		layer = read_erspan3(w);
		break;
	default:
		return RESULT_BAD_VALUE;
	}
	frame_note_tunnel(w->segment, FRAME_TUNNEL_ERSPAN, session & ERSPAN_SESSION);
	/* A mirrored frame that still has its tag says it better. */
	if (layer != LAYER_ETHERNET || ethernet_layer(&w->in, 0) != LAYER_VLAN)
		frame_note_vlan(w->segment, version & 0x0fff);
	if ((session & ERSPAN_TRUNCATED) != 0 && w->cut < TRUNCATED_MAX)
		w->cut = TRUNCATED_MAX; /* the mirror's snap length: the IP header inside says how
					   much */
	return layer;
}

/* A port is only a hint: what does not look like the tunnel is somebody's UDP, not malformed. */
int frame_read_vxlan(struct frame_walk *w)
{
	struct cursor header;
	uint8_t flags;
	uint32_t id;

	if (!cursor_take(&w->in, 8, &header) || !cursor_u8(&header, &flags) ||
	    !cursor_skip(&header, 3) || !cursor_u24(&header, &id))
		return frame_walk_short(w, 8);
	if ((flags & VXLAN_VALID_ID) == 0)
		return RESULT_NOT_TCP;
	frame_note_tunnel(w->segment, FRAME_TUNNEL_VXLAN, id);
	return LAYER_ETHERNET;
}

int frame_read_geneve(struct frame_walk *w)
{
	struct cursor header;
	uint8_t version;
	uint16_t protocol;
	uint32_t id;
	size_t options;

	if (!cursor_take(&w->in, 8, &header) || !cursor_u8(&header, &version) ||
	    !cursor_skip(&header, 1) || !cursor_u16(&header, &protocol) ||
	    !cursor_u24(&header, &id))
		return frame_walk_short(w, 8);
	if (version >> 6 != 0)
		return RESULT_NOT_TCP;
	options = (size_t)(version & 0x3f) * 4;
	if (!cursor_skip(&w->in, options))
		return frame_walk_short(w, options);
	frame_note_tunnel(w->segment, FRAME_TUNNEL_GENEVE, id);
	return protocol == ETHERTYPE_BRIDGED ? (int)LAYER_ETHERNET
					     : frame_ethertype_layer(protocol);
}
