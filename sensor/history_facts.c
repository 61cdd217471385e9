/* What is known of one host or pair. Everything but the numbers of sessions can be merged twice. */
#include "history_facts.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

#include "../parsers/tls_hello.h"
#include "../parsers/tls_names.h"
#include "store_wire.h"

#define NS_PER_MS 1000000u
#define HOUR_MS	  3600000u

static const uint16_t versions[FACTS_VERSIONS] = {TLS_VERSION_SSL2, TLS_VERSION_SSL3,
    TLS_VERSION_10, TLS_VERSION_11, TLS_VERSION_12, TLS_VERSION_13}; /* from the worst */

static const char *const fields[] = {
    "first_seen", "last_seen", "sessions", "legacy_last", "plaintext_last"};
#define FIELDS (sizeof(fields) / sizeof(fields[0]))

static size_t version_index(uint16_t version)
{
	size_t i = 0;

	while (i < FACTS_VERSIONS && versions[i] != version)
		i++;
	return i;
}

static void earlier(uint64_t *at, uint64_t ms)
{
	if (ms != 0 && (*at == 0 || ms < *at))
		*at = ms;
}

static void later(uint64_t *at, uint64_t ms)
{
	if (ms > *at)
		*at = ms;
}

static void note_version(struct facts *f, uint16_t version, uint64_t first, uint64_t last)
{
	size_t i = version_index(version);

	if (i == FACTS_VERSIONS)
		return;
	earlier(&f->version_first_ms[i], first);
	later(&f->version_last_ms[i], last);
}

void facts_from_tally(struct facts *f, const struct tally_entry *e)
{
	if (e == NULL)
		return;
	earlier(&f->first_ms, e->first_ms);
	later(&f->last_ms, e->last_ms);
	later(&f->legacy_ms, e->flag_ms[TALLY_LEGACY]);
	later(&f->plaintext_ms, e->flag_ms[TALLY_PLAINTEXT]);
	for (size_t i = 0; i < e->count; i++) {
		const struct tally_counter *c = &e->counters[i];
		unsigned name = (unsigned)(e->ids[i] >> TALLY_CODE_BITS);
		uint64_t code = e->ids[i] & TALLY_CODE_MASK;

		if (name == TALLY_NAME_SESSIONS)
			later(&f->sessions_own, c->absolute + c->seen);
		if (name == TALLY_NAME_VERSION && code <= UINT16_MAX)
			note_version(f, (uint16_t)code, c->first_ms, c->last_ms);
	}
}

void facts_put_question(struct wire *w, const char *key)
{
	char field[TALLY_FIELD_MAX];

	wire_command(w, 2 + FIELDS + 2 * FACTS_VERSIONS);
	wire_text(w, "HMGET");
	wire_text(w, key);
	for (size_t i = 0; i < FIELDS; i++)
		wire_text(w, fields[i]);
	for (size_t i = 0; i < FACTS_VERSIONS; i++) {
		snprintf(field, sizeof(field), "version_first:%s", tls_version_label(versions[i]));
		wire_text(w, field);
		snprintf(field, sizeof(field), "version_last:%s", tls_version_label(versions[i]));
		wire_text(w, field);
	}
}

static uint64_t number(const redisReply *reply, size_t i)
{
	const redisReply *value = reply->element[i];

	return value->type == REDIS_REPLY_STRING ? strtoull(value->str, NULL, 10) : 0;
}

void facts_from_redis(struct facts *f, const redisReply *reply, bool own)
{
	if (reply->elements != FIELDS + 2 * FACTS_VERSIONS)
		return;
	earlier(&f->first_ms, number(reply, 0));
	later(&f->last_ms, number(reply, 1));
	if (own)
		later(&f->sessions_own, number(reply, 2));
	else
		f->sessions_others += number(reply, 2);
	later(&f->legacy_ms, number(reply, 3));
	later(&f->plaintext_ms, number(reply, 4));
	for (size_t i = 0; i < FACTS_VERSIONS; i++)
		note_version(f, versions[i], number(reply, FIELDS + 2 * i),
		    number(reply, FIELDS + 2 * i + 1));
}

static void note_hour(struct facts *f, uint64_t ms)
{
	uint64_t hour = ms / HOUR_MS;

	if (hour > f->hour) {
		uint64_t steps = hour - f->hour < FACTS_HOURS ? hour - f->hour : FACTS_HOURS;

		for (uint64_t i = 0; i < steps; i++)
			f->in_hour[(hour - i) % FACTS_HOURS] = 0;
		f->hour = hour;
	}
	if (f->hour - hour < FACTS_HOURS)
		f->in_hour[hour % FACTS_HOURS]++;
}

static uint64_t in_24h(const struct facts *f, uint64_t now_ms)
{
	uint64_t now = now_ms / HOUR_MS, sum = 0;

	for (uint64_t i = 0; i < FACTS_HOURS && i <= f->hour; i++)
		if (f->hour - i + FACTS_HOURS > now)
			sum += f->in_hour[(f->hour - i) % FACTS_HOURS];
	return sum;
}

