/*
 * What would become of a session if something were no longer allowed: judged from the classes that
 * a pair's sessions were counted in, by conditions of the rules' language alone.
 */
#ifndef TLSVANE_WHAT_IF_H
#define TLSVANE_WHAT_IF_H

#include "../rules/evaluate.h"
#include "ledger.h"

enum fate {		     /* the worst first */
	FATE_FAILS,	     /* no TLS, and the client was seen not to go on without, or must not */
	FATE_CLEAR,	     /* no TLS, and the client was seen to go on in the clear */
	FATE_FAILS_OR_CLEAR, /* no TLS; what the client does then was never seen */
	FATE_NOT_KNOWN,	     /* too little was seen to say */
	FATE_GOES_ON,	     /* TLS all the same, with something else than before */
	FATE_AS_IS,
	FATES,
};

enum sure { SURE_NOT, SURE_LIKELY, SURE_SEEN };

struct prediction {
	uint8_t fate, sure;
	const char
	    *side;	 /* whose side must change: client, server, both, unknown; NULL: nobody's */
	const char *why; /* interned or static */
};

/* What is no longer allowed. */
struct wishes {
	struct rule_file *own;	/* the options as rules; NULL: none. Freed by wishes_free */
	struct rule_file *file; /* --rules; NULL: none. Freed by wishes_free */
	uint16_t min_version;	/* 0: any */
	const struct rule *old, *weak, *clear; /* of `own`; NULL: still allowed */
	/* For each rule of `file`: what is kept of a pair tells all that it asks for, where client
	 * certificates are hidden, and where not. */
	bool (*told)[2];
	bool names;	    /* the file asks for names of hosts: ledger_read_names */
	uint64_t *partners; /* sessions seen of each partner of `file` */
};

/* From the options; 0, or the exit status, and has said why. The caller frees in either case. */
int wishes_read(struct wishes *w, const struct options *o);
void wishes_free(struct wishes *w);

/* Counts the sessions of a class for each partner whose they are. */
void what_if_partners(const struct wishes *w, const struct ledger *l, const struct ledger_pair *p,
    const struct ledger_class *c);

void what_if(const struct wishes *w, const struct ledger *l, const struct ledger_pair *p,
    const struct ledger_class *c, struct prediction *prediction);

extern const char *const fate_words[FATES];
extern const char *const sure_words[];

#endif
