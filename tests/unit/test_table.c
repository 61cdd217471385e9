/* Rows as table, CSV and JSON. The library holds no tools, so they are built in here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../tools/counts.c"
#include "../../tools/options.c"
#include "../../tools/say.c"
#include "../../tools/table.c"
#include "../../tools/table_write.c"

static const struct column columns[] = {
    {.name = "time", .heading = "TIME", .flags = COLUMN_DATE},
    {.name = "host.ip", .heading = "HOST"},
    {.name = "host.name", .heading = "NAME", .least = 6, .drop = 1},
    {.name = "cipher", .heading = "CIPHER", .flags = COLUMN_WORDS | COLUMN_MIDDLE, .least = 12},
    {.name = "sessions", .heading = "SESSIONS", .flags = COLUMN_RIGHT},
    {.name = "versions", .heading = "VERSIONS"},
    {.name = "hidden"},
};

static void put_row(struct table *t, const char *ip, const char *name, uint64_t sessions)
{
	struct counts counts = {0};
	char text[64];

	assert_true(counts_add(&counts, COUNT_VERSION, "TLSv1.2", 1));
	assert_true(counts_add(&counts, COUNT_VERSION, "TLSv1.0", 2));
	assert_true(counts_add(&counts, COUNT_VERSION, "TLSv1.0", 1));
	counts_sort(&counts);
	table_time(t, 1772352000000u);
	table_text(t, ip, STYLE_PLAIN);
	table_text(t, name, STYLE_PLAIN);
	table_text(t, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", STYLE_PLAIN);
	table_number(t, sessions);
	table_counts(t, &counts, COUNT_VERSION,
	    counts_text(&counts, COUNT_VERSION, 3, text, sizeof(text)), STYLE_BAD);
	table_list(t, (const char *const[]){"a", "b"}, 2);
	table_end_row(t);
	counts_free(&counts);
}

/* Two rows in a form, on a terminal of a width (0: none). */
static void expect(enum output_format format, unsigned width, const char *wanted)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);
	struct options o = {.format = (uint8_t)format, .color = COLOR_NEVER};
	struct table *t = table_new(to, &o, columns, sizeof(columns) / sizeof(columns[0]));

	t->width = width;
	put_row(t, "192.0.2.1", "mx, \"one\"", 5);
	put_row(t, "2001:db8::1", NULL, 12345);
	table_note(t, "evil\033[2Jnote", STYLE_DIM);
	table_finish(t);
	fclose(to);
	assert_string_equal(text, wanted);
	free(text);
}

static void a_table_is_aligned(void **state)
{
	(void)state;
	expect(OUTPUT_TABLE, 0,
	    "TIME              HOST         NAME       CIPHER                                 "
	    "SESSIONS  VERSIONS\n"
	    "2026-03-01 08:00  192.0.2.1    mx, \"one\"  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256     "
	    "    5  TLSv1.0 2, TLSv1.2 1\n"
	    "2026-03-01 08:00  2001:db8::1  -          TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256     "
	    "12345  TLSv1.0 2, TLSv1.2 1\n"
	    "    evil?[2Jnote\n");
}

static void a_narrow_terminal_costs_words_then_letters(void **state)
{
	(void)state;
	expect(OUTPUT_TABLE, 90,
	    "2026-03-01  HOST         NAME       CIPHER                  SESSIONS  VERSIONS\n"
	    "08:00       192.0.2.1    mx, \"one\"  ECDHE_RSA_A~GCM_SHA256         5  TLSv1.0 2, "
	    "TLSv1.2 1\n"
	    "08:00       2001:db8::1  -          ECDHE_RSA_A~GCM_SHA256     12345  TLSv1.0 2, "
	    "TLSv1.2 1\n"
	    "    evil?[2Jnote\n");
}

static void then_columns(void **state)
{
	(void)state;
	expect(OUTPUT_TABLE, 72,
	    "2026-03-01  HOST         CIPHER           SESSIONS  VERSIONS\n"
	    "08:00       192.0.2.1    ECDHE_R~_SHA256         5  TLSv1.0 2, TLSv1.2 1\n"
	    "08:00       2001:db8::1  ECDHE_R~_SHA256     12345  TLSv1.0 2, TLSv1.2 1\n"
	    "    evil?[2Jnote\n");
}

