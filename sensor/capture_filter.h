/*
 * The kernel filter: what a live capture lets through. It knows no way into tunnels, so it lets
 * more through than is needed, and user space looks again; but never less: mail in every
 * encapsulation that parsers/frame reads, and later fragments of IP datagrams, which show no port.
 */
#ifndef TLSVANE_CAPTURE_FILTER_H
#define TLSVANE_CAPTURE_FILTER_H

#include <stdbool.h>

#include "ports.h"

/*
 * The filter, in libpcap's language, for mail on `ports` or (`any`) for all TCP, captured with
 * pcap link type `link_type`. It is empty, and so lets all through, where the language is too poor
 * for that link type. The caller frees; NULL when memory is short.
 */
char *capture_filter_text(const struct ports *ports, bool any, int link_type);

#endif