static bool is_to_blame(const struct record *r, unsigned kind)
{
	unsigned side = record_is_legacy(r) ? r->legacy_side : LEGACY_NONE;

	return side == LEGACY_UNKNOWN || (side == LEGACY_SERVER && kind != TALLY_CLIENT) ||
	       (side == LEGACY_CLIENT && kind != TALLY_SERVER);
}

void facts_note(struct facts *f, const struct record *r, unsigned kind)
{
	uint64_t ms = r->start_ns / NS_PER_MS;

	if (r->outcome == OUTCOME_NOT_SMTP)
		return;
	earlier(&f->first_ms, ms);
	later(&f->last_ms, ms);
	f->sessions_own++;
	note_hour(f, ms);
	if (is_to_blame(r, kind))
		later(&f->legacy_ms, ms);
	if (record_is_clear(r))
		later(&f->plaintext_ms, ms);
	if (r->tls_version != 0)
		note_version(f, r->tls_version, ms, ms);
}

uint16_t facts_best_version(const struct facts *f)
{
	for (size_t i = FACTS_VERSIONS; i > 0; i--)
		if (f->version_last_ms[i - 1] != 0)
			return versions[i - 1];
	return 0;
}

static uint16_t last_version(const struct facts *f)
{
	size_t last = 0;

	for (size_t i = 1; i < FACTS_VERSIONS; i++)
		if (f->version_last_ms[i] >= f->version_last_ms[last])
			last = i;
	return f->version_last_ms[last] == 0 ? 0 : versions[last];
}

static uint64_t version_bits(const struct facts *f)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < FACTS_VERSIONS; i++)
		if (f->version_last_ms[i] != 0)
			bits |= rules_version_bit(versions[i]);
	return bits;
}

static uint64_t legacy_since(const struct facts *f)
{
	uint64_t since = 0;

	for (size_t i = 0; i < FACTS_VERSIONS && versions[i] != TLS_VERSION_12; i++)
		earlier(&since, f->version_first_ms[i]);
	return since;
}

static const struct {
	const char *name;
	enum { GIVE_TIME, GIVE_TRUE, GIVE_COUNT, GIVE_CODE, GIVE_BITS } as;
	enum {
		OF_KNOWN,
		OF_FIRST,
		OF_LAST,
		OF_SESSIONS,
		OF_24H,
		OF_VERSIONS,
		OF_BEST,
		OF_LAST_VERSION,
		OF_ENCRYPTED,
		OF_LEGACY_SINCE,
		OF_LEGACY,
		OF_PLAINTEXT
	} of;
} rows[] = {
    {"known", GIVE_TRUE, OF_KNOWN},
    {"first_seen", GIVE_TIME, OF_FIRST},
    {"last_seen", GIVE_TIME, OF_LAST},
    {"sessions", GIVE_COUNT, OF_SESSIONS},
    {"sessions_24h", GIVE_COUNT, OF_24H},
    {"versions", GIVE_BITS, OF_VERSIONS},
    {"best_version", GIVE_CODE, OF_BEST},
    {"last_version", GIVE_CODE, OF_LAST_VERSION},
    {"was_encrypted", GIVE_TRUE, OF_ENCRYPTED},
    {"legacy_since", GIVE_TIME, OF_LEGACY_SINCE},
    {"legacy_last", GIVE_TIME, OF_LEGACY},
    {"plaintext_last", GIVE_TIME, OF_PLAINTEXT},
};

static uint64_t fact(const struct facts *f, unsigned of, uint64_t now_ms)
{
	switch (of) {
	case OF_FIRST:
		return f->first_ms;
	case OF_LAST:
		return f->last_ms;
	case OF_SESSIONS:
		return f->sessions_own + f->sessions_others;
	case OF_24H:
		return in_24h(f, now_ms);
	case OF_VERSIONS:
		return version_bits(f);
	case OF_BEST:
		return facts_best_version(f);
	case OF_LAST_VERSION:
		return last_version(f);
	case OF_ENCRYPTED:
		return facts_best_version(f) != 0;
	case OF_LEGACY_SINCE:
		return legacy_since(f);
	case OF_LEGACY:
		return f->legacy_ms;
	case OF_PLAINTEXT:
		return f->plaintext_ms;
	default:
		return f->first_ms != 0;
	}
}

/* A "yes" is sure at once, a "never" only when everybody was asked; a number is neither. */
bool facts_answer(const struct facts *f, const char *name, bool complete, uint64_t now_ms,
    struct rules_value *value)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(rows[i].name, name) != 0)
			continue;
		value->number = fact(f, rows[i].of, now_ms);
		if (rows[i].as == GIVE_TRUE)
			return complete || value->number != 0;
		if (rows[i].as == GIVE_TIME)
			value->number *= NS_PER_MS;
		if (rows[i].as == GIVE_TIME || rows[i].as == GIVE_CODE)
			return complete && value->number != 0;
		return complete;
	}
	return false;
}
