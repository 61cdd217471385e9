/*
 * The program of steer.h, in instructions of the classic packet filter. It goes from header to
 * header as frame_decode does (parsers/frame_layers.h). There are no loops, so what nests is
 * written out STEER_DEPTH times.
 */
#ifndef TLSVANE_STEER_PROGRAM_H
#define TLSVANE_STEER_PROGRAM_H

#include <stdbool.h>

#include "steer_writer.h"

#define STEER_DEPTH 4 /* IP headers, one in the other: VXLAN in GRE in IP in IP */
/* In the kernel it begins at an skb. Else at the network header: the EtherType of it goes into the
 * first step's k before each run. Fragments of tunnels: 0 in the kernel, else `places`. */
void steer_write(struct steer_program *p, unsigned places, bool in_kernel);

#endif
