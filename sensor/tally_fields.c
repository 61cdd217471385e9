/* Entries of the tally as fields with names and values: written to Redis and spool, read back from
 * both. */
#include "tally_labels.h"

#include <stdlib.h>
#include <string.h>

#include "decimal.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const version_max_names[TALLY_KINDS] = {
    [TALLY_PAIR] = "client_max",
    [TALLY_SERVER] = "best_version",
    [TALLY_CLIENT] = "max_version",
};

static const char *const text_names[TALLY_KINDS][TALLY_TEXTS] = {
    [TALLY_SERVER] = {"software", "software_basis", "banner", "server_name"},
    [TALLY_CLIENT] = {"software", "software_basis", "helo", "legacy_hop", "ja3", "ja4"},
};

/* Plain times of an entry. */
static const struct time_field {
	const char *name;
	size_t offset;
	bool earliest; /* of two values the smaller counts */
	int flag;      /* enum tally_flag, or -1 */
} time_fields[] = {
    {"first_seen", offsetof(struct tally_entry, first_ms), true, -1},
    {"last_seen", offsetof(struct tally_entry, last_ms), false, -1},
    {"legacy_last", offsetof(struct tally_entry, flag_ms[TALLY_LEGACY]), false, TALLY_LEGACY},
    {"plaintext_last", offsetof(struct tally_entry, flag_ms[TALLY_PLAINTEXT]), false,
	TALLY_PLAINTEXT},
    {"downgrade_last", offsetof(struct tally_entry, flag_ms[TALLY_DOWNGRADE]), false,
	TALLY_DOWNGRADE},
    {"fallback_last", offsetof(struct tally_entry, flag_ms[TALLY_FALLBACK]), false, TALLY_FALLBACK},
    {"stripping_last", offsetof(struct tally_entry, flag_ms[TALLY_STRIPPING]), false,
	TALLY_STRIPPING},
    {"failed_last", offsetof(struct tally_entry, failed_ms), false, -1},
    {"starttls_last", offsetof(struct tally_entry, offered_ms), false, -1},
};

/* The ports at two of them. */
static const struct port_field {
	const char *name;
	size_t offset;
} port_fields[] = {
    {"failed_port", offsetof(struct tally_entry, failed_port)},
    {"starttls_port", offsetof(struct tally_entry, offered_port)},
};

/* The last session of a kind, and when it was: the time stands before the session. */
static const struct evidence_field {
	const char *time, *json;
} evidence_fields[TALLY_EVIDENCES] = {
    [TALLY_EVIDENCE_LEGACY] = {"evidence_time", "evidence"},
    [TALLY_EVIDENCE_FAILURE] = {"failure_evidence_time", "failure_evidence"},
    [TALLY_EVIDENCE_FALLBACK] = {"fallback_evidence_time", "fallback_evidence"},
    [TALLY_EVIDENCE_STRIPPING] = {"stripping_evidence_time", "stripping_evidence"},
};

/* ---- Writing ---- */

struct writing {
	tally_field *field;
	void *to;
};

static void write_number(
    const struct writing *w, const char *name, size_t name_length, uint64_t number)
{
	char digits[DECIMAL_MAX];

	w->field(w->to, name, name_length, digits, (size_t)(decimal_put(digits, number) - digits));
}

static void write_text(const struct writing *w, const char *name, const char *text)
{
	w->field(w->to, name, strlen(name), text, strlen(text));
}

static size_t join(char name[TALLY_FIELD_MAX], const char *prefix, const char *label)
{
	size_t a = strlen(prefix), b = strlen(label);

	if (a + b > TALLY_FIELD_MAX)
		b = TALLY_FIELD_MAX - a;
	memcpy(name, prefix, a);
	memcpy(name + a, label, b);
	return a + b;
}

