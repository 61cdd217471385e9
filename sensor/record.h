/*
 * The session record: what one SMTP connection said of itself. A flat struct without pointers, so
 * that it can be copied, shrunk to what it uses, and sent through a pipe as it is. The field table
 * gives every field its dotted name, once, for JSON, rules, help and manual.
 */
#ifndef TLSVANE_RECORD_H
#define TLSVANE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "../parsers/frame.h"

#define RECORD_TEXT_MAX	   3072 /* bytes for all texts of one record together, each with its NUL */
#define RECORD_HISTORY_MAX 64
#define RECORD_JA4_SIZE	   37 /* with its NUL */

enum record_flag { /* a boolean that may not have been seen */
	RECORD_ABSENT = 0,
	RECORD_FALSE = 1,
	RECORD_TRUE = 2,
};

enum record_outcome {
	OUTCOME_ABSENT,
	OUTCOME_TLS,
	OUTCOME_TLS_FAILED,
	OUTCOME_STARTTLS_REFUSED,
	OUTCOME_STARTTLS_ABANDONED,
	OUTCOME_STARTTLS_UNUSED,
	OUTCOME_STARTTLS_NOT_OFFERED,
	OUTCOME_NO_MAIL,
	OUTCOME_NOT_SMTP,
	OUTCOME_UNKNOWN,
	OUTCOMES,
};

enum record_legacy_side {
	LEGACY_ABSENT,
	LEGACY_NONE,
	LEGACY_CLIENT,
	LEGACY_SERVER,
	LEGACY_DOWNGRADE,
	LEGACY_UNKNOWN,
	LEGACY_SIDES,
};

enum record_confidence {
	CONFIDENCE_ABSENT,
	CONFIDENCE_CLIENT_ONLY,
	CONFIDENCE_SERVER_ONLY,
	CONFIDENCE_MIDSTREAM,
	CONFIDENCE_GAP,
	CONFIDENCE_FULL,
	CONFIDENCES,
};

#define RECORD_EVENTS_MAX 24 /* as SMTP_EVENTS_MAX */

/* A command or reply in the clear: of the dialogue, nothing but what it was. */
struct record_event {
	uint32_t ms;	/* behind start_ns */
	uint16_t what;	/* as smtp_event.what */
	uint16_t times; /* in a row */
};

enum record_resumption { /* what an abbreviated handshake rests on */
	RESUMPTION_ABSENT,
	RESUMPTION_ID,	   /* RFC 5246 section 7.3 */
	RESUMPTION_TICKET, /* RFC 5077 */
	RESUMPTION_PSK,	   /* RFC 8446 section 2.2 */
	RESUMPTIONS,
};

enum record_stripping {
	STRIPPING_ABSENT,
	STRIPPING_MASKED,    /* a word looks like STARTTLS overwritten */
	STRIPPING_BEFORE,    /* the server last offered it to this very client */
	STRIPPING_TO_OTHERS, /* ... to another one */
	STRIPPINGS,
};

enum record_side { RECORD_SIDE_ABSENT, RECORD_SIDE_CLIENT, RECORD_SIDE_SERVER };

