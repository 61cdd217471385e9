/* Crafted frames for tests: one table of layers. */
#include "frame_builder.h"

#include <stdio.h>
#include <stdlib.h>

struct frame_layer_row {
	const char *name;
	uint16_t ethertype; /* ... by which Ethernet, GRE and GENEVE name it */
	uint8_t protocol;   /* ... by which IP names it */
	uint16_t ppp;	    /* ... by which PPP names it */
	void (*put)(struct frame_builder *b);
};

static void put(struct frame_builder *b, uint64_t value, size_t width)
{
	if (b->length + width > sizeof(b->bytes))
		abort();
	while (width-- > 0)
		b->bytes[b->length++] = (uint8_t)(value >> 8 * width);
}

static void put_zeros(struct frame_builder *b, size_t count)
{
	while (count-- > 0)
		put(b, 0, 1);
}

static void put_bytes(struct frame_builder *b, const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		put(b, bytes[i], 1);
}

/* A length of 16 bits, to be filled in, of everything from `from` on. */
static void put_length(struct frame_builder *b, size_t from)
{
	b->lengths[b->length_count].at = b->length;
	b->lengths[b->length_count++].from = from;
	put(b, 0, 2);
}

static void put_ethertype(struct frame_builder *b)
{
	put(b, b->next != NULL ? b->next->ethertype : 0, 2);
}

static uint64_t next_protocol(const struct frame_builder *b)
{
	return b->next != NULL ? b->next->protocol : 59;
}

static void put_ethernet(struct frame_builder *b)
{
	put(b, 0x020000000001, 6);
	put(b, 0x020000000002, 6);
	put_ethertype(b);
}

static void put_vlan(struct frame_builder *b) /* :id */
{
	put(b, 0x2000 | b->numbers[0], 2);
	put_ethertype(b);
}

static void put_metadata(struct frame_builder *b) /* :security group tag */
{
	put(b, 0x01010001, 4);
	put(b, b->numbers[0], 2);
	put_ethertype(b);
}

static void put_sll(struct frame_builder *b)
{
	put_zeros(b, 14);
	put_ethertype(b);
}

static void put_sll2(struct frame_builder *b)
{
	put_ethertype(b);
	put_zeros(b, 18);
}

static void put_number(struct frame_builder *b) /* :32 bits, as the families of null and loop */
{
	put(b, b->numbers[0], 4);
}

static void put_ppp(struct frame_builder *b)
{
	put(b, b->next != NULL ? b->next->ppp : 0xc021, 2);
}

static void put_ppp_short(struct frame_builder *b)
{
	put(b, b->next != NULL ? b->next->ppp : 0x21, 1);
}

static void put_hdlc(struct frame_builder *b)
{
	put(b, 0xff03, 2);
	put_ppp(b);
}

static void put_pppoe(struct frame_builder *b) /* :session */
{
	put(b, 0x1100, 2);
	put(b, b->numbers[0], 2);
	put_length(b, b->length + 2);
}

static void put_mpls(struct frame_builder *b) /* :label */
{
	bool bottom = b->next == NULL || strcmp(b->next->name, "mpls") != 0;

	put(b, b->numbers[0] << 12 | (bottom ? 0x100u : 0) | 64, 4);
}

static void put_ipv4_as(struct frame_builder *b, uint16_t fragment, size_t option_words)
{
	uint8_t outer[8] = {203, 0, 113, 1, 203, 0, 113, 2};

	put(b, 0x4500 + (option_words << 8), 2);
	put_length(b, b->layer);
	put(b, 0x1234, 2);
	put(b, fragment, 2);
	put(b, 64, 1);
	put(b, next_protocol(b), 1);
	put(b, 0, 2);
	put_bytes(b, b->innermost ? b->segment.source.bytes + 12 : outer, 4);
	put_bytes(b, b->innermost ? b->segment.destination.bytes + 12 : outer + 4, 4);
	for (size_t i = 0; i < option_words; i++)
		put(b, 0x01010101, 4);
}

static void put_ipv4(struct frame_builder *b) /* :words of options */
{
	put_ipv4_as(b, 0x4000, b->numbers[0]);
}

static void put_ipv4_fragment(struct frame_builder *b) /* :offset in bytes:more */
{
	put_ipv4_as(b, (uint16_t)(b->numbers[0] / 8 | b->numbers[1] << 13), 0);
}

