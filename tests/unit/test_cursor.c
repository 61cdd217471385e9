/* The cursor: each read at its edge, and that a failed read moves nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../parsers/cursor.h"

static const uint8_t bytes[] = {0x01, 0x02, 0x03, 0x04, 0x05};

static void assert_unmoved(const struct cursor *c, const struct cursor *before)
{
	assert_ptr_equal(c->at, before->at);
	assert_int_equal(c->left, before->left);
}

static void test_integers(void **state)
{
	struct cursor c = cursor_over(bytes, sizeof(bytes));
	uint8_t u8 = 0;
	uint16_t u16 = 0;
	uint32_t u32 = 0;

	(void)state;
	assert_true(cursor_u8(&c, &u8));
	assert_int_equal(u8, 0x01);
	assert_true(cursor_u32(&c, &u32));
	assert_int_equal(u32, 0x02030405);
	assert_int_equal(c.left, 0);
	c = cursor_over(bytes, sizeof(bytes));
	assert_true(cursor_u24(&c, &u32));
	assert_int_equal(u32, 0x010203);
	assert_true(cursor_u16(&c, &u16));
	assert_int_equal(u16, 0x0405);
}

static void test_short_integers(void **state)
{
	uint8_t u8 = 0xaa;
	uint16_t u16 = 0xaaaa;
	uint32_t u32 = 0xaaaaaaaa;

	(void)state;
	for (size_t left = 0; left < 4; left++) {
		struct cursor c = cursor_over(bytes, left), before = c;

		assert_true(left >= 1 || !cursor_u8(&c, &u8));
		assert_true(left >= 2 || !cursor_u16(&c, &u16));
		assert_true(left >= 3 || !cursor_u24(&c, &u32));
		assert_false(cursor_u32(&c, &u32));
		assert_unmoved(&c, &before);
	}
	assert_int_equal(u8, 0xaa);
	assert_int_equal(u16, 0xaaaa);
	assert_int_equal(u32, 0xaaaaaaaa);
}

static void test_take(void **state)
{
	struct cursor c = cursor_over(bytes, sizeof(bytes)), head = {NULL, 77}, before = c;

	(void)state;
	assert_false(cursor_take(&c, 6, &head));
	assert_false(cursor_take(&c, SIZE_MAX, &head));
	assert_int_equal(head.left, 77);
	assert_unmoved(&c, &before);
	assert_true(cursor_take(&c, 2, &head));
	assert_ptr_equal(head.at, bytes);
	assert_int_equal(head.left, 2);
	assert_true(cursor_skip(&c, 3));
	assert_false(cursor_skip(&c, 1));
	assert_true(cursor_take(&c, 0, &head));
	assert_int_equal(head.left, 0);
}

static void test_copy(void **state)
{
	struct cursor c = cursor_over(bytes, sizeof(bytes)), before = c;
	uint8_t to[6] = {0};

	(void)state;
	assert_false(cursor_copy(&c, to, 6));
	assert_unmoved(&c, &before);
	assert_true(cursor_copy(&c, to, 0));
	assert_true(cursor_copy(&c, to, 5));
	assert_memory_equal(to, bytes, 5);
	assert_int_equal(to[5], 0);
}

static void test_empty(void **state)
{
	struct cursor c = cursor_over(NULL, 0), body;
	uint8_t to[1];

	(void)state;
	assert_true(cursor_take(&c, 0, &body));
	assert_true(cursor_copy(&c, to, 0));
	assert_false(cursor_vector8(&c, &body));
	assert_false(cursor_peek(&c, 0, to));
}

static void test_vectors(void **state)
{
	static const uint8_t eight[] = {2, 'a', 'b', 'c'}, sixteen[] = {0, 2, 'a', 'b'},
			     twenty_four[] = {0, 0, 2, 'a', 'b'};
	struct cursor c, body;

	(void)state;
	c = cursor_over(eight, sizeof(eight));
	assert_true(cursor_vector8(&c, &body));
	assert_int_equal(body.left, 2);
	assert_ptr_equal(body.at, eight + 1);
	assert_int_equal(c.left, 1);
	c = cursor_over(sixteen, sizeof(sixteen));
	assert_true(cursor_vector16(&c, &body));
	assert_int_equal(body.left, 2);
	assert_int_equal(c.left, 0);
	c = cursor_over(twenty_four, sizeof(twenty_four));
	assert_true(cursor_vector24(&c, &body));
	assert_int_equal(body.left, 2);
	assert_int_equal(c.left, 0);
}

static void test_vectors_too_long(void **state)
{
	static const uint8_t lengths[] = {0, 0, 3, 'a', 'b'};

	(void)state;
	for (size_t left = 0; left < sizeof(lengths); left++) {
		struct cursor c = cursor_over(lengths, left), before = c, body;

		assert_false(cursor_vector24(&c, &body));
		assert_unmoved(&c, &before);
		c = before = cursor_over(lengths + 1, left > 0 ? left - 1 : 0);
		assert_false(cursor_vector16(&c, &body));
		assert_unmoved(&c, &before);
		c = before = cursor_over(lengths + 2, left > 1 ? left - 2 : 0);
		assert_false(cursor_vector8(&c, &body));
		assert_unmoved(&c, &before);
	}
}

static void test_peek(void **state)
{
	struct cursor c = cursor_over(bytes, 2), before = c;
	uint8_t value = 0;

	(void)state;
	assert_true(cursor_peek(&c, 1, &value));
	assert_int_equal(value, 2);
	assert_false(cursor_peek(&c, 2, &value));
	assert_unmoved(&c, &before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_integers),
	    cmocka_unit_test(test_short_integers),
	    cmocka_unit_test(test_take),
	    cmocka_unit_test(test_copy),
	    cmocka_unit_test(test_empty),
	    cmocka_unit_test(test_vectors),
	    cmocka_unit_test(test_peek),
	    cmocka_unit_test(test_vectors_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
