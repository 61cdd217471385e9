/* Sessions to decisions: which rules match, what is to be said, and in which words. */
#include "alerting_private.h"

#include <stdlib.h>
#include <string.h>

#define NS_PER_MS	1000000u
#define PARAMETER_BYTES 1024 /* of an expanded parameter */
#define UID_BYTES	(ALERT_UID_MAX + 24)

static struct rules_subject subject_of(struct alerting *a, const struct record *r, bool history)
{
	return (struct rules_subject){
	    .record = r,
	    .file = a->file,
	    .history = history && a->history != NULL ? history_answer : NULL,
	    .context = a->history,
	};
}

static uint64_t end_ms(const struct record *r)
{
	return (r->start_ns + r->duration_ns) / NS_PER_MS;
}

bool alerting_wants_history(struct alerting *a, const struct record *r)
{
	struct rules_subject subject = subject_of(a, r, false);

	return a->history != NULL && rules_want_history(&subject);
}

static void take_result(
    struct alerting *a, size_t i, enum rules_truth truth, const struct rules_subject *subject)
{
	uint64_t at = end_ms(subject->record);
	enum suppress_change change;
	struct suppress_entry *e;
	char key[LIMIT_ALERT_KEY];

	rules_key_write(rule_file_rule(a->file, i), subject, key, sizeof(key));
	if (truth == RULES_TRUE)
		change = suppress_match(a->suppress, a->rules[i], key, at, &e);
	else
		change = suppress_clean(a->suppress, a->rules[i], key, at, &e);
	if (change != SUPPRESS_NOTHING)
		alerting_decide(a, e, change, subject->record, at);
	else if (e != NULL && e->shared.state == SUPPRESS_FIRING)
		alerting_touch(a, e);
}

void alerting_judge(struct alerting *a, const struct record *r)
{
	struct rules_subject subject = subject_of(a, r, true);

	if (a->history != NULL)
		history_select(a->history, r);
	if (end_ms(r) > a->latest_ms)
		a->latest_ms = end_ms(r);
	rules_judge(&subject, a->truths);
	for (size_t i = 0; i < rule_file_count(a->file); i++)
		if (a->truths[i] == RULES_TRUE ||
		    (a->truths[i] == RULES_FALSE && a->rules[i]->entries > 0))
			take_result(a, i, (enum rules_truth)a->truths[i], &subject);
	if (a->history != NULL)
		history_note(a->history, r);
}

static void take_wish(void *context, struct suppress_entry *e, enum suppress_change change)
{
	struct alerting *a = context;

	alerting_decide(a, e, change, e->note, alerting_now(a));
}

void alerting_time(struct alerting *a)
{
	if (alerting_now(a) != 0)
		suppress_tick(a->suppress, alerting_now(a), LIMIT_ALERT_TICK, take_wish, a);
}

/* ---- In which words ---- */

struct decision {
	struct alerting *a;
	struct alert alert;
	struct rules_subject subject;
	struct alert_claim *claim;
	char *json, *fields;
	struct action_job **last; /* of the claim's jobs */
	unsigned actions;
	bool failed;
};

static void write_message(struct decision *d)
{
	const struct rule *rule = d->alert.rule;
	const char *plain = rule->description != NULL ? rule->description : rule->name;

	if (rule->message.count > 0)
		rules_template_write(
		    &rule->message, &d->subject, d->alert.message, sizeof(d->alert.message));
	else
		snprintf(d->alert.message, sizeof(d->alert.message), "%s", plain);
}

static char *render(const struct alert *alert, void (*write)(FILE *, const struct alert *))
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	if (to == NULL)
		return NULL;
	write(to, alert);
	return fclose(to) == 0 ? text : NULL;
}

/* The expanded parameters of an action; the texts stand in `buffer`. Returns how many. */
static size_t expand(const struct decision *d, const struct rules_action *action,
    struct action_value values[ACTION_VALUES_MAX], char buffer[ACTION_VALUES_MAX][PARAMETER_BYTES])
{
	size_t n = 0;

	for (size_t i = 0; i < action->parameter_count; i++) {
		const struct rules_parameter *p = &action->parameters[i];
		size_t count = p->template_count > 0 ? p->template_count : 1;

		for (size_t k = 0; k < count && n < ACTION_VALUES_MAX; k++, n++) {
			values[n] = (struct action_value){p->is->name, buffer[n]};
			if (p->template_count > 0)
				rules_template_write(
				    &p->templates[k], &d->subject, buffer[n], PARAMETER_BYTES);
			else if (p->is->type == PARAMETER_NUMBER ||
				 p->is->type == PARAMETER_DURATION ||
				 p->is->type == PARAMETER_BOOLEAN)
				snprintf(buffer[n], PARAMETER_BYTES, "%llu",
				    (unsigned long long)p->number);
			else
				snprintf(buffer[n], PARAMETER_BYTES, "%s", p->text);
		}
	}
	return n;
}

