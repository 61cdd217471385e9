/* The kernel filter in libpcap's language, for tests that compare: apart, because libpcap's header
 * and the kernel's bpf.h cannot stand in one file. */
#ifndef TLSVANE_TEST_CLASSIC_FILTER_H
#define TLSVANE_TEST_CLASSIC_FILTER_H

#include "../../sensor/capture_filter.h"

struct classic_filter;

/* capture_filter for Ethernet; aborts where that is none. The caller frees. */
struct classic_filter *classic_filter_new(const struct ports *ports);
void classic_filter_free(struct classic_filter *f);

bool classic_filter_passes(
    const struct classic_filter *f, const unsigned char *frame, size_t length);

#endif
