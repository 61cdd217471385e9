/*
 * The --redis URL, for the sensor and for the query tool:
 *   redis://[[user][:password]@]host[:port][/database]     port 6379, database 0; IPv6 in brackets
 *   unix:///path/to/socket[?db=database], unix:/path, or just the absolute path
 * User and password may be percent-encoded. rediss:// is refused: hiredis 0.14 has no TLS.
 */
#ifndef TLSVANE_REDIS_URL_H
#define TLSVANE_REDIS_URL_H

#include <stdint.h>

#define REDIS_URL_ERROR_MAX  256
#define REDIS_URL_SECRET_MAX 512
#define REDIS_URL_SHOWN_MAX  320

/* Of the environment. */
#define REDIS_PASSWORD_VARIABLE "TLSVANE_REDIS_PASSWORD"

struct redis_url {
	char host[256];			     /* empty: a Unix socket */
	uint16_t port;			     /* good with host */
	char path[108];			     /* of the Unix socket (sun_path), empty: TCP */
	char user[128];			     /* empty: Redis's default user */
	char password[REDIS_URL_SECRET_MAX]; /* empty: no AUTH */
	unsigned database;
};

/* Returns 0, or -1 with a line in `error` that says what is wrong and the mend (never the
 * password). */
int redis_url_parse(const char *text, struct redis_url *url, char error[REDIS_URL_ERROR_MAX]);

/* Takes a password that came beside the URL and goes before the URL's own; NULL or empty: none did.
 * Returns 0; or -1 with a line in `error` when it is too long, or the URL's user has none. */
int redis_url_login(struct redis_url *url, const char *password, char error[REDIS_URL_ERROR_MAX]);

/* The URL as it may be shown: no user, no password. Returns `text`. */
const char *redis_url_show(const struct redis_url *url, char text[REDIS_URL_SHOWN_MAX]);

#endif
