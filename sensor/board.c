/* Sums that survive the processes they tell of. */
#include "board.h"

#include <sys/mman.h>
#include <unistd.h>

#define INBOX_TRIES 2 /* recorders that may die of a message */

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

void board_begin(struct board *b)
{
	struct board_inbox *in = &b->inbox;
	uint64_t taken = b->redo.taken, lost = redo_begin(&b->redo);

	if (in->place >= b->places)
		in->message.kind = 0;
	numbers_bury(&b->own_before, &b->own);
	b->lost += lost;
	if (taken < b->redo.taken)
		taken = b->redo.taken;
	in->unread = in->message.kind != 0 && taken == in->taken;
	if (!in->unread || b->redo.tries <= INBOX_TRIES)
		return;
	in->unread = false; /* it kills who takes it */
	b->lost += in->message.kind == MESSAGE_RECORD;
	b->place[in->place].records = in->records + (in->message.kind == MESSAGE_RECORD);
}

struct message *board_inbox(struct board *b, unsigned place)
{
	struct board_inbox *in = &b->inbox;

	in->message.kind = 0; /* none: until the kernel has put one there */
	atomic_signal_fence(memory_order_seq_cst);
	in->place = place;
	in->records = b->place[place].records;
	in->taken = b->redo.taken;
	atomic_signal_fence(memory_order_seq_cst);
	return &in->message;
}

struct message *board_unread(struct board *b, unsigned *place, size_t *size)
{
	struct board_inbox *in = &b->inbox;

	if (!in->unread)
		return NULL;
	in->unread = false;
	in->taken = b->redo.taken;
	b->place[in->place].records = in->records;
	*place = in->place;
	*size = message_size(&in->message);
	return &in->message;
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
	p->last.flows_open = 0;
	numbers_add(&p->before, &p->last);
	p->last = (struct sensor_numbers){.records_lost = 0};
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
