/* What a session has come to, as a record. */
#include "session.h"

#include "session_mail.h"
#include "verdict.h"

#define ALERT_FATAL 2 /* RFC 8446 section 6 */
#define NS_PER_MS   1000000u

_Static_assert(RECORD_EVENTS_MAX == SMTP_EVENTS_MAX, "the same events");

static uint8_t flag(bool value)
{
	return value ? RECORD_TRUE : RECORD_FALSE;
}

/* True where it was seen, false only where it would have been seen. */
static uint8_t flag_if(bool seen, bool would_be_seen)
{
	return seen ? RECORD_TRUE : would_be_seen ? RECORD_FALSE : RECORD_ABSENT;
}

/* By the flow's first packet, which the caller has set. */
static void report_events(const struct smtp_facts *f, struct record *r)
{
	uint32_t start = (uint32_t)(r->start_ns >> SESSION_CLOCK_SHIFT);

	for (size_t i = 0; i < f->event_count && i < RECORD_EVENTS_MAX; i++) {
		const struct smtp_event *e = &f->events[i];
		uint64_t ns = (uint64_t)(e->clock - start) << SESSION_CLOCK_SHIFT;

		r->events[i].ms = e->clock - start > INT32_MAX ? 0 : (uint32_t)(ns / NS_PER_MS);
		r->events[i].what = e->what;
		r->events[i].times = e->times;
	}
	r->event_count = f->event_count;
	r->events_lost = f->events_lost;
}

static void report_capabilities(const struct smtp_facts *f, struct record *r)
{
	if (!(f->seen & SMTP_SAW_CAPABILITIES))
		return;
	r->capabilities = f->capabilities.known;
	if (f->capabilities.others_used > 0)
		record_set_text(r, &r->other_capabilities, f->capabilities.others);
}

static void report_smtp(const struct session *s, const struct session_end *end, struct record *r)
{
	const struct smtp_facts *f = &s->dialog.facts;
	bool to_its_end = s->had_tls || end->ended;
	bool heard_all = end->client_seen && to_its_end && !s->midstream && !s->dialog_gap &&
			 (f->seen & (SMTP_SPOKEN | SMTP_GAVE_UP)) == SMTP_SPOKEN;

	if (f->seen & SMTP_SPOKEN || s->search.named_smtp)
		record_set_text(r, &r->protocol, "smtp");
	record_set_text(r, &r->banner, f->banner);
	record_set_text(r, &r->helo, f->helo);
	r->starttls_offered = flag_if(f->seen & SMTP_OFFERED, f->seen & SMTP_SAW_CAPABILITIES);
	r->starttls_requested = flag_if(f->seen & SMTP_REQUESTED, heard_all && !s->had_tls);
	r->starttls_reply = f->starttls_reply;
	r->plaintext_mail = flag_if(f->seen & SMTP_MAIL, heard_all);
	r->starttls_masked = flag_if(f->seen & SMTP_MASKED, f->seen & SMTP_SAW_CAPABILITIES);
	r->starttls_injected =
	    flag_if(f->seen & SMTP_INJECTED, f->starttls_reply / 100 == 2 && heard_all);
	r->reply_injected = flag_if(f->seen & SMTP_REPLY_INJECTED,
	    f->starttls_reply / 100 == 2 && heard_all && end->server_seen);
	report_capabilities(f, r);
	report_events(f, r);
	session_report_mail(f, r);
}

/* The first alert: where the other side's bytes, or the beginning, are missing, that may have been
 * another one. */
static void report_alert(const struct session *s, const struct session_end *end, struct record *r)
{
	const struct tls_alert_fact *alert = &s->tls.facts.alert;
	bool client = alert->side == SIDE_CLIENT;
	bool other_seen = client ? end->server_seen : end->client_seen;
	uint32_t other_hello = client ? TLS_SAW_SERVER_HELLO : TLS_SAW_CLIENT_HELLO;

	if (alert->level == 0 || s->tls_gap[client ? SIDE_SERVER : SIDE_CLIENT])
		return;
	if (s->gap && other_seen && !(s->tls.facts.seen & other_hello))
		return;
	if (s->midstream && !(s->tls.facts.seen & (TLS_SAW_CLIENT_HELLO | TLS_SAW_SERVER_HELLO)))
		return;
	r->alert_level = alert->level;
	r->alert_code = alert->code;
	r->alert_side = client ? RECORD_SIDE_CLIENT : RECORD_SIDE_SERVER;
}

/* A client with a ticket may send a session id, too, so as to learn whether it was taken (RFC 5077
 * section 3.4). */
static uint8_t resumed_by(const struct tls_facts *f)
{
	if (!(f->seen & TLS_RESUMED))
		return RESUMPTION_ABSENT;
	if (f->version == TLS_VERSION_13)
		return RESUMPTION_PSK;
	if (!(f->seen & TLS_SAW_CLIENT_HELLO))
		return RESUMPTION_ABSENT;
	return f->seen & TLS_TICKET_OFFERED ? RESUMPTION_TICKET : RESUMPTION_ID;
}

/* Whether bytes of a side were acknowledged that nobody saw; where the side itself was not seen,
 * that tells it. */
static bool misses(const struct session *s, enum side side, bool seen)
{
	const struct stream *stream = &s->stream[side];

	return stream_unseen(stream) > 0 || (seen && stream_unheard(stream) > 0);
}

