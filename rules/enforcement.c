/* The enforcement clock. */
#include "enforcement.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAY_MS	UINT64_C(86400000)
#define HOUR_MS UINT64_C(3600000)

/* ---- Pauses ---- */

static uint64_t turn_of(int year)
{
	struct tm tm = {.tm_year = year, .tm_mday = 1};

	return (uint64_t)timegm(&tm) * 1000;
}

void enforcement_year(uint64_t ms, uint64_t *from_ms, uint64_t *to_ms)
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm = {0};

	gmtime_r(&seconds, &tm);
	*from_ms = turn_of(tm.tm_year);
	*to_ms = turn_of(tm.tm_year + 1);
}

static int by_time(const void *left, const void *right)
{
	const struct enforcement_pause *a = left, *b = right;

	if (a->from_ms != b->from_ms)
		return a->from_ms < b->from_ms ? -1 : 1;
	return a->to_ms < b->to_ms ? -1 : a->to_ms > b->to_ms;
}

static size_t join(struct enforcement_pause *p, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		if (p[i].to_ms <= p[i].from_ms)
			continue;
		if (kept > 0 && p[i].from_ms <= p[kept - 1].to_ms) {
			if (p[i].to_ms > p[kept - 1].to_ms)
				p[kept - 1].to_ms = p[i].to_ms;
		} else {
			p[kept++] = p[i];
		}
	}
	return kept;
}

/* Cuts one pause at the turns of years, and each part to what is left of its year. */
struct budget {
	uint64_t year_ms, left_ms, cap_ms;
};

static bool spend(struct budget *b, struct enforcement_pause *rest, struct enforcement_pause *part)
{
	uint64_t year, next, to;

	enforcement_year(rest->from_ms, &year, &next);
	if (year != b->year_ms)
		*b = (struct budget){year, b->cap_ms, b->cap_ms};
	to = rest->to_ms < next ? rest->to_ms : next;
	*part = (struct enforcement_pause){rest->from_ms, to};
	if (to - rest->from_ms > b->left_ms)
		part->to_ms = rest->from_ms + b->left_ms;
	b->left_ms -= part->to_ms - part->from_ms;
	rest->from_ms = to;
	return part->to_ms > part->from_ms;
}

size_t enforcement_pauses(
    const struct enforcement *e, struct enforcement_pause *pauses, size_t count, size_t room)
{
	struct enforcement_pause cut[2 * ENFORCEMENT_PAUSES_MAX];
	struct budget budget = {UINT64_MAX, 0, e->pause_ms};
	size_t used = 0,
	       most = room < 2 * ENFORCEMENT_PAUSES_MAX ? room : 2 * ENFORCEMENT_PAUSES_MAX;

	if (count > 1)
		qsort(pauses, count, sizeof(*pauses), by_time);
	count = join(pauses, count);
	for (size_t i = 0; i < count; i++)
		while (pauses[i].from_ms < pauses[i].to_ms && used < most)
			used += spend(&budget, &pauses[i], &cut[used]);
	memcpy(pauses, cut, used * sizeof(*cut));
	return join(pauses, used);
}

/* ms of [from, to) that pauses take. */
static uint64_t overlap(
    const struct enforcement_pause *p, size_t count, uint64_t from_ms, uint64_t to_ms)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < count; i++) {
		uint64_t from = p[i].from_ms > from_ms ? p[i].from_ms : from_ms,
			 to = p[i].to_ms < to_ms ? p[i].to_ms : to_ms;

		sum += to > from ? to - from : 0;
	}
	return sum;
}

uint64_t enforcement_paused_in_year(
    const struct enforcement_pause *pauses, size_t count, uint64_t ms)
{
	uint64_t from, to;

	enforcement_year(ms, &from, &to);
	return overlap(pauses, count, from, to);
}

static const struct enforcement_pause *pause_at(
    const struct enforcement_pause *p, size_t count, uint64_t ms)
{
	for (size_t i = 0; i < count; i++)
		if (p[i].from_ms <= ms && ms < p[i].to_ms)
			return &p[i];
	return NULL;
}

/* When the clock has run for `left` ms from `now` on. */
static uint64_t later(
    const struct enforcement_pause *p, size_t count, uint64_t now_ms, uint64_t left_ms)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t from = p[i].from_ms > now_ms ? p[i].from_ms : now_ms;

		if (p[i].to_ms <= now_ms)
			continue;
		if (from - now_ms >= left_ms)
			break;
		left_ms -= from - now_ms;
		now_ms = p[i].to_ms;
	}
	return now_ms + left_ms;
}

/* ---- Stages ---- */

static void find_stage(const struct enforcement *e, struct enforcement_state *s)
{
	size_t i = e->stage_count;

	while (i > 1 && e->stages[i - 1].day * DAY_MS > s->clock_ms)
		i--;
	s->stage = &e->stages[i - 1];
	s->next = i < e->stage_count ? &e->stages[i] : NULL;
}

/* Of each hour first what is deferred, then what is refused. */
static void find_action(struct enforcement_state *s, uint64_t now_ms)
{
	uint64_t minute = now_ms % HOUR_MS, hour = now_ms - minute;
	uint64_t deferred = s->stage->throttle_ms, refused = deferred + s->stage->block_ms;

	if (minute < deferred) {
		s->action = ENFORCEMENT_DEFER;
		s->action_until_ms = hour + deferred;
	} else if (minute < refused) {
		s->action = ENFORCEMENT_REJECT;
		s->action_until_ms = hour + refused;
	} else {
		s->action = ENFORCEMENT_PASS;
		s->action_until_ms = hour + HOUR_MS;
	}
}

static void end_action(struct enforcement_state *s, uint64_t ms)
{
	if (ms < s->action_until_ms)
		s->action_until_ms = ms;
}

void enforcement_state(const struct enforcement *e, uint64_t reported_ms,
    const struct enforcement_pause *pauses, size_t count, uint64_t now_ms,
    struct enforcement_state *s)
{
	const struct enforcement_pause *pause = pause_at(pauses, count, now_ms);

	*s = (struct enforcement_state){.paused = pause != NULL};
	if (now_ms > reported_ms)
		s->clock_ms = now_ms - reported_ms - overlap(pauses, count, reported_ms, now_ms);
	find_stage(e, s);
	find_action(s, now_ms);
	if (s->next != NULL) {
		s->next_ms = later(pauses, count, now_ms, s->next->day * DAY_MS - s->clock_ms);
		end_action(s, s->next_ms);
	}
	for (size_t i = 0; i < count; i++)
		if (pauses[i].from_ms > now_ms)
			end_action(s, pauses[i].from_ms);
	if (pause != NULL) {
		s->paused_until_ms = pause->to_ms;
		s->action = ENFORCEMENT_PASS;
		s->action_until_ms = pause->to_ms;
	}
}
