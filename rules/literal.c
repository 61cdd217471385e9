/* Words as values. */
#include "literal.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "../parsers/tls_hello.h"
#include "codes.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECOND	     UINT64_C(1000000000)

static bool read_number(const char *text, const char **end, uint64_t *n)
{
	char *stop;

	if (!isdigit((unsigned char)text[0]))
		return false;
	errno = 0;
	*n = strtoull(text, &stop, 10);
	*end = stop;
	return errno == 0;
}

static const struct unit {
	const char *name;
	uint64_t ns;
} units[] = {{"ms", 1000000}, {"s", SECOND}, {"m", 60 * SECOND}, {"h", 3600 * SECOND},
    {"d", 86400 * SECOND}, {"w", 7 * 86400 * SECOND}};

static const struct unit *read_unit(const char *text, const char **end)
{
	size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz");

	for (size_t i = 0; i < COUNT(units); i++)
		if (strlen(units[i].name) == length && memcmp(text, units[i].name, length) == 0) {
			*end = text + length;
			return &units[i];
		}
	return NULL;
}

bool literal_duration(const char *text, uint64_t *ns)
{
	uint64_t sum = 0, n, part;

	if (strcmp(text, "0") == 0) { /* in whatever unit */
		*ns = 0;
		return true;
	}
	do {
		const struct unit *unit;

		if (!read_number(text, &text, &n))
			return false;
		unit = read_unit(text, &text);
		if (unit == NULL || __builtin_mul_overflow(n, unit->ns, &part) ||
		    __builtin_add_overflow(sum, part, &sum))
			return false;
	} while (*text != '\0');
	*ns = sum;
	return true;
}

/* ---- Times: RFC 3339, or the day alone ---- */

/* "+01:00", "Z", "" -> seconds east of UTC. */
static bool read_zone(const char *text, long *seconds)
{
	unsigned hours, minutes;
	int used = 0;

	*seconds = 0;
	if (strcmp(text, "") == 0 || strcmp(text, "Z") == 0 || strcmp(text, "z") == 0)
		return true;
	if ((text[0] != '+' && text[0] != '-') || !isdigit((unsigned char)text[1]) ||
	    sscanf(text + 1, "%2u:%2u%n", &hours, &minutes, &used) != 2 || text[1 + used] != '\0' ||
	    hours > 23 || minutes > 59)
		return false;
	*seconds = (long)(hours * 3600 + minutes * 60) * (text[0] == '-' ? -1 : 1);
	return true;
}

static bool read_time(const char *text, uint64_t *ns)
{
	struct tm tm = {0};
	const char *rest = strptime(text, "%Y-%m-%d", &tm);
	int day = tm.tm_mday;
	long zone;
	time_t seconds;

	if (rest == NULL)
		return false;
	if (*rest == 'T' || *rest == 't') {
		rest = strptime(rest + 1, "%H:%M:%S", &tm);
		if (rest == NULL)
			return false;
	}
	if (!read_zone(rest, &zone))
		return false;
	seconds = timegm(&tm);
	if (tm.tm_mday != day || seconds - zone < 0 || (uint64_t)seconds > UINT64_MAX / SECOND / 2)
		return false; /* the 30th of February; before the epoch; beyond what a record's
				 clock can say */
	*ns = (uint64_t)(seconds - zone) * SECOND;
	return true;
}

/* ---- Versions ---- */

static bool read_version(const char *text, uint64_t *version)
{
	static const struct name {
		const char *text;
		uint16_t version;
	} names[] = {{"ssl2", TLS_VERSION_SSL2}, {"ssl3", TLS_VERSION_SSL3},
	    {"1.0", TLS_VERSION_10}, {"1.1", TLS_VERSION_11}, {"1.2", TLS_VERSION_12},
	    {"1.3", TLS_VERSION_13}};

	if (strncasecmp(text, "tlsv", 4) == 0 || strncasecmp(text, "tls", 3) == 0) {
		text += text[3] == 'v' || text[3] == 'V' ? 4 : 3;
		if (!isdigit((unsigned char)text[0]))
			return false;
	} else if (strcasecmp(text, "SSLv2") == 0 || strcasecmp(text, "SSLv3") == 0) {
		text = text[4] == '2' ? "ssl2" : "ssl3";
	}
	for (size_t i = 0; i < COUNT(names); i++)
		if (strcasecmp(names[i].text, text) == 0) {
			*version = names[i].version;
			return true;
		}
	return false;
}

