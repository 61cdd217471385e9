/* A live capture: waits for packets of one or several interfaces, and sees interfaces go and come.
 */
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture_taps.h"
#include "limits.h"

#define LOOK_NS CAPTURE_NS_PER_S /* between two looks at the links */

#define CACHE_LINE   64
#define NEXT_HEADERS 192 /* bytes: the kernel's 80 or so, and the packet's up to TCP's */

static void say(const struct taps *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void say(const struct taps *t, const char *format, ...)
{
	char line[CAPTURE_ERROR_MAX];
	va_list arguments;

	if (t->options.log == NULL)
		return;
	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	t->options.log(t->options.log_context, line);
}

/* ---- Opening and closing ---- */

void taps_close(struct taps *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < t->count; i++) {
		tap_close(&t->tap[i]);
		free(t->head[i].bytes);
	}
	shunt_close(t->shunt);
	if (t->link_socket >= 0)
		close(t->link_socket);
	free(t);
}

static bool open_tap(struct taps *t, size_t i, char error[CAPTURE_ERROR_MAX])
{
	struct tap *tap = &t->tap[i];

	tap->name = t->options.interfaces[i];
	if (t->count > 1 && (t->head[i].bytes = malloc(LIMIT_SNAPLEN)) == NULL) {
		snprintf(error, CAPTURE_ERROR_MAX, "%s: out of memory", tap->name);
		return false;
	}
	if (!tap_open(tap, &t->options, t->shunt, error))
		return false;
	if (tap_has_link(tap)) /* what was lost before is not ours */
		(void)link_read(t->link_socket, tap->name, &tap->link);
	return true;
}

/* `why` stays empty where it is there, or nobody wants it. */
static void open_shunt(struct taps *t, char why[SHUNT_ERROR_MAX])
{
	why[0] = '\0';
	if (!t->options.no_shunt && shunt_built_in())
		t->shunt =
		    shunt_open(t->options.ports, t->options.any_port, t->options.ignore_vlan, why);
	if (t->shunt != NULL)
		why[0] = '\0';
}

struct taps *taps_open(const struct capture_live *options, char error[CAPTURE_ERROR_MAX])
{
	struct taps *t = calloc(1, sizeof(*t));
	char no_shunt[SHUNT_ERROR_MAX];

	if (t == NULL) {
		snprintf(error, CAPTURE_ERROR_MAX, "out of memory");
		return NULL;
	}
	t->options = *options;
	t->count = options->count;
	t->wake = -1;
	t->link_socket = link_open();
	open_shunt(t, no_shunt);
	for (size_t i = 0; i < t->count; i++)
		if (!open_tap(t, i, error)) {
			if (options->failed != NULL)
				*options->failed = i;
			taps_close(t);
			return NULL;
		}
	if (no_shunt[0] != '\0') /* else there is something worse to say */
		say(t, "%s; all packets of a session are captured", no_shunt);
	return t;
}

/* ---- Interfaces that go and come ---- */

static void lose(struct taps *t, struct tap *tap, const char *why)
{
	tap_count(tap);
	if (!tap->lost) {
		tap->lost = true;
		tap->lost_ns = clock_ns(CLOCK_MONOTONIC);
	}
	say(t, "%s: %s; waiting until it is back", tap->name, why);
	tap_close(tap); /* and `why`, which is libpcap's */
	tap->wait_ns = LIMIT_REOPEN_MIN_MS * NS_PER_MS;
	tap->retry_ns = clock_ns(CLOCK_MONOTONIC) + tap->wait_ns;
}

static void found(struct taps *t, struct tap *tap, uint64_t now)
{
	tap->lost = false;
	say(t, "%s: is back after %llu s", tap->name,
	    (unsigned long long)((now - tap->lost_ns) / CAPTURE_NS_PER_S));
}

