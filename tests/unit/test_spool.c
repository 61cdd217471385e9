/* The spool file: what goes in comes out, and whatever is wrong with a file is seen before anything
 * is counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../parsers/tls_hello.h"
#include "../../sensor/spool.h"
#include "../../sensor/tally_entry.h"

static char folder[] = "/tmp/tlsvane-spool.XXXXXX";
static uint64_t mark;
static char path[64], copy[128], error[SPOOL_ERROR_MAX];

static int make_folder(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/spool", folder);
	return 0;
}

static int remove_folder(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static int clean_folder(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -f %s/*", folder);
	return system(command);
}

static struct tally *make_tally(unsigned sessions)
{
	struct tally *t = tally_new(100);
	struct record r;

	record_init(&r);
	r.start_ns = 1772323200123456789u;
	assert_true(address_parse("2001:db8::25", &r.server_ip));
	assert_true(address_parse("192.0.2.1", &r.client_ip));
	r.outcome = OUTCOME_TLS;
	r.tls_version = TLS_VERSION_10;
	r.cipher_suite = 0xfe01;
	r.client_max_version = TLS_VERSION_13;
	r.legacy_side = LEGACY_UNKNOWN;
	record_set_text(&r, &r.banner, "100% = \"tab\there\" \x7f newline\nthere");
	record_set_text(&r, &r.helo, "h\xc3\xa4lo=%41");
	for (unsigned i = 0; i < sessions; i++)
		assert_int_equal(tally_add(t, &r), 0);
	return t;
}

static struct tally_entry *server_of(struct tally *t)
{
	uint8_t key[32];

	assert_true(tally_key_parse(TALLY_SERVER, "2001:db8::25", "-", key));
	return tally_entry_make(t, TALLY_SERVER, key);
}

static void write_spool(struct tally *t, size_t wanted)
{
	size_t entries;

	if (spool_write(path, "s", t, SPOOL_ALL, 0, &entries, error) != SPOOL_OK)
		fail_msg("%s", error);
	assert_int_equal(entries, wanted);
}

static size_t read_spool(struct tally *t)
{
	size_t entries;

	if (spool_read(path, "s", t, &mark, &entries, error) != SPOOL_OK)
		fail_msg("%s", error);
	return entries;
}

static char *read_file(const char *name, size_t *size)
{
	FILE *file = fopen(name, "rb");
	char *bytes = malloc(65536);

	assert_non_null(file);
	*size = fread(bytes, 1, 65536, file);
	fclose(file);
	return bytes;
}

static void write_bytes(const char *bytes, size_t size)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	fclose(file);
}

static void comes_back_as_it_went(void **state)
{
	struct tally *t = make_tally(3), *back = tally_new(100);
	size_t size, size_again;
	char *first, *again;

	(void)state;
	write_spool(t, 4);
	first = read_file(path, &size);
	assert_int_equal(read_spool(back), 4);
	assert_string_equal(
	    server_of(back)->texts[TALLY_BANNER], "100% = \"tab\there\" \x7f newline\nthere");
	assert_true(server_of(back)->held);
	assert_int_equal(server_of(back)->list, TALLY_SPOOLED);
	assert_int_equal(server_of(back)->flags_due, 1u << TALLY_LEGACY);
	write_spool(back, 4);
	again = read_file(path, &size_again);
	/* Lists may differ in order, lines may not. */
	assert_int_equal(size, size_again);
	free(first);
	free(again);
	tally_free(t);
	tally_free(back);
}

static void runs_add_up(void **state)
{
	struct tally *t;

	(void)state;
	write_spool(t = make_tally(3), 4);
	tally_free(t);
	t = make_tally(2);
	assert_int_equal(read_spool(t), 4);
	assert_int_equal(server_of(t)->counters[0].seen, 5);
	write_spool(t, 4);
	tally_free(t);
	t = tally_new(100);
	read_spool(t);
	assert_int_equal(server_of(t)->counters[0].seen, 5);
	tally_free(t);
}

static void a_known_base_makes_absolute_values(void **state)
{
	struct tally *t = make_tally(3), *back = tally_new(100);
	struct tally_entry *e = server_of(t);

	(void)state;
	assert_int_equal(tally_entry_load(e, TALLY_TOTALS, "outcome:tls", "10"), 0);
	e->based = true;
	write_spool(t, 4);
	read_spool(back);
	e = server_of(back);
	assert_false(e->held);
	assert_int_equal(e->list, TALLY_DIRTY);
	assert_int_equal(
	    tally_entry_counter(e, TALLY_NAME_OUTCOME, OUTCOME_TLS, false)->absolute, 13);
	assert_int_equal(tally_entry_counter(e, TALLY_NAME_OUTCOME, OUTCOME_TLS, false)->seen, 0);
	tally_free(t);
	tally_free(back);
}

