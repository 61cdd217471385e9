/* The kernel's clocks, in one number. */
#ifndef TLSVANE_CLOCK_H
#define TLSVANE_CLOCK_H

#include <stdint.h>
#include <time.h>

/* CLOCK_REALTIME: since the epoch; CLOCK_MONOTONIC: for lengths of time alone. */
static inline uint64_t clock_ns(clockid_t which)
{
	struct timespec now;

	clock_gettime(which, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static inline uint64_t clock_ms(clockid_t which)
{
	return clock_ns(which) / 1000000;
}

#endif
