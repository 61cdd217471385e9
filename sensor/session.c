/* A session: streams drive the dialogue, then the handshake. */
#include "session_private.h"

#include <stdlib.h>

#include "search.h"

#define CACHE_LINE   64
#define SESSION_HOT  (7 * CACHE_LINE) /* what nearly every segment touches: see session.h */
#define SESSION_WARM (8 * CACHE_LINE) /* ... and what is reported of the handshake */

void session_init(struct session *s, bool midstream, enum session_kind kind)
{
	memset(s, 0, offsetof(struct session, dialog));
	s->midstream = midstream;
	s->sought = kind == SESSION_OF_SEARCH;
	if (kind != SESSION_OF_TLS) {
		smtp_dialog_init(&s->dialog, midstream);
		return;
	}
	smtp_facts_clear(&s->dialog.facts);
	s->phase = SESSION_TLS;
	s->tls_port = s->implicit = s->had_tls = true;
	memset(&s->handed, 0, sizeof(s->handed));
	tls_handshake_init(&s->tls);
}

static inline void prefetch(const void *from, size_t size)
{
	for (size_t i = 0; i < size; i += CACHE_LINE)
		__builtin_prefetch((const char *)from + i, 1);
}

void session_prefetch(const struct session *s, bool report)
{
	const struct smtp_facts *said = &s->dialog.facts;

	if (report) {
		prefetch(s, SESSION_WARM);
		prefetch(said, sizeof(*said) + sizeof(s->handed));
		return;
	}
	prefetch(s, SESSION_HOT);
	prefetch(said, CACHE_LINE);
	prefetch(said->events, CACHE_LINE);
}

void session_clear(struct session *s, struct session_shared *shared)
{
	for (int side = 0; side < SIDES; side++) {
		stream_clear(&s->stream[side], &shared->streams);
		free(s->lent[side]);
		shared->lent -= s->lent_size[side];
	}
	discover_end(s->asked);
	if (s->had_tls)
		handed_clear(&s->handed);
	else /* a line that was not finished may have been AUTH's */
		smtp_dialog_wipe(&s->dialog);
}

/* The dialogue has nothing more to say. Where it was not SMTP, nDPI says what it is. */
static void end_dialog(struct session *s, struct session_shared *shared)
{
	s->phase = SESSION_OVER;
	if (!(s->dialog.facts.seen & SMTP_FOREIGN) || s->sought)
		return;
	if (shared->discover == NULL)
		shared->discover = discover_new();
	if (shared->discover != NULL)
		s->asked = discover_begin();
	if (s->asked != NULL)
		s->phase = SESSION_FOREIGN;
}

static void read_foreign(
    struct session *s, struct session_shared *shared, enum side side, struct cursor bytes)
{
	if (discover_segment(shared->discover, s->asked, side, bytes))
		s->phase = SESSION_OVER;
}

/* What a server of TLS says to words in the clear. */
static bool is_alert(struct cursor bytes)
{
	uint8_t type, major;

	return cursor_u8(&bytes, &type) && type == TLS_ALERT && cursor_u8(&bytes, &major) &&
	       major == 3;
}

/* On a port of implicit TLS a hello may stand behind a proxy's header, and a client's where a line
 * could: it need not have waited for the server, which greeted it in the clear. */
static bool may_begin_unasked(const struct session *s, enum side side)
{
	if (!s->tls_port)
		return false;
	return !(s->dialog.facts.seen & SMTP_SPOKEN) ||
	       (side == SIDE_CLIENT && s->dialog.mode[side] == SMTP_MODE_LINES);
}

/* Where we cannot know the state of the dialogue, a hello is known by its own structure. */
static bool looks_like_hello(
    const struct session *s, enum side side, struct cursor bytes, bool one_sided)
{
	if (s->resumed && side == SIDE_SERVER && is_alert(bytes))
		return true;
	if (!s->midstream && !s->gap && !one_sided && !may_begin_unasked(s, side))
		return false;
	if (s->dialog.mode[side] == SMTP_MODE_BODY || s->dialog.mode[side] == SMTP_MODE_CHUNK)
		return false;
	return session_is_hello(side, bytes);
}

/* Returns how much was used: fewer than all, even none, when something else reads on there. */
static size_t read_dialog(struct session *s, struct session_shared *shared, enum side side,
    struct cursor bytes, bool one_sided)
{
	const uint8_t *mode = s->dialog.mode;
	size_t used;

