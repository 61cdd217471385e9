/* Most packets are of flows that have told all they could. A look at a small table is enough for
 * them: their flows are far away. */
#include "pipeline_private.h"

/* A mark that no packet has: a packet that ends the flow's connection waits to be read. */
#define LEFT 2

static size_t place_of(uint64_t hash)
{
	return hash % KNOWN;
}

static uint8_t mark_of(uint64_t hash)
{
	return (uint8_t)(hash >> 56) | 1;
}

static void bring_time(const struct known *k, size_t place, struct flow *f)
{
	if (f->state == FLOW_READ && k->times[place].last_ns > f->last_ns)
		f->last_ns = k->times[place].last_ns;
}

static void clear(struct known *k, size_t place, struct flow *f)
{
	bring_time(k, place, f);
	f->flags &= (uint16_t)~FLOW_KNOWN;
	k->mark[place] = 0;
}

/* A flow whose place another one has, waits until that is silent: to change in turn costs more. */
void pipeline_know(struct pipeline *p, struct flow *f, uint64_t hash)
{
	size_t place = place_of(hash);

	if (p->known.mark[place] != 0) {
		if (p->now_ns < p->known.times[place].last_ns + NS_PER_S)
			return;
		clear(&p->known, place, p->known.flows[place]);
	}
	p->known.mark[place] = mark_of(hash);
	p->known.times[place] = (struct known_time){.hash = hash, .last_ns = p->now_ns};
	p->known.flows[place] = f;
	f->flags |= FLOW_KNOWN;
}

void pipeline_know_time(struct pipeline *p, struct flow *f)
{
	if (f->flags & FLOW_KNOWN)
		bring_time(&p->known, place_of(flow_hash_again(p->flows, f)), f);
}

void pipeline_know_no_more(struct pipeline *p, struct flow *f, uint64_t hash)
{
	clear(&p->known, place_of(hash), f);
}

bool pipeline_is_known(struct pipeline *p, const struct queued *q)
{
	struct known *k = &p->known;
	size_t place = place_of(q->hash);

	if (k->mark[place] != mark_of(q->hash) || k->times[place].hash != q->hash ||
	    is_odd(p, q->ns))
		return false;
	if (q->segment.flags & (FRAME_SYN | FRAME_FIN | FRAME_RST)) {
		k->mark[place] = LEFT; /* what comes behind it is read behind it */
		return false;
	}
	k->times[place].last_ns = q->ns;
	return true;
}
