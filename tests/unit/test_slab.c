/* Items of one size: apart, aligned, used again, more than one block of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../sensor/limits.h"
#include "../../sensor/slab.h"

#define SIZE  1000u
#define ITEMS (2 * LIMIT_SLAB_BLOCK / SIZE)

static void items_are_apart(void **state)
{
	static uint8_t *items[ITEMS];
	struct slab s;

	(void)state;
	slab_init(&s, SIZE);
	for (size_t i = 0; i < ITEMS; i++) {
		items[i] = slab_take(&s);
		assert_non_null(items[i]);
		assert_int_equal((uintptr_t)items[i] % 64, 0);
		memset(items[i], (int)(i % 251), SIZE);
	}
	assert_true(s.blocks >= 2);
	for (size_t i = 0; i < ITEMS; i++)
		for (size_t at = 0; at < SIZE; at++)
			assert_int_equal(items[i][at], i % 251);
	slab_free(&s);
}

static void the_last_comes_first(void **state)
{
	struct slab s;
	void *first, *second;

	(void)state;
	slab_init(&s, SIZE);
	first = slab_take(&s);
	second = slab_take(&s);
	assert_ptr_not_equal(first, second);
	slab_give(&s, first);
	slab_give(&s, second);
	assert_ptr_equal(slab_take(&s), second);
	assert_ptr_equal(slab_take(&s), first);
	assert_int_equal(s.blocks, 1);
	slab_free(&s);
	assert_non_null(slab_take(&s)); /* and begins anew */
	slab_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(items_are_apart),
	    cmocka_unit_test(the_last_comes_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