static void put_ipv6(struct frame_builder *b)
{
	struct frame_address outer = {{0x20, 0x01, 0x0d, 0xb8, 0xee}};

	put(b, 0x60012345, 4);
	put_length(b, b->layer + 40);
	put(b, next_protocol(b), 1);
	put(b, 64, 1);
	put_bytes(b, b->innermost ? b->segment.source.bytes : outer.bytes, 16);
	put_bytes(b, b->innermost ? b->segment.destination.bytes : outer.bytes, 16);
}

static void put_extension(struct frame_builder *b) /* :units of 8 bytes beyond the first */
{
	put(b, next_protocol(b), 1);
	put(b, b->numbers[0], 1);
	put_zeros(b, 6 + 8 * b->numbers[0]);
}

static void put_fragment(struct frame_builder *b) /* :offset in bytes:more:identification */
{
	put(b, next_protocol(b), 1);
	put(b, 0, 1);
	put(b, b->numbers[0] | b->numbers[1], 2);
	put(b, b->numbers[2], 4);
}

static void put_authentication(struct frame_builder *b)
{
	put(b, next_protocol(b), 1);
	put(b, 4, 1);
	put_zeros(b, 22);
}

static void put_gre(struct frame_builder *b) /* :flags:key */
{
	put(b, b->numbers[0], 2);
	put_ethertype(b);
	put_zeros(b, (b->numbers[0] & 0x8000) != 0 ? 4 : 0);
	if ((b->numbers[0] & 0x2000) != 0)
		put(b, b->numbers[1], 4);
	put_zeros(b, (b->numbers[0] & 0x1000) != 0 ? 4 : 0);
}

static void put_nothing(struct frame_builder *b)
{
	(void)b;
}

static void put_erspan2(struct frame_builder *b) /* :session:vlan:truncated */
{
	put(b, 0x1000 | b->numbers[1], 2);
	put(b, b->numbers[0] | b->numbers[2] << 10, 2);
	put_zeros(b, 4);
}

static void put_erspan3(struct frame_builder *b) /* :session:vlan:last two bytes */
{
	put(b, 0x2000 | b->numbers[1], 2);
	put(b, b->numbers[0], 2);
	put_zeros(b, 6);
	put(b, b->numbers[2], 2);
	put_zeros(b, (b->numbers[2] & 1) != 0 ? 8 : 0);
}

static void put_udp(struct frame_builder *b) /* :destination port */
{
	put(b, 50000, 2);
	put(b, b->numbers[0], 2);
	put_length(b, b->layer);
	put(b, 0, 2);
}

static void put_vxlan(struct frame_builder *b) /* :network */
{
	put(b, 0x08000000, 4);
	put(b, b->numbers[0] << 8, 4);
}

static void put_geneve(struct frame_builder *b) /* :network:words of options */
{
	put(b, b->numbers[1] << 8, 2);
	put_ethertype(b);
	put(b, b->numbers[0] << 8, 4);
	put_zeros(b, 4 * b->numbers[1]);
}

static void put_tcp(struct frame_builder *b) /* :words of options */
{
	const struct segment *s = &b->segment;

	put(b, s->source_port, 2);
	put(b, s->destination_port, 2);
	put(b, s->sequence, 4);
	put(b, s->acknowledgment, 4);
	put(b, 0x50 + (b->numbers[0] << 4), 1);
	put(b, s->flags, 1);
	put(b, 0xffff, 2);
	put_zeros(b, 4);
	for (size_t i = 0; i < b->numbers[0]; i++)
		put(b, 0x01010101, 4);
	put_bytes(b, s->payload.at, s->payload.left);
}

static void fill_lengths(struct frame_builder *b)
{
	for (size_t i = 0; i < b->length_count; i++) {
		size_t at = b->lengths[i].at, length = b->length - b->lengths[i].from;

		b->bytes[at] = (uint8_t)(length >> 8);
		b->bytes[at + 1] = (uint8_t)length;
	}
	b->length_count = 0;
}

static void put_pad(struct frame_builder *b) /* :bytes */
{
	fill_lengths(b);
	put_zeros(b, b->numbers[0]);
}

static void put_data(struct frame_builder *b) /* :bytes */
{
	put_zeros(b, b->numbers[0]);
}

