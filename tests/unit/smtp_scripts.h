/*
 * SMTP conversations and what the dialogue must make of them, for test_smtp_dialog.c. C() is what
 * the client sends, S() the server; C_TLS and S_TLS begin TLS, and there the dialogue has to stop.
 * All names are invented.
 */
#ifndef TLSVANE_TESTS_SMTP_SCRIPTS_H
#define TLSVANE_TESTS_SMTP_SCRIPTS_H

#include "../../parsers/smtp_dialog.h"

#define EVENTS_MAX 28

struct event {
	enum side side;
	const char *bytes;
	size_t length;
	bool tls;
};

struct script {
	const char *name;
	struct event events[EVENTS_MAX];
	uint32_t seen; /* exactly these enum smtp_fact */
	uint16_t reply;
	const char *helo, *banner, *history;
	bool in_order; /* no sense with its events in another order, or with bytes missing */
};

#define CLIENT_HELLO "\x16\x03\x01\x00\x31\x01\x00\x00\x2d\x03\x03\x0a\x0d\x0a"
#define SERVER_HELLO "\x16\x03\x03\x00\x2a\x02\x00\x00\x26\x03\x03\x0a\x0d\x0a"
#define SSL2_HELLO   "\x80\x2e\x01\x03\x01\x00\x15\x00\x00\x00\x10"

#define C(text)                                                                                    \
	{                                                                                          \
		SIDE_CLIENT, text, sizeof(text) - 1, false                                         \
	}
#define S(text)                                                                                    \
	{                                                                                          \
		SIDE_SERVER, text, sizeof(text) - 1, false                                         \
	}
#define C_TLS                                                                                      \
	{                                                                                          \
		SIDE_CLIENT, CLIENT_HELLO, sizeof(CLIENT_HELLO) - 1, true                          \
	}
#define S_TLS                                                                                      \
	{                                                                                          \
		SIDE_SERVER, SERVER_HELLO, sizeof(SERVER_HELLO) - 1, true                          \
	}
#define C_SSL2                                                                                     \
	{                                                                                          \
		SIDE_CLIENT, SSL2_HELLO, sizeof(SSL2_HELLO) - 1, true                              \
	}

#define BANNER	 S("220 mx.example.org ESMTP\r\n")
#define EHLO	 C("EHLO a.example\r\n")
#define OFFER	 S("250-mx.example.org\r\n250-SIZE 1000\r\n250-STARTTLS\r\n250 DSN\r\n")
#define NO_OFFER S("250-mx.example.org\r\n250-SIZE 1000\r\n250 DSN\r\n")
#define MAIL	 C("MAIL FROM:<a@a.example>\r\n")
#define RCPT	 C("RCPT TO:<b@example.org>\r\n")
#define OK	 S("250 2.1.0 Ok\r\n")
#define GO	 S("354 End data with <CR><LF>.<CR><LF>\r\n")
#define STARTTLS C("STARTTLS\r\n")
#define READY	 S("220 2.0.0 Ready to start TLS\r\n")
#define BYE	 S("221 2.0.0 Bye\r\n")
#define TO_TLS	 STARTTLS, READY, C_TLS, S_TLS

#define SAW_BANNER (SMTP_SAW_BANNER | SMTP_SPOKEN)
#define SAW_EHLO   (SAW_BANNER | SMTP_SAW_EHLO)
#define SAW_REPLY  (SAW_EHLO | SMTP_SAW_CAPABILITIES)
#define SAW_OFFER  (SAW_REPLY | SMTP_OFFERED)
#define SAW_TLS	   (SAW_OFFER | SMTP_REQUESTED)
#define SAW_MAIL   (SMTP_MAIL | SMTP_MAIL_ACCEPTED)

#define ANY_ORDER false
#define IN_ORDER  true

#define TEXT "mx.example.org ESMTP"

