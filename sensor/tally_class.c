/* Classes of sessions as numbers and labels. */
#include "tally_class.h"

#include <string.h>

#include "../parsers/tls_hello.h"
#include "../parsers/tls_names.h"

#define COUNT(array)   (sizeof(array) / sizeof((array)[0]))
#define CIPHER_UNNAMED 0xffffu /* IANA keeps it unassigned */

/* Where each part stands in the number: its first bit, and how many. */
enum part {
	PART_CIPHER,
	PART_VERSION, /* index into versions[] */
	PART_OFFER,
	PART_OUTCOME,
	PART_CONFIDENCE,
	PART_CLEAR,
	PART_RETRIED,
	PART_SENTINEL,
	PART_CERTIFICATE, /* enum certificate */
	PART_FALLBACK,
	PARTS,
};

static const struct {
	uint8_t shift, bits;
} parts[PARTS] = {
    [PART_CIPHER] = {0, 16},
    [PART_VERSION] = {16, 3},
    [PART_OFFER] = {19, 3},
    [PART_OUTCOME] = {22, 4},
    [PART_CONFIDENCE] = {26, 3},
    [PART_CLEAR] = {29, 1},
    [PART_RETRIED] = {30, 1},
    [PART_SENTINEL] = {31, 2},
    [PART_CERTIFICATE] = {33, 2},
    [PART_FALLBACK] = {35, 1},
};

static const uint16_t versions[] = {0, TLS_VERSION_SSL2, TLS_VERSION_SSL3, TLS_VERSION_10,
    TLS_VERSION_11, TLS_VERSION_12, TLS_VERSION_13};

#define VERSION_UNNAMED COUNT(versions)

enum certificate { CERTIFICATE_ABSENT, CERTIFICATE_NONE, CERTIFICATE_DECLINED, CERTIFICATE_SENT };

static const struct {
	char letter;
	uint8_t part, value;
} letters[] = {
    {'p', PART_CLEAR, 1},
    {'r', PART_RETRIED, 1},
    {'d', PART_SENTINEL, TLS_SENTINEL_11},
    {'D', PART_SENTINEL, TLS_SENTINEL_12},
    {'f', PART_FALLBACK, 1},
    {'n', PART_CERTIFICATE, CERTIFICATE_NONE},
    {'q', PART_CERTIFICATE, CERTIFICATE_DECLINED},
    {'c', PART_CERTIFICATE, CERTIFICATE_SENT},
};

static unsigned part(uint64_t class, enum part p)
{
	return (unsigned)(class >> parts[p].shift & ((1u << parts[p].bits) - 1));
}

static void set(uint64_t *class, enum part p, unsigned value)
{
	*class |= (uint64_t)value << parts[p].shift;
}

/* ---- From records, and back ---- */

static unsigned version_index(uint16_t version)
{
	unsigned i = 0;

	while (i < COUNT(versions) && versions[i] != version)
		i++;
	return i;
}

/* A resumed session asks for none: what was agreed on before is not seen. */
static unsigned certificate_of(const struct record *r)
{
	if (r->resumed == RECORD_TRUE)
		return CERTIFICATE_ABSENT;
	if (r->certificate_sent == RECORD_TRUE)
		return CERTIFICATE_SENT;
	if (r->certificate_requested == RECORD_TRUE)
		return r->certificate_sent == RECORD_FALSE ? CERTIFICATE_DECLINED
							   : CERTIFICATE_ABSENT;
	return r->certificate_requested == RECORD_FALSE ? CERTIFICATE_NONE : CERTIFICATE_ABSENT;
}

static unsigned cipher_of(const struct record *r)
{
	if (r->tls_version == 0 || r->tls_version == TLS_VERSION_SSL2)
		return 0; /* SSL 2's cipher kinds are another number space */
	return tls_cipher_suite_name(r->cipher_suite) == NULL ? CIPHER_UNNAMED : r->cipher_suite;
}

