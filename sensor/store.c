/* The store's life: open, flush, drain, close. */
#include "store.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "store_private.h"

static const char name_bytes[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

bool store_sensor_valid(const char *sensor)
{
	size_t length = strspn(sensor, name_bytes);

	return length > 0 && length < STORE_SENSOR_MAX && sensor[length] == '\0';
}

static int copy_text(char **to, const char *text)
{
	*to = text == NULL ? NULL : strdup(text);
	return text != NULL && *to == NULL ? -1 : 0;
}

static int take_url(
    struct store *s, const struct store_options *options, char error[STORE_ERROR_MAX])
{
	if (redis_url_parse(options->url, &s->url, error) != 0 ||
	    redis_url_login(&s->url, options->password, error) != 0)
		return -1;
	redis_url_show(&s->url, s->where);
	return 0;
}

static int take_options(
    struct store *s, const struct store_options *options, char error[STORE_ERROR_MAX])
{
	if (!store_sensor_valid(options->sensor)) {
		snprintf(error, STORE_ERROR_MAX,
		    "sensor name \"%.64s\": it must be 1 to %d letters, digits, '.', '_' or '-'",
		    options->sensor, STORE_SENSOR_MAX - 1);
		return -1;
	}
	strcpy(s->sensor, options->sensor);
	s->process = options->holder != 0 ? options->holder : getpid();
	s->retention_ms = options->retention_s * 1000;
	s->log = options->log;
	s->log_context = options->log_context;
	if (copy_text(&s->source, options->source) != 0 ||
	    copy_text(&s->spool_path, options->spool_path) != 0 || store_token_make(s) != 0) {
		snprintf(error, STORE_ERROR_MAX, "memory is short: free some");
		return -1;
	}
	return take_url(s, options, error);
}

static void store_free(struct store *s)
{
	store_drop(s, false);
	if (s->spool_lock >= 0)
		close(s->spool_lock);
	explicit_bzero(&s->url, sizeof(s->url));
	wire_free(&s->out);
	wire_free(&s->body);
	free(s->source);
	free(s->spool_path);
	free(s);
}

/* Goes through the hello once, so that a mistake in the set-up is said before anything is captured.
 */
static int first_hello(struct store *s, char error[STORE_ERROR_MAX])
{
	uint64_t until = store_clock() + LIMIT_CONNECT_MS + LIMIT_REPLY_MS;

	error[0] = '\0';
	s->opening = s->quiet = true;
	s->open_error = error;
	do {
		if (s->redis == NULL &&
		    s->retry_ms == 0) /* at once: the lease ran out as we looked */
			store_dial(s);
		store_pump(s, until, LIMIT_CONNECT_MS);
	} while (s->state != STORE_OVER && s->redis == NULL && s->retry_ms == 0 &&
		 store_clock() < until);
	s->opening = s->quiet = false;
	if (s->state == STORE_OVER)
		return -1;
	if (error[0] != '\0')
		store_say(s, "%s", error);
	return 0;
}

static int start(struct store *s, const struct store_options *options, char error[STORE_ERROR_MAX])
{
	if (take_options(s, options, error) != 0)
		return -1;
	if (s->spool_path != NULL) {
		s->spool_lock = spool_lock(s->spool_path, error);
		if (s->spool_lock < 0)
			return -1;
	}
	if (first_hello(s, error) != 0)
		return -1;
	return store_spool_open(s, error);
}

struct store *store_open(
    const struct store_options *options, struct tally *tally, char error[STORE_ERROR_MAX])
{
	struct store *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		snprintf(error, STORE_ERROR_MAX, "memory is short: free some");
		return NULL;
	}
	s->tally = tally;
	s->spool_lock = -1;
	s->started_wall_ms = store_wall();
	s->saved_ms = store_clock();
	if (start(s, options, error) == 0)
		return s;
	store_free(s);
	return NULL;
}

void store_report(struct store *s, const struct store_number *numbers, size_t count)
{
	if (s->number_count == 0)
		s->heartbeat_ms = 0; /* the one of the login had none to tell */
	s->number_count = count < STORE_NUMBERS ? count : STORE_NUMBERS;
	memcpy(s->numbers, numbers, s->number_count * sizeof(*numbers));
}

static int flush_until(struct store *s, uint64_t until, unsigned wait_ms)
{
	struct tally_stats stats;

	if (s->state == STORE_AWAY && store_clock() >= s->retry_ms)
		store_dial(s);
	store_pump(s, until, wait_ms);
	tally_stats(s->tally, &stats);
	if (stats.waiting == 0) {
		s->saved_ms = store_clock();
		if (s->redo != NULL)
			redo_empty(s->redo);
		return 0;
	}
	store_save(s);
	return s->state == STORE_READY && store_clock() >= s->pause_ms ? 1 : -1;
}

int store_flush(struct store *s)
{
	return flush_until(s, store_clock() + LIMIT_FLUSH_MS, LIMIT_FLUSH_WAIT_MS);
}

/* Until `at`, but in small steps: another writer of the log wants to be heard too. */
static void nap(uint64_t at)
{
	uint64_t now = store_clock(), left = at > now ? at - now : 0;
	struct timespec pause = {0, (long)(left < 20 ? left + 1 : 20) * 1000000};

	nanosleep(&pause, NULL);
}

int store_drain(struct store *s, unsigned milliseconds)
{
	uint64_t until = store_clock() + milliseconds;
	int result;

	while ((result = flush_until(s, until, 100)) != 0 && store_clock() < until) {
		if (s->state == STORE_OVER)
			return -1;
		if (result < 0 || s->ring_count == 0)
			nap(s->redis == NULL ? s->retry_ms : s->pause_ms);
	}
	return result == 0 ? 0 : -1;
}

int store_close(struct store *s)
{
	int result;

	if (s->state == STORE_READY && s->ring_count + STORE_ENTRY_MAX <= STORE_RING) {
		s->quiet = true;
		store_heartbeat(s, true);
		store_lease_release(s);
		store_pump(s, store_clock() + STORE_CLOSE_MS, STORE_CLOSE_MS);
	}
	store_drop(s, false);
	result = store_spool_close(s);
	store_free(s);
	return result;
}

void store_status(const struct store *s, struct store_status *status)
{
	struct tally_stats stats;

	tally_stats(s->tally, &stats);
	*status = (struct store_status){
	    .connected = s->state == STORE_READY && store_clock() >= s->pause_ms,
	    .lease_lost = s->lease_lost,
	    .entries_written = s->entries_written,
	    .commands = s->commands,
	    .connects = s->connects,
	    .errors = s->errors,
	    .waiting = stats.waiting,
	    .aside = stats.aside,
	};
}
