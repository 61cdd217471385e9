/*
 * Real captures with packets doubled, swapped, cut up, or lost: what is whole gives the same
 * records; what is not gives the right fact, or none, never a wrong one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "replay_capture.h"

/* Captures with more packets lose their pairs at random; under sanitizers, which take their time,
 * those of the plain build were all tried. */
#ifdef __SANITIZE_ADDRESS__
#define PAIRS_PACKETS_MAX 20
#else
#define PAIRS_PACKETS_MAX 80
#endif

static struct replayed truth, got;

static unsigned wrong;

static void complain(
    const struct packet_list *c, const char *how, size_t i, size_t j, const char *what)
{
	if (wrong++ < 40)
		print_error("%s %s %zu %zu: %s\n", c->name, how, i, j, what);
}

static void complain_of(const struct packet_list *c, const char *how, size_t i, size_t j,
    const char *field, const struct record *right, const struct record *read)
{
	struct field_value a, b;
	char what[300];

	record_value(right, record_field(field), &a);
	record_value(read, record_field(field), &b);
	snprintf(what, sizeof(what), "%s is %s (%d), read %s (%d), history %s for %s", field,
	    a.kind == VALUE_TEXT ? a.text : "", (int)a.number, b.kind == VALUE_TEXT ? b.text : "",
	    (int)b.number, read->history, right->history);
	complain(c, how, i, j, what);
}

static void must_be_the_same(const struct packet_list *c, const char *how, size_t i)
{
	const char *what;

	if (got.count != truth.count) {
		complain(c, how, i, 0, "number of records");
		return;
	}
	for (size_t n = 0; n < truth.count; n++)
		if ((what = record_differs(&truth.records[n], &got.records[n], true)) != NULL)
			complain_of(c, how, i, n, what, &truth.records[n], &got.records[n]);
}

/* The true record of a connection: the one with the same ends. */
static const struct record *true_record(const struct record *r)
{
	for (size_t n = 0; n < truth.count; n++)
		if (memcmp(&truth.records[n].client_ip, &r->client_ip, sizeof(r->client_ip)) == 0 &&
		    truth.records[n].client_port == r->client_port)
			return &truth.records[n];
	return NULL;
}

static void must_not_be_wrong(const struct packet_list *c, const char *how, size_t i, size_t j)
{
	const struct record *right;
	const char *what;

	if (got.count > truth.count)
		complain(c, how, i, j, "more records than there were connections");
	for (size_t n = 0; n < got.count; n++) {
		right = true_record(&got.records[n]);
		if (right == NULL)
			complain(c, how, i, j, "nobody's record");
		else if ((what = record_differs(right, &got.records[n], false)) != NULL)
			complain_of(c, how, i, j, what, right, &got.records[n]);
	}
}

static void for_each_capture(void (*test)(const struct packet_list *))
{
	wrong = 0;
	for (size_t i = 0; i < capture_count; i++) {
		replay(&captures[i], NULL, 0, &truth);
		test(&captures[i]);
	}
	if (wrong > 0)
		fail_msg("%u differences", wrong);
}

static size_t *all_packets(const struct packet_list *c, size_t times)
{
	size_t *order = calloc(c->count * times + 1, sizeof(*order));

	for (size_t i = 0; i < c->count * times; i++)
		order[i] = i / times;
	return order;
}

static void doubled(const struct packet_list *c)
{
	size_t *order = all_packets(c, 2);

	replay(c, order, c->count * 2, &got);
	must_be_the_same(c, "doubled", 0);
	free(order);
}

static void swapped(const struct packet_list *c)
{
	size_t *order = all_packets(c, 1);

	for (size_t i = 0; i + 1 < c->count; i++) {
		order[i] = i + 1;
		order[i + 1] = i;
		replay(c, order, c->count, &got);
		must_not_be_wrong(c, "swapped", i, i + 1);
		order[i] = i;
		order[i + 1] = i + 1;
	}
	free(order);
}

/* A fragment cannot be cut up as a segment can, and of one side alone pieces tell more. */
static bool has_same_pieces(const struct packet_list *c)
{
	return strstr(c->name, "fragments") == NULL && strstr(c->name, "wire-only") == NULL;
}

static void in_pieces(const struct packet_list *c)
{
	static const size_t sizes[] = {1, 2, 5, 7, 100, 536};

	if (!has_same_pieces(c))
		return;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		replay_in_pieces(c, sizes[i], &got);
		must_be_the_same(c, "pieces", sizes[i]);
	}
}

