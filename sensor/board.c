/* Sums that survive the processes they tell of. */
#include "board.h"

#include <sys/mman.h>
#include <unistd.h>

#define INBOX_TRIES 2 /* recorders that may die of a record; one more of the rest of its bundle */

int board_make(void)
{
	int fd = memfd_create("tlsvane-board", MFD_CLOEXEC);

	if (fd >= 0 && ftruncate(fd, (off_t)sizeof(struct board)) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

struct board *board_map(int fd)
{
	void *at = mmap(NULL, sizeof(struct board), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		return NULL;
	(void)madvise(at, sizeof(struct board), MADV_DONTFORK); /* not for workers */
	return at;
}

/* A record, or whatever else there is, kills who takes it. */
static void give_up(struct board *b, struct board_inbox *in)
{
	uint64_t left = in->bundle.records > in->skip ? in->bundle.records - in->skip : 0;

	if (b->redo.tries == INBOX_TRIES + 1 && left > 0)
		left = 1;
	b->lost += left;
	in->skip += left;
	in->unread = b->redo.tries == INBOX_TRIES + 1 && in->skip < in->bundle.records;
}

void board_begin(struct board *b)
{
	struct board_inbox *in = &b->inbox;
	struct board_place *p;
	uint64_t taken = b->redo.taken, lost = redo_begin(&b->redo);

	numbers_bury(&b->own_before, &b->own);
	b->lost += lost;
	if (taken < b->redo.taken)
		taken = b->redo.taken;
	in->unread = in->place < b->places && in->bundle.size >= BUNDLE_HEAD &&
		     in->bundle.size <= sizeof(in->bundle) &&
		     in->bundle.records <= in->bundle.size / offsetof(struct record, text);
	if (!in->unread)
		return;
	in->skip = taken - in->taken;
	if (b->redo.tries > INBOX_TRIES)
		give_up(b, in);
	in->taken = b->redo.taken - in->skip;
	p = &b->place[in->place];
	p->records = in->skip + (p->heard == in->heard ? in->records : 0);
}

struct bundle *board_inbox(struct board *b, unsigned place)
{
	struct board_inbox *in = &b->inbox;

	in->bundle.size = 0; /* none: until the kernel has put one there */
	in->skip = 0;
	atomic_signal_fence(memory_order_seq_cst);
	in->place = place;
	in->records = b->place[place].records;
	in->heard = b->place[place].heard;
	in->taken = b->redo.taken;
	atomic_signal_fence(memory_order_seq_cst);
	return &in->bundle;
}

struct bundle *board_unread(struct board *b, unsigned *place)
{
	struct board_inbox *in = &b->inbox;

	if (!in->unread)
		return NULL;
	in->unread = false;
	*place = in->place;
	return &in->bundle;
}

/* The worker of this place is another: the one before said its last. */
static void close_generation(struct board *b, struct board_place *p)
{
	uint64_t sent = p->last.sessions - p->last.records_lost;

	if (p->last.sessions >= p->last.records_lost && sent > p->records)
		b->lost += sent - p->records;
	if (p->last.sessions < p->records + p->last.records_lost) /* it died before it told */
		p->last.sessions = p->records + p->last.records_lost;
	b->flows_lost += p->last.flows_open;
	numbers_bury(&p->before, &p->last);
	p->records = 0;
}

bool board_hear(struct board *b, unsigned place, const struct message *m)
{
	struct board_place *p = &b->place[place];

	if (m->generation > p->generation || m->generation < p->heard) {
		b->refused++;
		return false;
	}
	if (m->generation > p->heard) {
		close_generation(b, p);
		p->heard = m->generation;
	}
	if (m->kind == MESSAGE_NUMBERS) {
		p->last = m->numbers;
		return false;
	}
	if (b->inbox.skip > 0) {
		b->inbox.skip--;
		return false;
	}
	p->records++;
	return true;
}

void board_end(struct board *b)
{
	for (unsigned i = 0; i < b->places; i++)
		close_generation(b, &b->place[i]);
}

void board_numbers(const struct board *b, struct sensor_numbers *sum)
{
	*sum = (struct sensor_numbers){.records_lost = b->lost, .records_died = b->lost};
	for (unsigned i = 0; i < b->places; i++) {
		numbers_add(sum, &b->place[i].before);
		numbers_add(sum, &b->place[i].last);
	}
}

void board_own(struct board *b, const struct sensor_numbers *own, struct sensor_numbers *sum)
{
	b->own = *own;
	numbers_add(sum, &b->own_before);
	numbers_add(sum, own);
}
