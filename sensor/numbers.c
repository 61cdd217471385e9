/* The table of the sensor's own numbers. Names of metrics: prometheus.io/docs/practices/naming. */
#include "numbers.h"

#include "../parsers/result.h"

#define NUMBER(member) #member, offsetof(struct sensor_numbers, member)

/* clang-format off */
const struct number_row number_rows[] = {
    {NUMBER(packets), NUMBER_COUNTER, true, false, "packets_total", NULL,
	"Frames that the capture handed over."},
    {NUMBER(bytes), NUMBER_COUNTER, true, false, "bytes_total", NULL,
	"Length of these frames on the wire."},
    {NUMBER(segments), NUMBER_COUNTER, true, false, "segments_total", NULL,
	"TCP segments on mail ports."},
    {NUMBER(frames_malformed), NUMBER_COUNTER, false, false, "frames_unread_total", "reason=\"malformed\"",
	"Frames whose headers could not be read."},
    {NUMBER(frames_cut), NUMBER_COUNTER, false, false, "frames_unread_total", "reason=\"cut\"",
	"Frames whose headers could not be read."},
    /* /metrics counts sessions by outcome and version instead. */
    {NUMBER(sessions), NUMBER_COUNTER, true, false, NULL, NULL, NULL},
    {NUMBER(flows), NUMBER_COUNTER, false, false, "flows_total", NULL,
	"TCP connections followed."},
    {NUMBER(flows_open), NUMBER_GAUGE, true, false, "flows_open", NULL,
	"TCP connections in memory."},
    {NUMBER(flows_evicted), NUMBER_COUNTER, true, false, "flows_evicted_total", NULL,
	"Connections given up because there were too many."},
    {NUMBER(half_open_expired), NUMBER_COUNTER, true, false, "half_open_expired_total", NULL,
	"Connections that never said a byte."},
    {NUMBER(half_open_evicted), NUMBER_COUNTER, true, false, "half_open_evicted_total", NULL,
	"Connections given up because there were too many, that were half open or over."},
    {NUMBER(sessions_evicted), NUMBER_COUNTER, true, false, "sessions_evicted_total", NULL,
	"Dialogues not read further because there were too many."},
    {NUMBER(records_early), NUMBER_COUNTER, true, false, "records_early_total", NULL,
	"Sessions told before their end because memory was full."},
    {NUMBER(payload_bytes), NUMBER_COUNTER, false, false, "payload_bytes_total", NULL,
	"Payload read, each byte once."},
    {NUMBER(gaps), NUMBER_COUNTER, true, false, "gaps_total", NULL,
	"Holes in what was read."},
    {NUMBER(gap_bytes), NUMBER_COUNTER, true, false, "gap_bytes_total", NULL,
	"Payload bytes in these holes."},
    {NUMBER(cut_bytes), NUMBER_COUNTER, true, false, "cut_bytes_total", NULL,
	"Payload bytes that the snap length cut off."},
    {NUMBER(capture_loss_ppm), NUMBER_GAUGE, false, true, "capture_loss_ratio", NULL,
	"The part of the mail traffic that the capture did not hold, by what was acknowledged."},
    {NUMBER(overlap_conflicts), NUMBER_COUNTER, true, false, "overlap_conflicts_total", NULL,
	"Retransmissions that said other bytes."},
    {NUMBER(held_refused), NUMBER_COUNTER, true, false, "segments_refused_total", NULL,
	"Segments dropped: too far ahead of their stream, or no room for reassembly."},
    {NUMBER(certificates_read), NUMBER_COUNTER, false, false, "certificates_read_total", NULL,
	"New certificates that were read."},
    {NUMBER(certificates_refused), NUMBER_COUNTER, true, false, "certificates_refused_total", NULL,
	"Certificates of which only the hash was taken: too large, or too many new ones at once."},
    {NUMBER(dropped_kernel), NUMBER_COUNTER, true, false, "packets_dropped_total", "by=\"kernel\"",
	"Packets lost before the sensor saw them."},
    {NUMBER(dropped_interface), NUMBER_COUNTER, true, false, "packets_dropped_total", "by=\"interface\"",
	"Packets lost before the sensor saw them."},
    {NUMBER(ring_freezes), NUMBER_COUNTER, true, false, "ring_freezes_total", NULL,
	"How often a ring was full."},
    {NUMBER(shunted_packets), NUMBER_COUNTER, true, false, "shunted_packets_total", NULL,
	"Packets that the kernel dropped because their sessions had nothing more to tell."},
    {NUMBER(shunted_bytes), NUMBER_COUNTER, false, false, "shunted_bytes_total", NULL,
	"Length of these packets on the wire."},
    {NUMBER(links_down), NUMBER_GAUGE, true, false, "links_down", NULL,
	"Interfaces that are away or without a link."},
    {NUMBER(records_lost), NUMBER_COUNTER, true, false, "records_lost_total", NULL,
	"Sessions that are not counted everywhere."},
    {NUMBER(json_lost), NUMBER_COUNTER, true, false, "json_lost_total", NULL,
	"Records that --json left out because its reader did not keep up."},
    {NUMBER(entries_waiting), NUMBER_GAUGE, false, false, "entries_waiting", NULL,
	"Entries of the tally that Redis does not know yet."},
    {NUMBER(entries_aside), NUMBER_GAUGE, false, false, "entries_aside", NULL,
	"Entries of the tally whose Redis key holds something foreign."},
    {NUMBER(entries_evicted), NUMBER_COUNTER, true, false, "entries_evicted_total", NULL,
	"Written entries of the tally that made room for others."},
    {NUMBER(compare_evicted), NUMBER_COUNTER, false, false, "compare_evicted_total", NULL,
	"Hosts forgotten for lack of room, whose fallback or stripping may go unseen."},
    {NUMBER(redis_connected), NUMBER_GAUGE, false, false, "redis_connected", NULL,
	"Whether Redis takes writes: 1 or 0."},
    {NUMBER(redis_connects), NUMBER_COUNTER, false, false, "redis_connects_total", NULL,
	"Connections made to Redis."},
    {NUMBER(redis_errors), NUMBER_COUNTER, false, false, "redis_errors_total", NULL,
	"Replies and connections of Redis that failed."},
    {NUMBER(alerts_told), NUMBER_COUNTER, false, false, "alert_changes_total", NULL,
	"Changes of alerts that were told."},
    {NUMBER(alerts_firing), NUMBER_GAUGE, false, false, "alerts_firing", NULL,
	"Alerts that hold now."},
    {NUMBER(alerts_refused), NUMBER_COUNTER, true, false, "alerts_refused_total", NULL,
	"Matches of rules that found no room for their alert."},
    {NUMBER(alerts_blind), NUMBER_COUNTER, false, false, "alerts_blind_total", NULL,
	"Sessions judged without the history that the rules asked for."},
    {NUMBER(actions_waiting), NUMBER_GAUGE, false, false, "actions_waiting", NULL,
	"Actions that wait or run."},
    {NUMBER(actions_done), NUMBER_COUNTER, false, false, "actions_total", "result=\"done\"",
	"Actions of alerts by how they ended; a failed one is tried again."},
    {NUMBER(actions_failures), NUMBER_COUNTER, false, false, "actions_total", "result=\"failed\"",
	"Actions of alerts by how they ended; a failed one is tried again."},
    {NUMBER(actions_given_up), NUMBER_COUNTER, false, false, "actions_total", "result=\"given_up\"",
	"Actions of alerts by how they ended; a failed one is tried again."},
    {NUMBER(workers), NUMBER_GAUGE, false, false, "workers", NULL,
	"Processes that capture; 0 where one process does all."},
    {NUMBER(worker_deaths), NUMBER_COUNTER, false, false, "process_deaths_total", "process=\"worker\"",
	"Processes that died and were started again."},
    {NUMBER(recorder_deaths), NUMBER_COUNTER, false, false, "process_deaths_total", "process=\"recorder\"",
	"Processes that died and were started again."},
    {NUMBER(worker_hangs), NUMBER_COUNTER, false, false, "worker_hangs_total", NULL,
	"Workers that were killed because they no longer said that they live."},
    {NUMBER(flows_lost), NUMBER_COUNTER, true, false, "flows_lost_total", NULL,
	"TCP connections that were open when their worker died."},
    {NUMBER(records_died), NUMBER_COUNTER, false, false, "records_died_total", NULL,
	"Of the records that were lost: those lost with the process that had them."},
    {NUMBER(messages_refused), NUMBER_COUNTER, false, false, "messages_refused_total", NULL,
	"Messages of workers that no worker of ours would send."},
    {NUMBER(sandboxed), NUMBER_GAUGE, false, false, "sandboxed", NULL,
	"Whether all processes are confined: 1 or 0."},
};
/* clang-format on */

