/* Whose fault an old version is, with the reasoning, in sentences. Pure. */
#ifndef TLSVANE_EXPLAIN_H
#define TLSVANE_EXPLAIN_H

#include "totals.h"

#define EXPLAIN_TEXT_MAX 1600

/*
 * A verdict on a server or client (`host`, as_server says which) from its totals and those of its
 * pairs. *text: one or more sentences. Returns the side in one word: "none", "server", "client",
 * "downgrade", "unknown", or "mixed" where several are at fault, "unseen" where no TLS was seen at
 * all.
 */
const char *explain(const struct totals *host, bool as_server, const struct totals_list *pairs,
    char text[EXPLAIN_TEXT_MAX]);

#endif
