/* One entry of the tally: counters, names, flags and the last legacy session. The fast path of a
 * replay. */
#include "tally_entry.h"

#include <stdlib.h>
#include <string.h>

#include "../parsers/tls_hello.h"
#include "../parsers/tls_names.h"
#include "limits.h"

/* The record without its texts: they stand in the server's and client's own fields. */
#define HEAD_SIZE offsetof(struct record, protocol)

struct tally_evidence {
	unsigned references;
	char *json; /* from a spool; NULL: the record */
	unsigned char head[HEAD_SIZE];
};

struct tally_evidence *tally_evidence_new(const struct record *r)
{
	struct tally_evidence *evidence = malloc(sizeof(*evidence));

	if (evidence == NULL)
		return NULL;
	evidence->references = 1;
	evidence->json = NULL;
	memcpy(evidence->head, r, HEAD_SIZE);
	return evidence;
}

struct tally_evidence *tally_evidence_from_json(const char *json)
{
	struct tally_evidence *evidence = calloc(1, sizeof(*evidence));

	if (evidence == NULL)
		return NULL;
	evidence->references = 1;
	evidence->json = strdup(json);
	if (evidence->json == NULL) {
		free(evidence);
		return NULL;
	}
	return evidence;
}

void tally_evidence_release(struct tally_evidence *evidence)
{
	if (evidence == NULL || --evidence->references > 0)
		return;
	free(evidence->json);
	free(evidence);
}

const char *tally_evidence_json(struct tally_evidence *evidence)
{
	static char line[4096]; /* a record without texts is below 1 KB */
	struct record r;
	FILE *to;

	if (evidence->json != NULL)
		return evidence->json;
	to = fmemopen(line, sizeof(line), "w");
	if (to == NULL)
		return NULL;
	record_init(&r);
	memcpy((unsigned char *)&r, evidence->head, HEAD_SIZE);
	record_write_json(to, &r);
	fclose(to);
	line[strcspn(line, "\n")] = '\0';
	return line;
}

void tally_entry_set_evidence(struct tally_entry *e, struct tally_evidence *evidence, uint64_t ms)
{
	if (ms < e->evidence_ms)
		return;
	evidence->references++;
	tally_evidence_release(e->evidence);
	e->evidence = evidence;
	e->evidence_ms = ms;
}

void tally_entry_clear(struct tally_entry *e)
{
	tally_evidence_release(e->evidence);
	for (size_t i = 0; i < TALLY_TEXTS; i++)
		free(e->texts[i]);
	free(e->counters);
}

/* A number that IANA gave no name: a hostile peer can show us any of them. */
static bool is_nameless(uint64_t id)
{
	unsigned name = (unsigned)(id >> TALLY_CODE_BITS);
	uint64_t code = id & TALLY_CODE_MASK;

	if (code == TALLY_CODE_OTHER)
		return false;
	if (name == TALLY_NAME_CIPHER)
		return tls_cipher_suite_name((uint16_t)code) == NULL;
	return name == TALLY_NAME_VERSION && tls_version_label((uint16_t)code) == NULL;
}

static bool is_class(uint64_t id)
{
	return id >> TALLY_CODE_BITS == TALLY_NAME_CLASS;
}

/* Room for one more counter of a kind that strangers could make any number of. */
static bool has_room(const struct tally_entry *e, uint64_t id)
{
	unsigned nameless = 0, classes = 0;

	for (size_t i = 0; i < e->count; i++) {
		classes += is_class(e->ids[i]);
		nameless +=
		    e->ids[i] >> TALLY_CODE_BITS == id >> TALLY_CODE_BITS && is_nameless(e->ids[i]);
	}
	if (is_class(id))
		return classes < LIMIT_TALLY_CLASSES;
	return !is_nameless(id) || nameless < LIMIT_TALLY_NAMES;
}

