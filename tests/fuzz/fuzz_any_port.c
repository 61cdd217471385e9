/* A whole capture file, mail sought on every port and expected in all its forms, whatever
 * its VLANs: ports, roles, search, nDPI. */
#include "../../sensor/ports.h"
#include "replay_pcap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pipeline_options options = {
	    .flows_max = 8, .sessions_max = 3, .any_port = true, .ignore_vlan = true};
	struct ports ports;

	if (!ports_parse(PORTS_EXAMPLE, &ports))
		abort();
	options.ports = &ports;
	return replay_pcap(data, size, &options);
}
