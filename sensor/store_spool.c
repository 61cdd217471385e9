/*
 * The store's side of the spool: taken over at the start, rewritten without steps, removed when all
 * is in Redis. While Redis is away, it also takes over what the log of a recorder (redo.h) would
 * not hold for long.
 */
#include "store_private.h"

#include <unistd.h>

void store_take_log(struct store *s, struct redo *redo)
{
	uint64_t records = redo_replay(redo, s->spool_mark, s->tally);

	s->redo = redo;
	if (records > 0)
		store_say(s, "%llu sessions that the recorder before had taken are counted again",
		    (unsigned long long)records);
}

int store_spool_open(struct store *s, char error[STORE_ERROR_MAX])
{
	size_t entries = 0;
	int result;

	if (s->spool_path != NULL) {
		result =
		    spool_read(s->spool_path, s->sensor, s->tally, &s->spool_mark, &entries, error);
		if (result == SPOOL_FAILED)
			return -1;
		if (result == SPOOL_BROKEN)
			store_say(s, "%s", error);
	}
	s->spool_file = entries > 0;
	s->spool_waiting = entries;
	if (entries > 0)
		store_say(s, "spool %s: %zu entries of the last run are taken over", s->spool_path,
		    entries);
	return 0;
}

/* Said once, until a rewrite succeeds. */
static void spool_trouble(struct store *s, const char *error, const char *then)
{
	if (!s->said_spool)
		store_say(s, "%s%s", error, then);
	s->said_spool = true;
}

static void spool_failed(struct store *s, const char *error, const char *then)
{
	spool_trouble(s, error, then);
	s->spool_ms = store_clock() + STORE_SPOOL_MS;
}

/* Steps that are in the file, or are to be, must not be written before the file is without them. */
static void hold(void *to, struct tally_entry *e)
{
	struct store *s = to;

	if (!e->in_file || e->held || e->based || !tally_entry_has_steps(e))
		return;
	e->held = true;
	if (e->list == TALLY_BUSY)
		s->rebasing++; /* its base was asked for */
	else if (e->list == TALLY_DIRTY)
		tally_move(s->tally, e, TALLY_SPOOLED, false);
}

static void save_totals(void *to, struct tally_entry *e)
{
	if (e->in_file && e->based)
		store_save_totals(to, e);
}

/*
 * Steps become absolute values on disk before the first of them reaches Redis. A crash before the
 * rename finds the steps and a Redis without them; a crash after it finds values that may be
 * written again. So a rewrite that is not surely on the disk does not do, and is tried again.
 */
void store_spool_rebase(struct store *s)
{
	char error[SPOOL_ERROR_MAX];
	struct tally_entry *e;
	size_t entries;

	if (s->rebasing > 0 || tally_first(s->tally, TALLY_SPOOLED) != NULL ||
	    tally_first(s->tally, TALLY_REBASED) == NULL || store_clock() < s->spool_ms)
		return;
	tally_each_waiting(s->tally, hold, s); /* counted since the file was read */
	if (s->rebasing > 0 || tally_first(s->tally, TALLY_SPOOLED) != NULL)
		return;
	tally_each_waiting(s->tally, save_totals, s);
	if (spool_write(s->spool_path, s->sensor, s->tally, SPOOL_IN_FILE,
		s->redo == NULL ? 0 : s->redo->mark, &entries, error) != SPOOL_OK) {
		spool_failed(
		    s, error, ": until then the entries of the last run are not written to Redis");
		return;
	}
	s->said_spool = false;
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

/* ---- While it runs ---- */

void store_save_totals(struct store *s, struct tally_entry *e)
{
	if (s->redo != NULL && e->unsaved)
		redo_totals(s->redo, e);
	e->unsaved = false;
}

static void mark_saved(void *to, struct tally_entry *e)
{
	e->in_file = true;
	e->unsaved = false;
	hold(to, e);
}

static bool is_due(const struct store *s, uint64_t now)
{
	return s->redo != NULL && s->spool_path != NULL && now >= s->spool_ms &&
	       s->redo->taken > s->redo->kept &&
	       (redo_presses(s->redo) || now >= s->saved_ms + LIMIT_SPOOL_S * 1000u);
}

/* Takes a tenth of the time at most, however much waits. */
void store_save(struct store *s)
{
	uint64_t now = store_clock();
	char error[SPOOL_ERROR_MAX];
	size_t entries;
	int result;

	if (!is_due(s, now))
		return;
	result = spool_write(
	    s->spool_path, s->sensor, s->tally, SPOOL_ALL, redo_last(s->redo), &entries, error);
	if (result == SPOOL_FAILED) {
		spool_failed(
		    s, error, ": until then a recorder that dies loses what waits for Redis");
		return;
	}
	if (result == SPOOL_UNSYNCED)
		spool_trouble(s, error, "");
	else
		s->said_spool = false;
	s->spool_file = entries > 0;
	s->spool_waiting = entries;
	tally_each_waiting(s->tally, mark_saved, s);
	redo_empty(s->redo);
	s->saved_ms = store_clock();
	s->spool_ms = s->saved_ms + 10 * (s->saved_ms - now);
}

int store_spool_close(struct store *s)
{
	char error[SPOOL_ERROR_MAX];
	struct tally_stats stats;
	size_t entries;
	int result;

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
	result = spool_write(s->spool_path, s->sensor, s->tally, SPOOL_ALL,
	    s->redo == NULL ? 0 : redo_last(s->redo), &entries, error);
	if (result == SPOOL_FAILED) {
		store_say(s, "%s: %zu entries of this run are lost%s", error, stats.waiting,
		    s->spool_file ? ", those of the run before are kept" : "");
		return -1;
	}
	if (result == SPOOL_UNSYNCED)
		store_say(s, "%s", error);
	store_say(s, "spool %s: %zu entries wait there for the next start", s->spool_path, entries);
	return 0;
}
