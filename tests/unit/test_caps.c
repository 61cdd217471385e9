/*
 * Floods at small caps: a real session goes on between forged SYNs, idle connections, garbage and
 * forged data, and tells all it has to tell; tables stay at their caps, memory does not grow, and
 * what was given up is counted.
 */
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../sensor/limits.h"
#include "../../sensor/numbers.h"
#include "frame_builder.h"
#include "replay_capture.h"

#define FLOWS_MAX    2000
#define SESSIONS_MAX 500
#define FEW	     100  /* flows between two packets of the real session: fewer than the caps */
#define MANY	     3000 /* ... more than either */
#define HANDSHAKE    3	  /* packets of TCP's */
#define NS_PER_MS    1000000ull

struct flood {
	struct pipeline *pipeline;
	struct record real; /* the record of the real session */
	size_t real_count, records;
	uint64_t ns;
	uint32_t number; /* of the next forged flow */
};

/* What stands in one packet of a forged flow. */
struct step {
	bool server;
	uint8_t flags;
	const char *text;
};

#define SYN                                                                                        \
	{                                                                                          \
		false, FRAME_SYN, ""                                                               \
	}
#define SYN_ACK                                                                                    \
	{                                                                                          \
		true, FRAME_SYN | FRAME_ACK, ""                                                    \
	}
#define ACK                                                                                        \
	{                                                                                          \
		false, FRAME_ACK, ""                                                               \
	}

static const struct scenario {
	const char *name;
	unsigned flows; /* between two packets of the real session */
	bool telling;	/* they are sessions, and not told at all where that is false */
	struct step steps[8];
} scenarios[] = {
    {"SYNs", MANY, false, {SYN}},
    {"SYNs that are answered", MANY, false, {SYN, SYN_ACK}},
    {"silent connections", MANY, true, {SYN, SYN_ACK, ACK}},
    {"connections that are greeted", FEW, true,
	{SYN, SYN_ACK, ACK, {true, FRAME_ACK, "220 mx.example.net ESMTP\r\n"}}},
    {"garbage", FEW, true,
	{SYN, SYN_ACK, ACK, {false, FRAME_ACK, "\001\002\003 garbage \377\r\n"}}},
    {"garbage with replies", FEW, true,
	{SYN, SYN_ACK, ACK, {true, FRAME_ACK, "220 mx.example.net ESMTP\r\n"},
	    {false, FRAME_ACK, "\001\002\003 garbage \377\r\n"},
	    {true, FRAME_ACK, "500 what?\r\n"}}},
    {"forged data behind SYNs", MANY, true, {SYN, {false, FRAME_ACK, "EHLO forged.example\r\n"}}},
    {"forged data", MANY, true, {{false, FRAME_ACK, "EHLO forged.example\r\n"}}},
    {"forged replies", MANY, true, {{true, FRAME_ACK, "250-mx.example.net\r\n250 STARTTLS\r\n"}}},
};

static void take_record(void *context, const struct record *r)
{
	struct flood *f = context;
	static const uint8_t forged[] = {198, 18};

	f->records++;
	if (memcmp(r->client_ip.bytes + 12, forged, sizeof(forged)) == 0 ||
	    memcmp(r->server_ip.bytes + 12, forged, sizeof(forged)) == 0)
		return;
	memcpy(&f->real, r, record_size(r));
	f->real_count++;
}

static void send_step(struct flood *f, const struct step *step, uint32_t number, uint32_t sent[2])
{
	static struct frame_builder b;
	struct segment *s = &b.segment;
	struct frame_address client;

	frame_builder_begin(&b, false);
	s->source.bytes[12] = 198;
	s->source.bytes[13] = 18;
	s->source.bytes[14] = (uint8_t)(number >> 20);
	s->source.bytes[15] = (uint8_t)(number >> 12);
	s->source_port = (uint16_t)(1024 + number % 4096);
	if (step->server) {
		client = s->source;
		s->source = s->destination;
		s->destination = client;
		s->destination_port = s->source_port;
		s->source_port = 25;
	}
	s->flags = step->flags;
	s->sequence = 1000 + sent[step->server];
	s->acknowledgment = 1000 + sent[!step->server];
	s->payload = cursor_over(step->text, strlen(step->text));
	sent[step->server] += (uint32_t)strlen(step->text) + (step->flags & FRAME_SYN ? 1 : 0);
	frame_build(&b, "ethernet ipv4 tcp");
	f->ns += 100;
	pipeline_packet(f->pipeline, 1, f->ns, b.bytes, b.length, b.length);
}

static void forge(struct flood *f, const struct scenario *s, unsigned flows)
{
	for (unsigned i = 0; i < flows; i++) {
		uint32_t sent[2] = {0, 0};

		for (size_t step = 0; step < 8 && s->steps[step].text != NULL; step++)
			send_step(f, &s->steps[step], f->number, sent);
		f->number++;
		assert_true(pipeline_stats(f->pipeline)->flows_open <= FLOWS_MAX);
	}
}

/* The real session, with the flood between each two of its packets. Until it is connected it is a
 * SYN among others, of which the oldest go. */
static void play(struct flood *f, const struct packet_list *real, const struct scenario *s)
{
	for (size_t i = 0; i < real->count; i++) {
		f->ns += NS_PER_MS;
		replay_packet(f->pipeline, real, &real->packets[i], f->ns);
		forge(f, s, i < HANDSHAKE && s->flows > FEW ? FEW : s->flows);
	}
}

