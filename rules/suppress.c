/* The life of alerts. A table with chains by rule and key; who is firing, and who is not, in two
 * lists by the last time they were touched, so that the longest quiet make room. */
#include "suppress.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "../sensor/limits.h"

#define BUCKETS_MIN 1024

const char *const suppress_change_words[SUPPRESS_CHANGES] = {
    "nothing", "new", "regressed", "still", "fixed", "gone"};

struct rule_node {
	struct suppress_rule rule; /* first */
	struct rule_node *next;
};

struct suppress {
	struct rule_node *rules;
	struct suppress_entry **buckets;
	size_t size, used, max, cursor;
	struct suppress_link quiet, firing;
	size_t firing_count;
	uint64_t seed, refused;
};

const char *suppress_state_after(enum suppress_change change)
{
	return change == SUPPRESS_FIXED || change == SUPPRESS_GONE ? "resolved" : "firing";
}

static uint64_t elapsed(uint64_t now, uint64_t then)
{
	return now > then ? now - then : 0;
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* ---- Lists ---- */

static void list_init(struct suppress_link *list)
{
	list->next = list->previous = list;
}

static void list_remove(struct suppress_link *link)
{
	link->next->previous = link->previous;
	link->previous->next = link->next;
}

static void list_append(struct suppress_link *list, struct suppress_link *link)
{
	link->next = list;
	link->previous = list->previous;
	list->previous->next = link;
	list->previous = link;
}

static void touch(struct suppress *s, struct suppress_entry *e)
{
	list_remove(&e->link);
	list_append(e->shared.state == SUPPRESS_FIRING ? &s->firing : &s->quiet, &e->link);
}

static bool is_watched(unsigned state)
{
	return state == SUPPRESS_HOLDING || state == SUPPRESS_FIRING;
}

static void set_state(struct suppress *s, struct suppress_entry *e, enum suppress_state state)
{
	e->rule->entries -= is_watched(e->shared.state);
	s->firing_count -= e->shared.state == SUPPRESS_FIRING;
	e->shared.state = (uint8_t)state;
	e->rule->entries += is_watched(state);
	s->firing_count += state == SUPPRESS_FIRING;
	touch(s, e);
}

/* ---- Rules ---- */

static struct rule_node *rule_new(struct suppress *s, const char *name)
{
	struct rule_node *node = calloc(1, sizeof(*node));

	if (node == NULL)
		return NULL;
	node->rule.name = strdup(name);
	if (node->rule.name == NULL) {
		free(node);
		return NULL;
	}
	node->rule.gone = true;
	node->next = s->rules;
	s->rules = node;
	return node;
}

struct suppress_rule *suppress_rule_named(struct suppress *s, const char *name)
{
	struct rule_node *node = s->rules;

	while (node != NULL && strcmp(node->rule.name, name) != 0)
		node = node->next;
	if (node == NULL && (node = rule_new(s, name)) == NULL)
		return NULL;
	return &node->rule;
}

struct suppress_rule *suppress_rule(
    struct suppress *s, const char *name, const struct suppress_terms *terms)
{
	struct suppress_rule *rule = suppress_rule_named(s, name);

	if (rule == NULL)
		return NULL;
	rule->terms = *terms;
	if (terms->clean_ms == 0)
		rule->terms.clean_ms = LIMIT_ALERT_CLEAN_S * 1000ull;
	rule->gone = false;
	return rule;
}

void suppress_forget_rules(struct suppress *s)
{
	for (struct rule_node *node = s->rules; node != NULL; node = node->next)
		node->rule.gone = true;
}

/* ---- The table ---- */

void suppress_id(const char *rule, const char *key, char id[SUPPRESS_ID_MAX])
{
	static const char digits[] = "0123456789abcdef";
	XXH3_state_t state;
	XXH128_canonical_t canonical;

	XXH3_128bits_reset(&state);
	XXH3_128bits_update(&state, rule, strlen(rule) + 1);
	XXH3_128bits_update(&state, key, strlen(key));
	XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(&state));
	for (size_t i = 0; i < sizeof(canonical.digest); i++) {
		id[2 * i] = digits[canonical.digest[i] >> 4];
		id[2 * i + 1] = digits[canonical.digest[i] & 15];
	}
	id[SUPPRESS_ID_MAX - 1] = '\0';
}

/* Strangers choose keys: the seed is our own. A rule's node never moves, its address stands for it.
 */
static uint64_t hash_of(const struct suppress *s, const struct suppress_rule *rule, const char *key)
{
	return XXH3_64bits_withSeed(key, strlen(key), s->seed) ^
	       XXH64(&rule, sizeof(rule), s->seed);
}

static struct suppress_entry *find(
    const struct suppress *s, const struct suppress_rule *rule, const char *key, uint64_t hash)
{
	struct suppress_entry *e = s->buckets[hash & (s->size - 1)];

	while (e != NULL && (e->hash != hash || e->rule != rule || strcmp(e->key, key) != 0))
		e = e->next;
	return e;
}

