/*
 * Shunting: a filter in the kernel (eBPF, shunt.bpf.c) that lets through what capture_filter would,
 * but for the packets of flows that have nothing more to tell. It is there where it was built in
 * (clang and libbpf) and where the kernel takes it (5.11 or later, with CAP_BPF); without it
 * nothing but the cost is different.
 *
 * The table is shared memory: adding and removing need no system call. Of a flow that finds no
 * place the one goes that was quiet longest; its packets are captured again, and that is all.
 */
#ifndef TLSVANE_SHUNT_H
#define TLSVANE_SHUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flow.h"
#include "ports.h"

#define SHUNT_ERROR_MAX 256

struct shunt;

struct shunt_counters {
	uint64_t packets, bytes; /* that the kernel dropped */
	uint64_t flows;		 /* added */
	uint64_t replaced;	 /* ... in the place of another that was not over */
};

/* Whether it was built in. */
bool shunt_built_in(void);

/* Loads the filter for mail on `ports`, or (`any_port`) for all TCP; `ignore_vlan`: tags tell no
 * flows apart. NULL, with what and the mend in `error`, where that cannot be. */
struct shunt *shunt_open(
    const struct ports *ports, bool any_port, bool ignore_vlan, char error[SHUNT_ERROR_MAX]);
void shunt_close(struct shunt *s);

/* Puts it in the place of a packet socket's filter. False where it cannot read what that socket
 * sees
 * (`link_type`, as pcap_datalink says), or with errno: the filter there stays. */
bool shunt_attach(const struct shunt *s, int socket, int link_type);

/* The kernel is to drop a flow's packets ... */
void shunt_add(struct shunt *s, const struct flow *f);

/* ... and no longer. Both come about a few calls later, when the table's part has come into the
 * cache, or with shunt_settle. */
void shunt_remove(struct shunt *s, const struct flow *f);
void shunt_settle(struct shunt *s);

void shunt_count(const struct shunt *s, struct shunt_counters *counters);

/* For tests: runs the filter for a link type on a frame that begins with an Ethernet header.
 * Returns whether it lets the frame through, -1 where the kernel does not say. */
int shunt_try(const struct shunt *s, int link_type, const uint8_t *frame, size_t length);

#endif
