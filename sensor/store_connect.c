/*
 * From the first byte to STORE_READY: log in, look whether this Redis is ours, take the lease, say
 * hello. A step is one command and what its reply leads to; every connection goes through all of
 * them.
 */
#include "store_private.h"

#include <stdlib.h>
#include <string.h>

#define STEP_FAILED -1 /* the connection was dropped, or the store is over */

/* Sends its command and returns true, or false where there is nothing to ask. */
typedef bool step_send(struct store *s);
/* Returns 0, or STEP_FAILED. Errors of Redis do not get here, but for `tolerant` steps. */
typedef int step_take(struct store *s, const redisReply *reply);

static void put2(struct store *s, const char *a, const char *b)
{
	wire_command(&s->out, 2);
	wire_text(&s->out, a);
	wire_text(&s->out, b);
}

static bool send_auth(struct store *s)
{
	if (s->url.password[0] == '\0')
		return false;
	wire_command(&s->out, s->url.user[0] == '\0' ? 2 : 3);
	wire_text(&s->out, "AUTH");
	if (s->url.user[0] != '\0')
		wire_text(&s->out, s->url.user);
	wire_text(&s->out, s->url.password);
	return true;
}

static bool send_select(struct store *s)
{
	if (s->url.database == 0)
		return false;
	wire_command(&s->out, 2);
	wire_text(&s->out, "SELECT");
	wire_number(&s->out, s->url.database);
	return true;
}

static int take_nothing(struct store *s, const redisReply *reply)
{
	(void)s;
	(void)reply;
	return 0;
}

static bool send_schema(struct store *s)
{
	put2(s, "GET", KEY_SCHEMA);
	return true;
}

static int take_schema(struct store *s, const redisReply *reply)
{
	if (reply->type != REDIS_REPLY_STRING || strcmp(reply->str, STORE_SCHEMA) == 0)
		return 0;
	store_trouble_say(s, "schema",
	    "Redis %s: " KEY_SCHEMA " is %.20s, this program writes schema " STORE_SCHEMA
	    ": use the tlsvane that fits it, or another database (redis://host:port/1)",
	    s->where, reply->str);
	store_trouble_over(s);
	return STEP_FAILED;
}

static bool send_info(struct store *s)
{
	put2(s, "INFO", "server");
	return true;
}

/* Another run of Redis may have lost what the last one acknowledged (its append-only file is synced
 * once a second; a replica that took over may lag): everything in memory is written again. */
static int take_info(struct store *s, const redisReply *reply)
{
	const char *at = reply->type == REDIS_REPLY_STRING ? strstr(reply->str, "run_id:") : NULL;
	char run_id[STORE_RUN_ID_MAX] = "";

	if (at != NULL)
		snprintf(run_id, sizeof(run_id), "%.*s", (int)strcspn(at + 7, "\r\n"), at + 7);
	if (run_id[0] == '\0' || strcmp(run_id, s->run_id) != 0)
		s->doubt = true;
	strcpy(s->run_id, run_id);
	return 0;
}

static bool send_lease_set(struct store *s)
{
	s->lease_taken = false;
	store_lease_set(s);
	return true;
}

static int take_lease_set(struct store *s, const redisReply *reply)
{
	s->lease_taken = reply->type == REDIS_REPLY_STATUS;
	return 0;
}

static bool send_lease_get(struct store *s)
{
	char key[STORE_KEY_MAX];

	if (s->lease_taken)
		return false;
	snprintf(key, sizeof(key), KEY_LEASE, s->sensor);
	put2(s, "GET", key);
	return true;
}

static int take_lease_get(struct store *s, const redisReply *reply)
{
	if (reply->type != REDIS_REPLY_STRING) { /* it ran out between the two looks */
		store_drop(s, true);
		return STEP_FAILED;
	}
	snprintf(s->holder, sizeof(s->holder), "%s", reply->str);
	if (strcmp(s->holder, s->token) == 0 || store_holder_dead(s, s->holder))
		return 0;
	store_lease_refuse(s, s->holder);
	return STEP_FAILED;
}

static bool send_lease_swap(struct store *s)
{
	if (s->lease_taken)
		return false;
	store_lease_swap(s, s->holder);
	return true;
}

static int take_lease_swap(struct store *s, const redisReply *reply)
{
	s->lease_taken = reply->type == REDIS_REPLY_INTEGER && reply->integer == 1;
	if (s->lease_taken)
		return 0;
	store_drop(s, true); /* somebody was quicker: look again */
	return STEP_FAILED;
}

static bool send_holder(struct store *s)
{
	char key[STORE_KEY_MAX];

	snprintf(key, sizeof(key), KEY_SENSOR, s->sensor);
	wire_command(&s->out, 4);
	wire_text(&s->out, "HMGET");
	wire_text(&s->out, key);
	wire_text(&s->out, "holder");
	wire_text(&s->out, "started");
	return true;
}

