/* What refuses, what is said about it, and how long to wait. A kind of trouble is said once, until
 * Redis takes writes again. */
#include "store_private.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

enum trouble_class {
	TROUBLE_REFUSE,	   /* a mistake in the set-up: no start; while running it is tried again */
	TROUBLE_WAIT,	   /* this connection will do again later */
	TROUBLE_RECONNECT, /* this Redis is not the one to write to now; it may come back with less
			    */
};

static const struct store_trouble {
	const char *prefix; /* of Redis's error */
	enum trouble_class class;
	const char *mend;
} troubles[] = {
    {"NOAUTH", TROUBLE_REFUSE, "it needs a password: give it with the URL or a password file"},
    {"WRONGPASS", TROUBLE_REFUSE, "the password or user is wrong: mend it"},
    {"ERR invalid password", TROUBLE_REFUSE, "the password is wrong: mend it"},
    {"ERR AUTH", TROUBLE_REFUSE,
	"it has no password set: leave it out, or set requirepass in redis.conf"},
    {"ERR DB index", TROUBLE_REFUSE,
	"mend the database's number in the URL, or raise `databases` in redis.conf"},
    {"NOPERM", TROUBLE_REFUSE,
	"allow this user ~tlsvane:* +@read +@write +@connection +eval +info (ACL SETUSER)"},
    {"DENIED", TROUBLE_REFUSE,
	"it is in protected mode: use its Unix socket, or set a password there"},
    {"MOVED", TROUBLE_REFUSE, "Redis Cluster is not supported: give a single Redis"},
    {"CLUSTERDOWN", TROUBLE_REFUSE, "Redis Cluster is not supported: give a single Redis"},
    {"CROSSSLOT", TROUBLE_REFUSE, "Redis Cluster is not supported: give a single Redis"},
    {"READONLY", TROUBLE_RECONNECT, "it is a read-only replica: give the primary, or promote it"},
    {"MASTERDOWN", TROUBLE_RECONNECT, "it is a replica that lost its primary: give the primary"},
    {"LOADING", TROUBLE_RECONNECT, "it is still loading its data: wait"},
    {"OOM", TROUBLE_WAIT, "its memory is full: raise maxmemory or free some"},
    {"MISCONF", TROUBLE_WAIT, "it cannot save to its disk: make room there"},
    {"NOREPLICAS", TROUBLE_WAIT,
	"too few of its replicas answer: mend them or min-replicas-to-write"},
    {"BUSY", TROUBLE_WAIT, "it runs a long script: SCRIPT KILL, or wait"},
    {"WRONGTYPE", TROUBLE_WAIT, "that key is not ours: rename or delete it"},
    {"ERR max number of clients", TROUBLE_RECONNECT, "raise maxclients or close some"},
    {"", TROUBLE_WAIT, "see what Redis's own log says"},
};

/* Values of Redis, which anybody may have put there, are quoted in lines: they cannot end one. */
static void make_line(char line[STORE_ERROR_MAX], const char *format, va_list arguments)
{
	vsnprintf(line, STORE_ERROR_MAX, format, arguments);
	for (; *line != '\0'; line++)
		if ((unsigned char)*line < ' ' || *line == 0x7f)
			*line = '?';
}

static void log_line(struct store *s, const char *line)
{
	if (s->log != NULL)
		s->log(s->log_context, line);
}

void store_say(struct store *s, const char *format, ...)
{
	char line[STORE_ERROR_MAX];
	va_list arguments;

	va_start(arguments, format);
	make_line(line, format, arguments);
	va_end(arguments);
	log_line(s, line);
}

static bool is_said(const struct store *s, const char *kind)
{
	for (size_t i = 0; i < s->said_count; i++)
		if (strcmp(s->said[i], kind) == 0)
			return true;
	return false;
}

void store_trouble_say(struct store *s, const char *kind, const char *format, ...)
{
	char line[STORE_ERROR_MAX];
	va_list arguments;

	if (is_said(s, kind))
		return;
	if (s->said_count < STORE_KINDS)
		s->said[s->said_count++] = kind;
	va_start(arguments, format);
	make_line(line, format, arguments);
	va_end(arguments);
	if (s->opening)
		snprintf(s->open_error, STORE_ERROR_MAX, "%s", line);
	else
		log_line(s, line);
}

void store_trouble_away(struct store *s, const char *kind, const char *why)
{
	const char *mend = "start Redis or mend the URL";

	if (s->url.host[0] == '\0' && strcmp(why, strerror(ENOENT)) == 0)
		mend = "start Redis, set unixsocket in redis.conf, or mend the URL";
	else if (strcmp(why, strerror(EACCES)) == 0)
		mend = "let the sensor's user into its folder and socket (unixsocketperm 770 in "
		       "redis.conf, and its group)";
	store_trouble_say(
	    s, kind, "Redis %s: %s: counting goes on, it is tried again: %s", s->where, why, mend);
}

static const struct store_trouble *trouble_of(const char *error)
{
	const struct store_trouble *t = troubles;

	while (strncmp(error, t->prefix, strlen(t->prefix)) != 0)
		t++;
	return t;
}

bool store_is_foreign(const char *error)
{
	return strncmp(error, "WRONGTYPE", 9) == 0;
}

/* From LIMIT_BACKOFF_MIN_MS, doubled each time, to LIMIT_BACKOFF_MAX_MS. */
void store_backoff(struct store *s, uint64_t *until_ms)
{
	s->backoff_ms = s->backoff_ms == 0 ? LIMIT_BACKOFF_MIN_MS : s->backoff_ms * 2;
	if (s->backoff_ms > LIMIT_BACKOFF_MAX_MS)
		s->backoff_ms = LIMIT_BACKOFF_MAX_MS;
	*until_ms = store_clock() + s->backoff_ms;
}

void store_trouble_over(struct store *s)
{
	store_drop(s, false);
	s->state = STORE_OVER;
}

void store_trouble_reply(struct store *s, const char *error, const char *key)
{
	const struct store_trouble *t = trouble_of(error);

	s->errors++;
	store_trouble_say(s, t->prefix, "Redis %s: %s%s%.*s: %s", s->where, key == NULL ? "" : key,
	    key == NULL ? "" : ": ", (int)strcspn(error, "\r\n"), error, t->mend);
	if (s->opening && t->class == TROUBLE_REFUSE) {
		store_trouble_over(s);
	} else if (s->state != STORE_READY || t->class == TROUBLE_RECONNECT ||
		   strcmp(t->prefix, "NOAUTH") == 0) {
		s->doubt |= t->class == TROUBLE_RECONNECT;
		store_drop(s, false);
	} else if (store_clock() >= s->pause_ms) { /* once for all that is in flight */
		store_backoff(s, &s->pause_ms);
	}
}

void store_recovered(struct store *s)
{
	s->backoff_ms = 0;
	if (s->said_count == 0)
		return;
	s->said_count = 0;
	if (!s->opening)
		store_say(s, "Redis %s: takes writes again", s->where);
}
