/* What matchers want to know of a value. */
#include "known.h"

#include <string.h>

#include <xxhash.h>

enum { MADE_HOST = 1, MADE_TAILS = 2, MADE_FILTER = 4 };

uint64_t known_bit(const char *text)
{
	return UINT64_C(1) << (XXH3_64bits(text, strlen(text)) % 64);
}

bool known_next_word(struct known *word, const char **at)
{
	size_t length;

	*at += strspn(*at, " ");
	length = strcspn(*at, " ");
	known_begin(word);
	snprintf(word->buffer, sizeof(word->buffer), "%.*s", (int)length, *at);
	word->value.text = word->buffer;
	*at += length;
	return length > 0;
}

const char *known_host(struct known *k)
{
	if ((k->made & MADE_HOST) == 0) {
		k->host = host_normal(k->value.text, k->normal) ? k->normal : NULL;
		k->made |= MADE_HOST;
	}
	return k->host;
}

uint64_t known_tails(struct known *k)
{
	if ((k->made & MADE_TAILS) != 0)
		return k->tails;
	k->tails = k->whole = 0;
	for (const char *tail = known_host(k); tail != NULL; tail = strchr(tail, '.')) {
		tail += *tail == '.';
		k->tails |= known_bit(tail);
		if (tail == k->host)
			k->whole = k->tails;
	}
	k->made |= MADE_TAILS;
	return k->tails;
}

uint64_t known_whole(struct known *k)
{
	return known_tails(k) == 0 ? 0 : k->whole;
}

const struct filter *known_filter(struct known *k)
{
	if ((k->made & MADE_FILTER) == 0) {
		filter_text(&k->filter, k->value.text);
		k->made |= MADE_FILTER;
	}
	return &k->filter;
}
