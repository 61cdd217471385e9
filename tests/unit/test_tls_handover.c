/*
 * What the handshake hands over: the same bytes however the conversation is cut, the sender's own
 * certificate of lists of every kind, and nothing of what is malformed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "../../parsers/fingerprint.h"
#include "tls_conversation.h"

#define LEAF_MAX 4096

static struct conversation talk;

struct taken {
	unsigned count[TLS_HANDOVER_CERTIFICATES + 1];
	uint8_t chain_length[SIDES];
	size_t leaf_length[SIDES];
	uint8_t leaf[SIDES][LEAF_MAX];
	char ja3[FINGERPRINT_TEXT_MAX], ja3s[FINGERPRINT_TEXT_MAX];
};

struct listener {
	struct tls_handshake h;
	uint8_t *memory[SIDES];
	struct taken taken;
};

static void begin(struct listener *l)
{
	memset(l, 0, sizeof(*l));
	tls_handshake_init(&l->h);
}

static void end(struct listener *l)
{
	free(l->memory[0]);
	free(l->memory[1]);
}

static void take(struct taken *t, enum side side, const struct tls_handover *handover)
{
	assert_in_range(handover->kind, TLS_HANDOVER_NONE + 1, TLS_HANDOVER_CERTIFICATES);
	t->count[handover->kind]++;
	if (handover->kind == TLS_HANDOVER_CLIENT_HELLO) {
		assert_int_equal(side, SIDE_CLIENT);
		assert_true(fingerprint_ja3(&handover->client, t->ja3));
	} else if (handover->kind == TLS_HANDOVER_SERVER_HELLO) {
		assert_int_equal(side, SIDE_SERVER);
		assert_true(fingerprint_ja3s(&handover->server, t->ja3s));
	} else {
		assert_in_range(handover->leaf.left, 1, LEAF_MAX);
		t->chain_length[side] = handover->chain_length;
		t->leaf_length[side] = handover->leaf.left;
		memcpy(t->leaf[side], handover->leaf.at, handover->leaf.left);
	}
}

static void feed(struct listener *l, enum side side, const uint8_t *bytes, size_t length)
{
	uint8_t *copy = malloc(length + 1);
	struct cursor in = cursor_over(copy, length);
	struct tls_handover handover;
	size_t wants;
	int result;

	assert_non_null(copy);
	memcpy(copy, bytes, length);
	while ((result = tls_handshake_feed(&l->h, side, &in, &handover)) == RESULT_ROOM ||
	       result == RESULT_HANDOVER) {
		if (result == RESULT_HANDOVER) {
			take(&l->taken, side, &handover);
			continue;
		}
		wants = l->h.side[side].wants;
		l->memory[side] = realloc(l->memory[side], wants);
		assert_non_null(l->memory[side]);
		tls_handshake_lend(&l->h, side, l->memory[side], wants);
	}
	free(copy);
}

static void feed_flights(struct listener *l, size_t each)
{
	for (size_t i = 0; i < talk.flight_count; i++) {
		const struct flight *f = &talk.flights[i];

		for (size_t at = 0; at < f->length; at += each)
			feed(l, f->side, f->bytes + at,
			    f->length - at < each ? f->length - at : each);
	}
}

static bool has(const char *line)
{
	return strstr(talk.expected, line) != NULL;
}

static bool shows_certificate(void)
{
	const char *history = strstr(talk.expected, "history ");

	return history != NULL && history[strcspn(history, "x\n")] == 'x';
}

static void same(const struct taken *a, const struct taken *b)
{
	assert_memory_equal(a, b, sizeof(*a));
}

/* DER says its own length. */
static void is_der(const uint8_t *der, size_t length)
{
	assert_true(length > 4);
	assert_int_equal(der[0], 0x30);
	assert_int_equal(der[1], 0x82);
	assert_int_equal(der[2] << 8 | der[3], length - 4);
}

