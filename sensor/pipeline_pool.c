/* The sessions of a pipeline: made once and used again, at most so many, and who goes at the cap.
 */
#include "pipeline_private.h"

#include <stdlib.h>

/* Sessions compared for one that makes room. */
#define COMPARE 16u

/* A session not in use holds the link to the next such one in its own memory. */
static struct session **spare_next(struct session *s)
{
	return (struct session **)(void *)s;
}

static struct session *take(struct pipeline *p)
{
	struct session *s = p->spare;

	if (s == NULL)
		return aligned_alloc(_Alignof(struct session), sizeof(*s));
	p->spare = *spare_next(s);
	return s;
}

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
	s = take(p);
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
	*spare_next(f->session) = p->spare;
	p->spare = f->session;
	f->session = NULL;
}

void pipeline_free_sessions(struct pipeline *p)
{
	struct session *next;

	for (struct session *s = p->spare; s != NULL; s = next) {
		next = *spare_next(s);
		free(s);
	}
	free(p->reading);
}
