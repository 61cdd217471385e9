/* Products: the real greetings of tests/fixtures/greetings.txt against what stands below each. */
#include "../../parsers/products.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "../../parsers/smtp_capability.h"

#define TABLE "tests/fixtures/greetings.txt"

static const char *or_dash(const char *text)
{
	return text == NULL || text[0] == '\0' ? "-" : text;
}

/* A copy: the sanitizer then sees a read behind its end. */
static struct product_match read_greeting(const char *greeting, size_t length, bool ehlo,
    uint64_t known, char version[PRODUCT_VERSION_MAX])
{
	char *copy = malloc(length + (length == 0));
	struct product_match m;

	assert_non_null(copy);
	memcpy(copy, greeting, length);
	m = product_of_server(cursor_over(copy, length), ehlo, known);
	product_version_text(version, m.version);
	free(copy);
	return m;
}

struct row {
	char greeting[512];
	bool ehlo;
	uint64_t known;
};

static void check(const struct row *row, const char *expected, unsigned line)
{
	char version[PRODUCT_VERSION_MAX], text[256];
	size_t length = strlen(row->greeting);
	struct product_match m =
	    read_greeting(row->greeting, length, row->ehlo, row->known, version);

	snprintf(text, sizeof(text), "= %s | %s | %s\n", or_dash(product_name(m.product)),
	    or_dash(version), or_dash(product_basis_names[m.basis]));
	if (strcmp(text, expected) != 0)
		fail_msg("%s:%u: %s\nexpected %sgot      %s", TABLE, line, row->greeting, expected,
		    text);
	for (size_t cut = 0; cut < length; cut++) {
		m = read_greeting(row->greeting, cut, row->ehlo, row->known, version);
		assert_true(m.product == 0 || product_name(m.product) != NULL);
	}
}

static uint64_t read_keywords(char *line)
{
	struct smtp_capabilities c;
	char *word, *rest = line;

	smtp_capabilities_clear(&c);
	while ((word = strsep(&rest, " \n")) != NULL)
		smtp_capability_read(&c, cursor_over(word, strlen(word)));
	return c.known;
}

static void test_the_table(void **state)
{
	FILE *table = fopen(TABLE, "r");
	struct row row = {.ehlo = false};
	char line[1024];
	unsigned number = 0, greetings = 0;

	(void)state;
	if (table == NULL)
		fail_msg("%s cannot be read; run this from the top of the tree", TABLE);
	while (fgets(line, sizeof(line), table) != NULL) {
		number++;
		if (strncmp(line, "220 ", 4) == 0) {
			snprintf(row.greeting, sizeof(row.greeting), "%.*s",
			    (int)strcspn(line + 4, "\n"), line + 4);
			row.ehlo = false;
		} else if (strncmp(line, "EHLO ", 5) == 0) {
			row.ehlo = true;
			row.known = read_keywords(line + 5);
		} else if (line[0] == '=') {
			check(&row, line, number);
			greetings++;
		}
	}
	fclose(table);
	assert_true(greetings > 50);
}

/* SNI and ALPN are in the first part only. */
static void test_hellos(void **state)
{
	static const struct {
		const char *ja4, *product;
	} rows[] = {
	    {"t13i871000_c66346c74e42_24695f2957a7", "Postfix"},
	    {"t13d871100_c66346c74e42_24695f2957a7", "Postfix"},
	    {"t13d8711h2_c66346c74e42_24695f2957a7", NULL},
	    {"t13i870900_c66346c74e42_7379471da272", "OpenSMTPD"},
	    {"t13i310800_e8f1e7e78f70_b0d3b4ac2a14", "Sendmail"},
	    {"t13i311000_e8f1e7e78f70_24695f2957a7", NULL}, /* any client of OpenSSL 3.0 */
	    {"_24695f2957a7", NULL},
	    {"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct product_match m =
		    product_of_hello(cursor_over(rows[i].ja4, strlen(rows[i].ja4)));

		assert_string_equal(or_dash(product_name(m.product)), or_dash(rows[i].product));
		assert_int_equal(m.basis, m.product == 0 ? 0 : PRODUCT_BASIS_HELLO);
	}
}

static void test_numbers_without_a_row_have_no_name(void **state)
{
	(void)state;
	assert_null(product_name(0));
	assert_null(product_name(UINT8_MAX));
	assert_false(product_states_cipher_version(0));
	assert_false(product_states_cipher_version(UINT8_MAX));
}

/* Nothing in the table is empty, too long for a record, or asks for nothing. */
static void test_every_row_has_a_name(void **state)
{
	(void)state;
	for (unsigned product = 1; product_name((uint8_t)product) != NULL; product++)
		assert_in_range(strlen(product_name((uint8_t)product)), 3, 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_table),
	    cmocka_unit_test(test_hellos),
	    cmocka_unit_test(test_numbers_without_a_row_have_no_name),
	    cmocka_unit_test(test_every_row_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
