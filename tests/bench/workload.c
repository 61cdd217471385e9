/*
 * Writes a capture of many SMTP sessions at once, for measuring. What they say is real, taken from
 * the captures in tests/captures; who says it and when is made up, always the same for the same
 * seed. Addresses are those set aside for benchmarks: 198.18.0.0/15 (RFC 2544) and 2001:2::/48 (RFC
 * 5180).
 */
#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pcap/pcap.h>

#include "../../parsers/frame.h"
#include "../../parsers/side.h"
#include "script.h"

#define START_S	    1767225600 /* 2026-01-01 */
#define NS_PER_S    1000000000u
#define SNAPLEN	    262144
#define SCRIPTS_MAX 8
#define CLIENTS	    20000u
#define SERVERS	    2000u
#define SERVERS_OF  7u	   /* servers that one client mails to */
#define IPV6_CLIENT 8u	   /* every so manyth client speaks IPv6 */
#define RETRY	    60000u /* half-open flows until a SYN/ACK is sent again */
#define HEADER_MAX  (14 + 40 + 40)

enum { EXIT_USAGE = 2 };

static const char usage[] =
    "workload [-n SESSIONS] [-b BYTES] [-o OPEN] [-s HALF_OPEN] [-t NS] [-x SEED] FILE "
    "CAPTURE:WEIGHT ...\n"
    "  -n  sessions (1000)          -b  bytes that both sides of one say together (12000)\n"
    "  -o  sessions at once (100)   -s  flows before them that stay half open (0)\n"
    "  -t  ns between packets (5000)";

struct options {
	uint64_t sessions, bytes, open, half_open, tick_ns, seed;
};

struct ends {
	bool ipv6;
	uint32_t client, server; /* the number of each in its network */
	uint16_t client_port;
	uint32_t initial[SIDES]; /* sequence numbers of the SYNs */
};

struct session {
	struct ends ends;
	struct script *script; /* NULL: none any more */
	size_t next;
};

struct writer {
	pcap_dumper_t *to;
	uint64_t ns, tick_ns, packets;
	uint64_t random;
	uint8_t frame[HEADER_MAX + SCRIPT_MSS];
};

/* splitmix64 */
static uint64_t next_random(struct writer *w)
{
	uint64_t z = w->random += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static uint32_t below(struct writer *w, uint32_t limit)
{
	return (uint32_t)(next_random(w) % limit);
}

static uint8_t *put(uint8_t *at, int bytes, uint64_t value)
{
	while (bytes-- > 0)
		*at++ = (uint8_t)(value >> 8 * bytes);
	return at;
}

static uint8_t *put_ethernet(uint8_t *at, const struct ends *e, enum side side)
{
	at = put(at, 6, 0x020000000000u | (side == SIDE_CLIENT ? 1 : 2));
	at = put(at, 6, 0x020000000000u | (side == SIDE_CLIENT ? 2 : 1));
	return put(at, 2, e->ipv6 ? 0x86dd : 0x0800);
}

static uint32_t ipv4_of(const struct ends *e, enum side side)
{
	return side == SIDE_CLIENT ? 0xc6120000u + e->client
				   : 0xc6130000u + e->server; /* 198.18, 198.19 */
}

/* RFC 1071, over a header whose checksum is zero. */
static uint16_t checksum(const uint8_t *header, size_t length)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < length; i += 2)
		sum += (uint32_t)(header[i] << 8 | header[i + 1]);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t) ~(sum + (sum >> 16));
}

static uint8_t *put_ipv4(uint8_t *at, const struct ends *e, enum side side, size_t length)
{
	uint8_t *header = at;

	at = put(at, 2, 0x4500);
	at = put(at, 2, 20 + length);
	at = put(at, 4, 0x00004000); /* do not fragment */
	at = put(at, 4, 0x40060000); /* 64 hops, TCP */
	at = put(at, 4, ipv4_of(e, side));
	at = put(at, 4, ipv4_of(e, side_other(side)));
	put(header + 10, 2, checksum(header, 20));
	return at;
}

static uint8_t *put_ipv6(uint8_t *at, const struct ends *e, enum side side, size_t length)
{
	at = put(at, 4, 0x60000000);
	at = put(at, 2, length);
	at = put(at, 2, 0x0640); /* TCP, 64 hops */
	at = put(at, 8, 0x2001000200000000u);
	at = put(at, 8, ipv4_of(e, side));
	at = put(at, 8, 0x2001000200000000u);
	return put(at, 8, ipv4_of(e, side_other(side)));
}

