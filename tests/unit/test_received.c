/*
 * Received: headers: the real ones of tests/fixtures/received.txt against what stands below each;
 * the reader on whole messages, cut at every byte and ended after every byte.
 */
#include "../../parsers/received.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "../../parsers/tls_names.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define TABLE	     "tests/fixtures/received.txt"
#define TEXT_MAX     4096

static const char *or_dash(const char *text)
{
	return text == NULL || text[0] == '\0' ? "-" : text;
}

/* A stamp as the table has it. */
static void describe(const struct received_stamp *s, char *text, size_t size)
{
	char version[RECEIVED_RANGE_MAX], bits[8];

	snprintf(bits, sizeof(bits), "%u", s->bits);
	snprintf(text, size, "= %s | %s | %s | %s | %s\n", or_dash(product_name(s->product)),
	    or_dash(received_range_text(s->range, version)),
	    or_dash(s->cipher_suite == 0 ? NULL : tls_cipher_suite_name(s->cipher_suite)),
	    s->bits == 0 ? "-" : bits, received_basis_names[s->basis]);
}

struct found {
	struct received_stamp stamps[40];
	struct received_reader reader;
	uint8_t kept[RECEIVED_TEXT_MAX];
	size_t count;
};

static void note(struct found *f)
{
	assert_true(f->count < COUNT(f->stamps));
	received_read(cursor_over(f->kept, f->reader.used), &f->stamps[f->count++], NULL);
	received_forget(&f->reader, f->kept);
}

/* Offers a copy: the sanitizer then sees a read behind its end. */
static void offer(struct found *f, const char *bytes, size_t length)
{
	uint8_t *copy = malloc(length + (length == 0));
	struct cursor in = cursor_over(copy, length);

	assert_non_null(copy);
	memcpy(copy, bytes, length);
	while (received_next(&f->reader, f->kept, &in) == RESULT_OK)
		note(f);
	assert_int_equal(in.left, 0);
	free(copy);
}

static void end(struct found *f)
{
	if (received_end(&f->reader) == RESULT_OK)
		note(f);
	for (size_t i = 0; i < RECEIVED_TEXT_MAX; i++)
		assert_int_equal(f->kept[i], 0); /* nothing of the text is left behind */
}

static void check(const struct found *f, const char *header, const char *expected, unsigned line)
{
	char text[256] = "nothing\n";

	if (f->count > 0)
		describe(&f->stamps[0], text, sizeof(text));
	if (f->count == 1 && strcmp(text, expected) == 0)
		return;
	fail_msg("%s:%u:\n%sexpected %sgot      %s", TABLE, line, header, expected, text);
}

/* Whole, cut at every byte, byte by byte. */
static void check_header(const char *header, const char *expected, unsigned line)
{
	size_t length = strlen(header);

	for (size_t cut = 0; cut <= length; cut++) {
		struct found f = {.count = 0};

		offer(&f, header, cut);
		offer(&f, header + cut, length - cut);
		end(&f);
		check(&f, header, expected, line);
	}
	for (size_t step = 1; step < 4; step++) {
		struct found f = {.count = 0};

		for (size_t at = 0; at < length; at += step)
			offer(&f, header + at, at + step < length ? step : length - at);
		end(&f);
		check(&f, header, expected, line);
	}
}

/* Ended after every byte: whatever is read has to be a stamp. */
static void truncate(const char *header)
{
	for (size_t length = 0; length < strlen(header); length++) {
		struct found f = {.count = 0};
		char text[256];

		offer(&f, header, length);
		end(&f);
		assert_true(f.count <= 1);
		if (f.count > 0)
			describe(&f.stamps[0], text, sizeof(text));
	}
}

static void test_the_table(void **state)
{
	FILE *table = fopen(TABLE, "r");
	char line[1024], header[TEXT_MAX] = "";
	unsigned number = 0, headers = 0;

	(void)state;
	if (table == NULL)
		fail_msg("%s cannot be read; run this from the top of the tree", TABLE);
	while (fgets(line, sizeof(line), table) != NULL) {
		number++;
		if (line[0] == '#' || line[0] == '\n')
			continue;
		if (line[0] != '=') {
			strcat(header, line);
			continue;
		}
		check_header(header, line, number);
		truncate(header);
		header[0] = '\0';
		headers++;
	}
	fclose(table);
	assert_true(headers > 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
