/* Packets of several interfaces, put in the order of their stamps. */
#include <string.h>

#include "capture_taps.h"
#include "limits.h"

struct taking {
	const struct tap *tap;
	struct head *head;
};

static void take_head(u_char *user, const struct pcap_pkthdr *header, const u_char *frame)
{
	const struct taking *taking = (const struct taking *)(void *)user;
	struct head *head = taking->head;

	head->full = true;
	head->ns = taps_stamp(taking->tap, header);
	head->captured = header->caplen < LIMIT_SNAPLEN ? header->caplen : LIMIT_SNAPLEN;
	head->length = header->len;
	memcpy(head->bytes, frame, head->captured);
}

int taps_oldest(const struct taps *t)
{
	int found_at = -1;

	for (size_t i = 0; i < t->count; i++)
		if (t->head[i].full && (found_at < 0 || t->head[i].ns < t->head[found_at].ns))
			found_at = (int)i;
	return found_at;
}

/* Whether another interface's kernel may still gather packets that are older than `ns`. */
static bool may_be_early(const struct taps *t, uint64_t ns, uint64_t now)
{
	if (now > ns + LIMIT_MERGE_MS * NS_PER_MS || ns > now + LIMIT_MERGE_MS * NS_PER_MS)
		return false;
	for (size_t i = 0; i < t->count; i++)
		if (!t->head[i].full && !taps_is_over(t, i) && !t->tap[i].lost)
			return true;
	return false;
}

/* Fetches the next packet of each interface that has none at hand and was not found dry; *failed is
 * one that cannot. */
static int fetch_heads(struct taps *t, size_t *failed)
{
	struct taking taking;
	int result;

	for (size_t i = 0; i < t->count; i++) {
		if (t->head[i].full || t->tap[i].dry || taps_is_over(t, i))
			continue;
		taking = (struct taking){&t->tap[i], &t->head[i]};
		result = pcap_dispatch(t->tap[i].pcap, 1, take_head, (u_char *)&taking);
		taps_count_read(&t->tap[i], result);
		if (result > 0)
			t->tap[i].last_ns = t->head[i].ns;
		if (result >= 0)
			continue;
		*failed = i;
		return result;
	}
	return 0;
}

int taps_read_merged(struct taps *t, size_t *failed)
{
	uint64_t now = clock_ns(CLOCK_REALTIME);
	struct head *head;
	int result, count = 0, next;

	for (size_t i = 0; i < t->count; i++)
		t->tap[i].dry = false;
	while (count < LIMIT_BATCH && !t->stopping) {
		result = fetch_heads(t, failed);
		if (result < 0)
			return result;
		next = taps_oldest(t);
		if (next < 0 || may_be_early(t, t->head[next].ns, now))
			break;
		head = &t->head[next];
		head->full = false;
		t->packets++;
		count++;
		t->packet(t->context, t->tap[next].link_type, head->ns, head->bytes, head->captured,
		    head->length);
	}
	t->stopping = 0; /* of this reading, as libpcap has it */
	for (size_t i = 0; i < t->count; i++)
		t->tap[i].more = count >= LIMIT_BATCH;
	return count;
}
