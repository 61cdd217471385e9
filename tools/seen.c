/* How much an answer rests on. */
#include "seen.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../sensor/store_keys.h"
#include "say.h"
#include "table.h"

#define LOSS_WORTH_SAYING_PPM 1000 /* 0.1 %: below, an answer is as good as whole */

static const struct state_field {
	const char *name;
	size_t offset;
} state_fields[] = {
    {"heartbeat", offsetof(struct sensor_state, heartbeat_ms)},
    {"started", offsetof(struct sensor_state, started_ms)},
    {"packets", offsetof(struct sensor_state, packets)},
    {"bytes", offsetof(struct sensor_state, bytes)},
    {"sessions", offsetof(struct sensor_state, sessions)},
    {"flows_open", offsetof(struct sensor_state, flows_open)},
    {"flows_evicted", offsetof(struct sensor_state, flows_evicted)},
    {"sessions_evicted", offsetof(struct sensor_state, flows_evicted)},
    {"links_down", offsetof(struct sensor_state, links_down)},
    {"gap_bytes", offsetof(struct sensor_state, gap_bytes)},
    {"cut_bytes", offsetof(struct sensor_state, cut_bytes)},
    {"capture_loss_ppm", offsetof(struct sensor_state, capture_loss_ppm)},
    {"dropped_kernel", offsetof(struct sensor_state, dropped)},
    {"dropped_interface", offsetof(struct sensor_state, dropped)},
    {"records_lost", offsetof(struct sensor_state, records_lost)},
    {"records_died", offsetof(struct sensor_state, records_died)},
    {"flows_lost", offsetof(struct sensor_state, flows_lost)},
    {"workers", offsetof(struct sensor_state, workers)},
    {"sandboxed", offsetof(struct sensor_state, sandboxed)},
};

static void add_number(struct sensor_state *s, const struct hash_field *field)
{
	for (size_t i = 0; i < sizeof(state_fields) / sizeof(state_fields[0]); i++)
		if (strcmp(field->name, state_fields[i].name) == 0)
			*(uint64_t *)(void *)((char *)s + state_fields[i].offset) +=
			    strtoull(field->value, NULL, 10);
}

static bool take_state(
    void *context, const char *key, const struct hash_field *fields, size_t count)
{
	struct sensor_states *states = context;
	struct sensor_state *s = &states->items[states->count++];

	s->name = strdup(strrchr(key, ':') + 1);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(fields[i].name, "version") == 0 && s->version == NULL)
			s->version = strdup(fields[i].value);
		else if (strcmp(fields[i].name, "source") == 0 && s->source == NULL)
			s->source = strdup(fields[i].value);
		else if (strcmp(fields[i].name, "stopped") == 0)
			s->ended = strcmp(fields[i].value, "0") != 0;
		else
			add_number(s, &fields[i]);
		s->estimates_loss |= strcmp(fields[i].name, "capture_loss_ppm") == 0;
	}
	return s->name != NULL;
}

bool sensor_states_read(struct query *q, struct sensor_states *states)
{
	struct texts names = {0}, keys = {0};
	bool good = query_sensors(q, &names);

	*states = (struct sensor_states){.items = calloc(names.count + 1, sizeof(*states->items))};
	for (size_t i = 0; good && i < names.count; i++) {
		char key[STORE_KEY_MAX];
		const char *name = names.items[i];

		good = texts_add(&keys, key, store_fill_key(key, KEY_SENSOR, &name));
	}
	good = good && states->items != NULL && query_hashes(q, &keys, take_state, states);
	texts_free(&names);
	texts_free(&keys);
	if (!good)
		sensor_states_free(states);
	return good;
}

void sensor_states_free(struct sensor_states *states)
{
	for (size_t i = 0; i < states->count; i++) {
		free(states->items[i].name);
		free(states->items[i].version);
		free(states->items[i].source);
	}
	free(states->items);
	*states = (struct sensor_states){0};
}

bool sensor_is_alive(const struct sensor_state *s, uint64_t now)
{
	return !s->ended && s->heartbeat_ms + SENSOR_DEAD_MS >= now;
}

static uint64_t parts_per_million(uint64_t lost, uint64_t got)
{
	return lost == 0 ? 0 : (uint64_t)(1e6 * (double)lost / ((double)lost + (double)got));
}

/* What was missing from the mail that it followed: by its own account, else roughly. */
static uint64_t missing_ppm(const struct sensor_state *s)
{
	if (s->estimates_loss)
		return s->capture_loss_ppm;
	return parts_per_million(s->gap_bytes, s->bytes);
}

/* A dropped packet is mostly a gap too: the largest of them, not their sum. */
uint64_t sensor_loss_ppm(const struct sensor_state *s)
{
	uint64_t packets = parts_per_million(s->dropped, s->packets);
	uint64_t cut = parts_per_million(s->cut_bytes, s->bytes);
	uint64_t missing = missing_ppm(s);

	if (packets < cut)
		packets = cut;
	return packets > missing ? packets : missing;
}

/* ---- Days ---- */

struct days {
	uint64_t since_ms, sessions, first_ms;
};

/* tlsvane:day:<YYYY-MM-DD>:<sensor> -> ms of its midnight, 0 where it is none. */
static uint64_t day_of(const char *key)
{
	struct tm tm = {0};

	if (strptime(key + strlen("tlsvane:day:"), "%Y-%m-%d", &tm) == NULL)
		return 0;
	return (uint64_t)timegm(&tm) * 1000;
}

