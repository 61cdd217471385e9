/* Loads the kernel's filter by libbpf and keeps its table. */
#include "shunt.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "limits.h"

#ifdef TLSVANE_SHUNT

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>

#include "shunt_table.h"

#define NS_PER_S 1000000000ull
#define AHEAD	 16u /* flows: long enough for memory, and within what it fetches at a time */

#define LINK_ETHERNET 1
#define LINK_RAW      12
#define LINK_SLL      113
#define LINK_SLL2     276

_Static_assert(SHUNT_SETS *SHUNT_WAYS == LIMIT_SHUNT_FLOWS, "the limit is the table's size");
_Static_assert(sizeof(struct shunt_entry) == 64, "a cache line each");

/* The filter as clang built it. */
extern const uint8_t shunt_filter_begin[], shunt_filter_end[];
__asm__(".section .rodata\n"
	".balign 8\n"
	".global shunt_filter_begin, shunt_filter_end\n"
	"shunt_filter_begin: .incbin \"" TLSVANE_SHUNT "\"\n"
	"shunt_filter_end: .byte 0\n"
	".previous\n");

struct shunt {
	struct bpf_object *object;
	int ethernet, cooked; /* programs */
	struct shunt_set *sets;
	struct shunt_counter *counters;
	uint64_t seed;
	bool ignore_vlan;
	uint64_t flows, replaced;
	struct wish {
		struct shunt_key key;
		struct shunt_set *set;
		bool over;
	} wish[AHEAD]; /* of number n at n % AHEAD */
	unsigned wished, done;
};

bool shunt_built_in(void)
{
	return true;
}

static int say_nothing(enum libbpf_print_level level, const char *format, va_list arguments)
{
	(void)level;
	(void)format;
	(void)arguments;
	return 0;
}

static bool configure(struct shunt *s, const struct ports *ports, bool any_port)
{
	struct bpf_map *map = bpf_object__find_map_by_name(s->object, ".rodata");
	struct shunt_config config = {.seed = s->seed,
	    .refresh_ns = LIMIT_SHUNT_REFRESH_S * NS_PER_S,
	    .snaplen = LIMIT_SNAPLEN,
	    .any_port = any_port,
	    .ignore_vlan = s->ignore_vlan};

	for (size_t i = 0; i < ports->count; i++)
		config.mail_port[ports->number[i] / 8] |= (uint8_t)(1 << ports->number[i] % 8);
	return map != NULL && bpf_map__set_initial_value(map, &config, sizeof(config)) == 0;
}

static void *map_memory(const struct shunt *s, const char *name, size_t size)
{
	int fd = bpf_object__find_map_fd_by_name(s->object, name);
	void *memory;

	if (fd < 0)
		return NULL;
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return memory == MAP_FAILED ? NULL : memory;
}

static int program(const struct shunt *s, const char *name)
{
	return bpf_program__fd(bpf_object__find_program_by_name(s->object, name));
}

static bool load(struct shunt *s, const struct ports *ports, bool any_port)
{
	s->object = bpf_object__open_mem(
	    shunt_filter_begin, (size_t)(shunt_filter_end - shunt_filter_begin), NULL);
	if (s->object == NULL || !configure(s, ports, any_port) || bpf_object__load(s->object) != 0)
		return false;
	s->sets = map_memory(s, "shunted", SHUNT_SETS * sizeof(*s->sets));
	s->counters = map_memory(s, "dropped", SHUNT_COUNTERS * sizeof(*s->counters));
	s->ethernet = program(s, "shunt_ethernet");
	s->cooked = program(s, "shunt_cooked");
	return s->sets != NULL && s->counters != NULL && s->ethernet >= 0 && s->cooked >= 0;
}

struct shunt *shunt_open(
    const struct ports *ports, bool any_port, bool ignore_vlan, char error[SHUNT_ERROR_MAX])
{
	struct shunt *s = calloc(1, sizeof(*s));
	int why;

	libbpf_set_print(say_nothing);
	if (s != NULL)
		s->ignore_vlan = ignore_vlan;
	errno = ENOMEM;
	if (s != NULL && getrandom(&s->seed, sizeof(s->seed), 0) == sizeof(s->seed) &&
	    load(s, ports, any_port))
		return s;
	why = errno;
	snprintf(error, SHUNT_ERROR_MAX, "the kernel takes no filter for shunting: %s%s",
	    strerror(why),
	    why == EPERM || why == EACCES ? "; give the capability CAP_BPF, or --no-shunt" : "");
	shunt_close(s);
	return NULL;
}

void shunt_close(struct shunt *s)
{
	if (s == NULL)
		return;
	if (s->sets != NULL)
		munmap(s->sets, SHUNT_SETS * sizeof(*s->sets));
	if (s->counters != NULL)
		munmap(s->counters, SHUNT_COUNTERS * sizeof(*s->counters));
	bpf_object__close(s->object);
	free(s);
}

static int program_for(const struct shunt *s, int link_type)
{
	switch (link_type) {
	case LINK_ETHERNET:
		return s->ethernet;
	case LINK_RAW:
	case LINK_SLL:
	case LINK_SLL2:
		return s->cooked;
	default:
		return -1;
	}
}

