/*
 * What an expression computes with: types, values, and the one list of names that a condition may
 * ask for (record fields, history fields, and a few that are derived). A name is resolved once,
 * when a file is loaded, to a slot.
 */
#ifndef TLSVANE_RULES_VALUE_H
#define TLSVANE_RULES_VALUE_H

#include "../sensor/record.h"

enum rules_type {
	RULES_BOOLEAN,	/* number: 0, 1 */
	RULES_NUMBER,	/* number */
	RULES_VERSION,	/* number: enum tls_version; ssl 2 < ssl 3 < tls 1.0 < ... */
	RULES_TIME,	/* number: ns since the epoch */
	RULES_DURATION, /* number: ns */
	RULES_WORD,	/* number: index into the field's `words` */
	RULES_CODE,    /* number: a code point (cipher suite, group, alert) that has an IANA name */
	RULES_ADDRESS, /* address */
	RULES_TEXT,    /* text: compared as it is */
	RULES_HOST,    /* text: a host name, compared without regard to case or a dot at its end */
	RULES_VERSIONS, /* number: a set of versions, bits rules_version_bit() */
	RULES_LIST,	/* text: words with blanks between them, compared as RULES_HOST; any of them
			   counts */
	RULES_TYPES,
};

struct rules_value {
	uint64_t number;
	const char *text; /* borrowed: from the record, static storage, or whoever answered a
			     history_lookup; of a date, too, which may lie beyond `number` */
	struct frame_address address;
};

enum rules_truth { RULES_FALSE, RULES_TRUE, RULES_UNKNOWN };

enum rules_source { RULES_OF_RECORD, RULES_OF_HISTORY, RULES_DERIVED };

/* A name that a condition may ask for. */
struct rules_field {
	const char *name;
	uint8_t type;		  /* enum rules_type */
	uint8_t source;		  /* enum rules_source */
	uint16_t index;		  /* in record_fields, history_fields or the derived ones */
	const char *const *words; /* RULES_WORD: by value, NULL where a value has none */
	uint16_t word_count;
	const char *(*code_name)(uint16_t code); /* RULES_CODE: NULL where it has no name */
	const char *help, *example;
};

/* All names, record fields first, then history, then derived. A slot is an index from 0 to
 * rules_field_count() - 1. */
size_t rules_field_count(void);
const struct rules_field *rules_field(size_t slot);

/* The slot of a name; false where there is none. */
bool rules_field_find(const char *name, uint16_t *slot);

/* "version", "address", ...: for errors and help. */
const char *rules_type_name(unsigned type);

/* The bit of a version in a set of versions; 0 for a version that is none. */
uint64_t rules_version_bit(uint16_t version);

#define RULES_VALUE_TEXT_MAX FIELD_VALUE_MAX

/* A value as people read it ("1.2", "192.0.2.1", "3d", "true"); returns `text`. */
const char *rules_value_format(const struct rules_field *field, const struct rules_value *value,
    char text[RULES_VALUE_TEXT_MAX]);

#endif