static void write_parts(const struct writing *w, const char *name, size_t length,
    const struct tally_counter *c, bool based)
{
	char value[2 * DECIMAL_MAX + 1], *at;

	at = decimal_put(value, based ? c->absolute + c->seen : c->absolute);
	*at++ = '+';
	at = decimal_put(at, based ? 0 : c->seen);
	w->field(w->to, name, length, value, (size_t)(at - value));
}

static void write_counter(
    const struct writing *w, const struct tally_entry *e, size_t i, enum tally_form form)
{
	const struct tally_counter *c = &e->counters[i];
	const struct tally_name_kind *kind = &tally_name_kinds[e->ids[i] >> TALLY_CODE_BITS];
	uint64_t code = e->ids[i] & TALLY_CODE_MASK;
	char name[TALLY_FIELD_MAX], buffer[TALLY_LABEL_MAX];
	const char *label = kind->label == NULL	       ? ""
			    : code == TALLY_CODE_OTHER ? "other"
						       : kind->label(code, buffer);
	size_t length = join(name, kind->prefix, label);

	if (form == TALLY_TOTALS)
		write_number(w, name, length, c->absolute + c->seen);
	else
		write_parts(w, name, length, c, e->based);
	if (kind->first == NULL || c->last_ms == 0)
		return;
	length = join(name, kind->first, label);
	write_number(w, name, length, c->first_ms);
	length = join(name, kind->last, label);
	write_number(w, name, length, c->last_ms);
}

static void write_names(const struct writing *w, const struct tally_entry *e)
{
	char buffer[TALLY_LABEL_MAX];

	if (e->version_max != 0)
		write_text(w, version_max_names[e->kind],
		    tally_name_kinds[TALLY_NAME_VERSION].label(e->version_max, buffer));
	for (size_t i = 0; i < TALLY_TEXTS; i++)
		if (e->texts[i] != NULL)
			write_text(w, text_names[e->kind][i], e->texts[i]);
}

static void write_certificates(const struct writing *w, const struct tally_certificates *list)
{
	char name[sizeof(TALLY_CERTIFICATE_PREFIX) + 20], text[TALLY_CERTIFICATE_TEXT];

	for (size_t i = 0; list != NULL && i < list->count; i++) {
		snprintf(name, sizeof(name), TALLY_CERTIFICATE_PREFIX "%zu", i);
		write_text(w, name, tally_certificate_format(&list->items[i], text));
	}
}

static void write_evidence(const struct writing *w, struct tally_entry *e, unsigned kind)
{
	const struct evidence_field *f = &evidence_fields[kind];
	const char *json =
	    e->evidence[kind] == NULL ? NULL : tally_evidence_json(e->evidence[kind]);

	if (json == NULL)
		return;
	write_number(w, f->time, strlen(f->time), e->evidence_ms[kind]);
	write_text(w, f->json, json);
}

void tally_entry_fields(struct tally_entry *e, enum tally_form form, tally_field *field, void *to)
{
	struct writing w = {field, to};

	for (size_t i = 0; i < e->count; i++)
		write_counter(&w, e, i, form);
	if (e->kind == TALLY_DAY)
		return;
	for (size_t i = 0; i < COUNT(time_fields); i++) {
		uint64_t ms;

		memcpy(&ms, (const char *)e + time_fields[i].offset, sizeof(ms));
		if (ms != 0)
			write_number(&w, time_fields[i].name, strlen(time_fields[i].name), ms);
	}
	for (size_t i = 0; i < COUNT(port_fields); i++) {
		uint16_t port;

		memcpy(&port, (const char *)e + port_fields[i].offset, sizeof(port));
		if (port != 0)
			write_number(&w, port_fields[i].name, strlen(port_fields[i].name), port);
	}
	write_names(&w, e);
	write_certificates(&w, e->certificates);
	for (unsigned kind = 0; kind < TALLY_EVIDENCES; kind++)
		write_evidence(&w, e, kind);
}

/* ---- Reading ---- */