#define ROWS (sizeof(number_rows) / sizeof(number_rows[0]))

const size_t number_row_count = ROWS;

_Static_assert(ROWS <= STORE_NUMBERS, "a heartbeat holds them all");
_Static_assert(ROWS * sizeof(uint64_t) == sizeof(struct sensor_numbers), "a row for each member");

uint64_t number_value(const struct sensor_numbers *n, const struct number_row *row)
{
	return *(const uint64_t *)(const void *)((const char *)n + row->offset);
}

void numbers_of_pipeline(struct sensor_numbers *n, const struct pipeline_stats *s)
{
	n->packets = s->packets;
	n->bytes = s->bytes;
	n->segments = s->segments;
	n->sessions = s->sessions;
	n->frames_malformed = 0;
	for (int bad = -RESULT_BAD_LENGTH; bad <= -RESULT_BAD_CHECKSUM; bad++)
		if (bad != -RESULT_TOO_LARGE) /* our own limits: held_refused */
			n->frames_malformed += s->refused[bad];
	n->frames_cut = s->refused[-RESULT_CUT];
	n->flows = s->flows;
	n->flows_open = s->flows_open;
	n->flows_evicted = s->flows_evicted;
	n->half_open_expired = s->half_open_expired;
	n->half_open_evicted = s->half_open_evicted;
	n->sessions_evicted = s->sessions_evicted;
	n->records_early = s->records_early;
	n->payload_bytes = s->payload_bytes;
	n->capture_loss_ppm = pipeline_loss_ppm(s);
	n->gaps = s->gaps;
	n->gap_bytes = s->gap_bytes;
	n->cut_bytes = s->cut_bytes;
	n->overlap_conflicts = s->overlap_conflicts;
	n->held_refused = s->held_refused;
	n->certificates_read = s->certificates_read;
	n->certificates_refused = s->certificates_refused;
}

