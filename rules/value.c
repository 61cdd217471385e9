/* The list of names that conditions may ask for, and values as people read them. */
#include "value.h"

#include <string.h>

#include "../parsers/tls_hello.h"
#include "../parsers/tls_names.h"
#include "derived.h"
#include "history_fields.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define FIELDS_MAX   256
#define SECOND	     UINT64_C(1000000000)
#define VERSION_BITS 6

static const char *const type_names[RULES_TYPES] = {
    [RULES_BOOLEAN] = "boolean",
    [RULES_NUMBER] = "number",
    [RULES_VERSION] = "version",
    [RULES_TIME] = "time",
    [RULES_DURATION] = "duration",
    [RULES_WORD] = "word",
    [RULES_CODE] = "name",
    [RULES_ADDRESS] = "address",
    [RULES_TEXT] = "text",
    [RULES_HOST] = "host name",
    [RULES_VERSIONS] = "set of versions",
    [RULES_LIST] = "list",
};

static const uint8_t record_types[] = {
    [FIELD_TIME] = RULES_TIME,
    [FIELD_DATE] = RULES_TIME,
    [FIELD_DURATION] = RULES_DURATION,
    [FIELD_IP] = RULES_ADDRESS,
    [FIELD_NUMBER] = RULES_NUMBER,
    [FIELD_SMALL] = RULES_NUMBER,
    [FIELD_BOOLEAN] = RULES_BOOLEAN,
    [FIELD_TEXT] = RULES_TEXT,
    [FIELD_WORDS] = RULES_LIST,
    [FIELD_STRING] = RULES_TEXT,
    [FIELD_MD5] = RULES_TEXT,
    [FIELD_SHA256] = RULES_TEXT,
    [FIELD_VERSION] = RULES_VERSION,
    [FIELD_VERSION_PROTOCOL] = RULES_WORD,
    [FIELD_CIPHER] = RULES_CODE,
    [FIELD_GROUP] = RULES_CODE,
    [FIELD_ENUM] = RULES_WORD,
    [FIELD_ALERT_CODE] = RULES_NUMBER,
    [FIELD_ALERT_DESCRIPTION] = RULES_CODE,
    [FIELD_CAPABILITIES] = RULES_LIST,
    [FIELD_TRANSCRIPT] = RULES_TEXT,
};

/* Texts of the record that are names of hosts. */
static const char *const host_fields[] = {"smtp.helo", "tls.client.server_name"};

static const uint16_t versions[VERSION_BITS] = {TLS_VERSION_SSL2, TLS_VERSION_SSL3, TLS_VERSION_10,
    TLS_VERSION_11, TLS_VERSION_12, TLS_VERSION_13};

const char *const rules_protocol_words[] = {"tls", "ssl"};

static struct rules_field fields[FIELDS_MAX];
static size_t field_count;

static const char *alert_name(uint16_t code)
{
	return code > UINT8_MAX ? NULL : tls_alert_name((uint8_t)code);
}

static bool is_host(const char *name)
{
	for (size_t i = 0; i < COUNT(host_fields); i++)
		if (strcmp(host_fields[i], name) == 0)
			return true;
	return false;
}

static void fill_codes(struct rules_field *to, const struct field *f)
{
	if (f->type == FIELD_CIPHER)
		to->code_name = tls_cipher_suite_name;
	else
		to->code_name = f->type == FIELD_GROUP ? tls_group_name : alert_name;
}

/* A kind of field that is not known here is text, as record_value() says it. */
static void fill_record_field(struct rules_field *to, const struct field *f, size_t index)
{
	*to = (struct rules_field){.name = f->name,
	    .type = f->type < COUNT(record_types) ? record_types[f->type] : RULES_TEXT,
	    .source = RULES_OF_RECORD,
	    .index = (uint16_t)index,
	    .words = f->names,
	    .word_count = f->names_count,
	    .help = f->help,
	    .example = f->example};
	if (f->type == FIELD_VERSION_PROTOCOL) {
		to->words = rules_protocol_words;
		to->word_count = COUNT(rules_protocol_words);
	}
	if (to->type == RULES_CODE)
		fill_codes(to, f);
	if (to->type == RULES_TEXT && is_host(f->name))
		to->type = RULES_HOST;
}

static void fill_history_field(struct rules_field *to, const struct history_field *f, size_t index)
{
	*to = (struct rules_field){.name = f->name,
	    .type = f->type,
	    .source = RULES_OF_HISTORY,
	    .index = (uint16_t)index,
	    .words = f->words,
	    .word_count = f->word_count,
	    .help = f->help,
	    .example = f->example};
}

