/* Sets of IP networks: nDPI's patricia trees, one a family. */
#ifndef TLSVANE_RULES_NETWORK_H
#define TLSVANE_RULES_NETWORK_H

#include <stdbool.h>

#include "../sensor/record.h"

struct network;

/* NULL when memory is short. The caller frees. */
struct network *network_new(void);
void network_free(struct network *n);

/* Adds a network; `bits` count in the address's own family (IPv4 as ::ffff:a.b.c.d). False when
 * memory is short. */
bool network_add(struct network *n, const struct frame_address *address, unsigned bits);

/* Clears the bits behind the prefix; false when there were none set. */
bool network_mask(struct frame_address *address, unsigned bits);

bool network_holds(const struct network *n, const struct frame_address *address);

#endif
