/* libpcap, with its errors turned into one line that says the mend. */
#include "capture.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <pcap/pcap.h>

#include "../parsers/frame.h"
#include "capture_filter.h"
#include "limits.h"

#define NS_PER_S    1000000000ull
#define TIMEOUT_MS  100		       /* how long a live capture may gather before it hands on */
#define RING_BYTES  (64 * 1024 * 1024) /* 50 ms of 10 Gbit/s, were all of it mail */
#define FILE_BUFFER (128 * 1024)       /* fewer calls into the kernel, and still within the cache */
#define CAPTURE_END (-1000)	       /* none of libpcap's own errors */

struct capture {
	pcap_t *pcap;
	char *name; /* of the file or interface, for messages */
	bool live;
	bool more;	  /* live: the last batch was full */
	bool pipe;	  /* bytes come when they come: never wait for them within libpcap */
	unsigned tick_ns; /* of a time stamp's fraction: 1, or 1000 where only microseconds are to
			     be had */
	int link_type;
	uint64_t bytes_total;
	uint64_t packets;
	capture_packet *packet; /* of the capture_dispatch under way */
	void *context;
};

static struct capture *capture_new(const char *name, bool live, char error[CAPTURE_ERROR_MAX])
{
	struct capture *c = calloc(1, sizeof(*c));

	if (c != NULL && (c->name = strdup(name)) != NULL) {
		c->live = live;
		return c;
	}
	free(c);
	snprintf(error, CAPTURE_ERROR_MAX, "%s: out of memory", name);
	return NULL;
}

void capture_close(struct capture *c)
{
	if (c == NULL)
		return;
	if (c->pcap != NULL)
		pcap_close(c->pcap);
	free(c->name);
	free(c);
}

/* What every packet of a capture has in common. */
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
	    {{0x1f, 0x8b}, 2, "is compressed by gzip; pipe it: gunzip -c FILE | ... -r -"},
	    {{0x28, 0xb5, 0x2f, 0xfd}, 4,
		"is compressed by zstd; pipe it: zstd -dc FILE | ... -r -"},
	    {{0xfd, '7', 'z', 'X', 'Z', 0}, 6,
		"is compressed by xz; pipe it: xz -dc FILE | ... -r -"},
	    {{'B', 'Z', 'h'}, 3, "is compressed by bzip2; pipe it: bzip2 -dc FILE | ... -r -"},
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
	if (strcmp(path, "-") == 0)
		return true;
	if (stat(path, &status) != 0) {
		snprintf(error, CAPTURE_ERROR_MAX, "%s: %s; check the path", path, strerror(errno));
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
		setvbuf(file, NULL, _IONBF, 0); /* so that poll knows of every byte */
	else
		setvbuf(file, NULL, _IOFBF, FILE_BUFFER);
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

	if (!readable_file(path, &size, error) || (c = capture_new(path, false, error)) == NULL)
		return NULL;
	c->bytes_total = size;
	if (!open_stream(c, path, error) || !check_link_type(c, error)) {
		capture_close(c);
		return NULL;
	}
	return c;
}

static bool set_filter(
    struct capture *c, const struct ports *ports, bool any_port, char error[CAPTURE_ERROR_MAX])
{
	char *text = capture_filter_text(ports, any_port, c->link_type);
	struct bpf_program program;
	bool done = false;

	if (text == NULL || pcap_compile(c->pcap, &program, text, 1, PCAP_NETMASK_UNKNOWN) != 0) {
		/* Then user space alone decides. */
		free(text);
		return text != NULL;
	}
	done = pcap_setfilter(c->pcap, &program) == 0;
	if (!done)
		snprintf(error, CAPTURE_ERROR_MAX, "%s: cannot set the capture filter: %s", c->name,
		    pcap_geterr(c->pcap));
	pcap_freecode(&program);
	free(text);
	return done;
}

/* The interfaces there are, for whoever misspelt one. */
static void explain_interfaces(const char *name, char error[CAPTURE_ERROR_MAX])
{
	char why[PCAP_ERRBUF_SIZE];
	pcap_if_t *all = NULL;
	size_t used;

	used =
	    (size_t)snprintf(error, CAPTURE_ERROR_MAX, "%s: no such interface; there are:", name);
	if (pcap_findalldevs(&all, why) != 0)
		return;
	for (pcap_if_t *i = all; i != NULL && used + strlen(i->name) + 2 < CAPTURE_ERROR_MAX;
	     i = i->next)
		if (!(i->flags & PCAP_IF_WIRELESS) && i->addresses != NULL)
			used += (size_t)snprintf(
			    error + used, CAPTURE_ERROR_MAX - used, " %s", i->name);
	pcap_freealldevs(all);
}

