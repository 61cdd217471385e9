/* The --ports list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../sensor/ports.h"

static void test_kinds(void **state)
{
	struct ports ports;
	uint8_t kind;

	(void)state;
	assert_true(ports_parse("25,587,465:tls,24:lmtp,2525:smtp", &ports));
	assert_int_equal(ports.count, 5);
	assert_true(ports_find(&ports, 587, &kind));
	assert_int_equal(kind, PORT_SMTP);
	assert_true(ports_find(&ports, 465, &kind));
	assert_int_equal(kind, PORT_TLS);
	assert_true(ports_find(&ports, 24, &kind));
	assert_int_equal(kind, PORT_LMTP);
	assert_true(ports_find(&ports, 2525, &kind));
	assert_int_equal(kind, PORT_SMTP);
	assert_false(ports_find(&ports, 26, &kind));
	assert_true(ports_parse(PORTS_EXAMPLE, &ports));
	assert_true(ports_find(&ports_default, 25, NULL));
	assert_int_equal(ports_default.count, 1);
}

static void test_twice_is_once(void **state)
{
	struct ports ports;

	(void)state;
	assert_true(ports_parse("25,25,25:smtp", &ports));
	assert_int_equal(ports.count, 1);
	assert_false(ports_parse("465:tls,465", &ports));
}

static void test_what_is_no_list(void **state)
{
	static const char *const wrong[] = {"", ",", "25,", ",25", "0", "65536", "25:", "25:tl",
	    "25:tlss", "25:TLS", "25 ", " 25", "25,x", "-1", "+25", "25:tls:tls", "0x19", "25;26",
	    "99999999999999999999"};
	struct ports ports;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (ports_parse(wrong[i], &ports))
			fail_msg("\"%s\" is taken", wrong[i]);
}

static void test_not_too_many(void **state)
{
	struct ports ports;
	char list[(PORTS_MAX + 1) * 6 + 1];
	size_t used = 0;

	(void)state;
	for (unsigned i = 0; i < PORTS_MAX; i++)
		used += (size_t)snprintf(
		    list + used, sizeof(list) - used, "%s%u", i == 0 ? "" : ",", 100 + i);
	assert_true(ports_parse(list, &ports));
	assert_int_equal(ports.count, PORTS_MAX);
	snprintf(list + used, sizeof(list) - used, ",99");
	assert_false(ports_parse(list, &ports));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_kinds),
	    cmocka_unit_test(test_twice_is_once),
	    cmocka_unit_test(test_what_is_no_list),
	    cmocka_unit_test(test_not_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
