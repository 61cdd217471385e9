/* Most packets are of flows that have told all they could. A look at a small table is enough for
 * them: their flows are far away. */
#include "pipeline_private.h"

static size_t place_of(uint64_t hash)
{
	return hash % KNOWN;
}

static uint8_t mark_of(uint64_t hash)
{
	return (uint8_t)(hash >> 56) | 1;
}

static void bring_time(const struct known_flow *k)
{
	if (k->flow->state == FLOW_READ && k->last_ns > k->flow->last_ns)
		k->flow->last_ns = k->last_ns;
}

static void clear(struct known *k, size_t place)
{
	bring_time(&k->flows[place]);
	k->flows[place].flow->flags &= (uint16_t)~FLOW_KNOWN;
	k->mark[place] = 0;
}

void pipeline_know(struct pipeline *p, struct flow *f, uint64_t hash)
{
	size_t place = place_of(hash);

	if (p->known.mark[place] != 0)
		clear(&p->known, place);
	p->known.mark[place] = mark_of(hash);
	p->known.flows[place] = (struct known_flow){.hash = hash, .flow = f};
	f->flags |= FLOW_KNOWN;
}

void pipeline_know_time(struct pipeline *p, struct flow *f)
{
	if (f->flags & FLOW_KNOWN)
		bring_time(&p->known.flows[place_of(flow_hash_again(p->flows, f))]);
}

void pipeline_know_no_more(struct pipeline *p, struct flow *f)
{
	if (f->flags & FLOW_KNOWN)
		clear(&p->known, place_of(flow_hash_again(p->flows, f)));
}

bool pipeline_is_known(struct pipeline *p, const struct segment *s, uint64_t hash, uint64_t ns)
{
	size_t place = place_of(hash);

	if (p->known.mark[place] != mark_of(hash) || p->known.flows[place].hash != hash ||
	    is_odd(p, ns))
		return false;
	if (s->flags & (FRAME_SYN | FRAME_FIN | FRAME_RST)) {
		clear(&p->known, place); /* what comes behind it is read behind it */
		return false;
	}
	p->known.flows[place].last_ns = ns;
	return true;
}
