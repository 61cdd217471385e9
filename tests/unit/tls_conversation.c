/* Recorded TLS conversations: reading them, cutting them anew, saying what was understood. */
#include "tls_conversation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "../../parsers/tls_names.h"

#define FOLDER	   "tests/fixtures/tls/"
#define LINES_MOST 32

const char *const conversation_names[] = {"gnutls-ccm", "gnutls-tls12", "protocol-version", "tls10",
    "tls11", "tls12", "tls12-anonymous", "tls12-anonymous-dh", "tls12-client-certificate",
    "tls12-dhe", "tls12-from-13", "tls12-no-cipher", "tls12-no-client-certificate", "tls12-rsa",
    "tls12-session-id", "tls12-ticket", "tls12-unknown-ca", "tls13", "tls13-certificate-required",
    "tls13-client-certificate", "tls13-plain", "tls13-resumed", "tls13-retry", "tls13-unknown-ca",
    NULL};

/* Reading. */

static void append_hex(struct conversation *c, const char *line)
{
	unsigned byte;

	while (sscanf(line, "%2x", &byte) == 1) {
		assert_true(c->used < sizeof(c->bytes));
		c->bytes[c->used++] = (uint8_t)byte;
		c->flights[c->flight_count - 1].length++;
		line += 2;
	}
}

static void begin_flight(struct conversation *c, enum side side)
{
	assert_true(c->flight_count < CONVERSATION_FLIGHTS);
	c->flights[c->flight_count++] = (struct flight){side, c->bytes + c->used, 0};
}

