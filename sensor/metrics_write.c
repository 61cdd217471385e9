/* The text format of Prometheus: prometheus.io/docs/instrumenting/exposition_formats. */
#include "metrics.h"

#include <inttypes.h>
#include <string.h>

#include "../parsers/tls_names.h"

#ifndef TLSVANE_VERSION
#define TLSVANE_VERSION "unknown"
#endif
#define PREFIX "tlsvane_sensor_"

/* 0: none negotiated; the last: one that has no name. */
static const uint16_t versions[METRICS_VERSIONS - 1] = {
    0, 0x0002, 0x0300, 0x0301, 0x0302, 0x0303, 0x0304};

const char *metrics_version_name(unsigned version)
{
	if (version == 0)
		return "none";
	return version < METRICS_VERSIONS - 1 ? tls_version_label(versions[version]) : "other";
}

void metrics_count(struct metrics_sessions *sessions, const struct record *r)
{
	unsigned version = 0;

	while (version < METRICS_VERSIONS - 1 && versions[version] != r->tls_version)
		version++;
	if (r->outcome < OUTCOMES)
		sessions->by_outcome[r->outcome][version]++;
	if (r->legacy_side < LEGACY_SIDES)
		sessions->by_side[r->legacy_side]++;
}

static void write_head(
    FILE *to, const char *prefix, const char *metric, const char *type, const char *help)
{
	fprintf(to, "# HELP %s%s %s\n# TYPE %s%s %s\n", prefix, metric, help, prefix, metric, type);
}

static void write_row(
    FILE *to, const struct sensor_numbers *n, const struct number_row *row, bool first)
{
	uint64_t value = number_value(n, row);

	if (first)
		write_head(to, PREFIX, row->metric, row->kind == NUMBER_GAUGE ? "gauge" : "counter",
		    row->help);
	fprintf(to, PREFIX "%s", row->metric);
	if (row->labels != NULL)
		fprintf(to, "{%s}", row->labels);
	if (row->millionths)
		fprintf(to, " %.6f\n", (double)value / 1e6);
	else
		fprintf(to, " %" PRIu64 "\n", value);
}

/* What has counted something; a rule over a series that comes later takes its absence for 0. */
static void write_sessions(FILE *to, const struct metrics_sessions *sessions)
{
	write_head(to, PREFIX, "sessions_total", "counter",
	    "SMTP sessions by outcome and negotiated version.");
	for (unsigned outcome = 1; outcome < OUTCOMES; outcome++)
		for (unsigned version = 0; version < METRICS_VERSIONS; version++)
			if (sessions->by_outcome[outcome][version] > 0 ||
			    (outcome == OUTCOME_TLS && version >= 3 && version <= 6))
				fprintf(to,
				    PREFIX "sessions_total{outcome=\"%s\",version=\"%s\"} %" PRIu64
					   "\n",
				    record_outcome_name(outcome), metrics_version_name(version),
				    sessions->by_outcome[outcome][version]);
	write_head(to, PREFIX, "legacy_sessions_total", "counter",
	    "SMTP sessions held below TLS 1.2, by the side that is to blame.");
	for (unsigned side = LEGACY_CLIENT; side <= LEGACY_DOWNGRADE; side++)
		fprintf(to, PREFIX "legacy_sessions_total{side=\"%s\"} %" PRIu64 "\n",
		    record_legacy_side_name(side), sessions->by_side[side]);
}

void metrics_write(FILE *to, const struct sensor_numbers *n,
    const struct metrics_sessions *sessions, double started)
{
	const char *last = NULL;

	write_head(to, PREFIX, "build_info", "gauge", "The version that runs; always 1.");
	fputs(PREFIX "build_info{version=\"" TLSVANE_VERSION "\"} 1\n", to);
	write_head(to, "", "process_start_time_seconds", "gauge",
	    "Start time of the sensor since the epoch in seconds.");
	fprintf(to, "process_start_time_seconds %.3f\n", started);
	write_sessions(to, sessions);
	for (size_t i = 0; i < number_row_count; i++) {
		const struct number_row *row = &number_rows[i];

		if (row->metric == NULL)
			continue;
		write_row(to, n, row, last == NULL || strcmp(last, row->metric) != 0);
		last = row->metric;
	}
}
