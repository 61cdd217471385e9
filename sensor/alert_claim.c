/* Changes of alerts as questions to Redis and as bytes of the journal. */
#include "alert_claim.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "limits.h"
#include "store_keys.h"

#define STREAM_MAX "100000" /* entries of a sensor's stream, about: a year of a busy sensor */

/* Redis runs a script as a whole. KEYS: alert, firing, stream. ARGV: 1 token, 2 sensor, 3 told, 4
 * version, 5 state, 6 episode, 7 since, 8 notified, 9 match, 10 clean, 11 rule, 12 key, 13 ttl, 14
 * id, 15 stream id, 16 json, 17 channel, 18 change. Numbers below 2^53 stay exact in Lua. An id
 * that the stream refuses (the clock went back) is left to Redis: that this is no repeated entry,
 * the token has told. */
static const char claim_script[] =
    "local function look() return redis.call('HMGET',KEYS[1],'version','state','episode','since',"
    "'notified','match','clean') end "
    "local function max(a,b) a=tonumber(a or 0) or 0 b=tonumber(b) "
    "return string.format('%.0f',a>b and a or b) end "
    "local h=look() "
    "if redis.call('HGET',KEYS[1],'token:'..ARGV[2])==ARGV[1] then return {1,unpack(h,1,7)} end "
    "local version=tonumber(h[1] or 0) or 0 local told=ARGV[3]=='1' local mine "
    "if told then mine=version<tonumber(ARGV[4]) else mine=version==tonumber(ARGV[4])-1 and not "
    "(ARGV[5]=='resolved' and (tonumber(h[6] or 0) or 0)>tonumber(ARGV[9])) end "
    "if mine or told then redis.call('HSET',KEYS[1],'match',max(h[6],ARGV[9]),'clean',"
    "max(h[7],ARGV[10]),'token:'..ARGV[2],ARGV[1]) redis.call('PEXPIRE',KEYS[1],ARGV[13]) end "
    "if mine then redis.call('HSET',KEYS[1],'version',ARGV[4],'state',ARGV[5],'episode',ARGV[6],"
    "'since',ARGV[7],'notified',ARGV[8],'rule',ARGV[11],'key',ARGV[12]) "
    "if ARGV[5]=='firing' then redis.call('ZADD',KEYS[2],ARGV[8],ARGV[14]) "
    "else redis.call('ZREM',KEYS[2],ARGV[14]) end end "
    "if (mine or told) and ARGV[16]~='' then "
    "local function add(id) return redis.pcall('XADD',KEYS[3],'MAXLEN','~','" STREAM_MAX "',id,"
    "'uid',ARGV[19],'change',ARGV[18],'rule',ARGV[11],'key',ARGV[12],'json',ARGV[16]) end "
    "local r=add(ARGV[15]) if type(r)=='table' and r.err then add('*') end "
    "redis.call('PUBLISH',ARGV[17],ARGV[16]) end "
    "h=look() return {mine and 1 or 0,unpack(h,1,7)}";

static const char touch_script[] =
    "if redis.call('EXISTS',KEYS[1])==0 then return 0 end "
    "for i,f in ipairs({'match','clean'}) do "
    "if (tonumber(redis.call('HGET',KEYS[1],f) or 0) or 0)<tonumber(ARGV[i]) "
    "then redis.call('HSET',KEYS[1],f,ARGV[i]) end end "
    "redis.call('PEXPIRE',KEYS[1],ARGV[3]) return 1";

/* KEYS: alert, firing. ARGV: id. What expired (its rule went while it fired) leaves the set. */
static const char load_script[] =
    "if redis.call('EXISTS',KEYS[1])==0 then redis.call('ZREM',KEYS[2],ARGV[1]) end "
    "return redis.call('HMGET',KEYS[1],'version','state','episode','since','notified','match',"
    "'clean','rule','key')";

static const char *const state_words[SUPPRESS_STATES] = {"idle", "idle", "firing", "resolved"};

struct alert_claim *alert_claim_new(const char *rule, const char *key)
{
	struct alert_claim *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->rule = strdup(rule);
	c->key = strdup(key);
	if (c->rule == NULL || c->key == NULL) {
		alert_claim_free(c);
		return NULL;
	}
	suppress_id(rule, key, c->id);
	return c;
}