	if (looks_like_hello(s, side, bytes, one_sided)) {
		smtp_dialog_note_tls(&s->dialog);
		session_begin_tls(s);
		return 0;
	}
	used = smtp_dialog_feed(&s->dialog, side, bytes.at, bytes.left);
	if (s->sought)
		search_show(s, shared, side, cursor_over(bytes.at, used));
	if (smtp_dialog_tls_started(&s->dialog)) {
		session_begin_tls(s);
	} else if (mode[SIDE_CLIENT] == SMTP_MODE_OVER && mode[SIDE_SERVER] == SMTP_MODE_OVER) {
		end_dialog(s, shared);
		return s->phase == SESSION_FOREIGN ? 0 : bytes.left;
	}
	return used;
}

/* The first bytes to be seen of a side whose SYN was not. Midstream its start is anywhere; else it
 * may be before what was acknowledged first, too. */
static void begin_late(struct session *s, enum side side, uint64_t ns, uint32_t sequence)
{
	struct stream *stream = &s->stream[side];
	bool missing = stream_misses_start(stream, sequence);

	s->gap |= missing;
	if (s->midstream)
		return;
	if (missing)
		stream_sync_acknowledged(stream, ns);
	if (s->phase == SESSION_DIALOG)
		smtp_dialog_gap(&s->dialog, side, 0);
}

static void read_hole(struct session *s, enum side side, size_t missing)
{
	s->gap = true;
	if (side == SIDE_SERVER)
		s->injected_line = false;
	if (s->phase == SESSION_TLS) {
		s->tls_gap[side] = true;
		tls_handshake_gap(&s->tls, side, missing);
	}
	if (s->phase != SESSION_DIALOG)
		return;
	s->dialog_gap = true;
	smtp_dialog_gap(&s->dialog, side, missing);
	if (side == SIDE_SERVER && smtp_dialog_waiting(&s->dialog))
		s->reply_lost = true;
}

/*
 * Nobody is read before the bytes that his segment acknowledges: captures change the order of the
 * two directions. Where those bytes wait for this very reply, it is enough that they are here.
 */
static bool acks_unread(const struct session *s, enum side side, bool behind)
{
	const struct stream *other = &s->stream[side_other(side)];
	bool awaited =
	    s->phase == SESSION_DIALOG && side == SIDE_SERVER && smtp_dialog_waiting(&s->dialog);
	uint32_t ack, read;

	if (!other->synced || !stream_next_ack(&s->stream[side], behind, &ack))
		return false;
	read = awaited ? stream_seen_end(other) : other->next;
	return sequence_ahead(ack, read) > 1 && sequence_is_near(ack, read);
}

/* Where each acknowledges what the other has yet to say, one of them lies: the client goes first.
 */
static bool too_early(const struct session *s, enum side side, bool behind)
{
	if (s->hurry || !acks_unread(s, side, behind))
		return false;
	return side == SIDE_SERVER || !acks_unread(s, SIDE_SERVER, false);
}

/* Hands bytes, or a hole, to who reads at the moment. Returns how much was used. */
static size_t read_bytes(struct session *s, struct session_shared *shared, enum side side,
    struct cursor bytes, bool one_sided)
{
	if (bytes.at == NULL)
		read_hole(s, side, bytes.left);
	else if (s->phase == SESSION_DIALOG)
		return read_dialog(s, shared, side, bytes, one_sided);
	else if (s->phase == SESSION_TLS)
		return session_read_tls(s, shared, side, bytes);
	else
		read_foreign(s, shared, side, bytes);
	return bytes.left;
}

static bool read_side(
    struct session *s, struct session_shared *shared, enum side side, bool one_sided)
{
	struct stream *stream = &s->stream[side];
	struct cursor bytes;
	bool moved = false;
	uint8_t phase;
	size_t used;

	while (
	    s->phase != SESSION_OVER && stream_next(stream, &bytes) && !too_early(s, side, false)) {
		phase = s->phase;
		used = read_bytes(s, shared, side, bytes, one_sided);
		if (used == 0 && s->phase == phase)
			break;
		if (used > 0)
			stream_used(stream, &shared->streams, used);
		moved = true;
	}
	return moved;
}

/* Both sides in turn, until each has read all it can. */
static void read_both(
    struct session *s, struct session_shared *shared, enum side side, bool one_sided)
{
	read_side(s, shared, side, one_sided);
	while (read_side(s, shared, side_other(side), one_sided) &&
	       read_side(s, shared, side, one_sided))
		;
}

/* The client's bytes wait for a reply that will never come: they tell themselves what they are. */
static void stop_waiting(struct session *s)
{
	struct cursor bytes;

	if (!stream_next(&s->stream[SIDE_CLIENT], &bytes) || bytes.at == NULL)
		return;
	smtp_dialog_stop_waiting(&s->dialog, bytes.at, bytes.left);
	s->reply_lost = false;
	if (smtp_dialog_tls_started(&s->dialog))
		session_begin_tls(s);
}

