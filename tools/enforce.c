/* The enforcement clock in Redis. */
#include "enforce.h"

#include <stdlib.h>
#include <string.h>

#include "../sensor/limits.h"
#include "../sensor/store_keys.h"
#include "say.h"

#define ALL "all"

static bool out_of_memory(void)
{
	say_error(EXIT_FAILED, "out of memory");
	return false;
}

/* ---- The book ---- */

static bool add_host(struct enforce_book *b, const struct enforce_host *h)
{
	if (b->count == b->room) {
		size_t room = b->room == 0 ? 64 : b->room * 2;
		struct enforce_host *hosts = reallocarray(b->hosts, room, sizeof(*hosts));

		if (hosts == NULL)
			return out_of_memory();
		b->hosts = hosts;
		b->room = room;
	}
	b->hosts[b->count++] = *h;
	return true;
}

static int by_address(const void *left, const void *right)
{
	const struct enforce_host *a = left, *b = right;

	return memcmp(a->address.bytes, b->address.bytes, sizeof(a->address.bytes));
}

static void sort_hosts(struct enforce_book *b)
{
	if (b->count > 1)
		qsort(b->hosts, b->count, sizeof(*b->hosts), by_address);
}

const struct enforce_host *enforce_find(
    const struct enforce_book *b, const struct frame_address *address)
{
	const struct enforce_host key = {.address = *address};

	return b->count == 0 ? NULL
			     : bsearch(&key, b->hosts, b->count, sizeof(*b->hosts), by_address);
}

void enforce_free(struct enforce_book *b)
{
	free(b->hosts);
	free(b->pauses);
	*b = (struct enforce_book){0};
}

void enforce_state(const struct enforce_book *b, const struct enforce_host *h, uint64_t now_ms,
    struct enforcement_state *state)
{
	enforcement_state(b->policy, h->reported_ms == 0 ? now_ms : h->reported_ms,
	    b->pauses == NULL ? NULL : b->pauses + h->pauses, h->pause_count, now_ms, state);
}

/* ---- Reading ---- */

static bool add_key(struct texts *keys, const char *format, const char *host)
{
	char key[STORE_KEY_MAX];
	const char *hole = strstr(format, "%s");
	int length =
	    snprintf(key, sizeof(key), "%.*s%s%s", (int)(hole - format), format, host, hole + 2);

	return texts_add(keys, key, (size_t)length);
}

static bool add_keys(struct texts *keys, const char *format, const struct enforce_book *b)
{
	char text[ADDRESS_TEXT_MAX];

	for (size_t i = 0; i < b->count; i++)
		if (!add_key(keys, format, address_format(&b->hosts[i].address, text)))
			return false;
	return true;
}

static bool read_members(struct query *q, struct enforce_book *b)
{
	struct ranking ranking = {0};
	bool good = query_ranking(q, KEY_ENFORCE_HOSTS, 0, &ranking);

	for (size_t i = 0; good && i < ranking.count; i++) {
		struct enforce_host h = {.reported_ms = ranking.items[i].score};

		if (address_parse(ranking.items[i].member, &h.address))
			good = add_host(b, &h);
	}
	ranking_free(&ranking);
	sort_hosts(b);
	return good;
}

struct filling {
	struct enforce_book *book;
	size_t at; /* the host of the next hash: they come in the order of the book */
};

/* What its hash says holds; the sorted set is only an index. */
static bool take_host(void *context, const char *key, const struct hash_field *fields, size_t count)
{
	struct filling *f = context;
	struct enforce_host *h = &f->book->hosts[f->at++];

	(void)key;
	for (size_t i = 0; i < count; i++) {
		uint64_t n = strtoull(fields[i].value, NULL, 10);

		if (strcmp(fields[i].name, "reported") == 0 && n != 0)
			h->reported_ms = n;
		else if (strcmp(fields[i].name, "breach") == 0)
			h->breach_ms = n;
		else if (strcmp(fields[i].name, "clean") == 0)
			h->clean_ms = n;
		else if (strcmp(fields[i].name, "rule") == 0)
			h->rule = counts_intern(fields[i].value, strlen(fields[i].value));
	}
	return true;
}

/* Beginnings to ends; the most that a host can have, the latest beginnings of a hash first. */
static size_t take_times(
    struct enforcement_pause *pauses, size_t room, const struct hash_field *fields, size_t count)
{
	size_t used = 0;

