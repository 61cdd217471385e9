/*
 * A record to count, and a tally's entries as lines of text.
 */
#ifndef TLSVANE_TEST_TALLY_TEXT_H
#define TLSVANE_TEST_TALLY_TEXT_H

#include "../../sensor/tally_entry.h"

#define START_NS 1772323200123456789u /* 2026-03-01T00:00:00.123456789Z */
#define START_MS 1772323200123u

/* A session of TLS 1.2 that was offered and went well. */
void tally_text_record(struct record *r, const char *server, const char *client);

/* The entry of a key, made where there is none. */
struct tally_entry *tally_text_find(
    struct tally *t, unsigned kind, const char *first, const char *second);

/* All its fields, each between newlines as "name=value"; good until the next call. */
const char *tally_text_fields(struct tally_entry *e, enum tally_form form);

/* Of its totals one is this line; none begins so. */
void assert_field(struct tally_entry *e, const char *line);
void assert_no_field(struct tally_entry *e, const char *begin);

#endif