static void every_conversation(void **state)
{
	struct listener whole, pieces;

	(void)state;
	for (const char *const *name = conversation_names; *name != NULL; name++) {
		conversation_load(&talk, *name);
		begin(&whole);
		feed_flights(&whole, SIZE_MAX / 2);
		end(&whole);
		assert_int_equal(whole.taken.count[TLS_HANDOVER_CLIENT_HELLO], 1);
		assert_int_equal(whole.taken.count[TLS_HANDOVER_SERVER_HELLO], has("\nversion "));
		assert_int_equal(whole.taken.count[TLS_HANDOVER_CERTIFICATES],
		    shows_certificate() + has("client_certificate requested sent"));
		if (shows_certificate())
			is_der(whole.taken.leaf[SIDE_SERVER], whole.taken.leaf_length[SIDE_SERVER]);
		for (size_t each = 1; each < 40; each++) {
			begin(&pieces);
			feed_flights(&pieces, each);
			end(&pieces);
			same(&pieces.taken, &whole.taken);
		}
	}
}

static void split_at_every_byte(void **state)
{
	struct listener whole, split;

	(void)state;
	conversation_load(&talk, "tls12-client-certificate");
	begin(&whole);
	feed_flights(&whole, SIZE_MAX / 2);
	end(&whole);
	assert_int_equal(whole.taken.count[TLS_HANDOVER_CERTIFICATES], 2);
	for (size_t i = 0; i < talk.flight_count; i++)
		for (size_t at = 0; at < talk.flights[i].length; at++) {
			begin(&split);
			for (size_t j = 0; j < talk.flight_count; j++) {
				const struct flight *f = &talk.flights[j];
				size_t first = j == i ? at : 0;

				feed(&split, f->side, f->bytes, first);
				feed(&split, f->side, f->bytes + first, f->length - first);
			}
			end(&split);
			same(&split.taken, &whole.taken);
		}
}

/* With its end missing, what is handed over is whole all the same. */
static void cut_at_every_byte(void **state)
{
	const struct flight *server;
	struct listener whole, cut;

	(void)state;
	conversation_load(&talk, "tls12");
	server = &talk.flights[1];
	begin(&whole);
	feed_flights(&whole, SIZE_MAX / 2);
	end(&whole);
	for (size_t length = 0; length < server->length; length++) {
		begin(&cut);
		feed(&cut, SIDE_CLIENT, talk.flights[0].bytes, talk.flights[0].length);
		feed(&cut, SIDE_SERVER, server->bytes, length);
		end(&cut);
		if (cut.taken.count[TLS_HANDOVER_CERTIFICATES] > 0)
			assert_memory_equal(cut.taken.leaf, whole.taken.leaf, LEAF_MAX);
	}
}

/* ---- Lists made by hand ---- */

static void feed_message(
    struct listener *l, enum side side, uint8_t type, const uint8_t *body, size_t length)
{
	uint8_t message[256] = {0x16, 3, 3, 0, (uint8_t)(length + 4), type, 0, 0, (uint8_t)length};

	assert_true(length + 9 < sizeof(message));
	memcpy(message + 9, body, length);
	feed(l, side, message, length + 9);
}

static const uint8_t three[] = {
    0, 0, 18, 0, 0, 4, 'l', 'e', 'a', 'f', 0, 0, 2, 'c', 'a', 0, 0, 3, 'r', 'o', 'o'};

static void takes_the_first(void **state)
{
	struct listener l;

	(void)state;
	for (int side = 0; side < SIDES; side++) {
		begin(&l);
		feed_message(&l, (enum side)side, 11, three, sizeof(three));
		end(&l);
		assert_int_equal(l.taken.chain_length[side], 3);
		assert_int_equal(l.taken.leaf_length[side], 4);
		assert_memory_equal(l.taken.leaf[side], "leaf", 4);
		assert_false(l.h.facts.seen & TLS_MALFORMED);
	}
}

