/*
 * Writes a program of the classic packet filter, the steps in order and jumps by labels, which may
 * stand anywhere behind them.
 */
#ifndef TLSVANE_STEER_WRITER_H
#define TLSVANE_STEER_WRITER_H

#include <stddef.h>
#include <stdint.h>

#include <linux/filter.h>

#define STEER_STEPS_MAX	 BPF_MAXINSNS /* what the kernel takes */
#define STEER_LABELS_MAX 512

struct steer_program {
	struct sock_filter step[STEER_STEPS_MAX];
	unsigned count;
};

enum { STEER_NEXT }; /* no label: the next step */
enum { STEER_KEPT }; /* a word of scratch memory; steps written here may overwrite it */

/* Begins zeroed but for the first three. A program that does not fit is a mistake in what
 * writes it, and ends the process. */
struct steer_writer {
	struct steer_program *p; /* empty */
	unsigned first_near; /* labels below it may stand anywhere, the others within the 255 steps
				that a conditional jump goes */
	unsigned labels;     /* in use, those below first_near included */
	unsigned level;	     /* for who writes */
	unsigned label[STEER_LABELS_MAX]; /* where each stands */
	uint16_t yes[STEER_STEPS_MAX], no[STEER_STEPS_MAX], always[STEER_STEPS_MAX];
};

/* A near label. */
unsigned steer_new_label(struct steer_writer *w);

/* Here stands a label. */
void steer_label(struct steer_writer *w, unsigned label);

void steer_put(struct steer_writer *w, unsigned code, uint32_t k);
void steer_goto(struct steer_writer *w, unsigned to);

/* By BPF_JEQ or BPF_JSET of A and k. */
void steer_if(struct steer_writer *w, unsigned test, uint32_t k, unsigned yes, unsigned no);

/* ... where A is one of a list. */
void steer_if_any(struct steer_writer *w, const uint16_t *list, size_t count, unsigned yes);

/* A = what is at X + offset. */
void steer_load(struct steer_writer *w, unsigned size, uint32_t offset);

/* X += bytes; A stays. */
void steer_advance(struct steer_writer *w, uint32_t bytes);

/* A = what is at X + offset, then X += A as it was. */
void steer_advance_by_a(struct steer_writer *w, unsigned size, uint32_t offset);

/* All labels stand: gives the jumps their lengths. */
void steer_end(struct steer_writer *w);

#endif