bool shunt_attach(const struct shunt *s, int socket, int link_type)
{
	int fd = program_for(s, link_type);

	errno = EPROTONOSUPPORT;
	return fd >= 0 && setsockopt(socket, SOL_SOCKET, SO_ATTACH_BPF, &fd, sizeof(fd)) == 0;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static struct shunt_set *find_set(
    const struct shunt *s, const struct flow *f, struct shunt_key *key)
{
	shunt_key_make(key, f->client.bytes, f->client_port, f->server.bytes, f->server_port,
	    s->ignore_vlan ? 0 : f->vlan, s->ignore_vlan ? 0 : f->inner_vlan);
	return &s->sets[shunt_set_of(key, s->seed)];
}

/* The flow's own place, else a free one, else that of the flow that was quiet longest. */
static struct shunt_entry *choose(struct shunt_set *set, const struct shunt_key *key)
{
	struct shunt_entry *chosen = NULL, *e;

	for (unsigned i = 0; i < SHUNT_WAYS; i++) {
		e = &set->entry[i];
		if (e->used && shunt_same(&e->key, key))
			return e;
		if (chosen == NULL ||
		    (chosen->used && (!e->used || e->passed_ns < chosen->passed_ns)))
			chosen = e;
	}
	return chosen;
}

/* The kernel reads the table meanwhile: it never sees half a key that counts. */
static void put(struct shunt *s, struct shunt_set *set, const struct shunt_key *key)
{
	struct shunt_entry *e = choose(set, key);

	s->flows++;
	if (e->used && shunt_same(&e->key, key)) {
		e->passed_ns = now_ns();
		return;
	}
	s->replaced += e->used;
	__atomic_store_n(&e->used, 0, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	e->key = *key;
	e->passed_ns = now_ns();
	__atomic_store_n(&e->used, 1, __ATOMIC_RELEASE);
}

static void take_out(struct shunt_set *set, const struct shunt_key *key)
{
	for (unsigned i = 0; i < SHUNT_WAYS; i++)
		if (set->entry[i].used && shunt_same(&set->entry[i].key, key))
			__atomic_store_n(&set->entry[i].used, 0, __ATOMIC_RELEASE);
}

static void fulfil(struct shunt *s)
{
	const struct wish *w = &s->wish[s->done++ % AHEAD];

	if (w->over)
		take_out(w->set, &w->key);
	else
		put(s, w->set, &w->key);
}

static void wish(struct shunt *s, const struct flow *f, bool over)
{
	struct wish *w = &s->wish[s->wished % AHEAD];

	if (s->wished - s->done == AHEAD)
		fulfil(s);
	w->set = find_set(s, f, &w->key);
	w->over = over;
	s->wished++;
	for (unsigned i = 0; i < SHUNT_WAYS; i++)
		__builtin_prefetch(&w->set->entry[i], 1);
}

void shunt_add(struct shunt *s, const struct flow *f)
{
	wish(s, f, false);
}

void shunt_remove(struct shunt *s, const struct flow *f)
{
	wish(s, f, true);
}

void shunt_settle(struct shunt *s)
{
	while (s->done != s->wished)
		fulfil(s);
}

void shunt_count(const struct shunt *s, struct shunt_counters *counters)
{
	*counters = (struct shunt_counters){.flows = s->flows, .replaced = s->replaced};
	for (unsigned i = 0; i < SHUNT_COUNTERS; i++) {
		counters->packets += __atomic_load_n(&s->counters[i].packets, __ATOMIC_RELAXED);
		counters->bytes += __atomic_load_n(&s->counters[i].bytes, __ATOMIC_RELAXED);
	}
}

/* The kernel takes an Ethernet header off what it is to try: another one stands before it where the
 * filter wants to see one. */
int shunt_try(const struct shunt *s, int link_type, const uint8_t *frame, size_t length)
{
	static const uint8_t other[14] = {[12] = 0x08};
	size_t before = link_type == LINK_ETHERNET ? sizeof(other) : 0;
	uint8_t *bytes = malloc(before + length);
	struct bpf_test_run_opts options = {.sz = sizeof(options), .data_in = bytes};
	int result = -1;

	if (bytes == NULL)
		return -1;
	memcpy(bytes, other, before);
	memcpy(bytes + before, frame, length);
	options.data_size_in = (uint32_t)(before + length);
	if (bpf_prog_test_run_opts(program_for(s, link_type), &options) == 0)
		result = options.retval != 0;
	free(bytes);
	return result;
}

#else /* built without clang or libbpf */

bool shunt_built_in(void)
{
	return false;
}

struct shunt *shunt_open(
    const struct ports *ports, bool any_port, bool ignore_vlan, char error[SHUNT_ERROR_MAX])
{
	(void)ports;
	(void)any_port;
	(void)ignore_vlan;
	snprintf(error, SHUNT_ERROR_MAX, "this program was built without shunting (clang, libbpf)");
	return NULL;
}

void shunt_close(struct shunt *s)
{
	(void)s;
}

bool shunt_attach(const struct shunt *s, int socket, int link_type)
{
	(void)s;
	(void)socket;
	(void)link_type;
	return false;
}

void shunt_add(struct shunt *s, const struct flow *f)
{
	(void)s;
	(void)f;
}

void shunt_remove(struct shunt *s, const struct flow *f)
{
	(void)s;
	(void)f;
}

void shunt_settle(struct shunt *s)
{
	(void)s;
}

void shunt_count(const struct shunt *s, struct shunt_counters *counters)
{
	(void)s;
	*counters = (struct shunt_counters){0};
}

int shunt_try(const struct shunt *s, int link_type, const uint8_t *frame, size_t length)
{
	(void)s;
	(void)link_type;
	(void)frame;
	(void)length;
	return -1;
}

#endif
