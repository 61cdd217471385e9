/* Decisions and Redis: each change is asked for, in order, and told once it is ours. */
#include "alerting_private.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "store_keys.h"

#define TTL_MS	  (LIMIT_ALERT_TTL_S * 1000ull)
#define LOAD_MS	  60000	 /* between two looks at what fires: others may have told or ended it */
#define LOAD_MAX  "2000" /* alerts of one look: the latest */
#define SYNC_EACH 64	 /* alerts told to Redis at once after it was away */

struct asking {
	struct alerting *a;
	struct alert_claim *claim;
};

struct suppress_entry *alerting_entry(struct alerting *a, const char *rule, const char *key)
{
	struct suppress_rule *known = suppress_rule_named(a->suppress, rule);

	return known == NULL ? NULL : suppress_entry(a->suppress, known, key);
}

static void unlink_claim(struct alerting *a, struct alert_claim *c)
{
	struct alert_claim **at = &a->claims, *previous = NULL;

	for (; *at != c; at = &(*at)->next)
		previous = *at;
	*at = c->next;
	if (a->claims_last == c)
		a->claims_last = previous;
	a->claim_count--;
}

static void end_claim(struct alerting *a, struct alert_claim *c)
{
	alerting_remember(a, ALERT_ENTRY_OVER, c->uid);
	unlink_claim(a, c);
	alert_claim_free(c);
}

/* What is true now, for us and for the journal. */
static void take_truth(
    struct alerting *a, struct alert_claim *c, const struct suppress_shared *shared)
{
	struct suppress_entry *e = alerting_entry(a, c->rule, c->key);

	if (e != NULL)
		suppress_adopt(a->suppress, e, shared);
	alerting_remember_state(a, c->rule, c->key, shared);
}

static void tell(struct alerting *a, struct alert_claim *c)
{
	struct action_job *jobs = c->jobs;

	c->jobs = NULL;
	if (c->change != SUPPRESS_NOTHING)
		a->told++;
	alerting_remember(a, ALERT_ENTRY_OURS, c->uid);
	alerting_deliver(a, jobs);
}

/* Redis does not say; the alert goes out. */
static void decide_here(struct alerting *a, struct alert_claim *c)
{
	take_truth(a, c, &c->want);
	tell(a, c);
	c->told = true;
}

/* Somebody else changed it first. What we saw may still be worth a message. */
static void yield_claim(
    struct alerting *a, struct alert_claim *c, const struct suppress_shared *shared)
{
	struct suppress_entry *e = alerting_entry(a, c->rule, c->key);
	struct record *record = c->record;
	bool matched = c->change < SUPPRESS_FIXED;
	enum suppress_change change = SUPPRESS_NOTHING;
	uint64_t at = c->at_ms;

	c->record = NULL;
	take_truth(a, c, shared);
	end_claim(a, c);
	if (e != NULL && record != NULL)
		change = suppress_wish(e, at, matched);
	if (change != SUPPRESS_NOTHING)
		alerting_decide(a, e, change, record, at);
	free(record);
}

static void take_answer(void *context, const redisReply *reply)
{
	struct asking asking = *(struct asking *)context;
	struct alerting *a = asking.a;
	struct alert_claim *c = asking.claim;
	struct suppress_shared shared;
	int ours;

	free(context);
	a->asked--;
	c->asked = false;
	if (reply == NULL)
		return; /* asked again, with the same token */
	ours = alert_claim_reply(reply, &shared);
	if (ours < 0) {
		alerting_say(a, "Redis: tlsvane:alert:{%s}: %s: this alert is told without it",
		    c->id, reply->type == REDIS_REPLY_ERROR ? reply->str : "unexpected reply");
		ours = 1;
		shared = c->want;
	}
	if (!ours && !c->told) {
		yield_claim(a, c, &shared);
		return;
	}
	take_truth(a, c, &shared);
	if (!c->told)
		tell(a, c);
	end_claim(a, c);
}

/* Ascending, whatever the clock does. */
static void next_stream_id(struct alerting *a, char id[48])
{
	uint64_t ms = clock_ms(CLOCK_REALTIME);

	if (ms > a->stream_ms) {
		a->stream_ms = ms;
		a->stream_sequence = 0;
	} else {
		a->stream_sequence++;
	}
	snprintf(id, 48, "%llu-%llu", (unsigned long long)a->stream_ms,
	    (unsigned long long)a->stream_sequence);
}

static bool ask(struct alerting *a, struct alert_claim *c)
{
	struct asking *asking = malloc(sizeof(*asking));
	char stream_id[48];

	if (asking == NULL)
		return false;
	*asking = (struct asking){a, c};
	next_stream_id(a, stream_id);
	wire_clear(&a->wire);
	alert_claim_put(&a->wire, c, a->options.sensor, stream_id, TTL_MS);
	c->asked = store_ask(a->store, &a->wire, take_answer, asking) == 0;
	if (c->asked)
		a->asked++;
	else
		free(asking);
	return c->asked;
}

static void append(struct alerting *a, struct alert_claim *c)
{
	c->next = NULL;
	if (a->claims_last == NULL)
		a->claims = c;
	else
		a->claims_last->next = c;
	a->claims_last = c;
	a->claim_count++;
}

