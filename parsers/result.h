/*
 * The one convention by which every room says how it went:
 *   0        done
 *   1        not yet: the same call again with more bytes
 *   negative the reason why never; result_name() gives it a word for counters and errors
 * "Not yet", "missing" (lost on the way) and "malformed" are three things and stay three.
 */
#ifndef TLSVANE_RESULT_H
#define TLSVANE_RESULT_H

#define MUST_USE __attribute__((warn_unused_result))

enum result {
	RESULT_OK = 0,
	RESULT_MORE = 1,

	/* Missing: the bytes were on the wire, but not in what we were given. */
	RESULT_CUT = -1, /* the snap length ends the frame before what is needed */

	/* Not ours: well-formed as far as read, but nothing we follow. */
	RESULT_NOT_IP = -2,
	RESULT_NOT_TCP = -3,
	RESULT_FRAGMENT = -4,  /* an IP fragment: the defragmenter's */
	RESULT_NOT_TLS = -5,   /* these bytes do not begin a TLS record or an SSLv2 hello */
	RESULT_LINK_TYPE = -6, /* a link type that the frame decoder has no row for */

	/* Malformed: the sender's own length or value cannot be. */
	RESULT_BAD_LENGTH = -16, /* a length field says more, or less, than its block holds */
	RESULT_BAD_VALUE = -17,	 /* a field holds a value that its RFC forbids */
	RESULT_TOO_DEEP = -18,	 /* more nested headers than limits allow */
	RESULT_TOO_LARGE = -19,	 /* larger than the limit for its kind */
	RESULT_BAD_CHECKSUM = -20,

	/* The caller's: lend more memory, then call again. */
	RESULT_ROOM = -32,
	RESULT_HANDOVER = -33, /* take what is handed over, then call again */
};

/* Negative results fit an array of counters indexed by -result. */
#define RESULT_KINDS 34

/* A short lower-case word for a result, never NULL. */
const char *result_name(int result);

#endif
