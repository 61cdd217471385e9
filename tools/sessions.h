/*
 * The sessions of captures, without Redis. Captures that follow each other in time are read as one,
 * so that a session may go on from file to file.
 */
#ifndef TLSVANE_SESSIONS_H
#define TLSVANE_SESSIONS_H

#include "../sensor/pipeline.h"
#include "options.h"

struct compare;

struct session_item {
	struct record *record; /* owned; record_size() bytes */
	size_t order;	       /* in which it came */
};

struct sessions {
	struct session_item *items;
	size_t count, room;
	uint64_t since_ns;	 /* earlier ones are passed over */
	struct compare *compare; /* while captures are read */
	bool short_of_memory;
	struct pipeline_stats stats; /* of all captures together */
	char **errors;		     /* of captures that could not be read to their end */
	size_t error_count;
};

/*
 * Reads the captures named by o->arguments. Returns 0; EXIT_FAILED when what there is has to be
 * shown and then sessions_say_errors called; EXIT_USAGE when a file cannot be opened (has said so).
 * Free in every case.
 */
int sessions_read(struct sessions *s, const struct options *o);
void sessions_say_errors(const struct sessions *s);
void sessions_free(struct sessions *s);

#endif
