/* What stands under the sessions of a capture: how many of which kind, and what of the capture is
 * missing. */
#ifndef TLSVANE_READ_FOOTER_H
#define TLSVANE_READ_FOOTER_H

#include "sessions.h"

/* Counts and losses. Where there is no session at all: what was in the capture instead. */
void read_footer_write(FILE *to, const struct sessions *s, const struct options *o);

/* Only the losses, a line each; nothing where nothing is missing. */
void read_losses_write(FILE *to, const struct sessions *s, bool color);

#endif