/* All numbers in host byte order; 0 means absent but where said. */
struct record {
	uint64_t start_ns;    /* first packet, since the epoch */
	uint64_t duration_ns; /* to the last packet; 0 is a length too */
	uint64_t server_not_before, server_not_after, client_not_after; /* record_date() */
	struct frame_address client_ip, server_ip;
	uint16_t client_port, server_port;
	uint16_t vlan, inner_vlan;
	uint16_t starttls_reply;
	uint16_t tls_version, client_min_version, client_max_version; /* enum tls_version */
	uint16_t cipher_suite;					      /* good with tls_version */
	uint16_t group, dh_bits;
	uint16_t server_key_bits;
	uint8_t tunnel; /* enum frame_tunnel */
	uint8_t starttls_offered, starttls_requested, plaintext_mail,
	    plaintext_refused; /* enum record_flag */
	uint8_t established, resumed, fallback_scsv, certificate_requested, certificate_sent;
	uint8_t resumed_by;			  /* enum record_resumption */
	uint8_t server_key_type;		  /* enum certificate_key */
	uint8_t server_signature_hash;		  /* enum certificate_hash */
	uint8_t server_chain_length;		  /* certificates; stays at the highest */
	uint8_t self_signed, server_name_matches; /* enum record_flag */
	uint8_t sentinel;			  /* enum tls_sentinel */
	uint8_t alert_side;			  /* enum record_side */
	uint8_t alert_level; /* 1 warning, 2 fatal; 0: no alert, and alert_code says nothing */
	uint8_t alert_code;
	uint8_t starttls_masked, starttls_injected, reply_injected; /* enum record_flag */
	uint8_t outcome, legacy_side, confidence;
	/* Against other sessions (compare.h): true, or not known. */
	uint8_t fallback, stripping; /* enum record_flag */
	uint8_t fallback_outcome;    /* enum record_outcome */
	uint8_t stripping_reason;    /* enum record_stripping */
	uint64_t fallback_from_ns, fallback_to_ns, stripping_offered_ns;
	char history[RECORD_HISTORY_MAX];
	char ja4[RECORD_JA4_SIZE];
	uint8_t ja3[16], ja3s[16];				/* all zero: absent */
	uint8_t server_certificate[32], client_certificate[32]; /* SHA-256; all zero: absent */
	uint64_t capabilities;		   /* SMTP_KEYWORD_BIT() of each in the reply to EHLO */
	uint16_t event_count, events_lost; /* in events[]; left out for lack of room */
	struct record_event events[RECORD_EVENTS_MAX];
	/* Texts: where each begins in text[], 0: absent. */
	uint16_t protocol, banner, helo, software, server_name, next_protocol, other_capabilities;
	uint16_t server_subject, server_issuer, server_signature, server_names;
	uint16_t client_subject, client_issuer;
	uint16_t software_version, client_software, client_software_version;
	uint16_t error_status;
	uint16_t stamps, received_min_software;
	/* What goes with them. */
	uint16_t error_code;
	uint16_t received_hops;
	uint16_t received_min_version, received_min_hop; /* enum tls_version; with it */
	uint8_t software_basis, client_software_basis;	 /* enum product_basis */
	uint8_t enforcement;				 /* enum smtp_enforcement */
	uint16_t text_used; /* bytes of text[] in use; what lies behind is not part of the record */
	char text[RECORD_TEXT_MAX];
};

void record_init(struct record *r);

/* Bytes of *r that matter: a copy of so many is the record. */
size_t record_size(const struct record *r);

/* Brings into the cache what most of its readers will touch. */
static inline void record_prefetch(const struct record *r)
{
	const char *at = (const char *)r;

	for (size_t i = 0; i <= offsetof(struct record, text); i += 64)
		__builtin_prefetch(at + i);
}

/* Adds a text and sets *field (a member of *r) to it. A text that no longer fits is cut at a
 * character; an empty one stays absent. */
void record_set_text(struct record *r, uint16_t *field, const char *text);

/* The same of words with a space between two: one that does not fit whole, and what stands behind
 * it, is replaced by "...". */
void record_set_words(struct record *r, uint16_t *field, const char *words);

/* A date as the record has it: seconds since the beginning of the year 0, so that those before 1970
 * have their place, too; 0 is absent. */
#define RECORD_DATE_MAX                                                                            \
	315569520000u /* the end of year 9999, the last that a certificate can say */
uint64_t record_date(int64_t epoch_s);
int64_t record_date_epoch(uint64_t date);

/* The text behind an offset of *r, NULL where absent. */
const char *record_text(const struct record *r, uint16_t field);

enum field_type {
	FIELD_TIME,	/* uint64_t, ns since the epoch -> RFC 3339 */
	FIELD_DATE,	/* uint64_t, record_date() -> RFC 3339 without fractions */
	FIELD_DURATION, /* uint64_t, ns */
	FIELD_IP,	/* struct frame_address -> RFC 5952 */
	FIELD_NUMBER,	/* uint16_t */
	FIELD_SMALL,	/* uint8_t, a number */
	FIELD_BOOLEAN,	/* uint8_t, enum record_flag */
	FIELD_TEXT,	/* uint16_t, offset in text[] */
	FIELD_WORDS,	/* the same, words with a space between two -> in JSON an array */
	FIELD_STRING,	/* char[], NUL-terminated in place */
	FIELD_MD5,	/* uint8_t[16] -> lower-case hex */
	FIELD_SHA256,	/* uint8_t[32] */
	FIELD_VERSION,	/* uint16_t, enum tls_version -> "1.2" */
	FIELD_VERSION_PROTOCOL,
	FIELD_CIPHER,
	FIELD_GROUP,
	FIELD_ENUM, /* uint8_t, index into `names`, 0 absent */
	FIELD_ALERT_CODE,
	FIELD_ALERT_DESCRIPTION,
	FIELD_CAPABILITIES, /* uint64_t, and other_capabilities -> "SIZE STARTTLS XYZZY" */
	FIELD_TRANSCRIPT,   /* events[] -> "0<220 3>EHLO 4<250": ms, who, what */
};

