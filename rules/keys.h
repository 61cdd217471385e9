/* The keys of a rules file: one table for reading it, help and manual. */
#ifndef TLSVANE_RULES_KEYS_H
#define TLSVANE_RULES_KEYS_H

#include <stddef.h>

enum rules_key_scope { /* where a key may stand: bits */
	KEY_OF_FILE = 1 << 0,
	KEY_OF_RULE = 1 << 1,
	KEY_OF_DEFAULTS = 1 << 2, /* for rules that do not say it themselves */
	KEY_OF_ENFORCEMENT = 1 << 3,
	KEY_OF_STAGE = 1 << 4, /* of enforcement */
	KEY_OF_PARTNER = 1 << 5,
	KEY_OF_EXEMPTION = 1 << 6, /* of a partner */
};

struct rules_key {
	const char *name;
	unsigned scopes;
	const char *help, *example;
};

extern const struct rules_key rules_keys[];
extern const size_t rules_key_count;

#define RULES_KEYS_MAX 64

/* The names of a scope, NULL behind the last. */
void rules_key_names(unsigned scope, const char *names[RULES_KEYS_MAX]);

#endif
