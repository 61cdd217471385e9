/*
 * The words between the supervisor and each of its children, datagrams of a SOCK_SEQPACKET pair.
 * Nothing here blocks.
 */
#ifndef TLSVANE_CONTROL_H
#define TLSVANE_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#define CONTROL_TEXT_MAX 256

enum control_word {
	/* to a child */
	CONTROL_STOP = 1, /* write what is left, and end */
	CONTROL_RELOAD,	  /* the recorder: rules and files anew */
	/* from a child */
	CONTROL_READY, /* it works; behind CONTROL_RELOAD: it is done */
	CONTROL_ALIVE, /* at least every LIMIT_ALIVE_MS or so; the recorder's text is a status line
			*/
	CONTROL_USELESS, /* the recorder: nobody takes records any more */
};

struct control {
	uint32_t word;
	char text[CONTROL_TEXT_MAX]; /* with a NUL */
};

void control_send(int socket, enum control_word word, const char *text);

/* 1: *c is a word; 0: none now; -1: the other end is closed. What is no word is passed over. */
int control_receive(int socket, struct control *c);

#endif
