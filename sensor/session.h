/*
 * What one connection says, while it is worth listening: two streams, the SMTP dialogue, then the
 * TLS handshake in its place; ends in one record.
 */
#ifndef TLSVANE_SESSION_H
#define TLSVANE_SESSION_H

#include "../parsers/smtp_dialog.h"
#include "../parsers/tls_handshake.h"
#include "discover.h"
#include "handed.h"
#include "record.h"
#include "stream.h"
#include "verdict.h"

#define SESSION_PROTOCOL_MAX 32 /* bytes of a protocol's name, with its NUL */

/* The dialogue's clock: units of 2^17 ns, about 0.13 ms, so that 32 bits last for six days. */
#define SESSION_CLOCK_SHIFT 17

enum session_phase {
	SESSION_DIALOG,
	SESSION_TLS,
	SESSION_FOREIGN, /* not SMTP: nDPI is asked what else */
	SESSION_OVER,	 /* nothing more can be learnt */
};

/* Whether it is mail: search.h. */
struct session_search {
	bool named;		      /* nDPI has said what it has to say ... */
	bool named_smtp, named_other; /* ... and it was this */
	uint16_t bytes;		      /* of both sides so far; stays at the highest */
};

/* What most segments touch stands at the front: the streams, and the front of who reads. */
struct session {
	struct stream stream[SIDES];
	uint8_t phase;	 /* enum session_phase */
	bool implicit;	 /* TLS without a dialogue before it */
	bool tls_port;	 /* ... is what its port is for
			  */
	bool sought;	 /* on no mail port: whether it is mail is not known yet */
	bool reply_lost; /* the reply that the client waits for is among bytes that are missing */
	bool midstream;	 /* the connection's start was not seen */
	bool gap;	 /* bytes missing before the facts were complete */
	bool dialog_gap; /* ... within the dialogue */
	bool tls_gap[SIDES]; /* ... of that side, within the handshake */
	bool hurry;	     /* the end has come: the order of the two sides no longer matters */
	bool had_tls;	     /* `tls` below is what was said with last */
	bool resumed;	     /* words in the clear went on behind the 220 */
	bool injected_line;  /* in the middle of a reply in the clear behind the 220 */
	struct session_search search;
	uint32_t lent_size[SIDES]; /* bytes of `lent` */
	uint8_t *lent[SIDES];	   /* memory for messages that span records */
	struct discover_flow
	    *asked; /* SESSION_FOREIGN, or sought: what nDPI knows; NULL: nothing */
	union {	    /* what the dialogue said stands behind what the handshake takes, and stays */
		struct smtp_dialog dialog;
		struct tls_handshake tls;
	};
	struct handed handed; /* with had_tls */
} __attribute__((aligned(64)));

/* What all sessions of a pipeline share. */
struct session_shared {
	struct stream_stats streams;
	size_t lent; /* bytes lent to all handshakes together; at most LIMIT_LENT_TOTAL */
	struct discover *discover; /* made when the first foreign flow comes; NULL before */
	struct handed_shared handed;
	uint64_t now_ns;	/* capture time of the segment at hand */
	uint64_t tls_malformed; /* sessions with a handshake that could not be read to its end */
};

_Static_assert(offsetof(struct smtp_dialog, facts) >= sizeof(struct tls_handshake), "facts stay");

/* How a session starts. */
enum session_kind {
	SESSION_OF_MAIL,
	SESSION_OF_TLS,	   /* on a port of implicit TLS; words in the clear are read as mail all the
			      same */
	SESSION_OF_SEARCH, /* on no mail port: see search.h */
};

/* Starts a session; streams are not synced yet. */
void session_init(struct session *s, bool midstream, enum session_kind kind);

/* Brings into the cache what reading the next segment will touch; `report`: a report, too. */
void session_prefetch(const struct session *s, bool report);

/* Whether the end of what is read is near. */
static inline bool session_nearly_over(const struct session *s)
{
	return s->phase == SESSION_TLS && s->tls.facts.seen & TLS_SAW_SERVER_HELLO;
}

/* Frees what hangs on it. */
void session_clear(struct session *s, struct session_shared *shared);

/* A segment of one side, payload and all; `one_sided`: the other side was never seen in this
 * capture. */
void session_segment(struct session *s, struct session_shared *shared, enum side side, uint64_t ns,
    const struct segment *segment, uint32_t sequence, bool one_sided);

/* Time passes: holes whose waiting has an end are given up. `force`: all of them, and everything
 * that waits for the other side is read as it is. */
void session_settle(struct session *s, struct session_shared *shared, uint64_t ns, bool force);

/* Whether bytes are missing that may still come. */
bool session_expects_more(const struct session *s);

/* Fills the record's facts and verdict (not its addresses and times). */
void session_report(const struct session *s, struct session_shared *shared,
    const struct session_end *end, struct record *r);

#endif
