/* Which interfaces a worker listens to, and what is said of the others. One port of a tap is better
 * than none: where an interface is away, down or cannot be opened, a worker that is started again
 * has the others. */
#include <string.h>
#include <unistd.h>

#include "capture_link.h"
#include "log.h"
#include "progress.h" /* its clock */
#include "supervisor_private.h"

#define NS_PER_MS 1000000ull
#define NS_PER_S  1000000000ull

/* Where the kernel does not tell, the capture has to. */
static bool is_up(const char *interface)
{
	struct link_state link = {.present = false};
	bool answered;
	int fd;

	if (strcmp(interface, "any") == 0)
		return true;
	fd = link_open();
	answered = link_read(fd, interface, &link);
	if (fd >= 0)
		close(fd);
	return !answered || link.up;
}

static bool may_be_opened(const struct supervisor *s, size_t interface)
{
	return progress_clock() >= s->retry_ns[interface] &&
	       is_up(s->options->interfaces[interface]);
}

static size_t choose(const struct supervisor *s, size_t which[])
{
	const struct sensor_options *o = s->options;
	size_t count = 0;

	for (size_t i = 0; i < o->interface_count; i++)
		if (!s->all_ready || may_be_opened(s, i))
			which[count++] = i;
	for (; count == 0 && count < o->interface_count; count++)
		which[count] = count; /* then the capture says what is wrong */
	return count;
}

/* `failed`: the index of the one that cannot be opened, `count` where it is none of theirs. */
static struct capture *open_some(const struct supervisor *s, const char *const *names, size_t count,
    bool first, size_t *failed, char error[CAPTURE_ERROR_MAX])
{
	const struct capture_live live = {
	    .interfaces = names,
	    .count = count,
	    .ports = &s->options->ports,
	    .any_port = s->options->any_port,
	    .ignore_vlan = s->options->ignore_vlan,
	    .ring_bytes = s->options->ring_bytes,
	    .no_shunt = s->options->no_shunt,
	    .log = first ? log_line : NULL, /* of all the same ones */
	    .log_context = "capture",
	    .failed = failed,
	};

	*failed = count;
	return capture_open_live(&live, error);
}

/* One that is up is not tried again at once, and it is said why; one that is not is opened once it
 * is. */
static void refuse(struct supervisor *s, size_t interface, const char *error)
{
	if (!is_up(s->options->interfaces[interface]))
		return;
	if (s->retry_ns[interface] == 0)
		log_say(LOG_LEVEL_WARNING, "%s; it is tried again and again", error);
	s->retry_ns[interface] = progress_clock() + LIMIT_RESTART_MAX_MS * NS_PER_MS;
}

static void leave_out(struct place *p, size_t at)
{
	p->interfaces--;
	memmove(&p->which[at], &p->which[at + 1], (p->interfaces - at) * sizeof(p->which[0]));
}

struct capture *supervisor_open_interfaces(
    struct supervisor *s, struct place *p, char error[CAPTURE_ERROR_MAX])
{
	struct capture *capture;
	size_t failed;

	p->interfaces = choose(s, p->which);
	for (;;) {
		for (size_t i = 0; i < p->interfaces; i++)
			p->names[i] = s->options->interfaces[p->which[i]];
		capture = open_some(s, p->names, p->interfaces, p == &s->place[0], &failed, error);
		if (capture != NULL || !s->all_ready || failed == p->interfaces)
			return capture;
		refuse(s, p->which[failed], error);
		if (p->interfaces == 1)
			return NULL;
		leave_out(p, failed);
	}
}

static bool listens(const struct place *p, size_t interface)
{
	for (size_t i = 0; i < p->interfaces; i++)
		if (p->which[i] == interface)
			return true;
	return false;
}

/* It is tried: those that the place has are not given up for one that is up and no more. */
static bool can_be_opened(struct supervisor *s, size_t interface)
{
	const char *const name = s->options->interfaces[interface];
	char error[CAPTURE_ERROR_MAX];
	struct capture *capture;
	size_t failed;

	if (!may_be_opened(s, interface))
		return false;
	capture = open_some(s, &name, 1, false, &failed, error);
	if (capture == NULL)
		refuse(s, interface, error);
	capture_close(capture);
	return capture != NULL;
}

bool supervisor_has_more_interfaces(struct supervisor *s, const struct place *p)
{
	for (size_t i = 0; s->live && i < s->options->interface_count; i++)
		if (!listens(p, i) && can_be_opened(s, i))
			return true;
	return false;
}

/* ---- Those that go and come ---- */

/* Those that are gone; where all seem to be there, one went and came so fast that nobody knows. */
void supervisor_lost_interfaces(struct supervisor *s)
{
	const struct place *p = &s->place[0];
	bool gone[CAPTURE_INTERFACES_MAX], any = false;

	for (size_t i = 0; i < p->interfaces; i++)
		any |= gone[i] = !is_up(s->options->interfaces[p->which[i]]);
	for (size_t i = 0; i < p->interfaces; i++)
		if (gone[i] || !any)
			s->away_ns[p->which[i]] = progress_clock();
}

static void is_back(struct supervisor *s, size_t interface)
{
	uint64_t away_ns = s->away_ns[interface];

	if (away_ns != 0)
		log_say(LOG_LEVEL_NOTICE, "%s: is back after %llu s",
		    s->options->interfaces[interface],
		    (unsigned long long)((progress_clock() - away_ns) / NS_PER_S));
	s->away_ns[interface] = s->retry_ns[interface] = 0;
	s->away_said[interface] = false;
}

static void is_away(struct supervisor *s, size_t interface)
{
	if (s->away_ns[interface] == 0)
		s->away_ns[interface] = progress_clock();
	if (!s->away_said[interface] && s->retry_ns[interface] == 0)
		log_say(LOG_LEVEL_WARNING, "%s: is away or down; waiting until it is back and up",
		    s->options->interfaces[interface]);
	s->away_said[interface] = true;
}

void supervisor_tell_interfaces(struct supervisor *s)
{
	const struct place *p = &s->place[0];
	uint64_t away = 0;

	for (size_t i = 0; i < s->options->interface_count; i++)
		if (p->capture != NULL && listens(p, i)) {
			is_back(s, i);
		} else {
			is_away(s, i);
			away++;
		}
	s->board->links_away = away;
}
