/* What the files of the capture share; nobody else includes this. */
#ifndef TLSVANE_CAPTURE_PRIVATE_H
#define TLSVANE_CAPTURE_PRIVATE_H

#include "capture.h"

#define CAPTURE_NS_PER_S 1000000000ull

/* The interfaces of a live capture: capture_live.c. The functions are those of capture.h. */
struct taps;

struct taps *taps_open(const struct capture_live *options, char error[CAPTURE_ERROR_MAX]);
void taps_close(struct taps *t);
int taps_dispatch(
    struct taps *t, capture_packet *packet, void *context, char error[CAPTURE_ERROR_MAX]);
void taps_break(struct taps *t);
void taps_stop(struct taps *t);
void taps_counters(struct taps *t, struct capture_counters *counters);
void taps_wake_by(struct taps *t, int socket);
bool taps_shunt(const struct taps *t);
void taps_shunt_flow(struct taps *t, const struct flow *f, bool over);
size_t taps_sockets(const struct taps *t, int *sockets, size_t most);

#endif
