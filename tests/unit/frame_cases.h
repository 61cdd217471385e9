/*
 * The rows of test_frame: one an encapsulation and a fault. A new one is a new row; see
 * frame_builder.h for how a frame is written.
 */
#ifndef TLSVANE_TEST_FRAME_CASES_H
#define TLSVANE_TEST_FRAME_CASES_H

#include "../../parsers/frame.h"

enum trait {
	IPV6 = 1, /* the segment's addresses are IPv6 */
	OPEN_END =
	    2, /* no length says where the payload ends: a shorter frame is a shorter payload */
	TRUNCATED = 4, /* a mirror says that it cut the frame, so a short one is not malformed */
};

struct frame_case {
	const char *name;
	int link_type;
	const char *layers;
	int result;
	uint16_t vlan, inner_vlan;
	uint8_t tunnel;
	uint32_t tunnel_id;
	unsigned traits;
};

#define PLAIN		    .result = RESULT_OK
#define VLANS(outer, inner) .vlan = (outer), .inner_vlan = (inner)
#define IN(kind, id)	    .tunnel = FRAME_TUNNEL_##kind, .tunnel_id = (id)

/* clang-format off */
static const struct frame_case cases[] = {
    /* name, link type, layers, what to expect */
    {"ipv4", 1, "ethernet ipv4 tcp", PLAIN},
    {"ipv4_padding", 1, "ethernet ipv4 tcp pad:9", PLAIN},
    {"ipv4_options", 1, "ethernet ipv4:10 tcp", PLAIN},
    {"ipv4_length_0", 1, "ethernet ipv4!2=00!3=00 tcp", .traits = OPEN_END},
    {"ipv4_authentication", 1, "ethernet ipv4 authentication tcp", PLAIN},
    {"tcp_options", 1, "ethernet ipv4 tcp:10", PLAIN},
    {"ipv6", 1, "ethernet ipv6 tcp", .traits = IPV6},
    {"ipv6_padding", 1, "ethernet ipv6 tcp pad:3", .traits = IPV6},
    {"ipv6_length_0", 1, "ethernet ipv6!4=00!5=00 hop_by_hop tcp", .traits = IPV6 | OPEN_END},
    {"ipv6_extensions", 1, "ethernet ipv6 hop_by_hop routing:2 destination mobility authentication tcp",
     .traits = IPV6},
    {"ipv6_atomic_fragment", 1, "ethernet ipv6 fragment:0:0:7 destination tcp", .traits = IPV6},

    {"vlan", 1, "ethernet vlan:7 ipv4 tcp", VLANS(7, 0)},
    {"vlan_priority_only", 1, "ethernet vlan:0 vlan:9 ipv4 tcp", VLANS(9, 0)},
    {"qinq_802_1ad", 1, "ethernet vlan_service:4094 vlan:8 ipv6 tcp", VLANS(4094, 8), .traits = IPV6},
    {"qinq_9100", 1, "ethernet vlan_9100:100 vlan:8 ipv4 tcp", VLANS(100, 8)},
    {"vlan_three_tags", 1, "ethernet vlan_service:1 vlan_service:2 vlan:3 ipv4 tcp", VLANS(1, 2)},

    {"null_little_endian", 0, "family:0x02000000 ipv4 tcp", PLAIN},
    {"null_big_endian", 0, "family:2 ipv4 tcp", PLAIN},
    {"null_inet6_linux", 0, "family:0x0a000000 ipv6 tcp", .traits = IPV6},
    {"null_inet6_openbsd", 0, "family:24 ipv6 tcp", .traits = IPV6},
    {"null_inet6_freebsd", 0, "family:0x1c000000 ipv6 tcp", .traits = IPV6},
    {"null_inet6_macos", 0, "family:0x1e000000 ipv6 tcp", .traits = IPV6},
    {"loop", 108, "family:2 ipv4 tcp", PLAIN},
    {"raw_ipv4", 101, "ipv4 tcp", PLAIN},
    {"raw_ipv6", 101, "ipv6 tcp", .traits = IPV6},
    {"raw_dlt_12", 12, "ipv4 tcp", PLAIN},
    {"raw_dlt_14", 14, "ipv6 tcp", .traits = IPV6},
    {"link_ipv4", 228, "ipv4 tcp", PLAIN},
    {"link_ipv6", 229, "ipv6 tcp", .traits = IPV6},
    {"sll", 113, "sll ipv4 tcp", PLAIN},
    {"sll_vlan", 113, "sll vlan:5 ipv6 tcp", VLANS(5, 0), .traits = IPV6},
    {"sll2", 276, "sll2 ipv4 tcp", PLAIN},
    {"sll2_ipv6", 276, "sll2 ipv6 tcp", .traits = IPV6},
    {"ppp", 9, "ppp ipv4 tcp", PLAIN},
    {"ppp_hdlc", 50, "hdlc ipv6 tcp", .traits = IPV6},
    {"ppp_compressed", 9, "ppp_short ipv4 tcp", PLAIN},
    {"ppp_mpls", 9, "ppp mpls:20 ipv4 tcp", IN(MPLS, 20)},
    {"link_pppoe", 51, "pppoe:3 ppp ipv4 tcp", IN(PPPOE, 3)},

    {"pppoe", 1, "ethernet vlan:7 pppoe:513 ppp ipv4 tcp pad:5", VLANS(7, 0), IN(PPPOE, 513)},
    {"pppoe_ipv6", 1, "ethernet pppoe:1 ppp ipv6 tcp", IN(PPPOE, 1), .traits = IPV6},
    {"metadata", 1, "ethernet metadata:2 ipv4 tcp", PLAIN},
    {"metadata_behind_vlan", 1, "ethernet vlan:7 metadata:2 ipv6 tcp", VLANS(7, 0), .traits = IPV6},
    {"mpls", 1, "ethernet mpls:1048575 ipv4 tcp", IN(MPLS, 1048575)},
    {"mpls_stack", 1, "ethernet mpls:16 mpls:17 mpls:18 ipv6 tcp", IN(MPLS, 18), .traits = IPV6},
    {"mpls_upstream", 1, "ethernet mpls_upstream:16 ipv4 tcp", IN(MPLS, 16)},
    {"mpls_pseudowire", 1, "ethernet mpls:30 control_word:0 ethernet vlan:6 ipv4 tcp",
     VLANS(6, 0), IN(MPLS, 30)},
    {"mpls_pseudowire_plain", 1, "ethernet mpls:30 ethernet ipv4 tcp", IN(MPLS, 30)},
    {"mpls_pseudowire_plain_a0", 1, "ethernet mpls:30 ethernet!0=a0 ipv6 tcp", IN(MPLS, 30), .traits = IPV6},
    {"mpls_over_pppoe", 1, "ethernet pppoe:1 ppp mpls:31 ipv4 tcp", IN(MPLS, 31)},
    {"gre", 1, "ethernet ipv4 gre ipv4 tcp", IN(GRE, 0)},
    {"gre_ipv6", 1, "ethernet ipv6 gre ipv6 tcp", IN(GRE, 0), .traits = IPV6},
    {"gre_checksum", 1, "ethernet ipv4 gre:0x8000 ipv4 tcp", IN(GRE, 0)},
    {"gre_key", 1, "ethernet ipv4 gre:0x2000:0xfedcba98 ipv4 tcp", IN(GRE, 0xfedcba98)},
    {"gre_sequence", 1, "ethernet ipv4 gre:0x1000 ipv4 tcp", IN(GRE, 0)},
    {"gre_all_fields", 1, "ethernet ipv4 gre:0xb000:5 ipv6 tcp", IN(GRE, 5), .traits = IPV6},
    {"gre_ethernet", 1, "ethernet ipv4 gre:0x2000:5 ethernet ipv4 tcp pad:4", IN(GRE, 5)},
    {"gre_mpls", 1, "ethernet ipv4 gre mpls:40 ipv4 tcp", IN(GRE, 0)},
    {"erspan_1", 1, "ethernet ipv4 gre erspan1 ipv4 tcp", IN(ERSPAN, 0)},
    {"erspan_2", 1, "ethernet ipv4 gre:0x1000 erspan2:1023:0 ethernet ipv4 tcp", IN(ERSPAN, 1023)},
    {"erspan_2_vlan", 1, "ethernet ipv4 gre:0x1000 erspan2:1:77 ethernet ipv4 tcp",
     VLANS(77, 0), IN(ERSPAN, 1)},
    {"erspan_2_tagged", 1, "ethernet ipv4 gre:0x1000 erspan2:1:77 ethernet vlan:77 ipv4 tcp",
     VLANS(77, 0), IN(ERSPAN, 1)},
    {"erspan_3", 1, "ethernet ipv4 gre:0x1000 erspan3:9:12 ethernet ipv6 tcp",
     VLANS(12, 0), IN(ERSPAN, 9), .traits = IPV6},
    {"erspan_3_subheader", 1, "ethernet ipv4 gre:0x1000 erspan3:9:0:1 ethernet ipv4 tcp", IN(ERSPAN, 9)},
    {"erspan_3_ip", 1, "ethernet vlan:3 ipv4 gre:0x1000 erspan3:9:12:0x0800 ipv4 tcp",
     VLANS(3, 12), IN(ERSPAN, 9)},
    {"erspan_truncated", 1, "ethernet ipv4 gre:0x1000 erspan2:2:0:1 ethernet ipv4 tcp",
     IN(ERSPAN, 2), .traits = TRUNCATED},
    {"vxlan", 1, "ethernet ipv4 udp:4789 vxlan:16777215 ethernet ipv4 tcp", IN(VXLAN, 16777215)},
    {"vxlan_8472", 1, "ethernet ipv6 udp:8472 vxlan:5 ethernet vlan:8 ipv6 tcp",
     VLANS(8, 0), IN(VXLAN, 5), .traits = IPV6},
    {"vxlan_udp_length_0", 1, "ethernet ipv4 udp:4789!4=00!5=00 vxlan:5 ethernet ipv4 tcp", IN(VXLAN, 5)},
    {"geneve", 1, "ethernet ipv4 udp:6081 geneve:66 ethernet ipv4 tcp", IN(GENEVE, 66)},
    {"geneve_options", 1, "ethernet ipv4 udp:6081 geneve:66:63 ethernet ipv4 tcp", IN(GENEVE, 66)},
    {"geneve_ipv6", 1, "ethernet ipv4 udp:6081 geneve:67:1 ipv6 tcp", IN(GENEVE, 67), .traits = IPV6},
    {"ipip", 1, "ethernet ipv4 ipv4 tcp", IN(IPIP, 0)},
    {"6in4", 1, "ethernet ipv4 ipv6 tcp", IN(6IN4, 0), .traits = IPV6},
    {"ipv4_in_ipv6", 1, "ethernet ipv6 ipv4 tcp", IN(IPIP, 0)},
    {"ipv6_in_ipv6", 1, "ethernet ipv6 destination ipv6 tcp", IN(IPIP, 0), .traits = IPV6},
    {"ipip_in_gre", 1, "ethernet ipv4 gre:0x2000:5 ipv4 ipv4 tcp", IN(IPIP, 0)},
    {"vxlan_in_gre_over_mpls", 1,
     "ethernet vlan_service:1 vlan:2 mpls:20 mpls:21 ipv4 gre:0x2000:8 ethernet "
     "vlan_service:3 vlan:4 ipv4 udp:4789 vxlan:9 ethernet ipv4 tcp", VLANS(1, 2), IN(VXLAN, 9)},

    {"other_link_type", 147, "ethernet ipv4 tcp", .result = RESULT_LINK_TYPE},
    {"arp", 1, "ethernet arp data:28", .result = RESULT_NOT_IP},
    {"length_and_llc", 1, "ethernet!12=00!13=26 data:38", .result = RESULT_NOT_IP},
    {"loopback_other_family", 0, "family:7 data:20", .result = RESULT_NOT_IP},
    {"loopback_wide_family", 108, "family:0x02000002 ipv4 tcp", .result = RESULT_NOT_IP},
    {"raw_version_5", 101, "ipv4!0=55 tcp", .result = RESULT_NOT_IP},
    {"udp", 1, "ethernet ipv4 udp:53 data:20", .result = RESULT_NOT_TCP},
    {"icmp", 1, "ethernet ipv4 icmp data:20", .result = RESULT_NOT_TCP},
    {"esp", 1, "ethernet ipv6 esp data:20", .result = RESULT_NOT_TCP},
    {"no_next_header", 1, "ethernet ipv6 destination nothing", .result = RESULT_NOT_TCP},
    {"ipv4_with_hop_by_hop", 1, "ethernet ipv4 hop_by_hop tcp", .result = RESULT_NOT_TCP},
    {"ipv4_with_fragment_header", 1, "ethernet ipv4 fragment tcp", .result = RESULT_NOT_TCP},
    {"ipv4_version", 1, "ethernet ipv4!0=65 tcp", .result = RESULT_BAD_VALUE},
    {"ipv4_header_length", 1, "ethernet ipv4!0=44 tcp", .result = RESULT_BAD_LENGTH},
    {"ipv4_total_below_header", 1, "ethernet ipv4!2=00!3=13 tcp", .result = RESULT_BAD_LENGTH},
    {"ipv4_total_below_options", 1, "ethernet ipv4:5!2=00!3=27 tcp", .result = RESULT_BAD_LENGTH},
    {"ipv4_total_below_tcp", 1, "ethernet ipv4!2=00!3=27 tcp", .result = RESULT_BAD_LENGTH},
    {"ipv4_total_beyond_frame", 1, "ethernet ipv4!2=05 tcp", .result = RESULT_BAD_LENGTH},
    {"ipv6_version", 1, "ethernet ipv6!0=40 tcp", .result = RESULT_BAD_VALUE},
    {"ipv6_length_beyond_frame", 1, "ethernet ipv6!4=05 tcp", .result = RESULT_BAD_LENGTH},
    {"ipv6_extension_beyond", 1, "ethernet ipv6 destination!1=20 tcp", .result = RESULT_BAD_LENGTH},
    {"authentication_beyond", 1, "ethernet ipv6 authentication!1=ff tcp", .result = RESULT_BAD_LENGTH},
    {"tcp_offset_below", 1, "ethernet ipv4 tcp!12=40", .result = RESULT_BAD_LENGTH},
    {"tcp_offset_beyond", 1, "ethernet ipv4 tcp!12=f0", .result = RESULT_BAD_LENGTH},
    {"inner_beyond_outer", 1, "ethernet ipv4!2=00!3=40 ipv4 tcp", .result = RESULT_BAD_LENGTH},
    {"too_many_tags", 1,
     "ethernet vlan:1 vlan:1 vlan:1 vlan:1 vlan:1 vlan:1 vlan:1 vlan:1 vlan:1 vlan:1 vlan:1 "
     "vlan:1 vlan:1 vlan:1 vlan:1 vlan:1 vlan:1 ipv4 tcp", .result = RESULT_TOO_DEEP},
    {"too_many_labels", 1,
     "ethernet mpls mpls mpls mpls mpls mpls mpls mpls mpls mpls mpls mpls mpls mpls mpls "
     "mpls mpls ipv4 tcp", .result = RESULT_TOO_DEEP},
    {"mpls_associated_channel", 1, "ethernet mpls:13 control_word:0x10000000 data:20",
     .result = RESULT_NOT_IP},
    {"mpls_pseudowire_arp", 1, "ethernet mpls:30 control_word:0 ethernet arp data:28", .result = RESULT_NOT_IP},
    {"mpls_pseudowire_atm", 1, "ethernet mpls:30 data:53", .result = RESULT_NOT_IP},
    {"ppp_link_control", 9, "ppp data:10", .result = RESULT_NOT_IP},
    {"pppoe_version", 1, "ethernet pppoe:1!0=21 ppp ipv4 tcp", .result = RESULT_BAD_VALUE},
    {"pppoe_code", 1, "ethernet pppoe:1!1=a7 ppp ipv4 tcp", .result = RESULT_NOT_IP},
    {"pppoe_length_beyond", 1, "ethernet pppoe:1!4=09 ppp ipv4 tcp", .result = RESULT_BAD_LENGTH},
    {"pppoe_length_0", 1, "ethernet pppoe:1!4=00!5=00 ppp ipv4 tcp", .result = RESULT_BAD_LENGTH},
    {"gre_pptp", 1, "ethernet ipv4 gre:0x2001:1 ipv4 tcp", .result = RESULT_NOT_TCP},
    {"gre_routing", 1, "ethernet ipv4 gre:0x4000 ipv4 tcp", .result = RESULT_BAD_VALUE},
    {"gre_keepalive", 1, "ethernet ipv4 gre nothing", .result = RESULT_NOT_IP},
    {"erspan_2_version", 1, "ethernet ipv4 gre:0x1000 erspan2:1!0=30 ethernet ipv4 tcp",
     .result = RESULT_BAD_VALUE},
    {"erspan_3_frame_type", 1, "ethernet ipv4 gre:0x1000 erspan3:1:1:0x0400 ethernet ipv4 tcp",
     .result = RESULT_NOT_IP},
    {"vxlan_without_id", 1, "ethernet ipv4 udp:4789 vxlan:1!0=00 ethernet ipv4 tcp",
     .result = RESULT_NOT_TCP},
    {"geneve_version", 1, "ethernet ipv4 udp:6081 geneve:1!0=40 ethernet ipv4 tcp", .result = RESULT_NOT_TCP},
    {"udp_length_below", 1, "ethernet ipv4 udp:4789!4=00!5=07 vxlan:1 ethernet ipv4 tcp",
     .result = RESULT_BAD_LENGTH},
    {"udp_length_beyond", 1, "ethernet ipv4 udp:4789!4=01 vxlan:1 ethernet ipv4 tcp",
     .result = RESULT_BAD_LENGTH},

    {"ipv4_fragment_odd", 1, "ethernet vlan:7 ipv4_fragment:0:1 data:12", .result = RESULT_BAD_LENGTH},
    {"ipv4_fragment_beyond", 1, "ethernet ipv4_fragment:65528:0 data:8", .result = RESULT_BAD_LENGTH},
    {"ipv4_fragment_empty", 1, "ethernet ipv4_fragment:8:0", .result = RESULT_BAD_LENGTH},
    {"ipv6_fragment_odd", 1, "ethernet ipv6 fragment:0:1:7 data:12", .result = RESULT_BAD_LENGTH},
    {"ipv6_fragment_beyond", 1, "ethernet ipv6 fragment:65528:0:7 data:8", .result = RESULT_BAD_LENGTH},
};
/* clang-format on */

#endif