static size_t without(const struct packet_list *c, size_t i, size_t j, size_t *order)
{
	size_t count = 0;

	for (size_t k = 0; k < c->count; k++)
		if (k != i && k != j)
			order[count++] = k;
	return count;
}

static void lost_one(const struct packet_list *c)
{
	size_t *order = all_packets(c, 1);

	for (size_t i = 0; i < c->count; i++) {
		replay(c, order, without(c, i, i, order), &got);
		must_not_be_wrong(c, "lost", i, i);
	}
	free(order);
}

static void lost_two(const struct packet_list *c)
{
	size_t *order = all_packets(c, 1);

	for (size_t i = 0; i < c->count; i++)
		for (size_t j = i + 1; j < c->count; j++) {
			if (c->count > PAIRS_PACKETS_MAX &&
			    (size_t)rand() % c->count >= PAIRS_PACKETS_MAX / 2)
				continue;
			replay(c, order, without(c, i, j, order), &got);
			must_not_be_wrong(c, "lost", i, j);
		}
	free(order);
}

static void ended_early(const struct packet_list *c)
{
	size_t *order = all_packets(c, 1);

	for (size_t i = 0; i < c->count; i++) {
		replay(c, order, i, &got);
		if (strstr(c->name, "refused-twice") ==
		    NULL) /* there the first refusal is true so far */
			must_not_be_wrong(c, "ended before", i, i);
		replay(c, order + i, c->count - i, &got);
		must_not_be_wrong(c, "begun at", i, i);
	}
	free(order);
}

/* What was recorded with something missing is not all that is true. */
static bool is_whole(const struct packet_list *c)
{
	return strncmp(c->name, "wire-", 5) != 0;
}

/* Every length that a header may end at, then steps: hellos and certificates end anywhere. */
static void cut_short(const struct packet_list *c)
{
	if (!is_whole(c))
		return;
	for (size_t most = 14; most < 1400; most += most < 100 ? 1 : 29) {
		replay_cut(c, most, &got);
		must_not_be_wrong(c, "cut to", most, most);
	}
}

/* Of one side alone the first alert seen is the other one's answer to one that was not. */
static bool answers_alerts(const struct packet_list *c)
{
	return strstr(c->name, "fail-") != NULL;
}

static void one_side(const struct packet_list *c)
{
	for (enum side side = SIDE_CLIENT; side < SIDES; side++) {
		if (answers_alerts(c))
			continue;
		replay_side(c, side, 0, &got);
		must_not_be_wrong(c, "only side", side, side);
	}
}

/* Two ports of a tap run apart: the other side comes later than it was, as a whole. */
static void side_late(const struct packet_list *c)
{
	static const uint64_t late_ms[] = {1, 5, 50, 300};

	for (size_t i = 0; i < sizeof(late_ms) / sizeof(late_ms[0]); i++)
		for (enum side side = SIDE_CLIENT; side < SIDES; side++) {
			replay_side(c, side, late_ms[i] * 1000000, &got);
			must_not_be_wrong(c, "other side late", late_ms[i], side);
			if (is_whole(c) && got.count > 0 && truth.records[0].tls_version != 0 &&
			    got.records[0].tls_version == 0)
				complain(c, "other side late", late_ms[i], side, "no version");
		}
}

#define TEST(name)                                                                                 \
	static void test_##name(void **state)                                                      \
	{                                                                                          \
		(void)state;                                                                       \
		for_each_capture(name);                                                            \
	}
TEST(doubled)
TEST(swapped)
TEST(in_pieces)
TEST(lost_one)
TEST(lost_two)
TEST(ended_early)
TEST(cut_short)
TEST(one_side)
TEST(side_late)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_doubled),
	    cmocka_unit_test(test_swapped),
	    cmocka_unit_test(test_in_pieces),
	    cmocka_unit_test(test_lost_one),
	    cmocka_unit_test(test_lost_two),
	    cmocka_unit_test(test_ended_early),
	    cmocka_unit_test(test_cut_short),
	    cmocka_unit_test(test_one_side),
	    cmocka_unit_test(test_side_late),
	};

	srand(1);
	return cmocka_run_group_tests(tests, captures_set_up, captures_tear_down);
}