static bool take_day(void *context, const char *key, const struct hash_field *fields, size_t count)
{
	struct days *days = context;
	uint64_t day = day_of(key);

	if (day + 86400000 <= days->since_ms)
		return true;
	for (size_t i = 0; i < count; i++)
		if (strcmp(fields[i].name, "sessions") == 0)
			days->sessions += strtoull(fields[i].value, NULL, 10);
	if (days->first_ms == 0 || day < days->first_ms)
		days->first_ms = day;
	return true;
}

bool seen_sessions(struct query *q, uint64_t since_ms, uint64_t *sessions, uint64_t *first_ms)
{
	struct days days = {.since_ms = since_ms};
	struct texts keys = {0};
	bool good =
	    query_keys(q, "tlsvane:day:*", &keys) && query_hashes(q, &keys, take_day, &days);

	texts_free(&keys);
	*sessions = days.sessions;
	*first_ms = days.first_ms;
	return good;
}

/* ---- Sentences ---- */

/* Under a table; where stdout is for programs, stderr. */
static FILE *place(const struct options *o)
{
	return o->format == OUTPUT_TABLE ? stdout : stderr;
}

static void say_nothing_ever(FILE *to, size_t sensors, uint64_t since_ms)
{
	char when[MOMENT_TEXT_MAX];

	if (sensors == 0)
		fputs("Nothing was seen: no sensor has ever written to this Redis. That is not "
		      "good news, it is no news: "
		      "start tlsvane-sensor.\n",
		    to);
	else if (since_ms != 0)
		fprintf(to,
		    "Nothing was seen: no session was recorded since %s. That is not good news, it "
		    "is no news; "
		    "tlsvane sensors shows who listens.\n",
		    moment_text(since_ms, when));
	else
		fputs("Nothing was seen: no session was ever recorded. That is not good news, it "
		      "is no news; does mail traffic "
		      "reach the sensors? See tlsvane sensors.\n",
		    to);
}

int seen_say_none(struct query *q, const struct options *o, const char *what)
{
	struct texts sensors = {0};
	uint64_t sessions, first_ms;
	char when[MOMENT_TEXT_MAX], some[COUNT_TEXT_MAX], from[COUNT_TEXT_MAX];

	if (!query_sensors(q, &sensors) || !seen_sessions(q, o->since_ms, &sessions, &first_ms)) {
		texts_free(&sensors);
		return EXIT_FAILED;
	}
	if (sessions == 0) {
		say_nothing_ever(place(o), sensors.count, o->since_ms);
	} else {
		moment_text(o->since_ms != 0 ? o->since_ms : first_ms, when);
		if (o->since_ms == 0)
			when[10] = '\0'; /* only the day is known */
		fprintf(place(o), "%s since %s, in %s%s from %s.\n", what, when,
		    count_text(sessions, "session", "sessions", some),
		    o->since_ms != 0 ? " on those days" : "",
		    count_text(sensors.count, "sensor", "sensors", from));
	}
	texts_free(&sensors);
	return 0;
}

static bool is_silent(const struct sensor_state *s, uint64_t now)
{
	return !s->ended && !sensor_is_alive(s, now);
}

/* Of records that were lost some had room, but not their process any more. */
static uint64_t lost_for_room(const struct sensor_state *s)
{
	return s->flows_evicted + s->records_lost -
	       (s->records_died < s->records_lost ? s->records_died : s->records_lost);
}

static uint64_t lost_by_death(const struct sensor_state *s)
{
	return s->records_died + s->flows_lost;
}

/* One sentence a sensor, its parts joined by "; ". */
static void write_state(FILE *to, const struct sensor_state *s, uint64_t now)
{
	char age[MOMENT_TEXT_MAX], some[COUNT_TEXT_MAX];
	uint64_t ppm = sensor_loss_ppm(s), lost = lost_for_room(s), died = lost_by_death(s);
	const char *mark = ": ";

	write_clean(to, s->name);
	if (is_silent(s, now)) {
		if (s->heartbeat_ms == 0)
			fprintf(to, "%snever heard of", mark);
		else
			fprintf(to, "%ssilent for %s", mark, age_text(now - s->heartbeat_ms, age));
		mark = "; ";
	}
	if (ppm >= LOSS_WORTH_SAYING_PPM) {
		fprintf(to, "%smissed about %.2f %% of its traffic", mark, (double)ppm / 1e4);
		mark = "; ";
	}
	if (lost > 0) {
		fprintf(to, "%slost %s for lack of room", mark,
		    count_text(lost, "session", "sessions", some));
		mark = "; ";
	}
	if (died > 0)
		fprintf(to, "%slost %s with a process that died", mark,
		    count_text(died, "connection", "connections", some));
	fputs(". Hosts may be missing from this answer.\n", to);
}

int seen_say_health(struct query *q, const struct options *o)
{
	struct sensor_states states;
	uint64_t now = now_ms();
	FILE *to = place(o);
	bool color = options_color(o, to), said = o->format != OUTPUT_TABLE;

	if (!sensor_states_read(q, &states))
		return EXIT_FAILED;
	for (size_t i = 0; i < states.count; i++) {
		const struct sensor_state *s = &states.items[i];

		if (!is_silent(s, now) && sensor_loss_ppm(s) < LOSS_WORTH_SAYING_PPM &&
		    lost_for_room(s) + lost_by_death(s) == 0)
			continue;
		fputs(said ? "" : "\n", to);
		said = true;
		fputs(style_on(STYLE_WARN, color), to);
		write_state(to, s, now);
		fputs(style_off(STYLE_WARN, color), to);
	}
	sensor_states_free(&states);
	return 0;
}
