/* The answer about one server or one client, as an expert would give it: server IP and client IP.
 */
#ifndef TLSVANE_HOST_H
#define TLSVANE_HOST_H

#include "totals.h"

struct host {
	bool as_server;
	char address[ADDRESS_TEXT_MAX];
	struct totals totals;	  /* sensors == 0: never seen as such */
	struct totals_list pairs; /* all its peers' */
	bool other_role;	  /* it was seen as the other side */
};

/* The whole command; o->arguments[0] is the address. Returns an enum exit_status. */
int host_command(const struct options *o, bool as_server);

/* Writes the answer for a person, or as one JSON object. */
void host_write_text(FILE *to, const struct host *h, const struct options *o);
void host_write_json(FILE *to, const struct host *h, const struct options *o);

#endif
