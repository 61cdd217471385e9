/* How a flow's session begins, whether it is searched, and how it ends in a record. */
#include "pipeline_private.h"

#include <stdlib.h>

#include "../parsers/smtp_syntax.h"
#include "roles.h"
#include "search.h"
#include "verdict.h"

/* The whole table is looked through once in so many seconds: the shortest time-out. */
#define SWEEP_S LIMIT_CLOSED_S

static void add_port(struct pipeline *p, uint16_t port)
{
	p->mail_port[port / 8] |= (uint8_t)(1 << port % 8);
	if (port > p->mail_port_last)
		p->mail_port_last = port;
}

struct pipeline *pipeline_new(const struct pipeline_options *options)
{
	struct pipeline *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->sink = options->sink;
	p->told = options->told;
	p->told_context = options->told_context;
	p->whose = options->whose;
	p->whose_context = options->whose_context;
	p->context = options->context;
	p->flows = flow_table_new(
	    options->flows_max > 0 ? options->flows_max : LIMIT_FLOWS, options->ignore_vlan);
	p->sessions_max = options->sessions_max > 0 ? options->sessions_max : LIMIT_SESSIONS;
	slab_init(&p->sessions, sizeof(struct session));
	slab_init(&p->records, RECORD_PLACE);
	p->reading = calloc(p->sessions_max, sizeof(*p->reading));
	p->fragments = defrag_new(options->ignore_vlan);
	if (p->flows == NULL || p->reading == NULL || p->fragments == NULL) {
		pipeline_free(p);
		return NULL;
	}
	p->any_port = options->any_port;
	p->ports =
	    options->ports != NULL && options->ports->count > 0 ? *options->ports : ports_default;
	for (size_t i = 0; i < p->ports.count; i++)
		add_port(p, p->ports.number[i]);
	return p;
}

void pipeline_free(struct pipeline *p)
{
	struct flow *f;

	if (p == NULL)
		return;
	for (size_t place = 0; p->flows != NULL && place < flow_places(p->flows); place++) {
		f = flow_at(p->flows, place);
		if (f != NULL && f->state == FLOW_READING)
			pipeline_return_session(p, f);
		else if (f != NULL && f->state == FLOW_READ && f->record != NULL)
			pipeline_drop_record(p, f->record);
	}
	free(p->reading);
	slab_free(&p->sessions);
	slab_free(&p->records);
	flow_table_free(p->flows);
	defrag_free(p->fragments);
	discover_free(p->shared.discover);
	handed_shared_clear(&p->shared.handed);
	free(p);
}

static enum session_kind kind_of(const struct pipeline *p, const struct flow *f)
{
	uint8_t kind = PORT_SMTP;

	if (f->flags & FLOW_SEARCH)
		return SESSION_OF_SEARCH;
	(void)ports_find(&p->ports, f->server_port, &kind);
	return kind == PORT_TLS ? SESSION_OF_TLS : SESSION_OF_MAIL;
}

static void tell(struct pipeline *p, const struct flow *f, bool over)
{
	if (p->told != NULL && f->tunnel == FRAME_TUNNEL_NONE)
		p->told(p->told_context, f, over);
}

static void no_mail(struct pipeline *p, struct flow *f)
{
	if (f->state == FLOW_READING) {
		pipeline_return_session(p, f);
		p->searches--;
	}
	f->session = NULL;
	f->state = FLOW_CLOSED;
	tell(p, f, false);
}

/* There is no end to flows of other ports, so not all are looked at. */
static bool begin_search(
    struct pipeline *p, struct flow *f, enum side side, const struct segment *s)
{
	bool midstream = !(f->flags & (FLOW_SYN | FLOW_SYN_ACK));
	bool room = p->searches < LIMIT_SEARCHES;

	if (room && search_begins(side, s->payload, midstream)) {
		p->searches++;
		return true;
	}
	p->stats.searches_refused += !room;
	no_mail(p, f);
	return false;
}

/* The server speaks first, in a reply, right where the client acknowledged it, and has heard no
 * word of the client: no more than the SYN/ACK is missing. */
static bool greets_at_once(const struct flow *f, const struct segment *s)
{
	return f->next[SIDE_SERVER] == s->sequence && f->next[SIDE_CLIENT] == s->acknowledgment &&
	       s->payload.left > 0 && smtp_reply_may_begin(s->payload);
}

bool pipeline_begin(
    struct pipeline *p, struct flow *f, enum side side, const struct segment *segment)
{
	struct session *s;