/* Before main: so that nobody needs to ask whether it was done. */
__attribute__((constructor)) static void fill(void)
{
	for (size_t i = 0; i < record_field_count && field_count < FIELDS_MAX; i++)
		fill_record_field(&fields[field_count++], &record_fields[i], i);
	for (size_t i = 0; i < history_field_count && field_count < FIELDS_MAX; i++)
		fill_history_field(&fields[field_count++], &history_fields[i], i);
	for (size_t i = 0; i < derived_field_count && field_count < FIELDS_MAX; i++)
		fields[field_count++] = derived_fields[i];
}

size_t rules_field_count(void)
{
	return field_count;
}

const struct rules_field *rules_field(size_t slot)
{
	return &fields[slot];
}

bool rules_field_find(const char *name, uint16_t *slot)
{
	for (size_t i = 0; i < rules_field_count(); i++)
		if (strcmp(fields[i].name, name) == 0) {
			*slot = (uint16_t)i;
			return true;
		}
	return false;
}

const char *rules_type_name(unsigned type)
{
	return type < RULES_TYPES ? type_names[type] : "unknown";
}

uint64_t rules_version_bit(uint16_t version)
{
	for (size_t i = 0; i < VERSION_BITS; i++)
		if (versions[i] == version)
			return UINT64_C(1) << i;
	return 0;
}

/* ---- Values as people read them ---- */

static void format_duration(uint64_t ns, char *text, size_t size)
{
	static const struct unit {
		uint64_t ns;
		const char *name;
	} units[] = {{7 * 86400 * SECOND, "w"}, {86400 * SECOND, "d"}, {3600 * SECOND, "h"},
	    {60 * SECOND, "m"}, {SECOND, "s"}, {1000000, "ms"}};
	size_t used = 0;

	for (size_t i = 1; i < COUNT(units); i++) {
		if (ns < units[i].ns)
			continue;
		used += (size_t)snprintf(text + used, size - used, "%llu%s",
		    (unsigned long long)(ns / units[i].ns), units[i].name);
		ns %= units[i].ns;
	}
	if (used == 0)
		snprintf(text, size, ns == 0 ? "0s" : "<1ms");
}

static const char *version_text(uint16_t version, char buffer[RULES_VALUE_TEXT_MAX])
{
	const char *number = tls_version_number(version), *protocol = tls_version_protocol(version);

	if (number == NULL)
		snprintf(buffer, RULES_VALUE_TEXT_MAX, "0x%04X", version);
	else
		snprintf(buffer, RULES_VALUE_TEXT_MAX, "%s%s",
		    strcmp(protocol, "ssl") == 0 ? "ssl" : "", number);
	return buffer;
}

static void format_versions(uint64_t set, char *text, size_t size)
{
	char one[RULES_VALUE_TEXT_MAX];
	size_t used = 0;

	snprintf(text, size, "none");
	for (size_t i = 0; i < VERSION_BITS && used < size; i++)
		if ((set >> i & 1) != 0)
			used += (size_t)snprintf(text + used, size - used, "%s%s",
			    used > 0 ? ", " : "", version_text(versions[i], one));
}

static const char *format_code(const struct rules_field *f, uint64_t code, char *text, size_t size)
{
	const char *name = f->code_name == NULL ? NULL : f->code_name((uint16_t)code);

	snprintf(text, size, "0x%04X", (unsigned)code);
	return name == NULL ? text : name;
}

/* Its value brings its own text: see take_date(). */
static bool is_date(const struct rules_field *f)
{
	return f->name != NULL && f->source == RULES_OF_RECORD &&
	       record_fields[f->index].type == FIELD_DATE;
}

const char *rules_value_format(
    const struct rules_field *f, const struct rules_value *v, char text[RULES_VALUE_TEXT_MAX])
{
	switch (f->type) {
	case RULES_BOOLEAN:
		return v->number != 0 ? "true" : "false";
	case RULES_VERSION:
		return version_text((uint16_t)v->number, text);
	case RULES_TIME:
		return is_date(f) ? v->text : time_format(v->number, text);
	case RULES_DURATION:
		format_duration(v->number, text, RULES_VALUE_TEXT_MAX);
		return text;
	case RULES_WORD:
		return v->number < f->word_count && f->words[v->number] != NULL
			   ? f->words[v->number]
			   : "-";
	case RULES_CODE:
		return format_code(f, v->number, text, RULES_VALUE_TEXT_MAX);
	case RULES_ADDRESS:
		return address_format(&v->address, text);
	case RULES_TEXT:
	case RULES_HOST:
	case RULES_LIST:
		return v->text;
	case RULES_VERSIONS:
		format_versions(v->number, text, RULES_VALUE_TEXT_MAX);
		return text;
	default:
		snprintf(text, RULES_VALUE_TEXT_MAX, "%llu", (unsigned long long)v->number);
		return text;
	}
}
