/*
 * Conditions over one session. Three-valued (Kleene): a field that was not seen makes its
 * comparison unknown, `not` of unknown is unknown, and only true fires. False says more than "not
 * true": the session was seen and is clean.
 *
 * No allocation, no lock. One loaded file serves one thread at a time: it remembers what it found
 * out about the session at hand.
 */
#ifndef TLSVANE_RULES_EVALUATE_H
#define TLSVANE_RULES_EVALUATE_H

#include "history_fields.h"
#include "rule_file.h"

/* What is judged. */
struct rules_subject {
	const struct record *record;
	const struct rule_file *file; /* for direction: its networks */
	uint64_t now_ns;	      /* `now`; 0: the end of the session */
	history_lookup *history;      /* NULL: history is not there (yet), all of it is unknown */
	void *context;		      /* for history */
};

/*
 * Without history, false and true are already final: only a rule that comes out unknown here, and
 * has rule.needs_history, is worth fetching history for.
 */
enum rules_truth rules_evaluate(const struct rule *rule, const struct rules_subject *subject);

/* All rules of subject->file: truths[i] is that of rule i (enum rules_truth). Each distinct clause
 * is asked at most once, so this costs far less than to evaluate them one by one. */
void rules_judge(const struct rules_subject *subject, uint8_t *truths);

/* Whether any rule of subject->file may come out otherwise with history than without it. */
bool rules_want_history(const struct rules_subject *subject);

/* The value of a slot: RULES_TRUE there, RULES_FALSE absent, RULES_UNKNOWN history that was not
 * asked. `buffer` holds the text of values that have none of their own. */
enum rules_truth rules_field_value(const struct rules_subject *subject, uint16_t slot,
    struct rules_value *value, char buffer[RULES_VALUE_TEXT_MAX]);

/*
 * Writes a template (key, message, action parameter) into `text`, cut at `size` at a character and
 * NUL-terminated. A field that is absent becomes "-". Returns the length that it has without the
 * cut.
 */
size_t rules_template_write(
    const struct rules_template *t, const struct rules_subject *subject, char *text, size_t size);

/* The alert's key: the rule's key parts, joined by a blank; cut like a template. */
size_t rules_key_write(
    const struct rule *rule, const struct rules_subject *subject, char *text, size_t size);

enum rules_direction {
	DIRECTION_ABSENT,
	DIRECTION_INBOUND,
	DIRECTION_OUTBOUND,
	DIRECTION_INTERNAL,
	DIRECTION_TRANSIT
};

/* By the file's network `own`; absent where it names none. The words: rules_direction_words[]. */
enum rules_direction rules_direction(const struct rule_file *file, const struct record *r);
extern const char *const rules_direction_words[DIRECTION_TRANSIT + 1];

/* One clause of a condition and how it came out, for people. */
struct rules_clause {
	unsigned depth;	  /* 0: the whole condition */
	const char *text; /* in its normal form */
	enum rules_truth truth;
	const char *value; /* "tls.version is 1.0, server.ip absent"; "" for and, or, not */
};

/* Hands out every clause, an outer one before its inner ones; nothing is short-circuited. */
void rules_trace(const struct rule *rule, const struct rules_subject *subject,
    void (*clause)(void *context, const struct rules_clause *clause), void *context);

#endif
