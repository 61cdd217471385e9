/* The journal of alerts: what was added is read again, whatever was torn off its end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../sensor/alert_claim.h"
#include "../../sensor/alert_journal.h"

static char path[64];

struct text {
	char bytes[4096];
	size_t used;
};

static void read_entry(void *context, enum alert_entry entry, const char *bytes, size_t size)
{
	struct text *t = context;

	t->used += (size_t)snprintf(t->bytes + t->used, sizeof(t->bytes) - t->used, "%c%.*s ",
	    (int)entry, (int)size, bytes);
}

static struct alert_journal *open_journal(struct text *t)
{
	char error[512];
	struct alert_journal *j;

	*t = (struct text){0};
	j = alert_journal_open(path, read_entry, t, error);
	assert_non_null(j);
	return j;
}

static int begin(void **state)
{
	int fd;

	(void)state;
	strcpy(path, "/tmp/tlsvane-journal.XXXXXX");
	fd = mkstemp(path);
	close(fd);
	return fd < 0;
}

static int end(void **state)
{
	(void)state;
	return unlink(path);
}

static void reads_what_was_added(void **state)
{
	struct text t;
	struct alert_journal *j = open_journal(&t);

	(void)state;
	assert_string_equal(t.bytes, "");
	alert_journal_add(j, ALERT_ENTRY_CLAIM, "one", 3);
	alert_journal_add(j, ALERT_ENTRY_DUE, "", 0);
	alert_journal_close(j);
	j = open_journal(&t);
	assert_string_equal(t.bytes, "Cone U ");
	alert_journal_add(j, ALERT_ENTRY_DONE, "two", 3);
	alert_journal_close(j);
	j = open_journal(&t);
	assert_string_equal(t.bytes, "Cone U Dtwo ");
	assert_int_equal(alert_journal_failed(j), 0);
	alert_journal_close(j);
}

static long file_size(void)
{
	FILE *file = fopen(path, "r");
	long size;

	fseek(file, 0, SEEK_END);
	size = ftell(file);
	fclose(file);
	return size;
}

/* A crash within a write: everything before it is there, and what follows is readable. */
static void a_torn_end_is_cut(void **state)
{
	struct text t;
	struct alert_journal *j = open_journal(&t);
	long whole, more;

	(void)state;
	alert_journal_add(j, ALERT_ENTRY_CLAIM, "one", 3);
	alert_journal_close(j);
	whole = file_size();
	for (long cut = 1;; cut++) {
		j = open_journal(&t);
		alert_journal_add(j, ALERT_ENTRY_DONE, "twotwo", 6);
		alert_journal_close(j);
		more = file_size() - whole;
		if (cut > more)
			break;
		assert_int_equal(truncate(path, whole + more - cut), 0);
		j = open_journal(&t);
		assert_string_equal(t.bytes, "Cone ");
		alert_journal_add(j, ALERT_ENTRY_OVER, "x", 1);
		alert_journal_close(j);
		j = open_journal(&t);
		assert_string_equal(t.bytes, "Cone Xx ");
		alert_journal_close(j);
		assert_int_equal(truncate(path, whole), 0);
	}
}

static void a_changed_byte_is_noticed(void **state)
{
	struct text t;
	struct alert_journal *j = open_journal(&t);
	long whole;
	FILE *file;

	(void)state;
	alert_journal_add(j, ALERT_ENTRY_CLAIM, "one", 3);
	alert_journal_close(j);
	whole = file_size();
	j = open_journal(&t);
	alert_journal_add(j, ALERT_ENTRY_DONE, "two", 3);
	alert_journal_close(j);
	file = fopen(path, "r+");
	fseek(file, whole + 9, SEEK_SET);
	putc('x', file);
	fclose(file);
	j = open_journal(&t);
	assert_string_equal(t.bytes, "Cone ");
	alert_journal_close(j);
}

static void one_process_at_a_time(void **state)
{
	struct text t, other = {0};
	struct alert_journal *j = open_journal(&t);
	char error[512] = "";

	(void)state;
	assert_null(alert_journal_open(path, read_entry, &other, error));
	assert_non_null(strstr(error, "another sensor uses it"));
	alert_journal_renew(j); /* also when it is a new file */
	alert_journal_renewed(j);
	assert_null(alert_journal_open(path, read_entry, &other, error));
	alert_journal_close(j);
	j = open_journal(&t);
	alert_journal_close(j);
}

static void is_written_anew(void **state)
{
	struct text t;
	struct alert_journal *j = open_journal(&t);
	static char long_one[100000];

	(void)state;
	while (!alert_journal_is_long(j))
		alert_journal_add(j, ALERT_ENTRY_CLAIM, long_one, sizeof(long_one));
	alert_journal_renew(j);
	alert_journal_add(j, ALERT_ENTRY_STATE, "kept", 4);
	alert_journal_renewed(j);
	alert_journal_add(j, ALERT_ENTRY_DONE, "then", 4);
	assert_false(alert_journal_is_long(j));
	alert_journal_close(j);
	assert_true(file_size() < 100);
	j = open_journal(&t);
	assert_string_equal(t.bytes, "Skept Dthen ");
	alert_journal_close(j);
}

static void a_foreign_file_is_left_alone(void **state)
{
	struct text t = {0};
	FILE *file = fopen(path, "w");
	char error[512] = "";

	(void)state;
	fputs("something else altogether\n", file);
	fclose(file);
	assert_null(alert_journal_open(path, read_entry, &t, error));
	assert_non_null(strstr(error, "is no journal of alerts"));
	assert_int_equal(file_size(), 26);
}

static void claims_are_kept_whole(void **state)
{
	struct alert_claim *c = alert_claim_new("legacy", "192.0.2.1 \xc3\xa9"), *copy;
	char *bytes;
	size_t size;

	(void)state;
	c->change = SUPPRESS_REGRESSED;
	c->told = true;
	c->at_ms = 1772323200123u;
	c->want = (struct suppress_shared){SUPPRESS_FIRING, 3, 2, 10, 20, 30, 40};
	c->json = strdup("{\"a\":1}");
	alert_claim_name(c, "");
	bytes = alert_claim_save(c, &size);
	copy = alert_claim_load(bytes, size);
	assert_string_equal(copy->uid, c->uid);
	assert_string_equal(copy->token, c->token);
	assert_string_equal(copy->id, c->id);
	assert_string_equal(copy->key, c->key);
	assert_string_equal(copy->json, c->json);
	assert_null(copy->channel);
	assert_int_equal(copy->change, SUPPRESS_REGRESSED);
	assert_true(copy->told);
	assert_int_equal(copy->at_ms, c->at_ms);
	assert_memory_equal(&copy->want, &c->want, sizeof(c->want));
	for (size_t i = 0; i < size; i++)
		assert_null(alert_claim_load(bytes, i));
	free(bytes);
	alert_claim_free(c);
	alert_claim_free(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(reads_what_was_added, begin, end),
	    cmocka_unit_test_setup_teardown(a_torn_end_is_cut, begin, end),
	    cmocka_unit_test_setup_teardown(a_changed_byte_is_noticed, begin, end),
	    cmocka_unit_test_setup_teardown(one_process_at_a_time, begin, end),
	    cmocka_unit_test_setup_teardown(is_written_anew, begin, end),
	    cmocka_unit_test_setup_teardown(a_foreign_file_is_left_alone, begin, end),
	    cmocka_unit_test(claims_are_kept_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