static void retry(struct taps *t, struct tap *tap, uint64_t now)
{
	char error[CAPTURE_ERROR_MAX];

	if (now < tap->retry_ns)
		return;
	if (tap_open(tap, &t->options, t->shunt, error)) {
		found(t, tap, now);
		return;
	}
	tap->wait_ns *= 2;
	if (tap->wait_ns > LIMIT_REOPEN_MAX_MS * NS_PER_MS)
		tap->wait_ns = LIMIT_REOPEN_MAX_MS * NS_PER_MS;
	tap->retry_ns = now + tap->wait_ns;
}

static void look(struct taps *t, struct tap *tap, uint64_t now)
{
	if (!tap_look(tap, t->link_socket) || tap->pcap == NULL || !tap->link.present)
		return;
	if (tap->lost && tap->link.running) {
		found(t, tap, now);
	} else if (!tap->lost && !tap->link.running) {
		tap->lost = true;
		tap->lost_ns = now;
		say(t,
		    "%s: has no link; check the cable and the mirror port, or bring it up: "
		    "ip link set %s up",
		    tap->name, tap->name);
	}
}

static void look_at_links(struct taps *t)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC);
	bool due = now >= t->look_ns;

	for (size_t i = 0; i < t->count; i++) {
		if (t->tap[i].pcap == NULL)
			retry(t, &t->tap[i], now);
		if (due)
			look(t, &t->tap[i], now);
	}
	if (due)
		t->look_ns = now + LOOK_NS;
}

/* ---- Packets ---- */

/* In the ring the next packet's header of the kernel, and then its own, stand right behind. */
static inline void prefetch_next(const u_char *end)
{
	for (unsigned at = 0; at < NEXT_HEADERS; at += CACHE_LINE)
		__builtin_prefetch(end + at);
}

static void hand_on(u_char *user, const struct pcap_pkthdr *header, const u_char *frame)
{
	struct taps *t = (struct taps *)(void *)user;

	prefetch_next(frame + header->caplen);
	t->packets++;
	t->tap[0].last_ns = taps_stamp(&t->tap[0], header);
	t->packet(
	    t->context, t->tap[0].link_type, t->tap[0].last_ns, frame, header->caplen, header->len);
}

/* Where an interface is the only one, its packets are read in the ring. */
static int read_one(struct taps *t)
{
	struct tap *tap = &t->tap[0];
	int most = LIMIT_BATCH, count;

	if (t->ending && t->due[0] - tap->read < LIMIT_BATCH)
		most = (int)(t->due[0] - tap->read);
	count = pcap_dispatch(tap->pcap, most, hand_on, (u_char *)t);
	taps_count_read(tap, count);
	tap->more = count >= most;
	return count;
}

/* Waits for packets of those interfaces that have none at hand. */
static bool wait_for_packets(struct taps *t)
{
	struct pollfd wanted[CAPTURE_INTERFACES_MAX + 1];
	nfds_t count = 0;
	bool more = false, anyway = taps_oldest(t) >= 0;

	for (size_t i = 0; i < t->count; i++) {
		struct tap *tap = &t->tap[i];

		if (t->head[i].full || taps_is_over(t, i))
			continue;
		more |= tap->more;
		/* libpcap wants to look whether the interface is still there */
		anyway |= pcap_get_required_select_timeout(tap->pcap) != NULL;
		wanted[count++] =
		    (struct pollfd){.fd = pcap_get_selectable_fd(tap->pcap), .events = POLLIN};
	}
	if (count == 0 && anyway) /* only what is at hand is left */
		return true;
	wanted[count++] = (struct pollfd){.fd = t->wake, .events = POLLIN};
	return more || poll(wanted, count, TAP_TIMEOUT_MS) > 0 || anyway;
}

/* An interface that cannot be read any more. */
static int fail(struct taps *t, struct tap *tap, int result, char error[CAPTURE_ERROR_MAX])
{
	if (result == PCAP_ERROR_BREAK)
		return 0;
	if (t->options.reopen) {
		lose(t, tap, pcap_geterr(tap->pcap));
		return 0;
	}
	snprintf(
	    error, CAPTURE_ERROR_MAX, "%s: %s; reading stopped", tap->name, pcap_geterr(tap->pcap));
	return -2;
}