struct field {
	const char *name;	  /* "tls.version" */
	uint8_t type;		  /* enum field_type */
	uint16_t offset, size;	  /* in struct record */
	const char *const *names; /* FIELD_ENUM: its words, by value; names[0] is NULL */
	uint8_t names_count;
	const char *help; /* one sentence */
	const char *example;
};

/* In the order of the design page; fields that nest together stand together. */
extern const struct field record_fields[];
extern const size_t record_field_count;

/* The field of a dotted name, NULL where there is none. */
const struct field *record_field(const char *name);

#define FIELD_VALUE_MAX                                                                            \
	512 /* bytes of the longest, with its NUL; what is longer is cut at a blank */

struct field_value {
	enum { VALUE_ABSENT, VALUE_TEXT, VALUE_NUMBER, VALUE_BOOLEAN } kind;
	uint64_t number;  /* VALUE_NUMBER, VALUE_BOOLEAN */
	const char *text; /* VALUE_TEXT: points into the record, static storage or `buffer` */
	char buffer[FIELD_VALUE_MAX];
};

/* What a field says in a record. *value is good as long as itself and *r are. */
void record_value(const struct record *r, const struct field *field, struct field_value *value);

/* Whether the session tells who is below TLS 1.2, or that nobody is: a version was negotiated, or
 * an alert blames a side; but who offered TLS 1.2 is not below it, if the server wanted more.
 * Elsewhere legacy_side is unknown because nothing was there to know. */
bool record_tells_legacy(const struct record *r);

/* Whether it was held below TLS 1.2, or failed for want of a version. */
bool record_is_legacy(const struct record *r);

/* Whether TLS was begun or asked for and did not come about. */
bool record_is_failure(const struct record *r);

/* Whether an event is the command with this verb. */
bool record_event_is(const struct record_event *e, const char *verb);

/* Whether mail in the clear was taken, or may have been. */
bool record_is_clear(const struct record *r);

/* "tls_failed" and its like; NULL outside the enum. */
const char *record_outcome_name(unsigned outcome);
const char *record_stripping_name(unsigned reason);
const char *record_legacy_side_name(unsigned side);
const char *record_confidence_name(unsigned confidence);

/* Writes one record as one line of nested JSON (RFC 8259) with its newline. */
void record_write_json(FILE *to, const struct record *r);

/* Writes one record as lines "dotted.name: value", absent fields left out. */
void record_write_list(FILE *to, const struct record *r);

/* Writes text as a JSON string, quotes included; bytes that are not UTF-8 become U+FFFD. */
void json_write_string(FILE *to, const char *text);

#define ADDRESS_TEXT_MAX 46

/* An address as RFC 5952 writes it (IPv4 dotted); returns `text`. */
const char *address_format(const struct frame_address *address, char text[ADDRESS_TEXT_MAX]);

/* The reverse; false where it is no address. */
bool address_parse(const char *text, struct frame_address *address);
/* The same, as people write them, too: IPv6 in brackets. */
bool address_parse_typed(const char *text, struct frame_address *address);

/* A hash in lower-case hex, 2 * size + 1 bytes with the NUL; returns `text`. */
const char *hash_format(const uint8_t *hash, size_t size, char *text);

#define TIME_TEXT_MAX 36

/* RFC 3339 in UTC with nanoseconds; returns `text`. */
const char *time_format(uint64_t ns, char text[TIME_TEXT_MAX]);

/* RFC 3339 in UTC to the second; returns `text`. */
const char *date_format(int64_t epoch_s, char text[TIME_TEXT_MAX]);

#endif
