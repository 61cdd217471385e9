/* The sessions of a pipeline, at most so many, and who goes at the cap; and the records that wait.
 */
#include "pipeline_private.h"

#include <stdlib.h>

/* Sessions compared for one that makes room. */
#define COMPARE 16u

/* What would be lost with a session that ends now: nothing much with one that only one side was
 * seen of, as of forged packets; most with one that has begun TLS. */
static int worth(const struct flow *f)
{
	const struct session *s = f->session;

	if (!seen_both(f))
		return 0;
	if (f->flags & FLOW_SEARCH || s->phase == SESSION_FOREIGN)
		return 1;
	if (s->phase != SESSION_DIALOG)
		return 5;
	if (s->dialog.facts.seen & SMTP_REQUESTED)
		return 4;
	return s->dialog.facts.seen & (SMTP_SAW_EHLO | SMTP_SAW_HELO) ? 3 : 2;
}

/* The same of a flow that wants to begin. */
static int worth_of_new(const struct flow *f)
{
	if (f->flags & FLOW_SEARCH)
		return 1;
	return seen_both(f) ? 2 : 0;
}

/* Of some, the least informative, and of these the one that was silent longest. */
static struct flow *victim(struct pipeline *p)
{
	struct flow *chosen = NULL, *f;
	int least = 0, value;

	for (unsigned i = 0; i < COMPARE && i < p->sessions_open; i++) {
		f = p->reading[p->session_hand++ % p->sessions_open];
		value = worth(f);
		if (chosen != NULL &&
		    (value > least || (value == least && f->last_ns >= chosen->last_ns)))
			continue;
		chosen = f;
		least = value;
	}
	return chosen;
}

static bool make_room(struct pipeline *p, const struct flow *wanted)
{
	struct flow *f = victim(p);

	if (f == NULL || worth(f) > worth_of_new(wanted))
		return false;
	/* What its connection goes on to say is no session of its own. */
	if (seen_both(f) && !(f->flags & FLOW_SEARCH))
		f->flags |= FLOW_EVICTED;
	pipeline_end_flow(p, f, false);
	p->stats.sessions_evicted++;
	return true;
}

struct session *pipeline_take_session(struct pipeline *p, struct flow *f)
{
	struct session *s;

	if (p->sessions_open >= p->sessions_max && !make_room(p, f))
		return NULL;
	s = slab_take(&p->sessions);
	if (s == NULL)
		return NULL;
	p->reading[p->sessions_open] = f;
	f->reading = (uint32_t)p->sessions_open++;
	return s;
}

void pipeline_return_session(struct pipeline *p, struct flow *f)
{
	struct flow *last = p->reading[--p->sessions_open];

	p->reading[f->reading] = last;
	last->reading = f->reading;
	session_clear(f->session, &p->shared);
	slab_give(&p->sessions, f->session);
	f->session = NULL;
}

/* What it takes in memory: a place, where it fits into one. */
static size_t size_kept(const struct pipeline *p, const struct record *r)
{
	size_t size = record_size(r);

	return size < p->records.size ? p->records.size : size;
}

struct record *pipeline_keep_record(struct pipeline *p, const struct record *r)
{
	size_t size = size_kept(p, r);
	struct record *kept;

	if (p->record_bytes + size > LIMIT_RECORD_BYTES)
		return NULL;
	kept = size > p->records.size ? malloc(size) : slab_take(&p->records);
	if (kept == NULL)
		return NULL;
	memcpy(kept, r, record_size(r));
	p->record_bytes += size;
	return kept;
}

void pipeline_drop_record(struct pipeline *p, struct record *r)
{
	size_t size = size_kept(p, r);

	p->record_bytes -= size;
	if (size > p->records.size)
		free(r);
	else
		slab_give(&p->records, r);
}