/* ---- Words and names of code points ---- */

static bool read_word(const char *text, const struct rules_field *f, uint64_t *index)
{
	for (size_t i = 0; i < f->word_count; i++)
		if (f->words[i] != NULL && strcmp(f->words[i], text) == 0) {
			*index = i;
			return true;
		}
	return false;
}

static bool read_code(const char *text, const struct rules_field *f, uint64_t *code)
{
	uint16_t found;

	if (strncmp(text, "0x", 2) == 0 && strlen(text) == 6 &&
	    strspn(text + 2, "0123456789abcdefABCDEF") == 4) {
		*code = strtoul(text + 2, NULL, 16);
		return true;
	}
	if (!codes_find(codes_of(f), text, &found))
		return false;
	*code = found;
	return true;
}

/* ---- Addresses ---- */

bool literal_network(const char *text, struct frame_address *address, unsigned *bits)
{
	const char *slash = strchr(text, '/'), *end;
	char alone[ADDRESS_TEXT_MAX];
	size_t length = slash == NULL ? strlen(text) : (size_t)(slash - text);
	uint64_t n;

	if (length >= sizeof(alone))
		return false;
	memcpy(alone, text, length);
	alone[length] = '\0';
	if (!address_parse(alone, address))
		return false;
	*bits = frame_address_is_ipv4(address) ? 32 : 128;
	if (slash == NULL)
		return true;
	if (!read_number(slash + 1, &end, &n) || *end != '\0' || n > *bits)
		return false;
	*bits = (unsigned)n;
	return true;
}

/* ---- Host names ---- */

static bool is_host_name(const char *text)
{
	size_t length = strlen(text);

	return length > 0 && length < 254 && text[0] != '.' &&
	       strspn(
		   text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:[]") ==
		   length;
}

static const char *read_plain(const char *text, unsigned type, struct rules_value *v)
{
	const char *end;

	switch (type) {
	case RULES_BOOLEAN:
		v->number = strcmp(text, "true") == 0;
		return v->number != 0 || strcmp(text, "false") == 0 ? NULL : "write true or false";
	case RULES_NUMBER:
		return read_number(text, &end, &v->number) && *end == '\0'
			   ? NULL
			   : "write digits alone, as in 25";
	case RULES_VERSION:
	case RULES_VERSIONS:
		return read_version(text, &v->number) ? NULL
						      : "write ssl2, ssl3, 1.0, 1.1, 1.2 or 1.3";
	case RULES_TIME:
		return read_time(text, &v->number) ? NULL
						   : "write 2026-03-01 or 2026-03-01T08:15:30Z";
	case RULES_DURATION:
		return literal_duration(text, &v->number) ? NULL
							  : "write 30d, 12h, 90m, 10s or 1d12h";
	case RULES_ADDRESS:
		return address_parse(text, &v->address) ? NULL : "write 192.0.2.1 or 2001:db8::1";
	case RULES_HOST:
		if (strchr(text, '*') != NULL)
			return "a pattern wants matches; under example.net takes all below it";
		return is_host_name(text) ? NULL
					  : "write mx.example.net, international names as xn--...";
	default:
		return NULL;
	}
}

const char *literal_read(
    const char *text, unsigned type, const struct rules_field *f, struct rules_value *v)
{
	v->text = text;
	if (type == RULES_WORD)
		return read_word(text, f, &v->number) ? NULL : "write one of its words";
	if (type == RULES_CODE)
		return read_code(text, f, &v->number) ? NULL : "write its IANA name, or 0xABCD";
	return read_plain(text, type, v);
}