/* `action`: NULL where the rule names none. */
static void add_redis(struct decision *d, const struct rules_action *action)
{
	const struct rules_parameter *channel =
	    action == NULL ? NULL : rules_action_parameter(action, "channel");
	struct alert_claim *c = d->claim;

	if (c->json != NULL || d->a->store == NULL)
		return;
	c->json = strndup(d->json, strcspn(d->json, "\n"));
	c->channel = channel != NULL ? strdup(channel->text) : NULL;
	d->failed |= c->json == NULL;
}

static void add_job(
    struct decision *d, const char *kind, const struct action_value *values, size_t count)
{
	char uid[UID_BYTES];

	snprintf(uid, sizeof(uid), "%s/%u", d->claim->uid, d->actions++);
	*d->last = action_job_new(kind, uid, d->json, d->fields, values, count);
	if (*d->last == NULL)
		d->failed = true;
	else
		d->last = &(*d->last)->next;
}

static void add_action(struct decision *d, const struct rules_action *action)
{
	static char buffer[ACTION_VALUES_MAX][PARAMETER_BYTES];
	struct action_value values[ACTION_VALUES_MAX];

	if (strcmp(action->kind->name, "redis") == 0) {
		add_redis(d, action);
		return;
	}
	add_job(d, action->kind->name, values, expand(d, action, values, buffer));
}

static void add_actions(struct decision *d, const struct rule *rule)
{
	if (rule->action_count == 0) {
		add_job(d, "log", NULL, 0);
		add_redis(d, NULL);
	}
	for (size_t i = 0; i < rule->action_count && !d->failed; i++)
		add_action(d, &rule->actions[i]);
}

static void fill_alert(struct decision *d, const struct rule *rule, struct suppress_entry *e,
    const struct record *record)
{
	struct alert_claim *c = d->claim;

	d->alert = (struct alert){
	    .rule = rule,
	    .key = e->key,
	    .id = e->id,
	    .change = (enum suppress_change)c->change,
	    .at_ns = c->at_ms * NS_PER_MS,
	    .since_ms = c->change >= SUPPRESS_FIXED ? e->shared.since_ms : c->want.since_ms,
	    .matches = e->matches,
	    .episode = c->want.episode,
	    .sensor = d->a->options.sensor,
	    .record = record,
	};
	strcpy(d->alert.uid, c->uid);
	write_message(d);
	d->json = render(&d->alert, alert_write_json);
	d->fields = render(&d->alert, alert_write_fields);
	d->failed = d->json == NULL || d->fields == NULL;
}

static void fill_claim(struct alert_claim *c, const struct suppress_entry *e, uint64_t at_ms)
{
	suppress_after(e, (enum suppress_change)c->change, at_ms, &c->want);
	c->at_ms = at_ms;
	c->made_ms = alerting_clock();
	alert_claim_name(c, "");
}

static struct record *copy_record(const struct record *r)
{
	struct record *copy = r == NULL ? NULL : malloc(sizeof(*copy));

	if (copy != NULL)
		memcpy(copy, r, record_size(r));
	return copy;
}

/* For what time alone will say of it later: who it was. */
static void keep_note(struct suppress_entry *e, const struct record *r)
{
	void *note = r == NULL || r == e->note ? NULL : malloc(record_size(r));

	if (note == NULL)
		return;
	memcpy(note, r, record_size(r));
	free(e->note);
	e->note = note;
}

void alerting_decide(struct alerting *a, struct suppress_entry *e, enum suppress_change change,
    const struct record *record, uint64_t at_ms)
{
	static const struct record nothing = {.text_used = 1};
	const struct rule *rule = rule_file_find(a->file, e->rule->name);
	struct decision d = {
	    .a = a, .subject = subject_of(a, record != NULL ? record : &nothing, true)};

	if (a->history != NULL) /* we may come from an answer of Redis, long behind the session */
		history_select(a->history, d.subject.record);
	if (change == SUPPRESS_NEW && record != NULL && a->history != NULL &&
	    history_was_better(a->history, record))
		change = SUPPRESS_REGRESSED;
	d.claim = rule == NULL ? NULL : alert_claim_new(rule->name, e->key);
	if (d.claim == NULL) {
		suppress_refuse(e);
		return;
	}
	d.claim->change = (uint8_t)change;
	d.claim->record = copy_record(record);
	d.last = &d.claim->jobs;
	fill_claim(d.claim, e, at_ms);
	fill_alert(&d, rule, e, record);
	if (!d.failed)
		add_actions(&d, rule);
	free(d.json);
	free(d.fields);
	if (d.failed) { /* memory is short: the next match tries again */
		alert_claim_free(d.claim);
		suppress_refuse(e);
		return;
	}
	keep_note(e, record);
	alerting_claim(a, d.claim);
}