void alert_claim_name(struct alert_claim *c, const char *suffix)
{
	uint64_t random = 0;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != (ssize_t)sizeof(random))
		random = (uint64_t)(uintptr_t)c ^ c->made_ms;
	snprintf(c->uid, sizeof(c->uid), "%s-%llu%s", c->id, (unsigned long long)c->want.version,
	    suffix);
	snprintf(c->token, sizeof(c->token), "%s-%016llx", c->uid, (unsigned long long)random);
}

void alert_claim_free(struct alert_claim *c)
{
	struct action_job *job;

	if (c == NULL)
		return;
	while ((job = c->jobs) != NULL) {
		c->jobs = job->next;
		free(job);
	}
	free(c->rule);
	free(c->key);
	free(c->json);
	free(c->channel);
	free(c->record);
	free(c);
}

static void put_shared(struct wire *w, const struct suppress_shared *s)
{
	wire_number(w, s->version);
	wire_text(w, state_words[s->state]);
	wire_number(w, s->episode);
	wire_number(w, s->since_ms);
	wire_number(w, s->notified_ms);
	wire_number(w, s->match_ms);
	wire_number(w, s->clean_ms);
}

static void put_alert_key(struct wire *w, const char *id)
{
	char key[STORE_KEY_MAX];

	snprintf(key, sizeof(key), KEY_ALERT, id);
	wire_text(w, key);
}

void alert_claim_put(struct wire *w, const struct alert_claim *c, const char *sensor,
    const char *stream_id, uint64_t ttl_ms)
{
	char stream[STORE_KEY_MAX];

	snprintf(stream, sizeof(stream), KEY_ALERTS, sensor);
	wire_command(w, 3 + 3 + 19);
	wire_text(w, "EVAL");
	wire_text(w, claim_script);
	wire_text(w, "3");
	put_alert_key(w, c->id);
	wire_text(w, KEY_ALERTS_FIRING);
	wire_text(w, stream);
	wire_text(w, c->token);
	wire_text(w, sensor);
	wire_text(w, c->told ? "1" : "0");
	put_shared(w, &c->want);
	wire_text(w, c->rule);
	wire_text(w, c->key);
	wire_number(w, ttl_ms);
	wire_text(w, c->id);
	wire_text(w, stream_id);
	wire_text(w, c->json != NULL ? c->json : "");
	wire_text(w, c->channel != NULL ? c->channel : CHANNEL_ALERTS);
	wire_text(w, suppress_change_words[c->change]);
	wire_text(w, c->uid);
}

static uint64_t number(const redisReply *value)
{
	return value->type == REDIS_REPLY_STRING ? strtoull(value->str, NULL, 10) : 0;
}

static void take_shared(redisReply *const *element, struct suppress_shared *s)
{
	*s = (struct suppress_shared){
	    .version = number(element[0]),
	    .episode = number(element[2]),
	    .since_ms = number(element[3]),
	    .notified_ms = number(element[4]),
	    .match_ms = number(element[5]),
	    .clean_ms = number(element[6]),
	};
	if (element[1]->type == REDIS_REPLY_STRING && strcmp(element[1]->str, "firing") == 0)
		s->state = SUPPRESS_FIRING;
	else if (element[1]->type == REDIS_REPLY_STRING && strcmp(element[1]->str, "resolved") == 0)
		s->state = SUPPRESS_RESOLVED;
}

int alert_claim_reply(const redisReply *reply, struct suppress_shared *shared)
{
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements < 1 ||
	    reply->element[0]->type != REDIS_REPLY_INTEGER)
		return -1;
	if (reply->elements == 8)
		take_shared(reply->element + 1, shared);
	else /* a nil ended the list: nothing is there */
		*shared = (struct suppress_shared){0};
	return reply->element[0]->integer == 1;
}

void alert_touch_put(struct wire *w, const struct suppress_entry *e, uint64_t ttl_ms)
{
	wire_command(w, 3 + 1 + 3);
	wire_text(w, "EVAL");
	wire_text(w, touch_script);
	wire_text(w, "1");
	put_alert_key(w, e->id);
	wire_number(w, e->shared.match_ms);
	wire_number(w, e->shared.clean_ms);
	wire_number(w, ttl_ms);
}

void alert_load_put(struct wire *w, const char *id)
{
	wire_command(w, 3 + 2 + 1);
	wire_text(w, "EVAL");
	wire_text(w, load_script);
	wire_text(w, "2");
	put_alert_key(w, id);
	wire_text(w, KEY_ALERTS_FIRING);
	wire_text(w, id);
}

