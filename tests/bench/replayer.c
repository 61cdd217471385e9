/*
 * replayer [-r PACKETS] [-o OTHERS] [-l TIMES] FILE INTERFACE: sends the frames of a classic pcap
 * file as fast as it can, or so many a second; before each of them so many others of the same
 * length, on a port that is no mail port. A pipe is sent as it is written. Prints how many were
 * sent, and in how many seconds.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define FILE_HEADER   24
#define RECORD_HEADER 16
#define BATCH	      64
#define FRAME_MAX     1518
#define NS_PER_S      1000000000ull
#define SLEEP_NS      1000000ull /* a longer wait is slept but for ... */
#define AWAKE_NS      100000ull	 /* ... its end, so that it ends in time */
#define SOURCE_PORT   34	 /* in a frame with a plain IPv4 header */
#define OTHER_PORT    443

enum { EXIT_USAGE = 2 };

static const char usage[] = "replayer [-r PACKETS A SECOND] [-o OTHERS] [-l TIMES] FILE INTERFACE";

struct sender {
	int socket;
	struct mmsghdr messages[BATCH];
	struct iovec frames[BATCH];
	unsigned count;
	uint64_t sent, began_ns, rate;
	uint8_t other[FRAME_MAX];
	uint8_t read[BATCH][FRAME_MAX]; /* of a pipe: the frames of this batch */
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static int open_socket(const char *interface)
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET};
	int fd = socket(AF_PACKET, SOCK_RAW, 0), on = 1;

	address.sll_ifindex = (int)if_nametoindex(interface);
	if (fd < 0 || address.sll_ifindex == 0 ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		err(EXIT_FAILURE, "%s", interface);
	(void)setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on));
	return fd;
}

/* Waits until the packets sent so far are due. */
static void keep_pace(const struct sender *s)
{
	uint64_t due, now;

	if (s->rate == 0)
		return;
	due = s->began_ns + s->sent * NS_PER_S / s->rate;
	now = now_ns();
	if (due > now + SLEEP_NS)
		(void)usleep((useconds_t)((due - now - AWAKE_NS) / 1000));
	while (now_ns() < due)
		;
}

static void flush(struct sender *s)
{
	unsigned done = 0;
	int sent;

	while (done < s->count) {
		sent = sendmmsg(s->socket, s->messages + done, s->count - done, 0);
		if (sent < 0 && errno != ENOBUFS && errno != EAGAIN && errno != EINTR)
			err(EXIT_FAILURE, "sendmmsg");
		done += sent > 0 ? (unsigned)sent : 0;
	}
	s->sent += s->count;
	s->count = 0;
	keep_pace(s);
}

static void put(struct sender *s, const uint8_t *frame, size_t length)
{
	s->frames[s->count] =
	    (struct iovec){.iov_base = (void *)(uintptr_t)frame, .iov_len = length};
	s->messages[s->count].msg_hdr =
	    (struct msghdr){.msg_iov = &s->frames[s->count], .msg_iovlen = 1};
	if (++s->count == BATCH)
		flush(s);
}

/* The first IPv4 frame of the file, on other ports. */
static bool make_other(struct sender *s, const uint8_t *frame, size_t length)
{
	if (frame[12] != 0x08 || frame[13] != 0x00 || length > FRAME_MAX)
		return false;
	memcpy(s->other, frame, length);
	s->other[SOURCE_PORT] = s->other[SOURCE_PORT + 2] = OTHER_PORT >> 8;
	s->other[SOURCE_PORT + 1] = s->other[SOURCE_PORT + 3] = OTHER_PORT & 0xff;
	return true;
}

static void send_file(struct sender *s, const uint8_t *file, size_t size, unsigned others)
{
	bool have_other = false;
	uint32_t length;

	for (size_t at = FILE_HEADER; at + RECORD_HEADER <= size; at += RECORD_HEADER + length) {
		memcpy(&length, file + at + 8, sizeof(length));
		if (length > size - at - RECORD_HEADER)
			break;
		if (!have_other)
			have_other = make_other(s, file + at + RECORD_HEADER, length);
		for (unsigned i = 0; have_other && i < others; i++)
			put(s, s->other, length < FRAME_MAX ? length : FRAME_MAX);
		put(s, file + at + RECORD_HEADER, length);
	}
	flush(s);
}

static void send_pipe(struct sender *s, const char *path)
{
	uint8_t header[FILE_HEADER];
	FILE *pipe = fopen(path, "rb");
	uint32_t length;

	if (pipe == NULL || fread(header, FILE_HEADER, 1, pipe) != 1)
		err(EXIT_USAGE, "%s", path);
	while (fread(header, RECORD_HEADER, 1, pipe) == 1) {
		memcpy(&length, header + 8, sizeof(length));
		if (length > FRAME_MAX || fread(s->read[s->count], length, 1, pipe) != 1)
			errx(EXIT_FAILURE, "%s: a frame is cut off or too long", path);
		put(s, s->read[s->count], length);
	}
	flush(s);
	fclose(pipe);
}

static bool is_pipe(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISFIFO(status.st_mode);
}

static const uint8_t *map_file(const char *path, size_t *size)
{
	struct stat status;
	void *bytes = MAP_FAILED;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &status) != 0)
		err(EXIT_USAGE, "%s", path);
	*size = (size_t)status.st_size;
	if (*size > FILE_HEADER)
		bytes = mmap(NULL, *size, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
	if (bytes == MAP_FAILED)
		err(EXIT_USAGE, "%s", path);
	close(fd);
	return bytes;
}

int main(int argc, char **argv)
{
	static struct sender s;
	unsigned long others = 0, times = 1;
	const uint8_t *file = NULL;
	size_t size = 0;
	int letter;

	while ((letter = getopt(argc, argv, "r:o:l:")) != -1) {
		if (letter == 'r')
			s.rate = strtoull(optarg, NULL, 10);
		else if (letter == 'o')
			others = strtoul(optarg, NULL, 10);
		else if (letter == 'l')
			times = strtoul(optarg, NULL, 10);
		else
			errx(EXIT_USAGE, "%s", usage);
	}
	if (argc - optind != 2)
		errx(EXIT_USAGE, "%s", usage);
	s.socket = open_socket(argv[optind + 1]);
	if (!is_pipe(argv[optind]))
		file = map_file(argv[optind], &size);
	s.began_ns = now_ns();
	if (file == NULL)
		send_pipe(&s, argv[optind]);
	for (unsigned long i = 0; i < times && file != NULL; i++)
		send_file(&s, file, size, (unsigned)others);
	printf("%llu %.3f\n", (unsigned long long)s.sent,
	    (double)(now_ns() - s.began_ns) / (double)NS_PER_S);
	close(s.socket);
	return 0;
}
