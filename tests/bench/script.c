/* Captures into scripts: payloads in order -> turns -> grown turns -> segments. */
#include "script.h"

#include <err.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <pcap/pcap.h>

#include "../../parsers/frame.h"
#include "../../parsers/side.h"

#define TURNS_MAX 64
#define FLIGHT_BYTES                                                                               \
	3000 /* a leaf and an intermediate certificate of 2048 bits, with the messages around them \
	      */
#define RECORD_HEADER 5
#define RECORD_MAX    16384 /* RFC 8446 section 5.1 */

enum { RECORD_HANDSHAKE = 22, RECORD_DATA = 23, MESSAGE_CERTIFICATE = 11, EXIT_USAGE = 2 };

struct turn { /* what one side says before the other answers */
	enum side side;
	uint8_t *bytes;
	size_t length;
};

struct talk {
	struct turn turns[TURNS_MAX];
	size_t count;
	uint32_t next[SIDES];
	uint16_t client_port; /* 0: no SYN yet */
};

static void *more(void *memory, size_t size)
{
	memory = realloc(memory, size);
	if (memory == NULL)
		errx(EXIT_FAILURE, "out of memory");
	return memory;
}

/* Makes room for `length` bytes at `at`. */
static uint8_t *turn_open(struct turn *t, size_t at, size_t length)
{
	t->bytes = more(t->bytes, t->length + length);
	memmove(t->bytes + at + length, t->bytes + at, t->length - at);
	t->length += length;
	return t->bytes + at;
}

static struct turn *turn_of(struct talk *talk, enum side side)
{
	struct turn *last = talk->count > 0 ? &talk->turns[talk->count - 1] : NULL;

	if (last != NULL && last->side == side)
		return last;
	if (talk->count == TURNS_MAX)
		errx(EXIT_USAGE, "a capture has more than %d turns; take a shorter one", TURNS_MAX);
	talk->turns[talk->count] = (struct turn){.side = side};
	return &talk->turns[talk->count++];
}

/* The captures are whole and in order but for retransmissions. */
static void take_segment(struct talk *talk, const struct segment *s)
{
	enum side side;
	uint32_t sequence = s->sequence;

	if (s->flags & FRAME_SYN && !(s->flags & FRAME_ACK))
		talk->client_port = s->source_port;
	side = s->source_port == talk->client_port ? SIDE_CLIENT : SIDE_SERVER;
	if (s->flags & FRAME_SYN)
		talk->next[side] = ++sequence;
	if (s->payload.left == 0 || sequence != talk->next[side])
		return;
	memcpy(turn_open(turn_of(talk, side), turn_of(talk, side)->length, s->payload.left),
	    s->payload.at, s->payload.left);
	talk->next[side] += (uint32_t)s->payload.left;
}

static void read_capture(struct talk *talk, const char *path)
{
	char why[PCAP_ERRBUF_SIZE];
	pcap_t *capture = pcap_open_offline(path, why);
	struct pcap_pkthdr *header;
	const u_char *frame;
	struct segment s;

	if (capture == NULL)
		errx(EXIT_USAGE, "%s; record the captures first: tests/record/record", why);
	while (pcap_next_ex(capture, &header, &frame) == 1)
		if (frame_decode(pcap_datalink(capture), frame, header->caplen, header->len, &s,
			NULL) == RESULT_OK)
			take_segment(talk, &s);
	pcap_close(capture);
	if (talk->client_port == 0 || talk->count == 0)
		errx(
		    EXIT_USAGE, "%s: holds no connection with its SYN; take another capture", path);
}

static size_t get(const uint8_t *at, int bytes)
{
	size_t value = 0;

	while (bytes-- > 0)
		value = value << 8 | *at++;
	return value;
}

static void add(uint8_t *at, int bytes, size_t value)
{
	value += get(at, bytes);
	while (bytes-- > 0)
		*at++ = (uint8_t)(value >> 8 * bytes);
}

/* xorshift64*: what is encrypted looks like this. */
static void fill(uint8_t *at, size_t length)
{
	uint64_t x = 0x9e3779b97f4a7c15u;

	for (size_t i = 0; i < length; i++) {
		x ^= x >> 12;
		x ^= x << 25;
		x ^= x >> 27;
		at[i] = (uint8_t)(x * 0x2545f4914f6cdd1du >> 56);
	}
}

/* Appends the chain to itself. */
static void grow_certificates(struct turn *t, size_t record)
{
	size_t list = record + RECORD_HEADER + 7, length = get(t->bytes + list - 3, 3);

	while (t->length < FLIGHT_BYTES) {
		memcpy(turn_open(t, list + length, length), t->bytes + list, length);
		add(t->bytes + record + 3, 2, length);
		add(t->bytes + record + RECORD_HEADER + 1, 3, length);
		add(t->bytes + list - 3, 3, length);
		length *= 2;
	}
}

static void grow_encrypted(struct turn *t, size_t record)
{
	size_t end = record + RECORD_HEADER + get(t->bytes + record + 3, 2);
	size_t length = t->length < FLIGHT_BYTES ? FLIGHT_BYTES - t->length : 0;

	fill(turn_open(t, end, length), length);
	add(t->bytes + record + 3, 2, length);
}

