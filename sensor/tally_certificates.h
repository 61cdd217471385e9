/*
 * The certificates that a host showed: a bounded list, of which the longest unseen goes first. In
 * Redis each is one field, "certificate:<place>", whose value is
 *
 *   <sha256> <first seen> <last seen> <not after> <subject>
 *
 * (times in ms since the epoch; not after as 2026-12-06T10:00:00Z; "-" where it is not known; the
 * subject, which may hold blanks, last). Places mean nothing: lists are merged by hash.
 */
#ifndef TLSVANE_TALLY_CERTIFICATES_H
#define TLSVANE_TALLY_CERTIFICATES_H

#include "limits.h"
#include "record.h"

#define TALLY_CERTIFICATE_PREFIX "certificate:"
#define TALLY_CERTIFICATE_TEXT	 (LIMIT_TALLY_TEXT + 192) /* bytes of a value, with its NUL */

struct tally_certificate {
	uint8_t sha256[32];
	uint64_t first_ms, last_ms;
	uint64_t not_after; /* record_date(); 0: not known */
	char *subject;	    /* owned; NULL: not known */
};

struct tally_certificates {
	size_t count; /* at most LIMIT_TALLY_CERTIFICATES */
	struct tally_certificate items[];
};

/* Adds one, or that it was seen; `subject` is borrowed, cut to LIMIT_TALLY_TEXT. *list is made when
 * needed. -1 when memory is short. */
MUST_USE int tally_certificates_add(
    struct tally_certificates **list, const struct tally_certificate *certificate);

void tally_certificates_free(struct tally_certificates *list);

/* The field's value; returns `text`. */
const char *tally_certificate_format(
    const struct tally_certificate *certificate, char text[TALLY_CERTIFICATE_TEXT]);

/* The reverse: false where it is none. The subject points into `value`. */
MUST_USE bool tally_certificate_parse(const char *value, struct tally_certificate *certificate);

#endif