uint64_t tally_class_of(const struct record *r, bool retried)
{
	uint64_t class = 0;

	set(&class, PART_CIPHER, cipher_of(r));
	set(&class, PART_VERSION, version_index(r->tls_version));
	set(&class, PART_OFFER, version_index(r->client_max_version));
	set(&class, PART_OUTCOME, r->outcome < OUTCOMES ? r->outcome : OUTCOME_ABSENT);
	set(&class, PART_CONFIDENCE, r->confidence < CONFIDENCES ? r->confidence : 0);
	set(&class, PART_CLEAR, record_is_clear(r));
	set(&class, PART_RETRIED, retried);
	set(&class, PART_SENTINEL, r->sentinel & 3u);
	set(&class, PART_CERTIFICATE, certificate_of(r));
	set(&class, PART_FALLBACK, r->fallback_scsv == RECORD_TRUE);
	return class;
}

bool tally_class_retried(uint64_t class)
{
	return part(class, PART_RETRIED) != 0;
}

static uint16_t version_at(unsigned index)
{
	return index < COUNT(versions) ? versions[index] : 0;
}

/* As verdict.c judges; alerts are not told. */
static uint8_t legacy_side(const struct record *r)
{
	if (r->tls_version >= TLS_VERSION_12)
		return LEGACY_NONE;
	if (r->tls_version == 0 || r->client_max_version == 0)
		return LEGACY_UNKNOWN;
	if (r->client_max_version < TLS_VERSION_12 && r->fallback_scsv != RECORD_TRUE)
		return LEGACY_CLIENT;
	return r->sentinel != TLS_SENTINEL_NONE ? LEGACY_DOWNGRADE : LEGACY_SERVER;
}

static uint8_t truth(bool is)
{
	return is ? RECORD_TRUE : RECORD_FALSE;
}

static void set_starttls(struct record *r)
{
	switch (r->outcome) {
	case OUTCOME_TLS:
	case OUTCOME_TLS_FAILED:
	case OUTCOME_STARTTLS_REFUSED:
	case OUTCOME_STARTTLS_ABANDONED:
		r->starttls_requested = RECORD_TRUE;
		break;
	case OUTCOME_STARTTLS_UNUSED:
		r->starttls_offered = RECORD_TRUE;
		r->starttls_requested = RECORD_FALSE;
		break;
	case OUTCOME_STARTTLS_NOT_OFFERED:
		r->starttls_offered = RECORD_FALSE;
		r->starttls_requested = RECORD_FALSE;
		break;
	default:
		break;
	}
}

void tally_class_record(uint64_t class, struct record *r)
{
	unsigned certificate = part(class, PART_CERTIFICATE), cipher = part(class, PART_CIPHER);

	r->outcome = (uint8_t)part(class, PART_OUTCOME);
	r->confidence = (uint8_t)part(class, PART_CONFIDENCE);
	r->tls_version = version_at(part(class, PART_VERSION));
	r->client_max_version = version_at(part(class, PART_OFFER));
	r->cipher_suite = (uint16_t)cipher;
	r->sentinel = (uint8_t)part(class, PART_SENTINEL);
	if (r->client_max_version != 0)
		r->fallback_scsv = truth(part(class, PART_FALLBACK));
	if (r->outcome != OUTCOME_UNKNOWN || part(class, PART_CLEAR))
		r->plaintext_mail = truth(part(class, PART_CLEAR));
	if (r->plaintext_mail == RECORD_TRUE)
		r->plaintext_refused = RECORD_FALSE;
	if (certificate != CERTIFICATE_ABSENT) {
		r->certificate_requested = truth(certificate != CERTIFICATE_NONE);
		r->resumed = RECORD_FALSE;
	}
	if (certificate == CERTIFICATE_SENT || certificate == CERTIFICATE_DECLINED)
		r->certificate_sent = truth(certificate == CERTIFICATE_SENT);
	set_starttls(r);
	r->legacy_side = legacy_side(r);
}

/* ---- Labels ---- */

static const char *version_name(unsigned index)
{
	if (index == 0)
		return "-";
	return index < COUNT(versions) ? tls_version_label(versions[index]) : "other";
}

static const char *cipher_name(uint64_t class)
{
	unsigned cipher = part(class, PART_CIPHER), version = part(class, PART_VERSION);
	const char *name = tls_cipher_suite_name((uint16_t)cipher);

	if (version == 0 || versions[version % COUNT(versions)] == TLS_VERSION_SSL2)
		return "-";
	return cipher == CIPHER_UNNAMED || name == NULL ? "other" : name;
}

