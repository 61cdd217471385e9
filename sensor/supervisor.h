/*
 * The sensor as three kinds of process, so that strangers' bytes never meet a network connection:
 *
 *     supervisor ── opens captures, forks, gives up rights, replaces what dies
 *       ├── worker × N   packets -> records; may only read its capture and write to the recorder;
 *       │                the first one also to the others (handover.h)
 *       └── recorder     records -> Redis, alerts, files; never sees a packet
 *
 * The supervisor keeps both ends of every socket between them, so that a recorder or worker that is
 * replaced finds them as they were: what the dead one had not read is still there.
 */
#ifndef TLSVANE_SUPERVISOR_H
#define TLSVANE_SUPERVISOR_H

#include "sensor_options.h"

/* Runs the sensor until it is told to stop, or a file's end. The exit status; what went wrong the
 * log has said. */
int supervise(const struct sensor_options *options);

#endif
