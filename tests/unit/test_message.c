/* What the recorder believes of a worker: every record that a session gives, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../sensor/message.h"
#include "replay_capture.h"

static struct record small_record(void)
{
	struct record r;

	record_init(&r);
	r.start_ns = 1767225600000000001u;
	r.outcome = OUTCOME_TLS;
	record_set_text(&r, &r.banner, "mx.example.net ESMTP");
	record_set_text(&r, &r.helo, "out.example.org");
	strcpy(r.history, "bErSs:Cs");
	return r;
}

/* Checked where nothing lies behind the bytes: a sanitizer sees who reads on. */
static bool check(const struct message *m, size_t size)
{
	struct message *copy = malloc(size > 0 ? size : 1);
	bool result;

	assert_non_null(copy);
	memcpy(copy, m, size);
	result = message_check(copy, size);
	free(copy);
	return result;
}

static bool check_record(const struct record *r)
{
	struct message m = {.kind = MESSAGE_RECORD};

	memcpy(&m.record, r, record_size(r));
	return check(&m, message_size(&m));
}

static void every_record_of_a_capture_is_valid(void **state)
{
	struct replayed *got = malloc(sizeof(*got));
	size_t records = 0;

	(void)state;
	assert_non_null(got);
	for (size_t i = 0; i < capture_count; i++) {
		replay(&captures[i], NULL, captures[i].count, got);
		for (size_t j = 0; j < got->count; j++)
			if (!check_record(&got->records[j]))
				fail_msg("%s: record %zu is refused", captures[i].name, j);
		records += got->count;
	}
	assert_true(records > 90);
	free(got);
}

static void only_its_own_size_is_right(void **state)
{
	struct message m = {.kind = MESSAGE_RECORD, .record = small_record()};
	size_t right = message_size(&m);

	(void)state;
	for (size_t size = 0; size <= sizeof(m); size++)
		assert_int_equal(check(&m, size), size == right);
	m.kind = MESSAGE_NUMBERS;
	right = message_size(&m);
	assert_int_equal(right, MESSAGE_HEAD + sizeof(struct sensor_numbers));
	for (size_t size = 0; size <= sizeof(m); size++)
		assert_int_equal(check(&m, size), size == right);
	for (m.kind = 0; m.kind < 300; m.kind++)
		if (m.kind != MESSAGE_RECORD && m.kind != MESSAGE_NUMBERS)
			assert_false(check(&m, right));
}

/* Each field by its row: words and booleans that are none, texts that are elsewhere. */
static void every_row_is_checked(void **state)
{
	size_t checked = 0;

	(void)state;
	for (size_t i = 0; i < record_field_count; i++) {
		const struct field *f = &record_fields[i];
		struct record r = small_record();
		char *at = (char *)&r + f->offset;
		uint16_t text = r.text_used;

		if (f->type == FIELD_TEXT || f->type == FIELD_WORDS) {
			memcpy(at, &text, sizeof(text));
			assert_false(check_record(&r));
			text = 3; /* in the middle of another */
			memcpy(at, &text, sizeof(text));
		} else if (f->type == FIELD_BOOLEAN) {
			*at = 3;
		} else if (f->type == FIELD_ENUM) {
			*at = (char)(f->names_count - 1);
			assert_true(check_record(&r));
			*at = (char)f->names_count;
		} else if (f->type == FIELD_DATE) {
			memset(at, 0x7f, f->size);
		} else if (f->type == FIELD_TRANSCRIPT) {
			r.event_count = RECORD_EVENTS_MAX + 1;
		} else if (f->type == FIELD_CAPABILITIES) {
			r.other_capabilities = text;
		} else if (f->type == FIELD_STRING) {
			memset(at, 'a', f->size);
		} else {
			continue;
		}
		assert_false(check_record(&r));
		checked++;
	}
	assert_true(checked > 20);
}

static void texts_end_and_are_printable(void **state)
{
	static const char *const unclean[] = {
	    "\x1b[2J", "\r", "\x7f", "\xff", "\xc0\x80", "\xc2\x9b", "\xe2\x80\xae"};
	struct record r = small_record();

	(void)state;
	assert_true(check_record(&r));
	r.text[r.text_used - 1] = 'x';
	assert_false(check_record(&r));
	r = small_record();
	r.text[0] = 'x';
	assert_false(check_record(&r));
	r = small_record();
	r.text_used = 0;
	assert_false(check_record(&r));
	r.text_used = RECORD_TEXT_MAX + 1;
	assert_false(record_valid(&r, offsetof(struct record, text) + r.text_used));
	for (size_t i = 0; i < sizeof(unclean) / sizeof(unclean[0]); i++) {
		r = small_record();
		record_set_text(&r, &r.software, unclean[i]);
		assert_false(check_record(&r));
		r = small_record();
		strcpy(r.history, unclean[i]);
		assert_false(check_record(&r));
	}
	r = small_record();
	record_set_text(&r, &r.software, "Gr\xc3\xbc\xc3\x9f");
	assert_true(check_record(&r));
}

/* Cut anywhere, with or without a head that says so: only whole messages come out of it. */
static void a_bundle_gives_whole_messages_only(void **state)
{
	const struct sensor_numbers numbers = {.packets = 1};
	struct record r = small_record();
	struct bundle made = {.size = BUNDLE_HEAD}, *cut;
	size_t ends[3], at, count;

	(void)state;
	assert_true(bundle_add(&made, MESSAGE_RECORD, 1, &r, record_size(&r)));
	ends[0] = made.size;
	assert_true(bundle_add(&made, MESSAGE_NUMBERS, 1, &numbers, sizeof(numbers)));
	ends[1] = made.size;
	assert_true(bundle_add(&made, MESSAGE_RECORD, 1, &r, record_size(&r)));
	ends[2] = made.size;
	assert_int_equal(made.records, 2);
	for (size_t size = BUNDLE_HEAD; size <= made.size; size++) {
		cut = malloc(size);
		assert_non_null(cut);
		memcpy(cut, &made, size);
		cut->size = (uint32_t)size;
		for (at = BUNDLE_HEAD, count = 0; bundle_next(cut, &at) != NULL; count++)
			assert_int_equal(at, ends[count]);
		assert_int_equal(count, (size >= ends[0]) + (size >= ends[1]) + (size >= ends[2]));
		free(cut);
	}
	while (bundle_add(&made, MESSAGE_RECORD, 1, &r, record_size(&r)))
		;
	assert_true(made.size <= sizeof(made));
	assert_true(made.size + record_size(&r) + MESSAGE_HEAD + 8 > sizeof(made));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_record_of_a_capture_is_valid),
	    cmocka_unit_test(only_its_own_size_is_right),
	    cmocka_unit_test(every_row_is_checked),
	    cmocka_unit_test(texts_end_and_are_printable),
	    cmocka_unit_test(a_bundle_gives_whole_messages_only),
	};

	return cmocka_run_group_tests(tests, captures_set_up, captures_tear_down);
}
