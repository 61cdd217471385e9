/* A capture file in memory through a whole pipeline: shared by the targets that read captures. */
#ifndef TLSVANE_FUZZ_REPLAY_PCAP_H
#define TLSVANE_FUZZ_REPLAY_PCAP_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <pcap/pcap.h>

#include "../../sensor/discover.h"
#include "../../sensor/pipeline.h"

/* nDPI takes 70 ms to begin: one module sees all inputs. The linker turns the calls of the pipeline
 * to these (--wrap). */
struct discover *__real_discover_new(void);
struct discover *__wrap_discover_new(void);
void __wrap_discover_free(struct discover *d);

struct discover *__wrap_discover_new(void)
{
	static struct discover *kept;

	if (kept == NULL)
		kept = __real_discover_new();
	return kept;
}

void __wrap_discover_free(struct discover *d)
{
	(void)d;
}

static void take_record(void *context, const struct record *r)
{
	FILE *nowhere = context;

	if (record_outcome_name(r->outcome) == NULL ||
	    record_legacy_side_name(r->legacy_side) == NULL ||
	    record_confidence_name(r->confidence) == NULL || record_size(r) > sizeof(*r))
		abort();
	record_write_json(nowhere, r);
	record_write_list(nowhere, r);
}

static void take_told(void *context, const struct flow *f, bool over)
{
	(void)context;
	(void)f;
	(void)over;
}

static void replay_frames(pcap_t *pcap, struct pipeline *p)
{
	struct pcap_pkthdr *header;
	const u_char *frame;

	while (pcap_next_ex(pcap, &header, &frame) == 1)
		pipeline_packet(p, pcap_datalink(pcap),
		    (uint64_t)header->ts.tv_sec * 1000000000u + (uint64_t)header->ts.tv_usec, frame,
		    header->caplen, header->len);
}

/* Sets where the records go in *options. */
static int replay_pcap(const uint8_t *data, size_t size, struct pipeline_options *options)
{
	static FILE *nowhere;
	char error[PCAP_ERRBUF_SIZE];
	struct pipeline *p;
	pcap_t *pcap;
	FILE *file;

	if (nowhere == NULL)
		nowhere = fopen("/dev/null", "w");
	if (size == 0 || (file = fmemopen((void *)(uintptr_t)data, size, "rb")) == NULL)
		return 0;
	pcap = pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO, error);
	if (pcap == NULL) {
		fclose(file);
		return 0;
	}
	options->sink = take_record;
	options->context = nowhere;
	options->told = take_told;
	p = pipeline_new(options);
	if (p == NULL)
		abort();
	replay_frames(pcap, p);
	pipeline_finish(p);
	pipeline_free(p);
	pcap_close(pcap);
	return 0;
}

#endif
