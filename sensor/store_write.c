/*
 * Entries to commands. An entry is always written whole, as one HSET: so a write also heals a key
 * that was evicted or lost. The sets of peers and flagged hosts follow by ZADD GT, which repeats
 * without harm too.
 */
#include "store_private.h"

#include <string.h>

/* Whom an entry is about, as text. */
struct subject {
	char server[TALLY_SUBJECT_MAX]; /* a day's date */
	char client[TALLY_SUBJECT_MAX];
};

static void key_of(const struct store *s, const struct tally_entry *e,
    const struct subject *subject, char key[STORE_KEY_MAX])
{
	const char *server = subject->server, *client = subject->client;

	switch (e->kind) {
	case TALLY_PAIR:
		store_fill_key(key, KEY_PAIR, (const char *const[]){server, client, s->sensor});
		break;
	case TALLY_SERVER:
		store_fill_key(key, KEY_SERVER, (const char *const[]){server, s->sensor});
		break;
	case TALLY_CLIENT:
		store_fill_key(key, KEY_CLIENT, (const char *const[]){client, s->sensor});
		break;
	default:
		store_fill_key(key, KEY_DAY, (const char *const[]){server, s->sensor});
	}
}

void store_key(const struct store *s, const struct tally_entry *e, char key[STORE_KEY_MAX])
{
	struct subject subject;

	tally_entry_subject(e, subject.server, subject.client);
	key_of(s, e, &subject, key);
}

static const char *const flag_keys[TALLY_KINDS][TALLY_FLAGS] = {
    [TALLY_SERVER] = {[TALLY_LEGACY] = KEY_LEGACY_SERVERS,
	[TALLY_PLAINTEXT] = KEY_PLAINTEXT_SERVERS,
	[TALLY_DOWNGRADE] = KEY_DOWNGRADE_SERVERS,
	[TALLY_FALLBACK] = KEY_FALLBACK_SERVERS,
	[TALLY_STRIPPING] = KEY_STRIPPING_SERVERS},
    [TALLY_CLIENT] = {[TALLY_LEGACY] = KEY_LEGACY_CLIENTS,
	[TALLY_PLAINTEXT] = KEY_PLAINTEXT_CLIENTS,
	[TALLY_FALLBACK] = KEY_FALLBACK_CLIENTS,
	[TALLY_STRIPPING] = KEY_STRIPPING_CLIENTS},
};

const char *store_flag_key(unsigned kind, unsigned flag)
{
	return flag_keys[kind][flag];
}

void store_operation_key(
    const struct store *s, unsigned operation, const struct tally_entry *e, char key[STORE_KEY_MAX])
{
	char first[TALLY_SUBJECT_MAX], second[TALLY_SUBJECT_MAX];

	tally_entry_subject(e, first, second);
	if (operation >= STORE_OP_FLAG)
		snprintf(key, STORE_KEY_MAX, "%s", flag_keys[e->kind][operation - STORE_OP_FLAG]);
	else if (operation == STORE_OP_CLIENTS_OF)
		store_fill_key(key, KEY_CLIENTS_OF, (const char *const[]){first});
	else if (operation == STORE_OP_SERVERS_OF)
		store_fill_key(key, KEY_SERVERS_OF, (const char *const[]){second});
	else
		store_key(s, e, key);
}

static void expect_of(struct store *s, struct tally_entry *e, unsigned operation, size_t fields)
{
	store_expect(s, operation, e, fields);
	e->replies++;
}

static void ask_base(struct store *s, struct tally_entry *e)
{
	char key[STORE_KEY_MAX];

	store_key(s, e, key);
	wire_command(&s->out, 2);
	wire_text(&s->out, "HGETALL");
	wire_text(&s->out, key);
	expect_of(s, e, STORE_OP_BASE, 0);
}

struct fields {
	struct wire *wire;
	size_t count;
};

static void put_field(
    void *to, const char *name, size_t name_length, const char *value, size_t value_length)
{
	struct fields *f = to;

	wire_argument(f->wire, name, name_length);
	wire_argument(f->wire, value, value_length);
	f->count++;
}

static void put_hash(struct store *s, struct tally_entry *e, const char *key)
{
	struct fields fields = {&s->body, 0};

	wire_clear(&s->body);
	tally_entry_fields(e, TALLY_TOTALS, put_field, &fields);
	wire_command(&s->out, 2 + 2 * fields.count);
	wire_text(&s->out, "HSET");
	wire_text(&s->out, key);
	wire_append(&s->out, &s->body);
	expect_of(s, e, STORE_OP_HASH, fields.count);
}

static void put_ranked(struct store *s, struct tally_entry *e, unsigned operation, const char *key,
    const char *member, uint64_t ms)
{
	wire_command(&s->out, 5);
	wire_text(&s->out, "ZADD");
	wire_text(&s->out, key);
	wire_text(&s->out, "GT");
	wire_number(&s->out, ms);
	wire_text(&s->out, member);
	expect_of(s, e, operation, 0);
}

