/*
 * libpcap, live and from file. Errors are one line, ready to be shown: what, where and the mend.
 */
#ifndef TLSVANE_CAPTURE_H
#define TLSVANE_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ports.h"

#define CAPTURE_ERROR_MAX 512

struct capture;

struct capture_counters {
	uint64_t received, dropped_kernel, dropped_interface; /* live only */
	uint64_t bytes_read, bytes_total; /* file only; total 0: unknown (a pipe) */
	uint64_t packets;
};

typedef void capture_packet(void *context, int link_type, uint64_t ns, const uint8_t *frame,
    size_t captured, size_t length);

/* Opens FILE (pcap or pcapng; "-": standard input) or an interface with a kernel filter for
 * `ports`, or for all TCP. NULL with `error` filled when it cannot. The caller frees with
 * capture_close. */
struct capture *capture_open_file(const char *path, char error[CAPTURE_ERROR_MAX]);
struct capture *capture_open_live(
    const char *interface, const struct ports *ports, bool any_port, char error[CAPTURE_ERROR_MAX]);
void capture_close(struct capture *c);

/*
 * Hands at most LIMIT_BATCH packets to `packet`. Returns how many (interface or pipe: 0 when none
 * came within about 100 ms), -1 at the end of the file, -2 with `error` filled when reading failed
 * (a truncated file: all whole packets before the place were handed over).
 */
int capture_dispatch(
    struct capture *c, capture_packet *packet, void *context, char error[CAPTURE_ERROR_MAX]);

/* Makes a capture_dispatch under way return early; may be called in a signal handler. */
void capture_break(struct capture *c);

void capture_counters(struct capture *c, struct capture_counters *counters);

#endif
