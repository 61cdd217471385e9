/*
 * What a session keeps of the messages that the handshake hands over: the certificates of both
 * sides, and the fingerprints of their hellos.
 */
#ifndef TLSVANE_HANDED_H
#define TLSVANE_HANDED_H

#include "../parsers/tls_handshake.h"
#include "certificate.h"
#include "fingerprints.h"
#include "record.h"

struct handed {
	const struct certificate *certificate[SIDES]; /* by enum side; NULL: not seen */
	uint8_t chain_length;			      /* the server's; 0: not seen */
	struct client_fingerprint client;
	uint8_t ja3s[DIGEST_MD5_SIZE];
};

/* What all sessions of a pipeline share: made when first needed, NULL before. */
struct handed_shared {
	struct certificates *certificates;
	struct fingerprints *fingerprints;
	struct tls_handover handover; /* of the feed at hand */
};

/* Takes what shared->handover holds of `side`. The first message of a kind counts. */
void handed_take(struct handed *h, struct handed_shared *shared, enum side side, uint64_t now_ns);

/* Lets go of what it holds. */
void handed_clear(struct handed *h);

void handed_shared_clear(struct handed_shared *shared);

/* What became of certificates so far. */
void handed_stats(const struct handed_shared *shared, uint64_t *read, uint64_t *refused);

/* Fills the record's fields. */
void handed_report(const struct handed *h, const struct tls_facts *facts, struct record *r);

#endif