/* Bytes missing where it matters: a hole was read over, or they were never seen, or we gave up on
 * reading them. */
static bool has_gap(const struct session *s, const struct session_end *end)
{
	if (s->dialog.facts.seen & SMTP_GAVE_UP)
		return true;
	if (s->phase == SESSION_OVER)
		return s->gap;
	return s->gap || misses(s, SIDE_CLIENT, end->client_seen) ||
	       misses(s, SIDE_SERVER, end->server_seen);
}

static void report_tls(const struct session *s, const struct session_end *end, struct record *r)
{
	const struct tls_facts *f = &s->tls.facts;
	bool client_hello = f->seen & TLS_SAW_CLIENT_HELLO,
	     server_hello = f->seen & TLS_SAW_SERVER_HELLO;
	bool old_form = server_hello &&
			f->version < TLS_VERSION_13; /* the rest of its handshake is in the clear */

	r->tls_version = f->version;
	r->cipher_suite = f->cipher_suite;
	r->group = f->group;
	r->dh_bits = f->dh_bits;
	r->client_min_version = f->client_min_version;
	r->client_max_version = f->client_max_version;
	r->sentinel = f->sentinel;
	report_alert(s, end, r);
	if (client_hello)
		r->fallback_scsv = flag(f->seen & TLS_FALLBACK_SCSV);
	r->resumed = flag_if(
	    f->seen & TLS_RESUMED, server_hello && (!old_form || f->seen & TLS_NOT_RESUMED));
	r->resumed_by = resumed_by(f);
	r->certificate_requested =
	    flag_if(f->seen & TLS_CERTIFICATE_REQUESTED, old_form && f->seen & TLS_SAW_FULL);
	r->certificate_sent =
	    flag_if(f->seen & TLS_CERTIFICATE_SENT, f->seen & TLS_CERTIFICATE_EMPTY);
	if (tls_handshake_established(&s->tls))
		r->established = RECORD_TRUE;
	else if (f->alert.level == ALERT_FATAL ||
		 ((client_hello || server_hello) && end->closed && end->client_seen &&
		     end->server_seen && !has_gap(s, end)))
		r->established = RECORD_FALSE;
	if (s->implicit && (client_hello || server_hello))
		record_set_text(r, &r->protocol, "tls");
	record_set_text(r, &r->server_name, f->server_name);
	record_set_text(r, &r->next_protocol, f->next_protocol);
	handed_report(&s->handed, f, r);
}

/* "dialogue:handshake", both as long as they can be. */
static void report_history(const struct session *s, const struct smtp_facts *smtp, struct record *r)
{
	size_t length = strlen(smtp->history);

	_Static_assert(SMTP_HISTORY_MAX + TLS_HISTORY_MAX <= RECORD_HISTORY_MAX, "room for both");
	memcpy(r->history, smtp->history, length);
	if (s->had_tls) {
		r->history[length++] = ':';
		memcpy(r->history + length, s->tls.facts.history, TLS_HISTORY_MAX);
		length += strlen(s->tls.facts.history);
	}
	r->history[length] = '\0';
}

static void report_foreign(const struct session *s, struct session_shared *shared, struct record *r)
{
	char text[SESSION_PROTOCOL_MAX];
	const char *name = discover_name(shared->discover, s->asked, text, sizeof(text));

	if (name != NULL)
		record_set_text(r, &r->protocol, name);
}

void session_report(const struct session *s, struct session_shared *shared,
    const struct session_end *end, struct record *r)
{
	const struct smtp_facts *smtp = &s->dialog.facts;
	uint32_t tls = s->had_tls ? s->tls.facts.seen : 0;
	struct verdict_facts facts = {
	    .end = *end,
	    .midstream = s->midstream,
	    .gap = has_gap(s, end),
	    .smtp = smtp->seen & SMTP_SPOKEN || smtp->history[0] != '\0',
	    .foreign = smtp->seen & SMTP_FOREIGN,
	    .capabilities = smtp->seen & SMTP_SAW_CAPABILITIES,
	    .ehlo = smtp->seen & SMTP_SAW_EHLO,
	    .helo = smtp->seen & SMTP_SAW_HELO,
	    .mail_accepted = smtp->seen & SMTP_MAIL_ACCEPTED,
	    .client_hello = tls & TLS_SAW_CLIENT_HELLO,
	    .server_hello = tls & TLS_SAW_SERVER_HELLO,
	    .fatal_alert = s->had_tls && s->tls.facts.alert.level == ALERT_FATAL,
	    .malformed = tls & TLS_MALFORMED,
	    .client_encrypted = tls & TLS_CLIENT_ENCRYPTED,
	    .server_encrypted = tls & TLS_SERVER_ENCRYPTED,
	    .early_data = tls & TLS_EARLY_DATA,
	};

	if (smtp->seen & SMTP_CLOSED)
		facts.end.ended = true;
	report_smtp(s, &facts.end, r);
	if (s->asked != NULL)
		report_foreign(s, shared, r);
	if (s->had_tls)
		report_tls(s, &facts.end, r);
	if (r->ja4[0] != '\0')
		session_report_hello(r);
	shared->tls_malformed += (tls & TLS_MALFORMED) != 0;
	report_history(s, smtp, r);
	verdict_judge(r, &facts);
	shared->streams.gap_bytes +=
	    stream_unheard(&s->stream[SIDE_CLIENT]) + stream_unheard(&s->stream[SIDE_SERVER]);
}
