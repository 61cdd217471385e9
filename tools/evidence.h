/*
 * The evidence that a sensor kept of the last legacy session: its record as one line of JSON. It
 * comes out of Redis, so it is checked before it is shown.
 */
#ifndef TLSVANE_EVIDENCE_H
#define TLSVANE_EVIDENCE_H

#include <stdbool.h>
#include <stddef.h>

#define EVIDENCE_FIELDS_MAX 128
#define EVIDENCE_TEXT_MAX   20480 /* bytes of JSON that are read: a record full of escapes */

struct evidence {
	struct {
		const char *name, *value; /* dotted name; texts without their quotes */
	} fields[EVIDENCE_FIELDS_MAX];
	size_t count;
	char memory[EVIDENCE_TEXT_MAX * 2];
	size_t used;
};

/* Reads one JSON object (RFC 8259). Of arrays there are those of strings: words with a blank
 * between. False where it is none, or larger than any record.
 */
bool evidence_parse(const char *json, struct evidence *e);

/* The value of a dotted name, NULL where there is none. */
const char *evidence_value(const struct evidence *e, const char *name);

/* A version below TLS 1.2 was chosen, or the handshake failed over versions. */
bool evidence_is_legacy(const struct evidence *e);

/* One sentence on how mail came to go in the clear: fallback, or STARTTLS that may have been
 * stripped. Returns `text`. */
const char *evidence_clear_sentence(const struct evidence *e, char *text, size_t size);

/* One sentence: when, who with whom, what was offered, what came out. Returns `text`. */
const char *evidence_sentence(const struct evidence *e, char *text, size_t size);

#endif
