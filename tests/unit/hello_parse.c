#include "hello_parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../parsers/tls_hello.h"

/* A body of its own, so that ASan sees its end. */
struct body {
	uint8_t *bytes;
	size_t length;
};

static struct body body_of(const uint8_t *bytes, size_t length)
{
	struct body b = {malloc(length + 1), length};

	assert_non_null(b.bytes);
	memcpy(b.bytes + 1, bytes, length);
	return b;
}

static struct cursor body_cursor(const struct body *b)
{
	return cursor_over(b->bytes + 1, b->length);
}

int hello_parse_client(const uint8_t *bytes, size_t length)
{
	struct body b = body_of(bytes, length);
	struct tls_client_hello hello;
	int result = tls_client_hello_parse(body_cursor(&b), &hello);

	free(b.bytes);
	return result;
}

int hello_parse_server(const uint8_t *bytes, size_t length)
{
	struct body b = body_of(bytes, length);
	struct tls_server_hello hello;
	int result = tls_server_hello_parse(body_cursor(&b), &hello);

	free(b.bytes);
	return result;
}

int hello_parse_client_ssl2(const uint8_t *bytes, size_t length)
{
	struct body b = body_of(bytes, length);
	struct tls_client_hello hello;
	int result = tls_client_hello_parse_ssl2(body_cursor(&b), &hello);

	free(b.bytes);
	return result;
}

int hello_parse_server_ssl2(const uint8_t *bytes, size_t length)
{
	struct body b = body_of(bytes, length);
	struct tls_server_hello hello;
	int result = tls_server_hello_parse_ssl2(body_cursor(&b), &hello);

	free(b.bytes);
	return result;
}

void hello_save_seed(char kind, const uint8_t *bytes, size_t length, const char *name)
{
	const char *folder = getenv("TLS_HELLO_SEEDS");
	char path[512];
	FILE *file;

	if (folder == NULL)
		return;
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "wb");
	assert_non_null(file);
	fputc(kind, file);
	fwrite(bytes, 1, length, file);
	fclose(file);
}

/* By one: a larger change may make an extension swallow the next one whole, which is well-formed.
 */
void hello_change_length(parse *parses, struct cursor body, const uint8_t *at)
{
	static const uint8_t changes[] = {1, 0xff};
	uint8_t changed[2048];
	size_t offset = (size_t)(at - body.at);

	memcpy(changed, body.at, body.left);
	for (size_t i = 0; i < sizeof(changes); i++) {
		changed[offset] = (uint8_t)(body.at[offset] + changes[i]);
		if (parses(changed, body.left) >= 0)
			fail_msg("length at %zu + %u is believed", offset, changes[i]);
	}
}
