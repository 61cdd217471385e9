/* Patterns over texts. */
#include "pattern.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <libpsl.h>
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

struct regex {
	pcre2_code *code;
	pcre2_match_data *data;
	pcre2_match_context *context;
	uint64_t gave_up;
};

static bool same(char a, char b, bool ignore_case)
{
	return a == b || (ignore_case && tolower((unsigned char)a) == tolower((unsigned char)b));
}

/* Goes back to the last "*" alone: what an earlier one took needs no other try. */
bool glob_match(const char *pattern, const char *text, bool ignore_case)
{
	const char *star = NULL, *retry = NULL;

	while (*text != '\0') {
		if (*pattern == '*') {
			star = ++pattern;
			retry = text;
		} else if (*pattern != '\0' &&
			   (*pattern == '?' || same(*pattern, *text, ignore_case))) {
			pattern++;
			text++;
		} else if (star != NULL) {
			pattern = star;
			text = ++retry;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

bool host_normal(const char *text, char normal[HOST_MAX])
{
	size_t length = strnlen(text, HOST_MAX + 1);

	if (length > 0 && length <= HOST_MAX && text[length - 1] == '.')
		length--;
	if (length == 0 || length >= HOST_MAX)
		return false;
	for (size_t i = 0; i < length; i++)
		normal[i] =
		    (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] - 'A' + 'a' : text[i]);
	normal[length] = '\0';
	return true;
}

const char *host_registrable(const char *normal)
{
	const psl_ctx_t *list = psl_builtin();
	size_t length = strlen(normal);

	/* An address literal (RFC 5321 section 4.1.3) or a bare address belongs to no domain. */
	if (list == NULL || normal[0] == '[' || strspn(normal, "0123456789.") == length)
		return NULL;
	return psl_registrable_domain(list, normal);
}

/* ---- Regular expressions ---- */

static pcre2_code *compile(const char *pattern, bool ignore_case, char error[128], size_t *at)
{
	pcre2_compile_context *context = pcre2_compile_context_create(NULL);
	uint32_t flags = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C |
			 PCRE2_NO_AUTO_CAPTURE | (ignore_case ? PCRE2_CASELESS : 0);
	pcre2_code *code;
	PCRE2_SIZE where = 0;
	int number = 0;

	snprintf(error, 128, "out of memory");
	if (context == NULL)
		return NULL;
	pcre2_set_max_pattern_length(context, REGEX_PATTERN_MAX);
	pcre2_set_parens_nest_limit(context, 20);
	code = pcre2_compile(
	    (PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, flags, &number, &where, context);
	pcre2_compile_context_free(context);
	if (code == NULL)
		pcre2_get_error_message(number, (PCRE2_UCHAR *)error, 128);
	*at = where;
	return code;
}

struct regex *regex_new(const char *pattern, bool ignore_case, char error[128], size_t *at)
{
	struct regex *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->code = compile(pattern, ignore_case, error, at);
	if (r->code != NULL) {
		r->data = pcre2_match_data_create(1, NULL);
		r->context = pcre2_match_context_create(NULL);
	}
	if (r->data == NULL || r->context == NULL) {
		regex_free(r);
		return NULL;
	}
	pcre2_set_match_limit(r->context, REGEX_MATCH_LIMIT);
	pcre2_set_depth_limit(r->context, REGEX_DEPTH_LIMIT);
	pcre2_set_heap_limit(r->context, REGEX_HEAP_LIMIT);
	return r;
}

void regex_free(void *regex)
{
	struct regex *r = regex;

	pcre2_match_context_free(r->context);
	pcre2_match_data_free(r->data);
	pcre2_code_free(r->code);
	free(r);
}

enum rules_truth regex_match(struct regex *r, const char *text)
{
	int result =
	    pcre2_match(r->code, (PCRE2_SPTR)text, strlen(text), 0, 0, r->data, r->context);

	if (result >= 0)
		return RULES_TRUE;
	if (result == PCRE2_ERROR_NOMATCH)
		return RULES_FALSE;
	r->gave_up++;
	return RULES_UNKNOWN;
}

uint64_t regex_gave_up(const struct regex *r)
{
	return r->gave_up;
}
