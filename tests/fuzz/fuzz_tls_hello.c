/* One hello body; the first byte says which: c, s, or C, S for the SSLv2 forms. What is yielded
 * must lie in it. */
#include <stdlib.h>

#include "../../parsers/tls_hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_inside(struct cursor view, struct cursor body)
{
	if (view.left > 0 && (view.at < body.at || view.at + view.left > body.at + body.left))
		abort();
}

static void check_client(struct cursor body, bool ssl2)
{
	struct tls_client_hello h;

	if ((ssl2 ? tls_client_hello_parse_ssl2(body, &h) : tls_client_hello_parse(body, &h)) !=
	    RESULT_OK)
		return;
	check_inside(h.random, body);
	check_inside(h.session_id, body);
	check_inside(h.cipher_suites, body);
	check_inside(h.extensions, body);
	check_inside(h.server_name, body);
	check_inside(h.alpn, body);
	if (h.min_version > h.max_version)
		abort();
}

static void check_server(struct cursor body, bool ssl2)
{
	struct tls_server_hello h;

	if ((ssl2 ? tls_server_hello_parse_ssl2(body, &h) : tls_server_hello_parse(body, &h)) !=
	    RESULT_OK)
		return;
	check_inside(h.random, body);
	check_inside(h.session_id, body);
	check_inside(h.extensions, body);
	check_inside(h.alpn, body);
	if (h.version != TLS_VERSION_SSL2 &&
	    (h.version < TLS_VERSION_SSL3 || h.version > TLS_VERSION_13))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	switch (data[0]) {
	case 'c':
	case 'C':
		check_client(cursor_over(data + 1, size - 1), data[0] == 'C');
		break;
	case 's':
	case 'S':
		check_server(cursor_over(data + 1, size - 1), data[0] == 'S');
		break;
	}
	return 0;
}
