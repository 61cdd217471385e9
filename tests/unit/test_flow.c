/* The flow table against a plain list, and who is given up first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../sensor/flow.h"

#define KEYS 20000

static struct segment segment_of(uint32_t number)
{
	struct segment s = {.source_port = (uint16_t)(number & 0xffff), .destination_port = 25};

	memcpy(s.source.bytes, &number, sizeof(number));
	s.destination.bytes[15] = 1;
	return s;
}

static struct segment reply_to(const struct segment *s)
{
	struct segment back = *s;

	back.source = s->destination;
	back.destination = s->source;
	back.source_port = s->destination_port;
	back.destination_port = s->source_port;
	return back;
}

static void both_directions_are_one_flow(void **state)
{
	struct flow_table *t = flow_table_new(KEYS, false);
	struct segment there = segment_of(7), back = reply_to(&there);
	struct flow *f;
	enum side from;

	(void)state;
	assert_int_equal(flow_hash(t, &there), flow_hash(t, &back));
	f = flow_add(t, &there, SIDE_CLIENT, flow_hash(t, &there));
	assert_ptr_equal(flow_find(t, &there, flow_hash(t, &there), &from), f);
	assert_int_equal(from, SIDE_CLIENT);
	assert_ptr_equal(flow_find(t, &back, flow_hash(t, &back), &from), f);
	assert_int_equal(from, SIDE_SERVER);
	back.vlan = 8;
	assert_null(flow_find(t, &back, flow_hash(t, &back), &from));
	back = reply_to(&there);
	back.tunnel_id = 9;
	assert_null(flow_find(t, &back, flow_hash(t, &back), &from));
	flow_table_free(t);
}

/* ... which keeps the tags of its first segment; a tunnel still is another place. */
static void tags_may_be_ignored(void **state)
{
	struct flow_table *t = flow_table_new(KEYS, true);
	struct segment there = segment_of(7), back = reply_to(&there);
	struct flow *f;
	enum side from;

	(void)state;
	there.vlan = 7;
	back.vlan = 8;
	back.inner_vlan = 9;
	assert_int_equal(flow_hash(t, &there), flow_hash(t, &back));
	f = flow_add(t, &there, SIDE_CLIENT, flow_hash(t, &there));
	assert_ptr_equal(flow_find(t, &back, flow_hash(t, &back), &from), f);
	assert_int_equal(from, SIDE_SERVER);
	assert_int_equal(f->vlan, 7);
	assert_int_equal(f->inner_vlan, 0);
	assert_int_equal(flow_hash_again(t, f), flow_hash(t, &back));
	back.tunnel_id = 9;
	assert_null(flow_find(t, &back, flow_hash(t, &back), &from));
	flow_remove(t, f);
	assert_int_equal(flow_count(t), 0);
	flow_table_free(t);
}

static void random_adds_and_removes(void **state)
{
	struct flow_table *t = flow_table_new(KEYS, false);
	static struct flow *known[KEYS];
	size_t count = 0;
	enum side from;

	(void)state;
	srand(3);
	for (unsigned i = 0; i < 300000; i++) {
		uint32_t number = (uint32_t)rand() % KEYS;
		struct segment s = segment_of(number);
		uint64_t hash = flow_hash(t, &s);

		assert_ptr_equal(flow_find(t, &s, hash, &from), known[number]);
		if (known[number] == NULL) {
			known[number] = flow_add(t, &s, SIDE_CLIENT, hash);
			assert_non_null(known[number]);
			count++;
		} else if (rand() % 3 > 0) {
			flow_remove(t, known[number]);
			known[number] = NULL;
			count--;
		}
		assert_int_equal(flow_count(t), count);
	}
	flow_table_free(t);
}

static void a_full_table_gives_up_the_least_informative(void **state)
{
	struct flow_table *t = flow_table_new(3, false);
	static const uint8_t states[] = {FLOW_READING, FLOW_OPENING, FLOW_READ};
	struct segment s;

	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		s = segment_of(i);
		flow_add(t, &s, SIDE_CLIENT, flow_hash(t, &s))->state = states[i];
	}
	s = segment_of(3);
	assert_null(flow_add(t, &s, SIDE_CLIENT, flow_hash(t, &s)));
	assert_int_equal(flow_victim(t)->state, FLOW_OPENING);
	flow_remove(t, flow_victim(t));
	assert_non_null(flow_add(t, &s, SIDE_CLIENT, flow_hash(t, &s)));
	flow_table_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(both_directions_are_one_flow),
	    cmocka_unit_test(tags_may_be_ignored),
	    cmocka_unit_test(random_adds_and_removes),
	    cmocka_unit_test(a_full_table_gives_up_the_least_informative),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
