/*
 * What two ends of a real SMTP connection said, taken from a capture, made as long as a workload
 * wants it and cut into segments again. A script has no addresses, ports or times: it can be played
 * any number of times.
 */
#ifndef TLSVANE_BENCH_SCRIPT_H
#define TLSVANE_BENCH_SCRIPT_H

#include <stddef.h>
#include <stdint.h>

#define SCRIPT_MSS                                                                                 \
	1428 /* payload bytes of a full segment: 1500 less the headers of IPv6 and TCP with time   \
		stamps */

struct step {	       /* one segment */
	uint8_t side;  /* enum side: who sends it */
	uint8_t flags; /* enum frame_tcp_flag */
	uint16_t length;
	uint32_t at;			   /* of its payload in script.bytes */
	uint32_t sequence, acknowledgment; /* counted from each side's SYN */
};

struct script {
	const char *name; /* the capture's path */
	unsigned
	    weight; /* how many of all sessions follow this script, against the others' weights */
	uint64_t played;
	struct step *steps;
	size_t step_count;
	uint8_t *bytes;
};

/*
 * Reads the connection in the capture `path` into *s. The server's TLS flight grows to the size
 * that a chain of certificates has in the wild, the mail grows until both sides together said
 * `length` bytes. What cannot be read ends the program with a line that says why.
 */
void script_read(struct script *s, const char *path, size_t length);

void script_free(struct script *s);

#endif
