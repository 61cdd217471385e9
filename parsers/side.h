/* The two ends of a connection: who opened it, and who was asked. */
#ifndef TLSVANE_SIDE_H
#define TLSVANE_SIDE_H

enum side {
	SIDE_CLIENT = 0,
	SIDE_SERVER = 1,
};

#define SIDES 2

static inline enum side side_other(enum side side)
{
	return side == SIDE_CLIENT ? SIDE_SERVER : SIDE_CLIENT;
}

#endif