/* Brings a counter half-way to the front: a server may have hundreds, and few of them are hot. */
static size_t promote(struct tally_entry *e, size_t from)
{
	size_t to = from / 2;
	struct tally_counter counter = e->counters[from];
	uint64_t id = e->ids[from];

	e->counters[from] = e->counters[to];
	e->ids[from] = e->ids[to];
	e->counters[to] = counter;
	e->ids[to] = id;
	return to;
}

static struct tally_counter *find_counter(struct tally_entry *e, uint64_t id)
{
	const uint64_t *ids = e->ids;

	for (size_t i = 0, count = e->count; i < count; i++)
		if (ids[i] == id)
			return &e->counters[i < 16 ? i : promote(e, i)];
	return NULL;
}

/* Counters and their ids share one block. */
static bool grow_counters(struct tally_entry *e)
{
	size_t room = e->room == 0 ? 6 : e->room + e->room / 2u;
	struct tally_counter *grown;
	uint64_t *ids;

	if (room > UINT16_MAX)
		return false;
	grown = malloc(room * (sizeof(*grown) + sizeof(*ids)));
	if (grown == NULL)
		return false;
	ids = (uint64_t *)(grown + room);
	if (e->count > 0) {
		memcpy(grown, e->counters, e->count * sizeof(*grown));
		memcpy(ids, e->ids, e->count * sizeof(*ids));
	}
	free(e->counters);
	e->counters = grown;
	e->ids = ids;
	e->room = (uint16_t)room;
	return true;
}

static struct tally_counter *add_counter(struct tally_entry *e, uint64_t id)
{
	if ((e->counters == NULL || e->count == e->room) && !grow_counters(e))
		return NULL;
	e->counters[e->count] = (struct tally_counter){0};
	e->ids[e->count] = id;
	return &e->counters[e->count++];
}

struct tally_counter *tally_entry_counter(
    struct tally_entry *e, unsigned name, uint64_t code, bool cap)
{
	uint64_t id = (uint64_t)name << TALLY_CODE_BITS | code;
	struct tally_counter *c = find_counter(e, id);

	if (c != NULL)
		return c;
	if (cap && code != TALLY_CODE_OTHER && (is_nameless(id) || is_class(id)) &&
	    !has_room(e, id))
		return tally_entry_counter(e, name, TALLY_CODE_OTHER, false);
	return add_counter(e, id);
}

static int count_plain(struct tally_entry *e, unsigned name, unsigned code)
{
	struct tally_counter *c = tally_entry_counter(e, name, code, true);

	if (c == NULL)
		return -1;
	c->seen++;
	return 0;
}

static void stretch(uint64_t *first, uint64_t *last, uint64_t ms)
{
	if (*first == 0 || ms < *first)
		*first = ms;
	if (ms > *last)
		*last = ms;
}

static int count_timed(struct tally_entry *e, unsigned name, uint64_t code, uint64_t ms)
{
	struct tally_counter *c = tally_entry_counter(e, name, code, true);

	if (c == NULL)
		return -1;
	c->seen++;
	if (e->kind != TALLY_DAY)
		stretch(&c->first_ms, &c->last_ms, ms);
	return 0;
}

static int count_tls(struct tally_entry *e, const struct record *r, uint64_t ms)
{
	int failed = 0;

	if (r->tls_version == 0)
		return 0;
	failed |= count_timed(e, TALLY_NAME_VERSION, r->tls_version, ms);
	if (r->tls_version != TLS_VERSION_SSL2) /* its cipher kinds are another number space */
		failed |= count_timed(e, TALLY_NAME_CIPHER, r->cipher_suite, ms);
	return failed;
}

/* Mail in the clear soon after a handshake failed is that client's answer to the failure. */
static int count_class(struct tally_entry *e, const struct record *r, uint64_t ms)
{
	bool clear = r->plaintext_mail == RECORD_TRUE, failed = r->outcome == OUTCOME_TLS_FAILED;
	bool retried =
	    clear && e->failed_ms != 0 && ms >= e->failed_ms && ms - e->failed_ms <= LIMIT_RETRY_MS;

	if (failed && ms > e->failed_ms)
		e->failed_ms = ms;
	return count_timed(e, TALLY_NAME_CLASS, tally_class_of(r, retried), ms);
}

