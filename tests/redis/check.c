/*
 * Counts a range of made-up records by itself, in the plainest way, and compares with what a sensor
 * left in Redis: every counter exactly, no counter more, and the sets.
 *
 *   check SOCKET SENSOR PAIRS SERVERS FROM TO
 */
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../parsers/tls_hello.h"
#include "../../parsers/tls_names.h"
#include "synthetic.h"

#define CIPHERS 8
#define DAYS	64
#define SECOND	1000000000u

struct expected {
	uint64_t sessions, version[4], cipher[CIPHERS], outcome[OUTCOMES], side[LEGACY_SIDES];
	uint64_t fallback, stripping, injected, refused;
	uint64_t first, last, legacy, plaintext, downgrade, fallback_last, stripping_last;
};

static uint16_t ciphers[CIPHERS];
static size_t cipher_count;
static int failures;
static redisContext *redis;
static const char *sensor;

static size_t cipher_index(uint16_t code)
{
	for (size_t i = 0; i < cipher_count; i++)
		if (ciphers[i] == code)
			return i;
	ciphers[cipher_count] = code;
	return cipher_count++;
}

static void fail(const char *key, const char *field, const char *got, uint64_t wanted)
{
	if (failures++ < 5)
		printf("%s %s: %s, not %llu\n", key, field, got, (unsigned long long)wanted);
}

static void later(uint64_t *at, uint64_t ms)
{
	if (ms > *at)
		*at = ms;
}

static void expect_flags(struct expected *e, const struct record *r, uint64_t ms, int is_client)
{
	if (r->legacy_side == LEGACY_UNKNOWN ||
	    r->legacy_side == (is_client ? LEGACY_CLIENT : LEGACY_SERVER))
		later(&e->legacy, ms);
	if (r->legacy_side == LEGACY_DOWNGRADE)
		later(&e->downgrade, ms);
	if (r->plaintext_mail == RECORD_TRUE)
		later(&e->plaintext, ms);
	if (r->fallback == RECORD_TRUE)
		later(&e->fallback_last, ms);
	if (r->stripping == RECORD_TRUE)
		later(&e->stripping_last, ms);
}

static void expect(struct expected *e, const struct record *r, int is_client)
{
	uint64_t ms = r->start_ns / 1000000;

	e->outcome[r->outcome]++;
	if (e->first == 0)
		e->first = ms;
	e->last = ms;
	if (r->outcome == OUTCOME_NOT_SMTP)
		return;
	e->sessions++;
	e->side[r->legacy_side]++;
	e->fallback += r->fallback == RECORD_TRUE;
	e->stripping += r->stripping == RECORD_TRUE;
	e->injected += r->starttls_injected == RECORD_TRUE;
	e->refused += r->starttls_reply == 454;
	expect_flags(e, r, ms, is_client);
	if (r->tls_version == 0)
		return;
	e->version[r->tls_version - TLS_VERSION_10]++;
	e->cipher[cipher_index(r->cipher_suite)]++;
}

struct reading {
	const char *key;
	redisReply *reply;
	uint64_t counters; /* fields that are counters */
};

static const char *value_of(const redisReply *reply, const char *field)
{
	for (size_t i = 0; i + 1 < reply->elements; i += 2)
		if (strcmp(reply->element[i]->str, field) == 0)
			return reply->element[i + 1]->str;
	return NULL;
}

static void check_field(struct reading *r, const char *prefix, const char *label, uint64_t wanted)
{
	char field[128];
	const char *value;

	snprintf(field, sizeof(field), "%s%s", prefix, label);
	value = value_of(r->reply, field);
	if (wanted == 0 && value == NULL)
		return;
	r->counters++;
	if (value == NULL || strtoull(value, NULL, 10) != wanted)
		fail(r->key, field, value == NULL ? "absent" : value, wanted);
}

