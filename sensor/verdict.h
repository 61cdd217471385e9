/*
 * What a session's facts amount to: its outcome, which side is legacy, how sure we are. Pure. The
 * rules stand on the design page and in the README; seeing nothing is never "good".
 */
#ifndef TLSVANE_VERDICT_H
#define TLSVANE_VERDICT_H

#include "record.h"

/* How the connection ended, as its flow knows. */
struct session_end {
	bool client_seen, server_seen; /* at least one segment of that side was captured */
	bool closed;		       /* by FIN or RST of either side */
	bool ended; /* closed, QUIT answered, or silent for too long; not just the end of the
		       capture */
};

/* What the record itself does not hold. */
struct verdict_facts {
	struct session_end end;
	bool midstream;	    /* the start of the connection was not seen */
	bool gap;	    /* bytes missing before the facts were complete */
	bool silent;	    /* nobody said a byte */
	bool smtp, foreign; /* SMTP was spoken; something else was */
	bool capabilities;  /* a whole EHLO reply was seen */
	bool ehlo, helo;    /* EHLO was sent; HELO was */
	bool mail_accepted; /* a 2xx reply to MAIL in the clear */
	bool client_hello, server_hello;
	bool fatal_alert;			 /* at least one, in the clear */
	bool malformed;				 /* something in the handshake is none of TLS */
	bool client_encrypted, server_encrypted; /* went on to encrypted data */
	bool early_data; /* the client sent some before a ServerHello was seen */
};

/* Sets r->outcome, r->legacy_side and r->confidence from the record's other fields and the facts.
 */
void verdict_judge(struct record *r, const struct verdict_facts *facts);

#endif
