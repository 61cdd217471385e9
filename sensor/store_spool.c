/* The store's side of the spool: taken over at the start, rewritten without steps, removed when all
 * is in Redis. */
#include "store_private.h"

#include <unistd.h>

int store_spool_open(struct store *s, char error[STORE_ERROR_MAX])
{
	size_t entries;
	int result;

	if (s->spool_path == NULL)
		return 0;
	result = spool_read(s->spool_path, s->sensor, s->tally, &entries, error);
	if (result == SPOOL_FAILED)
		return -1;
	if (result == SPOOL_BROKEN)
		store_say(s, "%s", error);
	s->spool_file = entries > 0;
	s->spool_waiting = entries;
	if (entries > 0)
		store_say(s, "spool %s: %zu entries of the last run are taken over", s->spool_path,
		    entries);
	return 0;
}

static void spool_failed(struct store *s, const char *error)
{
	store_trouble_say(s, "spool",
	    "%s: until then the entries of the last run are not written to Redis", error);
	s->spool_ms = store_clock() + STORE_SPOOL_MS;
}

/*
 * Steps become absolute values on disk before the first of them reaches Redis. A crash before the
 * rename finds the steps and a Redis without them; a crash after it finds values that may be
 * written again.
 */
void store_spool_rebase(struct store *s)
{
	char error[SPOOL_ERROR_MAX];
	struct tally_entry *e;
	size_t entries;

	if (s->rebasing > 0 || tally_first(s->tally, TALLY_SPOOLED) != NULL ||
	    tally_first(s->tally, TALLY_REBASED) == NULL || store_clock() < s->spool_ms)
		return;
	if (spool_write(s->spool_path, s->sensor, s->tally, SPOOL_IN_FILE, &entries, error) !=
	    SPOOL_OK) {
		spool_failed(s, error);
		return;
	}
	while ((e = tally_first(s->tally, TALLY_REBASED)) != NULL) {
		e->held = false;
		tally_move(s->tally, e, TALLY_DIRTY, false);
	}
}

void store_spool_written(struct store *s, struct tally_entry *e)
{
	char error[SPOOL_ERROR_MAX];

	e->in_file = false;
	if (--s->spool_waiting > 0)
		return;
	s->spool_file = false;
	if (spool_remove(s->spool_path, error) != SPOOL_OK)
		store_say(s, "%s", error);
	else
		store_say(
		    s, "spool %s: everything in it is in Redis now, it is removed", s->spool_path);
}

int store_spool_close(struct store *s)
{
	char error[SPOOL_ERROR_MAX];
	struct tally_stats stats;
	size_t entries;

	tally_stats(s->tally, &stats);
	if (stats.waiting == 0)
		return 0;
	if (s->spool_path == NULL) {
		store_say(s,
		    "Redis %s: %zu entries were not written and are lost: give a spool file to "
		    "keep such",
		    s->where, stats.waiting);
		return -1;
	}
	if (spool_write(s->spool_path, s->sensor, s->tally, SPOOL_ALL, &entries, error) !=
	    SPOOL_OK) {
		store_say(s, "%s: %zu entries of this run are lost%s", error, stats.waiting,
		    s->spool_file ? ", those of the run before are kept" : "");
		return -1;
	}
	store_say(s, "spool %s: %zu entries wait there for the next start", s->spool_path, entries);
	return 0;
}
