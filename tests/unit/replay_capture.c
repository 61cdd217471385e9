/* Captures as lists of packets. */
#include "replay_capture.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pcap/pcap.h>

#include "frame_builder.h"

#define FOLDER	 "tests/captures"
#define LINK_RAW 101

static void die(const char *what)
{
	fprintf(stderr, "replay_capture: %s\n", what);
	abort();
}

static void load_one(struct packet_list *list, const char *name)
{
	char path[512], error[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *header;
	const u_char *bytes;
	pcap_t *pcap;

	snprintf(path, sizeof(path), FOLDER "/%s", name);
	snprintf(list->name, sizeof(list->name), "%.60s", name);
	pcap = pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, error);
	if (pcap == NULL)
		die(error);
	list->link_type = pcap_datalink(pcap);
	while (pcap_next_ex(pcap, &header, &bytes) == 1) {
		struct packet *p;

		list->packets = realloc(list->packets, (list->count + 1) * sizeof(*list->packets));
		if (list->packets == NULL)
			die("memory");
		p = &list->packets[list->count++];
		*p = (struct packet){
		    .ns = (uint64_t)header->ts.tv_sec * 1000000000u + (uint64_t)header->ts.tv_usec,
		    .captured = header->caplen,
		    .length = header->len,
		    .bytes = malloc(header->caplen)};
		memcpy(p->bytes, bytes, header->caplen);
	}
	pcap_close(pcap);
}

static int is_capture(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return dot != NULL && (strcmp(dot, ".pcap") == 0 || strcmp(dot, ".pcapng") == 0);
}

struct packet_list *captures;
size_t capture_count;

