/*
 * What conditions can ask of the past: one table, as record_fields is for the session. The rows
 * stand in history_fields.c beside the code that answers; conditions are type-checked against them
 * when a file is loaded. All is as it was *before* the session at hand.
 */
#ifndef TLSVANE_RULES_HISTORY_FIELDS_H
#define TLSVANE_RULES_HISTORY_FIELDS_H

#include "value.h"

struct history_field {
	const char *name;	  /* "server.first_seen" */
	uint8_t type;		  /* enum rules_type; not RULES_CODE */
	const char *const *words; /* RULES_WORD: by value */
	uint8_t word_count;
	const char *help;    /* one sentence */
	const char *example; /* a value as people read it */
};

extern const struct history_field history_fields[];
extern const size_t history_field_count;

/*
 * Answers for history_fields[field]: fills in *value and returns true, or returns false where
 * nothing is known. A text that it hands out stays good until the next session is evaluated. Never
 * blocks: what must be fetched was fetched before.
 */
typedef bool history_lookup(void *context, size_t field, struct rules_value *value);

#endif
