/* Whether a value is what a compiled set or pattern wants. */
#include "matcher.h"

#include <stdlib.h>
#include <string.h>

int matcher_compare_numbers(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return left < right ? -1 : left > right;
}

int matcher_compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool holds_number(const struct matcher *m, uint64_t n)
{
	size_t low = 0, high = m->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (m->numbers[middle] == n)
			return true;
		if (m->numbers[middle] < n)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

static bool holds_text(const struct matcher *m, const char *text)
{
	return bsearch(&text, m->texts, m->text_count, sizeof(*m->texts), matcher_compare_texts) !=
	       NULL;
}

static bool holds_host(const struct matcher *m, struct known *k)
{
	return (m->bits & known_whole(k)) != 0 && holds_text(m, known_host(k));
}

/* The name itself, then what stands behind each of its dots. */
static bool holds_under(const struct matcher *m, struct known *k)
{
	if ((m->bits & known_tails(k)) == 0)
		return false;
	for (const char *tail = known_host(k); tail != NULL; tail = strchr(tail, '.')) {
		tail += *tail == '.';
		if (holds_text(m, tail))
			return true;
	}
	return false;
}

static bool holds_glob(const struct matcher *m, const char *text)
{
	for (size_t i = 0; i < m->text_count; i++)
		if (glob_match(m->texts[i], text, m->ignore_case))
			return true;
	return false;
}

/* Code points with names were tried at load; the others are matched as they are shown. */
static enum rules_truth holds_code(const struct matcher *m, uint64_t code)
{
	char text[8];

	if (holds_number(m, code))
		return RULES_TRUE;
	if (m->codes == NULL || codes_is_named(m->codes, (uint16_t)code))
		return RULES_FALSE;
	snprintf(text, sizeof(text), "0x%04X", (unsigned)(uint16_t)code);
	return m->regex != NULL ? regex_match(m->regex, text)
				: (enum rules_truth)holds_glob(m, text);
}

/* Most texts lack what the pattern needs. */
static enum rules_truth holds_pattern(const struct matcher *m, struct known *k)
{
	if (!filter_passes(&m->needs, known_filter(k)))
		return RULES_FALSE;
	return m->kind == MATCH_REGEX ? regex_match(m->regex, k->value.text)
				      : (enum rules_truth)holds_glob(m, k->value.text);
}

enum rules_truth matcher_holds(const struct matcher *m, struct known *k)
{
	const struct rules_value *v = &k->value;

	switch (m->kind) {
	case MATCH_MASK:
		return v->number < 64 && (m->mask >> v->number & 1) != 0 ? RULES_TRUE : RULES_FALSE;
	case MATCH_NUMBERS:
		return holds_number(m, v->number) ? RULES_TRUE : RULES_FALSE;
	case MATCH_CODES:
		return holds_code(m, v->number);
	case MATCH_NETWORK:
		return network_holds(m->network, &v->address) ? RULES_TRUE : RULES_FALSE;
	case MATCH_TEXTS:
		return holds_text(m, v->text) ? RULES_TRUE : RULES_FALSE;
	case MATCH_HOSTS:
		return holds_host(m, k) ? RULES_TRUE : RULES_FALSE;
	case MATCH_UNDER:
		return holds_under(m, k) ? RULES_TRUE : RULES_FALSE;
	case MATCH_GLOBS:
	case MATCH_REGEX:
		return holds_pattern(m, k);
	default:
		return RULES_FALSE;
	}
}

enum rules_truth matcher_holds_text(const struct matcher *m, const char *text)
{
	struct known k;

	known_begin(&k);
	k.value = (struct rules_value){.text = text};
	return matcher_holds(m, &k);
}
