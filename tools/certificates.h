/* Certificates in words: those of a host with what Redis keeps of them, and that of one session. */
#ifndef TLSVANE_CERTIFICATES_H
#define TLSVANE_CERTIFICATES_H

#include "../sensor/tally_certificates.h"
#include "table.h"

#define EXPIRY_TEXT_MAX 64

/* "expires in 12 days", "expires today", "expired 3 days ago", as of `now` (s since the epoch);
 * returns `text`. */
const char *expiry_text(uint64_t not_after, int64_t now, char text[EXPIRY_TEXT_MAX]);

/* A table of them, the last seen first; nothing where there are none. */
void certificates_write(FILE *to, const struct tally_certificates *list, const struct options *o);

/* ,"certificates":[{...}] */
void certificates_write_json(FILE *to, const struct tally_certificates *list);

/* What is wrong with a session's server certificate, in a few words: "expired, self-signed"; ""
 * where nothing is, or none was seen. As of the session. Returns `text`. */
#define CERTIFICATE_FLAWS_MAX 80
const char *certificate_flaws(const struct record *r, char text[CERTIFICATE_FLAWS_MAX]);

#endif
