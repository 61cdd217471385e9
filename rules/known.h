/* One value of the session at hand, with what matchers want to know of it: each is found once, when
 * first asked for. */
#ifndef TLSVANE_RULES_KNOWN_H
#define TLSVANE_RULES_KNOWN_H

#include "filter.h"
#include "pattern.h"

struct known {
	struct rules_value value;
	uint8_t made;			   /* which of the following are there: known.c */
	const char *host;		   /* NULL: not the name of a host */
	uint64_t whole, tails;		   /* known_whole(), known_tails() */
	struct filter filter;		   /* known_filter() */
	char buffer[RULES_VALUE_TEXT_MAX]; /* of value.text, where it has no other place */
	char normal[HOST_MAX];
};

/* Before a value is set: nothing is found of it. */
static inline void known_begin(struct known *k)
{
	k->made = 0;
}

/* The value's text as a host name in lower case without a dot at its end; NULL where it is none. */
const char *known_host(struct known *k);

/* The bit of the host name; 0 where it is none. */
uint64_t known_whole(struct known *k);

/* A bit for the host name and for what stands behind each of its dots. */
uint64_t known_tails(struct known *k);

/* The pairs of the value's text. */
const struct filter *known_filter(struct known *k);

/* Takes the next of the words of a list, from *at on; false where none is left. */
bool known_next_word(struct known *word, const char **at);

/* The bit of a text in a set of 64: what is not in the set of a list is not in the list. */
uint64_t known_bit(const char *text);

#endif