static const char *or_dash(const char *name)
{
	return name == NULL ? "-" : name;
}

/* A word and a comma, as far as there is room. */
static char *add_word(char *at, const char *end, const char *word)
{
	size_t room = (size_t)(end - at), length = strlen(word);

	if (length >= room)
		length = room > 0 ? room - 1 : 0;
	at = mempcpy(at, word, length);
	*at = ',';
	return at + (room > 0);
}

const char *tally_class_label(uint64_t class, char text[TALLY_CLASS_LABEL_MAX])
{
	char flags[COUNT(letters) + 1], *at = text, *end = text + TALLY_CLASS_LABEL_MAX;
	size_t used = 0;

	for (size_t i = 0; i < COUNT(letters); i++)
		if (part(class, letters[i].part) == letters[i].value)
			flags[used++] = letters[i].letter;
	flags[used] = '\0';
	at = add_word(at, end, version_name(part(class, PART_VERSION)));
	at = add_word(at, end, version_name(part(class, PART_OFFER)));
	at = add_word(at, end, or_dash(record_outcome_name(part(class, PART_OUTCOME))));
	at = add_word(at, end, or_dash(record_confidence_name(part(class, PART_CONFIDENCE))));
	at = add_word(at, end, cipher_name(class));
	at = add_word(at, end, used > 0 ? flags : "-");
	at[-1] = '\0';
	return text;
}

static bool version_parse(const char *word, unsigned *value)
{
	uint16_t version;

	if (strcmp(word, "-") == 0)
		*value = 0;
	else if (strcmp(word, "other") == 0)
		*value = VERSION_UNNAMED;
	else if (tls_version_from_label(word, &version) && version_index(version) < VERSION_UNNAMED)
		*value = version_index(version);
	else
		return false;
	return true;
}

static bool name_parse(
    const char *word, const char *(*name)(unsigned), unsigned count, unsigned *value)
{
	for (*value = 0; *value < count; (*value)++)
		if (strcmp(or_dash(name(*value)), word) == 0)
			return true;
	return false;
}

static bool outcome_parse(const char *word, unsigned *value)
{
	return name_parse(word, record_outcome_name, OUTCOMES, value);
}

static bool confidence_parse(const char *word, unsigned *value)
{
	return name_parse(word, record_confidence_name, CONFIDENCES, value);
}

static bool cipher_parse(const char *word, unsigned *value)
{
	uint16_t code = 0;
	bool none = strcmp(word, "-") == 0;

	if (strcmp(word, "other") == 0)
		code = CIPHER_UNNAMED;
	else if (!none && !tls_cipher_suite_code(word, &code))
		return false;
	*value = code;
	return true;
}

static bool letters_parse(const char *word, uint64_t *class)
{
	for (; *word != '\0' && strcmp(word, "-") != 0; word++) {
		size_t i = 0;

		while (i < COUNT(letters) && letters[i].letter != *word)
			i++;
		if (i == COUNT(letters) || part(*class, letters[i].part) != 0)
			return false;
		set(class, letters[i].part, letters[i].value);
	}
	return true;
}

bool tally_class_parse(const char *label, uint64_t *class)
{
	static const struct {
		enum part part;
		bool (*parse)(const char *word, unsigned *value);
	} words[] = {{PART_VERSION, version_parse}, {PART_OFFER, version_parse},
	    {PART_OUTCOME, outcome_parse}, {PART_CONFIDENCE, confidence_parse},
	    {PART_CIPHER, cipher_parse}};
	char copy[TALLY_CLASS_LABEL_MAX], *rest = copy;
	size_t length = strlen(label);

	if (length >= sizeof(copy))
		return false;
	memcpy(copy, label, length + 1);
	*class = 0;
	for (size_t i = 0; i < COUNT(words); i++) {
		const char *word = strsep(&rest, ",");
		unsigned value;

		if (rest == NULL || !words[i].parse(word, &value))
			return false;
		set(class, words[i].part, value);
	}
	return letters_parse(rest, class);
}
