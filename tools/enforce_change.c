/* Changes of the enforcement clock in Redis: who comes and goes, pauses. None of them counts steps,
 * so that a repeated one changes nothing. */
#include <string.h>

#include "../sensor/limits.h"
#include "../sensor/store_keys.h"
#include "enforce_private.h"
#include "say.h"

/* ---- Writing ---- */

struct command { /* words of one command, the numbers among them */
	const char *words[12];
	char texts[4][STORE_KEY_MAX];
	size_t count, texts_used;
};

static void word(struct command *c, const char *text)
{
	c->words[c->count++] = text;
}

static void number(struct command *c, uint64_t n)
{
	char *text = c->texts[c->texts_used++];

	snprintf(text, STORE_KEY_MAX, "%llu", (unsigned long long)n);
	word(c, text);
}

static void key(struct command *c, const char *format, const char *host)
{
	char *text = c->texts[c->texts_used++];

	store_fill_key(text, format, &host);
	word(c, text);
}

static bool put(struct query *q, const struct command *c)
{
	return query_put(q, c->count, c->words);
}

/* Its clock began when the first of all that saw it said so. */
static bool write_entry(struct query *q, const char *host, uint64_t now_ms)
{
	struct command hash = {0}, index = {0};

	word(&hash, "HSETNX");
	key(&hash, KEY_ENFORCE_HOST, host);
	word(&hash, "reported");
	number(&hash, now_ms);
	word(&index, "ZADD");
	word(&index, KEY_ENFORCE_HOSTS);
	word(&index, "NX");
	number(&index, now_ms);
	word(&index, host);
	return put(q, &hash) && put(q, &index);
}

static bool write_facts(struct query *q, const char *host, const struct enforce_host *h)
{
	struct command c = {0};

	word(&c, "HSET");
	key(&c, KEY_ENFORCE_HOST, host);
	word(&c, "breach");
	number(&c, h->breach_ms);
	word(&c, "clean");
	number(&c, h->clean_ms);
	if (h->rule != NULL) {
		word(&c, "rule");
		word(&c, h->rule);
	}
	return put(q, &c);
}

/* The hash first: a torn write leaves a host whose next clock would not begin anew otherwise. */
static bool write_leaving(struct query *q, const char *host, uint64_t now_ms)
{
	struct command index = {0}, hash = {0}, left = {0};

	word(&index, "ZREM");
	word(&index, KEY_ENFORCE_HOSTS);
	word(&index, host);
	word(&hash, "DEL");
	key(&hash, KEY_ENFORCE_HOST, host);
	word(&left, "ZADD");
	word(&left, KEY_ENFORCE_LEFT);
	number(&left, now_ms);
	word(&left, host);
	return put(q, &hash) && put(q, &index) && put(q, &left);
}

static bool write_host(struct query *q, const struct enforce_book *b, const struct enforce_host *h,
    uint64_t now_ms, struct enforce_changes *changes)
{
	char host[ADDRESS_TEXT_MAX];

	address_format(&h->address, host);
	if (enforce_leaves(b, h, now_ms)) {
		changes->left++;
		return write_leaving(q, host, now_ms);
	}
	if (h->reported_ms != 0) {
		changes->kept++;
		return write_facts(q, host, h);
	}
	changes->entered++;
	return write_entry(q, host, now_ms) && write_facts(q, host, h);
}

static bool trim_left(struct query *q)
{
	struct command c = {0};
	char last[24];

	snprintf(last, sizeof(last), "-%d", LIMIT_ENFORCE_LEFT + 1);
	word(&c, "ZREMRANGEBYRANK");
	word(&c, KEY_ENFORCE_LEFT);
	word(&c, "0");
	word(&c, last);
	return put(q, &c);
}

bool enforce_write(
    struct query *q, const struct enforce_book *b, uint64_t now_ms, struct enforce_changes *changes)
{
	*changes = (struct enforce_changes){0};
	for (size_t i = 0; i < b->count; i++)
		if (!write_host(q, b, &b->hosts[i], now_ms, changes))
			return false;
	return trim_left(q) && query_settle(q);
}

/* ---- Pauses ---- */

struct pauses {
	struct enforcement_pause items[2 * ENFORCEMENT_PAUSES_MAX];
	size_t count;
};

