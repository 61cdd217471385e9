/* The certificates of a host: first and last seen, the bound, values written and read back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../sensor/tally_certificates.h"

static char subject[] = "CN=mx.example.net,O=Example & Co";

static struct tally_certificate numbered(unsigned number, uint64_t ms)
{
	struct tally_certificate c = {.first_ms = ms, .last_ms = ms, .subject = subject};

	c.not_after = record_date(INT64_C(1780128930));
	memset(c.sha256, 0xa0, sizeof(c.sha256));
	memcpy(c.sha256, &number, sizeof(number));
	return c;
}

static void see(struct tally_certificates **list, unsigned number, uint64_t ms)
{
	struct tally_certificate c = numbered(number, ms);

	assert_int_equal(tally_certificates_add(list, &c), 0);
}

static const struct tally_certificate *find(const struct tally_certificates *list, unsigned number)
{
	for (size_t i = 0; i < list->count; i++)
		if (memcmp(list->items[i].sha256, &number, sizeof(number)) == 0)
			return &list->items[i];
	return NULL;
}

static void first_and_last_seen(void **state)
{
	struct tally_certificates *list = NULL;

	(void)state;
	see(&list, 1, 5000);
	see(&list, 1, 3000);
	see(&list, 2, 4000);
	see(&list, 1, 9000);
	assert_int_equal(list->count, 2);
	assert_int_equal(find(list, 1)->first_ms, 3000);
	assert_int_equal(find(list, 1)->last_ms, 9000);
	assert_int_equal(find(list, 2)->last_ms, 4000);
	assert_string_equal(find(list, 2)->subject, subject);
	assert_ptr_not_equal(find(list, 2)->subject, subject);
	tally_certificates_free(list);
	tally_certificates_free(NULL);
}

/* What was refused at first has only a hash; what is known later fills it in, and stays. */
static void is_completed(void **state)
{
	struct tally_certificate bare = numbered(1, 1000);
	struct tally_certificates *list = NULL;

	(void)state;
	bare.subject = NULL;
	bare.not_after = 0;
	assert_int_equal(tally_certificates_add(&list, &bare), 0);
	assert_null(find(list, 1)->subject);
	see(&list, 1, 2000);
	assert_int_equal(tally_certificates_add(&list, &bare), 0);
	assert_string_equal(find(list, 1)->subject, subject);
	assert_int_equal(record_date_epoch(find(list, 1)->not_after), 1780128930);
	tally_certificates_free(list);
}

static void the_longest_unseen_goes(void **state)
{
	struct tally_certificates *list = NULL;

	(void)state;
	for (unsigned i = 0; i < LIMIT_TALLY_CERTIFICATES; i++)
		see(&list, i, 1000 + i);
	see(&list, 0, 5000);
	see(&list, 100, 4000); /* in place of 1 */
	assert_int_equal(list->count, LIMIT_TALLY_CERTIFICATES);
	assert_null(find(list, 1));
	assert_non_null(find(list, 0));
	assert_non_null(find(list, 100));
	see(&list, 101, 10); /* older than all: not kept */
	assert_null(find(list, 101));
	assert_non_null(find(list, 2));
	tally_certificates_free(list);
}

static void is_written_and_read_back(void **state)
{
	struct tally_certificate c = numbered(1, UINT64_C(1772323200123)), back;
	char text[TALLY_CERTIFICATE_TEXT];

	(void)state;
	memset(c.sha256, 0xa5, sizeof(c.sha256));
	c.last_ms++;
	assert_string_equal(tally_certificate_format(&c, text),
	    "a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5 1772323200123 "
	    "1772323200124 2026-05-30T08:15:30Z CN=mx.example.net,O=Example & Co");
	assert_true(tally_certificate_parse(text, &back));
	assert_memory_equal(back.sha256, c.sha256, sizeof(c.sha256));
	assert_int_equal(back.first_ms, c.first_ms);
	assert_int_equal(back.last_ms, c.last_ms);
	assert_int_equal(back.not_after, c.not_after);
	assert_string_equal(back.subject, c.subject);
	c.subject = NULL;
	c.not_after = 0;
	assert_true(tally_certificate_parse(tally_certificate_format(&c, text), &back));
	assert_null(back.subject);
	assert_int_equal(back.not_after, 0);
	c.not_after = record_date(INT64_C(253402300799)); /* 9999 */
	assert_true(tally_certificate_parse(tally_certificate_format(&c, text), &back));
	assert_int_equal(back.not_after, c.not_after);
	c.not_after = record_date(-631152000); /* 1950 */
	assert_true(tally_certificate_parse(tally_certificate_format(&c, text), &back));
	assert_int_equal(back.not_after, c.not_after);
}

static void refuses_other_values(void **state)
{
#define HASH "a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5"
	static const char *const values[] = {"", "x", HASH, HASH " ", HASH " 1", HASH " 1 2",
	    HASH " 1 2 -", HASH " 1 2 - ", HASH " -1 2 - x", HASH " 1 2 x y",
	    HASH " 1 2 2026-05-30 y", HASH "0 1 2 - x", "g" HASH " 1 2 - x", "A5" HASH " 1 2 - x"};
	struct tally_certificate c;

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		if (tally_certificate_parse(values[i], &c))
			fail_msg("taken: %s", values[i]);
	assert_true(tally_certificate_parse(HASH " 1 2 - x y", &c));
	assert_string_equal(c.subject, "x y");
}

static void long_subjects_are_cut(void **state)
{
	struct tally_certificates *list = NULL;
	struct tally_certificate c = numbered(1, 1);
	char text[TALLY_CERTIFICATE_TEXT], longest[2 * LIMIT_TALLY_TEXT];

	(void)state;
	for (size_t fill = LIMIT_TALLY_TEXT - 6; fill < LIMIT_TALLY_TEXT + 3; fill++) {
		memset(longest, 'a', fill);
		strcpy(longest + fill, "\xc3\xbc\xc3\xbc");
		c.subject = longest;
		assert_int_equal(tally_certificates_add(&list, &c), 0);
		assert_true(strlen(list->items[0].subject) < LIMIT_TALLY_TEXT);
		assert_int_equal((strlen(list->items[0].subject) -
				     (fill < LIMIT_TALLY_TEXT ? fill : LIMIT_TALLY_TEXT - 1)) %
				     2,
		    0);
		assert_true(strlen(tally_certificate_format(&list->items[0], text)) + 1 <
			    TALLY_CERTIFICATE_TEXT);
		tally_certificates_free(list);
		list = NULL;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(first_and_last_seen),
	    cmocka_unit_test(is_completed),
	    cmocka_unit_test(the_longest_unseen_goes),
	    cmocka_unit_test(is_written_and_read_back),
	    cmocka_unit_test(refuses_other_values),
	    cmocka_unit_test(long_subjects_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
