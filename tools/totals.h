/*
 * What all sensors together know of a host pair, a server or a client: their hashes in Redis added
 * up. Counters sum, first_seen is the earliest, last_seen the latest, the best version the highest;
 * names are those of the sensor that saw it last.
 */
#ifndef TLSVANE_TOTALS_H
#define TLSVANE_TOTALS_H

#include "../sensor/record.h"
#include "../sensor/tally_certificates.h"
#include "counts.h"
#include "query.h"

struct totals {
	char server[ADDRESS_TEXT_MAX], client[ADDRESS_TEXT_MAX]; /* "" where it is not of one */
	uint64_t sessions;
	uint64_t first_ms, last_ms;			/* since the epoch, 0: never */
	uint64_t legacy_ms, plaintext_ms, downgrade_ms; /* the last time, 0: never */
	uint64_t fallback_ms, stripping_ms;
	uint64_t fallback, stripping, injected; /* sessions */
	uint64_t evidence_ms, names_ms;		/* when what is kept below was seen */
	uint16_t max_version; /* pair, client: the highest offered; server: the highest chosen; 0:
				 not known */
	uint32_t sensors;     /* hashes added; 0: nobody knows it */
	uint64_t starttls_yes, starttls_no; /* sessions with STARTTLS offered, and not (servers) */
	struct counts counts;
	char *banner, *server_name, *software, *software_basis, *helo,
	    *legacy_hop;			      /* owned; NULL: not known */
	char *ja3, *ja4;			      /* of a client; the same */
	struct tally_certificates *certificates;      /* owned; NULL: none */
	char *evidence;				      /* the last legacy session as JSON; owned */
	char *fallback_evidence, *stripping_evidence; /* the last such ones */
	uint64_t fallback_evidence_ms, stripping_evidence_ms;
};

struct totals_list {
	struct totals *items;
	size_t count, room;
};

/* False when memory is short (and says so). Takes over what *t owns. */
bool totals_list_add(struct totals_list *list, struct totals *t);
void totals_list_free(struct totals_list *list);
void totals_free(struct totals *t);

/* Called with each host or pair, its sensors added up; what *t owns is the callee's. False ends the
 * reading. */
typedef bool totals_take(void *context, struct totals *t);

/*
 * Reads the hashes under keys of pairs, servers or clients; those of one host or pair must stand
 * together. `texts`: with names and evidence. What no sensor knows is passed over. False when it
 * failed (and has said so).
 */
bool totals_read(
    struct query *q, const struct texts *keys, bool texts, totals_take *take, void *context);

/* A totals_take that keeps all in a struct totals_list. */
bool totals_keep(void *list, struct totals *t);

/* Adds the keys of each sensor for a host or a pair; `second` NULL: no pair. */
bool totals_add_keys(struct texts *keys, const char *format, const char *first, const char *second,
    const struct texts *sensors);

/* The name that a person knows it by: SNI, the banner's first word, HELO; NULL: none. */
const char *totals_host_name(const struct totals *t, char text[128]);

#define TOTALS_WHY_MAX 400

/* Why mail went in the clear, or TLS did not come about: "not offered 3, refused 1 (454), failed 2
 * (protocol_version 2), fallback 2"; "" where nothing is known. Returns `text`. */
const char *totals_why_text(const struct totals *t, char text[TOTALS_WHY_MAX]);

/* Sessions below TLS 1.2. */
uint64_t totals_legacy_sessions(const struct totals *t);

#define OLD_VERSIONS_MAX 8

/* The counters of versions below TLS 1.2, in `items`. */
struct counts totals_old_versions(const struct totals *t, struct count items[OLD_VERSIONS_MAX]);

/* An old version was agreed on, or a handshake failed over versions. */
bool totals_is_legacy(const struct totals *t);

/* Sessions on an old version, or failed over versions, by the fault of a side ("server", "client",
 * "downgrade", "unknown"). legacy_side:unknown itself also counts sessions without TLS; these are
 * left out. */
uint64_t totals_fault(const struct totals *t, const char *side);

/* "server 3, unknown 1": whose fault the old versions are; "" where there are none. */
const char *totals_fault_text(const struct totals *t, char *text, size_t size);

/* The label of totals.max_version; NULL where it is not known. */
const char *totals_max_label(const struct totals *t);

#endif
