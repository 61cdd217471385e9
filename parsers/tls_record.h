/*
 * TLS records (RFC 8446 section 5.1, RFC 5246 section 6.2) out of bytes that arrive in pieces of
 * any size, and the SSLv2 form of a hello (RFC 5246 appendix E.2), which looks like a record of its
 * own kind.
 */
#ifndef TLSVANE_TLS_RECORD_H
#define TLSVANE_TLS_RECORD_H

#include "cursor.h"

/* RFC 5246 allows 2^14 + 2048 bytes of ciphertext. */
#define TLS_RECORD_MAX (16384 + 2048)

enum tls_content_type {
	TLS_CHANGE_CIPHER_SPEC = 20,
	TLS_ALERT = 21,
	TLS_HANDSHAKE = 22,
	TLS_APPLICATION_DATA = 23,
	TLS_HEARTBEAT = 24,
	TLS_SSL2 = 0x80, /* not on the wire: an SSLv2 record, its header taken off */
};

struct tls_record_reader {
	uint8_t header[7];
	uint8_t have;	/* header bytes seen so far */
	uint8_t replay; /* trailing header bytes that belong to the body and are still to be yielded
			   (SSLv2) */
	uint8_t type;	/* of the record under way */
	bool begun; /* at least one whole header was read: no SSLv2 record any more, if it was not
		       one */
	bool ssl2;  /* the first record was an SSLv2 one: others may follow */
	uint16_t version;
	uint16_t length; /* of the body */
	uint16_t left;	 /* body bytes still to come */
	uint16_t passed; /* bytes that tls_record_seek has passed over */
};

/*
 * A piece of a record's body: as much as was there. Each record has one first fragment, at the
 * latest when its header was read; it has no bytes where none came yet, or the record has none.
 */
struct tls_fragment {
	uint8_t type;	     /* enum tls_content_type */
	bool first, last;    /* the record's first fragment; nothing of the body is to come */
	uint16_t version;    /* as the record's header says; 0x0002 for TLS_SSL2 */
	uint16_t length;     /* of the whole body */
	struct cursor bytes; /* a view into the bytes given (or the reader: an SSLv2 header that
				came in pieces) */
};

/*
 * Takes bytes from *in. Returns 0 with the next fragment, RESULT_MORE with *in used up,
 * RESULT_NOT_TLS when the bytes are no record header, RESULT_TOO_LARGE when its length cannot be;
 * *in then stands at the header, as far as it came with this call. After a negative result the
 * reader must not be used until tls_record_reset.
 *
 * An SSLv2 record is one only where it is the first and a hello; then further ones may follow.
 */
MUST_USE int tls_record_next(
    struct tls_record_reader *r, struct cursor *in, struct tls_fragment *fragment);

/* Whether there is anything for tls_record_next to look at; else it would say RESULT_MORE. */
static inline bool tls_record_has_next(const struct tls_record_reader *r, const struct cursor *in)
{
	return in->left > 0 || r->replay > 0;
}

/*
 * Behind a gap that hid where records begin: passes over bytes up to five that a sender would write
 * as a header (no other five in some ten million look like it). Returns 0 once it has one, which
 * tls_record_next then reads on from; RESULT_MORE with *in used up; RESULT_NOT_TLS when no record
 * is as long as what was passed over.
 */
MUST_USE int tls_record_seek(struct tls_record_reader *r, struct cursor *in);

/* Puts the end of the fragment last yielded back, where *in did not move since: it will be yielded
 * again, not as the first. `rest` is what of fragment.bytes was not read. */
void tls_record_unread(struct tls_record_reader *r, struct cursor *in, struct cursor rest);

/* `missing` bytes will never come. Returns true when they all lie inside the body under way, which
 * then goes on behind them; false when a header is among them and the reader has lost its place. */
MUST_USE bool tls_record_gap(struct tls_record_reader *r, size_t missing);

/* The reader as it begins; all zeroes is the same. */
void tls_record_reset(struct tls_record_reader *r);

/*
 * Whether bytes can begin a ClientHello or a ServerHello (the SSLv2 forms included), judged by
 * every length and constant up to the cipher suites, over as many records as the hello may be
 * spread. 0 yes, RESULT_MORE so far, RESULT_NOT_TLS no. Never RESULT_MORE once TLS_LOOK_ENOUGH
 * bytes of the handshake message are there.
 */
#define TLS_LOOK_ENOUGH 76
MUST_USE int tls_record_looks_like_client_hello(const uint8_t *bytes, size_t length);
MUST_USE int tls_record_looks_like_server_hello(const uint8_t *bytes, size_t length);

#endif
