/*
 * Both directions of an SMTP connection (RFC 5321; STARTTLS: RFC 3207; PIPELINING: RFC 2920; BDAT:
 * RFC 3030; AUTH: RFC 4954; LMTP: RFC 2033), up to the exact byte where TLS starts. Commands wait
 * in a queue for their replies. Message bodies and AUTH exchanges are passed over and never kept.
 *
 * Where bytes are missing, or the start was not seen, the dialogue is *unsure*: a fact is then
 * stated only when a reply came that belongs to one command alone (354, 334, 220 to STARTTLS, the
 * capabilities).
 */
#ifndef TLSVANE_SMTP_DIALOG_H
#define TLSVANE_SMTP_DIALOG_H

#include "cursor.h"
#include "received.h"
#include "side.h"
#include "smtp_capability.h"
#include "smtp_line.h"
#include "smtp_queue.h"
#include "smtp_status.h"

#define SMTP_BANNER_MAX	 160 /* bytes of the greeting's text that are kept, with the NUL */
#define SMTP_HELO_MAX	 128 /* RFC 1035 allows 255; nobody sends it */
#define SMTP_HISTORY_MAX 24  /* letters, with the NUL */
#define SMTP_EVENTS_MAX	 24  /* commands and replies kept; a whole mail has about 14 */

/* Seen or not: bits of smtp_facts.seen. */
enum smtp_fact {
	SMTP_SAW_BANNER = 1 << 0, /* the server's greeting, of any code */
	SMTP_SAW_EHLO = 1 << 1,	  /* or LHLO */
	SMTP_SAW_HELO = 1 << 2,
	/* A whole 250 reply to EHLO; STARTTLS or X-ANONYMOUSTLS was in it (the last decides, but
	   behind a reply to STARTTLS what was offered stays so). */
	SMTP_SAW_CAPABILITIES = 1 << 3,
	SMTP_OFFERED = 1 << 4,
	/* STARTTLS or X-ANONYMOUSTLS was sent; it was the latter (Exchange between its servers). */
	SMTP_REQUESTED = 1 << 5,
	SMTP_ANONYMOUS = 1 << 6,
	/* MAIL FROM was sent in the clear; a 2xx reply came to it. */
	SMTP_MAIL = 1 << 7,
	SMTP_MAIL_ACCEPTED = 1 << 8,
	/* Bytes in the clear between STARTTLS and the 220 (CVE-2011-0411). */
	SMTP_INJECTED = 1 << 9,
	/* At least one side said something that only SMTP says; what was said is not SMTP. */
	SMTP_SPOKEN = 1 << 10,
	SMTP_FOREIGN = 1 << 11,
	/* Bytes were missing and the dialogue was picked up behind them. */
	SMTP_RESYNCED = 1 << 12,
	/* A capability, or a command of the client, that looks like STARTTLS overwritten on the
	   way. */
	SMTP_MASKED = 1 << 13,
	/* Replies in the clear behind the 220 to STARTTLS, before the client began TLS. The
	 * dialogue ends at the 220: this is for whoever reads on. */
	SMTP_REPLY_INJECTED = 1 << 14,
	/* More commands without a reply than are followed: what came behind them is not known. */
	SMTP_GAVE_UP = 1 << 15,
	/* QUIT was answered: nothing follows (RFC 5321 section 4.1.1.10). */
	SMTP_CLOSED = 1 << 16,
};

/* What smtp_event.what is, besides the code of a reply (200 to 599) and a verb (smtp_verb_name). */
enum smtp_event_kind {
	SMTP_EVENT_UNKNOWN = 100, /* a command that SMTP has not: nothing of it is kept */
	SMTP_EVENT_GAP = 101,	  /* bytes of either side are missing */
};

#define SMTP_EVENT_REPLIES 200 /* the lowest code of a reply */

/* A whole command or reply, as it was read. */
struct smtp_event {
	uint32_t clock; /* smtp_dialog.clock at the time */
	uint16_t what;	/* a verb, a reply's code, enum smtp_event_kind */
	uint16_t times; /* how often in a row; RCPT also with its replies between */
};

/* Texts are printable UTF-8, anything else '?', and end with a NUL. */
struct smtp_facts {
	uint32_t seen;			   /* enum smtp_fact */
	uint16_t starttls_reply;	   /* code of the last final reply to STARTTLS, 0: none */
	uint16_t banner_code;		   /* 220, 554, ...; 0: none seen */
	uint16_t event_count, events_lost; /* in events[]; what had no room there */
	char history[SMTP_HISTORY_MAX];	   /* one letter an event; smtp_dialog.c has the list */
	struct smtp_refusal refusal;
	struct received_facts received; /* of the messages that went in the clear */
	struct smtp_capabilities
	    capabilities; /* of the reply that SMTP_SAW_CAPABILITIES is about */
	/* What stands behind the count of events, or a text's NUL, is not set. */
	struct smtp_event events[SMTP_EVENTS_MAX];
	char banner[SMTP_BANNER_MAX]; /* the greeting's first line behind its code */
	char helo[SMTP_HELO_MAX];     /* the argument of the last EHLO, HELO or LHLO */
};

/* What the bytes of one side are at the moment. */
enum smtp_mode {
	SMTP_MODE_LINES,
	SMTP_MODE_WAIT,	 /* client only: the reply to its last command tells what follows */
	SMTP_MODE_BODY,	 /* client only: up to CRLF . CRLF */
	SMTP_MODE_CHUNK, /* client only: `chunk_left` bytes of BDAT */
	SMTP_MODE_TLS,	 /* from the next byte on: TLS */
	SMTP_MODE_OVER,	 /* nothing more can be learnt */
};

