/*
 * Lines of SMTP (RFC 5321 section 2.3.8) out of bytes that arrive in pieces of any size.
 * A line ends at LF; a CR before it belongs to the ending (some peers send a bare LF).
 */
#ifndef TLSVANE_SMTP_LINE_H
#define TLSVANE_SMTP_LINE_H

#include "cursor.h"

/* Bytes of one line that are kept, a CR before the LF among them: RFC 5321 section 4.5.3.1 gives
 * 512 to commands and replies. The rest of a longer line is passed over, and the line says so. */
#define SMTP_LINE_MAX 640

struct smtp_line {
	uint16_t used; /* bytes of an unfinished line in `kept` */
	bool overlong; /* the line under way, or just yielded, was longer than SMTP_LINE_MAX */
	uint8_t kept[SMTP_LINE_MAX];
};

/*
 * Takes bytes from *in. Returns 0 with *line the next whole line without its ending (a view into
 * *in, or into l->kept, good until the next call), or RESULT_MORE with *in used up and its bytes
 * kept.
 */
MUST_USE int smtp_line_next(struct smtp_line *l, struct cursor *in, struct cursor *line);

/* Passes over bytes up to and with the next LF. False: there was none, and *in is used up. */
MUST_USE bool smtp_line_pass(struct cursor *in);

/* Forgets the line under way, and wipes what was kept of it. */
void smtp_line_reset(struct smtp_line *l);

#endif
