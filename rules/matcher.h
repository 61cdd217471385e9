/*
 * The right side of a clause, compiled: a set of values, names or networks, globs, a regular
 * expression, domain suffixes. Words and code points become numbers here, so that their globs and
 * expressions cost nothing later.
 */
#ifndef TLSVANE_RULES_MATCHER_H
#define TLSVANE_RULES_MATCHER_H

#include "codes.h"
#include "known.h"
#include "network.h"

enum matcher_kind {
	MATCH_NONE, /* an empty list */
	MATCH_MASK, /* words: a bit each */
	MATCH_NUMBERS,
	MATCH_CODES,
	MATCH_NETWORK,
	MATCH_TEXTS,
	MATCH_HOSTS,
	MATCH_UNDER,
	MATCH_GLOBS,
	MATCH_REGEX,
};

struct matcher {
	uint8_t kind;	  /* enum matcher_kind */
	bool ignore_case; /* MATCH_GLOBS */
	size_t count;
	uint64_t mask;
	const uint64_t *numbers; /* sorted; MATCH_NUMBERS, and the code points of MATCH_CODES */
	const char *const
	    *texts; /* MATCH_TEXTS, HOSTS, UNDER: sorted, hosts in lower case; MATCH_GLOBS; and the
		       globs of MATCH_CODES for code points without a name: text_count */
	size_t text_count;
	const struct codes *codes; /* MATCH_CODES with patterns; else NULL */
	struct network *network;
	struct filter needs; /* MATCH_GLOBS, REGEX: pairs of every text that matches */
	uint64_t bits;	     /* MATCH_TEXTS, HOSTS, UNDER: known_bit() of each */
	struct regex *regex; /* also of MATCH_CODES */
};

/* Unknown only where a regular expression gave up. */
enum rules_truth matcher_holds(const struct matcher *m, struct known *k);

/* The same for a text that was not seen in a session. */
enum rules_truth matcher_holds_text(const struct matcher *m, const char *text);

/* Orders for the arrays above. */
int matcher_compare_numbers(const void *a, const void *b);
int matcher_compare_texts(const void *a, const void *b);

#endif