static void refuses_lists_that_cannot_be(void **state)
{
	static const uint8_t empty_one[] = {0, 0, 3, 0, 0, 0}, none[] = {0, 0, 0},
			     behind[] = {0, 0, 4, 0, 0, 1, 'a', 'b'};
	const struct {
		const uint8_t *body;
		size_t length;
		bool malformed;
	} rows[] = {{empty_one, sizeof(empty_one), true}, {none, sizeof(none), false},
	    {behind, sizeof(behind), true}, {three, 0, true}};
	struct listener l;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin(&l);
		feed_message(&l, SIDE_SERVER, 11, rows[i].body, rows[i].length);
		end(&l);
		assert_int_equal(l.taken.count[TLS_HANDOVER_CERTIFICATES], 0);
		assert_int_equal((l.h.facts.seen & TLS_MALFORMED) != 0, rows[i].malformed);
	}
	for (size_t length = 1; length < sizeof(three); length++) {
		begin(&l);
		feed_message(&l, SIDE_SERVER, 11, three, length);
		end(&l);
		assert_int_equal(l.taken.count[TLS_HANDOVER_CERTIFICATES], 0);
		assert_true(l.h.facts.seen & TLS_MALFORMED);
	}
}

/* A ServerHello of TLS 1.2 with certificate types (RFC 7250), of itself and of the client. */
static void say_server_hello(struct listener *l, uint8_t server_type, uint8_t client_type)
{
	const uint8_t behind[] = {
	    0, 0xc0, 0x2f, 0, 0, 10, 0, 20, 0, 1, server_type, 0, 19, 0, 1, client_type};
	uint8_t body[2 + 32 + sizeof(behind)] = {3, 3};

	memcpy(body + 2 + 32, behind, sizeof(behind));
	feed_message(l, SIDE_SERVER, 2, body, sizeof(body));
}

static void leaves_raw_keys_alone(void **state)
{
	struct listener l;

	(void)state;
	for (uint8_t types = 0; types < 4; types++) {
		uint8_t server = types & 1 ? 2 : 0, client = types & 2 ? 2 : 0;

		begin(&l);
		say_server_hello(&l, server, client);
		assert_int_equal(l.taken.count[TLS_HANDOVER_SERVER_HELLO], 1);
		feed_message(&l, SIDE_SERVER, 11, three, sizeof(three));
		feed_message(&l, SIDE_CLIENT, 11, three, sizeof(three));
		end(&l);
		assert_int_equal(l.taken.chain_length[SIDE_SERVER], server == 0 ? 3 : 0);
		assert_int_equal(l.taken.chain_length[SIDE_CLIENT], client == 0 ? 3 : 0);
		assert_false(l.h.facts.seen & TLS_MALFORMED);
	}
}

/* SSL 2 has it in its hello, where the kind is 1 (X.509). */
static void takes_that_of_ssl2(void **state)
{
	uint8_t hello[] = {0x80, 37, 4, 0, 1, 0, 2, 0, 4, 0, 6, 0, 16, 'l', 'e', 'a', 'f', 1, 0,
	    0x80, 7, 0, 0xc0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
	struct listener l;

	(void)state;
	for (uint8_t kind = 0; kind < 3; kind++) {
		hello[4] = kind;
		begin(&l);
		feed(&l, SIDE_SERVER, hello, sizeof(hello));
		end(&l);
		assert_int_equal(l.h.facts.version, TLS_VERSION_SSL2);
		assert_int_equal(l.taken.count[TLS_HANDOVER_SERVER_HELLO], 0);
		assert_int_equal(l.taken.leaf_length[SIDE_SERVER], kind == 1 ? 4 : 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_conversation),
	    cmocka_unit_test(split_at_every_byte),
	    cmocka_unit_test(cut_at_every_byte),
	    cmocka_unit_test(takes_the_first),
	    cmocka_unit_test(refuses_lists_that_cannot_be),
	    cmocka_unit_test(leaves_raw_keys_alone),
	    cmocka_unit_test(takes_that_of_ssl2),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
