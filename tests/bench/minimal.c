/*
 * minimal INTERFACE: the least that a live capture costs: libpcap on TPACKET_V3 with the sensor's
 * filter, ring and snap length hands over every packet, nobody looks at it. Until SIGINT; prints
 * how many there were, and how many the kernel dropped.
 */
#include <err.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <pcap/pcap.h>

#include "../../sensor/capture_filter.h"
#include "../../sensor/limits.h"

#define TIMEOUT_MS 100 /* as the sensor has it */

static volatile sig_atomic_t stopping;

static void on_stop(int number)
{
	(void)number;
	stopping = 1;
}

static void count_packet(u_char *count, const struct pcap_pkthdr *header, const u_char *frame)
{
	(void)header;
	(void)frame;
	++*(uint64_t *)(void *)count;
}

static pcap_t *open_capture(const char *interface)
{
	char why[PCAP_ERRBUF_SIZE];
	struct bpf_program program;
	pcap_t *capture = pcap_create(interface, why);
	char *text;

	if (capture == NULL)
		errx(EXIT_FAILURE, "%s", why);
	if (pcap_set_snaplen(capture, LIMIT_SNAPLEN) != 0 || pcap_set_promisc(capture, 1) != 0 ||
	    pcap_set_timeout(capture, TIMEOUT_MS) != 0 ||
	    pcap_set_buffer_size(capture, LIMIT_RING_MB << 20) != 0 ||
	    pcap_set_tstamp_precision(capture, PCAP_TSTAMP_PRECISION_NANO) != 0 ||
	    pcap_activate(capture) < 0 || pcap_setnonblock(capture, 1, why) != 0)
		errx(EXIT_FAILURE, "%s: %s", interface, pcap_geterr(capture));
	text = capture_filter_text(&ports_default, false, pcap_datalink(capture));
	if (text == NULL || pcap_compile(capture, &program, text, 1, PCAP_NETMASK_UNKNOWN) != 0 ||
	    pcap_setfilter(capture, &program) != 0)
		errx(EXIT_FAILURE, "%s: %s", interface, pcap_geterr(capture));
	pcap_freecode(&program);
	free(text);
	return capture;
}

int main(int argc, char **argv)
{
	const struct sigaction stop = {.sa_handler = on_stop};
	struct pcap_stat stat;
	struct pollfd wanted = {.events = POLLIN};
	uint64_t count = 0;
	pcap_t *capture;

	if (argc != 2)
		errx(2, "minimal INTERFACE");
	sigaction(SIGINT, &stop, NULL);
	capture = open_capture(argv[1]);
	wanted.fd = pcap_get_selectable_fd(capture);
	while (!stopping) {
		(void)poll(&wanted, 1, TIMEOUT_MS);
		while (pcap_dispatch(capture, LIMIT_BATCH, count_packet, (u_char *)&count) > 0)
			;
	}
	if (pcap_stats(capture, &stat) != 0)
		errx(EXIT_FAILURE, "%s: %s", argv[1], pcap_geterr(capture));
	printf("%llu %u\n", (unsigned long long)count, stat.ps_drop);
	pcap_close(capture);
	return 0;
}
