/* The word that was probably meant: the optimal string alignment distance (swapped neighbours count
 * once). */
#include "spelling.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

static size_t least(size_t a, size_t b, size_t c)
{
	size_t n = a < b ? a : b;

	return n < c ? n : c;
}

static int lower(char c)
{
	return tolower((unsigned char)c);
}

static size_t distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	size_t rows[3][SPELLING_MAX + 1], *before = rows[0], *above = rows[1], *row = rows[2],
					  *swap;

	for (size_t j = 0; j <= b_length; j++)
		above[j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		row[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			row[j] = least(above[j] + 1, row[j - 1] + 1,
			    above[j - 1] + (lower(a[i - 1]) != lower(b[j - 1])));
			if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
			    lower(a[i - 2]) == lower(b[j - 1]) && before[j - 2] + 1 < row[j])
				row[j] = before[j - 2] + 1;
		}
		swap = before;
		before = above;
		above = row;
		row = swap;
	}
	return above[b_length];
}

/* "warn" for warning: what begins it is near enough, but no nearer than that. */
static bool begins(const struct spelling *s, const char *candidate)
{
	return s->length >= 3 && strncasecmp(s->word, candidate, s->length) == 0;
}

static size_t common(const struct spelling *s, const char *candidate)
{
	size_t i = 0;

	while (i < s->length && lower(s->word[i]) == lower(candidate[i]))
		i++;
	return i;
}

/* Of two that are equally near, the one that begins alike for longer. */
static bool is_nearer(const struct spelling *s, const char *candidate, size_t d)
{
	if (s->best == NULL || d < s->distance)
		return true;
	return d == s->distance && common(s, candidate) > common(s, s->best);
}

void spelling_try(struct spelling *s, const char *candidate)
{
	size_t length = strlen(candidate), d;

	if (length > SPELLING_MAX || s->length > SPELLING_MAX || s->length == 0)
		return;
	d = distance(s->word, s->length, candidate, length);
	if (d > (s->length + 2) / 3 && begins(s, candidate))
		d = (s->length + 2) / 3;
	if (d > (s->length + 2) / 3 || d >= length || !is_nearer(s, candidate, d))
		return;
	s->best = candidate;
	s->distance = d;
}
