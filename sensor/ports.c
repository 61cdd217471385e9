/* The --ports list. */
#include "ports.h"

#include <ctype.h>
#include <stdlib.h>

bool ports_parse(const char *text, uint16_t ports[PORTS_MAX], size_t *count)
{
	unsigned long port;
	char *end;

	for (*count = 0; *count < PORTS_MAX && isdigit((unsigned char)*text); text = end + 1) {
		port = strtoul(text, &end, 10);
		if (port == 0 || port > UINT16_MAX)
			return false;
		ports[(*count)++] = (uint16_t)port;
		if (*end == '\0')
			return true;
		if (*end != ',')
			return false;
	}
	return false;
}
