/* Options: parsing, times, what was probably meant. The library holds no tools, so they are built
 * in here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../rules/spelling.h"
#include "../../tools/options.c"
#include "../../tools/say.c"

#define NOW_MS 1772352000000u /* 2026-03-01T08:00:00Z */

static int parse(struct options *o, const char *const *arguments)
{
	char *argv[16] = {(char *)"tlsvane"};
	int argc = 1;

	for (; arguments[argc - 1] != NULL; argc++)
		argv[argc] = (char *)(uintptr_t)arguments[argc - 1];
	return options_parse(o, argc, argv);
}

#define PARSE(o, ...) parse(o, (const char *const[]){__VA_ARGS__, NULL})

static void stands_before_or_behind(void **state)
{
	struct options o;

	(void)state;
	assert_int_equal(
	    PARSE(&o, "--redis", "unix:/x", "server", "--limit=3", "192.0.2.25", "--json"), 0);
	assert_string_equal(o.command, "server");
	assert_int_equal(o.argument_count, 1);
	assert_string_equal(o.arguments[0], "192.0.2.25");
	assert_string_equal(o.redis, "unix:/x");
	assert_int_equal(o.limit, 3);
	assert_int_equal(o.format, OUTPUT_JSON);
	options_free(&o);
}

static void two_dashes_end_them(void **state)
{
	struct options o;

	(void)state;
	assert_int_equal(PARSE(&o, "read", "--", "--json", "-"), 0);
	assert_int_equal(o.argument_count, 2);
	assert_int_equal(o.format, OUTPUT_TABLE);
	options_free(&o);
	assert_int_equal(PARSE(&o, "read", "-"), 0);
	assert_string_equal(o.arguments[0], "-");
	options_free(&o);
}

static void wrong_ones_are_refused(void **state)
{
	static const char *const wrong[][3] = {{"--jsn"}, {"-x"}, {"--limit"}, {"--limit=-1"},
	    {"--limit", "3x"}, {"--ports", "25,"}, {"--ports", "0"}, {"--ports=65536"},
	    {"--json=yes"}, {"--color", "blue"}, {"--since", "soon"}, {"--sort=size"}};
	struct options o;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(parse(&o, wrong[i]), EXIT_USAGE);
		options_free(&o);
	}
}

static void a_command_takes_only_its_own(void **state)
{
	struct options o;

	(void)state;
	assert_int_equal(PARSE(&o, "legacy", "--summary"), 0);
	assert_int_equal(options_check(&o, GROUP_READ), 0);
	assert_int_equal(options_check(&o, GROUP_OUTPUT | GROUP_REDIS), EXIT_USAGE);
	options_free(&o);
}

static void ports_are_a_list(void **state)
{
	struct options o;

	(void)state;
	assert_int_equal(PARSE(&o, "read", "--ports", "25,587,2525"), 0);
	assert_int_equal(o.ports.count, 3);
	assert_int_equal(o.ports.number[2], 2525);
	options_free(&o);
}

static void times_are_understood(void **state)
{
	static const struct {
		const char *text;
		uint64_t ms; /* 0: refused */
	} cases[] = {
	    {"90s", NOW_MS - 90000u},
	    {"30m", NOW_MS - 1800000u},
	    {"12h", NOW_MS - 43200000u},
	    {"7d", NOW_MS - 604800000u},
	    {"2w", NOW_MS - 1209600000u},
	    {"2026-03-01", 1772323200000u},
	    {"2026-03-01T08:00:00Z", NOW_MS},
	    {"2026-03-01T08:00:00.25Z", NOW_MS},
	    {"2026-03-01 08:00", NOW_MS},
	    {"2026-03-01T09:00:00+01:00", NOW_MS},
	    {"2026-03-01T06:30:00-01:30", NOW_MS},
	    {"2026-02-30", 0},
	    {"2026-13-01", 0},
	    {"2026-03-01T08:00:00+1", 0},
	    {"2026-03-01x", 0},
	    {"7", 0},
	    {"7days", 0},
	    {"-7d", 0},
	    {"", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t ms = 0;

		assert_int_equal(options_parse_since(cases[i].text, NOW_MS, &ms), cases[i].ms != 0);
		assert_true(cases[i].ms == 0 || ms == cases[i].ms);
	}
}

static void the_nearest_word_is_found(void **state)
{
	static const char *const words[] = {
	    "read", "legacy", "pairs", "server", "client", "sensors"};
	static const struct {
		const char *word, *meant;
	} cases[] = {{"lecagy", "legacy"}, {"sensor", "sensors"}, {"READ", "read"},
	    {"serve", "server"}, {"frobnicate", NULL}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct spelling near = spelling_of(cases[i].word);

		for (size_t j = 0; j < sizeof(words) / sizeof(words[0]); j++)
			spelling_try(&near, words[j]);
		if (cases[i].meant == NULL)
			assert_null(near.best);
		else
			assert_string_equal(near.best, cases[i].meant);
	}
}

static void numbers_and_ages_read_well(void **state)
{
	char text[COUNT_TEXT_MAX];

	(void)state;
	assert_string_equal(number_text(0, text), "0");
	assert_string_equal(number_text(999, text), "999");
	assert_string_equal(number_text(1234567, text), "1,234,567");
	assert_string_equal(number_text(UINT64_MAX, text), "18,446,744,073,709,551,615");
	assert_string_equal(count_text(1, "session", "sessions", text), "1 session");
	assert_string_equal(count_text(1000, "session", "sessions", text), "1,000 sessions");
	assert_string_equal(moment_text(NOW_MS, text), "2026-03-01 08:00");
	assert_string_equal(moment_rfc3339(NOW_MS + 7, text), "2026-03-01T08:00:00.007Z");
	assert_string_equal(age_text(12000, text), "12 s");
	assert_string_equal(age_text(10800000, text), "3 h");
	assert_string_equal(age_text(864000000, text), "10 days");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(stands_before_or_behind),
	    cmocka_unit_test(two_dashes_end_them),
	    cmocka_unit_test(wrong_ones_are_refused),
	    cmocka_unit_test(a_command_takes_only_its_own),
	    cmocka_unit_test(ports_are_a_list),
	    cmocka_unit_test(times_are_understood),
	    cmocka_unit_test(the_nearest_word_is_found),
	    cmocka_unit_test(numbers_and_ages_read_well),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