#define SMTP_MODES 6

/* Nothing seen, nothing said. */
void smtp_facts_clear(struct smtp_facts *f);

/*
 * Only `facts` and `mode` are the caller's to read. What every line needs stands at the front. The
 * facts stand last, so that they may outlive the rest: the caller may use the memory before them
 * for something else once the dialogue is over.
 */
struct smtp_dialog {
	uint8_t mode[SIDES]; /* enum smtp_mode */
	bool unsure[SIDES];  /* client: its lines may be a body's; server: which reply is to what */
	uint32_t clock; /* the caller's, in units of its own, for events; set it before feeding */
	uint8_t looked[SIDES]; /* bytes that may begin TLS and were too few to tell */
	struct smtp_line line[SIDES];

	/* What the client sends other than commands. */
	uint8_t body_match; /* how much of CRLF . CRLF was seen */
	uint64_t chunk_left;
	bool proxied; /* a header of the PROXY protocol was taken, and nothing behind it yet */
	bool stops_behind_proxy; /* the caller's: smtp_dialog_feed returns there */
	bool pass_line;		 /* what follows up to the next LF is not to be read ... */
	bool response;		 /* ... because it is a response of AUTH */
	bool seeks_tls;		 /* injected lines are passed over until TLS begins */
	bool in_message; /* since MAIL a body has begun: what follows is no other one's headers */
	bool in_headers; /* the body's Received: headers are read, in `kept` of the client */
	struct received_reader received;

	/* SMTP_MODE_WAIT */
	uint8_t waits_for; /* enum smtp_command_kind: of the command whose reply is waited for */
	uint8_t wait_look; /* enum smtp_tls_look: of the bytes that wait */
	bool wait_gap;	   /* bytes are missing right behind that command */
	bool reply_gap;	   /* bytes of the server are missing since: its reply may be among them */
	bool anonymous;	   /* the last STARTTLS was X-ANONYMOUSTLS */
	bool request_told; /* ... and the history has it */

	/* The server's reply under way. */
	bool greeted;			     /* the greeting has been read, or was missed */
	uint16_t reply_code;		     /* of its lines so far, 0: none yet */
	uint8_t reply_head[SMTP_REPLY_HEAD]; /* what its last line began with */
	bool torn;			     /* some of its lines may be missing */
	bool fragment;			     /* ... or the front of the next one */
	uint16_t early_code;		     /* a reply that came before its command; 0: none */

	uint8_t strangers; /* client lines with words unknown to SMTP, before any that are known */
	uint8_t told;	   /* letters of facts.history */

	struct smtp_queue queue; /* without room for a command: SMTP_MODE_OVER for the client */
	struct smtp_capabilities capabilities; /* seen in the server's reply under way */
	char unsure_helo[SMTP_HELO_MAX];       /* becomes facts.helo with the reply */
	uint8_t kept[SIDES][SMTP_LINE_MAX];    /* of `line`; good only as far as that is used */
	struct smtp_facts facts;
};

/* Starts a dialogue at its first byte; `midstream`: it may already be under way. */
void smtp_dialog_init(struct smtp_dialog *d, bool midstream);

/* Goes on in the clear after smtp_dialog_tls_started(), the client's next byte being one of a word:
 * nobody began TLS. Of the dialogue nothing but the facts needs to be there still. */
void smtp_dialog_resume(struct smtp_dialog *d);

/* Overwrites what is kept of unfinished lines: the dialogue ends here. */
void smtp_dialog_wipe(struct smtp_dialog *d);

/*
 * Reads what `side` sent. Returns how many bytes were used: fewer than all when the rest has to
 * wait for the other side (SMTP_MODE_WAIT: offer it again after the other side was fed), behind a
 * header of the PROXY protocol (offer it again unless it is TLS, which needs no word there), when
 * TLS starts there (smtp_dialog_tls_started()), or when fewer than 16 bytes are too few to tell
 * whether it does (offer them again with more behind them; offered again alone, they are judged as
 * they are). Never needs a byte twice that it has used. Bytes that came while the client waits must
 * be offered before the server's next ones are: only so can it be told that something was injected.
 */
MUST_USE size_t smtp_dialog_feed(
    struct smtp_dialog *d, enum side side, const uint8_t *bytes, size_t length);

/* `length` bytes of `side` will never come (0: unknown how many). All bytes before them must have
 * been used. */
void smtp_dialog_gap(struct smtp_dialog *d, enum side side, size_t length);

/*
 * The reply that the client's bytes wait for will never come (one direction only, or the caller's
 * buffer is full). `bytes` are those that wait: they decide by their structure whether TLS, a body
 * or commands follow.
 */
void smtp_dialog_stop_waiting(struct smtp_dialog *d, const uint8_t *bytes, size_t length);

/* The caller has found a hello: a 220 to nothing that was seen, or STARTTLS without its reply,
 * stood before it. */
void smtp_dialog_note_tls(struct smtp_dialog *d);

/* Both sides' next unused byte is TLS. */
static inline bool smtp_dialog_tls_started(const struct smtp_dialog *d)
{
	return d->mode[SIDE_CLIENT] == SMTP_MODE_TLS;
}

static inline bool smtp_dialog_waiting(const struct smtp_dialog *d)
{
	return d->mode[SIDE_CLIENT] == SMTP_MODE_WAIT;
}

#endif
