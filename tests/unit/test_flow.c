/* The flow table against a plain list, and who is given up first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../sensor/flow.h"

#define KEYS 20000

static struct flow_key key_of(uint32_t number)
{
	struct segment s = {.source_port = (uint16_t)(number & 0xffff), .destination_port = 25};

	memcpy(s.source.bytes, &number, sizeof(number));
	s.destination.bytes[15] = 1;
	struct flow_key key;
	(void)flow_key_of(&s, &key);
	return key;
}

static void both_directions_have_one_key(void **state)
{
	struct segment there = {.source_port = 1024, .destination_port = 25, .vlan = 7}, back = there;
	struct flow_key a, b;

	(void)state;
	there.source.bytes[0] = 2;
	there.destination.bytes[0] = 1;
	back.source = there.destination;
	back.destination = there.source;
	back.source_port = 25;
	back.destination_port = 1024;
	assert_false(flow_key_of(&there, &a));
	assert_true(flow_key_of(&back, &b));
	assert_memory_equal(&a, &b, sizeof(a));
	back.vlan = 8;
	(void)flow_key_of(&back, &b);
	assert_memory_not_equal(&a, &b, sizeof(a));
}

static void random_adds_and_removes(void **state)
{
	struct flow_table *t = flow_table_new(KEYS);
	static struct flow *known[KEYS];
	size_t count = 0;

	(void)state;
	srand(3);
	for (unsigned i = 0; i < 300000; i++) {
		uint32_t number = (uint32_t)rand() % KEYS;
		struct flow_key key = key_of(number);
		uint64_t hash = flow_hash(t, &key);

		assert_ptr_equal(flow_find(t, &key, hash), known[number]);
		if (known[number] == NULL) {
			known[number] = flow_add(t, &key, hash);
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
	struct flow_table *t = flow_table_new(3);
	static const uint8_t states[] = {FLOW_READING, FLOW_OPENING, FLOW_READ};
	struct flow_key key;

	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		key = key_of(i);
		flow_add(t, &key, flow_hash(t, &key))->state = states[i];
	}
	key = key_of(3);
	assert_null(flow_add(t, &key, flow_hash(t, &key)));
	assert_int_equal(flow_victim(t)->state, FLOW_OPENING);
	flow_remove(t, flow_victim(t));
	assert_non_null(flow_add(t, &key, flow_hash(t, &key)));
	flow_table_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(both_directions_have_one_key),
	    cmocka_unit_test(random_adds_and_removes),
	    cmocka_unit_test(a_full_table_gives_up_the_least_informative),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
