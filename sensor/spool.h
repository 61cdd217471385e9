/*
 * The spool: what a sensor could not write to Redis before it ended, in a file that its next start
 * reads.
 *
 *   tlsvane-spool <TAB> 1 <TAB> sensor [<TAB> mark of redo.h, where there is one]
 *   pair <TAB> server <TAB> client <TAB> sessions=17+3 <TAB> version:TLSv1.2=17+3 <TAB>
 * first_seen=... end <TAB> lines <TAB> XXH3-64 of all before, in hex
 *
 * A counter is absolute+steps. Absolute values may be taken over again and again. Steps must be
 * added to what Redis holds exactly once: an entry with steps is `held` (TALLY_SPOOLED) until its
 * base is known and the file was written again without them. Bytes below 0x20, 0x7f and '%' are
 * percent-encoded.
 *
 * All errors are one line: what, where, the mend.
 */
#ifndef TLSVANE_SPOOL_H
#define TLSVANE_SPOOL_H

#include <stddef.h>

#include "../parsers/result.h"
#include "tally.h"

#define SPOOL_ERROR_MAX 512

enum spool_result {
	SPOOL_OK = 0,
	SPOOL_UNSYNCED = 1, /* done, but a host that dies now may come back with the file before */
	SPOOL_FAILED = -1,  /* the system refused: rights, space, memory */
	SPOOL_BROKEN = -2,  /* not a whole spool of this sensor; it was renamed to PATH.bad-N */
};

/* Makes PATH this process's until it ends or closes the descriptor: returns it, or SPOOL_FAILED. */
MUST_USE int spool_lock(const char *path, char error[SPOOL_ERROR_MAX]);

/* Takes the file over into `t`: its entries are waiting then. Without a file: SPOOL_OK, *entries 0.
 * A broken file changes nothing in `t`. *mark: 0 where it has none. */
MUST_USE int spool_read(const char *path, const char *sensor, struct tally *t, uint64_t *mark,
    size_t *entries, char error[SPOOL_ERROR_MAX]);

enum spool_part {
	SPOOL_ALL,     /* every entry that waits */
	SPOOL_IN_FILE, /* ... and stood in the file already */
};

/* Replaces the file by one of the waiting entries, or removes it where there are none. The old file
 * stays whole until the new one is on the disk, and for good with SPOOL_FAILED. */
MUST_USE int spool_write(const char *path, const char *sensor, struct tally *t,
    enum spool_part part, uint64_t mark, size_t *entries, char error[SPOOL_ERROR_MAX]);

/* Removes the file; that there is none is no failure. */
MUST_USE int spool_remove(const char *path, char error[SPOOL_ERROR_MAX]);

#endif
