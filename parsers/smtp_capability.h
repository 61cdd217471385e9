/*
 * The capabilities in a reply to EHLO (RFC 5321 section 4.1.1.1; IANA, SMTP Service Extensions; and
 * what some products say besides). Known keywords are a bit each, of the others the first few are
 * kept as words; parameters are not kept. A new keyword is a row here and one in smtp_capability.c.
 */
#ifndef TLSVANE_SMTP_CAPABILITY_H
#define TLSVANE_SMTP_CAPABILITY_H

#include "cursor.h"

/* By the lower five bits of their first byte: so they are looked up. */
enum smtp_keyword {
	SMTP_KEYWORD_ATRN,
	SMTP_KEYWORD_AUTH,
	SMTP_KEYWORD_BINARYMIME,
	SMTP_KEYWORD_BURL,
	SMTP_KEYWORD_CHECKPOINT,
	SMTP_KEYWORD_CHUNKING,
	SMTP_KEYWORD_CONPERM,
	SMTP_KEYWORD_DELIVERBY,
	SMTP_KEYWORD_DSN,
	SMTP_KEYWORD_ENHANCEDSTATUSCODES,
	SMTP_KEYWORD_ETRN,
	SMTP_KEYWORD_EXPN,
	SMTP_KEYWORD_FUTURERELEASE,
	SMTP_KEYWORD_HELP,
	SMTP_KEYWORD_LIMITS,
	SMTP_KEYWORD_MTRK,
	SMTP_KEYWORD_MT_PRIORITY,
	SMTP_KEYWORD_NO_SOLICITING,
	SMTP_KEYWORD_OK,
	SMTP_KEYWORD_ONEX,
	SMTP_KEYWORD_PIPECONNECT,
	SMTP_KEYWORD_PIPELINING,
	SMTP_KEYWORD_PRDR,
	SMTP_KEYWORD_REQUIRETLS,
	SMTP_KEYWORD_RRVS,
	SMTP_KEYWORD_SAML,
	SMTP_KEYWORD_SEND,
	SMTP_KEYWORD_SIZE,
	SMTP_KEYWORD_SMTPUTF8,
	SMTP_KEYWORD_SOML,
	SMTP_KEYWORD_STARTTLS,
	SMTP_KEYWORD_TLS,
	SMTP_KEYWORD_TURN,
	SMTP_KEYWORD_UTF8SMTP,
	SMTP_KEYWORD_VERB,
	SMTP_KEYWORD_VRFY,
	SMTP_KEYWORD_8BITMIME,
	SMTP_KEYWORD_X_ANONYMOUSTLS,
	SMTP_KEYWORD_X_EXPS,
	SMTP_KEYWORD_X_LINK2STATE,
	SMTP_KEYWORD_X_RCPTLIMIT,
	SMTP_KEYWORD_X_PIPE_CONNECT,
	SMTP_KEYWORD_XADR,
	SMTP_KEYWORD_XCIR,
	SMTP_KEYWORD_XCLIENT,
	SMTP_KEYWORD_XEXCH50,
	SMTP_KEYWORD_XFORWARD,
	SMTP_KEYWORD_XGEN,
	SMTP_KEYWORD_XPROXY,
	SMTP_KEYWORD_XRDST,
	SMTP_KEYWORD_XSHADOW,
	SMTP_KEYWORD_XSHADOWREQUEST,
	SMTP_KEYWORD_XSTA,
	SMTP_KEYWORDS
};

_Static_assert(SMTP_KEYWORDS <= 64, "a bit each");

#define SMTP_KEYWORD_BIT(keyword) (UINT64_C(1) << (keyword))

#define SMTP_OTHERS_MAX                                                                            \
	64 /* bytes of all words that are not known, with blanks between, and the NUL */
#define SMTP_OTHER_LENGTH_MAX 20 /* a longer word is not kept */

struct smtp_capabilities {
	uint64_t known;	     /* SMTP_KEYWORD_BIT() of each */
	bool masked;	     /* one looks like STARTTLS overwritten on the way */
	uint8_t others_used; /* bytes of others[], without the NUL; 0: others[] is not set */
	char
	    others[SMTP_OTHERS_MAX]; /* "XYZZY FOO": in upper case, of letters, digits and -_.*+# */
};

static inline void smtp_capabilities_clear(struct smtp_capabilities *c)
{
	c->known = 0;
	c->masked = false;
	c->others_used = 0;
}

/* Adds one line of a reply to EHLO (its text behind the code), the first one apart: that is the
 * server's name. */
void smtp_capability_read(struct smtp_capabilities *c, struct cursor text);

/* STARTTLS or X-ANONYMOUSTLS. */
bool smtp_capabilities_offer_tls(const struct smtp_capabilities *c);

/* One that only a reply to EHLO has, or the mask of one. */
bool smtp_capabilities_tell_ehlo(const struct smtp_capabilities *c);

/* "STARTTLS"; NULL outside the enum. */
const char *smtp_keyword_name(unsigned keyword);

/*
 * A word, a capability's or a command's, that was STARTTLS before something on the way wrote over
 * it, keeping its length: XXXXXXXX or XXXXXXXA (Cisco's fixup), ********, STARTXXX and the like.
 */
bool smtp_word_is_masked(struct cursor word);

#endif
