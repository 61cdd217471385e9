/* The kernel filter against crafted frames: of every kind that parsers/frame reads, and others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pcap/pcap.h>

#include "../../sensor/capture_filter.h"
#include "../../sensor/limits.h"
#include "filter_frames.h"
#include "frame_builder.h"
#include "frame_cases.h"

#define KERNEL_INSTRUCTIONS 4096 /* BPF_MAXINSNS of Linux */
#define CASES		    (sizeof(cases) / sizeof(cases[0]))

static void compile(struct bpf_program *program, const char *list, bool any, int link_type)
{
	struct ports ports = ports_default;
	pcap_t *capture = pcap_open_dead(link_type, LIMIT_SNAPLEN);
	char *text;

	assert_true(list == NULL || ports_parse(list, &ports));
	text = capture_filter_text(&ports, any, link_type);
	assert_non_null(text);
	if (pcap_compile(capture, program, text, 1, PCAP_NETMASK_UNKNOWN) != 0)
		fail_msg("link type %d: %s", link_type, pcap_geterr(capture));
	pcap_close(capture);
	free(text);
}

/* Raw IP has other numbers in files and on other systems. */
static int live_link_type(int link_type)
{
	return link_type == 101 || link_type == 14 ? 12 : link_type;
}

static bool passes(const struct frame_builder *b, const char *list, bool any, int link_type)
{
	struct pcap_pkthdr header = {
	    .caplen = (bpf_u_int32)b->length, .len = (bpf_u_int32)b->length};
	struct bpf_program program;
	bool let_through;

	compile(&program, list, any, live_link_type(link_type));
	let_through = pcap_offline_filter(&program, &header, b->bytes) != 0;
	pcap_freecode(&program);
	return let_through;
}

/* AF_INET6 of other systems comes in files, never from a kernel of ours. */
static bool is_foreign_loopback(const struct frame_case *c)
{
	return c->link_type == 0 && strstr(c->name, "inet6") != NULL;
}

/* The other order of bytes. */
static bool is_other_order(const struct frame_case *c)
{
	return strcmp(c->name, "null_big_endian") == 0;
}

static void build(struct frame_builder *b, const struct frame_case *c, bool reply)
{
	struct segment *s = &b->segment;
	uint16_t port;

	frame_builder_begin(b, c->traits & IPV6);
	port = s->source_port;
	if (reply) {
		s->source_port = s->destination_port;
		s->destination_port = port;
	}
	frame_build(b, c->layers);
}

static void test_lets_mail_through(void **state)
{
	struct frame_builder b;
	unsigned missed = 0;

	(void)state;
	for (size_t i = 0; i < CASES; i++) {
		const struct frame_case *c = &cases[i];

		if (c->result != RESULT_OK || is_foreign_loopback(c) || is_other_order(c))
			continue;
		for (int reply = 0; reply < 2; reply++) {
			build(&b, c, reply);
			if (passes(&b, NULL, false, c->link_type) &&
			    passes(&b, NULL, true, c->link_type) &&
			    passes(&b, "587,25,465:tls", false, c->link_type))
				continue;
			print_error("%s is not let through\n", c->name);
			missed++;
		}
	}
	assert_int_equal(missed, 0);
}

static bool passes_frame(const char *layers, bool ipv6, const char *list, bool any)
{
	struct frame_builder b;

	frame_builder_begin(&b, ipv6);
	frame_build(&b, layers);
	return passes(&b, list, any, 1);
}

static void test_lets_fragments_through(void **state)
{
	(void)state;
	for (size_t i = 0; i < FRAMES_FRAGMENTS; i++)
		if (!passes_frame(frames_fragments[i], strstr(frames_fragments[i], "ipv6") != NULL,
			NULL, false))
			fail_msg("%s is not let through", frames_fragments[i]);
	assert_true(passes_frame(
	    "ethernet vlan:7 ipv6 hop_by_hop fragment:1448:0:7 data:16", true, NULL, false));
	assert_true(
	    passes_frame("ethernet ipv4 gre ipv4_fragment:1480:0 data:16", false, NULL, false));
}

/* What a kernel can tell is no mail stays outside. */
static void test_keeps_the_rest_out(void **state)
{
	static const char *const plain[] = {
	    "ethernet ipv4 tcp",
	    "ethernet ipv4:10 tcp",
	    "ethernet ipv6 tcp",
	    "ethernet vlan:7 ipv4 tcp",
	    "ethernet vlan:7 ipv6 tcp",
	    "ethernet vlan_service:7 vlan:8 ipv4 tcp",
	};

	(void)state;
	for (size_t i = 0; i < FRAMES_OTHERS; i++) {
		bool ipv6 = strstr(frames_others[i], "ipv6") != NULL;

		if (passes_frame(frames_others[i], ipv6, NULL, false) ||
		    passes_frame(frames_others[i], ipv6, NULL, true))
			fail_msg("%s is let through", frames_others[i]);
	}
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		bool ipv6 = strstr(plain[i], "ipv6") != NULL;

		if (passes_frame(plain[i], ipv6, "26,465:tls", false))
			fail_msg("%s is let through for other ports", plain[i]);
		if (!passes_frame(plain[i], ipv6, "26,25:lmtp", false) ||
		    !passes_frame(plain[i], ipv6, "26", true))
			fail_msg("%s is not let through", plain[i]);
	}
}

static void test_fits_the_kernel(void **state)
{
	static const int link_types[] = {1, 113, 276, 12, 0, 108, 9};
	struct bpf_program program;
	char list[PORTS_MAX * 6 + 1];
	size_t used = 0;

	(void)state;
	for (unsigned i = 0; i < PORTS_MAX; i++)
		used += (size_t)snprintf(
		    list + used, sizeof(list) - used, "%s%u", i == 0 ? "" : ",", 2 + 1021 * i);
	for (size_t i = 0; i < sizeof(link_types) / sizeof(link_types[0]); i++)
		for (int any = 0; any < 2; any++) {
			compile(&program, list, any, link_types[i]);
			assert_in_range(program.bf_len, 1, KERNEL_INSTRUCTIONS);
			pcap_freecode(&program);
		}
}

static void test_lets_all_through_where_the_language_is_poor(void **state)
{
	char *text = capture_filter_text(&ports_default, false, 9);

	(void)state;
	assert_string_equal(text, "");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_lets_mail_through),
	    cmocka_unit_test(test_lets_fragments_through),
	    cmocka_unit_test(test_keeps_the_rest_out),
	    cmocka_unit_test(test_fits_the_kernel),
	    cmocka_unit_test(test_lets_all_through_where_the_language_is_poor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
