/*
 * Inside the tally: one entry is one Redis hash to be. For store and spool, which move entries
 * between lists; everybody else needs only tally.h.
 *
 * A counter is `absolute` + `seen`: what Redis (or a spool of absolute values) is known to hold of
 * this sensor, and what was counted on top. Until the entry is `based` its absolute value is only a
 * floor: Redis may hold more.
 *
 * Fields of the hashes, times in ms since the epoch, by the sessions' starts:
 *   sessions, version:<label>, cipher:<name>, outcome:<word>, legacy_side:<word>,
 *   starttls_offered:<yes|no> (server), starttls_reply:<code>, alert:<description>, fallback,
 *   stripping, injected
 *   version_first:, version_last:, cipher_first:, cipher_last:                    not in days
 *   class:<label>, class_first:, class_last: (pair; tally_class.h)
 *   first_seen, last_seen, legacy_last, plaintext_last, downgrade_last, fallback_last,
 *   stripping_last, evidence, fallback_evidence, stripping_evidence, each with its ..._time
 *                                                                                 not in days
 *   failed_last, failed_port, starttls_last, starttls_port, failure_evidence with its ..._time,
 *   client_max                                                                    pair
 *   best_version, banner, server_name, software, software_basis                   server
 *   max_version, helo, software, software_basis, legacy_hop, ja3, ja4             client
 *   certificate:<place> (tally_certificates.h)                                    server, client
 */
#ifndef TLSVANE_TALLY_ENTRY_H
#define TLSVANE_TALLY_ENTRY_H

#include "../parsers/result.h"
#include "tally.h"
#include "tally_certificates.h"
#include "tally_class.h"

/* ---- One entry ---- */

enum tally_name { /* kinds of counters */
	TALLY_NAME_SESSIONS,
	TALLY_NAME_VERSION,
	TALLY_NAME_CIPHER,
	TALLY_NAME_OUTCOME,
	TALLY_NAME_LEGACY_SIDE,
	TALLY_NAME_STARTTLS,
	TALLY_NAME_CLASS, /* of a pair: tally_class.h */
	TALLY_NAME_REPLY, /* to STARTTLS, other than 220 */
	TALLY_NAME_ALERT, /* of a handshake that failed */
	TALLY_NAME_FALLBACK,
	TALLY_NAME_STRIPPING,
	TALLY_NAME_INJECTED,
	TALLY_NAMES
};

#define TALLY_CODE_BITS 56
#define TALLY_CODE_MASK ((UINT64_C(1) << TALLY_CODE_BITS) - 1)
#define TALLY_CODE_OTHER                                                                           \
	(UINT64_C(1) << 55) /* names beyond LIMIT_TALLY_NAMES, LIMIT_TALLY_CLASSES */
#define TALLY_FIELD_MAX 128 /* bytes of the longest field's name, with its NUL */

struct tally_counter {
	uint64_t absolute, seen;
	uint64_t first_ms, last_ms; /* versions, ciphers and classes outside of days */
};

enum tally_flag { /* hosts that are listed in sets of their own */
	TALLY_LEGACY,
	TALLY_PLAINTEXT,
	TALLY_DOWNGRADE,
	TALLY_FALLBACK,
	TALLY_STRIPPING,
	TALLY_FLAGS
};

enum tally_list {
	TALLY_CLEAN,   /* in Redis as it is here; one list a kind, the longest unwritten first */
	TALLY_DIRTY,   /* to be written */
	TALLY_READY,   /* ... next: its base has just been read */
	TALLY_BUSY,    /* the store waits for replies about it */
	TALLY_ASIDE,   /* its key in Redis is of another type: tried again later */
	TALLY_SPOOLED, /* holds steps from a spool file: needs its base ... */
	TALLY_REBASED, /* ... has it; not to be written before the file says so too */
	TALLY_LISTS
};

#define TALLY_TEXTS 6 /* tally_fields.c names them */

/* Indices of an entry's texts: a server's, a client's. */
enum tally_text {
	TALLY_SOFTWARE = 0, /* with its version; of both */
	TALLY_SOFTWARE_BASIS = 1,
	TALLY_BANNER = 2,
	TALLY_SERVER_NAME = 3,
	TALLY_HELO = 2,
	TALLY_LEGACY_HOP = 3, /* behind the client: the last that mail in the clear told of */
	TALLY_JA3 = 4,
	TALLY_JA4 = 5,
};

enum tally_evidence_kind { /* the last session of each kind is kept whole */
	TALLY_EVIDENCE_LEGACY,
	TALLY_EVIDENCE_FAILURE, /* of a pair: TLS that failed, was refused or given up */
	TALLY_EVIDENCE_FALLBACK,
	TALLY_EVIDENCE_STRIPPING,
	TALLY_EVIDENCES
};

struct tally_evidence; /* a session, shared by its pair, server and client */

struct tally_link {
	struct tally_link *next, *previous;
};

