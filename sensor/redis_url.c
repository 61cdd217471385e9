/* The --redis URL (the IANA "redis" scheme, RFC 3986 syntax). */
#include "redis_url.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define PORT_DEFAULT  6379
#define DATABASES_MAX 65535u

#define FORMS "give redis://host:port/database or unix:///path/to/socket"

/* Never quotes the text itself: it may hold a password. */
static int refuse(char error[REDIS_URL_ERROR_MAX], const char *why)
{
	snprintf(error, REDIS_URL_ERROR_MAX, "Redis URL: %s: " FORMS, why);
	return -1;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Undoes percent-encoding. False where it is malformed, hides a NUL, or does not fit. */
static bool decode(const char *from, size_t length, char *to, size_t room)
{
	size_t used = 0;

	for (size_t i = 0; i < length; i++) {
		int c = (unsigned char)from[i];

		if (c == '%') {
			int high = i + 2 < length ? hex_digit(from[i + 1]) : -1;
			int low = i + 2 < length ? hex_digit(from[i + 2]) : -1;

			c = high < 0 || low < 0 ? 0 : high * 16 + low;
			i += 2;
		}
		if (c == 0 || used + 1 >= room)
			return false;
		to[used++] = (char)c;
	}
	to[used] = '\0';
	return true;
}

static bool parse_number(const char *text, size_t length, unsigned max, unsigned *number)
{
	unsigned n = 0;

	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		n = n * 10 + (unsigned)(text[i] - '0');
		if (n > max)
			return false;
	}
	*number = n;
	return length > 0;
}

static int parse_login(const char *text, size_t length, struct redis_url *url, char *error)
{
	const char *colon = memchr(text, ':', length);
	size_t user = colon == NULL ? length : (size_t)(colon - text);

	if (!decode(text, user, url->user, sizeof(url->user)))
		return refuse(error, "the user's name is too long or badly percent-encoded");
	if (colon == NULL)
		return 0;
	if (!decode(colon + 1, length - user - 1, url->password, sizeof(url->password)))
		return refuse(error, "the password is too long or badly percent-encoded");
	return 0;
}

static int parse_port(const char *text, size_t length, struct redis_url *url, char *error)
{
	unsigned port;

	if (!parse_number(text, length, 65535, &port) || port == 0)
		return refuse(error, "the port is not a number from 1 to 65535");
	url->port = (uint16_t)port;
	return 0;
}

/* host, host:port, [IPv6], [IPv6]:port */
static int parse_host(const char *text, size_t length, struct redis_url *url, char *error)
{
	bool bracket = length > 0 && text[0] == '[';
	const char *close = bracket ? memchr(text, ']', length) : NULL;
	const char *begin = bracket ? text + 1 : text, *rest = text, *end = text + length;
	size_t host;

	if (bracket && close == NULL)
		return refuse(error, "'[' without ']'");
	if (bracket)
		rest = close;
	rest = memchr(rest, ':', (size_t)(end - rest));
	if (!bracket && rest != NULL && memchr(rest + 1, ':', (size_t)(end - rest - 1)) != NULL)
		return refuse(error, "an IPv6 address must stand in brackets");
	host = bracket ? (size_t)(close - begin) : rest != NULL ? (size_t)(rest - begin) : length;
	if (bracket && close + 1 != (rest == NULL ? end : rest))
		return refuse(error, "something stands between ']' and the port");
	if (host == 0)
		return refuse(error, "no host");
	if (!decode(begin, host, url->host, sizeof(url->host)))
		return refuse(error, "the host's name is too long");
	url->port = PORT_DEFAULT;
	return rest == NULL ? 0 : parse_port(rest + 1, (size_t)(end - rest - 1), url, error);
}

static int parse_tcp(const char *text, struct redis_url *url, char *error)
{
	size_t authority = strcspn(text, "/?#");
	const char *path = text + authority, *at = memrchr(text, '@', authority);

	if (at != NULL && parse_login(text, (size_t)(at - text), url, error) != 0)
		return -1;
	if (at != NULL) {
		authority -= (size_t)(at + 1 - text);
		text = at + 1;
	}
	if (parse_host(text, authority, url, error) != 0)
		return -1;
	if (*path == '/' && path[1] != '\0' &&
	    !parse_number(path + 1, strlen(path + 1), DATABASES_MAX, &url->database))
		return refuse(error, "the database is not a number");
	return *path == '?' || *path == '#' ? refuse(error, "no '?' or '#' here") : 0;
}