static void only_what_waits_is_written(void **state)
{
	struct tally *t = make_tally(1);
	struct tally_entry *e;
	struct stat status;

	(void)state;
	tally_move(t, server_of(t), TALLY_CLEAN, false);
	write_spool(t, 3);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	while ((e = tally_first(t, TALLY_DIRTY)) != NULL)
		tally_move(t, e, TALLY_CLEAN, false);
	write_spool(t, 0);
	assert_int_equal(stat(path, &status), -1);
	tally_free(t);
}

/* A broken file: nothing counted, a line that says why, and the file kept under its new name. */
static void assert_broken(const char *bytes, size_t size, const char *says)
{
	struct tally *t = tally_new(100);
	struct tally_stats stats;
	struct stat status;
	size_t entries;

	write_bytes(bytes, size);
	assert_int_equal(spool_read(path, "s", t, &mark, &entries, error), SPOOL_BROKEN);
	if (strstr(error, says) == NULL)
		fail_msg("%s", error);
	tally_stats(t, &stats);
	assert_int_equal(stats.waiting, 0);
	snprintf(copy, sizeof(copy), "%s.bad-1", path);
	assert_int_equal(stat(copy, &status), 0);
	assert_int_equal(status.st_size, (off_t)size);
	unlink(copy);
	tally_free(t);
}

static void every_cut_is_seen(void **state)
{
	struct tally *t = make_tally(3);
	size_t size;
	char *bytes;

	(void)state;
	write_spool(t, 4);
	bytes = read_file(path, &size);
	for (size_t i = 0; i < size; i++)
		assert_broken(bytes, i, "");
	free(bytes);
	tally_free(t);
}

static void every_changed_byte_is_seen(void **state)
{
	struct tally *t = make_tally(3);
	size_t size;
	char *bytes;

	(void)state;
	write_spool(t, 4);
	bytes = read_file(path, &size);
	for (size_t i = 0; i < size; i++) {
		char old = bytes[i];

		bytes[i] = (char)(old ^ (1 << i % 8));
		if ((old ^ bytes[i]) != 0x20 || i < size - 18) /* the checksum may be in capitals */
			assert_broken(bytes, size, "");
		bytes[i] = old;
	}
	free(bytes);
	tally_free(t);
}

static void says_what_is_wrong(void **state)
{
	(void)state;
	assert_broken("", 0, "no header");
	assert_broken("\n", 1, "not a spool");
	assert_broken("hello\n", 6, "not a spool");
	assert_broken("tlsvane-spool\t2\ts\n", 18, "another version");
	assert_broken("tlsvane-spool\t1\tt\n", 18, "another name");
	assert_broken("tlsvane-spool\t1\ts\n", 18, "cut off");
	assert_broken("tlsvane-spool\t1\ts\npair\tx\ty\ta=1\n", 32, "no entry");
	assert_broken("tlsvane-spool\t1\ts\nend\t0\t0000000000000000\n", 41, "checksum");
}

static void bad_ones_are_numbered(void **state)
{
	struct tally *t = tally_new(100);
	struct stat status;
	size_t entries;

	(void)state;
	for (int i = 0; i < 3; i++) {
		write_bytes("x\n", 2);
		assert_int_equal(spool_read(path, "s", t, &mark, &entries, error), SPOOL_BROKEN);
	}
	snprintf(copy, sizeof(copy), "%s.bad-3", path);
	assert_int_equal(stat(copy, &status), 0);
	assert_int_equal(read_spool(t), 0);
	tally_free(t);
}

static void locks_out_a_second(void **state)
{
	int first = spool_lock(path, error), second = spool_lock(path, error);

	(void)state;
	assert_true(first >= 0);
	assert_int_equal(second, SPOOL_FAILED);
	assert_non_null(strstr(error, "another sensor of this name"));
	close(first);
	first = spool_lock(path, error);
	assert_true(first >= 0);
	close(first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(comes_back_as_it_went, clean_folder),
	    cmocka_unit_test_teardown(runs_add_up, clean_folder),
	    cmocka_unit_test_teardown(a_known_base_makes_absolute_values, clean_folder),
	    cmocka_unit_test_teardown(only_what_waits_is_written, clean_folder),
	    cmocka_unit_test_teardown(every_cut_is_seen, clean_folder),
	    cmocka_unit_test_teardown(every_changed_byte_is_seen, clean_folder),
	    cmocka_unit_test_teardown(says_what_is_wrong, clean_folder),
	    cmocka_unit_test_teardown(bad_ones_are_numbered, clean_folder),
	    cmocka_unit_test_teardown(locks_out_a_second, clean_folder),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
