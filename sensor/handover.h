/*
 * Datagrams of tunnels that came in IP fragments: the kernel gives all of them to the first worker
 * (steer.h), which puts them together and hands each over to the worker that has the connection
 * inside. What goes there is a frame as if it had not been fragmented, with its time.
 */
#ifndef TLSVANE_HANDOVER_H
#define TLSVANE_HANDOVER_H

#include "../parsers/frame.h"

/* Ethernet without addresses, two tags, IPv6, the longest payload. */
#define HANDOVER_FRAME_MAX (14 + 2 * 4 + 40 + 65535)
#define HANDOVER_LINK_TYPE 1

struct handover_message {
	uint64_t ns;
	uint8_t frame[HANDOVER_FRAME_MAX];
};

/* A pair of sockets: [0] takes, [1] gives; neither waits. -1 with errno set. */
int handover_open(int pair[2]);

/* Sends a whole datagram that was seen at `ns` behind the VLAN tags of *where. False: the other
 * one has too much already. */
bool handover_give(
    int socket, uint64_t ns, const struct fragment *whole, const struct segment *where);

/* Takes the next one: the length of its frame, or 0 when there is none. */
size_t handover_take(int socket, struct handover_message *m);

#endif
