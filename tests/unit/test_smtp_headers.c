/*
 * What the dialogue reads of messages in the clear: the stamps in their Received: headers, and of
 * refusals. Conversations run whole, cut at every byte, byte by byte, and with bytes of the client
 * missing anywhere: then there is less to see, and nothing else.
 */
#include "../../parsers/smtp_dialog.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "../../parsers/tls_hello.h"

#define BYTES_MAX 4096

/* Bytes in the order in which they are sent; runs of one side alternate. */
struct line {
	enum side side;
	const char *text;
};

#define C(text)                                                                                    \
	{                                                                                          \
		SIDE_CLIENT, text                                                                  \
	}
#define S(text)                                                                                    \
	{                                                                                          \
		SIDE_SERVER, text                                                                  \
	}
#define START                                                                                      \
	S("220 mx.example.net ESMTP\r\n"), C("EHLO a.example\r\n"),                                \
	    S("250-mx.example.net\r\n250-CHUNKING\r\n250 SIZE\r\n")
#define MAIL                                                                                       \
	C("MAIL FROM:<a@a.example>\r\n"), S("250 2.1.0 Ok\r\n"), C("RCPT TO:<b@example.net>\r\n"), \
	    S("250 2.1.5 Ok\r\n")
#define DATA C("DATA\r\n"), S("354 go\r\n")
#define DONE S("250 2.0.0 Ok\r\n")
#define NEW                                                                                        \
	"Received: from c (c [192.0.2.1])\r\n\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 " \
	"(256/256 bits))\r\n\tby a.example (Postfix) with ESMTPS id 1; Sat, 1 Jan 2022\r\n"
#define OLD                                                                                        \
	"received: from d by c with esmtps (TLS1.0:DHE_RSA_AES_256_CBC_SHA1:32)\r\n (Exim "        \
	"4.71)\r\n"                                                                                \
	" id 2; Sat, 1 Jan 2022\r\n"
#define REST "Subject: x\r\n\r\nReceived: from e by d (Postfix) with ESMTPS id 3\r\n.\r\n"

#define END                                                                                        \
	{                                                                                          \
		SIDE_CLIENT, NULL                                                                  \
	}

static void feed(struct smtp_dialog *d, enum side side, const char *bytes, size_t length)
{
	uint8_t *copy =
	    malloc(length + (length == 0)); /* the sanitizer sees a read behind its end */

	assert_non_null(copy);
	memcpy(copy, bytes, length);
	assert_int_equal(smtp_dialog_feed(d, side, copy, length), length);
	free(copy);
}

/* The conversation in pieces of `step` bytes, after one of `first` bytes; 0: whole lines. */
static void run(struct smtp_dialog *d, const struct line *lines, size_t first, size_t step)
{
	smtp_dialog_init(d, false);
	for (; lines->text != NULL; lines++) {
		size_t length = strlen(lines->text), at = first < length ? first : length;

		feed(d, lines->side, lines->text, at);
		for (; at < length; at += step)
			feed(d, lines->side, lines->text + at,
			    step < length - at ? step : length - at);
	}
}

static void check_wiped(struct smtp_dialog *d)
{
	smtp_dialog_wipe(d);
	assert_int_equal(d->received.used, 0);
	assert_false(d->in_headers);
}

static const struct line data[] = {START, MAIL, DATA, C(NEW OLD REST), DONE, END};
static const struct line twice[] = {
    START, MAIL, DATA, C(NEW REST), DONE, MAIL, DATA, C(NEW OLD REST), DONE, END};
static const struct line chunk[] = {START, MAIL,
    C("BDAT 285 LAST\r\n" NEW OLD "Subject: x\r\n\r\n"), DONE, C("QUIT\r\n"), S("221 Bye\r\n"),
    END};
static const struct line chunks[] = {START, MAIL, C("BDAT 161\r\n" NEW), DONE,
    C("BDAT 110 LAST\r\n" OLD), DONE, C("QUIT\r\n"), S("221 Bye\r\n"), END};
static const struct line headers_only[] = {START, MAIL, DATA, C(NEW OLD ".\r\n"), DONE, END};
static const struct line no_headers[] = {START, MAIL, DATA, C("\r\n" OLD ".\r\n"), DONE, END};

static void check_both(const struct received_facts *f)
{
	const struct received_stamp *lowest = received_lowest(f);

	assert_int_equal(f->messages, f->whole);
	assert_int_equal(f->hops, 2);
	assert_int_equal(f->count, 2);
	assert_string_equal(product_name(f->sender), "Postfix");
	assert_string_equal(product_name(f->stamps[1].product), "Exim");
	assert_int_equal(f->stamps[0].range.most, TLS_VERSION_13);
	assert_non_null(lowest);
	assert_int_equal(lowest->hop, 2);
	assert_int_equal(lowest->range.most, TLS_VERSION_10);
	assert_int_equal(lowest->bits, 256);
}