	if (f->flags & FLOW_SEARCH && !begin_search(p, f, side, segment))
		return false;
	s = pipeline_take_session(p, f);
	if (s == NULL) {
		f->flags |= FLOW_UNREAD;
		p->searches -= f->flags & FLOW_SEARCH ? 1 : 0;
		p->shared.streams.refused++;
		return false;
	}
	session_init(s, !(f->flags & (FLOW_SYN | FLOW_SYN_ACK)), kind_of(p, f));
	if (f->flags & FLOW_SYN)
		stream_init(&s->stream[SIDE_CLIENT], f->next[SIDE_CLIENT]);
	if (f->flags & FLOW_SYN_ACK)
		stream_init(&s->stream[SIDE_SERVER], f->next[SIDE_SERVER]);
	else if (side == SIDE_SERVER && greets_at_once(f, segment))
		stream_init(&s->stream[SIDE_SERVER], segment->sequence);
	else if (f->next[SIDE_SERVER] != 0)
		stream_acknowledged(&s->stream[SIDE_SERVER], p->now_ns, f->next[SIDE_SERVER]);
	for (int each = 0; each < SIDES; each++)
		if (f->unread[each] != 0)
			stream_acknowledged(&s->stream[each], p->now_ns, f->unread[each]);
	f->session = s;
	f->state = FLOW_READING;
	return true;
}

bool pipeline_search(struct pipeline *p, struct flow *f)
{
	switch (search_judge(f->session)) {
	case SEARCH_GOES_ON:
		return true;
	case SEARCH_MAIL:
		search_end(f->session);
		f->flags &= (uint16_t)~FLOW_SEARCH;
		p->searches--;
		p->stats.searches_found++;
		return true;
	default:
		no_mail(p, f);
		return false;
	}
}

static uint16_t swapped(uint16_t flags, uint16_t client, uint16_t server)
{
	uint16_t others = flags & (uint16_t) ~(client | server);

	return (uint16_t)(others | (flags & client ? server : 0) | (flags & server ? client : 0));
}

static void swap_ends(struct pipeline *p, struct flow *f)
{
	struct flow was = *f;

	if (f->state == FLOW_READING) { /* as the other side's */
		p->searches -= f->flags & FLOW_SEARCH ? 1 : 0;
		pipeline_return_session(p, f);
		f->state = FLOW_OPENING;
	}
	f->client = was.server;
	f->server = was.client;
	f->client_port = was.server_port;
	f->server_port = was.client_port;
	f->flags = swapped(f->flags, FLOW_SEEN_CLIENT, FLOW_SEEN_SERVER);
	f->flags = swapped(f->flags, FLOW_FIN_CLIENT, FLOW_FIN_SERVER);
}

/*
 * Where one port alone is a mail port, only what no server ever says outweighs it: what the client
 * says may stand in a message.
 */
enum side pipeline_settle_ends(
    struct pipeline *p, struct flow *f, enum side side, const struct segment *s)
{
	bool ports_tell = is_mail_port(p, f->client_port) != is_mail_port(p, f->server_port);
	enum role_hint hint = roles_read(s->payload);
	bool sure = hint == ROLE_CLIENT || hint == ROLE_SERVER;
	enum side told =
	    hint == ROLE_CLIENT || hint == ROLE_MAYBE_CLIENT ? SIDE_CLIENT : SIDE_SERVER;

	if (hint == ROLE_UNKNOWN || (!sure && (ports_tell || f->flags & FLOW_HINTED)))
		return side;
	if (ports_tell && told != side && hint != ROLE_CLIENT)
		return side;
	if (sure)
		f->flags &= (uint16_t)~FLOW_GUESSED;
	f->flags |= FLOW_HINTED;
	if (told == side)
		return side;
	swap_ends(p, f);
	return told;
}

static void report_ends(const struct flow *f, struct record *r)
{
	r->client_ip = f->client;
	r->server_ip = f->server;
	r->client_port = f->client_port;
	r->server_port = f->server_port;
	r->vlan = f->vlan;
	r->inner_vlan = f->inner_vlan;
	r->tunnel = f->tunnel;
	r->start_ns = f->first_ns;
}

static struct session_end end_of(const struct flow *f, bool ended)
{
	bool closed = f->flags & (FLOW_FIN_CLIENT | FLOW_FIN_SERVER | FLOW_RESET);

	return (struct session_end){
	    .client_seen = f->flags & FLOW_SEEN_CLIENT,
	    .server_seen = f->flags & FLOW_SEEN_SERVER,
	    .closed = closed,
	    .ended = closed || ended,
	};
}

/* A connection on which nobody said a byte. */
static void report_silent(const struct flow *f, const struct session_end *end, struct record *r)
{
	struct verdict_facts facts = {
	    .end = *end,
	    .midstream = !(f->flags & (FLOW_SYN | FLOW_SYN_ACK)),
	    .silent = !(f->flags & FLOW_UNREAD),
	    .gap = f->flags & FLOW_UNREAD,
	};

	verdict_judge(r, &facts);
}

static void hand_on(struct pipeline *p, const struct flow *f, struct record *r)
{
	r->duration_ns = f->last_ns > f->first_ns ? f->last_ns - f->first_ns : 0;
	p->stats.sessions++;
	p->sink(p->context, r);
}

