/* What the command line of tlsvane-sensor left open. */
#ifndef TLSVANE_SENSOR_DEFAULTS_H
#define TLSVANE_SENSOR_DEFAULTS_H

#include "limits.h"
#include "sensor_options.h"

#define WORKERS_AUTO (LIMIT_WORKERS + 1) /* as many as there are queues and cores */

/* Fills it in. -1: one line on stderr has said what does not go together, and the mend. */
int sensor_defaults(struct sensor_options *o);

#endif