static void read_line(struct conversation *c, const char *line)
{
	if (line[0] == '=')
		strncat(c->expected, line + 2, sizeof(c->expected) - strlen(c->expected) - 1);
	else if (line[0] == 's')
		begin_flight(c, SIDE_SERVER);
	else if (strncmp(line, "cl", 2) == 0)
		begin_flight(c, SIDE_CLIENT);
	else if (line[0] != '#' && line[0] != '\n')
		append_hex(c, line);
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void sort_lines(char text[CONVERSATION_TEXT])
{
	char copy[CONVERSATION_TEXT], *lines[LINES_MOST], *line;
	size_t count = 0;

	snprintf(copy, sizeof(copy), "%s", text);
	for (line = strtok(copy, "\n"); line != NULL; line = strtok(NULL, "\n"))
		lines[count++] = line;
	qsort(lines, count, sizeof(lines[0]), compare_lines);
	text[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		strcat(text, lines[i]);
		strcat(text, "\n");
	}
}

void conversation_load(struct conversation *c, const char *name)
{
	char path[256], line[256];
	FILE *file;

	snprintf(path, sizeof(path), FOLDER "%s.txt", name);
	file = fopen(path, "r");
	if (file == NULL)
		fail_msg("%s: run the tests from the top of the tree", path);
	c->expected[0] = '\0';
	c->flight_count = c->used = 0;
	while (fgets(line, sizeof(line), file) != NULL)
		read_line(c, line);
	fclose(file);
	sort_lines(c->expected);
}

size_t conversation_side(const struct conversation *c, enum side side, uint8_t *to, size_t size)
{
	size_t length = 0;

	for (size_t i = 0; i < c->flight_count; i++) {
		if (c->flights[i].side != side)
			continue;
		assert_true(length + c->flights[i].length <= size);
		memcpy(to + length, c->flights[i].bytes, c->flights[i].length);
		length += c->flights[i].length;
	}
	return length;
}

/* Saying. */

static void say(char *text, const char *key, const char *value)
{
	size_t used = strlen(text);

	if (value != NULL && value[0] != '\0')
		snprintf(text + used, CONVERSATION_TEXT - used, "%s %s\n", key, value);
}

static void say_number(char *text, const char *key, unsigned value)
{
	char number[16];

	snprintf(number, sizeof(number), "%u", value);
	if (value != 0)
		say(text, key, number);
}

static void say_alert(char *text, const struct tls_alert_fact *alert)
{
	char value[64];

	snprintf(value, sizeof(value), "%s %u %s", alert->side == SIDE_CLIENT ? "client" : "server",
	    alert->level, tls_alert_name(alert->code));
	if (alert->level != 0)
		say(text, "alert", value);
}

static const char *certificate_words(uint32_t seen)
{
	if (seen & TLS_CERTIFICATE_SENT)
		return "requested sent";
	if (seen & TLS_CERTIFICATE_EMPTY)
		return "requested empty";
	return seen & TLS_CERTIFICATE_REQUESTED ? "requested" : NULL;
}

static const char *resumed_word(uint32_t seen)
{
	if (seen & TLS_RESUMED)
		return seen & TLS_NOT_RESUMED ? "both" : "yes";
	return seen & TLS_NOT_RESUMED ? "no" : NULL;
}

void conversation_describe(const struct tls_handshake *h, char text[CONVERSATION_TEXT])
{
	static const char *const sentinels[] = {NULL, "1.1", "1.2"};
	const struct tls_facts *f = &h->facts;

	text[0] = '\0';
	say(text, "client_legacy", tls_version_label(f->client_legacy_version));
	say(text, "client_max", tls_version_label(f->client_max_version));
	say(text, "client_min", tls_version_label(f->client_min_version));
	if (f->seen & TLS_SAW_SERVER_HELLO)
		say(text, "cipher", tls_cipher_suite_name(f->cipher_suite));
	say(text, "version", tls_version_label(f->version));
	say(text, "resumed", resumed_word(f->seen));
	say(text, "group", tls_group_name(f->group));
	say_number(text, "dh_bits", f->dh_bits);
	say(text, "sentinel", sentinels[f->sentinel]);
	say(text, "server_name", f->server_name);
	say(text, "next_protocol", f->next_protocol);
	say(text, "client_certificate", certificate_words(f->seen));
	say(text, "retry", f->seen & TLS_SAW_RETRY ? "yes" : NULL);
	say(text, "established", tls_handshake_established(h) ? "yes" : "no");
	say_alert(text, &f->alert);
	say(text, "missing", f->seen & TLS_MISSING ? "yes" : NULL);
	say(text, "malformed", f->seen & TLS_MALFORMED ? "yes" : NULL);
	say(text, "lines", f->seen & TLS_DOWNGRADED_TO_LINES ? "yes" : NULL);
	say(text, "history", f->history);
	sort_lines(text);
}

/* Cutting anew. */

struct refragmenter {
	uint8_t *to;
	size_t size, length;
	uint8_t gathered[CONVERSATION_BYTES]; /* handshake bytes not written yet */
	size_t count;
	uint8_t version[2];
};

static void write_record(struct refragmenter *r, uint8_t type, const uint8_t *body, size_t length)
{
	uint8_t *to = r->to + r->length;

	assert_true(r->length + 5 + length <= r->size);
	to[0] = type;
	memcpy(to + 1, r->version, 2);
	to[3] = (uint8_t)(length >> 8);
	to[4] = (uint8_t)length;
	memcpy(to + 5, body, length);
	r->length += 5 + length;
}

static void flush_handshake(struct refragmenter *r, size_t each)
{
	for (size_t at = 0; at < r->count; at += each)
		write_record(r, TLS_HANDSHAKE, r->gathered + at,
		    r->count - at < each ? r->count - at : each);
	r->count = 0;
}

size_t conversation_refragment(
    const struct conversation *c, enum side side, size_t each, uint8_t *to, size_t size)
{
	static uint8_t all[CONVERSATION_BYTES];
	static struct refragmenter r;
	bool is_13 = strstr(c->expected, "version TLSv1.3\n") != NULL, clear = true;
	size_t length = conversation_side(c, side, all, sizeof(all)), body;

	r.to = to;
	r.size = size;
	r.length = r.count = 0;
	for (size_t at = 0; at < length; at += 5 + body) {
		body = (size_t)(all[at + 3] << 8 | all[at + 4]);
		memcpy(r.version, all + at + 1, 2);
		if (all[at] == TLS_HANDSHAKE && (clear || is_13)) {
			memcpy(r.gathered + r.count, all + at + 5, body);
			r.count += body;
			continue;
		}
		flush_handshake(&r, each);
		clear = clear && all[at] != TLS_CHANGE_CIPHER_SPEC;
		write_record(&r, all[at], all + at + 5, body);
	}
	flush_handshake(&r, each);
	return r.length;
}
