/*
 * Made-up records, each a function of its index alone: whoever adds a range of them knows what
 * Redis must hold. Pair p = index % pairs, its server p % servers, its client p / servers.
 */
#ifndef TLSVANE_SYNTHETIC_H
#define TLSVANE_SYNTHETIC_H

#include "../../sensor/record.h"

struct synthetic {
	uint64_t pairs, servers;
};

void synthetic_record(const struct synthetic *shape, uint64_t index, struct record *r);
void synthetic_server(uint64_t server, struct frame_address *address);
void synthetic_client(uint64_t client, struct frame_address *address);

#endif
