/* Captures from files, with libpcap's errors turned into one line that says the mend; live ones are
 * those of capture_live.c. */
#include "capture.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <pcap/pcap.h>

#include "../parsers/frame.h"
#include "capture_private.h"
#include "limits.h"

#define TIMEOUT_MS  100		 /* how long a pipe is waited for */
#define FILE_BUFFER (128 * 1024) /* fewer calls into the kernel, and still within the cache */
#define CAPTURE_END (-1000)	 /* none of libpcap's own errors */

struct capture {
	struct taps *taps; /* live; NULL: a file, and all of the following */
	pcap_t *pcap;
	char *name;
	bool pipe;	  /* bytes come when they come: never wait for them within libpcap */
	unsigned tick_ns; /* of a time stamp's fraction: 1, or 1000 where only microseconds are to
			     be had */
	int link_type;
	char *buffer; /* of a file's stream, NULL where it has none */
	uint64_t bytes_total;
	uint64_t packets;
	bool stopped;
	capture_packet *packet; /* of the capture_dispatch under way */
	void *context;
};

static struct capture *capture_new(const char *name, char error[CAPTURE_ERROR_MAX])
{
	struct capture *c = calloc(1, sizeof(*c));

	if (c != NULL && (c->name = strdup(name)) != NULL)
		return c;
	free(c);
	snprintf(error, CAPTURE_ERROR_MAX, "%s: out of memory", name);
	return NULL;
}

void capture_close(struct capture *c)
{
	if (c == NULL)
		return;
	taps_close(c->taps);
	if (c->pcap != NULL)
		pcap_close(c->pcap);
	free(c->buffer);
	free(c->name);
	free(c);
}

/* What every packet of a file has in common. */
static bool check_link_type(struct capture *c, char error[CAPTURE_ERROR_MAX])
{
	const char *name;

	c->link_type = pcap_datalink(c->pcap);
	c->tick_ns = pcap_get_tstamp_precision(c->pcap) == PCAP_TSTAMP_PRECISION_NANO ? 1 : 1000;
	if (frame_link_known(c->link_type))
		return true;
	name = pcap_datalink_val_to_name(c->link_type);
	snprintf(error, CAPTURE_ERROR_MAX,
	    "%s: link type %d (%s) is not one we read; capture on an Ethernet or \"any\" interface "
	    "instead",
	    c->name, c->link_type, name != NULL ? name : "unknown");
	return false;
}

/* What kind of foreign file it is, as far as its first bytes tell; NULL: nothing to add. */
static const char *foreign_kind(const uint8_t *magic, size_t length)
{
	static const struct {
		uint8_t magic[6];
		uint8_t length;
		const char *advice;
	} kinds[] = {
	    {{0x1f, 0x8b}, 2,
		"is compressed by gzip; unpack it (gunzip), or pipe it in with - for the file: "
		"gunzip -c FILE | ... -"},
	    {{0x28, 0xb5, 0x2f, 0xfd}, 4,
		"is compressed by zstd; unpack it (unzstd), or pipe it in with - for the file: "
		"zstd -dc FILE | ... -"},
	    {{0xfd, '7', 'z', 'X', 'Z', 0}, 6,
		"is compressed by xz; unpack it (unxz), or pipe it in with - for the file: xz -dc "
		"FILE | ... -"},
	    {{'B', 'Z', 'h'}, 3,
		"is compressed by bzip2; unpack it (bunzip2), or pipe it in with - for the file: "
		"bzip2 -dc FILE | ... -"},
	};

	if (length == 0)
		return "is empty; a capture has at least a header: capture again, or check the "
		       "disk was not full";
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (length >= kinds[i].length &&
		    memcmp(magic, kinds[i].magic, kinds[i].length) == 0)
			return kinds[i].advice;
	return "is not a capture; give a pcap or pcapng file, as tcpdump -w or dumpcap write it";
}

/* Explains a file that libpcap does not open, by a second look at it. */
static void explain_file(const char *path, const char *why, char error[CAPTURE_ERROR_MAX])
{
	uint8_t magic[8];
	size_t length;
	FILE *file = strcmp(path, "-") == 0 ? NULL : fopen(path, "rb");

	if (file == NULL) {
		snprintf(error, CAPTURE_ERROR_MAX,
		    "standard input is not a capture (%s); give pcap or pcapng", why);
		return;
	}
	length = fread(magic, 1, sizeof(magic), file);
	fclose(file);
	if (strncmp(why, "truncated", 9) == 0 && length > 0)
		snprintf(error, CAPTURE_ERROR_MAX, "%s: its header is cut off (%s); capture again",
		    path, why);
	else if (strncmp(why, "unknown file format", 19) == 0 || length == 0)
		snprintf(error, CAPTURE_ERROR_MAX, "%s %s", path, foreign_kind(magic, length));
	else
		snprintf(error, CAPTURE_ERROR_MAX, "%s: %s", path, why);
}

static bool readable_file(const char *path, uint64_t *size, char error[CAPTURE_ERROR_MAX])
{
	struct stat status;

	*size = 0;
	if (strcmp(path, "-") == 0) {
		if (!isatty(STDIN_FILENO))
			return true;
		snprintf(error, CAPTURE_ERROR_MAX,
		    "standard input is a terminal; pipe a capture into it: tcpdump -w - ... | ...");
		return false;
	}
	if (stat(path, &status) != 0) {
		snprintf(error, CAPTURE_ERROR_MAX, "%s: %s; %s", path, strerror(errno),
		    errno == EACCES ? "let this user enter its folder" : "check the path");
		return false;
	}
	if (S_ISDIR(status.st_mode)) {
		snprintf(error, CAPTURE_ERROR_MAX, "%s: is a directory; give a capture file", path);
		return false;
	}
	if (S_ISREG(status.st_mode))
		*size = (uint64_t)status.st_size;
	return true;
}