/* The session's last word; its memory goes back. */
static void report_session(struct pipeline *p, struct flow *f, bool ended, struct record *r)
{
	struct session_end end = end_of(f, ended);

	record_init(r);
	report_ends(f, r);
	session_report(f->session, &p->shared, &end, r);
	pipeline_return_session(p, f);
}

/* All facts are known: only the record stays, at its true size. */
void pipeline_finish_reading(struct pipeline *p, struct flow *f)
{
	struct record r;

	report_session(p, f, false, &r);
	f->record = pipeline_keep_record(p, &r);
	f->state = FLOW_READ;
	tell(p, f, false);
	if (f->record != NULL)
		return;
	hand_on(p, f, &r); /* memory is short: better a short duration than no record */
	p->stats.records_early++;
}

/* The record that was kept until the end, unless it was handed on early. */
static void hand_on_kept(struct pipeline *p, struct flow *f)
{
	if (f->record == NULL)
		return;
	hand_on(p, f, f->record);
	pipeline_drop_record(p, f->record);
}

void pipeline_end_flow(struct pipeline *p, struct flow *f, bool ended)
{
	struct session_end end;
	struct record r;

	if (f->flags & FLOW_KNOWN)
		pipeline_know_no_more(p, f, flow_hash_again(p->flows, f));
	if (f->flags & FLOW_SEARCH && f->state != FLOW_READING)
		f->state = FLOW_CLOSED;
	switch (f->state) {
	case FLOW_READING:
		session_settle(f->session, &p->shared, f->last_ns, true);
		if (f->flags & FLOW_SEARCH &&
		    !(pipeline_search(p, f) && !(f->flags & FLOW_SEARCH))) {
			if (f->state == FLOW_READING)
				no_mail(p, f);
			break;
		}
		report_session(p, f, ended, &r);
		hand_on(p, f, &r);
		break;
	case FLOW_READ:
		hand_on_kept(p, f);
		if (!(f->flags & FLOW_EVICTED)) /* else it goes on, and is of as little use */
			tell(p, f, true);
		break;
	case FLOW_OPENING:
		if (!(f->flags & FLOW_CONNECTED)) {
			p->stats.half_open_expired++;
			break;
		}
		end = end_of(f, ended);
		record_init(&r);
		report_ends(f, &r);
		report_silent(f, &end, &r);
		hand_on(p, f, &r);
		break;
	default:
		break;
	}
	f->state = FLOW_CLOSED;
}

static void look_at(struct pipeline *p, struct flow *f)
{
	pipeline_know_time(p, f);
	if (f->last_ns > p->now_ns + CLOCK_BACK_NS)
		f->last_ns = p->now_ns;
	if (timed_out(f, p->now_ns)) {
		pipeline_end_flow(p, f, true);
		flow_remove(p->flows, f);
	} else if (f->state == FLOW_READING) {
		session_settle(f->session, &p->shared, p->now_ns, false);
		if (f->flags & FLOW_SEARCH && !pipeline_search(p, f))
			return;
		if (f->session->phase == SESSION_OVER && seen_both(f))
			pipeline_finish_reading(p, f);
	}
}

/* Looks at a share of the table for each second that went by, at all of it after a longer silence.
 */
void pipeline_sweep(struct pipeline *p)
{
	uint64_t seconds = (p->now_ns - p->swept_ns) / NS_PER_S;
	size_t places = flow_places(p->flows), share;
	struct flow *f;

	share = seconds >= SWEEP_S ? places : places / SWEEP_S * (size_t)seconds + 1;
	for (; share > 0 && places > 0; share--, p->sweep_hand++) {
		f = flow_at(p->flows, p->sweep_hand % places);
		if (f != NULL)
			look_at(p, f);
	}
	p->swept_ns = p->now_ns;
}

static int by_first_packet(const void *a, const void *b)
{
	const struct flow *f = *(struct flow *const *)a, *g = *(struct flow *const *)b;

	return f->first_ns < g->first_ns ? -1 : f->first_ns > g->first_ns;
}

void pipeline_finish(struct pipeline *p)
{
	struct flow **open, *f;
	size_t count = 0, places;

	pipeline_flush(p);
	places = flow_places(p->flows);
	open = malloc((flow_count(p->flows) + 1) * sizeof(struct flow *));
	for (size_t place = 0; place < places; place++) {
		f = flow_at(p->flows, place);
		if (f == NULL)
			continue;
		if (open != NULL && f->state != FLOW_CLOSED) {
			open[count++] = f;
			continue;
		}
		pipeline_end_flow(p, f, false); /* nothing to tell, or memory is short */
		flow_remove(p->flows, f);
	}
	if (open != NULL)
		qsort(open, count, sizeof(struct flow *), by_first_packet);
	for (size_t i = 0; i < count; i++) {
		pipeline_end_flow(p, open[i], false);
		flow_remove(p->flows, open[i]);
	}
	free(open);
}
