/* One entry of the tally: counters, names, flags and the last legacy session. The fast path of a
 * replay. */
#include "tally_entry.h"

#include <stdlib.h>
#include <string.h>

#include "../parsers/products.h"
#include "../parsers/tls_hello.h"
#include "../parsers/tls_names.h"
#include "limits.h"

void tally_entry_clear(struct tally_entry *e)
{
	for (size_t i = 0; i < TALLY_EVIDENCES; i++)
		tally_evidence_release(e->evidence[i]);
	for (size_t i = 0; i < TALLY_TEXTS; i++)
		free(e->texts[i]);
	tally_certificates_free(e->certificates);
	free(e->counters);
}

/* A number that IANA gave no name: a hostile peer can show us any of them. */
static bool is_nameless(uint64_t id)
{
	unsigned name = (unsigned)(id >> TALLY_CODE_BITS);
	uint64_t code = id & TALLY_CODE_MASK;

	if (code == TALLY_CODE_OTHER)
		return false;
	if (name == TALLY_NAME_REPLY)
		return true;
	if (name == TALLY_NAME_ALERT)
		return tls_alert_name((uint8_t)code) == NULL;
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

static int count_class(struct tally_entry *e, const struct record *r, uint64_t ms)
{
	/* That client's answer to a handshake that failed. */
	bool retried = r->plaintext_mail == RECORD_TRUE && r->fallback == RECORD_TRUE &&
		       r->fallback_outcome == OUTCOME_TLS_FAILED;

	return count_timed(e, TALLY_NAME_CLASS, tally_class_of(r, retried), ms);
}

/* What stands in the way of TLS. */
static int count_trouble(struct tally_entry *e, const struct record *r)
{
	int failed = 0;

	if (r->starttls_reply != 0 && r->starttls_reply / 100 != 2)
		failed |= count_plain(e, TALLY_NAME_REPLY, r->starttls_reply);
	if (r->outcome == OUTCOME_TLS_FAILED && r->alert_level != 0)
		failed |= count_plain(e, TALLY_NAME_ALERT, r->alert_code);
	if (r->fallback == RECORD_TRUE)
		failed |= count_plain(e, TALLY_NAME_FALLBACK, 0);
	if (r->stripping == RECORD_TRUE)
		failed |= count_plain(e, TALLY_NAME_STRIPPING, 0);
	if (r->starttls_injected == RECORD_TRUE || r->reply_injected == RECORD_TRUE)
		failed |= count_plain(e, TALLY_NAME_INJECTED, 0);
	return failed;
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
	return failed | count_trouble(e, r) | count_tls(e, r, ms);
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

bool tally_entry_has_steps(const struct tally_entry *e)
{
	for (size_t i = 0; i < e->count; i++)
		if (e->counters[i].seen > 0)
			return true;
	return false;
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

/* The server's own certificate, or the client's. */
static int keep_certificate(struct tally_entry *e, const struct record *r, uint64_t ms)
{
	static const uint8_t none[32];
	bool server = e->kind == TALLY_SERVER;
	const char *subject = record_text(r, server ? r->server_subject : r->client_subject);
	struct tally_certificate c = {.first_ms = ms,
	    .last_ms = ms,
	    .not_after = server ? r->server_not_after : r->client_not_after,
	    .subject = (char *)(uintptr_t)subject};

	memcpy(c.sha256, server ? r->server_certificate : r->client_certificate, sizeof(c.sha256));
	return memcmp(c.sha256, none, sizeof(none)) == 0
		   ? 0
		   : tally_certificates_add(&e->certificates, &c);
}

static void keep_fingerprints(struct tally_entry *e, const struct record *r)
{
	char hex[2 * sizeof(r->ja3) + 1];

	if (r->ja4[0] == '\0')
		return;
	tally_entry_set_text(e, TALLY_JA3, hash_format(r->ja3, sizeof(r->ja3), hex));
	tally_entry_set_text(e, TALLY_JA4, r->ja4);
}

bool tally_software_is_less(const char *software, const char *than)
{
	size_t length = strlen(software);

	return length < strlen(than) && strncmp(than, software, length) == 0;
}

/* "Exim 4.96". What says less than what is known (no EHLO was seen) does not replace it. */
static void keep_software(struct tally_entry *e, const struct record *r, uint16_t software,
    uint16_t version, uint8_t basis)
{
	const char *old = e->texts[TALLY_SOFTWARE], *number = record_text(r, version);
	char text[LIMIT_TALLY_TEXT];

	if (software == 0)
		return;
	snprintf(text, sizeof(text), "%s%s%s", record_text(r, software), number != NULL ? " " : "",
	    number != NULL ? number : "");
	if (old != NULL && tally_software_is_less(text, old))
		return;
	tally_entry_set_text(e, TALLY_SOFTWARE, text);
	if (basis < PRODUCT_BASES && product_basis_names[basis] != NULL)
		tally_entry_set_text(e, TALLY_SOFTWARE_BASIS, product_basis_names[basis]);
}

static void keep_legacy_hop(struct tally_entry *e, const struct record *r)
{
	const char *label = tls_version_label(r->received_min_version),
		   *software = record_text(r, r->received_min_software);
	char text[LIMIT_TALLY_TEXT];

	if (label == NULL || r->received_min_version >= TLS_VERSION_12)
		return;
	snprintf(text, sizeof(text), "%s at hop %u%s%s", label, r->received_min_hop,
	    software != NULL ? ", " : "", software != NULL ? software : "");
	tally_entry_set_text(e, TALLY_LEGACY_HOP, text);
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
	if (record_is_clear(r))
		flag(e, TALLY_PLAINTEXT, ms);
	if (r->fallback == RECORD_TRUE)
		flag(e, TALLY_FALLBACK, ms);
	if (r->stripping == RECORD_TRUE)
		flag(e, TALLY_STRIPPING, ms);
}

/* What a later process has to know of the pair (compare.h), and the last sessions of each kind. */
static void keep_sessions(
    struct tally_entry *e, const struct record *r, uint64_t ms, struct tally_evidence *evidence)
{
	bool pair = e->kind == TALLY_PAIR;

	if (pair && record_is_failure(r) && ms > e->failed_ms) {
		e->failed_ms = ms;
		e->failed_port = r->server_port;
	}
	if (pair && r->starttls_offered == RECORD_TRUE && ms > e->offered_ms) {
		e->offered_ms = ms;
		e->offered_port = r->server_port;
	}
	for (unsigned kind = 0; evidence != NULL && kind < TALLY_EVIDENCES; kind++)
		if (tally_evidence_wants(kind, r) && (pair || kind != TALLY_EVIDENCE_FAILURE))
			tally_entry_set_evidence(e, kind, evidence, ms);
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
	keep_sessions(e, r, ms, evidence);
	if (e->kind != TALLY_PAIR)
		failed |= keep_certificate(e, r, ms);
	if (e->kind == TALLY_SERVER) {
		keep_text(e, TALLY_BANNER, r, r->banner);
		keep_text(e, TALLY_SERVER_NAME, r, r->server_name);
		keep_software(e, r, r->software, r->software_version, r->software_basis);
	} else if (e->kind == TALLY_CLIENT) {
		keep_text(e, TALLY_HELO, r, r->helo);
		keep_software(
		    e, r, r->client_software, r->client_software_version, r->client_software_basis);
		keep_legacy_hop(e, r);
		keep_fingerprints(e, r);
	}
	return failed;
}