/* ---- The end ---- */

/* The kernel tells how many packets it has put into a ring: when so many were read, none of them is
 * left. */
void taps_stop(struct taps *t)
{
	t->ending = true;
	t->ended_ns = clock_ns(CLOCK_REALTIME);
	t->patient_ns = clock_ns(CLOCK_MONOTONIC) + LIMIT_LAST_MS * NS_PER_MS;
	for (size_t i = 0; i < t->count; i++) {
		tap_count(&t->tap[i]);
		t->due[i] = t->tap[i].received;
	}
}

/* Some libpcap keeps to itself, such as the second copy of all on loopback: then the number is
 * never reached. */
static void lose_patience(struct taps *t)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->tap[i].dry || t->tap[i].last_ns >= t->ended_ns)
			t->due[i] = 0;
}

static bool all_over(const struct taps *t)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->head[i].full || !taps_is_over(t, i))
			return false;
	return true;
}

/* ---- All together ---- */

static int read_packets(struct taps *t, char error[CAPTURE_ERROR_MAX])
{
	size_t failed = 0;
	int result;

	if (t->count > 1)
		result = taps_read_merged(t, &failed);
	else
		result = !taps_is_over(t, 0) ? read_one(t) : 0;
	return result >= 0 ? result : fail(t, &t->tap[failed], result, error);
}

int taps_dispatch(
    struct taps *t, capture_packet *packet, void *context, char error[CAPTURE_ERROR_MAX])
{
	bool patient = !t->ending || clock_ns(CLOCK_MONOTONIC) < t->patient_ns;
	int result;

	t->packet = packet;
	t->context = context;
	if (t->ending && all_over(t))
		return -1;
	if (t->shunt != NULL)
		shunt_settle(t->shunt);
	look_at_links(t);
	if (!wait_for_packets(t) && patient)
		return 0;
	result = read_packets(t, error);
	if (!patient)
		lose_patience(t);
	return result;
}

void taps_break(struct taps *t)
{
	t->stopping = 1;
	for (size_t i = 0; i < t->count; i++)
		if (t->tap[i].pcap != NULL)
			pcap_breakloop(t->tap[i].pcap);
}

void taps_counters(struct taps *t, struct capture_counters *counters)
{
	struct shunt_counters shunted;

	*counters = (struct capture_counters){.packets = t->packets};
	if (t->shunt != NULL) {
		shunt_count(t->shunt, &shunted);
		counters->shunted_packets = shunted.packets;
		counters->shunted_bytes = shunted.bytes;
	}
	for (size_t i = 0; i < t->count; i++) {
		struct tap *tap = &t->tap[i];

		tap_count(tap);
		counters->received += tap->received;
		counters->dropped_kernel += tap->dropped_kernel;
		counters->dropped_interface += tap->dropped_interface;
		counters->ring_freezes += tap->ring_freezes;
		counters->links_down += tap->lost;
	}
}

void taps_wake_by(struct taps *t, int socket)
{
	t->wake = socket;
}

bool taps_shunt(const struct taps *t)
{
	return t->shunt != NULL;
}

void taps_shunt_flow(struct taps *t, const struct flow *f, bool over)
{
	if (t->shunt == NULL)
		return;
	if (over)
		shunt_remove(t->shunt, f);
	else
		shunt_add(t->shunt, f);
}

size_t taps_sockets(const struct taps *t, int *sockets, size_t most)
{
	size_t count = 0;

	for (size_t i = 0; i < t->count; i++) {
		if (t->tap[i].pcap == NULL)
			continue;
		if (count < most)
			sockets[count] = pcap_fileno(t->tap[i].pcap);
		count++;
	}
	return count;
}
