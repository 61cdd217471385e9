/*
 * A plain "tcp port 25" misses VLAN tags, later fragments, IPv6 extension headers and all tunnels:
 * tests/unit/test_capture_filter holds this one against each of them.
 */
#include "capture_filter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PORT_TEXT_MAX (sizeof("tcp port 65535 or ") - 1)

/* What can hide a mail port behind an IP header. */
#define BEHIND_IP                                                                                  \
	/* later fragments, of TCP and of the UDP tunnels below */                                 \
	"((ip proto 6 or ip proto 17) and ip[6:2] & 0x1fff != 0) or " /* IP in IP, 6in4, GRE, the  \
									 authentication header */  \
	"ip proto 4 or ip proto 41 or ip proto 47 or ip proto 51 or " /* the same in IPv6, and its \
									 extension headers */      \
	"(ip6 and (ip6[6] = 4 or ip6[6] = 41 or ip6[6] = 47 or ip6[6] = 51 or ip6[6] = 0 or "      \
	"ip6[6] = 43 or ip6[6] = 44 or ip6[6] = 60 or ip6[6] = 135 or ip6[6] = 139 or "            \
	"ip6[6] = 140)) or " /* VXLAN, twice, and GENEVE */                                        \
	"udp dst port 4789 or udp dst port 8472 or udp dst port 6081"

/* MPLS, PPPoE, Cisco's metadata. */
#define BEHIND_ETHERTYPE                                                                           \
	"ether proto 0x8847 or ether proto 0x8848 or ether proto 0x8864 or ether proto 0x8909"

/* The "any" interface shows tags as types, and the vlan keyword does not know its header. */
#define BEHIND_TAGS "ether proto 0x8100 or ether proto 0x88a8 or ether proto 0x9100"

/* DLT_ values of libpcap: those of live captures on Linux. */
static const struct form {
	int link_type;
	bool vlan; /* the vlan keyword is good; it shifts every later offset, hence the nesting */
	const char *behind;
} forms[] = {
    {1, true, BEHIND_IP " or " BEHIND_ETHERTYPE},
    {113, false, BEHIND_IP " or " BEHIND_ETHERTYPE " or " BEHIND_TAGS},
    {276, false, BEHIND_IP " or " BEHIND_ETHERTYPE " or " BEHIND_TAGS},
    {12, false, BEHIND_IP},
    {0, false, BEHIND_IP},
    {108, false, BEHIND_IP},
};

static const struct form *find_form(int link_type)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (forms[i].link_type == link_type)
			return &forms[i];
	return NULL;
}

/* What is enough for a frame without VLAN tags. */
static char *inner_text(const struct ports *ports, bool any, const char *behind)
{
	size_t size = strlen(behind) + (ports->count + 1) * PORT_TEXT_MAX + 1, used = 0;
	char *text = malloc(size);

	if (text == NULL)
		return NULL;
	if (any)
		used = (size_t)snprintf(text, size, "tcp or ");
	for (size_t i = 0; !any && i < ports->count; i++)
		used +=
		    (size_t)snprintf(text + used, size - used, "tcp port %u or ", ports->number[i]);
	snprintf(text + used, size - used, "%s", behind);
	return text;
}

char *capture_filter_text(const struct ports *ports, bool any, int link_type)
{
	const struct form *form = find_form(link_type);
	char *inner, *whole = NULL;

	if (form == NULL)
		return strdup("");
	inner = inner_text(ports, any, form->behind);
	if (inner == NULL || !form->vlan)
		return inner;
	/* Two tags are looked behind; a third is let through as it is. */
	if (asprintf(&whole, "%s or (vlan and (%s or (vlan and (%s or vlan))))", inner, inner,
		inner) < 0)
		whole = NULL;
	free(inner);
	return whole;
}