static void explain_activation(struct capture *c, int status, char error[CAPTURE_ERROR_MAX])
{
	if (status == PCAP_ERROR_NO_SUCH_DEVICE)
		explain_interfaces(c->name, error);
	else if (status == PCAP_ERROR_PERM_DENIED || status == PCAP_ERROR_PROMISC_PERM_DENIED)
		snprintf(error, CAPTURE_ERROR_MAX,
		    "%s: no permission to capture; run as root or with the capability CAP_NET_RAW "
		    "(setcap cap_net_raw=ep on the program)",
		    c->name);
	else if (status == PCAP_ERROR_IFACE_NOT_UP)
		snprintf(error, CAPTURE_ERROR_MAX, "%s: is down; bring it up: ip link set %s up",
		    c->name, c->name);
	else
		snprintf(error, CAPTURE_ERROR_MAX, "%s: cannot capture: %s (%s)", c->name,
		    pcap_statustostr(status), pcap_geterr(c->pcap));
}

static bool activate(struct capture *c, char error[CAPTURE_ERROR_MAX])
{
	int status;

	if (pcap_set_snaplen(c->pcap, LIMIT_SNAPLEN) != 0 || pcap_set_promisc(c->pcap, 1) != 0 ||
	    pcap_set_timeout(c->pcap, TIMEOUT_MS) != 0 ||
	    pcap_set_buffer_size(c->pcap, RING_BYTES) != 0) {
		snprintf(error, CAPTURE_ERROR_MAX, "%s: cannot prepare the capture", c->name);
		return false;
	}
	(void)pcap_set_tstamp_precision(
	    c->pcap, PCAP_TSTAMP_PRECISION_NANO); /* else microseconds: tick_ns */
	status = pcap_activate(c->pcap);
	if (status < 0)
		explain_activation(c, status, error);
	return status >= 0;
}

struct capture *capture_open_live(
    const char *interface, const struct ports *ports, bool any_port, char error[CAPTURE_ERROR_MAX])
{
	struct capture *c = capture_new(interface, true, error);
	char why[PCAP_ERRBUF_SIZE];

	if (c == NULL)
		return NULL;
	c->pcap = pcap_create(interface, why);
	if (c->pcap == NULL)
		snprintf(error, CAPTURE_ERROR_MAX, "%s: cannot capture: %s", interface, why);
	if (c->pcap != NULL && activate(c, error) && check_link_type(c, error) &&
	    set_filter(c, ports, any_port, error))
		return c;
	capture_close(c);
	return NULL;
}

static void hand_on(u_char *user, const struct pcap_pkthdr *header, const u_char *frame)
{
	struct capture *c = (struct capture *)(void *)user;
	uint64_t ns =
	    (uint64_t)header->ts.tv_sec * NS_PER_S + (uint64_t)header->ts.tv_usec * c->tick_ns;

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

/* TPACKET_V3 wakes nobody up on a silent link, whatever the time-out: so we wait for it ourselves.
 */
static int dispatch_live(struct capture *c)
{
	struct pollfd wanted = {.fd = pcap_get_selectable_fd(c->pcap), .events = POLLIN};
	int count;

	if (wanted.fd >= 0 && !c->more && poll(&wanted, 1, TIMEOUT_MS) <= 0)
		return 0;
	count = pcap_dispatch(c->pcap, LIMIT_BATCH, hand_on, (u_char *)c);

	c->more = count >= LIMIT_BATCH;
	return count;
}

int capture_dispatch(
    struct capture *c, capture_packet *packet, void *context, char error[CAPTURE_ERROR_MAX])
{
	int count;

	c->packet = packet;
	c->context = context;
	if (c->live)
		count = dispatch_live(c);
	else
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
	pcap_breakloop(c->pcap);
}

void capture_counters(struct capture *c, struct capture_counters *counters)
{
	struct pcap_stat stat;
	long at;

	*counters = (struct capture_counters){.packets = c->packets, .bytes_total = c->bytes_total};
	if (!c->live) {
		at = ftell(pcap_file(c->pcap));
		counters->bytes_read = at > 0 ? (uint64_t)at : 0;
	} else if (pcap_stats(c->pcap, &stat) == 0) {
		counters->received = stat.ps_recv;
		counters->dropped_kernel = stat.ps_drop;
		counters->dropped_interface = stat.ps_ifdrop;
	}
}