static void grow(struct suppress *s)
{
	struct suppress_entry **grown = calloc(s->size * 2, sizeof(*grown)), *e;

	if (grown == NULL)
		return; /* longer chains, then */
	for (size_t i = 0; i < s->size; i++) {
		while ((e = s->buckets[i]) != NULL) {
			s->buckets[i] = e->next;
			e->next = grown[e->hash & (s->size * 2 - 1)];
			grown[e->hash & (s->size * 2 - 1)] = e;
		}
	}
	free(s->buckets);
	s->buckets = grown;
	s->size *= 2;
}

static void entry_free(struct suppress_entry *e)
{
	free(e->note);
	free(e->key);
	free(e);
}

static void drop(struct suppress *s, struct suppress_entry *e)
{
	struct suppress_entry **at = &s->buckets[e->hash & (s->size - 1)];

	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	e->rule->entries -= is_watched(e->shared.state);
	list_remove(&e->link);
	s->used--;
	entry_free(e);
}

/* An alert that fires is not forgotten: it would be raised again as new. */
static bool make_room(struct suppress *s)
{
	struct suppress_link *link = s->quiet.next;

	if (s->used < s->max)
		return true;
	for (; link != &s->quiet; link = link->next) {
		if (((struct suppress_entry *)link)->wished)
			continue;
		drop(s, (struct suppress_entry *)link);
		return true;
	}
	return false;
}

static struct suppress_entry *entry_new(struct suppress_rule *rule, const char *key, uint64_t hash)
{
	struct suppress_entry *e = calloc(1, sizeof(*e));

	if (e == NULL)
		return NULL;
	e->key = strdup(key);
	if (e->key == NULL) {
		free(e);
		return NULL;
	}
	e->rule = rule;
	e->hash = hash;
	suppress_id(rule->name, key, e->id);
	return e;
}

struct suppress_entry *suppress_entry(
    struct suppress *s, struct suppress_rule *rule, const char *key)
{
	uint64_t hash = hash_of(s, rule, key);
	struct suppress_entry *e = find(s, rule, key, hash);

	if (e != NULL)
		return e;
	if (s->used >= s->size)
		grow(s);
	e = make_room(s) ? entry_new(rule, key, hash) : NULL;
	if (e == NULL) {
		s->refused++;
		return NULL;
	}
	e->next = s->buckets[hash & (s->size - 1)];
	s->buckets[hash & (s->size - 1)] = e;
	list_append(&s->quiet, &e->link);
	s->used++;
	return e;
}

struct suppress *suppress_new(size_t max)
{
	struct suppress *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->buckets = calloc(BUCKETS_MIN, sizeof(struct suppress_entry *));
	if (s->buckets == NULL) {
		free(s);
		return NULL;
	}
	s->size = BUCKETS_MIN;
	s->max = max == 0 ? LIMIT_ALERT_KEYS : max;
	list_init(&s->quiet);
	list_init(&s->firing);
	if (getrandom(&s->seed, sizeof(s->seed), GRND_NONBLOCK) != (ssize_t)sizeof(s->seed))
		s->seed = (uint64_t)(uintptr_t)s;
	return s;
}

void suppress_free(struct suppress *s)
{
	struct suppress_entry *e;
	struct rule_node *node;

	if (s == NULL)
		return;
	for (size_t i = 0; i < s->size; i++) {
		while ((e = s->buckets[i]) != NULL) {
			s->buckets[i] = e->next;
			entry_free(e);
		}
	}
	while ((node = s->rules) != NULL) {
		s->rules = node->next;
		free((char *)(uintptr_t)node->rule.name);
		free(node);
	}
	free(s->buckets);
	free(s);
}

/* ---- What is to be said ---- */

static enum suppress_change wish_of_match(const struct suppress_entry *e, uint64_t now)
{
	const struct suppress_terms *terms = &e->rule->terms;

	if (e->shared.state != SUPPRESS_FIRING) {
		if (elapsed(now, e->held_ms) < terms->for_ms)
			return SUPPRESS_NOTHING;
		return e->shared.episode > 0 ? SUPPRESS_REGRESSED : SUPPRESS_NEW;
	}
	/* What was said for a later session covers an earlier one. */
	if (now <= e->shared.notified_ms || now - e->shared.notified_ms < terms->every_ms)
		return SUPPRESS_NOTHING;
	return SUPPRESS_STILL;
}

static enum suppress_change wish_of_time(const struct suppress_entry *e, uint64_t now)
{
	const struct suppress_shared *shared = &e->shared;

	if (shared->state != SUPPRESS_FIRING)
		return SUPPRESS_NOTHING;
	if (shared->clean_ms > shared->match_ms &&
	    elapsed(now, shared->match_ms) >= e->rule->terms.clean_ms)
		return SUPPRESS_FIXED;
	if (elapsed(now, later(shared->match_ms, shared->clean_ms)) >= LIMIT_ALERT_GONE_S * 1000ull)
		return SUPPRESS_GONE;
	return SUPPRESS_NOTHING;
}