static uint64_t count_counters(const redisReply *reply)
{
	static const char *const prefixes[] = {
	    "sessions", "version:", "cipher:", "outcome:", "legacy_side:", "starttls_reply:"};
	static const char *const names[] = {"fallback", "stripping", "injected"};
	uint64_t counters = 0;

	for (size_t i = 0; i + 1 < reply->elements; i += 2)
		for (size_t p = 0; p < sizeof(prefixes) / sizeof(prefixes[0]); p++)
			counters +=
			    strncmp(reply->element[i]->str, prefixes[p], strlen(prefixes[p])) == 0;
	for (size_t i = 0; i + 1 < reply->elements; i += 2)
		for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++)
			counters += strcmp(reply->element[i]->str, names[n]) == 0;
	return counters;
}

static void check_counters(struct reading *r, const struct expected *e)
{
	char hex[8];

	check_field(r, "sessions", "", e->sessions);
	for (uint16_t i = 0; i < 4; i++)
		check_field(r, "version:", tls_version_label((uint16_t)(TLS_VERSION_10 + i)),
		    e->version[i]);
	for (size_t i = 0; i < cipher_count; i++) {
		const char *name = tls_cipher_suite_name(ciphers[i]);

		snprintf(hex, sizeof(hex), "0x%04X", ciphers[i]);
		check_field(r, "cipher:", name == NULL ? hex : name, e->cipher[i]);
	}
	for (unsigned i = 1; i < OUTCOMES; i++)
		check_field(r, "outcome:", record_outcome_name(i), e->outcome[i]);
	for (unsigned i = 1; i < LEGACY_SIDES; i++)
		check_field(r, "legacy_side:", record_legacy_side_name(i), e->side[i]);
	check_field(r, "fallback", "", e->fallback);
	check_field(r, "stripping", "", e->stripping);
	check_field(r, "injected", "", e->injected);
	check_field(r, "starttls_reply:", "454", e->refused);
}

static void check_hash(const char *key, const struct expected *e, int is_day)
{
	struct reading r = {.key = key, .reply = redisCommand(redis, "HGETALL %s", key)};

	if (r.reply == NULL || r.reply->type != REDIS_REPLY_ARRAY) {
		fail(key, "", r.reply == NULL ? redis->errstr : "no hash", 0);
		return;
	}
	check_counters(&r, e);
	if (!is_day) {
		check_field(&r, "first_seen", "", e->first);
		check_field(&r, "last_seen", "", e->last);
		check_field(&r, "legacy_last", "", e->legacy);
		r.counters = r.counters - (e->first != 0) - (e->last != 0) - (e->legacy != 0);
	}
	if (count_counters(r.reply) != r.counters)
		fail(key, "counters", "more fields than there should be", r.counters);
	freeReplyObject(r.reply);
}

static void check_score(const char *key, const char *member, uint64_t wanted)
{
	redisReply *reply = redisCommand(redis, "ZSCORE %s %s", key, member);
	const char *got =
	    reply != NULL && reply->type == REDIS_REPLY_STRING ? reply->str : "absent";

	if (wanted == 0 ? reply == NULL || reply->type != REDIS_REPLY_NIL
			: strtoull(got, NULL, 10) != wanted)
		fail(key, member, got, wanted);
	freeReplyObject(reply);
}

static void check_hosts(const struct expected *servers, uint64_t server_count,
    const struct expected *clients, uint64_t client_count)
{
	char key[200], text[ADDRESS_TEXT_MAX];
	struct frame_address address;

	for (uint64_t i = 0; i < server_count; i++) {
		synthetic_server(i, &address);
		address_format(&address, text);
		snprintf(key, sizeof(key), "tlsvane:server:{%s}:%s", text, sensor);
		check_hash(key, &servers[i], 0);
		check_score("tlsvane:legacy:servers", text, servers[i].legacy);
		check_score("tlsvane:plaintext:servers", text, servers[i].plaintext);
		check_score("tlsvane:downgrade:servers", text, servers[i].downgrade);
		check_score("tlsvane:fallback:servers", text, servers[i].fallback_last);
		check_score("tlsvane:stripping:servers", text, servers[i].stripping_last);
	}
	for (uint64_t i = 0; i < client_count; i++) {
		synthetic_client(i, &address);
		address_format(&address, text);
		snprintf(key, sizeof(key), "tlsvane:client:{%s}:%s", text, sensor);
		if (clients[i].first != 0)
			check_hash(key, &clients[i], 0);
		check_score("tlsvane:legacy:clients", text, clients[i].legacy);
		check_score("tlsvane:plaintext:clients", text, clients[i].plaintext);
		check_score("tlsvane:fallback:clients", text, clients[i].fallback_last);
		check_score("tlsvane:stripping:clients", text, clients[i].stripping_last);
	}
}