static void check_one(const struct received_facts *f)
{
	assert_int_equal(f->hops, 1);
	assert_int_equal(f->count, 1);
	assert_int_equal(received_lowest(f)->range.most, TLS_VERSION_13);
}

static void check_none(const struct received_facts *f)
{
	assert_int_equal(f->hops, 0);
	assert_int_equal(f->count, 0);
	assert_null(received_lowest(f));
}

static void check_script(const struct line *lines, void (*check)(const struct received_facts *))
{
	static struct smtp_dialog d;

	for (size_t first = 0; first < 400; first++) {
		run(&d, lines, first, BYTES_MAX);
		check(&d.facts.received);
		check_wiped(&d);
	}
	for (size_t step = 1; step < 5; step++) {
		run(&d, lines, 0, step);
		check(&d.facts.received);
		check_wiped(&d);
	}
}

static void test_stamps_of_messages(void **state)
{
	(void)state;
	assert_int_equal(strlen(NEW), 161);
	assert_int_equal(strlen(OLD), 110);
	check_script(data, check_both);
	check_script(twice, check_both);
	check_script(chunk, check_both);
	check_script(headers_only, check_both);
	check_script(no_headers, check_none);
}

/* The last header of a chunk may go on in the next one. */
static void check_cut(const struct received_facts *f)
{
	check_none(f);
	assert_int_equal(f->messages, 1);
	assert_int_equal(f->whole, 0);
}

/* The headers of a message are read in its first chunk only. */
static void test_a_later_chunk_is_no_message(void **state)
{
	(void)state;
	check_script(chunks, check_cut);
}

/* A header with a hole in it is none. */
static void test_holes(void **state)
{
	static struct smtp_dialog d;
	static const char body[] = NEW OLD REST;
	const struct line before[] = {START, MAIL, DATA, END};

	(void)state;
	for (size_t hole = 0; hole < strlen(body) - 4; hole++) {
		run(&d, before, 0, BYTES_MAX);
		feed(&d, SIDE_CLIENT, body, hole);
		smtp_dialog_gap(&d, SIDE_CLIENT, 1);
		feed(&d, SIDE_CLIENT, body + hole + 1, strlen(body) - hole - 1);
		assert_int_equal(
		    d.facts.received.hops, (hole > strlen(NEW)) + (hole > strlen(NEW OLD)));
		check_wiped(&d);
	}
}

/* The server says that the message ended, and its end was not seen. */
static void test_a_reply_ends_the_headers(void **state)
{
	static struct smtp_dialog d;
	const struct line lines[] = {START, MAIL, DATA, C(NEW "Received: from x"), DONE,
	    C("QUIT\r\n"), S("221 Bye\r\n"), END};

	(void)state;
	run(&d, lines, 0, BYTES_MAX);
	check_one(&d.facts.received);
	assert_int_equal(d.facts.received.whole, 0);
	check_wiped(&d);
}

/* Of more stamps than there is room for, those below TLS 1.2 stay. */
static void test_many_hops(void **state)
{
	static struct smtp_dialog d;
	const struct line before[] = {START, MAIL, DATA, END};

	(void)state;
	run(&d, before, 0, BYTES_MAX);
	for (unsigned i = 0; i < RECEIVED_HOPS_MAX + 20; i++)
		feed(&d, SIDE_CLIENT, i == 50 ? OLD : NEW, strlen(i == 50 ? OLD : NEW));
	assert_int_equal(d.facts.received.hops, RECEIVED_HOPS_MAX);
	assert_int_equal(d.facts.received.count, RECEIVED_STAMPS_MAX);
	assert_int_equal(received_lowest(&d.facts.received)->hop, 51);
	assert_false(d.in_headers);
	check_wiped(&d);
}

/* Headers that never end are given up; a long one is read as far as there is room for it. */
static void test_endless_headers(void **state)
{
	static struct smtp_dialog d;
	const struct line before[] = {START, MAIL, DATA, C(NEW), END};
	char junk[1024];

	(void)state;
	memset(junk, 'x', sizeof(junk));
	run(&d, before, 0, BYTES_MAX);
	feed(&d, SIDE_CLIENT, "Received: ", 10);
	for (size_t i = 0; i <= RECEIVED_BYTES_MAX / sizeof(junk); i++)
		feed(&d, SIDE_CLIENT, junk, sizeof(junk));
	assert_int_equal(d.mode[SIDE_CLIENT], SMTP_MODE_BODY);
	assert_false(d.in_headers);
	check_one(&d.facts.received);
	check_wiped(&d);
}

