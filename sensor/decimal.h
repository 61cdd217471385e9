/* Numbers as digits: printf would be most of the cost of a record, or of a counter. */
#ifndef TLSVANE_DECIMAL_H
#define TLSVANE_DECIMAL_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define DECIMAL_MAX 20 /* digits of UINT64_MAX */

/* Writes at most DECIMAL_MAX digits, without a NUL. Returns their end. */
static inline char *decimal_put(char *at, uint64_t number)
{
	static const char pairs[] = "00010203040506070809101112131415161718192021222324252627282930"
				    "31323334353637383940414243444546474849505152535455565758596061"
				    "62636465666768697071727374757677787980818283848586878889909192"
				    "93949596979899";
	char digits[DECIMAL_MAX];
	size_t first = sizeof(digits);

	do {
		first -= 2;
		memcpy(digits + first, pairs + 2 * (number % 100), 2);
	} while ((number /= 100) > 0);
	first += digits[first] == '0';
	memcpy(at, digits + first, sizeof(digits) - first);
	return at + sizeof(digits) - first;
}

#endif
