/* Patterns over texts: globs, regular expressions (pcre2, within limits), host names. */
#ifndef TLSVANE_RULES_PATTERN_H
#define TLSVANE_RULES_PATTERN_H

#include "value.h"

#define HOST_MAX	  254	/* bytes of a host name with its NUL (RFC 1035 section 2.3.4) */
#define REGEX_PATTERN_MAX 1024	/* bytes of a pattern */
#define REGEX_MATCH_LIMIT 20000 /* steps of one match, about a millisecond */
#define REGEX_DEPTH_LIMIT 500	/* steps back that are remembered at once */
#define REGEX_HEAP_LIMIT  256	/* KiB of one match */

/* "*" any text, "?" any one byte. */
bool glob_match(const char *pattern, const char *text, bool ignore_case);

/* The name in lower case without a dot at its end; false where it is empty or too long to be one.
 */
bool host_normal(const char *text, char normal[HOST_MAX]);

/* The registrable domain (libpsl's list) of a name in normal form, a tail of it; NULL where there
 * is none. */
const char *host_registrable(const char *normal);

struct regex;

/* NULL when the pattern is wrong: then why is in `error` and where in *at. The caller frees. */
struct regex *regex_new(const char *pattern, bool ignore_case, char error[128], size_t *at);
void regex_free(void *regex);

/* Unknown when it gave up at a limit, which is counted. */
enum rules_truth regex_match(struct regex *r, const char *text);
uint64_t regex_gave_up(const struct regex *r);

#endif
