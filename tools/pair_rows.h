/* Host pairs as rows of a table: for pairs, read --summary, and the peers of a server or client. */
#ifndef TLSVANE_PAIR_ROWS_H
#define TLSVANE_PAIR_ROWS_H

#include "table.h"
#include "totals.h"

enum pair_order { ORDER_LAST, ORDER_SESSIONS, ORDER_LEGACY };

/* By last seen, by sessions, or by sessions below TLS 1.2; the most first. */
void pair_rows_sort(struct totals_list *pairs, enum pair_order order);

/* A table of pairs; `subject` NULL: both hosts are shown, else the one that is always the same is
 * left out: "server" or "client". NULL when memory is short. */
struct table *pair_rows_table(FILE *to, const struct options *o, const char *subject);

/* A row of that table. */
void pair_rows_put(struct table *t, const struct totals *pair);

#endif
