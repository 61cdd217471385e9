/*
 * An SMTP conversation under way, as a session drives it.
 */
#ifndef TLSVANE_TEST_SMTP_RUN_H
#define TLSVANE_TEST_SMTP_RUN_H

#include <stdbool.h>
#include <stddef.h>

#include "../../parsers/smtp_dialog.h"

#define SMTP_RUN_MAX 4096

struct smtp_run {
	struct smtp_dialog dialog;
	uint8_t bytes[SIDES][SMTP_RUN_MAX];
	size_t sent[SIDES], used[SIDES];
	size_t hole_at[SIDES], hole[SIDES]; /* bytes that are never shown */
};

void smtp_run_start(struct smtp_run *r, bool midstream);

/* Offers what one side has, up to its hole, and over it. Returns whether that moved anything. */
bool smtp_run_offer(struct smtp_run *r, enum side side);

/* One side says so much more; then each gets what it can be shown by now. */
void smtp_run_deliver(struct smtp_run *r, enum side side, const char *bytes, size_t length);

/* Byte by byte. */
void smtp_run_deliver_slowly(struct smtp_run *r, enum side side, const char *bytes, size_t length);

#endif