enum suppress_change suppress_wish(struct suppress_entry *e, uint64_t now_ms, bool matched)
{
	enum suppress_change change;

	if (e->wished || e->rule->gone)
		return SUPPRESS_NOTHING;
	change = matched ? wish_of_match(e, now_ms) : wish_of_time(e, now_ms);
	e->wished = change != SUPPRESS_NOTHING;
	return change;
}

/* A session from before it was resolved says nothing new. */
static bool is_old_match(const struct suppress_entry *e, uint64_t now)
{
	return e->shared.state == SUPPRESS_RESOLVED && now <= e->shared.since_ms;
}

enum suppress_change suppress_match(struct suppress *s, struct suppress_rule *rule, const char *key,
    uint64_t now_ms, struct suppress_entry **entry)
{
	struct suppress_entry *e = *entry = suppress_entry(s, rule, key);

	if (e == NULL || is_old_match(e, now_ms))
		return SUPPRESS_NOTHING;
	e->matches++;
	e->shared.match_ms = later(e->shared.match_ms, now_ms);
	if (e->shared.state != SUPPRESS_FIRING && e->shared.state != SUPPRESS_HOLDING) {
		e->held_ms = now_ms;
		set_state(s, e, SUPPRESS_HOLDING);
	}
	touch(s, e);
	return suppress_wish(e, now_ms, true);
}

enum suppress_change suppress_clean(struct suppress *s, struct suppress_rule *rule, const char *key,
    uint64_t now_ms, struct suppress_entry **entry)
{
	struct suppress_entry *e = *entry = find(s, rule, key, hash_of(s, rule, key));

	if (e == NULL || !is_watched(e->shared.state))
		return SUPPRESS_NOTHING;
	e->shared.clean_ms = later(e->shared.clean_ms, now_ms);
	if (e->shared.state == SUPPRESS_HOLDING && !e->wished && now_ms >= e->held_ms) {
		e->matches = 0;
		set_state(s, e, e->shared.episode > 0 ? SUPPRESS_RESOLVED : SUPPRESS_IDLE);
		return SUPPRESS_NOTHING;
	}
	touch(s, e);
	return suppress_wish(e, now_ms, false);
}

void suppress_tick(struct suppress *s, uint64_t now_ms, size_t count,
    void (*wish)(void *context, struct suppress_entry *e, enum suppress_change change),
    void *context)
{
	struct suppress_entry *e;
	enum suppress_change change;

	for (size_t i = 0; i < count && i < s->size; i++) {
		s->cursor = (s->cursor + 1) & (s->size - 1);
		for (e = s->buckets[s->cursor]; e != NULL; e = e->next) {
			change = suppress_wish(e, now_ms, false);
			if (change != SUPPRESS_NOTHING)
				wish(context, e, change);
		}
	}
}

void suppress_after(const struct suppress_entry *e, enum suppress_change change, uint64_t now_ms,
    struct suppress_shared *after)
{
	bool resolved = change == SUPPRESS_FIXED || change == SUPPRESS_GONE;

	*after = e->shared;
	after->version++;
	after->state = resolved ? SUPPRESS_RESOLVED : SUPPRESS_FIRING;
	after->notified_ms = later(after->notified_ms, now_ms);
	if (change == SUPPRESS_NEW || change == SUPPRESS_REGRESSED) {
		after->episode++;
		after->since_ms = e->held_ms != 0 ? e->held_ms : now_ms;
	}
	if (resolved)
		after->since_ms = now_ms;
}

void suppress_apply(
    struct suppress *s, struct suppress_entry *e, enum suppress_change change, uint64_t now_ms)
{
	struct suppress_shared after;

	suppress_after(e, change, now_ms, &after);
	suppress_adopt(s, e, &after);
}

void suppress_adopt(
    struct suppress *s, struct suppress_entry *e, const struct suppress_shared *shared)
{
	struct suppress_shared own = e->shared;
	bool holds = own.state == SUPPRESS_HOLDING && shared->state != SUPPRESS_FIRING &&
		     own.match_ms > shared->since_ms;
	enum suppress_state state = holds ? SUPPRESS_HOLDING : (enum suppress_state)shared->state;

	e->wished = false;
	if (own.version != shared->version && !holds)
		e->matches = 0;
	e->shared = *shared;
	e->shared.state = own.state; /* set_state counts the change */
	set_state(s, e, state);
	if (state != SUPPRESS_RESOLVED)
		e->shared.match_ms = later(own.match_ms, shared->match_ms);
	e->shared.clean_ms = later(own.clean_ms, shared->clean_ms);
}

void suppress_refuse(struct suppress_entry *e)
{
	e->wished = false;
}

void suppress_each(
    struct suppress *s, void (*each)(void *context, struct suppress_entry *e), void *context)
{
	for (size_t i = 0; i < s->size; i++)
		for (struct suppress_entry *e = s->buckets[i]; e != NULL; e = e->next)
			each(context, e);
}

size_t suppress_firing(const struct suppress *s)
{
	return s->firing_count;
}

uint64_t suppress_refused(const struct suppress *s)
{
	return s->refused;
}
