/* A whole capture file: libpcap's reader, then every room up to the record and its JSON. */
#include "replay_pcap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pipeline_options options = {.flows_max = 8, .sessions_max = 3};

	return replay_pcap(data, size, &options);
}
