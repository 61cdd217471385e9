/* The field table of the session record, and the words of its enumerations. */
#include "record.h"

#include <string.h>

#include "../parsers/products.h"
#include "../parsers/smtp_status.h"
#include "../parsers/tls_hello.h"
#include "certificate.h"

static const char *const outcomes[OUTCOMES] = {
    [OUTCOME_TLS] = "tls",
    [OUTCOME_TLS_FAILED] = "tls_failed",
    [OUTCOME_STARTTLS_REFUSED] = "starttls_refused",
    [OUTCOME_STARTTLS_ABANDONED] = "starttls_abandoned",
    [OUTCOME_STARTTLS_UNUSED] = "starttls_unused",
    [OUTCOME_STARTTLS_NOT_OFFERED] = "starttls_not_offered",
    [OUTCOME_NO_MAIL] = "no_mail",
    [OUTCOME_NOT_SMTP] = "not_smtp",
    [OUTCOME_UNKNOWN] = "unknown",
};

static const char *const strippings[STRIPPINGS] = {
    [STRIPPING_MASKED] = "masked",
    [STRIPPING_BEFORE] = "offered_before",
    [STRIPPING_TO_OTHERS] = "offered_to_others",
};

static const char *const legacy_sides[LEGACY_SIDES] = {
    [LEGACY_NONE] = "none",
    [LEGACY_CLIENT] = "client",
    [LEGACY_SERVER] = "server",
    [LEGACY_DOWNGRADE] = "downgrade",
    [LEGACY_UNKNOWN] = "unknown",
};

static const char *const confidences[CONFIDENCES] = {
    [CONFIDENCE_CLIENT_ONLY] = "client_only",
    [CONFIDENCE_SERVER_ONLY] = "server_only",
    [CONFIDENCE_MIDSTREAM] = "midstream",
    [CONFIDENCE_GAP] = "gap",
    [CONFIDENCE_FULL] = "full",
};

static const char *const resumptions[RESUMPTIONS] = {
    [RESUMPTION_ID] = "id",
    [RESUMPTION_TICKET] = "ticket",
    [RESUMPTION_PSK] = "psk",
};

static const char *const keys[CERTIFICATE_KEYS] = {
    [CERTIFICATE_KEY_RSA] = "rsa",
    [CERTIFICATE_KEY_RSA_PSS] = "rsa_pss",
    [CERTIFICATE_KEY_EC] = "ec",
    [CERTIFICATE_KEY_ED25519] = "ed25519",
    [CERTIFICATE_KEY_ED448] = "ed448",
    [CERTIFICATE_KEY_DSA] = "dsa",
    [CERTIFICATE_KEY_OTHER] = "other",
};

static const char *const hashes[CERTIFICATE_HASHES] = {
    [CERTIFICATE_HASH_MD5] = "md5",
    [CERTIFICATE_HASH_SHA1] = "sha1",
    [CERTIFICATE_HASH_SHA224] = "sha224",
    [CERTIFICATE_HASH_SHA256] = "sha256",
    [CERTIFICATE_HASH_SHA384] = "sha384",
    [CERTIFICATE_HASH_SHA512] = "sha512",
    [CERTIFICATE_HASH_OTHER] = "other",
};

static const char *const sides[] = {
    [RECORD_SIDE_CLIENT] = "client", [RECORD_SIDE_SERVER] = "server"};
static const char *const alert_levels[] = {[1] = "warning", [2] = "fatal"};
static const char *const sentinels[] = {[TLS_SENTINEL_11] = "1.1", [TLS_SENTINEL_12] = "1.2"};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define FIELD(name_, type_, member_, help_, example_)                                              \
	{                                                                                          \
		.name = name_, .type = type_, .offset = offsetof(struct record, member_),          \
		.size = sizeof(((struct record *)0)->member_), .help = help_, .example = example_  \
	}
#define ENUM(name_, member_, names_, help_, example_)                                              \
	{                                                                                          \
		.name = name_, .type = FIELD_ENUM, .offset = offsetof(struct record, member_),     \
		.names = names_, .names_count = COUNT(names_), .help = help_, .example = example_  \
	}

