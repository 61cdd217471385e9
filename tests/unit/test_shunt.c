/*
 * The kernel's filter with shunting, run by the kernel on crafted frames: it lets through what the
 * classic one does, and of shunted flows what it must. Needs root, and a kernel that takes it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef TLSVANE_SHUNT

int main(void)
{
	puts("skip shunting: built without clang or libbpf");
	return 77;
}

#else

#include <cmocka.h>

/* For a look into the table. */
#include "../../sensor/shunt.c"
#include "classic_filter.h"
#include "filter_frames.h"
#include "frame_builder.h"
#include "frame_cases.h"

#define ETHERNET 1
#define COOKED	 113
#define MUTANTS	 20000
#define CASES	 (sizeof(cases) / sizeof(cases[0]))

static struct shunt *shunt, *any_port, *no_tags;

static int open_all(void **state)
{
	char error[SHUNT_ERROR_MAX];
	struct ports ports = ports_default;

	(void)state;
	assert_true(ports_parse("25,587", &ports));
	shunt = shunt_open(&ports, false, false, error);
	any_port = shunt_open(&ports, true, false, error);
	no_tags = shunt_open(&ports, false, true, error);
	if (shunt == NULL || any_port == NULL || no_tags == NULL)
		print_message("skip: %s\n", error);
	return 0;
}

static int close_all(void **state)
{
	(void)state;
	shunt_close(shunt);
	shunt_close(any_port);
	shunt_close(no_tags);
	return 0;
}

static void need_kernel(void)
{
	if (shunt == NULL || any_port == NULL || no_tags == NULL)
		skip();
}

static void build(struct frame_builder *b, const char *layers, bool ipv6, uint8_t flags)
{
	frame_builder_begin(b, ipv6);
	b->segment.flags = flags;
	frame_build(b, layers);
}

static bool passes(const struct shunt *s, int link_type, const struct frame_builder *b)
{
	int result = shunt_try(s, link_type, b->bytes, b->length);

	assert_true(result >= 0);
	return result;
}

static void add(struct shunt *s, const struct flow *f)
{
	shunt_add(s, f);
	shunt_settle(s);
}

static void forget(struct shunt *s, const struct flow *f)
{
	shunt_remove(s, f);
	shunt_settle(s);
}

static void test_lets_mail_through(void **state)
{
	struct frame_builder b;

	(void)state;
	need_kernel();
	for (size_t i = 0; i < CASES; i++) {
		if (cases[i].result != RESULT_OK || cases[i].link_type != ETHERNET)
			continue;
		build(&b, cases[i].layers, cases[i].traits & IPV6, FRAME_ACK);
		if (!passes(shunt, ETHERNET, &b) || !passes(any_port, ETHERNET, &b) ||
		    !passes(shunt, COOKED, &b))
			fail_msg("%s is not let through", cases[i].name);
	}
}

static void test_lets_fragments_through(void **state)
{
	struct frame_builder b;

	(void)state;
	need_kernel();
	for (size_t i = 0; i < FRAMES_FRAGMENTS; i++) {
		build(&b, frames_fragments[i], strstr(frames_fragments[i], "ipv6") != NULL,
		    FRAME_ACK);
		if (!passes(shunt, ETHERNET, &b))
			fail_msg("%s is not let through", frames_fragments[i]);
	}
}

static void test_keeps_the_rest_out(void **state)
{
	struct frame_builder b;

	(void)state;
	need_kernel();
	for (size_t i = 0; i < FRAMES_OTHERS; i++) {
		build(&b, frames_others[i], strstr(frames_others[i], "ipv6") != NULL, FRAME_ACK);
		if (passes(shunt, ETHERNET, &b) || passes(any_port, ETHERNET, &b) ||
		    passes(shunt, COOKED, &b))
			fail_msg("%s is let through", frames_others[i]);
	}
	frame_builder_begin(&b, false);
	b.segment.destination_port = 443;
	frame_build(&b, "ethernet vlan:7 ipv4 tcp");
	assert_false(passes(shunt, ETHERNET, &b));
	assert_true(passes(any_port, ETHERNET, &b));
}

/* Frames with bytes that no sender would put there: what the classic filter lets through, this one
 * does, too. */
static void test_is_no_stricter_than_the_classic_filter(void **state)
{
	struct ports ports = ports_default;
	struct classic_filter *classic;
	struct frame_builder b;
	uint64_t random = 1;
	unsigned through = 0;

	(void)state;
	need_kernel();
	assert_true(ports_parse("25,587", &ports));
	classic = classic_filter_new(&ports);
	for (unsigned i = 0; i < MUTANTS; i++) {
		const struct frame_case *c = &cases[i % CASES];

		if (c->link_type != ETHERNET)
			continue;
		build(&b, c->layers, c->traits & IPV6, FRAME_ACK);
		for (unsigned change = 0; change < 1 + i % 3; change++) {
			random = random * 6364136223846793005u + 1442695040888963407u;
			b.bytes[12 + (random >> 33) % 48] = (uint8_t)(random >> 56);
		}
		if (b.length < 64 || !classic_filter_passes(classic, b.bytes, b.length))
			continue;
		through++;
		if (!passes(shunt, ETHERNET, &b))
			fail_msg("%s, change %u is not let through", c->name, i);
	}
	assert_true(through > MUTANTS / 10);
	classic_filter_free(classic);
}