void numbers_of_capture(struct sensor_numbers *n, const struct capture_counters *counters)
{
	n->dropped_kernel = counters->dropped_kernel;
	n->dropped_interface = counters->dropped_interface;
	n->ring_freezes = counters->ring_freezes;
	n->shunted_packets = counters->shunted_packets;
	n->shunted_bytes = counters->shunted_bytes;
	n->links_down = counters->links_down;
}

void numbers_of_store(
    struct sensor_numbers *n, const struct store *store, const struct tally *tally)
{
	struct tally_stats stats = {0};
	struct store_status status = {0};

	if (tally != NULL)
		tally_stats(tally, &stats);
	if (store != NULL)
		store_status(store, &status);
	n->records_lost = stats.lost;
	n->entries_waiting = stats.waiting;
	n->entries_aside = stats.aside;
	n->entries_evicted = stats.evicted;
	n->redis_connected = status.connected;
	n->redis_connects = status.connects;
	n->redis_errors = status.errors;
}

void numbers_of_alerting(struct sensor_numbers *n, const struct alerting *alerting)
{
	struct alerting_stats stats = {0};

	if (alerting != NULL)
		alerting_stats(alerting, &stats);
	n->alerts_told = stats.told;
	n->alerts_firing = stats.firing;
	n->alerts_refused = stats.refused;
	n->alerts_blind = stats.blind;
	n->actions_waiting = stats.waiting;
	n->actions_done = stats.delivered;
	n->actions_failures = stats.failures;
	n->actions_given_up = stats.given_up;
}

void numbers_add(struct sensor_numbers *sum, const struct sensor_numbers *other)
{
	struct pipeline_stats both = {0};

	for (size_t i = 0; i < ROWS; i++)
		*(uint64_t *)(void *)((char *)sum + number_rows[i].offset) +=
		    number_value(other, &number_rows[i]);
	both.payload_bytes = sum->payload_bytes;
	both.gap_bytes = sum->gap_bytes;
	sum->capture_loss_ppm = pipeline_loss_ppm(&both); /* ratios do not add up */
}

void numbers_bury(struct sensor_numbers *before, struct sensor_numbers *last)
{
	struct sensor_numbers counters = *last;

	for (size_t i = 0; i < ROWS; i++)
		if (number_rows[i].kind == NUMBER_GAUGE)
			*(uint64_t *)(void *)((char *)&counters + number_rows[i].offset) = 0;
	*last = (struct sensor_numbers){0};
	numbers_add(before, &counters);
}

void numbers_report(const struct sensor_numbers *n, struct store *store)
{
	struct store_number numbers[ROWS];

	for (size_t i = 0; i < ROWS; i++)
		numbers[i] =
		    (struct store_number){number_rows[i].name, number_value(n, &number_rows[i])};
	store_report(store, numbers, ROWS);
}
