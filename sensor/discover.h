/*
 * What a flow on a mail port is when it is not SMTP: nDPI names it. nDPI is given packets made anew
 * from the payload alone, with ports that say nothing, so that only what is spoken counts. No byte
 * of TLS reaches it. One discover belongs to one thread.
 */
#ifndef TLSVANE_DISCOVER_H
#define TLSVANE_DISCOVER_H

#include "../parsers/cursor.h"
#include "../parsers/side.h"

struct discover;      /* nDPI's module: some 20 MB */
struct discover_flow; /* what nDPI knows of one flow */

/* NULL when memory is short. */
struct discover *discover_new(void);
void discover_free(struct discover *d);

struct discover_flow *discover_begin(void);

/* Frees a flow; user names and passwords that nDPI found are wiped. */
void discover_end(struct discover_flow *flow);

/* Shows nDPI what one side said next. True when it needs no more: it knows, or never will. */
bool discover_segment(
    struct discover *d, struct discover_flow *flow, enum side side, struct cursor payload);

/* The protocol's name in lower case ("http", "ssh"), "tls" where TLS was spoken; NULL: unknown. */
const char *discover_name(struct discover *d, struct discover_flow *flow, char *text, size_t size);

#endif
