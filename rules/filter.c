/* What a text must have for a pattern to match it. */
#include "filter.h"

#include <string.h>

#define NOTHING (-1)

static int lower(char c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : (unsigned char)c;
}

static void add_pair(struct filter *f, int first, int second)
{
	unsigned bit = ((unsigned)first * 37u + (unsigned)second) % (64u * FILTER_WORDS);

	f->pairs[bit / 64] |= UINT64_C(1) << (bit % 64);
}

void filter_text(struct filter *f, const char *text)
{
	*f = (struct filter){0};
	if (text[0] == '\0')
		return;
	for (int first = lower(*text++); *text != '\0'; text++) {
		add_pair(f, first, lower(*text));
		first = lower(*text);
	}
}

void filter_glob(struct filter *f, const char *glob)
{
	*f = (struct filter){0};
	for (int first = NOTHING; *glob != '\0'; glob++) {
		int second = *glob == '*' || *glob == '?' ? NOTHING : lower(*glob);

		if (first != NOTHING && second != NOTHING)
			add_pair(f, first, second);
		first = second;
	}
}

void filter_join(struct filter *f, const struct filter *other)
{
	for (size_t i = 0; i < FILTER_WORDS; i++)
		f->pairs[i] &= other->pairs[i];
}

/* ---- Regular expressions ---- */

/* Goes over an expression's outermost level. A literal counts when the next token has shown that it
 * is not optional. */
struct scan {
	struct filter *filter;
	const char *at;
	int before, last; /* the last two literals in a row; NOTHING */
	bool ignore_case;
};

static void commit(struct scan *s)
{
	if (s->before != NOTHING && s->last != NOTHING)
		add_pair(s->filter, s->before, s->last);
}

static void literal(struct scan *s, char c)
{
	commit(s);
	s->before = s->last;
	s->last = lower(c);
	/* Some letters have equals beyond ASCII: K the Kelvin sign, s the long s. */
	if ((unsigned char)c >= 0x80 || (s->ignore_case && (s->last == 'k' || s->last == 's')))
		s->before = s->last = NOTHING;
}

static void end_run(struct scan *s)
{
	commit(s);
	s->before = s->last = NOTHING;
}

static void drop_last(struct scan *s)
{
	s->before = s->last = NOTHING;
}

/* Behind its "[", to its "]"; false where it does not end. */
static bool skip_class(struct scan *s)
{
	if (*s->at == '^')
		s->at++;
	if (*s->at == ']')
		s->at++;
	for (; *s->at != '\0' && *s->at != ']'; s->at++) {
		if (s->at[0] == '[' && (s->at[1] == ':' || s->at[1] == '.' || s->at[1] == '='))
			return false; /* a named class: not worth the care */
		if (s->at[0] == '\\' && s->at[1] != '\0')
			s->at++;
	}
	return *s->at++ == ']';
}

/* Behind its "(", to its ")". */
static bool skip_group(struct scan *s)
{
	for (unsigned depth = 1; depth > 0; s->at++) {
		switch (*s->at) {
		case '\0':
			return false;
		case '\\':
			s->at += s->at[1] != '\0';
			break;
		case '[':
			s->at++;
			if (!skip_class(s))
				return false;
			s->at--;
			break;
		case '(':
			depth++;
			break;
		case ')':
			depth--;
			break;
		default:
			break;
		}
	}
	return true;
}

/* Behind "*", "?", "+" or "{": it may be lazy or possessive. */
static void skip_manner(struct scan *s)
{
	if (*s->at == '?' || *s->at == '+')
		s->at++;
}

/* Behind "\". Escapes that take more than a letter are not looked at. */
static bool scan_escape(struct scan *s)
{
	char c = *s->at;

	if (c == '\0')
		return false;
	s->at++;
	if (strchr("dDsSwWbBAzZhHvVRnrtf", c) != NULL)
		end_run(s);
	else if ((c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z'))
		return false;
	else
		literal(s, c);
	return true;
}

/* Behind "{". Where it counts nothing it is a letter, and what follows means what it says. */
static bool scan_brace(struct scan *s)
{
	const char *end = s->at + strspn(s->at, "0123456789,");

	if (*end != '}')
		return false;
	drop_last(s);
	s->at = end + 1;
	skip_manner(s);
	return true;
}

/* One token of the outermost level; false where the whole is given up. */
static bool scan_token(struct scan *s)
{
	char c = *s->at++;

	switch (c) {
	case '\\':
		return scan_escape(s);
	case '[':
		end_run(s);
		return skip_class(s);
	case '(':
		end_run(s);
		return skip_group(s);
	case '{':
		return scan_brace(s);
	case '*':
	case '?':
		drop_last(s);
		skip_manner(s);
		return true;
	case '+':
		end_run(s);
		skip_manner(s);
		return true;
	case '.':
	case '^':
	case '$':
		end_run(s);
		return true;
	case '|':
	case ')':
		return false;
	default:
		literal(s, c);
		return true;
	}
}

/* Options, verbs, quoting: they change what stands around them. */
static bool has_oddities(const char *pattern)
{
	if (strstr(pattern, "(*") != NULL || strstr(pattern, "\\Q") != NULL)
		return true;
	for (const char *at = pattern; (at = strstr(at, "(?")) != NULL; at += 2)
		if (at[2] != ':')
			return true;
	return false;
}

void filter_regex(struct filter *f, const char *pattern, bool ignore_case)
{
	struct scan s = {f, pattern, NOTHING, NOTHING, ignore_case};
	bool good = !has_oddities(pattern);

	*f = (struct filter){0};
	while (good && *s.at != '\0')
		good = scan_token(&s);
	if (good)
		end_run(&s);
	else
		*f = (struct filter){0};
}