static void test_refusals(void **state)
{
	static struct smtp_dialog d;
	const struct line blocked[] = {START, C("MAIL FROM:<a@a.example>\r\n"),
	    S("550-5.7.230 Connecting Exchange server version is out-of-date;\r\n"
	      "550 5.7.230 connection to Exchange Online blocked for 10 mins/hr.\r\n"),
	    C("QUIT\r\n"), S("221 2.0.0 Bye\r\n"), END};
	const struct line closed[] = {S("421 4.7.66 TLS 1.0 and 1.1 are not supported.\r\n"), END};
	const struct line auth[] = {
	    START, C("AUTH PLAIN x\r\n"), S("454 4.7.0 Temporary authentication failure\r\n"), END};
	const struct line relay[] = {START,
	    C("MAIL FROM:<a@a.example>\r\nRCPT TO:<b@b.example>\r\n"),
	    S("250 2.1.0 Ok\r\n454 4.7.1 <b@tls.example>: Relay access denied\r\n"), END};
	const struct line starttls[] = {START, C("STARTTLS\r\n"), S("454 4.7.0 not now\r\n"), END};

	(void)state;
	run(&d, blocked, 0, BYTES_MAX);
	assert_int_equal(d.facts.refusal.code, 550);
	assert_int_equal(d.facts.refusal.meaning, SMTP_BLOCKED);
	run(&d, closed, 0, 1);
	assert_int_equal(d.facts.refusal.meaning, SMTP_OLD_TLS);
	run(&d, auth, 0, BYTES_MAX);
	assert_int_equal(d.facts.refusal.code, 454);
	assert_int_equal(d.facts.refusal.meaning, SMTP_ENFORCEMENT_NONE);
	run(&d, relay, 0, BYTES_MAX);
	assert_int_equal(d.facts.refusal.code, 454);
	assert_int_equal(d.facts.refusal.meaning, SMTP_ENFORCEMENT_NONE);
	run(&d, starttls, 0, BYTES_MAX);
	assert_int_equal(d.facts.refusal.meaning, SMTP_TLS_UNAVAILABLE);
}

/* What 530 to MAIL asks for: the rest of the capabilities, the text, the meaning. */
static void test_530_is_about_tls_or_auth(void **state)
{
	static struct smtp_dialog d;
	static const struct {
		const char *capabilities, *refusal;
		uint8_t meaning;
	} rows[] = {
	    {"250-STARTTLS\r\n250 SIZE\r\n", "530 5.7.0 Must issue a STARTTLS command first\r\n",
		SMTP_TLS_REQUIRED},
	    {"250-STARTTLS\r\n250 AUTH PLAIN\r\n",
		"530 5.7.0 Must issue a STARTTLS command first\r\n", SMTP_TLS_REQUIRED},
	    {"250-STARTTLS\r\n250 SIZE\r\n",
		"530-5.7.0 Must issue a STARTTLS command first. Go to\r\n530 5.7.0 RFC 3207\r\n",
		SMTP_TLS_REQUIRED},
	    {"250-STARTTLS\r\n250 AUTH PLAIN\r\n", "530 5.7.0 Authentication required\r\n",
		SMTP_ENFORCEMENT_NONE},
	    {"250-AUTH PLAIN\r\n250 SIZE\r\n", "530 5.7.0 log in first\r\n", SMTP_ENFORCEMENT_NONE},
	    {"250 SIZE\r\n", "530 5.7.0 Authentication Required\r\n", SMTP_ENFORCEMENT_NONE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct line lines[] = {S("220 mx.example.net ESMTP\r\n"),
		    C("EHLO a.example\r\n"), S("250-mx.example.net\r\n"), S(rows[i].capabilities),
		    C("MAIL FROM:<a@a.example>\r\n"), S(rows[i].refusal), END};

		run(&d, lines, 0, BYTES_MAX);
		assert_int_equal(d.facts.refusal.code, 530);
		assert_int_equal(d.facts.refusal.meaning, rows[i].meaning);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_stamps_of_messages),
	    cmocka_unit_test(test_a_later_chunk_is_no_message),
	    cmocka_unit_test(test_holes),
	    cmocka_unit_test(test_a_reply_ends_the_headers),
	    cmocka_unit_test(test_many_hops),
	    cmocka_unit_test(test_endless_headers),
	    cmocka_unit_test(test_refusals),
	    cmocka_unit_test(test_530_is_about_tls_or_auth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
