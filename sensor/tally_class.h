/*
 * What a session was like, as far as "what if" needs it: version, cipher, offer, outcome and
 * confidence together, as one number and one label. A pair's counters by class tell what counters
 * by version, by cipher and by outcome cannot: how they belong together.
 *
 *   class:TLSv1.0,TLSv1.2,tls,full,TLS_RSA_WITH_AES_128_CBC_SHA,d
 *         chosen, offered, outcome, confidence, cipher ("-": not seen), letters:
 *         p  mail in the clear (record_is_clear)
 *         r  ... soon after a handshake of the pair failed: the client went on without TLS
 *         d  the server's random says that it can do TLS 1.2 or more, D: 1.3
 *         f  the client fell back on purpose (RFC 7507): it can do more than it offered
 *         n  the server asked for no certificate, q  it asked and none came, c  one was sent
 */
#ifndef TLSVANE_TALLY_CLASS_H
#define TLSVANE_TALLY_CLASS_H

#include "record.h"

#define TALLY_CLASS_LABEL_MAX 112 /* bytes of the longest label, with its NUL */

/* The class of a session; below 2^48. `retried`: mail in the clear soon after a failed handshake of
 * the pair. */
uint64_t tally_class_of(const struct record *r, bool retried);

/* Its label; returns `text`. */
const char *tally_class_label(uint64_t class, char text[TALLY_CLASS_LABEL_MAX]);

/* The reverse; false where it is none. */
bool tally_class_parse(const char *label, uint64_t *class);

/*
 * Sets what the class tells of a session in an empty *r, and the legacy side that follows from it;
 * all else stays as it is. Versions and ciphers without a name are not told.
 */
void tally_class_record(uint64_t class, struct record *r);

/* Mail in the clear soon after a failed handshake. */
bool tally_class_retried(uint64_t class);

#endif