static int parse_unix(const char *text, struct redis_url *url, char *error)
{
	const char *query = strchr(text, '?');
	size_t path = query == NULL ? strlen(text) : (size_t)(query - text);

	if (text[0] != '/')
		return refuse(error, "the socket's path must be absolute");
	if (!decode(text, path, url->path, sizeof(url->path)))
		return refuse(
		    error, "the socket's path is longer than 107 bytes or badly percent-encoded");
	if (query != NULL &&
	    (strncmp(query, "?db=", 4) != 0 ||
		!parse_number(query + 4, strlen(query + 4), DATABASES_MAX, &url->database)))
		return refuse(error, "only ?db=number may follow the path");
	return 0;
}

/* unix://user:password@/path as well as unix:///path */
static int parse_unix_url(const char *text, struct redis_url *url, char *error)
{
	size_t authority = strcspn(text, "/");

	if (authority > 0 && text[authority - 1] == '@') {
		if (parse_login(text, authority - 1, url, error) != 0)
			return -1;
		text += authority;
	}
	return parse_unix(text, url, error);
}

static const struct scheme {
	const char *prefix;
	int (*parse)(const char *text, struct redis_url *url, char *error);
	size_t keep; /* bytes of the prefix that belong to what follows */
} schemes[] = {
    {"redis://", parse_tcp, 0},
    {"tcp://", parse_tcp, 0},
    {"unix://", parse_unix_url, 0},
    {"redis+unix://", parse_unix_url, 0},
    {"unix:", parse_unix, 0},
    {"/", parse_unix, 1},
};

int redis_url_parse(const char *text, struct redis_url *url, char error[REDIS_URL_ERROR_MAX])
{
	memset(url, 0, sizeof(*url));
	if (strncmp(text, "rediss://", 9) == 0) {
		snprintf(error, REDIS_URL_ERROR_MAX,
		    "Redis URL: TLS to Redis is not supported: use a Unix socket, or a tunnel such "
		    "as stunnel and redis://");
		return -1;
	}
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		size_t length = strlen(schemes[i].prefix);

		if (strncmp(text, schemes[i].prefix, length) == 0)
			return schemes[i].parse(text + length - schemes[i].keep, url, error);
	}
	return refuse(error, text[0] == '\0' ? "empty" : "it begins with no scheme that is known");
}

int redis_url_login(struct redis_url *url, const char *password, char error[REDIS_URL_ERROR_MAX])
{
	size_t length = password == NULL ? 0 : strlen(password);

	if (length >= sizeof(url->password)) {
		snprintf(error, REDIS_URL_ERROR_MAX,
		    "Redis password: longer than %zu bytes: choose a shorter one",
		    sizeof(url->password) - 1);
		return -1;
	}
	if (length > 0)
		memcpy(url->password, password, length + 1);
	if (url->user[0] == '\0' || url->password[0] != '\0')
		return 0;
	snprintf(error, REDIS_URL_ERROR_MAX,
	    "Redis URL: a user without a password: give --password-file FILE, or "
	    "set " REDIS_PASSWORD_VARIABLE);
	return -1;
}

const char *redis_url_show(const struct redis_url *url, char text[REDIS_URL_SHOWN_MAX])
{
	bool v6 = strchr(url->host, ':') != NULL;
	int used;

	if (url->host[0] == '\0') {
		used = snprintf(text, REDIS_URL_SHOWN_MAX, "unix://%s", url->path);
		if (url->database != 0)
			snprintf(text + used, REDIS_URL_SHOWN_MAX - (size_t)used, "?db=%u",
			    url->database);
		return text;
	}
	used = snprintf(text, REDIS_URL_SHOWN_MAX, "redis://%s%s%s:%u", v6 ? "[" : "", url->host,
	    v6 ? "]" : "", (unsigned)url->port);
	if (url->database != 0)
		snprintf(text + used, REDIS_URL_SHOWN_MAX - (size_t)used, "/%u", url->database);
	return text;
}
