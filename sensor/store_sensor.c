/* The sensor's own hash: who it is, that it lives, what it lost. */
#include "store_private.h"

#include <string.h>
#include <unistd.h>

#ifndef TLSVANE_VERSION
#define TLSVANE_VERSION "unknown"
#endif

static size_t put_text(struct wire *w, const char *name, const char *text)
{
	wire_text(w, name);
	wire_text(w, text);
	return 2;
}

static size_t put_number(struct wire *w, const char *name, uint64_t number)
{
	wire_text(w, name);
	wire_number(w, number);
	return 2;
}

static size_t put_identity(struct store *s, struct wire *w, bool stopping)
{
	uint64_t now = store_wall();
	size_t n = 0;

	n += put_number(w, "heartbeat", now);
	n += put_number(w, "started", s->started_wall_ms);
	n += put_number(w, "stopped", stopping ? now : 0);
	n += put_text(w, "version", TLSVANE_VERSION);
	n += put_text(w, "host", s->host);
	n += put_number(w, "pid", (uint64_t)s->process);
	n += put_text(w, "source", s->source == NULL ? "" : s->source);
	n += put_text(w, "holder", s->token);
	return n;
}

void store_heartbeat(struct store *s, bool stopping)
{
	char key[STORE_KEY_MAX];
	size_t n;

	snprintf(key, sizeof(key), KEY_SENSOR, s->sensor);
	wire_clear(&s->body);
	n = put_identity(s, &s->body, stopping);
	for (size_t i = 0; i < s->number_count; i++)
		n += put_number(&s->body, s->numbers[i].name, s->numbers[i].value);
	wire_command(&s->out, 2 + n);
	wire_text(&s->out, "HSET");
	wire_text(&s->out, key);
	wire_append(&s->out, &s->body);
	store_expect(s, STORE_OP_HEARTBEAT, NULL, 0);
	s->heartbeat_ms = store_clock() + LIMIT_HEARTBEAT_S * 1000u;
}

static void trim_set(struct store *s, const char *key, uint64_t before)
{
	wire_command(&s->out, 4);
	wire_text(&s->out, "ZREMRANGEBYSCORE");
	wire_text(&s->out, key);
	wire_text(&s->out, "-inf");
	wire_number(&s->out, before);
	store_expect(s, STORE_OP_MINOR, NULL, 0);
}

/* Flagged hosts that have not done it for the retention: by the capture's clock, for old files are
 * replayed too. */
void store_trim(struct store *s)
{
	uint64_t latest = tally_latest(s->tally);

	s->trim_ms = store_clock() + STORE_TRIM_MS;
	if (s->retention_ms == 0 || latest <= s->retention_ms)
		return;
	for (unsigned kind = 0; kind < TALLY_KINDS; kind++)
		for (unsigned flag = 0; flag < TALLY_FLAGS; flag++)
			if (store_flag_key(kind, flag) != NULL)
				trim_set(s, store_flag_key(kind, flag), latest - s->retention_ms);
}