/* The flow of a frame, as the pipeline would name it. */
static struct flow flow_of(const struct frame_builder *b)
{
	struct fragment fragment;
	struct segment s;

	assert_int_equal(
	    frame_decode(ETHERNET, b->bytes, b->length, b->length, &s, &fragment), RESULT_OK);
	return (struct flow){.client = s.source,
	    .server = s.destination,
	    .client_port = s.source_port,
	    .server_port = s.destination_port,
	    .vlan = s.vlan,
	    .inner_vlan = s.inner_vlan};
}

/* The same flow's frame from the other side. */
static void build_reply(struct frame_builder *b, const char *layers, bool ipv6, uint8_t flags)
{
	struct segment *s = &b->segment, was;

	frame_builder_begin(b, ipv6);
	was = *s;
	s->source = was.destination;
	s->destination = was.source;
	s->source_port = was.destination_port;
	s->destination_port = was.source_port;
	s->flags = flags;
	frame_build(b, layers);
}

static const struct {
	const char *layers;
	bool ipv6;
} shuntable[] = {
    {"ethernet ipv4 tcp", false},
    {"ethernet ipv4:10 tcp:10", false},
    {"ethernet ipv6 tcp", true},
    {"ethernet vlan:7 ipv4 tcp", false},
    {"ethernet vlan:0 vlan:9 ipv4 tcp", false},
    {"ethernet vlan_service:4094 vlan:8 ipv6 tcp", true},
};

#define SHUNTABLE (sizeof(shuntable) / sizeof(shuntable[0]))

static void test_drops_shunted_flows(void **state)
{
	static const uint8_t pass[] = {
	    FRAME_FIN | FRAME_ACK, FRAME_RST, FRAME_RST | FRAME_ACK, FRAME_SYN | FRAME_ACK};
	struct shunt_counters before, after;
	struct frame_builder b, reply;
	struct flow f;

	(void)state;
	need_kernel();
	for (size_t i = 0; i < SHUNTABLE; i++) {
		const char *layers = shuntable[i].layers;
		bool ipv6 = shuntable[i].ipv6;

		build(&b, layers, ipv6, FRAME_ACK);
		build_reply(&reply, layers, ipv6, FRAME_ACK | FRAME_PSH);
		f = flow_of(&b);
		assert_true(passes(shunt, ETHERNET, &b));
		add(shunt, &f);
		shunt_count(shunt, &before);
		if (passes(shunt, ETHERNET, &b) || passes(shunt, ETHERNET, &reply) ||
		    passes(shunt, COOKED, &b))
			fail_msg("%s is not shunted", layers);
		shunt_count(shunt, &after);
		assert_int_equal(after.packets - before.packets, 3);
		assert_true(after.bytes - before.bytes >= 2 * b.length);
		for (size_t j = 0; j < sizeof(pass); j++) {
			build(&b, layers, ipv6, pass[j]);
			build_reply(&reply, layers, ipv6, pass[j]);
			assert_true(passes(shunt, ETHERNET, &b));
			assert_true(passes(shunt, ETHERNET, &reply));
		}
		build(&b, layers, ipv6, FRAME_ACK);
		assert_false(passes(shunt, ETHERNET, &b)); /* these ended nothing */
		forget(shunt, &f);
		assert_true(passes(shunt, ETHERNET, &b));
	}
}

static void test_a_syn_ends_it(void **state)
{
	struct frame_builder b;
	struct flow f;

	(void)state;
	need_kernel();
	build(&b, "ethernet ipv4 tcp", false, FRAME_ACK);
	f = flow_of(&b);
	add(shunt, &f);
	assert_false(passes(shunt, ETHERNET, &b));
	build(&b, "ethernet ipv4 tcp", false, FRAME_SYN);
	assert_true(passes(shunt, ETHERNET, &b));
	build(&b, "ethernet ipv4 tcp", false, FRAME_ACK);
	assert_true(passes(shunt, ETHERNET, &b));
}