/* The oldest of those that wait makes room: it is told here, and Redis learns the state alone. */
static void make_room(struct alerting *a)
{
	struct alert_claim *c = a->claims;
	struct suppress_entry *e;

	while (c != NULL && c->asked)
		c = c->next;
	if (c == NULL)
		return;
	if (!c->told)
		decide_here(a, c);
	e = alerting_entry(a, c->rule, c->key);
	if (e != NULL)
		e->unsure = a->unsure = true;
	end_claim(a, c);
}

void alerting_claim(struct alerting *a, struct alert_claim *c)
{
	append(a, c);
	alerting_remember_claim(a, c);
	if (a->store == NULL) {
		decide_here(a, c);
		end_claim(a, c);
		return;
	}
	if (a->claim_count > LIMIT_ALERT_CLAIMS)
		make_room(a);
}

/* ---- What fires, as Redis knows it ---- */

static void take_alert(void *context, const redisReply *reply)
{
	struct alerting *a = context;
	struct suppress_shared shared;
	struct suppress_entry *e;
	const char *rule, *key;

	a->asked--;
	if (reply == NULL || alert_load_reply(reply, &rule, &key, &shared) != 0)
		return;
	e = alerting_entry(a, rule, key);
	if (e == NULL || e->wished || shared.version < e->shared.version)
		return;
	suppress_adopt(a->suppress, e, &shared);
}

static void ask_alert(struct alerting *a, const char *id)
{
	wire_clear(&a->wire);
	alert_load_put(&a->wire, id);
	if (store_ask(a->store, &a->wire, take_alert, a) == 0)
		a->asked++;
}

static void take_firing(void *context, const redisReply *reply)
{
	struct alerting *a = context;

	a->asked--;
	if (reply == NULL || reply->type != REDIS_REPLY_ARRAY)
		return;
	for (size_t i = 0; i < reply->elements; i++)
		if (reply->element[i]->type == REDIS_REPLY_STRING)
			ask_alert(a, reply->element[i]->str);
}

static void ask_firing(struct alerting *a)
{
	wire_clear(&a->wire);
	wire_command(&a->wire, 5);
	wire_text(&a->wire, "ZRANGE");
	wire_text(&a->wire, KEY_ALERTS_FIRING);
	wire_text(&a->wire, "0");
	wire_text(&a->wire, LOAD_MAX);
	wire_text(&a->wire, "REV");
	if (store_ask(a->store, &a->wire, take_firing, a) == 0)
		a->asked++;
}

/* One that is resolved elsewhere leaves the set of those that fire: it is asked for by itself. */
static void ask_known(void *context, struct suppress_entry *e)
{
	if (e->shared.state == SUPPRESS_FIRING && !e->wished)
		ask_alert(context, e->id);
}

static void ignore_answer(void *context, const redisReply *reply)
{
	(void)context;
	(void)reply;
}

void alerting_touch(struct alerting *a, struct suppress_entry *e)
{
	uint64_t now = alerting_clock();

	if (a->store == NULL || e->wished ||
	    (e->reported_ms != 0 && now - e->reported_ms < LIMIT_ALERT_TOUCH_MS))
		return;
	wire_clear(&a->wire);
	alert_touch_put(&a->wire, e, TTL_MS);
	if (store_ask(a->store, &a->wire, ignore_answer, NULL) == 0)
		e->reported_ms = now;
}

/* ---- After an outage ---- */

static void doubt(void *context, struct suppress_entry *e)
{
	struct alerting *a = context;

	if (e->shared.version > 0 && e->shared.state == SUPPRESS_FIRING)
		e->unsure = a->unsure = true;
}

/* Redis may have lost what it acknowledged: it is told what is true here, and keeps what is later.
 */
static void sync_entry(void *context, struct suppress_entry *e)
{
	struct alerting *a = context;
	struct alert_claim *c;

	if (!e->unsure || e->wished)
		return;
	a->unsure = true;
	if (a->claim_count >= SYNC_EACH)
		return;
	c = alert_claim_new(e->rule->name, e->key);
	if (c == NULL)
		return;
	e->unsure = false;
	c->told = true;
	c->want = e->shared;
	c->made_ms = alerting_clock();
	alert_claim_name(c, "-sync");
	append(a, c);
}

static void reconcile(struct alerting *a, uint64_t now)
{
	struct store_status status;

	store_status(a->store, &status);
	if (!status.connected)
		return;
	if (status.connects != a->connects) {
		if (a->connects != 0)
			suppress_each(a->suppress, doubt, a);
		a->connects = status.connects;
		a->load_ms = 0;
	}
	if (now >= a->load_ms) {
		a->load_ms = now + LOAD_MS;
		ask_firing(a);
		suppress_each(a->suppress, ask_known, a);
	}
	if (a->unsure) {
		a->unsure = false;
		suppress_each(a->suppress, sync_entry, a);
	}
}

void alerting_claims_tick(struct alerting *a, uint64_t now_ms)
{
	struct alert_claim *c, *next;
	bool askable = a->store != NULL;

	if (a->store != NULL)
		reconcile(a, now_ms);
	for (c = a->claims; c != NULL; c = next) {
		next = c->next;
		if (c->asked)
			continue;
		if (askable)
			askable = ask(a, c); /* in order, or not at all */
		if (!c->told && now_ms - c->made_ms >= LIMIT_ALERT_CLAIM_MS && !c->asked)
			decide_here(a, c);
		if (c->told && a->store == NULL)
			end_claim(a, c);
	}
}