static void csv_follows_rfc_4180(void **state)
{
	(void)state;
	expect(OUTPUT_CSV, 0,
	    "time,host.ip,host.name,cipher,sessions,versions,hidden\r\n"
	    "2026-03-01T08:00:00.000Z,192.0.2.1,\"mx, "
	    "\"\"one\"\"\",TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,5,TLSv1.0=2;TLSv1.2=1,a;b\r\n"
	    "2026-03-01T08:00:00.000Z,2001:db8::1,,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,12345,"
	    "TLSv1.0=2;TLSv1.2=1,a;b\r\n");
}

static void json_nests_dotted_names(void **state)
{
	(void)state;
	expect(OUTPUT_JSON, 0,
	    "{\"time\":\"2026-03-01T08:00:00.000Z\",\"host\":{\"ip\":\"192.0.2.1\",\"name\":\"mx, "
	    "\\\"one\\\"\"},"
	    "\"cipher\":\"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\",\"sessions\":5,\"versions\":{"
	    "\"TLSv1.0\":2,\"TLSv1.2\":1},"
	    "\"hidden\":[\"a\",\"b\"]}\n"
	    "{\"time\":\"2026-03-01T08:00:00.000Z\",\"host\":{\"ip\":\"2001:db8::1\"},"
	    "\"cipher\":\"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\",\"sessions\":12345,\"versions\":{"
	    "\"TLSv1.0\":2,\"TLSv1.2\":1},"
	    "\"hidden\":[\"a\",\"b\"]}\n");
}

static void a_formula_is_disarmed_in_csv(void **state)
{
	static const struct column one[] = {{.name = "helo", .heading = "HELO"}};
	struct options o = {.format = OUTPUT_CSV};
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);
	struct table *t = table_new(to, &o, one, 1);

	(void)state;
	table_text(t, "=cmd|calc", STYLE_PLAIN);
	table_end_row(t);
	table_finish(t);
	fclose(to);
	assert_string_equal(text, "helo\r\n'=cmd|calc\r\n");
	free(text);
}

static void no_row_no_heading(void **state)
{
	struct options o = {.format = OUTPUT_TABLE};
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	(void)state;
	table_finish(table_new(to, &o, columns, sizeof(columns) / sizeof(columns[0])));
	fclose(to);
	assert_string_equal(text, "");
	free(text);
}

static void counters_know_their_times(void **state)
{
	struct counts c = {0};
	const struct count *count;
	char text[64];

	(void)state;
	assert_true(counts_add(&c, COUNT_CIPHER, "B", 99));
	assert_true(counts_add(&c, COUNT_CIPHER, "A", 50));
	assert_true(counts_add(&c, COUNT_CIPHER, "A", 10));
	counts_sort(&c);
	count = counts_next(&c, COUNT_CIPHER, NULL);
	assert_string_equal(count->name, "A");
	assert_int_equal(count->sessions, 2);
	assert_int_equal(count->first_ms, 10);
	assert_int_equal(count->last_ms, 50);
	assert_string_equal(counts_text(&c, COUNT_CIPHER, 3, text, sizeof(text)), "A 2, B 1");
	counts_free(&c);
}

/* No name is cut in two: what has no room is not there, and something says so. */
static void counters_without_room_are_left_out_whole(void **state)
{
	struct counts c = {0};
	char text[64];

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		assert_true(counts_add(&c, COUNT_CIPHER, "TLS_AES_256_GCM_SHA384", 1));
	for (unsigned i = 0; i < 2; i++)
		assert_true(counts_add(&c, COUNT_CIPHER, "TLS_AES_128_CCM_8_SHA256", 1));
	assert_true(counts_add(&c, COUNT_CIPHER, "TLS_AES_128_CCM_SHA256", 1));
	counts_sort(&c);
	assert_string_equal(counts_text(&c, COUNT_CIPHER, 6, text, sizeof(text)),
	    "TLS_AES_256_GCM_SHA384 3, TLS_AES_128_CCM_8_SHA256 2, ...");
	assert_string_equal(
	    counts_text(&c, COUNT_CIPHER, 6, text, 48), "TLS_AES_256_GCM_SHA384 3, ...");
	assert_string_equal(counts_text(&c, COUNT_CIPHER, 6, text, 8), "...");
	counts_free(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_table_is_aligned),
	    cmocka_unit_test(a_narrow_terminal_costs_words_then_letters),
	    cmocka_unit_test(then_columns),
	    cmocka_unit_test(csv_follows_rfc_4180),
	    cmocka_unit_test(json_nests_dotted_names),
	    cmocka_unit_test(a_formula_is_disarmed_in_csv),
	    cmocka_unit_test(no_row_no_heading),
	    cmocka_unit_test(counters_without_room_are_left_out_whole),
	    cmocka_unit_test(counters_know_their_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