/* Other ports, VLANs and addresses are other flows; a tunnel or a fragment is none. */
static void test_shunts_nothing_else(void **state)
{
	static const char *const others[] = {
	    "ethernet vlan:7 ipv4 tcp",
	    "ethernet vlan:7 vlan:8 ipv4 tcp",
	    "ethernet ipv4 gre ipv4 tcp",
	    "ethernet mpls:16 ipv4 tcp",
	    "ethernet ipv4_fragment:0:1 tcp",
	};
	struct frame_builder b;
	struct flow f;

	(void)state;
	need_kernel();
	build(&b, "ethernet ipv4 tcp", false, FRAME_ACK);
	f = flow_of(&b);
	add(shunt, &f);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		build(&b, others[i], false, FRAME_ACK);
		if (!passes(shunt, ETHERNET, &b))
			fail_msg("%s is shunted", others[i]);
	}
	frame_builder_begin(&b, false);
	b.segment.source_port++;
	frame_build(&b, "ethernet ipv4 tcp");
	assert_true(passes(shunt, ETHERNET, &b));
	frame_builder_begin(&b, false);
	b.segment.source.bytes[15]++;
	frame_build(&b, "ethernet ipv4 tcp");
	assert_true(passes(shunt, ETHERNET, &b));
	forget(shunt, &f);
}

/* Where tags tell no flows apart, a flow is shunted in whatever VLAN it shows itself. */
static void test_tags_may_be_ignored(void **state)
{
	static const char *const same[] = {
	    "ethernet vlan:7 ipv4 tcp",
	    "ethernet vlan:8 ipv4 tcp",
	    "ethernet vlan_service:9 vlan:8 ipv4 tcp",
	    "ethernet ipv4 tcp",
	};
	struct frame_builder b;
	struct flow f;

	(void)state;
	need_kernel();
	build(&b, same[0], false, FRAME_ACK);
	f = flow_of(&b);
	assert_true(passes(no_tags, ETHERNET, &b));
	add(no_tags, &f);
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		build_reply(&b, same[i], false, FRAME_ACK);
		if (passes(no_tags, ETHERNET, &b) || passes(no_tags, COOKED, &b))
			fail_msg("%s is not shunted", same[i]);
	}
	forget(no_tags, &f);
	assert_true(passes(no_tags, ETHERNET, &b));
}

/* A flow that lives shows itself once in a while, and then is dropped again. */
static void test_one_passes_in_a_while(void **state)
{
	struct frame_builder b;
	struct shunt_key key;
	struct flow f;

	(void)state;
	need_kernel();
	build(&b, "ethernet ipv4 tcp", false, FRAME_ACK);
	f = flow_of(&b);
	add(shunt, &f);
	assert_false(passes(shunt, ETHERNET, &b));
	find_set(shunt, &f, &key)->entry[0].passed_ns -=
	    LIMIT_SHUNT_REFRESH_S * NS_PER_S; /* as if so long had gone by */
	for (unsigned i = 1; i < SHUNT_WAYS; i++)
		find_set(shunt, &f, &key)->entry[i].passed_ns -= LIMIT_SHUNT_REFRESH_S * NS_PER_S;
	assert_true(passes(shunt, ETHERNET, &b));
	assert_false(passes(shunt, ETHERNET, &b));
	forget(shunt, &f);
}

static struct flow numbered(const struct flow *like, uint32_t number)
{
	struct flow f = *like;

	f.client_port = (uint16_t)(1024 + number % 60000);
	f.client.bytes[14] = (uint8_t)(number / 60000);
	return f;
}

/* More flows than there are places: the newest are shunted, each of the others is at worst
 * captured. */
static void test_survives_a_full_table(void **state)
{
	uint32_t flows = 4 * LIMIT_SHUNT_FLOWS, kept = 0;
	struct shunt_counters counters;
	struct frame_builder b;
	struct flow like, f;

	(void)state;
	need_kernel();
	build(&b, "ethernet ipv4 tcp", false, FRAME_ACK);
	like = flow_of(&b);
	for (uint32_t i = 0; i < flows; i++) {
		f = numbered(&like, i);
		add(shunt, &f);
		if (i % 65536 != 0)
			continue;
		frame_builder_begin(&b, false);
		b.segment.source = f.client;
		b.segment.source_port = f.client_port;
		frame_build(&b, "ethernet ipv4 tcp");
		assert_false(passes(shunt, ETHERNET, &b));
	}
	shunt_count(shunt, &counters);
	for (uint32_t i = 0; i < SHUNT_SETS; i++)
		for (uint32_t j = 0; j < SHUNT_WAYS; j++)
			kept += shunt->sets[i].entry[j].used;
	assert_in_range(kept, LIMIT_SHUNT_FLOWS * 9 / 10, LIMIT_SHUNT_FLOWS);
	assert_true(counters.replaced >= flows - LIMIT_SHUNT_FLOWS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_lets_mail_through),
	    cmocka_unit_test(test_lets_fragments_through),
	    cmocka_unit_test(test_keeps_the_rest_out),
	    cmocka_unit_test(test_is_no_stricter_than_the_classic_filter),
	    cmocka_unit_test(test_drops_shunted_flows),
	    cmocka_unit_test(test_a_syn_ends_it),
	    cmocka_unit_test(test_shunts_nothing_else),
	    cmocka_unit_test(test_tags_may_be_ignored),
	    cmocka_unit_test(test_one_passes_in_a_while),
	    cmocka_unit_test(test_survives_a_full_table),
	};

	return cmocka_run_group_tests(tests, open_all, close_all);
}

#endif
