/*
 * How the counters of the tally are called in Redis and spool: "version:TLSv1.2", "outcome:tls".
 */
#ifndef TLSVANE_TALLY_LABELS_H
#define TLSVANE_TALLY_LABELS_H

#include "tally_entry.h"

#define TALLY_LABEL_MAX TALLY_CLASS_LABEL_MAX /* others: "0x1234", "other" */
#define TALLY_CODE_NONE UINT64_MAX	      /* no such label */

/* A kind of counter, or of the times beside it: what stands before the label. */
struct tally_name_kind {
	const char *prefix, *first, *last; /* the latter two NULL: no times */
	const char *(*label)(uint64_t code, char buffer[TALLY_LABEL_MAX]);
	uint64_t (*code)(const char *label);
};

extern const struct tally_name_kind tally_name_kinds[TALLY_NAMES];

#endif
