/*
 * A whole conversation as steps: a byte that says what (bit 0 the side; bit 1 a gap instead of
 * bytes; bit 2 lend no memory), two of length, then the bytes (none for a gap). Checked besides
 * memory: the feed always ends, the facts hold together, and fed in small pieces the same facts
 * come out, and the same is handed over.
 */
#include <stdlib.h>

#include "../../parsers/fingerprint.h"

#include "../../parsers/tls_handshake.h"

#define PIECE 7

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct run {
	struct tls_handshake h;
	uint8_t *memory[SIDES];
	uint32_t handed[SIDES]; /* a sum of all that was handed over */
};

static void lend(struct run *r, enum side side, bool nothing)
{
	size_t wants = r->h.side[side].wants;

	if (wants == 0 || wants > TLS_MESSAGE_MAX)
		abort();
	if (nothing) {
		tls_handshake_lend(&r->h, side, NULL, 0);
		return;
	}
	r->memory[side] = realloc(r->memory[side], wants);
	if (r->memory[side] == NULL)
		abort();
	tls_handshake_lend(&r->h, side, r->memory[side], wants);
}

static void add_up(struct run *r, enum side side, const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		r->handed[side] = r->handed[side] * 31 + bytes[i];
	r->handed[side] = r->handed[side] * 31 + (uint32_t)length;
}

/* What is handed over is read to its end: the sanitizer sees whether it is there. */
static void take(struct run *r, enum side side, const struct tls_handover *handover)
{
	static uint8_t key[FINGERPRINT_KEY_MAX];
	static char text[FINGERPRINT_TEXT_MAX];
	static struct fingerprint_ja4 ja4;

	switch (handover->kind) {
	case TLS_HANDOVER_CLIENT_HELLO:
		add_up(r, side, key, fingerprint_client_key(&handover->client, key));
		if (fingerprint_ja3(&handover->client, text))
			add_up(r, side, (uint8_t *)text, strlen(text));
		if (fingerprint_ja4(&handover->client, &ja4))
			add_up(r, side, (uint8_t *)&ja4.head, strlen(ja4.head));
		break;
	case TLS_HANDOVER_SERVER_HELLO:
		add_up(r, side, key, fingerprint_server_key(&handover->server, key));
		if (fingerprint_ja3s(&handover->server, text))
			add_up(r, side, (uint8_t *)text, strlen(text));
		break;
	case TLS_HANDOVER_CERTIFICATES:
		if (handover->chain_length == 0 || handover->leaf.left == 0)
			abort();
		add_up(r, side, handover->leaf.at, handover->leaf.left);
		break;
	default:
		abort();
	}
}

static void feed(struct run *r, enum side side, struct cursor bytes, bool nothing)
{
	/* A copy of its own: nothing may be kept of it. */
	uint8_t *copy = malloc(bytes.left + 1);
	struct cursor in = cursor_over(copy, bytes.left);
	struct tls_handover handover;
	int result;

	if (copy == NULL)
		abort();
	if (bytes.left > 0)
		memcpy(copy, bytes.at, bytes.left);
	while ((result = tls_handshake_feed(&r->h, side, &in, &handover)) == RESULT_ROOM ||
	       result == RESULT_HANDOVER) {
		if (result == RESULT_ROOM)
			lend(r, side, nothing);
		else
			take(r, side, &handover);
	}
	free(copy);
}

static void step(struct run *r, struct cursor *script, size_t each)
{
	struct cursor bytes, piece;
	uint8_t what = 0;
	uint16_t length = 0;

	if (!cursor_u8(script, &what) || !cursor_u16(script, &length)) {
		script->left = 0;
		return;
	}
	if ((what & 2) != 0) {
		tls_handshake_gap(&r->h, what & 1, length);
		return;
	}
	if (!cursor_take(script, length < script->left ? length : script->left, &bytes))
		abort();
	while (cursor_take(&bytes, bytes.left < each ? bytes.left : each, &piece) && piece.left > 0)
		feed(r, what & 1, piece, (what & 4) != 0);
}

static void check_facts(const struct tls_facts *f)
{
	bool hello = (f->seen & TLS_SAW_SERVER_HELLO) != 0;

	if (hello != (f->version != 0) ||
	    memchr(f->server_name, 0, sizeof(f->server_name)) == NULL ||
	    memchr(f->next_protocol, 0, sizeof(f->next_protocol)) == NULL ||
	    memchr(f->history, 0, sizeof(f->history)) == NULL || f->alert.level > 2)
		abort();
}

/* Of texts, what stands behind their NUL does not count. */
static bool same_facts(const struct tls_facts *a, const struct tls_facts *b)
{
	return memcmp(a, b, offsetof(struct tls_facts, history)) == 0 &&
	       strcmp(a->server_name, b->server_name) == 0 &&
	       strcmp(a->next_protocol, b->next_protocol) == 0 &&
	       strcmp(a->history, b->history) == 0;
}

static void run(struct run *r, struct cursor script, size_t each)
{
	tls_handshake_init(&r->h);
	r->memory[0] = r->memory[1] = NULL;
	r->handed[0] = r->handed[1] = 0;
	while (script.left > 0)
		step(r, &script, each);
	check_facts(&r->h.facts);
	(void)tls_handshake_complete(&r->h);
	free(r->memory[0]);
	free(r->memory[1]);
}

static bool lends_always(struct cursor script)
{
	uint8_t what;
	uint16_t length;

	while (cursor_u8(&script, &what) && cursor_u16(&script, &length)) {
		if ((what & 4) != 0)
			return false;
		if ((what & 2) == 0 &&
		    !cursor_skip(&script, length < script.left ? length : script.left))
			return false;
	}
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct run whole, pieces;
	struct cursor script = cursor_over(data, size);

	run(&whole, script, SIZE_MAX);
	run(&pieces, script, PIECE);
	/* Whether it is text is judged by the bytes at hand. */
	whole.h.facts.seen &= ~(uint32_t)TLS_DOWNGRADED_TO_LINES;
	pieces.h.facts.seen &= ~(uint32_t)TLS_DOWNGRADED_TO_LINES;
	/* What is wanted of memory depends on the pieces; where it is always lent, nothing else
	 * may. */
	if (!lends_always(script))
		return 0;
	if (!same_facts(&whole.h.facts, &pieces.h.facts) ||
	    memcmp(whole.handed, pieces.handed, sizeof(whole.handed)) != 0)
		abort();
	return 0;
}