static int count(struct tally_entry *e, const struct record *r, uint64_t ms)
{
	int failed = 0;

	if (r->outcome != OUTCOME_ABSENT && r->outcome < OUTCOMES)
		failed |= count_plain(e, TALLY_NAME_OUTCOME, r->outcome);
	if (r->outcome == OUTCOME_NOT_SMTP)
		return failed;
	failed |= count_plain(e, TALLY_NAME_SESSIONS, 0);
	if (record_tells_legacy(r) && r->legacy_side < LEGACY_SIDES)
		failed |= count_plain(e, TALLY_NAME_LEGACY_SIDE, r->legacy_side);
	if (e->kind == TALLY_SERVER && r->starttls_offered != RECORD_ABSENT)
		failed |= count_plain(e, TALLY_NAME_STARTTLS, r->starttls_offered);
	if (e->kind == TALLY_PAIR)
		failed |= count_class(e, r, ms);
	return failed | count_tls(e, r, ms);
}

/* Cut at a whole UTF-8 character. */
static size_t text_length(const char *text)
{
	size_t length = strnlen(text, LIMIT_TALLY_TEXT);

	if (length < LIMIT_TALLY_TEXT)
		return length;
	for (length--; length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80;)
		length--;
	return length;
}

void tally_entry_set_text(struct tally_entry *e, unsigned index, const char *text)
{
	size_t length = text_length(text);
	char *old = e->texts[index], *copy;

	if (old != NULL && strncmp(old, text, length) == 0 && old[length] == '\0')
		return;
	copy = strndup(text, length);
	if (copy == NULL)
		return; /* the old name is better than none */
	e->texts[index] = copy;
	free(old);
}

static void keep_text(struct tally_entry *e, unsigned index, const struct record *r, uint16_t field)
{
	if (field != 0)
		tally_entry_set_text(e, index, record_text(r, field));
}

static void flag(struct tally_entry *e, enum tally_flag which, uint64_t ms)
{
	if (ms > e->flag_ms[which]) {
		e->flag_ms[which] = ms;
		e->flags_due |= (uint8_t)(1u << which);
	}
}

static void raise_version(struct tally_entry *e, uint16_t version)
{
	if (version > e->version_max)
		e->version_max = version;
}

/* A side that was not seen spoke the old version all the same: unknown flags both. */
static void flag_host(struct tally_entry *e, const struct record *r, uint64_t ms)
{
	unsigned side = record_is_legacy(r) ? r->legacy_side : LEGACY_NONE;

	if (side == LEGACY_UNKNOWN || (side == LEGACY_SERVER && e->kind != TALLY_CLIENT) ||
	    (side == LEGACY_CLIENT && e->kind != TALLY_SERVER))
		flag(e, TALLY_LEGACY, ms);
	if (side == LEGACY_DOWNGRADE)
		flag(e, TALLY_DOWNGRADE, ms);
	if (r->plaintext_mail == RECORD_TRUE)
		flag(e, TALLY_PLAINTEXT, ms);
}

int tally_entry_add(
    struct tally_entry *e, const struct record *r, uint64_t ms, struct tally_evidence *evidence)
{
	int failed = count(e, r, ms);

	if (e->kind == TALLY_DAY)
		return failed;
	stretch(&e->first_ms, &e->last_ms, ms);
	if (r->outcome == OUTCOME_NOT_SMTP)
		return failed;
	flag_host(e, r, ms);
	raise_version(e, e->kind == TALLY_SERVER ? r->tls_version : r->client_max_version);
	if (evidence != NULL)
		tally_entry_set_evidence(e, evidence, ms);
	if (e->kind == TALLY_SERVER) {
		keep_text(e, 0, r, r->banner);
		keep_text(e, 1, r, r->server_name);
		keep_text(e, 2, r, r->software);
	} else if (e->kind == TALLY_CLIENT) {
		keep_text(e, 0, r, r->helo);
	}
	return failed;
}