/*
 * Our lease ran out and is ours again. If somebody wrote in between, our absolute values are no
 * longer true. One that started before us did not: it stands there because Redis came back older
 * than it was.
 */
static int take_holder(struct store *s, const redisReply *reply)
{
	const redisReply *holder, *started;

	if (!s->lease_once || reply->type != REDIS_REPLY_ARRAY || reply->elements != 2)
		return 0;
	holder = reply->element[0];
	started = reply->element[1];
	if (holder->type != REDIS_REPLY_STRING || strcmp(holder->str, s->token) == 0 ||
	    started->type != REDIS_REPLY_STRING ||
	    strtoull(started->str, NULL, 10) <= s->started_wall_ms)
		return 0;
	snprintf(s->holder, sizeof(s->holder), "%s", holder->str);
	store_lease_refuse(s, s->holder);
	return STEP_FAILED;
}

static bool send_claim(struct store *s)
{
	wire_command(&s->out, 4);
	wire_text(&s->out, "SET");
	wire_text(&s->out, KEY_SCHEMA);
	wire_text(&s->out, STORE_SCHEMA);
	wire_text(&s->out, "NX");
	return true;
}

static bool send_name(struct store *s)
{
	wire_command(&s->out, 3);
	wire_text(&s->out, "SADD");
	wire_text(&s->out, KEY_SENSORS);
	wire_text(&s->out, s->sensor);
	return true;
}

static int take_name(struct store *s, const redisReply *reply)
{
	(void)reply;
	s->lease_ms = s->lease_sent_ms;
	s->lease_once = true;
	return 0;
}

static const struct step {
	step_send *send;
	step_take *take;
	bool tolerant; /* goes on without an answer */
} steps[] = {
    {send_auth, take_nothing, false},
    {send_select, take_nothing, false},
    {send_schema, take_schema, false},
    {send_info, take_info, true},
    {send_lease_set, take_lease_set, false},
    {send_lease_get, take_lease_get, false},
    {send_lease_swap, take_lease_swap, false},
    {send_holder, take_holder, false},
    {send_claim, take_nothing, false},
    {send_name, take_name, false},
};

#define STEPS (sizeof(steps) / sizeof(steps[0]))

static void become_ready(struct store *s)
{
	s->state = STORE_READY;
	store_address_answered(s);
	s->lease_asked = false;
	s->heartbeat_ms = 0; /* at once: it carries `holder` */
	if (s->doubt)
		tally_doubt(s->tally);
	s->doubt = false;
	store_retry_aside(s);
	store_heartbeat(s, false);
	store_trim(s);
}

/* Sends the command of the next step that has one. */
static void go_on(struct store *s)
{
	for (; s->step < STEPS; s->step++) {
		if (!steps[s->step].send(s))
			continue;
		store_expect(s, STORE_OP_STEP, NULL, 0);
		return;
	}
	become_ready(s);
}

void store_step_reply(struct store *s, const redisReply *reply)
{
	const struct step *step = &steps[s->step];

	if (reply->type == REDIS_REPLY_ERROR && !step->tolerant) {
		store_trouble_reply(s, reply->str, NULL);
		return;
	}
	if (step->take(s, reply) != 0)
		return;
	s->step++;
	go_on(s);
}

static void open_connection(struct store *s, const char **error)
{
	const char *address = NULL;

	if (s->url.host[0] != '\0' && (address = store_address(s, error)) == NULL)
		return;
	s->redis = address == NULL ? redisConnectUnixNonBlock(s->url.path)
				   : redisConnectNonBlock(address, s->url.port);
	*error = s->redis == NULL     ? "memory is short"
		 : s->redis->err != 0 ? s->redis->errstr
				      : NULL;
}

void store_dial(struct store *s)
{
	const char *error;

	s->connects++;
	open_connection(s, &error);
	if (error != NULL) {
		store_trouble_away(s, "connect", error);
		store_drop(s, false);
		return;
	}
	s->state = STORE_HELLO;
	s->answered = false;
	s->step = 0;
	go_on(s);
}

void store_drop(struct store *s, bool at_once)
{
	struct tally_entry *e;

	if (s->redis != NULL)
		redisFree(s->redis);
	s->redis = NULL;
	s->state = STORE_AWAY;
	wire_clear(&s->out);
	s->ring_first = s->ring_count = 0;
	s->rebasing = 0;
	store_drop_asks(s);
	while ((e = tally_first(s->tally, TALLY_BUSY)) != NULL)
		store_entry_again(s, e);
	if (at_once)
		s->retry_ms = 0;
	else
		store_backoff(s, &s->retry_ms);
}