static size_t memory(void)
{
	struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
}

static void flood_with(const struct scenario *s, const struct packet_list *real)
{
	const struct pipeline_options options = {.flows_max = FLOWS_MAX,
	    .sessions_max = SESSIONS_MAX,
	    .sink = take_record,
	    .context = NULL};
	static struct flood f;
	static struct replayed truth;
	struct pipeline_options own = options;
	const struct pipeline_stats *stats;
	size_t once, twice;
	const char *what;

	f = (struct flood){.ns = real->packets[0].ns};
	own.context = &f;
	f.pipeline = pipeline_new(&own);
	replay(real, NULL, 0, &truth);
	assert_int_equal(truth.count, 1);

	play(&f, real, s);
	forge(&f, s, MANY);
	once = memory();
	forge(&f, s, MANY);
	twice = memory();
	if (twice > once + once / 10)
		fail_msg("%s: memory grew from %zu to %zu bytes", s->name, once, twice);
	stats = pipeline_stats(f.pipeline);
	if (stats->flows_evicted + stats->half_open_evicted == 0)
		fail_msg("%s: nobody was given up", s->name);
	if (!s->telling && stats->flows_evicted > 0)
		fail_msg("%s: %llu flows are said to be lost", s->name,
		    (unsigned long long)stats->flows_evicted);
	pipeline_finish(f.pipeline);
	if (f.real_count != 1)
		fail_msg("%s: %zu records of the real session", s->name, f.real_count);
	what = record_differs(&truth.records[0], &f.real, true);
	if (what != NULL)
		fail_msg("%s: %s of the real session differs (%d, %d)", s->name, what,
		    truth.records[0].confidence, f.real.confidence);
	pipeline_free(f.pipeline);
}

static void test_floods_push_out_no_session(void **state)
{
	static const char *const reals[] = {"tls12-exim-exim", "starttls-unused-exim-sendmail"};

	(void)state;
	for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
		for (size_t j = 0; j < sizeof(reals) / sizeof(reals[0]); j++)
			flood_with(&scenarios[i], captures_find(reals[j]));
}

/* A dialogue that made room for another has been told: what its connection says later is not a
 * session of its own. */
static void test_a_dialogue_given_up_is_told_once(void **state)
{
	static const struct step begin[] = {
	    SYN, SYN_ACK, ACK, {true, FRAME_ACK, "220 mx.example.net ESMTP\r\n"}};
	static const struct step rest[] = {{false, FRAME_ACK, "EHLO client.example\r\n"},
	    {true, FRAME_ACK, "250 mx.example.net\r\n"},
	    {false, FRAME_ACK, "MAIL FROM:<a@client.example>\r\n"}};
	static struct flood f;
	const struct pipeline_options options = {
	    .sessions_max = 1, .sink = take_record, .context = &f};
	uint32_t sent[2][2] = {{0}};

	(void)state;
	f = (struct flood){.ns = NS_PER_MS, .pipeline = pipeline_new(&options)};
	for (uint32_t number = 0; number < 2; number++)
		for (size_t i = 0; i < sizeof(begin) / sizeof(begin[0]); i++)
			send_step(&f, &begin[i], number, sent[number]);
	assert_int_equal(pipeline_stats(f.pipeline)->sessions_evicted, 1);
	for (unsigned pause = 0; pause < 3; pause++)
		for (uint32_t number = 0; number < 2; number++) {
			f.ns += 8000 * NS_PER_MS;
			send_step(&f, &rest[pause], number, sent[number]);
		}
	pipeline_finish(f.pipeline);
	assert_int_equal(f.records, 2);
	assert_int_equal(pipeline_stats(f.pipeline)->sessions_evicted, 1);
	pipeline_free(f.pipeline);
}

static void send_fragment(struct pipeline *p, unsigned offset, unsigned identification)
{
	static struct frame_builder b;
	char layers[64];

	frame_builder_begin(&b, true);
	b.segment.payload = cursor_over("EHLO", 4); /* 24 bytes with TCP's header */
	snprintf(
	    layers, sizeof(layers), "ethernet ipv6 fragment:%u:1:%u tcp", offset, identification);
	frame_build(&b, layers);
	pipeline_packet(p, 1, NS_PER_MS, b.bytes, b.length, b.length);
}

static void test_fragments_given_up_are_counted(void **state)
{
	const struct pipeline_options options = {.sink = take_record};
	struct pipeline *p = pipeline_new(&options);
	struct sensor_numbers n;

	(void)state;
	for (unsigned i = 0; i < LIMIT_FRAGMENT_DATAGRAMS + 10; i++)
		send_fragment(p, 0, i + 1);
	assert_int_equal(pipeline_stats(p)->held_refused, 10);
	for (unsigned i = 1; i <= LIMIT_FRAGMENTS; i++)
		send_fragment(p, 24 * i, LIMIT_FRAGMENT_DATAGRAMS + 10);
	numbers_of_pipeline(&n, pipeline_stats(p));
	assert_int_equal(n.held_refused, 11);
	assert_int_equal(n.frames_malformed, 0);
	pipeline_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_floods_push_out_no_session),
	    cmocka_unit_test(test_a_dialogue_given_up_is_told_once),
	    cmocka_unit_test(test_fragments_given_up_are_counted),
	};

	return cmocka_run_group_tests(tests, captures_set_up, captures_tear_down);
}
