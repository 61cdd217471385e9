/*
 * Postfix's policy delegation protocol: the same bytes as one piece and byte by byte must give the
 * same requests.
 */
#include "../../parsers/policy_request.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool condition)
{
	if (!condition)
		abort();
}

/* Byte by byte, until something other than "more" comes. */
static int feed_slowly(struct policy_request *r, const uint8_t *data, size_t size, size_t *used)
{
	int result = RESULT_MORE;

	policy_request_init(r);
	for (*used = 0; *used < size && result == RESULT_MORE; ++*used) {
		struct cursor c = cursor_over(data + *used, 1);

		result = policy_request_feed(r, &c);
		check(c.left == 0);
	}
	return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int result = RESULT_OK;

	while (result == RESULT_OK && size > 0) {
		struct policy_request whole, slow;
		struct cursor c = cursor_over(data, size);
		size_t used;

		policy_request_init(&whole);
		result = policy_request_feed(&whole, &c);
		check(feed_slowly(&slow, data, size, &used) == result);
		check(used == size - c.left);
		check(strcmp(whole.client_address, slow.client_address) == 0);
		check(whole.is_access == slow.is_access);
		check(memchr(whole.client_address, '\n', sizeof(whole.client_address)) == NULL);
		data = c.at;
		size = c.left;
	}
	return 0;
}
