/*
 * Every host pair with its sessions by class (sensor/tally_class.h), and what its two hosts were
 * seen to do with others: what questions about all pairs at once are answered from.
 */
#ifndef TLSVANE_LEDGER_H
#define TLSVANE_LEDGER_H

#include "query.h"
#include "totals.h"

struct ledger_class {
	uint64_t class; /* LEDGER_UNCLASSED: sessions of which no class is known */
	uint64_t sessions;
	uint64_t first_ms, last_ms; /* since the epoch */
};

#define LEDGER_UNCLASSED UINT64_MAX

struct ledger_host { /* in one of its two roles */
	struct frame_address address;
	uint16_t best; /* the highest version: chosen (server), offered (client); 0: not seen */
	bool more;     /* server: its random told of TLS 1.2 or more */
	bool more13;   /* ... of TLS 1.3 */
	const char *helo, *banner, *server_name; /* interned; NULL: not known, or not read */
	uint64_t failed, retried; /* client: handshakes that failed; mail in the clear soon after */
};

struct ledger_pair {
	uint32_t server, client; /* index into hosts of the role */
	uint32_t from, count;	 /* its classes */
};

struct ledger_hosts {
	struct ledger_host *items;
	size_t count, room;
	uint32_t *slots; /* index + 1 by address, 0: free; twice the room */
};

struct ledger {
	struct ledger_hosts servers, clients;
	struct ledger_pair *pairs;
	size_t pair_count, pair_room;
	struct ledger_class *classes;
	size_t class_count, class_room;
};

/* Reads all pairs of all sensors. False when it failed (and has said so). The caller frees in
 * either case. */
bool ledger_read(struct query *q, struct ledger *l);
void ledger_free(struct ledger *l);

/* Sets *r to what is known of sessions of one class of a pair: addresses, the time of the last one,
 * and what the class tells. False for LEDGER_UNCLASSED, where *r holds addresses and time alone. */
bool ledger_record(const struct ledger *l, const struct ledger_pair *p,
    const struct ledger_class *c, struct record *r);

/* Reads the names of hosts, too, so that records have them. False when it failed (and has said so).
 */
bool ledger_read_names(struct query *q, struct ledger *l);

/* Whether a field of the record is among what ledger_record tells; a told_field (rule_fields.h). */
struct ledger_telling {
	bool names;	   /* hosts have them: ledger_read_names */
	bool certificates; /* the class tells of client certificates, or there was no TLS */
};

bool ledger_tells(void *telling, const char *field);

/* The class tells of client certificates, or there was no TLS: TLS 1.3 and resumption hide them. */
bool ledger_tells_certificates(const struct record *r);

/* The host of an address, NULL where it is none. */
struct ledger_host *ledger_host(struct ledger_hosts *hosts, const struct frame_address *address);

#endif
