/*
 * What the kernel says of an interface (rtnetlink): whether it is there, whether its link is up,
 * and how many packets it lost before anybody could see them.
 */
#ifndef TLSVANE_CAPTURE_LINK_H
#define TLSVANE_CAPTURE_LINK_H

#include <stdbool.h>
#include <stdint.h>

struct link_state {
	bool present;
	bool up;	  /* somebody has set it so */
	bool running;	  /* ... and it has a carrier */
	uint64_t dropped; /* by the card, for lack of buffers, since the interface was made */
};

/* A socket to ask with, which needs no privilege and keeps to the network namespace it was opened
 * in; -1 with errno where there is none. The caller closes it. */
int link_open(void);

/* Asks about an interface by its name. False where the answer did not come: *state is unchanged.
 * Uses sendto and recvfrom alone. */
bool link_read(int socket, const char *name, struct link_state *state);

#endif
