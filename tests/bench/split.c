/* split FILE FIRST SECOND: writes each connection of a capture to one of two files, as two workers
 * would share them. */
#include <err.h>
#include <stdlib.h>

#include <pcap/pcap.h>

#include "../../parsers/frame.h"

static unsigned sum(const struct frame_address *a, uint16_t port)
{
	unsigned result = port;

	for (size_t i = 0; i < sizeof(a->bytes); i++)
		result += a->bytes[i];
	return result;
}

int main(int argc, char **argv)
{
	char why[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *header;
	struct fragment fragment;
	pcap_dumper_t *to[2];
	struct segment s;
	const u_char *frame;
	pcap_t *from;
	unsigned which;

	if (argc != 4)
		errx(2, "split FILE FIRST SECOND");
	from = pcap_open_offline_with_tstamp_precision(argv[1], PCAP_TSTAMP_PRECISION_NANO, why);
	if (from == NULL)
		errx(2, "%s", why);
	for (int i = 0; i < 2; i++)
		if ((to[i] = pcap_dump_open(from, argv[2 + i])) == NULL)
			errx(2, "%s", pcap_geterr(from));
	while (pcap_next_ex(from, &header, &frame) == 1) {
		if (frame_decode(pcap_datalink(from), frame, header->caplen, header->len, &s,
			&fragment) != RESULT_OK)
			continue;
		which =
		    (sum(&s.source, s.source_port) + sum(&s.destination, s.destination_port)) % 2;
		pcap_dump((u_char *)to[which], header, frame);
	}
	for (int i = 0; i < 2; i++) {
		if (pcap_dump_flush(to[i]) != 0)
			errx(EXIT_FAILURE, "%s: could not be written whole", argv[2 + i]);
		pcap_dump_close(to[i]);
	}
	pcap_close(from);
	return 0;
}