/* Checksums of TCP stay zero, as where a card fills them in. */
static uint8_t *put_tcp(uint8_t *at, const struct ends *e, const struct step *s, uint64_t ns)
{
	bool syn = s->flags & FRAME_SYN;

	at = put(at, 2, s->side == SIDE_CLIENT ? e->client_port : 25);
	at = put(at, 2, s->side == SIDE_CLIENT ? 25 : e->client_port);
	at = put(at, 4, e->initial[s->side] + s->sequence);
	at = put(
	    at, 4, s->flags & FRAME_ACK ? e->initial[side_other(s->side)] + s->acknowledgment : 0);
	at = put(at, 2, (syn ? 0xa000u : 0x8000u) | s->flags);
	at = put(at, 6, 0xfaf000000000u);
	if (syn)
		at = put(at, 8, 0x0204059404020303u); /* MSS 1428, SACK, window scale ... */
	at = put(at, 4, syn ? 0x0701080au : 0x0101080au);
	return put(at, 8, ns / 1000000 << 32);
}

static size_t tcp_header(const struct step *s)
{
	return s->flags & FRAME_SYN ? 40 : 32;
}

static void write_step(
    struct writer *w, const struct ends *e, const struct step *s, const uint8_t *bytes)
{
	size_t length = tcp_header(s) + s->length;
	struct pcap_pkthdr header = {0};
	uint8_t *at = put_ethernet(w->frame, e, s->side);

	at = (e->ipv6 ? put_ipv6 : put_ipv4)(at, e, s->side, length);
	at = put_tcp(at, e, s, w->ns);
	if (s->length > 0)
		memcpy(at, bytes + s->at, s->length);
	header.ts.tv_sec = (time_t)(w->ns / NS_PER_S);
	header.ts.tv_usec = (suseconds_t)(w->ns % NS_PER_S); /* the file is one of nanoseconds */
	header.caplen = header.len = (bpf_u_int32)(at + s->length - w->frame);
	pcap_dump((u_char *)w->to, &header, w->frame);
	w->ns += w->tick_ns;
	w->packets++;
}

/* Client number n mails to a few servers again and again. */
static struct ends choose_ends(struct writer *w, uint64_t number)
{
	uint32_t client = below(w, CLIENTS);

	return (struct ends){
	    .ipv6 = client % IPV6_CLIENT == 0,
	    .client = client,
	    .server = (client * 7919 + below(w, SERVERS_OF) * 271) % SERVERS,
	    .client_port = (uint16_t)(1024 + number * 7919 % 60000),
	    .initial = {(uint32_t)next_random(w), (uint32_t)next_random(w)},
	};
}

static struct script *choose_script(struct writer *w, struct script *scripts, size_t count)
{
	unsigned sum = 0, chosen;

	for (size_t i = 0; i < count; i++)
		sum += scripts[i].weight;
	chosen = below(w, sum);
	while (chosen >= scripts->weight)
		chosen -= scripts++->weight;
	scripts->played++;
	return scripts;
}

/* One session's next one to three segments; false when it is over. */
static bool play(struct writer *w, struct session *s)
{
	size_t steps = 1 + below(w, 3);

	for (; steps > 0 && s->next < s->script->step_count; steps--)
		write_step(w, &s->ends, &s->script->steps[s->next++], s->script->bytes);
	return s->next < s->script->step_count;
}

/* Round after round each open session says something, but for every fourth; the next one takes the
 * place of one that is over. The first ones begin one after another within as many rounds as a
 * session has. */
static void write_sessions(
    struct writer *w, const struct options *o, struct script *scripts, size_t count)
{
	struct session *open = calloc(o->open, sizeof(*open));
	uint64_t begun = 0, over = 0, spread = scripts[0].step_count / 2 + 1;

	if (open == NULL)
		errx(EXIT_FAILURE, "out of memory");
	for (uint64_t round = 0; over < o->sessions; round++) {
		for (uint64_t i = 0; i < o->open; i++) {
			struct session *s = &open[i];

			if (i % spread > round || below(w, 4) == 0)
				continue;
			if (s->script == NULL && begun < o->sessions)
				*s = (struct session){.ends = choose_ends(w, begun++),
				    .script = choose_script(w, scripts, count)};
			if (s->script != NULL && !play(w, s)) {
				s->script = NULL;
				over++;
			}
		}
	}
	free(open);
}

