/* The enforcement clock in Redis. */
#include "enforce_private.h"

#include <stdlib.h>
#include <string.h>

#include "../sensor/limits.h"
#include "../sensor/store_keys.h"
#include "say.h"

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

bool enforce_add_key(struct texts *keys, const char *format, const char *host)
{
	char key[STORE_KEY_MAX];

	return texts_add(keys, key, store_fill_key(key, format, &host));
}

static bool add_keys(struct texts *keys, const char *format, const struct enforce_book *b)
{
	char text[ADDRESS_TEXT_MAX];

	for (size_t i = 0; i < b->count; i++)
		if (!enforce_add_key(keys, format, address_format(&b->hosts[i].address, text)))
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

size_t enforce_take_times(
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
	b->all_count = enforce_take_times(b->all, ENFORCEMENT_PAUSES_MAX / 2, fields, count);
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
	size_t used = enforce_take_times(own, ENFORCEMENT_PAUSES_MAX / 2, fields, count);

	(void)key;
	return settle_pauses(f->book, &f->book->hosts[f->at++], own, used);
}

bool enforce_read(struct query *q, const struct enforcement *policy, struct enforce_book *b)
{
	struct texts hosts = {0}, pauses = {0}, all = {0};
	struct filling filling = {b, 0}, pausing = {b, 0};
	bool good;

	*b = (struct enforce_book){.policy = policy};
	good = enforce_add_key(&all, KEY_ENFORCE_PAUSES, ENFORCE_ALL) &&
	       query_hashes(q, &all, take_all, b) && read_members(q, b) &&
	       add_keys(&hosts, KEY_ENFORCE_HOST, b) &&
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