int captures_set_up(void **state)
{
	struct dirent **entries;
	int found = scandir(FOLDER, &entries, is_capture, alphasort);

	(void)state;
	if (found <= 0)
		die("no captures");
	captures = calloc((size_t)found, sizeof(*captures));
	if (captures == NULL)
		die("memory");
	for (int i = 0; i < found; i++) {
		load_one(&captures[i], entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	capture_count = (size_t)found;
	return 0;
}

int captures_tear_down(void **state)
{
	(void)state;
	for (size_t i = 0; i < capture_count; i++) {
		for (size_t j = 0; j < captures[i].count; j++)
			free(captures[i].packets[j].bytes);
		free(captures[i].packets);
	}
	free(captures);
	return 0;
}

const struct packet_list *captures_find(const char *name)
{
	for (size_t i = 0; i < capture_count; i++)
		if (strstr(captures[i].name, name) != NULL)
			return &captures[i];
	fprintf(stderr, "no capture %s\n", name);
	abort();
}

static void keep(void *context, const struct record *r)
{
	struct replayed *got = context;

	if (got->count < REPLAY_RECORDS_MAX)
		memcpy(&got->records[got->count], r, record_size(r));
	got->count++;
}

static int by_start(const void *a, const void *b)
{
	const struct record *r = a, *s = b;

	return r->start_ns < s->start_ns ? -1 : r->start_ns > s->start_ns;
}

struct pipeline *replay_begin(const struct pipeline_options *options, struct replayed *got)
{
	struct pipeline_options own = *options;
	struct pipeline *p;

	own.sink = keep;
	own.context = got;
	got->count = 0;
	p = pipeline_new(&own);
	if (p == NULL)
		die("memory");
	return p;
}

void replay_end(struct pipeline *p, struct replayed *got)
{
	pipeline_finish(p);
	pipeline_free(p);
	if (got->count > REPLAY_RECORDS_MAX)
		die("more records than there is room for");
	qsort(got->records, got->count, sizeof(got->records[0]), by_start);
}

void replay_packet(
    struct pipeline *p, const struct packet_list *capture, const struct packet *k, uint64_t ns)
{
	pipeline_packet(p, capture->link_type, ns, k->bytes, k->captured, k->length);
}

static struct pipeline *begin(struct replayed *got)
{
	return replay_begin(&(struct pipeline_options){.flows_max = 4096}, got);
}

void replay(
    const struct packet_list *capture, const size_t *order, size_t count, struct replayed *got)
{
	struct pipeline *p = begin(got);

	for (size_t i = 0; i < (order == NULL ? capture->count : count); i++) {
		const struct packet *k = &capture->packets[order == NULL ? i : order[i]];

		replay_packet(p, capture, k, k->ns);
	}
	replay_end(p, got);
}

void replay_cut(const struct packet_list *capture, size_t most, struct replayed *got)
{
	struct pipeline *p = begin(got);

	for (size_t i = 0; i < capture->count; i++) {
		const struct packet *k = &capture->packets[i];

		pipeline_packet(p, capture->link_type, k->ns, k->bytes,
		    k->captured < most ? k->captured : most, k->length);
	}
	replay_end(p, got);
}

static bool is_from(const struct packet_list *capture, const struct packet *k, enum side side)
{
	struct fragment fragment;
	struct segment s;

	return frame_decode(capture->link_type, k->bytes, k->captured, k->length, &s, &fragment) ==
		   RESULT_OK &&
	       (s.source_port > s.destination_port) == (side == SIDE_CLIENT);
}

struct timed {
	uint64_t ns;
	size_t at;
};

static int by_time(const void *a, const void *b)
{
	const struct timed *t = a, *u = b;

	if (t->ns != u->ns)
		return t->ns < u->ns ? -1 : 1;
	return t->at < u->at ? -1 : t->at > u->at;
}

void replay_side(
    const struct packet_list *capture, enum side side, uint64_t late_ns, struct replayed *got)
{
	struct timed *order = calloc(capture->count + 1, sizeof(*order));
	struct pipeline *p = begin(got);
	size_t count = 0;

	if (order == NULL)
		die("memory");
	for (size_t i = 0; i < capture->count; i++) {
		const struct packet *k = &capture->packets[i];
		bool late = !is_from(capture, k, side);

		if (!late || late_ns > 0)
			order[count++] = (struct timed){k->ns + (late ? late_ns : 0), i};
	}
	qsort(order, count, sizeof(*order), by_time);
	for (size_t i = 0; i < count; i++)
		replay_packet(p, capture, &capture->packets[order[i].at], order[i].ns);
	free(order);
	replay_end(p, got);
}

void replay_in_pieces(const struct packet_list *capture, size_t most, struct replayed *got)
{
	struct pipeline *p = begin(got);
	static struct frame_builder b;
	struct segment *s = &b.segment;
	struct fragment fragment;
	struct cursor rest;
	uint8_t end;

	for (size_t i = 0; i < capture->count; i++) {
		const struct packet *k = &capture->packets[i];

		if (frame_decode(capture->link_type, k->bytes, k->captured, k->length, s,
			&fragment) != RESULT_OK)
			continue;
		rest = s->payload;
		end = s->flags & (FRAME_FIN | FRAME_RST);
		do {
			if (!cursor_take(&rest, rest.left < most ? rest.left : most, &s->payload))
				die("cursor");
			s->flags = (uint8_t)(rest.left > 0 ? s->flags & ~end : s->flags | end);
			frame_build(
			    &b, frame_address_is_ipv4(&s->source) ? "ipv4 tcp" : "ipv6 tcp");
			pipeline_packet(p, LINK_RAW, k->ns, b.bytes, b.length, b.length);
			s->sequence += (uint32_t)s->payload.left;
		} while (rest.left > 0);
	}
	replay_end(p, got);
}

/* Words that claim nothing. */
static bool claims_nothing(const struct field_value *v)
{
	return v->kind == VALUE_ABSENT ||
	       (v->kind == VALUE_TEXT && strcmp(v->text, "unknown") == 0);
}

static bool same_value(const struct field_value *a, const struct field_value *b)
{
	if (a->kind != b->kind)
		return false;
	if (a->kind == VALUE_TEXT)
		return strcmp(a->text, b->text) == 0;
	return a->kind == VALUE_ABSENT || a->number == b->number;
}

const char *record_differs(const struct record *truth, const struct record *got, bool strict)
{
	/* When it was and how sure we are do differ; where it was seen is not kept in pieces;
	 * nDPI needs more than pieces. */
	static const char *const apart[] = {"@timestamp", "event.duration", "network.vlan.id",
	    "network.inner.vlan.id", "network.tunnel", "network.protocol", "tlsvane.history",
	    "tlsvane.confidence", "tlsvane.transcript"};
	struct field_value a, b;

	for (size_t i = 0; i < record_field_count; i++) {
		const struct field *f = &record_fields[i];
		bool skip = false;

		for (size_t j = 0; j < sizeof(apart) / sizeof(apart[0]); j++)
			skip |= strcmp(f->name, apart[j]) == 0;
		if (skip)
			continue;
		record_value(truth, f, &a);
		record_value(got, f, &b);
		if (!same_value(&a, &b) && (strict || !claims_nothing(&b)))
			return f->name;
	}
	return NULL;
}