static void write_half_open(struct writer *w, uint64_t number, bool answered)
{
	static const struct step syn = {.side = SIDE_CLIENT, .flags = FRAME_SYN};
	static const struct step syn_ack = {
	    .side = SIDE_SERVER, .flags = FRAME_SYN | FRAME_ACK, .acknowledgment = 1};
	struct ends e = {
	    .client = (uint32_t)number % 65536,
	    .server = (uint32_t)number % SERVERS,
	    .client_port = (uint16_t)(1024 + number / 65536),
	    .initial = {(uint32_t)number * 2654435761u, (uint32_t)number * 40503u},
	};

	write_step(w, &e, answered ? &syn_ack : &syn, NULL);
}

/* Every third is answered, and answered again after a while. */
static void write_all_half_open(struct writer *w, uint64_t count)
{
	for (uint64_t i = 0; i < count + RETRY && count > 0; i++) {
		if (i < count)
			write_half_open(w, i, false);
		if (i < count && i % 3 == 0)
			write_half_open(w, i, true);
		if (i >= RETRY && (i - RETRY) % 3 == 0)
			write_half_open(w, i - RETRY, true);
	}
}

static void read_scripts(struct script *scripts, size_t count, char **arguments, size_t length)
{
	for (size_t i = 0; i < count; i++) {
		char *colon = strrchr(arguments[i], ':');

		scripts[i].weight = colon != NULL ? (unsigned)strtoul(colon + 1, NULL, 10) : 0;
		if (scripts[i].weight == 0)
			errx(EXIT_USAGE, "%s: give a capture with its weight, such as FILE:60",
			    arguments[i]);
		*colon = '\0';
		script_read(&scripts[i], arguments[i], length);
	}
}

static struct options read_options(int argc, char **argv)
{
	struct options o = {
	    .sessions = 1000, .bytes = 12000, .open = 100, .tick_ns = 5000, .seed = 1};
	uint64_t *const values[] = {
	    &o.sessions, &o.bytes, &o.open, &o.half_open, &o.tick_ns, &o.seed};
	static const char letters[] = "nbostx";
	int letter;

	while ((letter = getopt(argc, argv, "n:b:o:s:t:x:")) != -1) {
		if (letter == '?')
			errx(EXIT_USAGE, "%s", usage);
		*values[strchr(letters, letter) - letters] = strtoull(optarg, NULL, 10);
	}
	if (argc - optind < 2 || argc - optind > 1 + SCRIPTS_MAX || o.open == 0)
		errx(EXIT_USAGE, "%s", usage);
	return o;
}

int main(int argc, char **argv)
{
	struct options o = read_options(argc, argv);
	size_t count = (size_t)(argc - optind - 1);
	pcap_t *kind =
	    pcap_open_dead_with_tstamp_precision(DLT_EN10MB, SNAPLEN, PCAP_TSTAMP_PRECISION_NANO);
	struct writer w = {
	    .ns = (uint64_t)START_S * NS_PER_S, .tick_ns = o.tick_ns, .random = o.seed};
	struct script scripts[SCRIPTS_MAX] = {0};
	bool failed;

	read_scripts(scripts, count, argv + optind + 1, o.bytes);
	w.to = kind != NULL ? pcap_dump_open(kind, argv[optind]) : NULL;
	if (w.to == NULL)
		errx(EXIT_USAGE, "%s", kind != NULL ? pcap_geterr(kind) : "out of memory");
	write_all_half_open(&w, o.half_open);
	write_sessions(&w, &o, scripts, count);
	failed = pcap_dump_flush(w.to) != 0 || ferror(pcap_dump_file(w.to));
	pcap_dump_close(w.to);
	pcap_close(kind);
	printf("packets %llu\n", (unsigned long long)w.packets);
	for (size_t i = 0; i < count; i++) {
		printf("%s %llu\n", scripts[i].name, (unsigned long long)scripts[i].played);
		script_free(&scripts[i]);
	}
	if (failed)
		errx(EXIT_FAILURE, "%s: could not be written whole; make room there", argv[optind]);
	return 0;
}
