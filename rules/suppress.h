/*
 * The life of alerts: which of a thousand matches are worth a message. Pure: no clock, no I/O;
 * every time is the caller's, in ms since the epoch, and need not grow.
 *
 * An alert is a rule and a key. It is new or has regressed (it was fixed once) when its condition
 * has held for the rule's `for`; it is said again at most every `every` ("still"); it is fixed when
 * its key was seen clean after the last match, and no match came for `clean`; it is gone when
 * nothing at all was heard of its key for LIMIT_ALERT_GONE_S. A clean session in between makes
 * `for` start again, and nothing else: that is the hysteresis.
 *
 * A change is first handed out as a wish. Until the caller has answered it (suppress_apply,
 * suppress_adopt, suppress_refuse), that alert makes no other.
 */
#ifndef TLSVANE_RULES_SUPPRESS_H
#define TLSVANE_RULES_SUPPRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SUPPRESS_ID_MAX 33 /* hex digits and a NUL */

enum suppress_state {
	SUPPRESS_IDLE,	  /* nothing was said of it */
	SUPPRESS_HOLDING, /* the condition holds, not yet for long enough */
	SUPPRESS_FIRING,
	SUPPRESS_RESOLVED,
	SUPPRESS_STATES,
};

enum suppress_change {
	SUPPRESS_NOTHING,
	SUPPRESS_NEW,
	SUPPRESS_REGRESSED,
	SUPPRESS_STILL,
	SUPPRESS_FIXED,
	SUPPRESS_GONE,
	SUPPRESS_CHANGES,
};

/* "new", "regressed" ... */
extern const char *const suppress_change_words[SUPPRESS_CHANGES];
/* "firing" or "resolved": what the change leads to. */
const char *suppress_state_after(enum suppress_change change);

struct suppress_terms {
	uint64_t every_ms; /* between two messages while it fires; 0: every match is one */
	uint64_t for_ms;   /* the condition must hold so long; 0: the first match fires */
	uint64_t clean_ms; /* fixed when clean for so long; 0: LIMIT_ALERT_CLEAN_S */
};

struct suppress_rule { /* owned by struct suppress, never moves */
	const char *name;
	struct suppress_terms terms;
	size_t entries; /* holding, firing: a clean session matters to them */
	bool gone;	/* no longer in the file: its alerts neither change nor end */
};

/* What all sensors should agree on. */
struct suppress_shared {
	uint8_t state;	      /* enum suppress_state */
	uint64_t version;     /* grows with every change */
	uint64_t episode;     /* how often it began to fire */
	uint64_t since_ms;    /* of this state: the match that fired it, or when it was resolved */
	uint64_t notified_ms; /* the last message */
	uint64_t match_ms, clean_ms; /* the last session that matched, that was clean */
};

struct suppress_link {
	struct suppress_link *next, *previous;
};

struct suppress_entry {
	struct suppress_link link;   /* first: a link is its entry */
	struct suppress_entry *next; /* of the same bucket */
	uint64_t hash;
	struct suppress_rule *rule;
	char *key;
	char id[SUPPRESS_ID_MAX]; /* of rule and key, the same on every sensor */
	struct suppress_shared shared;
	uint64_t held_ms;     /* SUPPRESS_HOLDING: since when */
	uint64_t matches;     /* since the last message */
	void *note;	      /* the caller's, from malloc: freed with the entry */
	uint64_t reported_ms; /* the caller's: when match_ms was last told to the others */
	bool wished;	      /* a wish is under way */
	bool unsure;	      /* the caller's: the others may not know of the last change */
};

struct suppress;

/* `max`: alerts in memory, 0: LIMIT_ALERT_KEYS. NULL when memory is short. */
struct suppress *suppress_new(size_t max);
void suppress_free(struct suppress *s);

/* A rule by its name, made where there is none; its terms are set. NULL when memory is short. */
struct suppress_rule *suppress_rule(
    struct suppress *s, const char *name, const struct suppress_terms *terms);

/* A rule by its name; one that was not known is made, and is gone. */
struct suppress_rule *suppress_rule_named(struct suppress *s, const char *name);

/* All rules are gone until suppress_rule names them again: before a new file is taken. */
void suppress_forget_rules(struct suppress *s);

/*
 * A session matched. The wish and its alert; SUPPRESS_NOTHING with *entry NULL when memory is short
 * or all room is taken by alerts that fire (counted).
 */
enum suppress_change suppress_match(struct suppress *s, struct suppress_rule *rule, const char *key,
    uint64_t now_ms, struct suppress_entry **entry);

/* A session of this key was clean. Unknown keys are passed over. */
enum suppress_change suppress_clean(struct suppress *s, struct suppress_rule *rule, const char *key,
    uint64_t now_ms, struct suppress_entry **entry);

/* Time has passed: looks at `count` alerts, going round, and hands out wishes. */
void suppress_tick(struct suppress *s, uint64_t now_ms, size_t count,
    void (*wish)(void *context, struct suppress_entry *e, enum suppress_change change),
    void *context);

/* What would be true behind a change. */
void suppress_after(const struct suppress_entry *e, enum suppress_change change, uint64_t now_ms,
    struct suppress_shared *after);

/* The wish came true: the message is on its way. */
void suppress_apply(
    struct suppress *s, struct suppress_entry *e, enum suppress_change change, uint64_t now_ms);

/* Somebody else knows better. The wish is over; what was seen here and is later, stays. */
void suppress_adopt(
    struct suppress *s, struct suppress_entry *e, const struct suppress_shared *shared);

/* The wish cannot be carried out now: the next match or tick makes it again. */
void suppress_refuse(struct suppress_entry *e);

/* An alert, made where there is none; for what a journal or Redis remembers. NULL: no room. */
struct suppress_entry *suppress_entry(
    struct suppress *s, struct suppress_rule *rule, const char *key);

/* The wish that follows from what is known now: after suppress_adopt, for an entry that matched. */
enum suppress_change suppress_wish(struct suppress_entry *e, uint64_t now_ms, bool matched);

void suppress_each(
    struct suppress *s, void (*each)(void *context, struct suppress_entry *e), void *context);

size_t suppress_firing(const struct suppress *s);
uint64_t suppress_refused(const struct suppress *s); /* matches that found no room */

/* The id of a rule and a key. */
void suppress_id(const char *rule, const char *key, char id[SUPPRESS_ID_MAX]);

#endif
