/* Reaching Redis: URL, password, and the Redis of this machine where nothing was said. */
#include "query_connect.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../sensor/limits.h"
#include "say.h"

#define LOCAL_SOCKET "/run/redis/redis-server.sock" /* Debian's */
#define LOCAL_TCP    "redis://127.0.0.1:6379/0"

void query_say_lost(const char *where, const char *why)
{
	say_error(EXIT_FAILED, "lost Redis at %s: %s", where, why);
}

void query_say_refused(const char *where, const char *error)
{
	static const struct {
		const char *code, *mend;
	} mends[] = {
	    {"NOAUTH", "give the password with --password-file FILE or " REDIS_PASSWORD_VARIABLE},
	    {"WRONGPASS", "is the password of --password-file, the URL or " REDIS_PASSWORD_VARIABLE
			  " the right one?"},
	    {"NOPERM", "the Redis user needs +@read on ~tlsvane:*"},
	    {"LOADING", "it is starting; try again soon"},
	    {"WRONGTYPE", "somebody else writes keys that begin with tlsvane:"},
	    {"ERR AUTH",
		"leave --password-file, " REDIS_PASSWORD_VARIABLE " and the URL's password out"},
	    {"ERR DB index", "name another database in the URL"},
	};

	int length = (int)strlen(error);

	if (length > 0 && error[length - 1] == '.')
		length--;
	for (size_t i = 0; i < sizeof(mends) / sizeof(mends[0]); i++) {
		if (strncmp(error, mends[i].code, strlen(mends[i].code)) == 0) {
			say_error(EXIT_FAILED, "Redis at %s refuses: %.*s; %s", where, length,
			    error, mends[i].mend);
			return;
		}
	}
	say_error(EXIT_FAILED, "Redis at %s refuses: %s", where, error);
}

static int read_password(const char *path, struct redis_url *url)
{
	FILE *file = fopen(path, "re");
	bool good;

	if (file == NULL)
		return say_error(
		    EXIT_USAGE, "cannot read the password file %s: %s", path, strerror(errno));
	good = fgets(url->password, sizeof(url->password), file) != NULL;
	fclose(file);
	url->password[strcspn(url->password, "\r\n")] = '\0';
	if (!good || url->password[0] == '\0')
		return say_error(
		    EXIT_USAGE, "the password file %s holds no password in its first line", path);
	return 0;
}

/* That of the file, else the URL's own, else the variable's. */
static int take_password(const struct options *o, struct redis_url *url)
{
	bool open = o->password_file == NULL && url->password[0] == '\0';
	char error[REDIS_URL_ERROR_MAX];

	if (o->password_file != NULL && read_password(o->password_file, url) != 0)
		return EXIT_USAGE;
	if (redis_url_login(url, open ? getenv(REDIS_PASSWORD_VARIABLE) : NULL, error) != 0)
		return say_error(EXIT_USAGE, "%s", error);
	return 0;
}

static redisContext *dial(const struct redis_url *url)
{
	struct timeval connect = {LIMIT_CONNECT_MS / 1000, LIMIT_CONNECT_MS % 1000 * 1000};
	struct timeval reply = {LIMIT_REPLY_MS / 1000, LIMIT_REPLY_MS % 1000 * 1000};
	redisContext *c = url->host[0] == '\0'
			      ? redisConnectUnixWithTimeout(url->path, connect)
			      : redisConnectWithTimeout(url->host, url->port, connect);

	if (c != NULL && c->err == 0)
		redisSetTimeout(c, reply);
	return c;
}

/* Runs a command whose only good answer is OK; says why when it is not. */
static bool expect_ok(redisContext *c, const char *where, int argc, const char **argv)
{
	redisReply *reply = redisCommandArgv(c, argc, argv, NULL);
	bool good = reply != NULL && reply->type == REDIS_REPLY_STATUS;

	if (reply == NULL)
		query_say_lost(
		    where, c->err == REDIS_ERR_EOF ? "it closed the connection" : c->errstr);
	else if (!good)
		query_say_refused(where, reply->type == REDIS_REPLY_ERROR
					     ? reply->str
					     : "an answer that is not Redis's");
	freeReplyObject(reply);
	return good;
}

static bool log_in(redisContext *c, const struct redis_url *url, const char *where)
{
	char database[16];
	bool user = url->user[0] != '\0';

	if (url->password[0] != '\0' &&
	    !expect_ok(c, where, user ? 3 : 2,
		(const char *[]){"AUTH", user ? url->user : url->password, url->password}))
		return false;
	if (url->database == 0)
		return true;
	snprintf(database, sizeof(database), "%u", url->database);
	return expect_ok(c, where, 2, (const char *[]){"SELECT", database});
}

/* The URL to use; where nobody said one, the socket of this machine when it can be opened. */
static const char *choose_url(const struct options *o)
{
	const char *environment = getenv("TLSVANE_REDIS");

	if (o->redis != NULL)
		return o->redis;
	if (environment != NULL && environment[0] != '\0')
		return environment;
	return access(LOCAL_SOCKET, R_OK | W_OK) == 0 ? "unix:" LOCAL_SOCKET : LOCAL_TCP;
}

static const char *why_not(const redisContext *c)
{
	return c == NULL ? "out of memory" : c->err == REDIS_ERR_IO ? strerror(errno) : c->errstr;
}

struct redisContext *query_connect(
    const struct options *o, char where[REDIS_URL_SHOWN_MAX], int *status)
{
	struct redis_url url;
	char error[REDIS_URL_ERROR_MAX];
	redisContext *c;

	*status = EXIT_USAGE;
	if (redis_url_parse(choose_url(o), &url, error) != 0) {
		say_error(EXIT_USAGE, "%s", error);
		return NULL;
	}
	if (take_password(o, &url) != 0)
		return NULL;
	redis_url_show(&url, where);
	*status = EXIT_FAILED;
	c = dial(&url);
	if (c == NULL || c->err != 0) {
		say_error(EXIT_FAILED,
		    "cannot reach Redis at %s: %s; %s another address: --redis URL or "
		    "TLSVANE_REDIS",
		    where, why_not(c),
		    c != NULL && c->err == REDIS_ERR_IO && errno == EACCES
			? "be in its group, or root?"
			: "does it run?");
	} else if (log_in(c, &url, where)) {
		explicit_bzero(&url, sizeof(url));
		return c;
	}
	explicit_bzero(&url, sizeof(url));
	if (c != NULL)
		redisFree(c);
	return NULL;
}