/* pcap_fopen_offline on our own stream, for a larger buffer and for errors told apart. */
static bool open_stream(struct capture *c, const char *path, char error[CAPTURE_ERROR_MAX])
{
	char why[PCAP_ERRBUF_SIZE];
	FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
	struct stat status;

	if (file == NULL) {
		snprintf(error, CAPTURE_ERROR_MAX, "%s: %s; make it readable for this user", path,
		    strerror(errno));
		return false;
	}
	c->pipe = fstat(fileno(file), &status) == 0 && !S_ISREG(status.st_mode);
	if (c->pipe)
		setvbuf(file, NULL, _IONBF, 0);		    /* so that poll knows of every byte */
	else if ((c->buffer = malloc(FILE_BUFFER)) != NULL) /* setvbuf itself makes none */
		setvbuf(file, c->buffer, _IOFBF, FILE_BUFFER);
	__fsetlocking(file, FSETLOCKING_BYCALLER); /* nobody else reads from it */
	c->pcap = pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO, why);
	if (c->pcap != NULL)
		return true;
	if (file != stdin)
		fclose(file);
	explain_file(path, why, error);
	return false;
}

struct capture *capture_open_file(const char *path, char error[CAPTURE_ERROR_MAX])
{
	struct capture *c;
	uint64_t size;

	if (!readable_file(path, &size, error) || (c = capture_new(path, error)) == NULL)
		return NULL;
	c->bytes_total = size;
	if (!open_stream(c, path, error) || !check_link_type(c, error)) {
		capture_close(c);
		return NULL;
	}
	return c;
}

struct capture *capture_open_live(const struct capture_live *options, char error[CAPTURE_ERROR_MAX])
{
	struct capture *c = capture_new(options->interfaces[0], error);

	if (c == NULL || (c->taps = taps_open(options, error)) != NULL)
		return c;
	capture_close(c);
	return NULL;
}

static void hand_on(u_char *user, const struct pcap_pkthdr *header, const u_char *frame)
{
	struct capture *c = (struct capture *)(void *)user;
	uint64_t ns = (uint64_t)header->ts.tv_sec * CAPTURE_NS_PER_S +
		      (uint64_t)header->ts.tv_usec * c->tick_ns;

	c->packets++;
	c->packet(c->context, c->link_type, ns, frame, header->caplen, header->len);
}

/* Whether a pipe has something, or its end, to read within the time. */
static bool pipe_ready(struct capture *c, int wait_ms)
{
	struct pollfd end = {.fd = fileno(pcap_file(c->pcap)), .events = POLLIN};

	return poll(&end, 1, wait_ms) > 0;
}

/* As pcap_dispatch, but 0 means that nothing came in time, and PCAP_ERROR_EOF the end. */
static int dispatch_pipe(struct capture *c)
{
	int count = 0, one;

	while (count < LIMIT_BATCH && pipe_ready(c, count == 0 ? TIMEOUT_MS : 0)) {
		one = pcap_dispatch(c->pcap, 1, hand_on, (u_char *)c);
		if (one < 0)
			return one;
		if (one == 0)
			return count > 0 ? count : CAPTURE_END;
		count++;
	}
	return count;
}

static int dispatch_file(struct capture *c)
{
	int count = pcap_dispatch(c->pcap, LIMIT_BATCH, hand_on, (u_char *)c);

	return count == 0 ? CAPTURE_END : count;
}

int capture_dispatch(
    struct capture *c, capture_packet *packet, void *context, char error[CAPTURE_ERROR_MAX])
{
	int count;

	if (c->taps != NULL)
		return taps_dispatch(c->taps, packet, context, error);
	if (c->stopped)
		return -1;
	c->packet = packet;
	c->context = context;
	count = c->pipe ? dispatch_pipe(c) : dispatch_file(c);
	if (count >= 0)
		return count;
	if (count == CAPTURE_END)
		return -1;
	if (count == PCAP_ERROR_BREAK)
		return 0;
	snprintf(error, CAPTURE_ERROR_MAX,
	    "%s: reading stopped after packet %llu: %s; what came before was used", c->name,
	    (unsigned long long)c->packets, pcap_geterr(c->pcap));
	return -2;
}

void capture_break(struct capture *c)
{
	if (c->taps != NULL)
		taps_break(c->taps);
	else
		pcap_breakloop(c->pcap);
}

void capture_stop(struct capture *c)
{
	if (c->taps != NULL)
		taps_stop(c->taps);
	else
		c->stopped = true;
}

void capture_counters(struct capture *c, struct capture_counters *counters)
{
	long at;

	if (c->taps != NULL) {
		taps_counters(c->taps, counters);
		return;
	}
	*counters = (struct capture_counters){.packets = c->packets, .bytes_total = c->bytes_total};
	at = ftell(pcap_file(c->pcap));
	counters->bytes_read = at > 0 ? (uint64_t)at : 0;
}

void capture_wake_by(struct capture *c, int socket)
{
	if (c->taps != NULL)
		taps_wake_by(c->taps, socket);
}

bool capture_shunts(const struct capture *c)
{
	return c->taps != NULL && taps_shunt(c->taps);
}

void capture_shunt(struct capture *c, const struct flow *f, bool over)
{
	if (c->taps != NULL)
		taps_shunt_flow(c->taps, f, over);
}

size_t capture_sockets(const struct capture *c, int *sockets, size_t most)
{
	return c->taps != NULL ? taps_sockets(c->taps, sockets, most) : 0;
}
