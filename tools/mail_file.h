/*
 * The Received: headers of a file: one message (RFC 5322), or an mbox (RFC 4155), which begins with
 * "From " and has a line with it in front of each message.
 */
#ifndef TLSVANE_MAIL_FILE_H
#define TLSVANE_MAIL_FILE_H

#include <stdio.h>

#include "../parsers/received.h"

struct mail_counts {
	uint64_t messages; /* with a header at least */
	uint64_t stamps;
};

/* One stamp of message `message` (1: the first that was read), its hop set. */
typedef void mail_stamp(void *context, uint64_t message, const struct received_stamp *stamp);

/*
 * Reads "-" as standard input, to its end. *counts goes on from where it is. Returns 0 or an exit
 * status, and has said why.
 */
int mail_file_read(const char *path, struct mail_counts *counts, mail_stamp *each, void *context);

#endif