/* clang-format off */
static const struct script scripts[] = {
    {"plain STARTTLS", {BANNER, EHLO, OFFER, TO_TLS}, SAW_TLS, 220, "a.example", TEXT, "bEeSs", ANY_ORDER},
    {"any case", {S("220 mx.example.org esmtp\r\n"), C("eHlO a.example\r\n"), S("250-x\r\n250 StartTLS\r\n"),
	C("StartTls\r\n"), READY, C_TLS, S_TLS}, SAW_TLS, 220, "a.example", "mx.example.org esmtp", "bEeSs", ANY_ORDER},
    {"bare LF, blanks at the ends", {S("220 mx.example.org ESMTP \n"), C("EHLO a.example \t\n"),
	S("250-x\n250-STARTTLS \n250 \n"), C("STARTTLS  \n"), S("220\n"), C_TLS, S_TLS},
	SAW_TLS, 220, "a.example", TEXT, "bEeSs", ANY_ORDER},
    {"replies of many lines", {S("220-mx.example.org ESMTP\r\n220-no spam\r\n220 \r\n"), EHLO, OFFER, STARTTLS,
	S("220-Ready\r\n220-220 not yet\r\n220 now\r\n"), C_TLS, S_TLS}, SAW_TLS, 220, "a.example", TEXT, "bEeSs", ANY_ORDER},
    {"lines of a reply of all forms", {BANNER, EHLO,
	S("250-x\r\n250-SIZE 1\r\n250-\r\n250--STARTTLSX\r\n?\r\n251-XXXX\n250- \tSTARTTLS \r\n250-\tDSN\r\n250-AUTH=X\r\n250\r\n"), TO_TLS},
	SAW_TLS, 220, "a.example", TEXT, "bEeSs", ANY_ORDER},
    {"X-ANONYMOUSTLS", {BANNER, EHLO, S("250-x\r\n250-X-ANONYMOUSTLS\r\n250 SIZE\r\n"), C("x-AnonymousTLS\r\n"),
	S("220 2.0.0 SMTP server ready\r\n"), C_TLS, S_TLS}, SAW_TLS | SMTP_ANONYMOUS, 220, "a.example", TEXT, "bEeSs", ANY_ORDER},
    {"SSLv2 hello", {BANNER, EHLO, OFFER, STARTTLS, READY, C_SSL2, S_TLS}, SAW_TLS, 220, "a.example", TEXT, "bEeSs", ANY_ORDER},
    {"LMTP", {S("220 mx.example.org LMTP\r\n"), C("LHLO a.example\r\n"), OFFER, TO_TLS},
	SAW_TLS, 220, "a.example", "mx.example.org LMTP", "bEeSs", ANY_ORDER},
    {"address literal", {BANNER, C("EHLO [IPv6:2001:db8::1]\r\n"), OFFER, TO_TLS},
	SAW_TLS, 220, "[IPv6:2001:db8::1]", TEXT, "bEeSs", ANY_ORDER},
    {"PROXY line", {C("PROXY TCP4 192.0.2.1 192.0.2.2 4711 25\r\n"), BANNER, EHLO, OFFER, TO_TLS},
	SAW_TLS, 220, "a.example", TEXT, "bEeSs", ANY_ORDER},
    {"early talker", {EHLO, BANNER, OFFER, TO_TLS}, SAW_TLS, 220, "a.example", TEXT, "EbeSs", IN_ORDER},

    {"refused, then mail", {BANNER, EHLO, OFFER, STARTTLS, S("454 4.7.0 TLS not available\r\n"), MAIL, OK, RCPT, OK,
	C("DATA\r\n"), GO, C("Subject: x\r\n\r\nSTARTTLS\r\n..\r\n.\r\n"), OK, C("QUIT\r\n"), BYE},
	SAW_TLS | SAW_MAIL | SMTP_CLOSED, 454, "a.example", TEXT, "bEeSrMmDdQq", ANY_ORDER},
    {"refused in many lines", {BANNER, EHLO, NO_OFFER, STARTTLS, S("502-5.5.1 no\r\n502 5.5.1 TLS here\r\n"), MAIL, OK},
	SAW_REPLY | SMTP_REQUESTED | SAW_MAIL, 502, "a.example", TEXT, "bEeSrMm", ANY_ORDER},
    {"refused, then accepted", {BANNER, EHLO, OFFER, STARTTLS, S("454 4.7.0 TLS not now\r\n"), TO_TLS},
	SAW_TLS, 220, "a.example", TEXT, "bEeSrSs", ANY_ORDER},
    {"not offered, mail", {BANNER, EHLO, NO_OFFER, MAIL, OK, RCPT, OK, C("DATA\r\n"), GO, C(".\r\n"), OK, C("QUIT\r\n"), BYE},
	SAW_REPLY | SAW_MAIL | SMTP_CLOSED, 0, "a.example", TEXT, "bEeMmDdQq", ANY_ORDER},
    {"HELO", {BANNER, C("HELO a.example\r\n"), S("250 mx.example.org\r\n"), MAIL, OK},
	SAW_BANNER | SMTP_SAW_HELO | SAW_MAIL, 0, "a.example", TEXT, "bHhMm", ANY_ORDER},
    {"EHLO rejected, HELO", {BANNER, EHLO, S("502 5.5.1 what\r\n"), C("HELO a.example\r\n"), S("250 mx.example.org\r\n")},
	SAW_EHLO | SMTP_SAW_HELO, 0, "a.example", TEXT, "bEHh", ANY_ORDER},
    {"a rejected EHLO leaves the facts", {BANNER, EHLO, OFFER, EHLO, S("503 5.5.1 again\r\n"), TO_TLS},
	SAW_TLS, 220, "a.example", TEXT, "bEeESs", ANY_ORDER},
    {"the last EHLO decides", {BANNER, EHLO, OFFER, EHLO, NO_OFFER, MAIL, OK},
	SAW_REPLY | SAW_MAIL, 0, "a.example", TEXT, "bEeEeMm", IN_ORDER},
    {"offered, refused, and offered no more", {BANNER, EHLO, OFFER, STARTTLS, S("454 4.7.0 TLS not available\r\n"), EHLO, NO_OFFER, MAIL, OK},
	SAW_TLS | SAW_MAIL, 454, "a.example", TEXT, "bEeSrEeMm", IN_ORDER},
    {"EHLO of one line", {BANNER, EHLO, S("250 mx.example.org\r\n"), MAIL, S("550 no\r\n")},
	SAW_REPLY | SMTP_MAIL, 0, "a.example", TEXT, "bEeM", ANY_ORDER},
    {"the first line is a name", {BANNER, EHLO, S("250-STARTTLS\r\n250 SIZE\r\n")}, SAW_REPLY, 0, "a.example", TEXT, "bEe",
	IN_ORDER},
    {"a word of another reply", {BANNER, EHLO, NO_OFFER, C("HELP\r\n"), S("214-x\r\n214-STARTTLS\r\n214 SIZE\r\n")},
	SAW_REPLY, 0, "a.example", TEXT, "bEe", ANY_ORDER},
    {"masked by a fixup", {S("220 ****************2****\r\n"), EHLO, S("250-x\r\n250-XXXXXXXA\r\n250 SIZE\r\n"), MAIL, OK},
	SAW_REPLY | SMTP_MASKED | SAW_MAIL, 0, "a.example", "****************2****", "bEeMm", ANY_ORDER},
    {"masked by an old fixup", {BANNER, EHLO, S("250-x\r\n250-XXXX\r\n250 XXXXXXXX\r\n"), C("XXXXXXXX\r\n"), S("500 5.5.1 no\r\n")},
	SAW_REPLY | SMTP_MASKED, 0, "a.example", TEXT, "bEe", ANY_ORDER},

    {"pipelined mail", {BANNER, EHLO, S("250-x\r\n250 PIPELINING\r\n"),
	C("MAIL FROM:<a@a.example>\r\nRCPT TO:<b@example.org>\r\nRCPT TO:<c@example.org>\r\nDATA\r\n"),
	S("250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n550 5.1.1 no\r\n354 go\r\n"), C("x\r\n.\r\nQUIT\r\n"), S("250 2.0.0 Ok\r\n221 Bye\r\n")},
	SAW_REPLY | SAW_MAIL | SMTP_CLOSED, 0, "a.example", TEXT, "bEeMDmQdq", ANY_ORDER},
    {"pipelined, DATA refused", {BANNER, EHLO, NO_OFFER, C("MAIL FROM:<a@a.example>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n"),
	S("250 Ok\r\n550 no\r\n"), S("554 no valid recipients\r\n"), C("RSET\r\n"), S("250 Ok\r\n"), TO_TLS},
	SAW_REPLY | SMTP_REQUESTED | SAW_MAIL, 220, "a.example", TEXT, "bEeMDmSs", ANY_ORDER},
    {"pipelined in front of STARTTLS", {BANNER, EHLO, OFFER, C("NOOP\r\nRSET\r\nSTARTTLS\r\n"),
	S("250 Ok\r\n"), S("250 Ok\r\n220 go\r\n"), C_TLS, S_TLS}, SAW_TLS, 220, "a.example", TEXT, "bEeSs", ANY_ORDER},
    {"a body of commands", {BANNER, EHLO, NO_OFFER, MAIL, OK, C("DATA\r\n"), GO,
	C("EHLO evil.example\r\nSTARTTLS\r\n.QUIT\r\n\n.\n\r.\r\r\n..\r\n.\r\n"), OK, TO_TLS},
	SAW_REPLY | SAW_MAIL | SMTP_REQUESTED, 220, "a.example", TEXT, "bEeMmDdSs", ANY_ORDER},
    {"BDAT", {BANNER, EHLO, NO_OFFER, MAIL, OK, C("BDAT 10\r\nSTARTTLS\r\nBDAT 8 last\r\nQUIT\r\n\r\nNOOP\r\n"),
	S("250 Ok\r\n250 Ok\r\n250 Ok\r\n"), C("BDAT 0 LAST\r\n"), S("503 5.5.1 no\r\n"), TO_TLS},
	SAW_REPLY | SAW_MAIL | SMTP_REQUESTED, 220, "a.example", TEXT, "bEeMmDdDSs", ANY_ORDER},
    {"BDAT without a size", {BANNER, EHLO, NO_OFFER, C("BDAT 5x\r\n"), S("501 no\r\n"), C("BDAT\r\n"), S("501 no\r\n"),
	C("BDAT 99999999999999999999\r\n"), S("501 no\r\n"), TO_TLS},
	SAW_REPLY | SMTP_REQUESTED, 220, "a.example", TEXT, "bEeSs", ANY_ORDER},
    {"BDAT refused", {BANNER, EHLO, NO_OFFER, C("BDAT 10 LAST\r\nSTARTTLS\r\n"), S("503 5.5.1 no\r\n"), TO_TLS},
	SAW_REPLY | SMTP_REQUESTED, 220, "a.example", TEXT, "bEeDSs", ANY_ORDER},

    {"AUTH PLAIN at once", {BANNER, EHLO, NO_OFFER, C("AUTH PLAIN AGEAYg==\r\n"), S("235 2.7.0 Ok\r\n"), MAIL, OK},
	SAW_REPLY | SAW_MAIL, 0, "a.example", TEXT, "bEeAaMm", ANY_ORDER},
    {"AUTH LOGIN", {BANNER, EHLO, NO_OFFER, C("auth login\r\n"), S("334 VXNlcm5hbWU6\r\n"), C("STARTTLS\r\n"),
	S("334 UGFzc3dvcmQ6\r\n"), C("DATA\r\n"), S("235 2.7.0 Ok\r\n"), TO_TLS},
	SAW_REPLY | SMTP_REQUESTED, 220, "a.example", TEXT, "bEeAaSs", IN_ORDER},
    {"AUTH cancelled", {BANNER, EHLO, NO_OFFER, C("AUTH CRAM-MD5\r\n"), S("334 PDE+\r\n"), C("*\r\n"), S("501 5.7.0 no\r\n"), TO_TLS},
	SAW_REPLY | SMTP_REQUESTED, 220, "a.example", TEXT, "bEeASs", ANY_ORDER},
    {"AUTH refused", {BANNER, EHLO, OFFER, C("AUTH PLAIN\r\n"), S("538 5.7.11 first STARTTLS\r\n"), TO_TLS},
	SAW_TLS, 220, "a.example", TEXT, "bEeASs", ANY_ORDER},
    {"X-EXPS", {BANNER, EHLO, NO_OFFER, C("X-EXPS GSSAPI\r\n"), S("334 GSSAPI supported\r\n"), C("YIIF\r\n"), S("235 2.7.0 Ok\r\n"), MAIL, OK},
	SAW_REPLY | SAW_MAIL, 0, "a.example", TEXT, "bEeAaMm", ANY_ORDER},

    {"injected", {BANNER, EHLO, OFFER, C("STARTTLS\r\nRSET\r\nEHLO evil.example\r\n"), READY, C_TLS, S_TLS},
	SAW_TLS | SMTP_INJECTED, 220, "a.example", TEXT, "bEeSs", IN_ORDER},
    {"injected, in two pieces", {BANNER, EHLO, OFFER, STARTTLS, C("MAIL FROM:<x@evil.example>\r\nDA"), READY, C("TA\r\n"), C_TLS, S_TLS},
	SAW_TLS | SMTP_INJECTED, 220, "a.example", TEXT, "bEeSs", IN_ORDER},
    {"refused with commands behind it", {BANNER, EHLO, OFFER, C("STARTTLS\r\nMAIL FROM:<a@a.example>\r\n"), S("454 no TLS\r\n"), OK},
	SAW_TLS | SAW_MAIL, 454, "a.example", TEXT, "bEeSrMm", IN_ORDER},

    {"closing greeting", {S("554 5.7.1 mx.example.org ESMTP no\r\n"), C("QUIT\r\n"), S("221 bye\r\n")},
	SAW_BANNER | SMTP_CLOSED, 0, "", "5.7.1 mx.example.org ESMTP no", "xQq", ANY_ORDER},
    {"421 unasked", {BANNER, EHLO, OFFER, S("421 4.4.2 timeout\r\n")}, SAW_OFFER, 0, "a.example", TEXT, "bEe!", ANY_ORDER},
    {"421 to STARTTLS", {BANNER, EHLO, OFFER, STARTTLS, S("421 4.7.0 TLS error\r\n")}, SAW_TLS, 421, "a.example", TEXT, "bEeS!r", ANY_ORDER},
    {"wrong words from a person", {S("220 mx.example.org ready\r\n"), C("hello\r\n"), S("500 5.5.2 what\r\n"), C("\r\n"),
	S("500 5.5.2 what\r\n"), C(" STARTTLS\r\n"), S("500 no\r\n"), C("EHLOa.example\r\n"), S("500 no\r\n"), C("QUIT\r\n"), BYE},
	SAW_BANNER | SMTP_REQUESTED | SMTP_CLOSED, 500, "", "mx.example.org ready", "bSrQq", IN_ORDER},
    {"indented words", {BANNER, C(" EHLO a.example\r\n"), OFFER, C("\t STARTTLS \r\n"), READY, C_TLS, S_TLS}, SAW_TLS, 220, "a.example",
	TEXT, "bEeSs", IN_ORDER},
    {"names cleaned", {S("220 mx\x1b[31m \xc3\xa9\xff \xe2\x80\xae SMTP\r\n"), C("EHLO b\xc3\xbc\x07.example\r\n"), OFFER},
	SAW_OFFER, 0, "b\xc3\xbc?.example", "mx?[31m \xc3\xa9? ? SMTP", "bEe", ANY_ORDER},
    {"no domain", {BANNER, C("EHLO\r\n"), OFFER, TO_TLS}, SAW_TLS, 220, "", TEXT, "bEeSs", ANY_ORDER},
    {"HTTP to a mail server", {BANNER, C("GET / HTTP/1.1\r\nHost: mx.example.org\r\n\r\n"), S("221 2.7.0 I can break rules too\r\n")},
	SAW_BANNER, 0, "", TEXT, "b", IN_ORDER},

    {"HTTP", {C("GET / HTTP/1.1\r\nHost: www.example.org\r\n\r\n"), S("HTTP/1.1 200 OK\r\n")}, SMTP_FOREIGN, 0, "", "", "",
	IN_ORDER},
    {"SSH", {S("SSH-2.0-OpenSSH_9.2\r\n"), C("SSH-2.0-OpenSSH_9.2\r\n")}, SMTP_FOREIGN, 0, "", "", "", IN_ORDER},
    {"POP3", {S("+OK ready\r\n"), C("QUIT\r\n")}, SMTP_FOREIGN, 0, "", "", "", IN_ORDER},
    {"IMAP", {S("* OK ready\r\n")}, SMTP_FOREIGN, 0, "", "", "", IN_ORDER},
    {"NNTP", {S("200 news.example.org ready\r\n"), C("MODE READER\r\n")}, SMTP_FOREIGN, 0, "", "", "", IN_ORDER},
    {"FTP", {S("220 (vsFTPd 3.0.3)\r\n"), C("USER anonymous\r\n"), S("331 password\r\n")},
	SMTP_SAW_BANNER | SMTP_FOREIGN, 0, "", "(vsFTPd 3.0.3)", "b", IN_ORDER},
    {"TLS at once", {C(CLIENT_HELLO), S(SERVER_HELLO)}, SMTP_FOREIGN, 0, "", "", "", IN_ORDER},
    {"SSLv2 at once", {C(SSL2_HELLO)}, SMTP_FOREIGN, 0, "", "", "", IN_ORDER},
    {"zeros", {C("\0\0\0\0\0\0\0\0")}, SMTP_FOREIGN, 0, "", "", "", IN_ORDER},
};
/* clang-format on */

#define SCRIPTS (sizeof(scripts) / sizeof(scripts[0]))

#endif
