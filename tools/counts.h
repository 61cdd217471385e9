/*
 * Counters by name: how many sessions had which version, cipher, outcome, legacy side, class, and
 * when the first and the last was.
 */
#ifndef TLSVANE_COUNTS_H
#define TLSVANE_COUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum count_kind {
	COUNT_VERSION,
	COUNT_CIPHER,
	COUNT_OUTCOME,
	COUNT_LEGACY_SIDE,
	COUNT_CLASS, /* sensor/tally_class.h */
	COUNT_REPLY, /* to STARTTLS, other than 220 */
	COUNT_ALERT, /* of handshakes that failed */
	COUNT_KINDS,
};

struct count {
	const char *name; /* of counts_intern */
	uint64_t sessions;
	uint64_t first_ms, last_ms; /* since the epoch; 0: not known */
	uint8_t kind;		    /* enum count_kind */
};

struct counts {
	struct count *items; /* owned */
	uint32_t used, room;
};

/* The one copy of a name, for the life of the process; NULL when memory is short. */
const char *counts_intern(const char *name, size_t length);

/* The counter of a name, made at 0 where there is none yet; NULL when memory is short. */
struct count *counts_get(struct counts *c, enum count_kind kind, const char *name, size_t length);

/* The sessions counted under a name, 0 where there are none. */
uint64_t counts_of(const struct counts *c, enum count_kind kind, const char *name);

/* One session at `ms` under a name. False when memory is short. */
bool counts_add(struct counts *c, enum count_kind kind, const char *name, uint64_t ms);

/* By kind; versions from the oldest on, the rest from the most frequent on. */
void counts_sort(struct counts *c);

/* "TLSv1.0 12, TLSv1.2 3"; the number is left out where one name has all `sessions`. Names for
 * which there is no room end as ", ...", in `size` bytes, at least 8. */
const char *counts_text(
    const struct counts *c, enum count_kind kind, uint64_t sessions, char *text, size_t size);

/* The next counter of a kind behind `after` (NULL: the first), NULL at the end. */
const struct count *counts_next(
    const struct counts *c, enum count_kind kind, const struct count *after);

void counts_free(struct counts *c);

/* "TLSv1.0" and its like, below TLS 1.2. */
bool version_is_legacy(const char *label);

#endif
