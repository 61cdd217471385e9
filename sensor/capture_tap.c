/* An interface opened by libpcap; its failures said with their mend. */
#include "capture_tap.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/if_packet.h>
#include <sys/socket.h>

#include "../parsers/frame.h"
#include "capture_filter.h"
#include "limits.h"

static bool set_filter(
    struct tap *tap, const struct capture_live *options, char error[CAPTURE_ERROR_MAX])
{
	char *text = capture_filter_text(options->ports, options->any_port, tap->link_type);
	struct bpf_program program;
	bool compiled, done;

	if (text == NULL) {
		snprintf(error, CAPTURE_ERROR_MAX, "%s: out of memory", tap->name);
		return false;
	}
	compiled = pcap_compile(tap->pcap, &program, text, 1, PCAP_NETMASK_UNKNOWN) == 0;
	free(text);
	if (!compiled)
		return true; /* user space alone decides */
	done = pcap_setfilter(tap->pcap, &program) == 0;
	if (!done)
		snprintf(error, CAPTURE_ERROR_MAX, "%s: cannot set the capture filter: %s",
		    tap->name, pcap_geterr(tap->pcap));
	pcap_freecode(&program);
	return done;
}

/* The interfaces there are, for whoever misspelt one. */
static void explain_interfaces(const char *name, char error[CAPTURE_ERROR_MAX])
{
	char why[PCAP_ERRBUF_SIZE];
	pcap_if_t *all = NULL;
	size_t used;

	used =
	    (size_t)snprintf(error, CAPTURE_ERROR_MAX, "%s: no such interface; there are:", name);
	if (pcap_findalldevs(&all, why) != 0)
		return;
	for (pcap_if_t *i = all; i != NULL && used + strlen(i->name) + 2 < CAPTURE_ERROR_MAX;
	     i = i->next)
		if (!(i->flags & PCAP_IF_WIRELESS) && i->addresses != NULL)
			used += (size_t)snprintf(
			    error + used, CAPTURE_ERROR_MAX - used, " %s", i->name);
	pcap_freealldevs(all);
}

static void explain_activation(const struct tap *tap, int status, char error[CAPTURE_ERROR_MAX])
{
	if (status == PCAP_ERROR_NO_SUCH_DEVICE)
		explain_interfaces(tap->name, error);
	else if (status == PCAP_ERROR_PERM_DENIED || status == PCAP_ERROR_PROMISC_PERM_DENIED)
		snprintf(error, CAPTURE_ERROR_MAX,
		    "%s: no permission to capture; run as root or with the capability CAP_NET_RAW "
		    "(setcap cap_net_raw=ep on the program)",
		    tap->name);
	else if (status == PCAP_ERROR_IFACE_NOT_UP)
		snprintf(error, CAPTURE_ERROR_MAX, "%s: is down; bring it up: ip link set %s up",
		    tap->name, tap->name);
	else
		snprintf(error, CAPTURE_ERROR_MAX, "%s: cannot capture: %s (%s)", tap->name,
		    pcap_statustostr(status), pcap_geterr(tap->pcap));
}

static bool activate(
    struct tap *tap, const struct capture_live *options, char error[CAPTURE_ERROR_MAX])
{
	size_t ring = options->ring_bytes > 0 ? options->ring_bytes : LIMIT_RING_MB << 20;
	char why[PCAP_ERRBUF_SIZE];
	int status;

	if (pcap_set_snaplen(tap->pcap, LIMIT_SNAPLEN) != 0 ||
	    pcap_set_promisc(tap->pcap, 1) != 0 ||
	    pcap_set_timeout(tap->pcap, TAP_TIMEOUT_MS) != 0 ||
	    pcap_set_buffer_size(tap->pcap, (int)ring) != 0) {
		snprintf(error, CAPTURE_ERROR_MAX, "%s: cannot prepare the capture", tap->name);
		return false;
	}
	(void)pcap_set_tstamp_precision(
	    tap->pcap, PCAP_TSTAMP_PRECISION_NANO); /* else microseconds: tick_ns */
	status = pcap_activate(tap->pcap);
	if (status < 0) {
		explain_activation(tap, status, error);
		return false;
	}
	/* TPACKET_V3 wakes nobody up on a silent link, whatever the time-out: we wait ourselves. */
	if (pcap_setnonblock(tap->pcap, 1, why) != 0) {
		snprintf(error, CAPTURE_ERROR_MAX, "%s: cannot capture: %s", tap->name, why);
		return false;
	}
	return true;
}

static bool check_link_type(struct tap *tap, char error[CAPTURE_ERROR_MAX])
{
	const char *name;

	tap->link_type = pcap_datalink(tap->pcap);
	tap->tick_ns =
	    pcap_get_tstamp_precision(tap->pcap) == PCAP_TSTAMP_PRECISION_NANO ? 1 : 1000;
	if (frame_link_known(tap->link_type))
		return true;
	name = pcap_datalink_val_to_name(tap->link_type);
	snprintf(error, CAPTURE_ERROR_MAX,
	    "%s: link type %d (%s) is not one we read; capture on an Ethernet or \"any\" interface "
	    "instead",
	    tap->name, tap->link_type, name != NULL ? name : "unknown");
	return false;
}

bool tap_open(struct tap *tap, const struct capture_live *options, const struct shunt *shunt,
    char error[CAPTURE_ERROR_MAX])
{
	char why[PCAP_ERRBUF_SIZE];

	tap->pcap = pcap_create(tap->name, why);
	if (tap->pcap == NULL)
		snprintf(error, CAPTURE_ERROR_MAX, "%s: cannot capture: %s", tap->name, why);
	else if (activate(tap, options, error) && check_link_type(tap, error) &&
		 set_filter(tap, options, error)) {
		/* The classic filter stays where this one cannot read the link. */
		if (shunt != NULL)
			(void)shunt_attach(shunt, pcap_fileno(tap->pcap), tap->link_type);
		return true;
	}
	tap_close(tap);
	return false;
}

void tap_close(struct tap *tap)
{
	if (tap->pcap != NULL)
		pcap_close(tap->pcap);
	tap->pcap = NULL;
	tap->more = false;
	tap->read = tap->received; /* what was in its ring is gone */
}

bool tap_has_link(const struct tap *tap)
{
	return strcmp(tap->name, "any") != 0;
}

void tap_count(struct tap *tap)
{
	struct tpacket_stats_v3 ring = {0};
	socklen_t length = sizeof(ring);

	if (tap->pcap == NULL ||
	    getsockopt(pcap_fileno(tap->pcap), SOL_PACKET, PACKET_STATISTICS, &ring, &length) != 0)
		return;
	tap->received += ring.tp_packets - ring.tp_drops; /* the one includes the other */
	tap->dropped_kernel += ring.tp_drops;
	tap->ring_freezes += ring.tp_freeze_q_cnt;
}

bool tap_look(struct tap *tap, int link_socket)
{
	struct link_state was = tap->link;

	if (!tap_has_link(tap) || !link_read(link_socket, tap->name, &tap->link))
		return false;
	if (!tap->link.present) {
		tap->link.dropped = 0; /* the next one of this name counts anew */
		return true;
	}
	if (tap->link.dropped >= was.dropped)
		tap->dropped_interface += tap->link.dropped - was.dropped;
	else
		tap->dropped_interface += tap->link.dropped;
	return true;
}
