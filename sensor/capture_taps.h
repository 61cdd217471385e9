/* Inside a live capture: its interfaces, and what is read of them together (capture_merge.c). */
#ifndef TLSVANE_CAPTURE_TAPS_H
#define TLSVANE_CAPTURE_TAPS_H

#include <signal.h>

#include "capture_private.h"
#include "capture_tap.h"
#include "clock.h"

#define NS_PER_MS 1000000ull

/* The oldest packet of an interface, where there are several: copied, because libpcap may give its
 * block back to the kernel. */
struct head {
	bool full;
	uint64_t ns;
	uint32_t captured, length;
	uint8_t *bytes; /* LIMIT_SNAPLEN */
};

struct taps {
	struct capture_live options;
	struct tap tap[CAPTURE_INTERFACES_MAX];
	struct head head[CAPTURE_INTERFACES_MAX];
	size_t count;
	int link_socket;
	int wake;	     /* what ends a wait for packets besides; -1: nothing */
	struct shunt *shunt; /* NULL: none */
	uint64_t look_ns;    /* monotonic: when the links are looked at again */
	uint64_t packets;
	volatile sig_atomic_t stopping;
	/* taps_stop was called: */
	bool ending;
	uint64_t ended_ns;   /* wall clock: when */
	uint64_t patient_ns; /* monotonic: until when the kernel may keep something */
	uint64_t due[CAPTURE_INTERFACES_MAX]; /* how many packets it had received by then */
	capture_packet *packet;		      /* of the taps_dispatch under way */
	void *context;
};

static inline uint64_t taps_stamp(const struct tap *tap, const struct pcap_pkthdr *header)
{
	return (uint64_t)header->ts.tv_sec * CAPTURE_NS_PER_S +
	       (uint64_t)header->ts.tv_usec * tap->tick_ns;
}

/* Whether nothing more is wanted of an interface. */
static inline bool taps_is_over(const struct taps *t, size_t i)
{
	return t->tap[i].pcap == NULL || (t->ending && t->tap[i].read >= t->due[i]);
}

static inline void taps_count_read(struct tap *tap, int result)
{
	tap->dry = result == 0;
	if (result > 0)
		tap->read += (unsigned)result;
}

/* The interface whose packet at hand is the oldest, -1 without any. */
int taps_oldest(const struct taps *t);

/* Hands on packets of several interfaces in their order. Returns how many, or the error of libpcap
 * that *failed has. */
int taps_read_merged(struct taps *t, size_t *failed);

#endif
