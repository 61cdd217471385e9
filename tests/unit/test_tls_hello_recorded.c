/* Recorded hellos whole, cut and with every length changed. TLS_HELLO_SEEDS=folder writes them as
 * inputs of fuzz_tls_hello. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "tls_conversation.h"
#include "hello_parse.h"

/* The server's flight begins with its hello; the message's length is in its header. */
static struct cursor recorded_hello(const struct conversation *talk, size_t flight)
{
	const uint8_t *bytes = talk->flights[flight].bytes;

	return cursor_over(bytes + 9, (size_t)(bytes[7] << 8 | bytes[8]));
}

/*
 * A hello may end before its extensions: cut there it is whole. All recorded ones have extensions,
 * so their end is known by where the block begins.
 */
static void check_cut(parse *parses, struct cursor body, struct cursor extensions)
{
	uint8_t longer[2048] = {0};
	size_t whole = (size_t)(extensions.at - 2 - body.at);

	memcpy(longer, body.at, body.left);
	for (size_t cut = 0; cut < body.left; cut++)
		assert_int_equal(parses(longer, cut), cut == whole ? 0 : RESULT_BAD_LENGTH);
	assert_int_equal(parses(longer, body.left), 0);
	assert_int_equal(parses(longer, body.left + 1), RESULT_BAD_LENGTH);
}

/* Every length from the session id's to each extension's. */
static void check_lengths(parse *parses, struct cursor body, struct cursor session_id,
    struct cursor suites, struct cursor extensions)
{
	struct cursor data;
	uint16_t type;

	hello_change_length(parses, body, session_id.at - 1);
	if (suites.left > 0) {
		hello_change_length(parses, body, suites.at - 2);
		hello_change_length(parses, body, suites.at - 1);
		hello_change_length(
		    parses, body, suites.at + suites.left); /* of compression methods */
	}
	hello_change_length(parses, body, extensions.at - 2);
	hello_change_length(parses, body, extensions.at - 1);
	while (cursor_u16(&extensions, &type)) {
		hello_change_length(parses, body, extensions.at + 1);
		assert_true(cursor_vector16(&extensions, &data));
	}
}

static void test_recorded_client_hellos(void **state)
{
	static struct conversation talk;
	struct tls_client_hello hello;
	struct cursor body;

	(void)state;
	for (const char *const *name = conversation_names; *name != NULL; name++) {
		conversation_load(&talk, *name);
		body = recorded_hello(&talk, 0);
		assert_int_equal(tls_client_hello_parse(body, &hello), 0);
		assert_false(hello.ssl2_form || hello.fallback_scsv || hello.has_early_data);
		assert_true(hello.has_extensions);
		check_cut(hello_parse_client, body, hello.extensions);
		check_lengths(hello_parse_client, body, hello.session_id, hello.cipher_suites,
		    hello.extensions);
		hello_save_seed('c', body.at, body.left, *name);
	}
}

static void test_recorded_server_hellos(void **state)
{
	static struct conversation talk;
	struct tls_server_hello hello;
	struct cursor body;
	char name_of_seed[64];

	(void)state;
	for (const char *const *name = conversation_names; *name != NULL; name++) {
		conversation_load(&talk, *name);
		if (talk.flights[1].bytes[0] != TLS_HANDSHAKE)
			continue;
		body = recorded_hello(&talk, 1);
		assert_int_equal(tls_server_hello_parse(body, &hello), 0);
		check_cut(hello_parse_server, body, hello.extensions);
		check_lengths(hello_parse_server, body, hello.session_id, cursor_over(NULL, 0),
		    hello.extensions);
		snprintf(name_of_seed, sizeof(name_of_seed), "%s-server", *name);
		hello_save_seed('s', body.at, body.left, name_of_seed);
	}
}

/* One of each in full. */
static void test_recorded_fields(void **state)
{
	static struct conversation talk;
	struct tls_client_hello client;
	struct tls_server_hello server;

	(void)state;
	conversation_load(&talk, "tls13");
	assert_int_equal(tls_client_hello_parse(recorded_hello(&talk, 0), &client), 0);
	assert_int_equal(client.legacy_version, TLS_VERSION_12);
	assert_int_equal(client.max_version, TLS_VERSION_13);
	assert_int_equal(client.min_version, TLS_VERSION_12);
	assert_int_equal(client.session_id.left, 32);
	assert_int_equal(client.random.left, 32);
	assert_memory_equal(client.server_name.at, "mail.example", client.server_name.left);
	assert_memory_equal(client.alpn.at, "\4smtp", client.alpn.left);
	assert_int_equal(client.alpn.left, 5);
	assert_false(client.has_psk || client.has_session_ticket);
	conversation_load(&talk, "tls13-resumed");
	assert_int_equal(tls_client_hello_parse(recorded_hello(&talk, 0), &client), 0);
	assert_true(client.has_psk);
	assert_int_equal(tls_server_hello_parse(recorded_hello(&talk, 1), &server), 0);
	assert_true(server.psk_selected);
	assert_int_equal(server.version, TLS_VERSION_13);
	assert_int_equal(server.cipher_suite, 0x1302);
	assert_int_equal(server.group, 29);
	conversation_load(&talk, "tls12-ticket");
	assert_int_equal(tls_client_hello_parse(recorded_hello(&talk, 0), &client), 0);
	assert_true(client.has_session_ticket);
	conversation_load(&talk, "tls13-retry");
	assert_int_equal(tls_server_hello_parse(recorded_hello(&talk, 1), &server), 0);
	assert_true(server.retry);
	assert_int_equal(server.group, 24);
	conversation_load(&talk, "gnutls-tls12");
	assert_int_equal(tls_server_hello_parse(recorded_hello(&talk, 1), &server), 0);
	assert_memory_equal(server.alpn.at, "smtp", server.alpn.left);
	assert_int_equal(server.alpn.left, 4);
	assert_true(server.session_ticket);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_recorded_client_hellos),
	    cmocka_unit_test(test_recorded_server_hellos),
	    cmocka_unit_test(test_recorded_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
