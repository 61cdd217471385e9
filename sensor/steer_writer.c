/* Steps, labels and jumps of a packet filter. */
#include "steer_writer.h"

#include <assert.h>
#include <stdbool.h>

unsigned steer_new_label(struct steer_writer *w)
{
	assert(w->labels < STEER_LABELS_MAX);
	return w->labels++;
}

void steer_label(struct steer_writer *w, unsigned label)
{
	w->label[label] = w->p->count;
}

void steer_put(struct steer_writer *w, unsigned code, uint32_t k)
{
	assert(w->p->count < STEER_STEPS_MAX);
	w->p->step[w->p->count++] = (struct sock_filter){.code = (uint16_t)code, .k = k};
}

void steer_goto(struct steer_writer *w, unsigned to)
{
	w->always[w->p->count] = (uint16_t)to;
	steer_put(w, BPF_JMP | BPF_JA, 0);
}

static bool is_far(const struct steer_writer *w, unsigned label)
{
	return label != STEER_NEXT && label < w->first_near;
}

/* To far labels lead jumps behind it: that for yes, then that for no. */
void steer_if(struct steer_writer *w, unsigned test, uint32_t k, unsigned yes, unsigned no)
{
	unsigned at = w->p->count;
	bool far_yes = is_far(w, yes), far_no = is_far(w, no);

	steer_put(w, BPF_JMP | test | BPF_K, k);
	w->p->step[at].jt = !far_yes && far_no ? 1 : 0;
	w->p->step[at].jf = far_yes ? 1 : 0;
	if (far_yes)
		steer_goto(w, yes);
	else
		w->yes[at] = (uint16_t)yes;
	if (far_no)
		steer_goto(w, no);
	else
		w->no[at] = (uint16_t)no;
}

void steer_if_any(struct steer_writer *w, const uint16_t *list, size_t count, unsigned yes)
{
	for (size_t i = 0; i < count; i++)
		steer_if(w, BPF_JEQ, list[i], yes, STEER_NEXT);
}

void steer_load(struct steer_writer *w, unsigned size, uint32_t offset)
{
	steer_put(w, BPF_LD | size | BPF_IND, offset);
}

void steer_advance(struct steer_writer *w, uint32_t bytes)
{
	steer_put(w, BPF_ST, STEER_KEPT);
	steer_put(w, BPF_MISC | BPF_TXA, 0);
	steer_put(w, BPF_ALU | BPF_ADD | BPF_K, bytes);
	steer_put(w, BPF_MISC | BPF_TAX, 0);
	steer_put(w, BPF_LD | BPF_MEM, STEER_KEPT);
}

void steer_advance_by_a(struct steer_writer *w, unsigned size, uint32_t offset)
{
	steer_put(w, BPF_ALU | BPF_ADD | BPF_X, 0);
	steer_put(w, BPF_ST, STEER_KEPT);
	steer_load(w, size, offset);
	steer_put(w, BPF_LDX | BPF_MEM, STEER_KEPT);
}

static unsigned distance(const struct steer_writer *w, unsigned from, unsigned label)
{
	assert(w->label[label] > from);
	return w->label[label] - from - 1;
}

static uint8_t near_distance(const struct steer_writer *w, unsigned from, unsigned label)
{
	unsigned steps = distance(w, from, label);

	assert(steps <= UINT8_MAX);
	return (uint8_t)steps;
}

void steer_end(struct steer_writer *w)
{
	for (unsigned i = 0; i < w->p->count; i++) {
		struct sock_filter *step = &w->p->step[i];

		if (w->yes[i] != STEER_NEXT)
			step->jt = near_distance(w, i, w->yes[i]);
		if (w->no[i] != STEER_NEXT)
			step->jf = near_distance(w, i, w->no[i]);
		if (w->always[i] != STEER_NEXT)
			step->k = distance(w, i, w->always[i]);
	}
}
