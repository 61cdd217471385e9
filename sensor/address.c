/* Addresses as text (RFC 5952). Every key in Redis has one or two: inet_ntop takes a printf for
 * each part of them. */
#include <arpa/inet.h>
#include <string.h>

#include "decimal.h"
#include "record.h"

#define GROUPS 8 /* of 16 bits */

static const uint8_t v4_mapped[12] = {[10] = 0xff, [11] = 0xff};
static const uint8_t v4_compatible[10];

static char *put_v4(char *at, const uint8_t *b)
{
	for (int i = 0; i < 4; i++) {
		if (i > 0)
			*at++ = '.';
		at = decimal_put(at, b[i]);
	}
	return at;
}

static unsigned group(const uint8_t *b, int i)
{
	return (unsigned)b[2 * i] << 8 | b[2 * i + 1];
}

static char *put_group(char *at, unsigned number)
{
	int shift = number > 0xfff ? 12 : number > 0xff ? 8 : number > 0xf ? 4 : 0;

	for (; shift >= 0; shift -= 4)
		*at++ = "0123456789abcdef"[number >> shift & 0xf];
	return at;
}

/* The longest run of groups that are zero, of several the first; fewer than two are none. */
static int longest_zeros(const uint8_t *b, int *length)
{
	int best = -1, run;

	*length = 1;
	for (int i = 0; i < GROUPS; i += run + 1) {
		for (run = 0; i + run < GROUPS && group(b, i + run) == 0;)
			run++;
		if (run > *length) {
			*length = run;
			best = i;
		}
	}
	return best;
}

static char *put_v6(char *at, const uint8_t *b)
{
	int length, zeros = longest_zeros(b, &length);

	for (int i = 0; i < GROUPS; i++) {
		if (i == zeros) {
			*at++ = ':';
			i += length - 1;
			if (i == GROUPS - 1)
				*at++ = ':';
			continue;
		}
		if (i > 0)
			*at++ = ':';
		at = put_group(at, group(b, i));
	}
	return at;
}

const char *address_format(const struct frame_address *address, char text[ADDRESS_TEXT_MAX])
{
	const uint8_t *b = address->bytes;

	if (memcmp(b, v4_mapped, sizeof(v4_mapped)) == 0)
		*put_v4(text, b + sizeof(v4_mapped)) = '\0';
	else if (memcmp(b, v4_compatible, sizeof(v4_compatible)) != 0)
		*put_v6(text, b) = '\0';
	else if (inet_ntop(AF_INET6, b, text, ADDRESS_TEXT_MAX) == NULL) /* rare, and mixed */
		text[0] = '\0';
	return text;
}

bool address_parse(const char *text, struct frame_address *address)
{
	if (inet_pton(AF_INET6, text, address->bytes) == 1)
		return true;
	memcpy(address->bytes, v4_mapped, sizeof(v4_mapped));
	return inet_pton(AF_INET, text, address->bytes + sizeof(v4_mapped)) == 1;
}

bool address_parse_typed(const char *text, struct frame_address *address)
{
	char inside[ADDRESS_TEXT_MAX];
	size_t length = strlen(text);

	if (text[0] != '[' || length < 3 || length - 2 >= sizeof(inside) || text[length - 1] != ']')
		return address_parse(text, address);
	memcpy(inside, text + 1, length - 2);
	inside[length - 2] = '\0';
	return strchr(inside, ':') != NULL && address_parse(inside, address);
}
