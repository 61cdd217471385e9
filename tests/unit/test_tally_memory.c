/* The tally when memory is full: what goes, what stays, what is counted as lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../parsers/tls_hello.h"
#include "tally_text.h"

static uint64_t sessions(struct tally *t, unsigned kind, const char *first, const char *second)
{
	uint8_t key[32];

	assert_true(tally_key_parse(kind, first, second, key));
	return tally_entry_counter(tally_entry_make(t, kind, key), TALLY_NAME_SESSIONS, 0, false)
	    ->seen;
}

static void keeps_what_was_not_written(void **state)
{
	struct tally *t = tally_new(10);
	struct tally_stats stats;
	struct tally_entry *e;
	struct record r;
	char client[20];

	(void)state;
	for (int i = 0; i < 12; i++) {
		snprintf(client, sizeof(client), "192.0.2.%d", i + 10);
		tally_text_record(&r, "192.0.2.1", client);
		assert_int_equal(tally_add(t, &r), i < 10 ? 0 : -1);
	}
	assert_int_equal(tally_lost(t), 2);
	assert_int_equal(sessions(t, TALLY_SERVER, "192.0.2.1", "-"), 12); /* these had room */
	assert_int_equal(sessions(t, TALLY_DAY, "2026-03-01", "-"), 12);

	/* Written ones go, the longest written first. */
	while ((e = tally_first(t, TALLY_DIRTY)) != NULL)
		tally_move(t, e, TALLY_CLEAN, false);
	assert_int_equal(tally_add(t, &r), 0);
	tally_stats(t, &stats);
	assert_int_equal(stats.entries[TALLY_PAIR], 10);
	assert_int_equal(stats.evicted, 2);
	assert_int_equal(sessions(t, TALLY_PAIR, "192.0.2.1", "192.0.2.11"), 1);
	tally_free(t);
}

/* Entries come and go at random: none is found twice, none is lost, none moves. */
static void survives_churn(void **state)
{
	enum { HOSTS = 3000, ROUNDS = 100000 };
	struct tally *t = tally_new(1000);
	uint32_t *counts = calloc(HOSTS, sizeof(*counts));
	struct tally_stats stats;
	struct tally_entry *e;
	uint64_t records = 0;
	struct record r;

	(void)state;
	srandom(1);
	tally_text_record(&r, "192.0.2.1", "10.0.0.0");
	for (unsigned i = 0; i < ROUNDS; i++) {
		unsigned host = (unsigned)random() % HOSTS;

		r.client_ip.bytes[14] = (uint8_t)(host >> 8);
		r.client_ip.bytes[15] = (uint8_t)host;
		if (tally_add(t, &r) == 0)
			counts[host]++;
		records++;
		while (i % 1500 == 0 && (e = tally_first(t, TALLY_DIRTY)) != NULL) {
			/* "Written": what it counted is in Redis, here: forgotten. */
			if (e->kind == TALLY_CLIENT)
				counts[e->key[30] << 8 | e->key[31]] = 0;
			for (size_t c = 0; c < e->count; c++)
				e->counters[c].seen = 0;
			tally_move(t, e, TALLY_CLEAN, false);
		}
	}
	tally_stats(t, &stats);
	assert_int_equal(stats.records, records);
	assert_true(stats.evicted > 1000 && stats.lost > 1000);
	for (unsigned host = 0; host < HOSTS; host++) {
		uint8_t key[32] = {[16 + 10] = 0xff, [16 + 11] = 0xff, [16 + 12] = 10};

		key[30] = (uint8_t)(host >> 8);
		key[31] = (uint8_t)host;
		e = tally_entry_make(t, TALLY_CLIENT, key);
		if (counts[host] > 0)
			assert_int_equal(e->counters[0].seen, counts[host]);
	}
	free(counts);
	tally_free(t);
}

static void doubts_and_forgets(void **state)
{
	struct tally *t = tally_new(100);
	struct tally_stats stats;
	struct tally_entry *e;
	struct record r;

	(void)state;
	tally_text_record(&r, "192.0.2.1", "192.0.2.2");
	tally_add(t, &r);
	while ((e = tally_first(t, TALLY_DIRTY)) != NULL) {
		e->written_ms = e->kind == TALLY_PAIR ? 10 : 20;
		tally_move(t, e, TALLY_CLEAN, false);
	}
	tally_forget(t, 15);
	tally_stats(t, &stats);
	assert_int_equal(stats.entries[TALLY_PAIR], 0);
	assert_int_equal(stats.entries[TALLY_SERVER], 1);
	assert_int_equal(stats.waiting, 0);
	tally_doubt(t);
	tally_stats(t, &stats);
	assert_int_equal(stats.waiting, 3);
	tally_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(keeps_what_was_not_written),
	    cmocka_unit_test(survives_churn),
	    cmocka_unit_test(doubts_and_forgets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