static bool parse_number(const char *text, uint64_t *number, const char **end)
{
	uint64_t n = 0;
	const char *at = text;

	for (; *at >= '0' && *at <= '9'; at++) {
		if (n > (UINT64_MAX - 9) / 10)
			return false;
		n = n * 10 + (uint64_t)(*at - '0');
	}
	*number = n;
	*end = at;
	return at > text;
}

static bool parse_whole(const char *text, uint64_t *number)
{
	const char *end;

	return parse_number(text, number, &end) && *end == '\0';
}

static bool parse_parts(const char *text, uint64_t *absolute, uint64_t *seen)
{
	const char *end;

	return parse_number(text, absolute, &end) && *end == '+' && parse_whole(end + 1, seen);
}

static void take_earliest(uint64_t *ms, uint64_t other)
{
	if (other != 0 && (*ms == 0 || other < *ms))
		*ms = other;
}

static void take_latest(uint64_t *ms, uint64_t other)
{
	if (other > *ms)
		*ms = other;
}

static int load_count(struct tally_counter *c, enum tally_form form, const char *value)
{
	uint64_t absolute, seen = 0;

	if (form == TALLY_TOTALS ? !parse_whole(value, &absolute)
				 : !parse_parts(value, &absolute, &seen))
		return -1;
	take_latest(&c->absolute, absolute);
	c->seen += seen;
	return 0;
}

static int load_counter_time(struct tally_counter *c, bool first, const char *value)
{
	uint64_t ms;

	if (!parse_whole(value, &ms))
		return -1;
	if (first)
		take_earliest(&c->first_ms, ms);
	else
		take_latest(&c->last_ms, ms);
	return 0;
}

static const char *behind(const char *name, const char *prefix)
{
	size_t length = prefix == NULL ? 0 : strlen(prefix);

	return prefix != NULL && strncmp(name, prefix, length) == 0 ? name + length : NULL;
}

static struct tally_counter *counter_of(struct tally_entry *e, unsigned kind, const char *label)
{
	uint64_t code = tally_name_kinds[kind].code == NULL ? (*label == '\0' ? 0 : TALLY_CODE_NONE)
			: strcmp(label, "other") == 0	    ? TALLY_CODE_OTHER
							    : tally_name_kinds[kind].code(label);

	return code == TALLY_CODE_NONE ? NULL : tally_entry_counter(e, kind, code, false);
}

/* 1: not a counter's field. */
static int load_counter(
    struct tally_entry *e, enum tally_form form, const char *name, const char *value)
{
	for (unsigned kind = 0; kind < TALLY_NAMES; kind++) {
		const char *count = behind(name, tally_name_kinds[kind].prefix);
		const char *first = behind(name, tally_name_kinds[kind].first);
		const char *last = behind(name, tally_name_kinds[kind].last);
		const char *label = count != NULL ? count : first != NULL ? first : last;
		struct tally_counter *c;

		if (label == NULL)
			continue;
		c = counter_of(e, kind, label);
		if (c == NULL)
			return 1;
		return count != NULL ? load_count(c, form, value)
				     : load_counter_time(c, first != NULL, value);
	}
	return 1;
}

static int load_time(
    struct tally_entry *e, const struct time_field *f, enum tally_form form, const char *value)
{
	uint64_t ms, *at = (uint64_t *)(void *)((char *)e + f->offset);

	if (!parse_whole(value, &ms))
		return -1;
	if (f->flag >= 0 && ms > *at &&
	    form == TALLY_PARTS) /* Redis's own sets know what Redis says */
		e->flags_due |= (uint8_t)(1u << f->flag);
	if (f->earliest)
		take_earliest(at, ms);
	else
		take_latest(at, ms);
	return 0;
}

/* What this process has seen itself is later. */
static int load_port(struct tally_entry *e, const struct port_field *f, const char *value)
{
	uint16_t *port = (uint16_t *)(void *)((char *)e + f->offset);
	uint64_t number;

	if (!parse_whole(value, &number) || number > UINT16_MAX)
		return -1;
	if (*port == 0)
		*port = (uint16_t)number;
	return 0;
}

