/*
 * Both sides of a TLS connection from its first record until both send encrypted data: records ->
 * whole handshake messages -> facts. What was negotiated comes from ServerHello alone.
 */
#ifndef TLSVANE_TLS_HANDSHAKE_H
#define TLSVANE_TLS_HANDSHAKE_H

#include "cursor.h"
#include "side.h"
#include "tls_hello.h"
#include "tls_record.h"

#define TLS_SERVER_NAME_MAX 256		/* RFC 6066: a DNS host name, with the NUL */
#define TLS_ALPN_MAX	    32		/* the longest registered name is shorter */
#define TLS_HISTORY_MAX	    40		/* letters, with the NUL */
#define TLS_MESSAGE_MAX	    (64 * 1024) /* a ClientHello longer than this is passed over */

enum tls_fact {
	TLS_SAW_CLIENT_HELLO = 1 << 0,
	TLS_SAW_SERVER_HELLO = 1 << 1,
	TLS_SAW_RETRY = 1 << 2,		    /* HelloRetryRequest */
	TLS_RESUMED = 1 << 3,		    /* abbreviated handshake, or PSK in TLS 1.3 */
	TLS_NOT_RESUMED = 1 << 4,	    /* a full handshake was seen */
	TLS_CERTIFICATE_REQUESTED = 1 << 5, /* CertificateRequest in the clear */
	TLS_CERTIFICATE_SENT = 1 << 6,	    /* a non-empty Certificate of the client in the clear */
	TLS_CERTIFICATE_EMPTY = 1 << 7,	    /* the client's Certificate held none */
	TLS_FALLBACK_SCSV = 1 << 8,
	TLS_CLIENT_ENCRYPTED = 1 << 9, /* the client sent a record that only finished keys explain;
					* an alert or 0-RTT data does not count */
	TLS_SERVER_ENCRYPTED = 1 << 10,
	TLS_MISSING = 1 << 11,	 /* bytes were missing before that side's facts were complete, or
				  * a message was passed over for want of memory */
	TLS_MALFORMED = 1 << 12, /* a record or message could not be (before it was encrypted) */
	TLS_SAW_FULL = 1 << 13,	 /* the server's Certificate (or hello) was seen, and all up to its
				  * ServerHelloDone */
	TLS_DOWNGRADED_TO_LINES = 1 << 14, /* after the 220 a side went on in the clear */
	TLS_TICKET_OFFERED = 1 << 15,	   /* the client's hello held a ticket (RFC 5077) */
	TLS_RAW_KEY_SERVER =
	    1 << 16, /* what stands in place of the certificate is none (RFC 7250) */
	TLS_RAW_KEY_CLIENT = 1 << 17,
	TLS_EARLY_DATA = 1 << 18, /* encrypted data of the client, before the ServerHello */
};

struct tls_alert_fact {
	uint8_t level; /* 1 warning, 2 fatal; 0: there was none */
	uint8_t code;  /* RFC 8446 section 6 */
	uint8_t side;  /* enum side */
};

struct tls_facts {
	uint32_t seen;			/* enum tls_fact */
	uint16_t client_legacy_version; /* 0: not seen */
	uint16_t
	    client_max_version; /* 0: not seen, or supported_versions names none that is known */
	uint16_t client_min_version; /* 0: not said */
	uint16_t version;	     /* negotiated, 0: no ServerHello seen */
	uint16_t cipher_suite;	     /* negotiated; good with TLS_SAW_SERVER_HELLO */
	uint16_t group;	  /* key-exchange group (key_share or ServerKeyExchange), 0: not seen */
	uint16_t dh_bits; /* size of the DHE prime, 0: none seen */
	uint8_t sentinel; /* enum tls_sentinel, as the random's end says, whatever the version */
	struct tls_alert_fact alert; /* the first fatal one in the clear, else the first */
	/* Texts last: what stands behind their NUL is not cleared. */
	char history[TLS_HISTORY_MAX]; /* Zeek's ssl_history letters, upper case from the client */
	char next_protocol[TLS_ALPN_MAX];      /* ALPN that the server chose */
	char server_name[TLS_SERVER_NAME_MAX]; /* cleaned to printable; empty: none */
};

