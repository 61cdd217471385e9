/* read --summary: sessions added up by host pair. */
#ifndef TLSVANE_READ_SUMMARY_H
#define TLSVANE_READ_SUMMARY_H

#include "sessions.h"

/* False when memory is short. */
bool read_summary_write(const struct sessions *s, const struct options *o);

#endif