static bool waits_in_vain(const struct session *s, bool one_sided)
{
	if (s->phase != SESSION_DIALOG || !smtp_dialog_waiting(&s->dialog))
		return false;
	return one_sided || s->reply_lost || stream_is_half_full(&s->stream[SIDE_CLIENT]);
}

/* Where two copies of a byte differ we cannot know which one was believed: as good as missing. */
static bool push(struct session *s, struct session_shared *shared, enum side side,
    const struct stream_piece *piece)
{
	uint64_t conflicts = shared->streams.conflicts;
	bool news = stream_push(&s->stream[side], &shared->streams, piece);

	s->gap |= shared->streams.conflicts != conflicts;
	return news;
}

void session_segment(struct session *s, struct session_shared *shared, enum side side, uint64_t ns,
    const struct segment *segment, uint32_t sequence, bool one_sided)
{
	struct stream *stream = &s->stream[side];
	struct stream_piece piece = {.sequence = sequence,
	    .missing = segment->missing,
	    .ack = segment->acknowledgment,
	    .acks = segment->flags & FRAME_ACK,
	    .bytes = segment->payload};

	if (s->phase == SESSION_OVER)
		return;
	if (s->phase == SESSION_DIALOG)
		s->dialog.clock = (uint32_t)(ns >> SESSION_CLOCK_SHIFT);
	shared->now_ns = ns;
	if (piece.acks)
		stream_acknowledged(&s->stream[side_other(side)], ns, piece.ack);
	if (piece.bytes.left + piece.missing > 0) {
		if (!stream->synced)
			begin_late(s, side, ns, sequence);
		if (!stream->synced && s->implicit)
			session_join_tls(s, side, piece.bytes);
		if (push(s, shared, side, &piece))
			read_both(s, shared, side, one_sided);
	}
	if (waits_in_vain(s, one_sided)) {
		stop_waiting(s);
		read_both(s, shared, SIDE_CLIENT, one_sided);
	}
	if (s->phase == SESSION_OVER)
		return;
	stream_keep(stream, &shared->streams);
	session_settle(s, shared, ns, false);
}

/* Gives a hole up that is due. Returns whether there was one. */
static bool settle_side(
    struct session *s, struct session_shared *shared, enum side side, uint64_t ns, bool force)
{
	struct stream *stream = &s->stream[side];
	uint64_t gaps = shared->streams.gaps;

	if (!force && !stream_gap_due(stream, ns))
		return false;
	stream_give_up_gap(stream, &shared->streams);
	if (shared->streams.gaps == gaps)
		return false;
	read_both(s, shared, side, false);
	return true;
}

/* One step of getting on although something is missing: first what came first. Returns whether
 * there was any. */
static bool settle_once(struct session *s, struct session_shared *shared, uint64_t ns, bool force)
{
	enum side first = too_early(s, SIDE_CLIENT, true) ? SIDE_SERVER : SIDE_CLIENT;
	uint32_t read;

	if (settle_side(s, shared, first, ns, force))
		return true;
	if (s->phase == SESSION_OVER || settle_side(s, shared, side_other(first), ns, force))
		return s->phase != SESSION_OVER;
	if (!force || s->phase != SESSION_DIALOG || !smtp_dialog_waiting(&s->dialog))
		return false;
	read = s->stream[SIDE_CLIENT].next;
	stop_waiting(s);
	read_both(s, shared, SIDE_CLIENT, false);
	return s->phase != SESSION_DIALOG || !smtp_dialog_waiting(&s->dialog) ||
	       s->stream[SIDE_CLIENT].next != read; /* it waits anew */
}

void session_settle(struct session *s, struct session_shared *shared, uint64_t ns, bool force)
{
	if (!force && stream_complete(&s->stream[SIDE_CLIENT]) &&
	    stream_complete(&s->stream[SIDE_SERVER]))
		return;
	shared->now_ns = ns;
	while (s->phase != SESSION_OVER && settle_once(s, shared, ns, force))
		;
	if (!force || s->phase == SESSION_OVER)
		return;
	s->hurry = true; /* what acknowledges bytes that never were is read all the same */
	read_both(s, shared, SIDE_CLIENT, false);
}

bool session_expects_more(const struct session *s)
{
	if (s->phase == SESSION_OVER)
		return false;
	for (int side = 0; side < SIDES; side++)
		if (s->stream[side].first != NULL || stream_unseen(&s->stream[side]) > 0)
			return true;
	return false;
}
