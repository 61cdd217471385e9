/* What every filter of the kernel's has to do with frames of Ethernet, see frame_builder.h. */
#ifndef TLSVANE_TEST_FILTER_FRAMES_H
#define TLSVANE_TEST_FILTER_FRAMES_H

/* Fragments that may be mail: it lets them through. */
static const char *const frames_fragments[] = {
    "ethernet ipv4_fragment:0:1 tcp",
    "ethernet ipv4_fragment:1480:1 data:16",
    "ethernet vlan:7 ipv4_fragment:1480:0 data:16",
    "ethernet vlan:7 vlan:8 ipv4_fragment:1480:0 data:16",
    "ethernet ipv4_fragment:0:1 udp:4789 data:16",
    "ethernet ipv4_fragment:1480:0!9=11 data:16",
    "ethernet ipv6 fragment:1448:0:7 data:16",
};

/* What a kernel can tell is no mail: it keeps it out. */
static const char *const frames_others[] = {
    "ethernet arp data:28",
    "ethernet ipv4 icmp data:20",
    "ethernet ipv4 esp data:20",
    "ethernet ipv4 udp:53 data:20",
    "ethernet vlan:7 ipv4 udp:443 data:20",
    "ethernet ipv4_fragment:1480:0!9=01 data:20",
    "ethernet ipv6 udp:53 data:20",
    "ethernet ipv6 esp data:20",
    "ethernet vlan:7 arp data:28",
};

#define FRAMES_FRAGMENTS (sizeof(frames_fragments) / sizeof(frames_fragments[0]))
#define FRAMES_OTHERS	 (sizeof(frames_others) / sizeof(frames_others[0]))

#endif