static const struct frame_layer_row rows[] = {
    {"ethernet", 0x6558, 143, 0, put_ethernet},
    {"vlan", 0x8100, 0, 0, put_vlan},
    {"vlan_service", 0x88a8, 0, 0, put_vlan},
    {"vlan_9100", 0x9100, 0, 0, put_vlan},
    {"metadata", 0x8909, 0, 0, put_metadata},
    {"sll", 0, 0, 0, put_sll},
    {"sll2", 0, 0, 0, put_sll2},
    {"family", 0, 0, 0, put_number},
    {"ppp", 0, 0, 0, put_ppp},
    {"ppp_short", 0, 0, 0, put_ppp_short},
    {"hdlc", 0, 0, 0, put_hdlc},
    {"pppoe", 0x8864, 0, 0, put_pppoe},
    {"mpls", 0x8847, 137, 0x281, put_mpls},
    {"mpls_upstream", 0x8848, 0, 0, put_mpls},
    {"control_word", 0, 0, 0, put_number},
    {"ipv4", 0x0800, 4, 0x21, put_ipv4},
    {"ipv4_fragment", 0x0800, 4, 0x21, put_ipv4_fragment},
    {"ipv6", 0x86dd, 41, 0x57, put_ipv6},
    {"hop_by_hop", 0, 0, 0, put_extension},
    {"routing", 0, 43, 0, put_extension},
    {"destination", 0, 60, 0, put_extension},
    {"mobility", 0, 135, 0, put_extension},
    {"fragment", 0, 44, 0, put_fragment},
    {"authentication", 0, 51, 0, put_authentication},
    {"gre", 0, 47, 0, put_gre},
    {"erspan1", 0x88be, 0, 0, put_ethernet},
    {"erspan2", 0x88be, 0, 0, put_erspan2},
    {"erspan3", 0x22eb, 0, 0, put_erspan3},
    {"udp", 0, 17, 0, put_udp},
    {"vxlan", 0, 0, 0, put_vxlan},
    {"geneve", 0, 0, 0, put_geneve},
    {"tcp", 0, 6, 0, put_tcp},
    {"arp", 0x0806, 0, 0, put_nothing},
    {"icmp", 0, 1, 0, put_nothing},
    {"esp", 0, 50, 0, put_nothing},
    {"nothing", 0, 59, 0, put_nothing},
    {"data", 0, 6, 0, put_data},
    {"pad", 0, 59, 0, put_pad},
};

void frame_builder_begin(struct frame_builder *b, bool ipv6)
{
	static const char hello[] = "EHLO client.example\r\n";
	static const struct frame_address ends[2][2] = {
	    {{{[10] = 0xff, 0xff, 192, 0, 2, 77}}, {{[10] = 0xff, 0xff, 198, 51, 100, 25}}},
	    {{{0x20, 0x01, 0x0d, 0xb8, [15] = 0x77}}, {{0x20, 0x01, 0x0d, 0xb8, [15] = 0x25}}},
	};

	memset(b, 0, sizeof(*b));
	b->segment = (struct segment){
	    .source = ends[ipv6][0],
	    .destination = ends[ipv6][1],
	    .source_port = 40001,
	    .destination_port = 25,
	    .sequence = 0x81020304,
	    .acknowledgment = 0x95060708,
	    .flags = FRAME_PSH | FRAME_ACK,
	    .payload = cursor_over(hello, sizeof(hello) - 1),
	};
}

/* The row of the first layer of `text`; NULL at its end. */
static const struct frame_layer_row *find_row(const char *text)
{
	size_t length = strcspn(text, " :!");

	if (*text == '\0')
		return NULL;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strlen(rows[i].name) == length && memcmp(rows[i].name, text, length) == 0)
			return &rows[i];
	fprintf(stderr, "frame_build: no layer '%s'\n", text);
	abort();
}

/* Behind a layer's name: its numbers, and the faults to put in. Returns the next layer. */
static const char *read_details(struct frame_builder *b, const char *text)
{
	char *end;

	memset(b->numbers, 0, sizeof(b->numbers));
	for (size_t i = 0; *text == ':'; i++, text = end)
		b->numbers[i] = strtoul(text + 1, &end, 0);
	for (text += strspn(text, " "); *text == '!'; text = end + strspn(end, " ")) {
		b->patches[b->patch_count].at = b->length + strtoul(text + 1, &end, 10);
		b->patches[b->patch_count++].value = (uint8_t)strtoul(end + 1, &end, 16);
	}
	return text;
}

void frame_build(struct frame_builder *b, const char *layers)
{
	const struct frame_layer_row *row = find_row(layers);

	b->length = b->length_count = b->patch_count = 0;
	while (row != NULL) {
		layers = read_details(b, layers + strlen(row->name));
		b->next = find_row(layers);
		b->innermost = strstr(layers, "ipv") == NULL;
		b->layer = b->length;
		row->put(b);
		row = b->next;
	}
	fill_lengths(b);
	for (size_t i = 0; i < b->patch_count; i++)
		b->bytes[b->patches[i].at] = b->patches[i].value;
}
