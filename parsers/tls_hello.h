/*
 * ClientHello, ServerHello and HelloRetryRequest: RFC 8446 section 4.1, RFC 5246 section 7.4.1, RFC
 * 6101 (SSL 3.0), SSLv2 form: RFC 5246 appendix E.2. Extensions by RFC 6066, 7301, 7507, 5077,
 * 8446. Views borrow from the message and die with it.
 */
#ifndef TLSVANE_TLS_HELLO_H
#define TLSVANE_TLS_HELLO_H

#include "cursor.h"

enum tls_version {
	TLS_VERSION_SSL2 = 0x0002,
	TLS_VERSION_SSL3 = 0x0300,
	TLS_VERSION_10 = 0x0301,
	TLS_VERSION_11 = 0x0302,
	TLS_VERSION_12 = 0x0303,
	TLS_VERSION_13 = 0x0304,
};

enum tls_sentinel { /* RFC 8446 section 4.1.3: what the end of ServerHello.random says */
	TLS_SENTINEL_NONE,
	TLS_SENTINEL_11, /* ...00: the server can do TLS 1.2 or more, and negotiated 1.1 or below */
	TLS_SENTINEL_12, /* ...01: the server can do TLS 1.3, and negotiated 1.2 */
};

struct tls_client_hello {
	bool ssl2_form;
	bool usable;		 /* all before the extensions is sound */
	uint16_t legacy_version; /* client_version */
	uint16_t max_version;	 /* the highest offered that is known (GREASE passed over) */
	uint16_t min_version;	 /* the lowest in supported_versions, 0 without that extension */
	bool fallback_scsv;	 /* RFC 7507 */
	bool has_session_ticket; /* a ticket of non-zero length (RFC 5077) */
	bool has_psk, has_early_data; /* pre_shared_key, early_data (RFC 8446) */
	bool has_extensions;
	struct cursor random;	     /* 32 bytes (SSLv2 form: the challenge, 16 to 32) */
	struct cursor session_id;    /* 0 to 32 bytes */
	struct cursor cipher_suites; /* two bytes each; three in the SSLv2 form */
	struct cursor extensions;    /* the whole block, for fingerprints */
	struct cursor server_name;   /* host_name of RFC 6066, not cleaned */
	struct cursor alpn;	     /* the ProtocolNameList's body */
};

struct tls_server_hello {
	bool retry;	  /* HelloRetryRequest: its random says so (RFC 8446 section 4.1.3) */
	uint16_t version; /* negotiated: supported_versions, else server_version */
	uint16_t legacy_version; /* server_version, as it stands there */
	uint16_t cipher_suite;	 /* SSL 2: 0, its cipher kinds are another number space */
	uint16_t group;		 /* key_share's or HelloRetryRequest's group, 0: not said */
	uint8_t sentinel;	 /* enum tls_sentinel */
	bool psk_selected;	 /* pre_shared_key: resumption in TLS 1.3 */
	bool session_ticket;	 /* the server will send a new ticket */
	bool server_raw_key, client_raw_key; /* RFC 7250: that side's certificate is no X.509 */
	struct cursor random;
	struct cursor session_id;
	struct cursor extensions;
	struct cursor alpn;	   /* the one protocol's name */
	struct cursor certificate; /* SSL 2: X.509, not checked; empty where it is resumed */
};

/* Parses the body of a handshake message (behind type and length). Each returns 0, or a negative
 * result when the body is malformed; *hello is then unspecified, but for a ClientHello that is
 * usable all the same: what is malformed is left out of it, and max_version is 0 where
 * supported_versions may be in that. The body must be whole. */
MUST_USE int tls_client_hello_parse(struct cursor body, struct tls_client_hello *hello);
MUST_USE int tls_server_hello_parse(struct cursor body, struct tls_server_hello *hello);

/* The SSLv2 forms: `body` behind the record header, its first byte the message type. */
MUST_USE int tls_client_hello_parse_ssl2(struct cursor body, struct tls_client_hello *hello);
MUST_USE int tls_server_hello_parse_ssl2(struct cursor body, struct tls_server_hello *hello);

/* GREASE values of RFC 8701: 0x0A0A, 0x1A1A, ... */
static inline bool tls_is_grease(uint16_t value)
{
	return (value & 0x0f0f) == 0x0a0a && value >> 8 == (value & 0xff);
}

#endif
