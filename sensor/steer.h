/*
 * Which worker a frame belongs to. All frames of one connection, of either direction, and all IP
 * fragments of them belong to one.
 *
 * The place is a hash of two IP addresses, whichever way round, modulo the workers: those of the IP
 * header before TCP, looked for as frame_decode does, behind tags and labels and inside tunnels,
 * STEER_DEPTH of them (steer_program.h). No ports, because later fragments have none.
 *
 * A datagram that may be a tunnel (UDP, GRE, IP in IP) and comes in IP fragments is a matter for
 * all: only the first has the inner header, and they have to be put together first. The kernel
 * gives all of them to place 0, which hands the whole over (handover.h); of a file, which all read,
 * everybody puts them together and keeps his own. Tunnels deeper than that, PPP as a link type and
 * what leads nowhere belong to place 0, too.
 *
 * It is one program for the kernel's packet filter, so that the same instructions decide in the
 * kernel (PACKET_FANOUT_CBPF) and here.
 */
#ifndef TLSVANE_STEER_H
#define TLSVANE_STEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../parsers/frame.h"

struct steer;

/* For `places` workers. NULL when memory is short. */
struct steer *steer_new(unsigned places);
void steer_free(struct steer *s);

/* The place of one captured frame of a link type (LINKTYPE_ value); `places`, that is all of them,
 * for a fragment of what may be a tunnel, where the kernel says 0. */
unsigned steer_place(struct steer *s, int link_type, const uint8_t *frame, size_t captured);

/* The place of a connection between two addresses. */
unsigned steer_place_between(
    struct steer *s, const struct frame_address *a, const struct frame_address *b);

/*
 * Makes a packet socket a member of the group that shares what comes in on its interface. The first
 * founds it, and *group is filled in. Members have places in the order of joining; when one is
 * closed, the last takes its place; who has a place behind the last worker's gets nothing. -1 with
 * errno set.
 */
int steer_join(struct steer *s, int socket, bool first, uint16_t *group);

#endif
