/*
 * libpcap, live and from file. Errors are one line, ready to be shown: what, where and the mend.
 *
 * Live, each interface has a ring of its own (TPACKET_V3), which the kernel fills while we are
 * busy. Packets of several interfaces are handed on in the order of their stamps, so that the two
 * ports of a tap, one direction each, read as one. Once open, a live capture without `reopen` makes
 * no system calls but poll, getsockopt, getsockname, ioctl (SIOCGIFFLAGS), sendto and recvfrom on
 * its own descriptors, besides memory and clocks.
 */
#ifndef TLSVANE_CAPTURE_H
#define TLSVANE_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ports.h"

#define CAPTURE_ERROR_MAX      512
#define CAPTURE_INTERFACES_MAX 16

struct capture;
struct flow;

/* What a live capture is to be. Borrowed: must live as long as the capture. */
struct capture_live {
	const char *const *interfaces; /* "eth1", or "any" */
	size_t count;		       /* ... 1 to CAPTURE_INTERFACES_MAX */
	const struct ports *ports;     /* the kernel filter lets these through ... */
	bool any_port;		       /* ... or all TCP */
	bool ignore_vlan;	       /* for shunt.h: tags tell no flows apart */
	size_t ring_bytes;	       /* a ring; 0: LIMIT_RING_MB */
	bool no_shunt;		       /* else shunt.h, where that can be had */
	bool reopen; /* an interface that went away is opened again when it is back, which needs the
			privileges of the first time; else its end is the capture's */
	void (*log)(void *context, const char *line); /* links that go and come; NULL: untold */
	void *log_context;
	size_t *failed; /* set where an interface cannot be opened, to its index; NULL: unwanted */
};

struct capture_counters {
	/* Live only, of all interfaces since the start. What the kernel dropped, for want of room
	 * in the ring, is not in `received`. */
	uint64_t received, dropped_kernel, dropped_interface;
	uint64_t ring_freezes;			 /* how often a ring was full */
	uint64_t shunted_packets, shunted_bytes; /* dropped because they had nothing to tell */
	uint64_t links_down;		  /* interfaces that are away or without a link, now */
	uint64_t bytes_read, bytes_total; /* file only; total 0: unknown (a pipe) */
	uint64_t packets;
};

typedef void capture_packet(void *context, int link_type, uint64_t ns, const uint8_t *frame,
    size_t captured, size_t length);

/* Opens FILE (pcap or pcapng; "-": standard input), or interfaces. NULL with `error` filled when it
 * cannot. The caller frees with capture_close. */
struct capture *capture_open_file(const char *path, char error[CAPTURE_ERROR_MAX]);
struct capture *capture_open_live(
    const struct capture_live *options, char error[CAPTURE_ERROR_MAX]);
void capture_close(struct capture *c);

/*
 * Hands at most LIMIT_BATCH packets to `packet`. Returns how many (interface or pipe: 0 when none
 * came within about 100 ms), -1 at the end of the file or behind capture_stop, -2 with `error`
 * filled when reading failed (a truncated file: all whole packets before the place were handed
 * over).
 */
int capture_dispatch(
    struct capture *c, capture_packet *packet, void *context, char error[CAPTURE_ERROR_MAX]);

/* Makes a capture_dispatch under way return early; may be called in a signal handler. */
void capture_break(struct capture *c);

/*
 * The end: of an interface what the kernel has by now is still read, which may take LIMIT_LAST_MS,
 * since a ring hands packets on some at a time; of a file nothing more. Behind that
 * capture_dispatch returns -1.
 */
void capture_stop(struct capture *c);

void capture_counters(struct capture *c, struct capture_counters *counters);

/* Live: from now on bytes to be read from `socket` end a wait for packets, too; -1: no more. */
void capture_wake_by(struct capture *c, int socket);

/* Whether capture_shunt does something. */
bool capture_shunts(const struct capture *c);

/* A pipeline_told: packets of a flow have nothing more to tell, or (`over`) another may use its
 * ports. No system call. */
void capture_shunt(struct capture *c, const struct flow *f, bool over);

/* The packet sockets of a live capture, for socket options such as PACKET_FANOUT: fills at most
 * `most`, returns how many there are. They stay the capture's. */
size_t capture_sockets(const struct capture *c, int *sockets, size_t most);

#endif
