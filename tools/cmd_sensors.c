/* tlsvane sensors: who listens, and how well. */
#include "commands.h"
#include "say.h"
#include "seen.h"
#include "table.h"

static const struct column columns[] = {
    {.name = "sensor", .heading = "SENSOR"},
    {.name = "alive"},
    {.name = NULL, .heading = "STATE"},
    {.name = "heartbeat"},
    {.name = "started", .heading = "STARTED (UTC)", .drop = 2},
    {.name = "source", .heading = "SOURCE", .least = 8, .drop = 1},
    {.name = "packets", .heading = "PACKETS", .flags = COLUMN_RIGHT},
    {.name = "dropped", .heading = "DROPPED", .flags = COLUMN_RIGHT},
    {.name = "sessions", .heading = "SESSIONS", .flags = COLUMN_RIGHT},
    {.name = "flows_open", .heading = "FLOWS", .flags = COLUMN_RIGHT},
    {.name = "flows_evicted", .heading = "EVICTED", .flags = COLUMN_RIGHT},
    {.name = "records_lost", .heading = "LOST", .flags = COLUMN_RIGHT},
    {.name = "capture_loss_percent", .heading = "LOSS", .flags = COLUMN_RIGHT},
    {.name = "links_down"},
    {.name = "workers"},
    {.name = "sandboxed"},
    {.name = "version", .heading = "VERSION", .drop = 3},
};

static void put_state(struct table *t, const struct sensor_state *s, uint64_t now)
{
	char age[MOMENT_TEXT_MAX], text[MOMENT_TEXT_MAX + 16];

	if (sensor_is_alive(s, now) && s->workers > 0 && s->sandboxed == 0) {
		table_text(t, "alive, not confined", STYLE_WARN);
	} else if (sensor_is_alive(s, now) && s->links_down > 0) {
		table_text(t, "alive, no link", STYLE_WARN);
	} else if (sensor_is_alive(s, now)) {
		table_text(t, "alive", STYLE_GOOD);
	} else if (s->heartbeat_ms == 0) {
		table_text(t, "never heard", STYLE_BAD);
	} else {
		age_text(now > s->heartbeat_ms ? now - s->heartbeat_ms : 0, age);
		snprintf(text, sizeof(text), s->ended ? "ended %s ago" : "silent %s", age);
		table_text(t, text, s->ended ? STYLE_PLAIN : STYLE_BAD);
	}
}

static void put_sensor(struct table *t, const struct sensor_state *s, uint64_t now)
{
	uint64_t ppm = sensor_loss_ppm(s);

	table_text(t, s->name, STYLE_PLAIN);
	table_boolean(t, sensor_is_alive(s, now));
	put_state(t, s, now);
	table_time(t, s->heartbeat_ms);
	table_time(t, s->started_ms);
	table_text(t, s->source, STYLE_PLAIN);
	table_number(t, s->packets);
	table_number(t, s->dropped);
	table_number(t, s->sessions);
	table_number(t, s->flows_open);
	table_number(t, s->flows_evicted);
	table_number(t, s->records_lost);
	table_percent(t, ppm, ppm >= 10000 ? STYLE_BAD : ppm >= 100 ? STYLE_WARN : STYLE_PLAIN);
	table_number(t, s->links_down);
	table_number(t, s->workers);
	table_boolean(t, s->sandboxed != 0);
	table_text(t, s->version, STYLE_PLAIN);
	table_end_row(t);
}

/* Under the table, why it is empty. */
static void say_none(const struct options *o, size_t known)
{
	FILE *to = o->format == OUTPUT_TABLE ? stdout : stderr;
	char since[MOMENT_TEXT_MAX];

	if (known == 0)
		fputs("No sensor has ever written to this Redis: start tlsvane-sensor.\n", to);
	else
		fprintf(to, "No sensor was heard since %s; without --since all are shown.\n",
		    moment_text(o->since_ms, since));
}

static int write_states(const struct sensor_states *states, const struct options *o)
{
	struct table *t = table_new(stdout, o, columns, sizeof(columns) / sizeof(columns[0]));
	size_t left = o->limit == 0 ? states->count : o->limit, most = left;
	uint64_t now = now_ms();

	if (t == NULL)
		return say_error(EXIT_FAILED, "out of memory");
	for (size_t i = 0; i < states->count && left > 0 && table_alive(t); i++) {
		if (states->items[i].heartbeat_ms < o->since_ms)
			continue;
		put_sensor(t, &states->items[i], now);
		left--;
	}
	table_finish(t);
	if (left == most)
		say_none(o, states->count);
	return 0;
}

int cmd_sensors(const struct options *o)
{
	struct sensor_states states;
	int status;
	struct query *q = query_open(o, &status);

	if (q == NULL)
		return status;
	if (!sensor_states_read(q, &states)) {
		query_close(q);
		return EXIT_FAILED;
	}
	status = write_states(&states, o);
	sensor_states_free(&states);
	query_close(q);
	return status;
}
