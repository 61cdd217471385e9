/*
 * What a sensor must not forget of its alerts over a crash or restart: one file of its own, only
 * added to, written anew when it grows. It knows bytes only. Survives the end of the process at any
 * point; a power cut may cost its last moments.
 */
#ifndef TLSVANE_ALERT_JOURNAL_H
#define TLSVANE_ALERT_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum alert_entry {		 /* first byte of each entry */
	ALERT_ENTRY_STATE = 'S', /* alert_state_save: said and done */
	ALERT_ENTRY_CLAIM = 'C', /* alert_claim_save: decided */
	ALERT_ENTRY_JOB = 'J',	 /* an action: of the claim just before, or one that is due */
	ALERT_ENTRY_OURS = 'O',	 /* a uid: that claim's actions are due */
	ALERT_ENTRY_OVER = 'X',	 /* a uid: that claim is over */
	ALERT_ENTRY_DONE = 'D',	 /* an action's uid */
	ALERT_ENTRY_DUE = 'U',	 /* nothing: the actions that follow are due */
};

struct alert_journal;

typedef void alert_journal_read(
    void *context, enum alert_entry entry, const char *bytes, size_t size);

/* Opens (or makes) it, locks it and hands out what it holds; a torn end is cut. NULL: `error` (of
 * 512 bytes) says what, where and the mend. */
struct alert_journal *alert_journal_open(
    const char *path, alert_journal_read *read, void *context, char *error);

/* Adds an entry, at once. Failures are remembered for alert_journal_failed. */
void alert_journal_add(
    struct alert_journal *j, enum alert_entry entry, const void *bytes, size_t size);

/* Whether it has grown so that it is worth writing anew. */
bool alert_journal_is_long(const struct alert_journal *j);

/* Begins a new file: what is added goes there until alert_journal_renewed puts it in the old one's
 * place. */
void alert_journal_renew(struct alert_journal *j);
void alert_journal_renewed(struct alert_journal *j);

/* errno of the first failure since it was last asked, 0: none. */
int alert_journal_failed(struct alert_journal *j);

void alert_journal_close(struct alert_journal *j);

#endif