static bool take_more(
    void *context, const char *unused, const struct hash_field *fields, size_t count)
{
	struct pauses *p = context;

	(void)unused;
	p->count +=
	    enforce_take_times(p->items + p->count, ENFORCEMENT_PAUSES_MAX / 2, fields, count);
	return true;
}

/* Those of a host, and of all. */
static bool read_pauses(struct query *q, const char *host, struct pauses *p)
{
	struct texts keys = {0};
	bool good = enforce_add_key(&keys, KEY_ENFORCE_PAUSES, host) &&
		    (strcmp(host, ENFORCE_ALL) == 0 ||
			enforce_add_key(&keys, KEY_ENFORCE_PAUSES, ENFORCE_ALL)) &&
		    query_hashes(q, &keys, take_more, p);

	texts_free(&keys);
	return good;
}

static bool write_pause(struct query *q, const char *host, const struct enforcement_pause *p)
{
	struct command c = {0};

	word(&c, "HSET");
	key(&c, KEY_ENFORCE_PAUSES, host);
	number(&c, p->from_ms);
	number(&c, p->to_ms);
	return put(q, &c) && query_settle(q);
}

static uint64_t sum(const struct pauses *p)
{
	uint64_t ms = 0;

	for (size_t i = 0; i < p->count; i++)
		ms += p->items[i].to_ms - p->items[i].from_ms;
	return ms;
}

#define DAY_MS 86400000.0

int enforce_pause(struct query *q, const struct enforcement *policy, const char *host,
    uint64_t now_ms, uint64_t length_ms)
{
	const struct enforcement_pause new = {now_ms, now_ms + length_ms};
	const struct enforcement endless = {.pause_ms = UINT64_MAX};
	struct pauses capped = {0}, whole;
	const size_t room = sizeof(capped.items) / sizeof(capped.items[0]);
	uint64_t used;

	if (!read_pauses(q, host, &capped))
		return EXIT_FAILED;
	if (capped.count >= ENFORCEMENT_PAUSES_MAX / 2)
		return say_error(EXIT_FAILED,
		    "%s has %zu pauses on record; make fewer, longer ones", host, capped.count);
	whole = capped;
	capped.count = enforcement_pauses(policy, capped.items, capped.count, room);
	used = enforcement_paused_in_year(capped.items, capped.count, now_ms);
	capped.items[capped.count++] = new;
	whole.items[whole.count++] = new;
	capped.count = enforcement_pauses(policy, capped.items, capped.count, room);
	whole.count = enforcement_pauses(&endless, whole.items, whole.count, room);
	if (sum(&capped) < sum(&whole))
		return say_error(EXIT_FAILED,
		    "%.1f days are more than is left of %.0f in the calendar year: %s has used "
		    "%.1f "
		    "of this one; ask for less",
		    (double)length_ms / DAY_MS, (double)policy->pause_ms / DAY_MS, host,
		    (double)used / DAY_MS);
	return write_pause(q, host, &new) ? 0 : EXIT_FAILED;
}

static int end_pauses(struct query *q, const char *host, uint64_t now_ms, struct pauses *p)
{
	size_t ended = 0;

	for (size_t i = 0; i < p->count; i++) {
		if (p->items[i].from_ms > now_ms || now_ms >= p->items[i].to_ms)
			continue;
		p->items[i].to_ms = now_ms;
		if (!write_pause(q, host, &p->items[i]))
			return EXIT_FAILED;
		ended++;
	}
	if (ended > 0)
		return 0;
	return say_error(EXIT_FAILED,
	    "%s has no pause of its own that runs; tlsvane enforce shows who is paused", host);
}

int enforce_resume(struct query *q, const char *host, uint64_t now_ms)
{
	struct texts keys = {0};
	struct pauses p = {0};
	int status = EXIT_FAILED;

	if (enforce_add_key(&keys, KEY_ENFORCE_PAUSES, host) &&
	    query_hashes(q, &keys, take_more, &p))
		status = end_pauses(q, host, now_ms, &p);
	texts_free(&keys);
	return status;
}

static bool take_any(
    void *context, const char *unused, const struct hash_field *fields, size_t count)
{
	bool *has = context;

	(void)unused;
	(void)fields;
	*has = count > 0;
	return true;
}

bool enforce_has_clock(struct query *q, const char *host, bool *has)
{
	struct texts keys = {0};
	bool good =
	    enforce_add_key(&keys, KEY_ENFORCE_HOST, host) && query_hashes(q, &keys, take_any, has);

	texts_free(&keys);
	return good;
}