enum tls_handover_kind {
	TLS_HANDOVER_NONE,
	TLS_HANDOVER_CLIENT_HELLO, /* the first; not in the SSLv2 form */
	TLS_HANDOVER_SERVER_HELLO, /* not a HelloRetryRequest, not SSL 2 */
	TLS_HANDOVER_CERTIFICATES, /* in the clear, and not an empty list */
};

/* A message that says more than facts: all is borrowed, until the next call. */
struct tls_handover {
	uint8_t kind;	      /* enum tls_handover_kind */
	uint8_t chain_length; /* certificates in the list; stays at the highest */
	union {
		struct tls_client_hello client;
		struct tls_server_hello server;
		struct cursor leaf; /* DER of the sender's own certificate, not checked */
	};
};

struct tls_handshake_side {
	struct tls_record_reader record;
	uint8_t header[4]; /* of a handshake message that began at a fragment's end */
	uint8_t have;	   /* bytes of it; 4 while a message is under way */
	uint8_t type;	   /* of the message under way */
	bool wanted;	   /* ... it is worth assembling */
	bool opaque; /* the rest of the record under way says nothing to us: encrypted, or its place
			lost */
	bool doubtful; /* ... it is a hello in the clear or encrypted; its first bytes will tell */
	bool lost;     /* the record layer lost its place */
	bool unsure;   /* after a gap: where the next record begins is looked for */
	bool gapped;   /* bytes of this side were missing */
	bool skipped;  /* ... since its hello or Certificate, and a message may be among them */
	bool ciphered; /* ChangeCipherSpec was seen: TLS 1.2 and below encrypt from here */
	uint8_t ssl2_records; /* SSLv2 records seen, counted to 3 */
	uint32_t left;	      /* body bytes of the message still to come */
	uint8_t *lent;	      /* the caller's memory */
	size_t lent_size, used;
	size_t wants; /* with RESULT_ROOM: how much must be lent */
	uint8_t alert[2], alert_have;
};

/* What every record needs stands at the front, the large texts behind it. */
struct tls_handshake {
	struct tls_handshake_side side[SIDES];
	uint8_t history_length;
	bool early_data;	       /* the client's latest hello announced 0-RTT data */
	struct tls_handover *handover; /* the caller's, while tls_handshake_feed runs */
	struct tls_facts facts;
};

void tls_handshake_init(struct tls_handshake *h);

/*
 * Reads what `side` sent, advancing *in. Returns
 *   0: all was read;
 *   RESULT_ROOM: a message spans records. Lend side[].wants bytes by tls_handshake_lend and call
 *     again with what is left of *in (lending nothing, NULL, makes it pass the message over);
 *   RESULT_HANDOVER: *handover holds a message. Call again with what is left of *in, even nothing;
 *   RESULT_NOT_TLS, RESULT_TOO_LARGE: this side cannot be followed further. Facts so far stay; *in
 *     stands at the bytes that are no record; further calls take all and return 0.
 *
 * After a gap that hid where records begin, the next one is looked for; where there is none, the
 * side is given up silently instead (side[].lost): missing is not malformed. The two sides may come
 * in any order, also one whole before the other.
 */
MUST_USE int tls_handshake_feed(
    struct tls_handshake *h, enum side side, struct cursor *in, struct tls_handover *handover);

/*
 * Lends memory, the caller's, used for later messages of this side too. It must live until another
 * lend or the end of the handshake; what was gathered in the old memory must have been copied, as
 * realloc does. Less than side[].wants counts as none.
 */
void tls_handshake_lend(struct tls_handshake *h, enum side side, uint8_t *memory, size_t size);

/* `missing` bytes of `side` will never come. */
void tls_handshake_gap(struct tls_handshake *h, enum side side, size_t missing);

/* Nothing more can be learnt: each side went on to encrypted data or is lost, or a fatal alert
 * ended it and what the other side had sent before was seen. */
bool tls_handshake_complete(const struct tls_handshake *h);

/* Both sides went on to encrypted data. */
static inline bool tls_handshake_established(const struct tls_handshake *h)
{
	uint32_t both = TLS_CLIENT_ENCRYPTED | TLS_SERVER_ENCRYPTED;

	return (h->facts.seen & both) == both;
}

#endif
