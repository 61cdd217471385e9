/* Hashes of all sensors, added up. */
#include "totals.h"

#include <stdlib.h>
#include <string.h>

#include "../parsers/tls_hello.h"
#include "../parsers/tls_names.h"
#include "../sensor/store_keys.h"
#include "say.h"

enum total_kind {
	TOTAL_SUM,
	TOTAL_EARLIEST,
	TOTAL_LATEST,
	TOTAL_HIGHEST,
	TOTAL_NAME,
	TOTAL_EVIDENCE,
	TOTAL_FALLBACK, /* evidence, too */
	TOTAL_STRIPPING
};

struct total_field {
	const char *name;
	uint8_t kind; /* enum total_kind */
	uint16_t offset;
};

#define AT(member) offsetof(struct totals, member)

static const struct total_field total_fields[] = {
    {"sessions", TOTAL_SUM, AT(sessions)},
    {"first_seen", TOTAL_EARLIEST, AT(first_ms)},
    {"last_seen", TOTAL_LATEST, AT(last_ms)},
    {"legacy_last", TOTAL_LATEST, AT(legacy_ms)},
    {"plaintext_last", TOTAL_LATEST, AT(plaintext_ms)},
    {"downgrade_last", TOTAL_LATEST, AT(downgrade_ms)},
    {"fallback_last", TOTAL_LATEST, AT(fallback_ms)},
    {"stripping_last", TOTAL_LATEST, AT(stripping_ms)},
    {"fallback", TOTAL_SUM, AT(fallback)},
    {"stripping", TOTAL_SUM, AT(stripping)},
    {"injected", TOTAL_SUM, AT(injected)},
    {"starttls_offered:yes", TOTAL_SUM, AT(starttls_yes)},
    {"starttls_offered:no", TOTAL_SUM, AT(starttls_no)},
    {"client_max", TOTAL_HIGHEST, AT(max_version)},
    {"best_version", TOTAL_HIGHEST, AT(max_version)},
    {"max_version", TOTAL_HIGHEST, AT(max_version)},
    {"banner", TOTAL_NAME, AT(banner)},
    {"server_name", TOTAL_NAME, AT(server_name)},
    {"software", TOTAL_NAME, AT(software)},
    {"software_basis", TOTAL_NAME, AT(software_basis)},
    {"legacy_hop", TOTAL_NAME, AT(legacy_hop)},
    {"helo", TOTAL_NAME, AT(helo)},
    {"ja3", TOTAL_NAME, AT(ja3)},
    {"ja4", TOTAL_NAME, AT(ja4)},
    {"evidence", TOTAL_EVIDENCE, AT(evidence)},
    {"fallback_evidence", TOTAL_FALLBACK, AT(fallback_evidence)},
    {"stripping_evidence", TOTAL_STRIPPING, AT(stripping_evidence)},
};

enum part { PART_SESSIONS, PART_FIRST, PART_LAST };

static const struct {
	const char *prefix;
	uint8_t kind, part; /* enum count_kind, enum part */
} counters[] = {
    {"version:", COUNT_VERSION, PART_SESSIONS},
    {"version_first:", COUNT_VERSION, PART_FIRST},
    {"version_last:", COUNT_VERSION, PART_LAST},
    {"cipher:", COUNT_CIPHER, PART_SESSIONS},
    {"cipher_first:", COUNT_CIPHER, PART_FIRST},
    {"cipher_last:", COUNT_CIPHER, PART_LAST},
    {"outcome:", COUNT_OUTCOME, PART_SESSIONS},
    {"legacy_side:", COUNT_LEGACY_SIDE, PART_SESSIONS},
    {"starttls_reply:", COUNT_REPLY, PART_SESSIONS},
    {"alert:", COUNT_ALERT, PART_SESSIONS},
    {"class:", COUNT_CLASS, PART_SESSIONS},
    {"class_first:", COUNT_CLASS, PART_FIRST},
    {"class_last:", COUNT_CLASS, PART_LAST},
};

/* One hash on its way into the totals. */
struct adding {
	struct totals *totals;
	const struct hash_field *fields;
	size_t count;
	bool texts;
	uint64_t last_ms, evidence_ms; /* of this hash */
};

static bool out_of_memory(void)
{
	say_error(EXIT_FAILED, "out of memory; narrow it down with --since or tlsvane server IP");
	return false;
}

static uint64_t number_of(const char *text)
{
	return strtoull(text, NULL, 10);
}

