/*
 * The record reader: the first byte is the size of the pieces in which the rest comes; with its
 * high bit half of each fragment is put back once. Read whole and in pieces, the bodies must be the
 * same; more bytes never make the lookers take back a no, or hesitate again after a yes.
 */
#include <stdlib.h>

#include "../../parsers/tls_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct sum {
	uint64_t hash, records, bytes;
	int end;
	bool open;
};

static void add(struct sum *sum, const struct tls_fragment *f)
{
	if (f->first == sum->open)
		abort();
	sum->open = !f->last;
	sum->records += f->first;
	sum->bytes += f->bytes.left;
	if (f->first)
		sum->hash = sum->hash * 31 + (uint64_t)(f->type << 16 | f->version);
	for (size_t i = 0; i < f->bytes.left; i++)
		sum->hash = sum->hash * 31 + f->bytes.at[i];
}

static int put_back_half(
    struct tls_record_reader *r, struct cursor *in, struct tls_fragment *f, struct sum *sum)
{
	struct cursor rest = f->bytes;

	if (!cursor_skip(&rest, rest.left / 2) || rest.left == 0)
		return RESULT_OK;
	f->bytes.left -= rest.left;
	f->last = false;
	add(sum, f);
	tls_record_unread(r, in, rest);
	return tls_record_next(r, in, f);
}

static struct sum read_all(const uint8_t *data, size_t size, size_t each, bool put_back)
{
	struct tls_record_reader r = {.have = 0};
	struct sum sum = {.end = RESULT_MORE};
	struct tls_fragment f;

	for (size_t at = 0; at < size && sum.end == RESULT_MORE; at += each) {
		struct cursor in = cursor_over(data + at, size - at < each ? size - at : each);

		while ((sum.end = tls_record_next(&r, &in, &f)) == RESULT_OK) {
			if (put_back && put_back_half(&r, &in, &f, &sum) != RESULT_OK)
				abort();
			add(&sum, &f);
		}
		if (sum.end == RESULT_MORE && in.left > 0)
			abort();
	}
	return sum;
}

static void look(int (*looks)(const uint8_t *, size_t), const uint8_t *data, size_t size)
{
	int before = RESULT_MORE, now;

	for (size_t length = 0; length <= size && length < 600; length++) {
		now = looks(data, length);
		if (now != before && (before == RESULT_NOT_TLS || now == RESULT_MORE))
			abort();
		before = now;
	}
}

static void gaps(const uint8_t *data, size_t size, size_t each)
{
	struct tls_record_reader r = {.have = 0};
	struct tls_fragment f;

	for (size_t at = 0; at < size; at += 2 * each) {
		struct cursor in = cursor_over(data + at, size - at < each ? size - at : each);
		int result;

		while ((result = tls_record_next(&r, &in, &f)) == RESULT_OK)
			;
		if (result < 0 || !tls_record_gap(&r, each))
			tls_record_reset(&r);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t each = size > 0 && (data[0] & 0x7f) != 0 ? data[0] & 0x7f : 1;
	struct sum whole, pieces;

	if (size == 0)
		return 0;
	whole = read_all(data + 1, size - 1, size, false);
	pieces = read_all(data + 1, size - 1, each, (data[0] & 0x80) != 0);
	if (whole.hash != pieces.hash || whole.bytes != pieces.bytes ||
	    whole.records != pieces.records || whole.end != pieces.end)
		abort();
	look(tls_record_looks_like_client_hello, data + 1, size - 1);
	look(tls_record_looks_like_server_hello, data + 1, size - 1);
	gaps(data + 1, size - 1, each);
	return 0;
}
