/*
 * The lease: one sensor at a time writes under a name, since two that each know half would
 * overwrite each other's absolute values. Its value says who holds it: host:pid:namespace.random
 */
#include "store_private.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define LEASE_MS	(LIMIT_LEASE_S * 1000u)
#define LEASE_MARGIN_MS 3000u /* a write may be under way so long when the lease ends */

/* Redis runs a script as a whole, so nobody comes between the look and the act. */
#define SCRIPT_SWAP                                                                                \
	"if redis.call('get',KEYS[1])~=ARGV[1] then return 0 end "                                 \
	"redis.call('set',KEYS[1],ARGV[2],'PX',ARGV[3]) return 1"
#define SCRIPT_RELEASE                                                                             \
	"if redis.call('get',KEYS[1])==ARGV[1] then return redis.call('del',KEYS[1]) end return 0"

/* A process number means something in its namespace only (containers may share a host's name). */
static unsigned long long pid_namespace(void)
{
	struct stat status;

	return stat("/proc/self/ns/pid", &status) == 0 ? (unsigned long long)status.st_ino : 0;
}

int store_token_make(struct store *s)
{
	uint64_t random;

	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return -1;
	if (gethostname(s->host, sizeof(s->host)) != 0)
		strcpy(s->host, "unknown");
	s->host[sizeof(s->host) - 1] = '\0';
	snprintf(s->token, sizeof(s->token), "%s:%ld:%llu.%016llx", s->host, (long)s->process,
	    pid_namespace(), (unsigned long long)random);
	return 0;
}

bool store_holder_dead(const struct store *s, const char *holder)
{
	size_t host = strlen(s->host);
	char *end;
	long pid;

	if (strncmp(holder, s->host, host) != 0 || holder[host] != ':')
		return false;
	pid = strtol(holder + host + 1, &end, 10);
	if (*end != ':' || pid <= 0 || strtoull(end + 1, NULL, 10) != pid_namespace())
		return false;
	return pid == (long)s->process || (kill((pid_t)pid, 0) != 0 && errno == ESRCH);
}

void store_lease_set(struct store *s)
{
	char key[STORE_KEY_MAX];

	snprintf(key, sizeof(key), KEY_LEASE, s->sensor);
	wire_command(&s->out, 6);
	wire_text(&s->out, "SET");
	wire_text(&s->out, key);
	wire_text(&s->out, s->token);
	wire_text(&s->out, "NX");
	wire_text(&s->out, "PX");
	wire_number(&s->out, LEASE_MS);
	s->lease_sent_ms = store_clock();
}

static void put_script(struct store *s, const char *script, const char *holder, size_t more)
{
	char key[STORE_KEY_MAX];

	snprintf(key, sizeof(key), KEY_LEASE, s->sensor);
	wire_command(&s->out, 5 + more);
	wire_text(&s->out, "EVAL");
	wire_text(&s->out, script);
	wire_text(&s->out, "1");
	wire_text(&s->out, key);
	wire_text(&s->out, holder);
}

void store_lease_swap(struct store *s, const char *from)
{
	put_script(s, SCRIPT_SWAP, from, 2);
	wire_text(&s->out, s->token);
	wire_number(&s->out, LEASE_MS);
	s->lease_sent_ms = store_clock();
}

void store_lease_release(struct store *s)
{
	put_script(s, SCRIPT_RELEASE, s->token, 0);
	store_expect(s, STORE_OP_MINOR, NULL, 0);
}

void store_lease_reply(struct store *s, const redisReply *reply)
{
	s->lease_asked = false;
	if (reply->type == REDIS_REPLY_ERROR)
		store_trouble_reply(s, reply->str, NULL);
	else if (reply->type == REDIS_REPLY_INTEGER && reply->integer == 1)
		s->lease_ms = s->lease_sent_ms;
	else
		store_drop(s, true); /* it ran out, or is somebody else's: the hello finds out */
}

bool store_lease_sure(const struct store *s)
{
	return store_clock() - s->lease_ms < LEASE_MS - LEASE_MARGIN_MS;
}

void store_lease_refuse(struct store *s, const char *holder)
{
	int shown = (int)strcspn(holder, ":");
	long pid = holder[shown] == ':' ? strtol(holder + shown + 1, NULL, 10) : 0;

	if (s->opening)
		store_trouble_say(s, "lease",
		    "Redis %s: the name \"%s\" is held by a sensor on host %.*s, process %ld: stop "
		    "that one and wait %d s, or give this one another name",
		    s->where, s->sensor, shown, holder, pid, LIMIT_LEASE_S);
	else
		store_trouble_say(s, "lease",
		    "Redis %s: LEASE LOST: a sensor on host %.*s, process %ld, writes as \"%s\" "
		    "now: nothing more is written here, what waits goes to the spool at exit: stop "
		    "one of the two, or give it another name",
		    s->where, shown, holder, pid, s->sensor);
	s->lease_lost = true;
	store_trouble_over(s);
}
