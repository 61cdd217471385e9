/* The least that reading a capture costs: libpcap hands over every packet, nobody looks at it. */
#include <err.h>
#include <stdint.h>
#include <stdio.h>

#include <pcap/pcap.h>

#include "../../sensor/limits.h"

static void count_packet(u_char *count, const struct pcap_pkthdr *header, const u_char *frame)
{
	(void)header;
	(void)frame;
	++*(uint64_t *)(void *)count;
}

int main(int argc, char **argv)
{
	char why[PCAP_ERRBUF_SIZE];
	uint64_t count = 0;
	pcap_t *capture;

	if (argc != 2)
		errx(2, "empty FILE");
	capture = pcap_open_offline_with_tstamp_precision(argv[1], PCAP_TSTAMP_PRECISION_NANO, why);
	if (capture == NULL)
		errx(2, "%s", why);
	while (pcap_dispatch(capture, LIMIT_BATCH, count_packet, (u_char *)&count) > 0)
		;
	pcap_close(capture);
	printf("packets %llu\n", (unsigned long long)count);
	return 0;
}
