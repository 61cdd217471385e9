/* What Redis's replies mean for the entries they answer. */
#include "store_private.h"

#include <string.h>

static enum tally_list waiting_list(const struct tally_entry *e)
{
	if (!e->held)
		return TALLY_DIRTY;
	return e->based ? TALLY_REBASED : TALLY_SPOOLED;
}

void store_entry_again(struct store *s, struct tally_entry *e)
{
	e->flags_due = UINT8_MAX;
	e->expires_ms = 0;
	tally_move(s->tally, e, waiting_list(e), true);
}

void store_retry_aside(struct store *s)
{
	struct tally_entry *e;

	s->aside_ms = store_clock() + LIMIT_ASIDE_S * 1000u;
	while ((e = tally_first(s->tally, TALLY_ASIDE)) != NULL)
		store_entry_again(s, e);
}

/* A key of a foreign type must not block the others. */
static void set_aside(struct store *s, struct tally_entry *e)
{
	e->flags_due = UINT8_MAX;
	e->expires_ms = 0;
	tally_move(s->tally, e, TALLY_ASIDE, false);
}

static void refuse_entry(struct store *s, const struct store_pending *p, const char *error)
{
	char key[STORE_KEY_MAX];

	p->entry->failed = true;
	store_operation_key(s, p->operation, p->entry, key);
	if (!store_is_foreign(error)) {
		store_trouble_reply(s, error, key);
		return;
	}
	s->errors++;
	p->entry->foreign = true;
	if (!s->said_aside)
		store_say(s,
		    "Redis %s: %s: holds something else than tlsvane writes there: what belongs "
		    "there is kept back and tried again every %d s: rename or delete that key",
		    s->where, key, LIMIT_ASIDE_S);
	s->said_aside = true;
}

static void load_base(struct tally_entry *e, const redisReply *reply)
{
	for (size_t i = 0; i + 1 < reply->elements; i += 2) {
		const redisReply *name = reply->element[i], *value = reply->element[i + 1];

		/* A value that is no number is not ours: the next write mends it. */
		if (name->type == REDIS_REPLY_STRING && value->type == REDIS_REPLY_STRING &&
		    tally_entry_load(e, TALLY_TOTALS, name->str, value->str) != 0)
			continue;
	}
	e->based = true;
}

static void take_base(struct store *s, struct tally_entry *e, const redisReply *reply)
{
	if (e->held)
		s->rebasing--;
	if (reply->type == REDIS_REPLY_ARRAY && !e->failed)
		load_base(e, reply);
	if (e->foreign)
		set_aside(s, e);
	else if (e->based && !e->held)
		tally_move(s->tally, e, TALLY_READY, false);
	else
		tally_move(s->tally, e, waiting_list(e), true);
}

static void take_written(struct store *s, struct tally_entry *e)
{
	if (e->foreign) {
		set_aside(s, e);
		return;
	}
	if (e->failed) {
		store_entry_again(s, e);
		return;
	}
	s->entries_written++;
	e->written_ms = store_clock();
	if (e->in_file && !e->changed) /* else the file may hold more than was written */
		store_spool_written(s, e);
	tally_move(s->tally, e, e->changed ? TALLY_DIRTY : TALLY_CLEAN, false);
	store_recovered(s);
}

/* All its fields are new: the key had gone, and its time to live with it. */
static void check_recreated(
    const struct store *s, const struct store_pending *p, const redisReply *reply)
{
	struct tally_entry *e = p->entry;

	if (p->operation == STORE_OP_HASH && reply->type == REDIS_REPLY_INTEGER &&
	    e->written_ms != 0 && s->retention_ms != 0 && reply->integer == (long long)p->fields) {
		e->expires_ms = 0;
		e->changed = true;
	}
}

static void entry_reply(struct store *s, const struct store_pending *p, const redisReply *reply)
{
	struct tally_entry *e = p->entry;

	e->replies--;
	if (reply->type == REDIS_REPLY_ERROR)
		refuse_entry(s, p, reply->str);
	if (e->list != TALLY_BUSY) /* the connection was dropped over it */
		return;
	if (p->operation == STORE_OP_BASE) {
		take_base(s, e, reply);
		return;
	}
	check_recreated(s, p, reply);
	if (e->replies == 0)
		take_written(s, e);
}

static void heartbeat_reply(struct store *s, const redisReply *reply)
{
	char key[STORE_KEY_MAX];
	struct tally_stats stats;

	if (reply->type == REDIS_REPLY_ERROR) {
		snprintf(key, sizeof(key), KEY_SENSOR, s->sensor);
		store_trouble_reply(s, reply->str, key);
		return;
	}
	tally_stats(s->tally, &stats);
	if (stats.aside == 0)
		s->said_aside = false;
	if (stats.waiting == 0 || s->said_count == 0)
		store_recovered(s);
}

void store_reply(struct store *s, const struct store_pending *p, const redisReply *reply)
{
	switch (p->operation) {
	case STORE_OP_STEP:
		store_step_reply(s, reply);
		break;
	case STORE_OP_LEASE:
		store_lease_reply(s, reply);
		break;
	case STORE_OP_HEARTBEAT:
		heartbeat_reply(s, reply);
		break;
	case STORE_OP_ASK:
		store_ask_reply(s, reply);
		break;
	case STORE_OP_MINOR:
		break;
	default:
		entry_reply(s, p, reply);
	}
}