/* In TLS 1.3 the certificates are in the longest encrypted record. */
static void grow_flight(struct turn *t)
{
	size_t longest = t->length, most = 0, length;

	for (size_t at = 0; at + RECORD_HEADER < t->length; at += RECORD_HEADER + length) {
		length = get(t->bytes + at + 3, 2);
		if (t->bytes[at] == RECORD_HANDSHAKE &&
		    t->bytes[at + RECORD_HEADER] == MESSAGE_CERTIFICATE) {
			grow_certificates(t, at);
			return;
		}
		if (t->bytes[at] == RECORD_DATA && length > most) {
			longest = at;
			most = length;
		}
	}
	if (most > 0)
		grow_encrypted(t, longest);
}

/* Adds records of encrypted data. */
static void grow_mail(struct turn *t, size_t length)
{
	size_t body;
	uint8_t *record;

	for (; length > RECORD_HEADER; length -= RECORD_HEADER + body) {
		body = length - RECORD_HEADER < RECORD_MAX ? length - RECORD_HEADER : RECORD_MAX;
		record = turn_open(t, t->length, RECORD_HEADER + body);
		memcpy(record, t->bytes, 3); /* type and version of the turn's first */
		memset(record + 3, 0, 2);
		add(record + 3, 2, body);
		fill(record + RECORD_HEADER, body);
	}
}

static size_t talk_length(const struct talk *talk)
{
	size_t length = 0;

	for (size_t i = 0; i < talk->count; i++)
		length += talk->turns[i].length;
	return length;
}

static void grow(struct talk *talk, const char *path, size_t length)
{
	struct turn *flight = NULL, *mail = NULL, *t;

	for (size_t i = 0; i < talk->count; i++) {
		t = &talk->turns[i];
		if (flight == NULL && t->side == SIDE_SERVER && t->bytes[0] == RECORD_HANDSHAKE)
			flight = t;
		if (t->side == SIDE_CLIENT && t->bytes[0] == RECORD_DATA &&
		    (mail == NULL || t->length > mail->length))
			mail = t;
	}
	if (flight == NULL || mail == NULL)
		errx(EXIT_USAGE,
		    "%s: holds no TLS handshake with mail behind it; take another capture", path);
	grow_flight(flight);
	if (length > talk_length(talk))
		grow_mail(mail, length - talk_length(talk));
}

/* Adds a step; what it takes of its side's sequence numbers is counted in `said`. */
static void add_step(
    struct script *s, uint32_t said[SIDES], enum side side, uint8_t flags, size_t at, size_t length)
{
	s->steps[s->step_count++] = (struct step){
	    .side = (uint8_t)side,
	    .flags = flags,
	    .length = (uint16_t)length,
	    .at = (uint32_t)at,
	    .sequence = said[side],
	    .acknowledgment = flags & FRAME_ACK ? said[side_other(side)] : 0,
	};
	said[side] += (uint32_t)length + (flags & (FRAME_SYN | FRAME_FIN) ? 1 : 0);
}

/* Full segments, every second one acknowledged by itself; the last one by what the other side says
 * next. */
static void add_turn(struct script *s, uint32_t said[SIDES], const struct turn *t, size_t at)
{
	size_t left = t->length, length;

	for (unsigned n = 1; left > 0; n++) {
		length = left < SCRIPT_MSS ? left : SCRIPT_MSS;
		left -= length;
		add_step(
		    s, said, t->side, left > 0 ? FRAME_ACK : FRAME_ACK | FRAME_PSH, at, length);
		if (left > 0 && n % 2 == 0)
			add_step(s, said, side_other(t->side), FRAME_ACK, 0, 0);
		at += length;
	}
}

static void add_steps(struct script *s, const struct talk *talk)
{
	uint32_t said[SIDES] = {0};
	size_t at = 0;

	add_step(s, said, SIDE_CLIENT, FRAME_SYN, 0, 0);
	add_step(s, said, SIDE_SERVER, FRAME_SYN | FRAME_ACK, 0, 0);
	add_step(s, said, SIDE_CLIENT, FRAME_ACK, 0, 0);
	for (size_t i = 0; i < talk->count; i++) {
		add_turn(s, said, &talk->turns[i], at);
		memcpy(s->bytes + at, talk->turns[i].bytes, talk->turns[i].length);
		at += talk->turns[i].length;
		if (i == 0) /* the banner: the client looks before it speaks */
			add_step(s, said, SIDE_CLIENT, FRAME_ACK, 0, 0);
	}
	add_step(s, said, SIDE_CLIENT, FRAME_FIN | FRAME_ACK, 0, 0);
	add_step(s, said, SIDE_SERVER, FRAME_FIN | FRAME_ACK, 0, 0);
	add_step(s, said, SIDE_CLIENT, FRAME_ACK, 0, 0);
}

void script_read(struct script *s, const char *path, size_t length)
{
	struct talk talk = {0};
	size_t steps = 7; /* SYNs, FINs and the ACK of the banner */

	read_capture(&talk, path);
	grow(&talk, path, length);
	for (size_t i = 0; i < talk.count; i++)
		steps += (talk.turns[i].length / SCRIPT_MSS + 1) * 2;
	s->name = path;
	s->bytes = more(NULL, talk_length(&talk));
	s->steps = more(NULL, steps * sizeof(*s->steps));
	add_steps(s, &talk);
	for (size_t i = 0; i < talk.count; i++)
		free(talk.turns[i].bytes);
}

void script_free(struct script *s)
{
	free(s->steps);
	free(s->bytes);
}