static uint64_t number_in(const struct hash_field *fields, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(fields[i].name, name) == 0)
			return number_of(fields[i].value);
	return 0;
}

static uint16_t version_code(const char *label)
{
	uint16_t version;

	if (tls_version_from_label(label, &version))
		return version;
	return strncmp(label, "0x", 2) == 0 ? (uint16_t)strtoul(label, NULL, 16) : 0;
}

static void earliest(uint64_t *to, uint64_t ms)
{
	if (ms != 0 && (*to == 0 || ms < *to))
		*to = ms;
}

static void latest(uint64_t *to, uint64_t ms)
{
	if (ms > *to)
		*to = ms;
}

static bool replace_text(char **to, const char *text)
{
	char *copy = strdup(text);

	if (copy == NULL)
		return out_of_memory();
	free(*to);
	*to = copy;
	return true;
}

/* Whether this hash's text is newer than what the others had. */
static bool is_newer(struct adding *a, const struct total_field *f)
{
	uint64_t *kept = f->kind == TOTAL_FALLBACK ? &a->totals->fallback_evidence_ms
						   : &a->totals->stripping_evidence_ms;
	char name[64];
	uint64_t ms;

	if (f->kind == TOTAL_NAME)
		return a->last_ms >= a->totals->names_ms;
	if (f->kind == TOTAL_EVIDENCE)
		return a->evidence_ms >= a->totals->evidence_ms;
	snprintf(name, sizeof(name), "%s_time", f->name);
	ms = number_in(a->fields, a->count, name);
	if (ms < *kept)
		return false;
	*kept = ms;
	return true;
}

static bool add_text(struct adding *a, const struct total_field *f, const char *value)
{
	char **to = (char **)((char *)a->totals + f->offset);
	bool newer = is_newer(a, f);

	return !a->texts || value[0] == '\0' || (*to != NULL && !newer) || replace_text(to, value);
}

static bool add_field(struct adding *a, const struct total_field *f, const char *value)
{
	char *at = (char *)a->totals + f->offset;

	switch (f->kind) {
	case TOTAL_SUM:
		*(uint64_t *)(void *)at += number_of(value);
		return true;
	case TOTAL_EARLIEST:
		earliest((uint64_t *)(void *)at, number_of(value));
		return true;
	case TOTAL_LATEST:
		latest((uint64_t *)(void *)at, number_of(value));
		return true;
	case TOTAL_HIGHEST:
		if (version_code(value) > a->totals->max_version)
			a->totals->max_version = version_code(value);
		return true;
	default:
		return add_text(a, f, value);
	}
}

static bool add_counter(struct totals *t, size_t row, const struct hash_field *field)
{
	size_t skip = strlen(counters[row].prefix);
	struct count *count = counts_get(
	    &t->counts, counters[row].kind, field->name + skip, field->name_length - skip);

	if (count == NULL)
		return out_of_memory();
	if (counters[row].part == PART_SESSIONS)
		count->sessions += number_of(field->value);
	else if (counters[row].part == PART_FIRST)
		earliest(&count->first_ms, number_of(field->value));
	else
		latest(&count->last_ms, number_of(field->value));
	return true;
}

/* What is no certificate is of another version of the sensor, too. */
static bool add_certificate(struct adding *a, const char *value)
{
	struct tally_certificate c;

	if (!a->texts || !tally_certificate_parse(value, &c))
		return true;
	return tally_certificates_add(&a->totals->certificates, &c) == 0 || out_of_memory();
}

/* Fields that no row names are of another version of the sensor, and passed over. */
static bool add_any(struct adding *a, const struct hash_field *field)
{
	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
		if (strncmp(field->name, counters[i].prefix, strlen(counters[i].prefix)) == 0)
			return add_counter(a->totals, i, field);
	if (strncmp(field->name, TALLY_CERTIFICATE_PREFIX, strlen(TALLY_CERTIFICATE_PREFIX)) == 0)
		return add_certificate(a, field->value);
	for (size_t i = 0; i < sizeof(total_fields) / sizeof(total_fields[0]); i++)
		if (strcmp(field->name, total_fields[i].name) == 0)
			return add_field(a, &total_fields[i], field->value);
	return true;
}

static bool add_hash(struct adding *a)
{
	a->last_ms = number_in(a->fields, a->count, "last_seen");
	a->evidence_ms = number_in(a->fields, a->count, "evidence_time");
	for (size_t i = 0; i < a->count; i++)
		if (!add_any(a, &a->fields[i]))
			return false;
	latest(&a->totals->names_ms, a->last_ms);
	latest(&a->totals->evidence_ms, a->evidence_ms);
	a->totals->sensors++;
	return true;
}

