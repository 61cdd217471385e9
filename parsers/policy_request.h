/*
 * Requests of Postfix's policy delegation protocol (SMTPD_POLICY_README): lines "name=value", an
 * empty line ends one. Only what is asked for is kept; nothing that a mail client can write into
 * such a line makes it larger.
 */
#ifndef TLSVANE_POLICY_REQUEST_H
#define TLSVANE_POLICY_REQUEST_H

#include <stdbool.h>

#include "cursor.h"

#define POLICY_LINE_MAX	   128		/* bytes of a line that are kept; the rest is passed over */
#define POLICY_REQUEST_MAX (256 * 1024) /* bytes of one request: Postfix's are about 1 KB */
#define POLICY_ADDRESS_MAX 64

struct policy_request {
	char client_address[POLICY_ADDRESS_MAX]; /* "": not said, or too long to be one */
	bool is_access;				 /* request=smtpd_access_policy */
	/* Inside */
	char line[POLICY_LINE_MAX];
	size_t used;  /* bytes of the line so far, kept or not */
	size_t bytes; /* of the request so far */
};

/* Before the first, and between two. */
void policy_request_init(struct policy_request *r);

/*
 * Takes bytes off *c up to the end of the request. RESULT_OK: it is whole, *c stands behind it;
 * RESULT_MORE: all was taken; RESULT_BAD_VALUE: a line without "=", or a NUL; RESULT_TOO_LARGE.
 */
MUST_USE int policy_request_feed(struct policy_request *r, struct cursor *c);

#endif
