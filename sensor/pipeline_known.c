/* Most packets are of flows that have told all they could. A look at a small table is enough for
 * them: their flows are far away. */
#include "pipeline_private.h"

static size_t place_of(uint64_t hash)
{
	return hash % KNOWN;
}

static uint32_t tag_of(uint64_t hash)
{
	return (uint32_t)(hash >> 32) | 1;
}

static void bring_time(const struct known *k, size_t place)
{
	struct flow *f = k->flow[place];

	if (f->state == FLOW_READ && k->last_ns[place] > f->last_ns)
		f->last_ns = k->last_ns[place];
}

static void clear(struct known *k, size_t place)
{
	bring_time(k, place);
	k->flow[place]->flags &= (uint16_t)~FLOW_KNOWN;
	k->tag[place] = 0;
}

void pipeline_know(struct pipeline *p, struct flow *f, uint64_t hash)
{
	struct known *k = &p->known;
	size_t place = place_of(hash);

	if (k->tag[place] != 0)
		clear(k, place);
	k->tag[place] = tag_of(hash);
	k->last_ns[place] = 0;
	k->flow[place] = f;
	f->flags |= FLOW_KNOWN;
}

void pipeline_know_time(struct pipeline *p, struct flow *f)
{
	if (f->flags & FLOW_KNOWN)
		bring_time(&p->known, place_of(flow_hash_again(p->flows, f)));
}

void pipeline_know_no_more(struct pipeline *p, struct flow *f)
{
	if (f->flags & FLOW_KNOWN)
		clear(&p->known, place_of(flow_hash_again(p->flows, f)));
}

bool pipeline_is_known(struct pipeline *p, const struct segment *s, uint64_t hash, uint64_t ns)
{
	size_t place = place_of(hash);

	if (p->known.tag[place] != tag_of(hash) || is_odd(p, ns))
		return false;
	if (s->flags & (FRAME_SYN | FRAME_FIN | FRAME_RST)) {
		clear(&p->known, place); /* what comes behind it is read behind it */
		return false;
	}
	p->known.last_ns[place] = ns;
	return true;
}