/* The later evidence stays. What Redis has need not be read to stay there. */
static int load_evidence_time(struct tally_entry *e, unsigned kind, const char *value)
{
	uint64_t ms;

	if (!parse_whole(value, &ms))
		return -1;
	if (ms <= e->evidence_ms[kind])
		return 0;
	tally_evidence_release(e->evidence[kind]);
	e->evidence[kind] = NULL;
	e->evidence_ms[kind] = ms;
	return 0;
}

/* From a spool, behind its time. */
static int load_evidence_json(struct tally_entry *e, unsigned kind, const char *value)
{
	if (e->evidence[kind] != NULL)
		return 0;
	e->evidence[kind] = tally_evidence_from_json(value);
	return e->evidence[kind] == NULL ? -1 : 0;
}

/* 1: not a field of evidence. */
static int load_evidence(
    struct tally_entry *e, enum tally_form form, const char *name, const char *value)
{
	for (unsigned kind = 0; kind < TALLY_EVIDENCES; kind++) {
		if (strcmp(name, evidence_fields[kind].time) == 0)
			return load_evidence_time(e, kind, value);
		if (strcmp(name, evidence_fields[kind].json) == 0)
			return form == TALLY_PARTS ? load_evidence_json(e, kind, value) : 0;
	}
	return 1;
}

static int load_certificate(struct tally_entry *e, const char *value)
{
	struct tally_certificate c;

	return tally_certificate_parse(value, &c) ? tally_certificates_add(&e->certificates, &c)
						  : -1;
}

/* What this process has seen itself is later, but for a product of which more was known. Redis's
 * own basis of that stays there when it was read before. */
static void load_text(struct tally_entry *e, unsigned i, const char *value)
{
	const char *own = e->texts[i];

	if (own != NULL && (i != TALLY_SOFTWARE || !tally_software_is_less(own, value)))
		return;
	if (own != NULL) {
		free(e->texts[TALLY_SOFTWARE_BASIS]);
		e->texts[TALLY_SOFTWARE_BASIS] = NULL;
	}
	tally_entry_set_text(e, i, value);
}

/* Of texts that Redis has only those matter to which new ones are compared. */
static int load_name(
    struct tally_entry *e, enum tally_form form, const char *name, const char *value)
{
	uint64_t code;

	if (version_max_names[e->kind] != NULL && strcmp(name, version_max_names[e->kind]) == 0) {
		code = tally_name_kinds[TALLY_NAME_VERSION].code(value);
		if (code != TALLY_CODE_NONE && code > e->version_max)
			e->version_max = (uint16_t)code;
		return 0;
	}
	for (unsigned i = 0; i < TALLY_TEXTS; i++)
		if (text_names[e->kind][i] != NULL && strcmp(name, text_names[e->kind][i]) == 0 &&
		    (form == TALLY_PARTS || i <= TALLY_SOFTWARE_BASIS))
			load_text(e, i, value);
	return 0;
}

int tally_entry_load(
    struct tally_entry *e, enum tally_form form, const char *name, const char *value)
{
	int loaded = load_counter(e, form, name, value);

	if (loaded <= 0)
		return loaded;
	for (size_t i = 0; i < COUNT(time_fields); i++)
		if (strcmp(name, time_fields[i].name) == 0)
			return load_time(e, &time_fields[i], form, value);
	for (size_t i = 0; i < COUNT(port_fields); i++)
		if (strcmp(name, port_fields[i].name) == 0)
			return load_port(e, &port_fields[i], value);
	if (behind(name, TALLY_CERTIFICATE_PREFIX) != NULL)
		return load_certificate(e, value);
	loaded = load_evidence(e, form, name, value);
	return loaded <= 0 ? loaded : load_name(e, form, name, value);
}