/* ---- Keys ---- */

/* Bytes of a key in front of ":<sensor>". */
static size_t subject_length(const char *key)
{
	const char *colon = strrchr(key, ':');

	return colon == NULL ? strlen(key) : (size_t)(colon - key);
}

static void copy_part(char to[ADDRESS_TEXT_MAX], const char *from, size_t length)
{
	snprintf(to, ADDRESS_TEXT_MAX, "%.*s",
	    (int)(length < ADDRESS_TEXT_MAX ? length : ADDRESS_TEXT_MAX - 1), from);
}

/* tlsvane:pair:{<s>}:<c>:<sensor>, tlsvane:server:{<s>}:<sensor>, tlsvane:client:{<c>}:<sensor> */
static void read_subject(struct totals *t, const char *key)
{
	const char *open = strchr(key, '{'), *close = strchr(key, '}');
	size_t length = subject_length(key);

	if (open == NULL || close == NULL || close < open)
		return;
	copy_part(strncmp(key, "tlsvane:client:", 15) == 0 ? t->client : t->server, open + 1,
	    (size_t)(close - open - 1));
	if ((size_t)(close + 2 - key) < length)
		copy_part(t->client, close + 2, length - (size_t)(close + 2 - key));
}

bool totals_add_keys(struct texts *keys, const char *format, const char *first, const char *second,
    const struct texts *sensors)
{
	const char *words[3] = {first, second};
	char key[STORE_KEY_MAX];

	for (size_t i = 0; i < sensors->count; i++) {
		words[second == NULL ? 1 : 2] = sensors->items[i];
		if (!texts_add(keys, key, store_fill_key(key, format, words)))
			return false;
	}
	return true;
}

/* ---- Reading ---- */

struct reader {
	struct totals totals; /* of the host or pair under way */
	const char *key;      /* its first key, NULL: none under way */
	bool texts;
	totals_take *take;
	void *context;
};

static bool hand_over(struct reader *r)
{
	bool good = true;

	if (r->key != NULL && r->totals.sensors > 0) {
		counts_sort(&r->totals.counts);
		good = r->take(r->context, &r->totals);
	} else {
		totals_free(&r->totals);
	}
	r->totals = (struct totals){0};
	r->key = NULL;
	return good;
}

static bool take_hash(void *context, const char *key, const struct hash_field *fields, size_t count)
{
	struct reader *r = context;
	struct adding adding = {&r->totals, fields, count, r->texts, 0, 0};
	size_t length = subject_length(key);

	if (r->key != NULL &&
	    (strncmp(r->key, key, length) != 0 || r->key[length] != ':' ||
		subject_length(r->key) != length) &&
	    !hand_over(r))
		return false;
	if (r->key == NULL) {
		r->key = key;
		read_subject(&r->totals, key);
	}
	return count == 0 || add_hash(&adding);
}

bool totals_read(
    struct query *q, const struct texts *keys, bool texts, totals_take *take, void *context)
{
	struct reader r = {.texts = texts, .take = take, .context = context};
	bool good = query_hashes(q, keys, take_hash, &r);

	if (good)
		return hand_over(&r);
	totals_free(&r.totals);
	return false;
}

bool totals_list_add(struct totals_list *list, struct totals *t)
{
	if (list->count == list->room) {
		size_t room = list->room == 0 ? 16 : list->room * 2;
		struct totals *items = reallocarray(list->items, room, sizeof(*items));

		if (items == NULL) {
			totals_free(t);
			return out_of_memory();
		}
		list->items = items;
		list->room = room;
	}
	list->items[list->count++] = *t;
	return true;
}

bool totals_keep(void *list, struct totals *t)
{
	return totals_list_add(list, t);
}

void totals_free(struct totals *t)
{
	counts_free(&t->counts);
	free(t->banner);
	free(t->server_name);
	free(t->software);
	free(t->software_basis);
	free(t->legacy_hop);
	free(t->helo);
	free(t->ja3);
	free(t->ja4);
	tally_certificates_free(t->certificates);
	free(t->evidence);
	free(t->fallback_evidence);
	free(t->stripping_evidence);
	*t = (struct totals){0};
}

void totals_list_free(struct totals_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		totals_free(&list->items[i]);
	free(list->items);
	*list = (struct totals_list){0};
}
