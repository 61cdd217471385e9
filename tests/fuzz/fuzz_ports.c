/* The --ports list: what is taken can be found again. */
#include <stdlib.h>
#include <string.h>

#include "../../sensor/ports.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[256];
	struct ports ports;
	uint8_t kind;

	if (size >= sizeof(text))
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (!ports_parse(text, &ports))
		return 0;
	if (ports.count == 0 || ports.count > PORTS_MAX)
		abort();
	for (size_t i = 0; i < ports.count; i++)
		if (!ports_find(&ports, ports.number[i], &kind) || kind != ports.kind[i])
			abort();
	return 0;
}
