/*
 * Hellos parsed from memory of their own, so that ASan sees its end.
 */
#ifndef TLSVANE_TEST_HELLO_PARSE_H
#define TLSVANE_TEST_HELLO_PARSE_H

#include <stddef.h>
#include <stdint.h>

#include "../../parsers/cursor.h"

/* 0, or a negative result. */
typedef int parse(const uint8_t *bytes, size_t length);

int hello_parse_client(const uint8_t *bytes, size_t length);
int hello_parse_server(const uint8_t *bytes, size_t length);
int hello_parse_client_ssl2(const uint8_t *bytes, size_t length);
int hello_parse_server_ssl2(const uint8_t *bytes, size_t length);

/* Writes it where TLS_HELLO_SEEDS says, if it does; `kind`: its parser, as fuzz_tls_hello knows it.
 */
void hello_save_seed(char kind, const uint8_t *bytes, size_t length, const char *name);

/* Fails the test where a hello with the length byte at `at` changed is believed. */
void hello_change_length(parse *parses, struct cursor body, const uint8_t *at);

#endif
