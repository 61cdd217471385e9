/*
 * IP fragments in any order. Each takes six bytes: whose datagram (two bits), IPv6 (0x04), more
 * follow (0x08), other bytes than usual (0x10), a tunnel (0x20), time passes (0x40: a second, 0x80:
 * a minute); where it begins, in eight bytes; how long it is (two); the protocol and its
 * identification anew. What a whole datagram says is known: a byte's place.
 */
#include <stdlib.h>
#include <string.h>

#include "../../sensor/defrag.h"
#include "../../sensor/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define OPERATION 6u
#define LONGEST	  2048u
#define NS_PER_S  1000000000ull

enum { WHOSE = 3, IPV6 = 4, MORE = 8, OTHER = 16, TUNNEL = 32, SECOND = 64, MINUTE = 128 };

static uint8_t byte_at(uint32_t place, bool other)
{
	return (uint8_t)(place * 7 + place / 251 + (other ? 1 : 0));
}

static void check_whole(const struct fragment *whole, bool all_known)
{
	if (whole->offset != 0 || whole->more || whole->bytes.left > 65535)
		abort();
	for (uint32_t i = 0; i < whole->bytes.left; i++)
		if (whole->bytes.at[i] != byte_at(i, false) && all_known)
			abort();
}

static struct fragment read_fragment(const uint8_t *at)
{
	struct fragment f = {0};

	if (at[0] & IPV6) {
		f.source.bytes[0] = f.destination.bytes[0] = 0x20;
	} else {
		memset(f.source.bytes + 10, 0xff, 2);
		memset(f.destination.bytes + 10, 0xff, 2);
	}
	f.source.bytes[15] = at[0] & WHOSE;
	f.destination.bytes[15] = 9;
	f.identification = at[5] & 3;
	f.protocol = at[5] & 4 ? 17 : 6;
	f.offset = at[1] * 8u;
	f.more = at[0] & MORE;
	f.bytes.left = (at[2] | (size_t)at[3] << 8) % LONGEST;
	return f;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct defrag *d = defrag_new(false);
	const struct defrag_stats *stats;
	struct fragment f, whole;
	struct segment where;
	uint64_t ns = NS_PER_S;
	bool all_known = true;
	uint8_t *bytes;

	if (d == NULL)
		abort();
	for (; size >= OPERATION; data += OPERATION, size -= OPERATION) {
		ns += data[0] & SECOND ? NS_PER_S : 0;
		ns += data[0] & MINUTE ? 60 * NS_PER_S : 0;
		f = read_fragment(data);
		bytes = malloc(f.bytes.left + 1); /* only its own bytes */
		if (bytes == NULL)
			abort();
		for (uint32_t i = 0; i < f.bytes.left; i++)
			bytes[i] = byte_at(f.offset + i, data[0] & OTHER);
		all_known = all_known && !(data[0] & OTHER);
		f.bytes.at = bytes;
		memset(&where, 0, sizeof(where));
		where.tunnel_id = data[0] & TUNNEL ? data[4] : 0;
		if (defrag_add(d, ns, &f, &where, &whole) == RESULT_OK)
			check_whole(&whole, all_known);
		if (defrag_held(d) > LIMIT_FRAGMENT_BYTES)
			abort();
		free(bytes);
	}
	stats = defrag_stats(d);
	defrag_expire(d, UINT64_MAX);
	if (defrag_held(d) != 0 || stats->completed > size + 65536)
		abort();
	defrag_free(d);
	return 0;
}
