/*
 * What a text must have for a pattern to match it: the pairs of neighbouring bytes that the pattern
 * spells out, without regard to case. Most texts lack one of them, and no pattern is tried.
 */
#ifndef TLSVANE_RULES_FILTER_H
#define TLSVANE_RULES_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FILTER_WORDS 4 /* 256 bits: a banner of 60 bytes sets a fifth of them */

/* A bit for each pair; two pairs may share one. */
struct filter {
	uint64_t pairs[FILTER_WORDS];
};

/* All pairs of a text. */
void filter_text(struct filter *f, const char *text);

/* Those that every text has that a glob ("*", "?") matches. */
void filter_glob(struct filter *f, const char *glob);

/* Those that every text has that a regular expression (pcre2) matches; none where it is not plain
 * to see. */
void filter_regex(struct filter *f, const char *pattern, bool ignore_case);

/* Only what both want. */
void filter_join(struct filter *f, const struct filter *other);

static inline bool filter_passes(const struct filter *wants, const struct filter *has)
{
	uint64_t missing = 0;

	for (size_t i = 0; i < FILTER_WORDS; i++)
		missing |= wants->pairs[i] & ~has->pairs[i];
	return missing == 0;
}

#endif
