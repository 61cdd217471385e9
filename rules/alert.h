/*
 * One alert as it is told: a change in the life of a rule and a key, with the session that brought
 * it about. Rendered once, as JSON and as lines; what delivers it later needs nothing else.
 */
#ifndef TLSVANE_RULES_ALERT_H
#define TLSVANE_RULES_ALERT_H

#include <stdio.h>

#include "rule_file.h"
#include "suppress.h"

#define ALERT_UID_MAX	  64
#define ALERT_MESSAGE_MAX 512

struct alert {
	const struct rule *rule;
	const char *key;
	const char *id;		 /* of rule and key: the same for all its changes */
	char uid[ALERT_UID_MAX]; /* of this change: whoever gets it twice can tell */
	enum suppress_change change;
	uint64_t at_ns;	   /* the session's end, or when time brought it about */
	uint64_t since_ms; /* it fires since; resolved: it fired since */
	uint64_t matches;  /* since the last message, this one included */
	uint64_t episode;
	char message[ALERT_MESSAGE_MAX];
	const char *sensor;
	const struct record *record; /* NULL: none is at hand */
};

/* One line of JSON with its newline: ECS names, the session under "session". `to` can seek. */
void alert_write_json(FILE *to, const struct alert *a);

/*
 * Lines "name: value": alert.change, alert.state, alert.id, alert.uid, alert.key, alert.time,
 * alert.since, alert.matches, alert.message, rule.name, rule.severity, rule.description, rule.tags,
 * rule.references (both with blanks between), sensor.name; then the session's fields.
 */
void alert_write_fields(FILE *to, const struct alert *a);

/* The value of a field in such lines: its length, and where it begins in *value. 0 and NULL where
 * there is none. */
size_t alert_field(const char *fields, const char *name, const char **value);

#endif
