/* A greeting behind nine bytes: whether capabilities were seen, and which. */
#include <stdlib.h>

#include "../../parsers/products.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor in = cursor_over(data, size);
	struct product_match m;
	uint64_t capabilities;
	uint8_t seen;

	if (!cursor_u8(&in, &seen) || !cursor_copy(&in, &capabilities, sizeof(capabilities)))
		return 0;
	m = product_of_server(in, seen & 1, capabilities);
	if ((m.product == 0) != (m.basis == PRODUCT_BASIS_NONE) || m.basis >= PRODUCT_BASES)
		abort();
	if (m.product != 0 && product_name(m.product) == NULL)
		abort();
	if (m.version.left > 0 &&
	    (m.version.at < in.at || m.version.at + m.version.left > in.at + in.left))
		abort();
	return 0;
}
