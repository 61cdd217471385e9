/* A message, read whole and byte by byte: the same stamps, possible ones, and no text left behind.
 */
#include <stdlib.h>

#include "../../parsers/received.h"
#include "../../parsers/tls_hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct run {
	struct received_reader reader;
	struct received_facts facts;
	uint8_t kept[RECEIVED_TEXT_MAX];
};

static void check(bool condition)
{
	if (!condition)
		abort();
}

static void check_stamp(const struct received_stamp *s)
{
	check(s->hop > 0 && s->basis < RECEIVED_BASES);
	check(s->product == 0 || product_name(s->product) != NULL);
	check(s->range.least <= s->range.most && s->range.most <= TLS_VERSION_13);
	check((s->range.most != 0) == (s->basis >= RECEIVED_BY_CIPHER));
	check(received_is_exact(s) || s->basis != RECEIVED_STATED);
}

static void offer(struct run *r, const uint8_t *bytes, size_t length)
{
	struct cursor in = cursor_over(bytes, length);

	while (received_next(&r->reader, r->kept, &in) == RESULT_OK) {
		received_keep(&r->facts, &r->reader, r->kept);
		received_forget(&r->reader, r->kept);
	}
	check(in.left == 0);
}

static void end(struct run *r)
{
	const struct received_stamp *lowest;

	if (received_end(&r->reader) == RESULT_OK)
		received_keep(&r->facts, &r->reader, r->kept);
	received_forget(&r->reader, r->kept);
	for (size_t i = 0; i < RECEIVED_TEXT_MAX; i++)
		check(r->kept[i] == 0);
	for (size_t i = 0; i < r->facts.count; i++)
		check_stamp(&r->facts.stamps[i]);
	lowest = received_lowest(&r->facts);
	for (size_t i = 0; i < r->facts.count; i++)
		check(!received_is_legacy(&r->facts.stamps[i]) || lowest != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct run whole, pieces;

	memset(&whole, 0, sizeof(whole));
	memset(&pieces, 0, sizeof(pieces));
	offer(&whole, data, size);
	for (size_t i = 0; i < size; i++)
		offer(&pieces, data + i, 1);
	end(&whole);
	end(&pieces);
	check(memcmp(&whole.facts, &pieces.facts, sizeof(whole.facts)) == 0);
	return 0;
}
