/*
 * Received: headers (RFC 5321 section 4.4): which product received a message, and over which TLS. A
 * reader finds them in the bytes of a message and yields one stamp each; of the text, which also
 * has hosts and addresses, nothing is kept.
 *
 * Whoever wrote a message may have written any stamp: above those of servers one knows, they tell
 * the truth; below, they may not. A stamp without TLS does not prove that there was none.
 */
#ifndef TLSVANE_RECEIVED_H
#define TLSVANE_RECEIVED_H

#include "products.h"
#include "smtp_line.h"
#include "tls_words.h"

#define RECEIVED_TEXT_MAX                                                                          \
	SMTP_LINE_MAX	       /* bytes of one header that are read, runs of blanks as one */
#define RECEIVED_HOPS_MAX  100 /* RFC 5321 section 6.3: more is a loop */
#define RECEIVED_BYTES_MAX (256 * 1024) /* of all headers of a message: mail servers take less */

enum received_basis {
	RECEIVED_NOTHING,   /* whether there was TLS is not told */
	RECEIVED_PROTOCOL,  /* there was (ESMTPS, "TLS"), which version is not told */
	RECEIVED_BY_CIPHER, /* ... it follows from the cipher suite, as far as it does */
	RECEIVED_STATED,
	RECEIVED_BASES
};

struct received_stamp {
	uint8_t hop;		/* 1: the message's first header, so the last hop */
	uint8_t product;	/* for product_name(); 0: not known */
	uint8_t basis;		/* enum received_basis: of the version */
	struct tls_range range; /* the version, where both are the same; 0: not known */
	uint16_t cipher_suite;	/* 0: not known */
	uint16_t bits;		/* of its key; 0: not stated */
};

/* Whether TLS was below 1.2 for certain. */
bool received_is_legacy(const struct received_stamp *stamp);

/* Whether the version is known, not only between which two it is. */
bool received_is_exact(const struct received_stamp *stamp);

#define RECEIVED_RANGE_MAX 24

/* "TLSv1.2", "SSLv3 to TLSv1.2"; empty where nothing is known. Returns `text`. */
const char *received_range_text(struct tls_range range, char text[RECEIVED_RANGE_MAX]);

/* "stated" and its like; by value. */
extern const char *const received_basis_names[RECEIVED_BASES];

/* Reads one header's text, behind its colon and without line breaks; its hop is 0. `version` (may
 * be NULL): that of the product, a view into the text. */
void received_read(struct cursor text, struct received_stamp *stamp, struct cursor *version);

/* All zero at the first byte of a message. */
struct received_reader {
	uint8_t state;
	uint8_t matched; /* letters of the header's name */
	uint16_t used;	 /* bytes kept of a header under way */
	uint32_t bytes;	 /* of the message's headers so far */
	uint16_t hops;
};

/*
 * Takes bytes of a message from *in. Returns 0 when the lent memory `kept` (the same with every
 * call for a message) holds the text of a whole Received: header, `used` bytes of it:
 * received_forget() has to come before the next call. RESULT_MORE: *in is used up; and so it is,
 * always, when the headers are over.
 */
MUST_USE int received_next(
    struct received_reader *r, uint8_t kept[RECEIVED_TEXT_MAX], struct cursor *in);

/* The message ends here, perhaps within its headers: 0 when they end with one to be read. */
MUST_USE int received_end(struct received_reader *r);

/* Wipes what was kept, and goes on behind it. */
void received_forget(struct received_reader *r, uint8_t kept[RECEIVED_TEXT_MAX]);

/* Whether nothing more can come. */
bool received_over(const struct received_reader *r);

#define RECEIVED_STAMPS_MAX 12 /* of one connection: most messages have fewer than eight hops */

/* What the stamps of a connection's messages say together. */
struct received_facts {
	uint16_t messages, whole; /* whose headers were read; ... to their end: good where equal */
	uint16_t hops;		  /* of the message with the most */
	uint8_t count; /* of stamps[]: each different one once, those below TLS 1.2 before others */
	uint8_t sender; /* the product that wrote a first header, so who sends here; 0: not known */
	char sender_version[PRODUCT_VERSION_MAX];
	struct received_stamp stamps[RECEIVED_STAMPS_MAX];
};

/* Adds the header that `kept` holds, as received_next() or received_end() said. */
void received_keep(struct received_facts *facts, const struct received_reader *r,
    const uint8_t kept[RECEIVED_TEXT_MAX]);

/* The stamp with the lowest version that is certain, NULL where none tells one. */
const struct received_stamp *received_lowest(const struct received_facts *facts);

#endif
