/*
 * A real capture as a list of packets that a test may drop, double, swap or cut up before it
 * replays them.
 */
#ifndef TLSVANE_REPLAY_CAPTURE_H
#define TLSVANE_REPLAY_CAPTURE_H

#include "../../parsers/side.h"
#include "../../sensor/pipeline.h"

struct packet {
	uint64_t ns;
	size_t captured, length;
	uint8_t *bytes; /* owned by the capture */
};

struct packet_list {
	char name[64];
	int link_type;
	size_t count;
	struct packet *packets;
};

/* The records of one replay, in the order of their first packets. */
#define REPLAY_RECORDS_MAX 64

struct replayed {
	size_t count;
	struct record records[REPLAY_RECORDS_MAX];
};

/* Every capture of tests/captures, between a group's set-up and tear-down. */
extern struct packet_list *captures;
extern size_t capture_count;
int captures_set_up(void **state);
int captures_tear_down(void **state);

/* The first whose name has this in it; aborts where there is none. */
const struct packet_list *captures_find(const char *name);

/* A pipeline whose records go into *got; the end puts them in order and frees it. Of *options the
 * sink is set here. */
struct pipeline *replay_begin(const struct pipeline_options *options, struct replayed *got);
void replay_end(struct pipeline *p, struct replayed *got);

void replay_packet(
    struct pipeline *p, const struct packet_list *capture, const struct packet *k, uint64_t ns);

/* Replays packets[order[0..count)] (order NULL: all as they are). */
void replay(
    const struct packet_list *capture, const size_t *order, size_t count, struct replayed *got);

/* As above, every TCP payload cut into segments of at most `most` bytes. */
void replay_in_pieces(const struct packet_list *capture, size_t most, struct replayed *got);

/* As above, no more than `most` bytes of each frame captured. */
void replay_cut(const struct packet_list *capture, size_t most, struct replayed *got);

/* As above, one side alone (`late_ns` 0: the other is not there), or the other one so much later:
 * who has the higher port is the client. */
void replay_side(
    const struct packet_list *capture, enum side side, uint64_t late_ns, struct replayed *got);

/* What differs between a record and the true one in what matters to a reader; NULL: nothing.
 * `strict`: all must be the same; else a fact may also be absent or unknown, but never another one.
 */
const char *record_differs(const struct record *truth, const struct record *got, bool strict);

#endif