/* A pair's legacy_last is of either side. */
static void check_pairs(struct expected *pairs, const struct synthetic *shape)
{
	char key[200], server[ADDRESS_TEXT_MAX], client[ADDRESS_TEXT_MAX];
	struct frame_address address;

	for (uint64_t i = 0; i < shape->pairs; i++) {
		if (pairs[i].first == 0)
			continue;
		synthetic_server(i % shape->servers, &address);
		address_format(&address, server);
		synthetic_client(i / shape->servers, &address);
		address_format(&address, client);
		snprintf(key, sizeof(key), "tlsvane:pair:{%s}:%s:%s", server, client, sensor);
		check_hash(key, &pairs[i], 0);
		snprintf(key, sizeof(key), "tlsvane:clients-of:{%s}", server);
		check_score(key, client, pairs[i].last);
		snprintf(key, sizeof(key), "tlsvane:servers-of:{%s}", client);
		check_score(key, server, pairs[i].last);
	}
}

static void check_days(const struct expected *days, uint64_t first_day)
{
	char key[200], date[16];

	for (uint64_t i = 0; i < DAYS; i++) {
		time_t at = (time_t)((first_day + i) * 86400);

		if (days[i].first == 0)
			continue;
		strftime(date, sizeof(date), "%Y-%m-%d", gmtime(&at));
		snprintf(key, sizeof(key), "tlsvane:day:%s:%s", date, sensor);
		check_hash(key, &days[i], 1);
	}
}

static uint64_t day_of(const struct record *r)
{
	return r->start_ns / SECOND / 86400;
}

static void check_all(const struct synthetic *shape, uint64_t from, uint64_t to)
{
	uint64_t client_count = (shape->pairs + shape->servers - 1) / shape->servers, first_day;
	struct expected *pairs = calloc(shape->pairs, sizeof(*pairs));
	struct expected *servers = calloc(shape->servers, sizeof(*servers));
	struct expected *clients = calloc(client_count, sizeof(*clients));
	struct expected *days = calloc(DAYS, sizeof(*days));
	struct record r;

	synthetic_record(shape, from, &r);
	first_day = day_of(&r);
	for (uint64_t i = from; i < to; i++) {
		uint64_t pair = i % shape->pairs;

		synthetic_record(shape, i, &r);
		expect(&days[day_of(&r) - first_day], &r, 0);
		expect(&servers[pair % shape->servers], &r, 0);
		if (r.outcome == OUTCOME_NOT_SMTP)
			continue;
		expect(&clients[pair / shape->servers], &r, 1);
		expect(&pairs[pair], &r, 0);
		expect_flags(&pairs[pair], &r, r.start_ns / 1000000, 1);
	}
	check_pairs(pairs, shape);
	check_hosts(servers, shape->servers, clients, client_count);
	check_days(days, first_day);
	free(pairs);
	free(servers);
	free(clients);
	free(days);
}

int main(int argc, char **argv)
{
	struct synthetic shape;

	if (argc != 7)
		return 2;
	sensor = argv[2];
	shape = (struct synthetic){strtoull(argv[3], NULL, 10), strtoull(argv[4], NULL, 10)};
	redis = redisConnectUnix(argv[1]);
	if (redis == NULL || redis->err != 0) {
		printf("check: no Redis at %s\n", argv[1]);
		return 2;
	}
	check_all(&shape, strtoull(argv[5], NULL, 10), strtoull(argv[6], NULL, 10));
	if (failures > 5)
		printf("... %d differences in all\n", failures);
	redisFree(redis);
	return failures == 0 ? 0 : 1;
}
