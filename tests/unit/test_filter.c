/* The filter before patterns: it never refuses a text that the pattern matches, and it does refuse
 * most others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../rules/filter.h"
#include "../../rules/pattern.h"
#include "random_record.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool regex_passes(const char *pattern, const char *text, bool ignore_case)
{
	struct filter wants, has;

	filter_regex(&wants, pattern, ignore_case);
	filter_text(&has, text);
	return filter_passes(&wants, &has);
}

static void test_what_is_refused(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool passes;
	} cases[] = {
	    {"Postfix", "mx.example.net ESMTP Postfix", true},
	    {"Postfix", "mx.example.net ESMTP Exim", false},
	    {"postfix", "ESMTP POSTFIX", true}, /* case is the pattern's own business */
	    {"^mx[0-9]+[.]example[.]net$", "mx1.example.org", false},
	    {"[.]pool7[.]", "out.pool8.example", false},
	    {"a(xy|z)b", "a z b", true},
	    {"Post|Exim", "Sendmail", true}, /* an alternative: nothing is needed */
	    {"Postfi?x", "Postfx", true},    /* optional */
	    {"Postfi{0,2}x", "Postfx", true},
	    {"Postfix{x|Exim}", "Exim}", true}, /* braces that count nothing are letters */
	    {"Post\\.fix", "Post.fix", true},
	    {"Post\\.fix", "Postfix", false},
	    {"\\x50ostfix", "Postfix", true}, /* not read: nothing is needed */
	    {"(?i)POSTFIX", "postfix", true},
	    {"(?x)Post fix", "Postfix", true},
	    {"\\Qa|b\\E", "a|b", true},
	    {"ab+cd", "abbbcd", true},
	    {"ab+cd", "abbbce", false},
	    {"", "", true},
	    {"x", "", true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (regex_passes(cases[i].pattern, cases[i].text, false) != cases[i].passes)
			fail_msg("%s on %s", cases[i].pattern, cases[i].text);
	/* Without regard to case, K is also the Kelvin sign and s the long s. */
	assert_true(regex_passes("mask", "ma\xc5\xbf\xe2\x84\xaa", true));
}

static void append(char *text, size_t size, const char *const *pieces, size_t count)
{
	for (uint32_t n = chance(8); n > 0; n--) {
		const char *piece = pieces[chance((uint32_t)count)];

		if (strlen(text) + strlen(piece) < size)
			strcat(text, piece);
	}
}

static void random_regex(char *text, size_t size)
{
	static const char *const pieces[] = {"a", "b", "ab", "ba", "k", "S", "\xc3\xa4", "a?", "b*",
	    "a+", "b{2}", "a{0,1}", "a{,2}", "{", "}", "(ab)", "(a|b)?", "(?:ba)*", "[ab]", "[^a]b",
	    "[]a]", "[[:alpha:]]", "\\.", "\\w", "\\b", "\\x61", "\\Qa?\\E", ".", "^", "$", "a|b",
	    "|", "a??", "b++", "(?i)", "(a(b)c)", "[\\]]", "(?=a)", "\\\\", "a{2,}?", "\\)",
	    "(\\))"};

	append(text, size, pieces, COUNT(pieces));
}

static void random_text(char *text, size_t size)
{
	static const char *const pieces[] = {"a", "b", "ab", "A", "B", "k", "s", "\xc5\xbf",
	    "\xe2\x84\xaa", ".", "]", "{", "}", "?", "\\", ")", "\xc3\xa4", "c", "|"};

	append(text, size, pieces, COUNT(pieces));
}

static void test_regex_never_refused(void **state)
{
	unsigned matched = 0, refused = 0;

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		char pattern[128] = "", text[128] = "", error[128];
		bool ignore_case = chance(2) == 0, passes;
		struct regex *r;
		size_t at;

		random_regex(pattern, sizeof(pattern));
		r = regex_new(pattern, ignore_case, error, &at);
		if (r == NULL)
			continue;
		for (unsigned k = 0; k < 5; k++) {
			text[0] = '\0';
			random_text(text, sizeof(text));
			passes = regex_passes(pattern, text, ignore_case);
			if (!passes && regex_match(r, text) == RULES_TRUE)
				fail_msg("%s on %s", pattern, text);
			matched += passes && regex_match(r, text) == RULES_TRUE;
			refused += !passes;
		}
		regex_free(r);
	}
	assert_true(matched > 1000 && refused > 1000);
}

static void test_glob_never_refused(void **state)
{
	static const char *const pieces[] = {"a", "b", "AB", "*", "?", "ba", ".", "\xc3\xa4"};
	unsigned matched = 0, refused = 0;

	(void)state;
	for (unsigned i = 0; i < 50000; i++) {
		char glob[64] = "", text[128] = "";
		struct filter wants, has;
		bool matches;

		append(glob, sizeof(glob), pieces, COUNT(pieces));
		random_text(text, sizeof(text));
		filter_glob(&wants, glob);
		filter_text(&has, text);
		matches = glob_match(glob, text, chance(2) == 0);
		if (matches && !filter_passes(&wants, &has))
			fail_msg("%s on %s", glob, text);
		matched += matches;
		refused += !filter_passes(&wants, &has);
	}
	assert_true(matched > 1000 && refused > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_what_is_refused),
	    cmocka_unit_test(test_regex_never_refused),
	    cmocka_unit_test(test_glob_never_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
