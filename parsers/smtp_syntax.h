/*
 * What one line of SMTP says by itself: a command (RFC 5321 section 4.1, and the extensions in the
 * table of verbs), a line of a reply (section 4.2); and whether bytes can be the first ones of TLS.
 * Nothing here has a memory: smtp_dialog puts the lines together.
 */
#ifndef TLSVANE_SMTP_SYNTAX_H
#define TLSVANE_SMTP_SYNTAX_H

#include "cursor.h"
#include "side.h"

enum smtp_command_kind {
	SMTP_OTHER,
	SMTP_EHLO, /* or LHLO */
	SMTP_STARTTLS,
	SMTP_MAIL_FROM,
	SMTP_DATA,
	SMTP_BDAT,
	SMTP_AUTH,
	SMTP_QUIT,
	SMTP_HELO,
	SMTP_BODY,  /* no command: the end of a message, which has a reply too */
	SMTP_PROXY, /* HAProxy's PROXY line, version 1, before everything else: it has no reply */
	SMTP_BLANK, /* an empty line: some servers call it an error, some pass it over */
};

#define SMTP_COMMAND_KINDS 12

struct smtp_command {
	uint8_t kind;		/* enum smtp_command_kind */
	bool known;		/* the verb is one of SMTP's */
	bool strict;		/* ... and its argument has the form that this verb wants */
	bool only_smtp;		/* ... and no other protocol has it */
	bool anonymous;		/* SMTP_STARTTLS: it is X-ANONYMOUSTLS */
	uint8_t verb;		/* for smtp_verb_name; 0: not known */
	struct cursor argument; /* without blanks at either end */
};

/* Reads a line without its ending. Every line is a command: at worst SMTP_OTHER, not known. */
struct smtp_command smtp_command_read(struct cursor line);

/* "RCPT"; NULL for 0 and outside of the table of verbs. */
const char *smtp_verb_name(unsigned verb);

/* The argument of BDAT: a size, then perhaps LAST. False when it is none. */
MUST_USE bool smtp_chunk_read(struct cursor argument, uint64_t *size, bool *last);

#define SMTP_CODE_LENGTH 3
#define SMTP_REPLY_HEAD	 4 /* bytes: "250-" */

struct smtp_reply {
	uint16_t code;	    /* 200 ... 599 */
	bool last;	    /* no further line belongs to this reply */
	struct cursor text; /* behind the code, without blanks at either end */
};

/* Reads a line without its ending. False when it is no line of a reply. */
MUST_USE bool smtp_reply_read(struct cursor line, struct smtp_reply *reply);

/* Whether a line that begins with these bytes, a CR of its ending perhaps among them, may be one of
 * a reply. */
bool smtp_reply_may_begin(struct cursor bytes);

/* The text begins with an enhanced status code of the code's class (RFC 3463). */
bool smtp_reply_has_status(const struct smtp_reply *reply);

/* The text reads like that of a greeting, and not like the one to STARTTLS: it begins with a host
 * name, or names the protocol, and has no enhanced status code. */
bool smtp_reply_is_greeting(const struct smtp_reply *reply);

enum smtp_tls_look {
	SMTP_LOOK_NONE, /* no bytes to look at */
	SMTP_LOOK_NO,
	SMTP_LOOK_MORE, /* so far */
	SMTP_LOOK_YES,
};

/* How many bytes are looked at, at most. */
#define SMTP_LOOK_BRIEF	 3 /* where TLS is expected */
#define SMTP_LOOK_STRICT 6 /* where it is not: up to the type of the handshake message */

/* Whether bytes begin what `side` says first in TLS (SSLv2's form of a hello included). */
enum smtp_tls_look smtp_tls_look(enum side side, struct cursor bytes, size_t depth);

#endif
