/* The --ports list, for both programs. */
#ifndef TLSVANE_PORTS_H
#define TLSVANE_PORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PORTS_MAX 64 /* TCP ports at once; more would make the kernel filter too long */

/* Reads "25,587" into at most PORTS_MAX ports. False where it is no such list. */
bool ports_parse(const char *text, uint16_t ports[PORTS_MAX], size_t *count);

#endif
