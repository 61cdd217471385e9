/*
 * TLS records (RFC 8446 section 5.1, RFC 5246 section 6.2) out of bytes that arrive in pieces of any size,
 * and the SSLv2 form of a hello (RFC 5246 appendix E.2), which looks like a record of its own kind.
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
	uint8_t header[5];
	uint8_t have;    /* header bytes seen so far */
	uint8_t type;    /* of the record under way */
	bool begun;      /* at least one whole header was read: no SSLv2 record any more */
	bool fresh;      /* no byte of the body was yielded yet */
	uint16_t version;
	uint16_t length; /* of the body */
	uint16_t left;   /* body bytes still to come */
};

/* A piece of a record's body: as much as was there. */
struct tls_fragment {
	uint8_t type;         /* enum tls_content_type */
	bool first, last;     /* the body's first, last byte is in here */
	uint16_t version;     /* as the record's header says; 0x0002 for TLS_SSL2 */
	uint16_t length;      /* of the whole body */
	struct cursor bytes;  /* a view into the bytes given */
};

/*
 * Takes bytes from *in. Returns 0 with the next fragment, RESULT_MORE with *in used up, RESULT_NOT_TLS when
 * the bytes are no record header, RESULT_TOO_LARGE when its length cannot be. After a negative result the
 * reader must not be used until tls_record_reset.
 */
MUST_USE int tls_record_next(struct tls_record_reader *r, struct cursor *in, struct tls_fragment *fragment);

/* `missing` bytes will never come. Returns true when they all lie inside the body under way, which then
 * goes on behind them; false when a header is among them and the reader has lost its place. */
MUST_USE bool tls_record_gap(struct tls_record_reader *r, size_t missing);

void tls_record_reset(struct tls_record_reader *r);

/* Whether bytes can begin a ClientHello record (SSLv2 form included) or a ServerHello record, judged by
 * every length and constant within the first bytes. 0 yes, RESULT_MORE so far, RESULT_NOT_TLS no. */
MUST_USE int tls_record_looks_like_client_hello(const uint8_t *bytes, size_t length);
MUST_USE int tls_record_looks_like_server_hello(const uint8_t *bytes, size_t length);

#endif
