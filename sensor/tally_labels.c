/* Labels of counters <-> codes. */
#include "tally_labels.h"

#include <stdlib.h>
#include <string.h>

#include "../parsers/tls_names.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *label_code(const char *name, uint64_t code, char buffer[TALLY_LABEL_MAX])
{
	if (name == NULL)
		snprintf(buffer, TALLY_LABEL_MAX, "0x%04X", (unsigned)(code & 0xffffu));
	return name != NULL ? name : buffer;
}

static const char *version_label(uint64_t code, char buffer[TALLY_LABEL_MAX])
{
	return label_code(tls_version_label((uint16_t)code), code, buffer);
}

static const char *cipher_label(uint64_t code, char buffer[TALLY_LABEL_MAX])
{
	return label_code(tls_cipher_suite_name((uint16_t)code), code, buffer);
}

static const char *outcome_label(uint64_t code, char buffer[TALLY_LABEL_MAX])
{
	return label_code(record_outcome_name((unsigned)code), code, buffer);
}

static const char *legacy_side_label(uint64_t code, char buffer[TALLY_LABEL_MAX])
{
	return label_code(record_legacy_side_name((unsigned)code), code, buffer);
}

static const char *starttls_label(uint64_t code, char buffer[TALLY_LABEL_MAX])
{
	(void)buffer;
	return code == RECORD_TRUE ? "yes" : "no";
}

static uint64_t code_from_hex(const char *label)
{
	char *end;
	unsigned long code;

	if (strlen(label) != 6 || strncmp(label, "0x", 2) != 0)
		return TALLY_CODE_NONE;
	code = strtoul(label + 2, &end, 16);
	return *end == '\0' ? code : TALLY_CODE_NONE;
}

static uint64_t version_code(const char *label)
{
	uint16_t code;

	return tls_version_from_label(label, &code) ? code : code_from_hex(label);
}

static uint64_t cipher_code(const char *label)
{
	uint16_t code;

	return tls_cipher_suite_code(label, &code) ? code : code_from_hex(label);
}

static uint64_t code_of(const char *label, const char *(*name)(unsigned), unsigned count)
{
	for (unsigned code = 1; code < count; code++)
		if (strcmp(name(code), label) == 0)
			return code;
	return TALLY_CODE_NONE;
}

static uint64_t outcome_code(const char *label)
{
	return code_of(label, record_outcome_name, OUTCOMES);
}

static uint64_t legacy_side_code(const char *label)
{
	return code_of(label, record_legacy_side_name, LEGACY_SIDES);
}

static uint64_t starttls_code(const char *label)
{
	return strcmp(label, "yes") == 0  ? RECORD_TRUE
	       : strcmp(label, "no") == 0 ? RECORD_FALSE
					  : TALLY_CODE_NONE;
}

static const char *class_label(uint64_t code, char buffer[TALLY_LABEL_MAX])
{
	return tally_class_label(code, buffer);
}

static uint64_t class_code(const char *label)
{
	uint64_t code;

	return tally_class_parse(label, &code) ? code : TALLY_CODE_NONE;
}

static const char *reply_label(uint64_t code, char buffer[TALLY_LABEL_MAX])
{
	snprintf(buffer, TALLY_LABEL_MAX, "%u", (unsigned)(code & 0xffffu));
	return buffer;
}

static uint64_t reply_code(const char *label)
{
	char *end;
	unsigned long code = strtoul(label, &end, 10);

	return end == label + 3 && *end == '\0' && code < 1000 ? code : TALLY_CODE_NONE;
}

static const char *alert_label(uint64_t code, char buffer[TALLY_LABEL_MAX])
{
	return label_code(tls_alert_name((uint8_t)code), code, buffer);
}

static uint64_t alert_code(const char *label)
{
	for (unsigned code = 0; code <= UINT8_MAX; code++) {
		const char *name = tls_alert_name((uint8_t)code);

		if (name != NULL && strcmp(name, label) == 0)
			return code;
	}
	return code_from_hex(label);
}

const struct tally_name_kind tally_name_kinds[TALLY_NAMES] = {
    [TALLY_NAME_SESSIONS] = {"sessions", NULL, NULL, NULL, NULL},
    [TALLY_NAME_VERSION] = {"version:", "version_first:", "version_last:", version_label,
	version_code},
    [TALLY_NAME_CIPHER] = {"cipher:", "cipher_first:", "cipher_last:", cipher_label, cipher_code},
    [TALLY_NAME_OUTCOME] = {"outcome:", NULL, NULL, outcome_label, outcome_code},
    [TALLY_NAME_LEGACY_SIDE] = {"legacy_side:", NULL, NULL, legacy_side_label, legacy_side_code},
    [TALLY_NAME_STARTTLS] = {"starttls_offered:", NULL, NULL, starttls_label, starttls_code},
    [TALLY_NAME_CLASS] = {"class:", "class_first:", "class_last:", class_label, class_code},
    [TALLY_NAME_REPLY] = {"starttls_reply:", NULL, NULL, reply_label, reply_code},
    [TALLY_NAME_ALERT] = {"alert:", NULL, NULL, alert_label, alert_code},
    [TALLY_NAME_FALLBACK] = {"fallback", NULL, NULL, NULL, NULL},
    [TALLY_NAME_STRIPPING] = {"stripping", NULL, NULL, NULL, NULL},
    [TALLY_NAME_INJECTED] = {"injected", NULL, NULL, NULL, NULL},
};
