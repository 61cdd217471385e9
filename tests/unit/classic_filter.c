#include "classic_filter.h"

#include <stdio.h>
#include <stdlib.h>

#include <pcap/pcap.h>

#include "../../sensor/limits.h"

struct classic_filter {
	struct bpf_program program;
};

struct classic_filter *classic_filter_new(const struct ports *ports)
{
	struct classic_filter *f = calloc(1, sizeof(*f));
	pcap_t *capture = pcap_open_dead(DLT_EN10MB, LIMIT_SNAPLEN);
	char *text = capture_filter_text(ports, false, DLT_EN10MB);

	if (f == NULL || capture == NULL || text == NULL ||
	    pcap_compile(capture, &f->program, text, 1, PCAP_NETMASK_UNKNOWN) != 0) {
		fprintf(stderr, "classic_filter_new: no filter\n");
		abort();
	}
	free(text);
	pcap_close(capture);
	return f;
}

void classic_filter_free(struct classic_filter *f)
{
	pcap_freecode(&f->program);
	free(f);
}

bool classic_filter_passes(
    const struct classic_filter *f, const unsigned char *frame, size_t length)
{
	const struct pcap_pkthdr header = {
	    .caplen = (bpf_u_int32)length, .len = (bpf_u_int32)length};

	return pcap_offline_filter(&f->program, &header, frame) != 0;
}
