/* Outcome, legacy side and confidence. */
#include "verdict.h"

#include "../parsers/smtp_status.h"
#include "../parsers/tls_hello.h"

#define ALERT_PROTOCOL_VERSION 70  /* RFC 8446 section 6.2 */
#define STARTTLS_READY	       220 /* RFC 3207 section 4 */

/* A side that we see and that never came to encrypted data. */
static bool stopped_short(const struct verdict_facts *f)
{
	return (f->end.client_seen && !f->client_encrypted) ||
	       (f->end.server_seen && !f->server_encrypted);
}

/* All that was said was captured. */
static bool heard_all(const struct verdict_facts *f)
{
	return f->end.client_seen && f->end.server_seen && !f->midstream && !f->gap;
}

static bool handshake_failed(const struct verdict_facts *f)
{
	bool began = f->client_hello || f->server_hello;

	/* A client that finds nothing to offer sends an alert instead of a hello. */
	if (f->fatal_alert)
		return began || f->malformed || !heard_all(f);
	if (!began)
		return false;
	/* Without the server, early data is not told from what is sent behind the handshake. */
	if (f->early_data && !f->end.server_seen)
		return false;
	return f->end.closed && !f->gap && stopped_short(f);
}

/* Who has a mail accepted in the clear does not ask for TLS behind it. */
static bool not_requested(const struct record *r, const struct verdict_facts *f)
{
	if (r->starttls_requested == RECORD_ABSENT)
		return f->mail_accepted && !f->midstream && !f->gap;
	return r->starttls_requested == RECORD_FALSE;
}

static uint8_t mail_outcome(const struct record *r, const struct verdict_facts *f)
{
	if (r->starttls_offered == RECORD_TRUE && not_requested(r, f))
		return OUTCOME_STARTTLS_UNUSED;
	if (r->starttls_offered == RECORD_FALSE)
		return OUTCOME_STARTTLS_NOT_OFFERED;
	/* With HELO alone, or neither, a server has no way to offer anything. */
	if ((f->helo || !f->ehlo) && !f->capabilities && !f->midstream && !f->gap)
		return OUTCOME_STARTTLS_NOT_OFFERED;
	return OUTCOME_UNKNOWN;
}

/* Another reply than 220, and no ClientHello all the same. */
static bool refused(const struct record *r, const struct verdict_facts *f)
{
	return r->starttls_reply != 0 && r->starttls_reply != STARTTLS_READY && !f->client_hello;
}

/* 220, and the client, whom we see, ended it without a ClientHello. */
static bool abandoned(const struct record *r, const struct verdict_facts *f)
{
	return r->starttls_reply == STARTTLS_READY && !f->client_hello && !f->server_hello &&
	       f->end.client_seen && f->end.ended && !f->gap;
}

static uint8_t judge_outcome(const struct record *r, const struct verdict_facts *f)
{
	if (f->foreign)
		return OUTCOME_NOT_SMTP;
	if (handshake_failed(f))
		return OUTCOME_TLS_FAILED;
	if (f->server_hello) /* the failure may be in what was not captured */
		return stopped_short(f) ? OUTCOME_UNKNOWN : OUTCOME_TLS;
	if (refused(r, f))
		return OUTCOME_STARTTLS_REFUSED;
	if (abandoned(r, f))
		return OUTCOME_STARTTLS_ABANDONED;
	if (r->plaintext_mail == RECORD_TRUE)
		return mail_outcome(r, f);
	if (f->client_hello || f->midstream || f->gap || !f->end.ended)
		return OUTCOME_UNKNOWN;
	if (!f->end.client_seen || !f->end.server_seen || (!f->smtp && !f->silent))
		return OUTCOME_UNKNOWN;
	return OUTCOME_NO_MAIL;
}

/*
 * A server's protocol_version alert blames the client. But who offered TLS 1.2 and 1.3
 * is refused by none who can do either: then it is the server that can do no more. And nobody is
 * legacy where a client wants TLS 1.3 and nothing else.
 */
static uint8_t blame_by_alert(const struct record *r, const struct verdict_facts *f)
{
	if (r->alert_level == 0 || r->alert_code != ALERT_PROTOCOL_VERSION)
		return LEGACY_UNKNOWN;
	if (!f->end.client_seen || !f->end.server_seen)
		return LEGACY_UNKNOWN;
	/* A client's answers a ServerHello, of which nothing was read. */
	if (r->alert_side == RECORD_SIDE_CLIENT || r->client_max_version == 0)
		return LEGACY_UNKNOWN;
	if (r->client_max_version <= TLS_VERSION_12)
		return LEGACY_CLIENT;
	return r->client_min_version <= TLS_VERSION_12 ? LEGACY_SERVER : LEGACY_UNKNOWN;
}

static uint8_t judge_legacy_side(const struct record *r, const struct verdict_facts *f)
{
	if (r->tls_version == 0)
		return blame_by_alert(r, f);
	if (r->tls_version >= TLS_VERSION_12)
		return LEGACY_NONE;
	if (r->client_max_version == 0)
		return LEGACY_UNKNOWN;
	/* With FALLBACK_SCSV the client says that it can do more than it offers (RFC 7507). */
	if (r->client_max_version < TLS_VERSION_12 && r->fallback_scsv != RECORD_TRUE)
		return LEGACY_CLIENT;
	return r->sentinel != TLS_SENTINEL_NONE ? LEGACY_DOWNGRADE : LEGACY_SERVER;
}

static uint8_t judge_confidence(const struct verdict_facts *f)
{
	if (!f->end.server_seen)
		return CONFIDENCE_CLIENT_ONLY;
	if (!f->end.client_seen)
		return CONFIDENCE_SERVER_ONLY;
	if (f->midstream)
		return CONFIDENCE_MIDSTREAM;
	return f->gap ? CONFIDENCE_GAP : CONFIDENCE_FULL;
}

/* It took no bytes of a mail, so what it refused for want of TLS was all that it was offered. */
static bool is_refused_for_tls(const struct record *r)
{
	if (r->enforcement != SMTP_TLS_REQUIRED || r->confidence != CONFIDENCE_FULL ||
	    r->events_lost > 0)
		return false;
	for (size_t i = 0; i < r->event_count && i < RECORD_EVENTS_MAX; i++)
		if (r->events[i].what == 354 || record_event_is(&r->events[i], "BDAT"))
			return false;
	return true;
}

void verdict_judge(struct record *r, const struct verdict_facts *facts)
{
	r->outcome = judge_outcome(r, facts);
	r->legacy_side = judge_legacy_side(r, facts);
	r->confidence = judge_confidence(facts);
	if (r->plaintext_mail == RECORD_TRUE)
		r->plaintext_refused = is_refused_for_tls(r) ? RECORD_TRUE : RECORD_FALSE;
}
