/*
 * One session as a person would have watched it: each command and reply with its time, then what
 * TLS made of it, in words. Only verbs, reply codes, capabilities, the EHLO name and the greeting
 * are there to be shown: a record has nothing else of the dialogue.
 */
#ifndef TLSVANE_TRANSCRIPT_H
#define TLSVANE_TRANSCRIPT_H

#include <stdio.h>

#include "../sensor/record.h"
#include "evidence.h"

/* Of a record's JSON, as a sensor keeps it or `tlsvane read` has it. */
void transcript_write(FILE *to, const struct evidence *e, bool color);

/* The same of a record. False when memory is short. */
bool transcript_write_record(FILE *to, const struct record *r, bool color);

#endif
