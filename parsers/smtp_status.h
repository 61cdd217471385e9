/*
 * What a refusal says of TLS: enhanced status codes (RFC 3463, RFC 2034) by which servers say that
 * they want another TLS, or none came about. A new one is a row in smtp_status.c.
 */
#ifndef TLSVANE_SMTP_STATUS_H
#define TLSVANE_SMTP_STATUS_H

#include "smtp_syntax.h"

enum smtp_enforcement {
	SMTP_ENFORCEMENT_NONE,
	SMTP_THROTTLED,	   /* Exchange Online slows down an outdated Exchange */
	SMTP_BLOCKED,	   /* ... and then takes nothing more from it */
	SMTP_OLD_TLS,	   /* the client's TLS is too old */
	SMTP_TLS_REQUIRED, /* STARTTLS first */
	SMTP_TLS_UNAVAILABLE,
	/* Exchange Online about a server that its customer wants to be reached securely. */
	SMTP_STARTTLS_NOT_SUPPORTED,
	SMTP_CERTIFICATE_EXPIRED,
	SMTP_TLSA_INVALID,
	SMTP_DNSSEC_INVALID,
	SMTP_CERTIFICATE_MISMATCH,
	SMTP_ENFORCEMENTS
};

/* The last reply of 4yz or 5yz; one that has a meaning here before others. */
struct smtp_refusal {
	uint16_t code;		  /* 0: none */
	uint16_t subject, detail; /* of the status code, whose class is the code's; both 0: none */
	uint8_t meaning;	  /* enum smtp_enforcement */
};

/* Takes a refusal over, where it does not say less than what is there. `of_another`: its code is
 * one that STARTTLS shares with other commands, and it is about one of those (RFC 4954 section 6:
 * 454, 530 of AUTH). */
void smtp_refusal_keep(
    struct smtp_refusal *refusal, const struct smtp_reply *reply, bool of_another);

#define SMTP_STATUS_TEXT_MAX 16

/* "5.7.230"; empty where there was none. Returns `text`. */
const char *smtp_status_text(const struct smtp_refusal *r, char text[SMTP_STATUS_TEXT_MAX]);

/* By value, [0] is NULL. */
extern const char *const smtp_enforcement_names[SMTP_ENFORCEMENTS];

#endif