	for (size_t i = 0; i < count && used < room; i++) {
		struct enforcement_pause p = {
		    strtoull(fields[i].name, NULL, 10), strtoull(fields[i].value, NULL, 10)};

		if (p.from_ms < p.to_ms)
			pauses[used++] = p;
	}
	return used;
}

static bool take_all(void *context, const char *key, const struct hash_field *fields, size_t count)
{
	struct enforce_book *b = context;

	(void)key;
	b->all_count = take_times(b->all, ENFORCEMENT_PAUSES_MAX / 2, fields, count);
	return true;
}

static bool make_room(struct enforce_book *b, size_t more)
{
	size_t room = b->pause_room == 0 ? 64 : b->pause_room;
	struct enforcement_pause *pauses;

	while (room < b->pause_used + more)
		room *= 2;
	if (room == b->pause_room)
		return true;
	pauses = reallocarray(b->pauses, room, sizeof(*pauses));
	if (pauses == NULL)
		return out_of_memory();
	b->pauses = pauses;
	b->pause_room = room;
	return true;
}

/* Its own and those for all, into what counts of them. */
static bool settle_pauses(struct enforce_book *b, struct enforce_host *h,
    const struct enforcement_pause *own, size_t own_count)
{
	struct enforcement_pause p[2 * ENFORCEMENT_PAUSES_MAX];
	size_t count = own_count + b->all_count;

	if (count > 0) {
		if (own_count > 0)
			memcpy(p, own, own_count * sizeof(*p));
		memcpy(p + own_count, b->all, b->all_count * sizeof(*p));
		count = enforcement_pauses(b->policy, p, count, sizeof(p) / sizeof(p[0]));
	}
	if (!make_room(b, count))
		return false;
	h->pauses = (uint32_t)b->pause_used;
	h->pause_count = (uint32_t)count;
	if (count > 0)
		memcpy(b->pauses + b->pause_used, p, count * sizeof(*p));
	b->pause_used += count;
	return true;
}

static bool take_pauses(
    void *context, const char *key, const struct hash_field *fields, size_t count)
{
	struct filling *f = context;
	struct enforcement_pause own[ENFORCEMENT_PAUSES_MAX / 2];
	size_t used = take_times(own, ENFORCEMENT_PAUSES_MAX / 2, fields, count);

	(void)key;
	return settle_pauses(f->book, &f->book->hosts[f->at++], own, used);
}

bool enforce_read(struct query *q, const struct enforcement *policy, struct enforce_book *b)
{
	struct texts hosts = {0}, pauses = {0}, all = {0};
	struct filling filling = {b, 0}, pausing = {b, 0};
	bool good;

	*b = (struct enforce_book){.policy = policy};
	good = add_key(&all, KEY_ENFORCE_PAUSES, ALL) && query_hashes(q, &all, take_all, b) &&
	       read_members(q, b) && add_keys(&hosts, KEY_ENFORCE_HOST, b) &&
	       query_hashes(q, &hosts, take_host, &filling) &&
	       add_keys(&pauses, KEY_ENFORCE_PAUSES, b) &&
	       query_hashes(q, &pauses, take_pauses, &pausing);
	texts_free(&hosts);
	texts_free(&pauses);
	texts_free(&all);
	return good;
}

/* ---- Judging ---- */

struct judged { /* one host of the ledger */
	uint64_t breach_ms, clean_ms;
	const struct rule *rule;
};

/* RULES_TRUE: one fires; RULES_FALSE: all were asked, and none does. */
static enum rules_truth judge_class(
    const struct rule_file *file, const struct record *r, const struct rule **which)
{
	const struct enforcement *e = rule_file_enforcement(file);
	const struct rules_subject subject = {.record = r, .file = file};
	enum rules_truth result = RULES_FALSE;

	for (size_t i = 0; i < e->rule_count; i++) {
		enum rules_truth truth = rules_evaluate(e->rules[i], &subject);

		if (truth == RULES_TRUE)
			*which = e->rules[i];
		if (truth == RULES_TRUE)
			return RULES_TRUE;
		if (truth == RULES_UNKNOWN)
			result = RULES_UNKNOWN;
	}
	return result;
}

