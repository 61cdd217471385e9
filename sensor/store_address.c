/*
 * Where a host name leads. Addresses are kept, so that Redis is found again while the names' server
 * is away; each dial takes the next one, and the one that answered stays. Asking blocks, so it is
 * done seldom, and only when none of those that are known answers.
 */
#include "store_private.h"

#include <netdb.h>
#include <resolv.h>
#include <string.h>
#include <sys/socket.h>

#define STORE_ASK_NAME_MS 10000 /* between two questions for the same name */

/* One second and one try a names' server, not the usual five and two: a recorder that waits does
 * not count. */
static void be_quick(void)
{
	if (res_init() == 0) { /* reads resolv.conf again, too */
		_res.retrans = 1;
		_res.retry = 1;
	}
}

static void keep_family(struct store_addresses *a, const struct addrinfo *found, int family)
{
	for (; found != NULL && a->count < STORE_ADDRESSES; found = found->ai_next)
		if (found->ai_family == family &&
		    getnameinfo(found->ai_addr, found->ai_addrlen, a->text[a->count],
			sizeof(a->text[0]), NULL, 0, NI_NUMERICHOST) == 0)
			a->count++;
}

/* IPv4 before IPv6: a Redis that listens to one of them listens to that one. */
static const char *ask(struct store_addresses *a, const char *host)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *found;
	int error;

	be_quick();
	error = getaddrinfo(host, NULL, &hints, &found);
	if (error != 0)
		return gai_strerror(error);
	a->count = a->next = 0;
	keep_family(a, found, AF_INET);
	keep_family(a, found, AF_INET6);
	freeaddrinfo(found);
	return a->count == 0 ? "it has no address" : NULL;
}

const char *store_address(struct store *s, const char **error)
{
	struct store_addresses *a = &s->addresses;
	uint64_t now_ms = store_clock();

	if (a->next >= a->count &&
	    (a->asked_ms == 0 || now_ms - a->asked_ms >= STORE_ASK_NAME_MS)) {
		a->error = ask(a, s->url.host);
		a->asked_ms = store_clock();
	}
	*error = a->error;
	if (a->count == 0)
		return NULL;
	if (a->next >= a->count)
		a->next = 0;
	return a->text[a->next++];
}

void store_address_answered(struct store *s)
{
	if (s->addresses.next > 0)
		s->addresses.next--;
}