struct tally_entry {
	struct tally_link link; /* first: a link is its entry */
	uint64_t hash;
	uint8_t key[32]; /* server, client; 0 where the kind has none; day: days since the epoch in
			    the first four */
	uint64_t first_ms, last_ms;
	uint64_t flag_ms[TALLY_FLAGS]; /* the last time, 0 never */
	uint64_t evidence_ms[TALLY_EVIDENCES];
	uint64_t failed_ms, offered_ms; /* of a pair: when TLS last failed, was refused or given up;
					   when STARTTLS was last offered */
	uint64_t written_ms,
	    expires_ms; /* the store's: last written; when its time to live was set */
	struct tally_evidence *evidence[TALLY_EVIDENCES];
	struct tally_counter *counters;
	uint64_t *ids; /* of the counters, apart for a fast search: enum tally_name <<
			  TALLY_CODE_BITS | code */
	struct tally_certificates *certificates; /* NULL: none */
	char *texts[TALLY_TEXTS];
	uint16_t count, room;		    /* of counters */
	uint16_t version_max;		    /* client_max, best_version, max_version */
	uint16_t failed_port, offered_port; /* at failed_ms, at offered_ms */
	uint8_t kind, list;		    /* enum tally_kind, tally_list */
	uint8_t flags_due;    /* bit a tally_flag: its set does not know flag_ms yet */
	bool based;	      /* absolute values are what Redis holds */
	bool changed;	      /* ... since it became TALLY_BUSY */
	bool unsaved;	      /* counted since its totals last went into log or spool (redo.h) */
	bool in_file;	      /* the spool file holds it, and Redis not yet */
	bool held;	      /* ... as steps: must not be written before the file is rewritten */
	bool failed, foreign; /* the store's, while TALLY_BUSY: a reply was an error, WRONGTYPE */
	uint8_t replies;      /* the store's: how many are awaited */
};

/* Counts one record. -1 when memory is short: not all of it was counted. */
MUST_USE int tally_entry_add(
    struct tally_entry *e, const struct record *r, uint64_t ms, struct tally_evidence *evidence);

/* Adds to a counter of *e (found or made, with `cap`: under LIMIT_TALLY_NAMES and
 * LIMIT_TALLY_CLASSES); NULL when memory is short. */
struct tally_counter *tally_entry_counter(
    struct tally_entry *e, unsigned name, uint64_t code, bool cap);

/* Whether something was counted on top of what Redis, or a file, is known to hold. */
bool tally_entry_has_steps(const struct tally_entry *e);

/* Sets a text of *e (cut to LIMIT_TALLY_TEXT) where it differs. */
void tally_entry_set_text(struct tally_entry *e, unsigned index, const char *text);

/* Whether a TALLY_SOFTWARE says less than another of the same product: "Microsoft Exchange" than
 * "Microsoft Exchange 2010". */
bool tally_software_is_less(const char *software, const char *than);

void tally_entry_clear(struct tally_entry *e); /* frees what it owns, not itself */

/* Evidence is counted references; made with one. NULL when memory is short. */
struct tally_evidence *tally_evidence_new(const struct record *r);
struct tally_evidence *tally_evidence_from_json(const char *json);
void tally_evidence_release(struct tally_evidence *evidence);
/* Its one line of JSON, without a newline: good until the next call. NULL when memory is short. */
const char *tally_evidence_json(struct tally_evidence *evidence);
void tally_entry_set_evidence(struct tally_entry *e, enum tally_evidence_kind kind,
    struct tally_evidence *evidence, uint64_t ms);
/* Whether a session is evidence of a kind. */
bool tally_evidence_wants(enum tally_evidence_kind kind, const struct record *r);

/* ---- Entries as fields ---- */

typedef void tally_field(
    void *to, const char *name, size_t name_length, const char *value, size_t value_length);

enum tally_form {
	TALLY_TOTALS, /* counters as one number: for Redis, good only when based */
	TALLY_PARTS,  /* counters as absolute+seen (based: total+0): for the spool */
};

/* Hands every field of *e to `field`. */
void tally_entry_fields(struct tally_entry *e, enum tally_form form, tally_field *field, void *to);

/* Takes one field over. From Redis (TALLY_TOTALS) counters go up to it; from a spool (TALLY_PARTS)
 * `seen` is added too. Fields that it does not know are passed over. -1: a value that cannot be (or
 * no memory). */
MUST_USE int tally_entry_load(
    struct tally_entry *e, enum tally_form form, const char *name, const char *value);

/* "pair", "server" ... and the reverse: TALLY_KINDS where it is none. */
const char *tally_kind_name(unsigned kind);
unsigned tally_kind_from_name(const char *name);

#define TALLY_SUBJECT_MAX ADDRESS_TEXT_MAX

/* The texts of an entry's key: addresses, or the day; "-" where the kind has none. */
void tally_entry_subject(
    const struct tally_entry *e, char first[TALLY_SUBJECT_MAX], char second[TALLY_SUBJECT_MAX]);
/* The reverse; false where they are none of this kind. */
bool tally_key_parse(unsigned kind, const char *first, const char *second, uint8_t key[32]);

/* ---- The tally's entries, for store and spool ---- */

/* The entry of a key, made where there is none (over the cap too); NULL when memory is short. It is
 * TALLY_DIRTY when made. */
struct tally_entry *tally_entry_make(struct tally *t, unsigned kind, const uint8_t key[32]);

/* The same, NULL where there is none. */
struct tally_entry *tally_entry_find(const struct tally *t, unsigned kind, const uint8_t key[32]);

/* The first entry of a list (TALLY_CLEAN: pairs'), NULL when empty. */
struct tally_entry *tally_first(struct tally *t, enum tally_list list);

/* Puts an entry behind (`front`: before) all of a list. */
void tally_move(struct tally *t, struct tally_entry *e, enum tally_list list, bool front);

/* Everything in Redis is in doubt: all clean entries are dirty again. */
void tally_doubt(struct tally *t);

/* Forgets entries that are clean and were last written before `ms`. */
void tally_forget(struct tally *t, uint64_t ms);

/* Every entry that is not clean. Where `each` moves it to a later list, it comes again. */
void tally_each_waiting(struct tally *t, void (*each)(void *to, struct tally_entry *e), void *to);

/* The latest start of a session, ms since the epoch. */
uint64_t tally_latest(const struct tally *t);

#endif