int alert_load_reply(
    const redisReply *reply, const char **rule, const char **key, struct suppress_shared *shared)
{
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 9 ||
	    reply->element[7]->type != REDIS_REPLY_STRING ||
	    reply->element[8]->type != REDIS_REPLY_STRING)
		return -1;
	take_shared(reply->element, shared);
	*rule = reply->element[7]->str;
	*key = reply->element[8]->str;
	return 0;
}

/* ---- The journal's bytes ---- */

static void put_text(FILE *to, const char *text)
{
	fputs(text, to);
	putc('\0', to);
}

static void save_shared(FILE *to, const struct suppress_shared *s)
{
	fprintf(to, "%u %llu %llu %llu %llu %llu %llu", s->state, (unsigned long long)s->version,
	    (unsigned long long)s->episode, (unsigned long long)s->since_ms,
	    (unsigned long long)s->notified_ms, (unsigned long long)s->match_ms,
	    (unsigned long long)s->clean_ms);
	putc('\0', to);
}

static bool load_shared(const char *text, struct suppress_shared *s)
{
	unsigned long long n[6];
	unsigned state;

	if (sscanf(text, "%u %llu %llu %llu %llu %llu %llu", &state, &n[0], &n[1], &n[2], &n[3],
		&n[4], &n[5]) != 7 ||
	    state >= SUPPRESS_STATES)
		return false;
	*s = (struct suppress_shared){(uint8_t)state, n[0], n[1], n[2], n[3], n[4], n[5]};
	return true;
}

/* Splits bytes into exactly `count` texts. */
static bool split(const char *bytes, size_t size, const char **texts, size_t count)
{
	const char *end = bytes + size, *stop;

	for (size_t i = 0; i < count; i++) {
		stop = bytes < end ? memchr(bytes, '\0', (size_t)(end - bytes)) : NULL;
		if (stop == NULL)
			return false;
		texts[i] = bytes;
		bytes = stop + 1;
	}
	return bytes == end;
}

char *alert_claim_save(const struct alert_claim *c, size_t *size)
{
	char *bytes = NULL;
	FILE *to = open_memstream(&bytes, size);

	if (to == NULL)
		return NULL;
	put_text(to, c->uid);
	put_text(to, c->token);
	put_text(to, c->rule);
	put_text(to, c->key);
	fprintf(to, "%u %u %llu", c->change, c->told, (unsigned long long)c->at_ms);
	putc('\0', to);
	save_shared(to, &c->want);
	put_text(to, c->json != NULL ? c->json : "");
	put_text(to, c->channel != NULL ? c->channel : "");
	return fclose(to) == 0 ? bytes : NULL;
}

static bool load_text(char **to, const char *text)
{
	*to = text[0] == '\0' ? NULL : strdup(text);
	return text[0] == '\0' || *to != NULL;
}

struct alert_claim *alert_claim_load(const char *bytes, size_t size)
{
	const char *t[8];
	struct alert_claim *c;
	unsigned change, told;
	unsigned long long at;

	if (!split(bytes, size, t, 8) || sscanf(t[4], "%u %u %llu", &change, &told, &at) != 3 ||
	    change >= SUPPRESS_CHANGES || strlen(t[0]) >= ALERT_UID_MAX ||
	    strlen(t[1]) >= ALERT_TOKEN_MAX)
		return NULL;
	c = alert_claim_new(t[2], t[3]);
	if (c == NULL)
		return NULL;
	strcpy(c->uid, t[0]);
	strcpy(c->token, t[1]);
	c->change = (uint8_t)change;
	c->told = told != 0;
	c->at_ms = at;
	if (load_shared(t[5], &c->want) && load_text(&c->json, t[6]) &&
	    load_text(&c->channel, t[7]))
		return c;
	alert_claim_free(c);
	return NULL;
}

char *alert_state_save(
    const char *rule, const char *key, const struct suppress_shared *shared, size_t *size)
{
	char *bytes = NULL;
	FILE *to = open_memstream(&bytes, size);

	if (to == NULL)
		return NULL;
	put_text(to, rule);
	put_text(to, key);
	save_shared(to, shared);
	return fclose(to) == 0 ? bytes : NULL;
}

bool alert_state_load(const char *bytes, size_t size, const char **rule, const char **key,
    struct suppress_shared *shared)
{
	const char *t[3];

	if (!split(bytes, size, t, 3) || !load_shared(t[2], shared))
		return false;
	*rule = t[0];
	*key = t[1];
	return true;
}
