/*
 * What an attacker in one of our processes would try, and what its work needs: each is true where
 * it was done. What can be undone is undone again. 0 and 1 must be the two ends of a socket pair.
 */
#ifndef TLSVANE_TESTS_ATTEMPTS_H
#define TLSVANE_TESTS_ATTEMPTS_H

#include <stdbool.h>

struct attempt {
	const char *name;
	bool (*done)(void);
};

bool attempt_opens(void);
bool attempt_opens_shadow(void);
bool attempt_opens_tcp(void);
bool attempt_opens_unix(void);
bool attempt_opens_packet(void);
bool attempt_opens_raw(void);
bool attempt_connects(void);
bool attempt_forks(void);
bool attempt_executes(void);
bool attempt_traces(void);
bool attempt_reads_parent(void);
bool attempt_kills_parent(void);
bool attempt_signals_parent(void);
bool attempt_becomes_root(void);
bool attempt_becomes_root_group(void);
bool attempt_changes_root(void);
bool attempt_leaves_namespace(void);
bool attempt_writes_code(void);
bool attempt_makes_code(void);
bool attempt_loads_a_library(void);
bool attempt_makes_memory(void);
bool attempt_talks_over_what_is_open(void);
bool attempt_writes_files(void);
bool attempt_doubles(void);

#endif
