/* Sums that survive the processes they tell of. */
#include "board.h"

#include <sys/mman.h>
#include <unistd.h>

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

	return at == MAP_FAILED ? NULL : at;
}

void board_begin(struct board *b)
{
	b->lost += b->taken - b->kept;
	b->kept = b->taken;
}

/* The worker of this place is another: the one before said its last. */
static void close_generation(struct board *b, struct board_place *p)
{
	uint64_t sent = p->last.sessions - p->last.records_lost;

	if (p->last.sessions >= p->last.records_lost && sent > p->records)
		b->lost += sent - p->records;
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
	b->taken++;
	return true;
}

void board_end(struct board *b)
{
	for (unsigned i = 0; i < b->places; i++)
		close_generation(b, &b->place[i]);
}

void board_keep(struct board *b)
{
	b->kept = b->taken;
}

void board_numbers(const struct board *b, struct sensor_numbers *sum)
{
	*sum = (struct sensor_numbers){.records_lost = b->lost};
	for (unsigned i = 0; i < b->places; i++) {
		numbers_add(sum, &b->place[i].before);
		numbers_add(sum, &b->place[i].last);
	}
}