static void put_peers(struct store *s, struct tally_entry *e, const struct subject *subject)
{
	const char *server = subject->server, *client = subject->client;
	char key[STORE_KEY_MAX];

	store_fill_key(key, KEY_CLIENTS_OF, (const char *const[]){server});
	put_ranked(s, e, STORE_OP_CLIENTS_OF, key, client, e->last_ms);
	store_fill_key(key, KEY_SERVERS_OF, (const char *const[]){client});
	put_ranked(s, e, STORE_OP_SERVERS_OF, key, server, e->last_ms);
}

static void put_flags(struct store *s, struct tally_entry *e, const char *host)
{
	for (unsigned flag = 0; flag < TALLY_FLAGS; flag++) {
		const char *key = flag_keys[e->kind][flag];

		if (key != NULL && e->flags_due & 1u << flag && e->flag_ms[flag] != 0)
			put_ranked(s, e, STORE_OP_FLAG + flag, key, host, e->flag_ms[flag]);
	}
	e->flags_due = 0;
}

static void put_expiry(struct store *s, const char *key)
{
	wire_command(&s->out, 3);
	wire_text(&s->out, "PEXPIRE");
	wire_text(&s->out, key);
	wire_number(&s->out, s->retention_ms + s->retention_ms / 16 + 1);
	store_expect(s, STORE_OP_MINOR, NULL, 0);
}

/* The set of a host's peers lives as long as the host; peers not seen for the retention leave it.
 */
static void put_peers_expiry(struct store *s, const struct tally_entry *e)
{
	char key[STORE_KEY_MAX];
	uint64_t latest = tally_latest(s->tally);

	store_operation_key(
	    s, e->kind == TALLY_SERVER ? STORE_OP_CLIENTS_OF : STORE_OP_SERVERS_OF, e, key);
	put_expiry(s, key);
	if (e->written_ms == 0 || latest <= s->retention_ms)
		return;
	wire_command(&s->out, 4);
	wire_text(&s->out, "ZREMRANGEBYSCORE");
	wire_text(&s->out, key);
	wire_text(&s->out, "-inf");
	wire_number(&s->out, latest - s->retention_ms);
	store_expect(s, STORE_OP_MINOR, NULL, 0);
}

/* Its time to live is set again only when a sixteenth of it is over, and is longer by so much. */
static void put_expiries(struct store *s, struct tally_entry *e, const char *key)
{
	uint64_t now = store_clock();

	if (s->retention_ms == 0 ||
	    (e->expires_ms != 0 && now - e->expires_ms <= s->retention_ms / 16))
		return;
	put_expiry(s, key);
	if (e->kind == TALLY_SERVER || e->kind == TALLY_CLIENT)
		put_peers_expiry(s, e);
	e->expires_ms = now;
}

static void put_entry(struct store *s, struct tally_entry *e)
{
	struct subject subject;
	char key[STORE_KEY_MAX];

	e->changed = false;
	store_save_totals(s, e);
	tally_entry_subject(e, subject.server, subject.client);
	key_of(s, e, &subject, key);
	put_hash(s, e, key);
	if (e->kind == TALLY_PAIR)
		put_peers(s, e, &subject);
	put_flags(s, e, e->kind == TALLY_SERVER ? subject.server : subject.client);
	put_expiries(s, e, key);
}

static void begin(struct store *s, struct tally_entry *e)
{
	tally_move(s->tally, e, TALLY_BUSY, false);
	e->failed = e->foreign = false;
	e->replies = 0;
	if (e->based) {
		put_entry(s, e);
		return;
	}
	if (e->held)
		s->rebasing++;
	ask_base(s, e);
}

static void fill_entries(struct store *s)
{
	while (s->ring_count + STORE_ENTRY_MAX <= STORE_RING &&
	       wire_waiting(&s->out) < STORE_WIRE_MAX) {
		struct tally_entry *e = tally_first(s->tally, TALLY_SPOOLED);

		if (e == NULL)
			e = tally_first(s->tally, TALLY_READY);
		if (e == NULL)
			e = tally_first(s->tally, TALLY_DIRTY);
		if (e == NULL)
			return;
		begin(s, e);
	}
}

static void ask_lease(struct store *s)
{
	if (s->lease_asked)
		return;
	s->lease_asked = true;
	store_lease_swap(s, s->token);
	store_expect(s, STORE_OP_LEASE, NULL, 0);
}

static void fill_periodic(struct store *s, uint64_t now)
{
	if (now >= s->heartbeat_ms) {
		ask_lease(s);
		store_heartbeat(s, false);
		if (s->retention_ms != 0 && now > s->retention_ms + s->retention_ms / 8)
			tally_forget(s->tally, now - s->retention_ms - s->retention_ms / 8);
	}
	if (now >= s->trim_ms)
		store_trim(s);
	if (now >= s->aside_ms)
		store_retry_aside(s);
}

void store_fill(struct store *s)
{
	uint64_t now = store_clock();

	if (s->ring_count + STORE_ENTRY_MAX > STORE_RING)
		return;
	fill_periodic(s, now);
	if (!store_lease_sure(s)) {
		ask_lease(s); /* we were asleep for long: somebody else may write by now */
		return;
	}
	if (!store_fill_asks(s))
		return;
	store_spool_rebase(s);
	if (s->state == STORE_READY && now >= s->pause_ms)
		fill_entries(s);
}