static void judge_pair(const struct rule_file *file, const struct ledger *l,
    const struct ledger_pair *p, struct judged *j)
{
	for (uint32_t i = 0; i < p->count; i++) {
		const struct ledger_class *c = &l->classes[p->from + i];
		const struct rule *rule = NULL;
		enum rules_truth truth;
		struct record r;

		if (!ledger_record(l, p, c, &r))
			continue;
		truth = judge_class(file, &r, &rule);
		if (truth == RULES_TRUE && c->last_ms > j->breach_ms) {
			j->breach_ms = c->last_ms;
			j->rule = rule;
		} else if (truth == RULES_FALSE && r.outcome == OUTCOME_TLS &&
			   c->last_ms > j->clean_ms) {
			j->clean_ms = c->last_ms; /* to go without TLS is no way out */
		}
	}
}

static void merge(struct enforce_host *h, const struct judged *j)
{
	if (j->breach_ms > h->breach_ms) {
		h->breach_ms = j->breach_ms;
		h->rule = j->rule->name;
	}
	if (j->clean_ms > h->clean_ms)
		h->clean_ms = j->clean_ms;
}

bool enforce_leaves(const struct enforce_book *b, const struct enforce_host *h, uint64_t now_ms)
{
	uint64_t last = h->breach_ms > h->clean_ms ? h->breach_ms : h->clean_ms;

	if (h->clean_ms > h->breach_ms)
		return now_ms >= h->breach_ms + b->policy->leaves_ms;
	return now_ms >= last + LIMIT_ENFORCE_SILENT_S * UINT64_C(1000);
}

/* Known hosts are noted, others that break a rule come behind them, unsorted. */
static bool take_judged(struct enforce_book *b, size_t known, const struct frame_address *address,
    const struct judged *j, uint64_t now_ms)
{
	struct enforce_host fresh = {.address = *address}, *h;

	h = known == 0 ? NULL : bsearch(&fresh, b->hosts, known, sizeof(*b->hosts), by_address);
	if (h != NULL) {
		merge(h, j);
		return true;
	}
	if (j->breach_ms == 0)
		return true;
	merge(&fresh, j);
	if (enforce_leaves(b, &fresh, now_ms))
		return true;
	return settle_pauses(b, &fresh, NULL, 0) && add_host(b, &fresh);
}

static bool judge_ledger(
    const struct rule_file *file, const struct ledger *l, uint64_t now_ms, struct enforce_book *b)
{
	const struct ledger_hosts *hosts = b->policy->servers ? &l->servers : &l->clients;
	struct judged *judged = calloc(hosts->count + 1, sizeof(*judged));
	size_t known = b->count;
	bool good = judged != NULL || out_of_memory();

	for (size_t i = 0; good && i < l->pair_count; i++) {
		const struct ledger_pair *p = &l->pairs[i];

		judge_pair(file, l, p, &judged[b->policy->servers ? p->server : p->client]);
	}
	for (size_t i = 0; good && i < hosts->count; i++)
		good = take_judged(b, known, &hosts->items[i].address, &judged[i], now_ms);
	free(judged);
	sort_hosts(b);
	return good;
}

bool enforce_judge(
    struct query *q, const struct rule_file *file, uint64_t now_ms, struct enforce_book *b)
{
	struct ledger ledger;
	bool good = ledger_read(q, &ledger) && judge_ledger(file, &ledger, now_ms, b);

	ledger_free(&ledger);
	return good;
}

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
	const char *hole = strstr(format, "%s");

	snprintf(text, STORE_KEY_MAX, "%.*s%s%s", (int)(hole - format), format, host, hole + 2);
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
	p->count += take_times(p->items + p->count, ENFORCEMENT_PAUSES_MAX / 2, fields, count);
	return true;
}

/* Those of a host, and of all. */
static bool read_pauses(struct query *q, const char *host, struct pauses *p)
{
	struct texts keys = {0};
	bool good = add_key(&keys, KEY_ENFORCE_PAUSES, host) &&
		    (strcmp(host, ALL) == 0 || add_key(&keys, KEY_ENFORCE_PAUSES, ALL)) &&
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

	if (add_key(&keys, KEY_ENFORCE_PAUSES, host) && query_hashes(q, &keys, take_more, &p))
		status = end_pauses(q, host, now_ms, &p);
	texts_free(&keys);
	return status;
}
