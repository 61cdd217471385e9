/* Whether a certificate is for a host: RFC 6125 section 6.4, in ASCII, as names stand on the wire.
 */
#include "certificate.h"

#include <string.h>
#include <strings.h>

#define MORE "..."

struct word {
	const char *at;
	size_t length;
};

static bool next_word(const char **rest, struct word *word)
{
	*rest += strspn(*rest, " ");
	*word = (struct word){.at = *rest, .length = strcspn(*rest, " ")};
	*rest += word->length;
	return word->length > 0;
}

/* A '*' stands for the whole leftmost label, and for nothing else. */
static bool matches(struct word name, const char *host, size_t length)
{
	const char *dot;

	if (name.length > 0 && name.at[name.length - 1] == '.')
		name.length--;
	if (name.length > 2 && name.at[0] == '*' && name.at[1] == '.') {
		dot = memchr(host, '.', length);
		if (dot == NULL || dot == host || memchr(name.at + 2, '.', name.length - 2) == NULL)
			return false;
		length -= (size_t)(dot - host);
		host = dot;
		name.at++;
		name.length--;
	}
	return name.length == length && strncasecmp(name.at, host, length) == 0;
}

/* The first CN as written by RFC 4514; a name of a host needs no escapes. */
static struct word common_name(const char *subject)
{
	const char *at = subject;

	while (at != NULL && strncmp(at, "CN=", 3) != 0) {
		at = strpbrk(at, ",+");
		at = at == NULL ? NULL : at + 1;
	}
	if (at == NULL)
		return (struct word){.at = "", .length = 0};
	return (struct word){.at = at + 3, .length = strcspn(at + 3, ",+")};
}

bool certificate_is_for(const struct certificate *certificate, const char *host, bool *sure)
{
	const char *rest = certificate->names;
	size_t length = strlen(host);
	struct word word = {.at = "", .length = 0};

	*sure = certificate->read;
	if (length > 0 && host[length - 1] == '.')
		length--;
	if (rest == NULL)
		return certificate->subject != NULL &&
		       matches(common_name(certificate->subject), host, length);
	while (next_word(&rest, &word))
		if (matches(word, host, length))
			return true;
	if (word.length == 0 && strlen(certificate->names) >= strlen(MORE) &&
	    strcmp(certificate->names + strlen(certificate->names) - strlen(MORE), MORE) == 0)
		*sure = false;
	return false;
}
