/* rtnetlink: one RTM_GETLINK by name, one answer. */
#include "capture_link.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <linux/if.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <sys/time.h>

#define ANSWER_BYTES                                                                               \
	32768 /* one interface with all its attributes; the kernel's own page for it               \
	       */

struct question {
	struct nlmsghdr header;
	struct ifinfomsg link;
	struct rtattr name;
	char text[IFNAMSIZ];
};

int link_open(void)
{
	/* The kernel answers within the call that asks; should it not, nobody waits for long. */
	const struct timeval patience = {.tv_usec = 100000};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd >= 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

static bool ask(int fd, const char *name, uint32_t number)
{
	struct question q = {
	    .header = {.nlmsg_type = RTM_GETLINK,
		.nlmsg_flags = NLM_F_REQUEST,
		.nlmsg_seq = number},
	    .name = {.rta_type = IFLA_IFNAME},
	};
	size_t length = strlen(name) + 1;

	if (length > sizeof(q.text))
		return false;
	memcpy(q.text, name, length);
	q.name.rta_len = (unsigned short)RTA_LENGTH(length);
	q.header.nlmsg_len = (uint32_t)(offsetof(struct question, name) + RTA_SPACE(length));
	return send(fd, &q, q.header.nlmsg_len, 0) == (ssize_t)q.header.nlmsg_len;
}

static void take_statistics(const struct rtattr *attribute, struct link_state *state)
{
	struct rtnl_link_stats64 stats = {0};
	size_t length = RTA_PAYLOAD(attribute);

	memcpy(&stats, RTA_DATA(attribute), length < sizeof(stats) ? length : sizeof(stats));
	/* Not rx_dropped: Linux counts there, too, what a capture has got and no protocol wanted,
	 * such as every frame with two tags. */
	state->dropped = stats.rx_missed_errors + stats.rx_fifo_errors;
}

static void take_answer(const struct nlmsghdr *header, struct link_state *state)
{
	const struct ifinfomsg *link = NLMSG_DATA(header);
	const struct rtattr *attribute = IFLA_RTA(link);
	size_t left = IFLA_PAYLOAD(header);

	state->present = true;
	state->up = link->ifi_flags & IFF_UP;
	state->running = state->up && (link->ifi_flags & IFF_RUNNING);
	for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left))
		if (attribute->rta_type == IFLA_STATS64)
			take_statistics(attribute, state);
}

static bool is_no_such(const struct nlmsghdr *header)
{
	const struct nlmsgerr *error = NLMSG_DATA(header);

	return header->nlmsg_type == NLMSG_ERROR && error->error == -ENODEV;
}

bool link_read(int fd, const char *name, struct link_state *state)
{
	static _Thread_local uint32_t number;
	_Alignas(struct nlmsghdr) char answer[ANSWER_BYTES];
	const struct nlmsghdr *header = (const struct nlmsghdr *)(void *)answer;
	ssize_t length;

	if (fd < 0 || !ask(fd, name, ++number))
		return false;
	do { /* an answer that came too late for an earlier question is not ours */
		length = recv(fd, answer, sizeof(answer), 0);
		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0 || !NLMSG_OK(header, (size_t)length))
			return false;
	} while (length < 0 || header->nlmsg_seq != number);
	if (header->nlmsg_type == RTM_NEWLINK) {
		take_answer(header, state);
		return true;
	}
	if (!is_no_such(header))
		return false;
	state->present = state->up = state->running = false;
	return true;
}