const struct field record_fields[] = {
    FIELD("@timestamp", FIELD_TIME, start_ns, "Time of the first packet, UTC.",
	"2026-03-01T08:15:30.123456789Z"),
    FIELD("event.duration", FIELD_DURATION, duration_ns,
	"First packet to the last FIN or reset, else to the last packet.", "184000000"),
    FIELD("client.ip", FIELD_IP, client_ip, "Who opened the connection.", "192.0.2.10"),
    FIELD("client.port", FIELD_NUMBER, client_port, "The client's TCP port.", "49152"),
    FIELD("server.ip", FIELD_IP, server_ip, "Who was asked.", "2001:db8::25"),
    FIELD("server.port", FIELD_NUMBER, server_port, "The server's TCP port.", "25"),
    FIELD("network.vlan.id", FIELD_NUMBER, vlan, "Outermost VLAN id.", "120"),
    FIELD("network.inner.vlan.id", FIELD_NUMBER, inner_vlan, "Next VLAN id, behind the outermost.",
	"7"),
    ENUM("network.tunnel", tunnel, frame_tunnel_names,
	"The innermost tunnel that carried the connection.", "vxlan"),
    FIELD("network.protocol", FIELD_TEXT, protocol, "smtp, or what else is spoken.", "smtp"),
    FIELD("smtp.banner", FIELD_TEXT, banner, "The greeting's text, behind its code.",
	"mx.example.net ESMTP Postfix"),
    FIELD("smtp.helo", FIELD_TEXT, helo, "The name that the client gave with EHLO or HELO.",
	"out.example.org"),
    FIELD("smtp.software", FIELD_TEXT, software, "The server's product.", "Exim"),
    FIELD("smtp.software_version", FIELD_TEXT, software_version, "Its version, where it tells.",
	"4.96"),
    ENUM("smtp.software_basis", software_basis, product_basis_names, "What tells the product.",
	"banner"),
    FIELD("smtp.client.software", FIELD_TEXT, client_software,
	"The client's product, where its own stamp or hello tells it.", "Microsoft Exchange 2010"),
    FIELD("smtp.client.software_version", FIELD_TEXT, client_software_version,
	"Its version, where it tells.", "14.3.123.3"),
    ENUM("smtp.client.software_basis", client_software_basis, product_basis_names,
	"What tells the client's product.", "received"),
    FIELD("smtp.capabilities", FIELD_CAPABILITIES, capabilities,
	"The keywords in the reply to EHLO, without their parameters.", "PIPELINING SIZE STARTTLS"),
    FIELD("smtp.starttls.offered", FIELD_BOOLEAN, starttls_offered,
	"STARTTLS stood among the EHLO capabilities.", "true"),
    FIELD("smtp.starttls.requested", FIELD_BOOLEAN, starttls_requested, "The client sent STARTTLS.",
	"true"),
    FIELD(
	"smtp.starttls.reply", FIELD_NUMBER, starttls_reply, "The reply code to STARTTLS.", "220"),
    FIELD("smtp.starttls.masked", FIELD_BOOLEAN, starttls_masked,
	"A capability or command looks like STARTTLS overwritten on the way (XXXXXXXA).", "false"),
    FIELD("smtp.starttls.injected", FIELD_BOOLEAN, starttls_injected,
	"Commands in the clear behind STARTTLS, before its 220 (CVE-2011-0411).", "false"),
    FIELD("smtp.starttls.reply_injected", FIELD_BOOLEAN, reply_injected,
	"Positive replies in the clear behind the 220, before TLS began (CVE-2021-33515).",
	"false"),
    FIELD("smtp.plaintext_mail", FIELD_BOOLEAN, plaintext_mail, "MAIL FROM went in the clear.",
	"false"),
    FIELD("smtp.plaintext_refused", FIELD_BOOLEAN, plaintext_refused,
	"Mail in the clear was refused until TLS is begun: the server took none.", "false"),
    FIELD("smtp.error.code", FIELD_NUMBER, error_code,
	"The last refusal (4yz, 5yz) in the clear, one that is about TLS before others.", "550"),
    FIELD("smtp.error.status", FIELD_TEXT, error_status, "Its enhanced status code (RFC 3463).",
	"5.7.230"),
    ENUM("smtp.enforcement", enforcement, smtp_enforcement_names, "What that says of TLS.",
	"blocked"),
    FIELD("smtp.received.hops", FIELD_NUMBER, received_hops,
	"Received: headers of the message in the clear that had the most.", "3"),
    FIELD("smtp.received.min_version", FIELD_VERSION, received_min_version,
	"The lowest version that they tell for certain.", "1.0"),
    FIELD("smtp.received.min_hop", FIELD_NUMBER, received_min_hop,
	"The hop that had it; 1 is the client itself.", "2"),
    FIELD("smtp.received.min_software", FIELD_TEXT, received_min_software,
	"The product that received it there.", "Exim"),
    FIELD("smtp.received.stamps", FIELD_WORDS, stamps,
	"Each as hop:version:basis:cipher:bits:product.",
	"2:TLSv1.0:stated:TLS_RSA_WITH_AES_256_CBC_SHA:256:Exim"),
    FIELD("tls.version_protocol", FIELD_VERSION_PROTOCOL, tls_version,
	"tls, or ssl for SSL 2 and 3.", "tls"),
    FIELD("tls.version", FIELD_VERSION, tls_version,
	"The negotiated version, from ServerHello alone.", "1.2"),
    FIELD("tls.cipher", FIELD_CIPHER, cipher_suite, "The negotiated cipher suite by its IANA name.",
	"TLS_AES_256_GCM_SHA384"),
    FIELD("tls.curve", FIELD_GROUP, group, "The key-exchange group by its IANA name.", "x25519"),
    FIELD("tls.dh_bits", FIELD_NUMBER, dh_bits, "Size of the DHE prime, in bits.", "2048"),
    FIELD("tls.established", FIELD_BOOLEAN, established, "Both sides went on to encrypted data.",
	"true"),
    FIELD("tls.resumed", FIELD_BOOLEAN, resumed, "An abbreviated handshake.", "false"),
    ENUM("tls.resumed_by", resumed_by, resumptions,
	"What it rests on: a session id, a ticket (RFC 5077), or TLS 1.3's PSK.", "ticket"),
    FIELD("tls.next_protocol", FIELD_TEXT, next_protocol, "ALPN, as the server chose it.", "smtp"),
    FIELD("tls.client.server_name", FIELD_TEXT, server_name,
	"The server's name in the client's SNI.", "mx.example.net"),
    FIELD("tls.client.min_version", FIELD_VERSION, client_min_version,
	"The lowest version offered, where supported_versions tells.", "1.2"),
    FIELD("tls.client.max_version", FIELD_VERSION, client_max_version,
	"The highest version offered.", "1.3"),
    FIELD("tls.client.fallback_scsv", FIELD_BOOLEAN, fallback_scsv,
	"The client fell back on purpose (RFC 7507).", "false"),
    FIELD("tls.client.certificate_requested", FIELD_BOOLEAN, certificate_requested,
	"The server asked for a client certificate, in the clear.", "true"),
    FIELD("tls.client.certificate_sent", FIELD_BOOLEAN, certificate_sent,
	"The client sent one, in the clear.", "true"),
    FIELD("tls.client.subject", FIELD_TEXT, client_subject,
	"The subject of the client's certificate (RFC 4514).", "CN=out.example.org"),
    FIELD("tls.client.issuer", FIELD_TEXT, client_issuer, "Who issued it.",
	"CN=Example CA,O=Example"),
    FIELD("tls.client.not_after", FIELD_DATE, client_not_after, "It is valid until then.",
	"2026-12-06T10:00:00Z"),
    FIELD("tls.client.hash.sha256", FIELD_SHA256, client_certificate, "SHA-256 of its DER.",
	"f1d2d2f924e986ac86fdf7b36c94bcdf32beec15a3f1a2b3c4d5e6f708192a3b"),
    FIELD("tls.client.ja3", FIELD_MD5, ja3, "JA3 of the ClientHello.",
	"ada70206e40642a3e4461f35503241d5"),
    FIELD("tls.client.ja4", FIELD_STRING, ja4, "JA4 of the ClientHello.",
	"t13d1516h2_8daaf6152771_e5627efa2ab1"),
    ENUM("tls.server.downgrade_sentinel", sentinel, sentinels,
	"ServerHello says that the server can do more (RFC 8446 section 4.1.3).", "1.1"),
    FIELD("tls.server.subject", FIELD_TEXT, server_subject,
	"The subject of the server's certificate (RFC 4514); of mail addresses only the domain.",
	"CN=mx.example.net"),
    FIELD("tls.server.issuer", FIELD_TEXT, server_issuer, "Who issued it.",
	"CN=Example CA,O=Example"),
    FIELD("tls.server.not_before", FIELD_DATE, server_not_before, "It is valid from then on.",
	"2026-09-07T10:00:00Z"),
    FIELD("tls.server.not_after", FIELD_DATE, server_not_after, "It is valid until then.",
	"2026-12-06T10:00:00Z"),
    FIELD("tls.server.san", FIELD_WORDS, server_names,
	"The hosts and addresses it is for; \"...\" as the last: and more.",
	"mx.example.net *.example.org"),
    FIELD("tls.server.name_matches", FIELD_BOOLEAN, server_name_matches,
	"It is for the name in the client's SNI (RFC 6125).", "true"),
    ENUM("tls.server.key_type", server_key_type, keys, "The kind of its key.", "rsa"),
    FIELD("tls.server.key_bits", FIELD_NUMBER, server_key_bits, "The size of its key, in bits.",
	"2048"),
    FIELD("tls.server.signature_algorithm", FIELD_TEXT, server_signature,
	"How it is signed, by OpenSSL's name.", "sha256WithRSAEncryption"),
    ENUM("tls.server.signature_hash", server_signature_hash, hashes,
	"The hash that is signed, where the algorithm leaves a choice.", "sha256"),
    FIELD("tls.server.self_signed", FIELD_BOOLEAN, self_signed, "It is signed by its own key.",
	"false"),
    FIELD("tls.server.hash.sha256", FIELD_SHA256, server_certificate, "SHA-256 of its DER.",
	"f1d2d2f924e986ac86fdf7b36c94bcdf32beec15a3f1a2b3c4d5e6f708192a3b"),
    FIELD("tls.server.chain_length", FIELD_SMALL, server_chain_length,
	"How many certificates the server sent, its own among them.", "2"),
    FIELD("tls.server.ja3s", FIELD_MD5, ja3s, "JA3S of the ServerHello.",
	"eb1d94daa7e0344597e756a1fb6e7054"),
    ENUM("tls.alert.side", alert_side, sides,
	"Who sent the first fatal (else first) alert in the clear.", "server"),
    ENUM("tls.alert.level", alert_level, alert_levels, "Its level.", "fatal"),
    FIELD("tls.alert.code", FIELD_ALERT_CODE, alert_code, "Its code.", "40"),
    FIELD("tls.alert.description", FIELD_ALERT_DESCRIPTION, alert_code, "Its name.",
	"handshake_failure"),
    ENUM("tlsvane.outcome", outcome, outcomes, "What became of the session.", "tls"),
    ENUM("tlsvane.legacy_side", legacy_side, legacy_sides,
	"Whose fault a version below TLS 1.2 is.", "server"),
    ENUM(
	"tlsvane.confidence", confidence, confidences, "How much of the session was seen.", "full"),
    FIELD("tlsvane.fallback", FIELD_BOOLEAN, fallback,
	"TLS failed, was refused or given up, and the pair then sent in the clear.", "true"),
    FIELD("tlsvane.fallback_from", FIELD_TIME, fallback_from_ns,
	"When the session began that failed.", "2026-03-01T08:15:30.123456789Z"),
    FIELD("tlsvane.fallback_to", FIELD_TIME, fallback_to_ns,
	"When the session began that sent in the clear.", "2026-03-01T08:15:31.223456789Z"),
    ENUM("tlsvane.fallback_outcome", fallback_outcome, outcomes,
	"What became of the session that failed.", "tls_failed"),
    FIELD("tlsvane.stripping_suspected", FIELD_BOOLEAN, stripping,
	"The offer of STARTTLS may have been removed on the way.", "true"),
    ENUM("tlsvane.stripping_reason", stripping_reason, strippings,
	"Why: it is masked, or was offered before, or to others.", "offered_before"),
    FIELD("tlsvane.stripping_offered", FIELD_TIME, stripping_offered_ns,
	"When the server last offered STARTTLS.", "2026-03-01T08:15:30.123456789Z"),
    FIELD("tlsvane.history", FIELD_STRING, history,
	"The dialogue in letters, upper case from the client.", "bErSs:CSXKnGIFif"),
    FIELD("tlsvane.transcript", FIELD_TRANSCRIPT, events,
	"The dialogue's commands and reply codes, each behind its milliseconds since the start.",
	"0<220 2>EHLO 3<250 4>STARTTLS 5<220"),
};

const size_t record_field_count = COUNT(record_fields);

const struct field *record_field(const char *name)
{
	for (size_t i = 0; i < record_field_count; i++)
		if (strcmp(record_fields[i].name, name) == 0)
			return &record_fields[i];
	return NULL;
}

static const char *name_in(const char *const *names, size_t count, unsigned value)
{
	return value < count ? names[value] : NULL;
}

const char *record_outcome_name(unsigned outcome)
{
	return name_in(outcomes, OUTCOMES, outcome);
}

const char *record_stripping_name(unsigned reason)
{
	return name_in(strippings, STRIPPINGS, reason);
}

const char *record_legacy_side_name(unsigned side)
{
	return name_in(legacy_sides, LEGACY_SIDES, side);
}

const char *record_confidence_name(unsigned confidence)
{
	return name_in(confidences, CONFIDENCES, confidence);
}
