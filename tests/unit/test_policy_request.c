/* Requests of Postfix's policy delegation protocol, whole, split and cut at every byte, and wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../parsers/policy_request.h"

/* As Postfix 3.7 writes it. */
static const char request[] =
    "request=smtpd_access_policy\nprotocol_state=RCPT\nprotocol_name=ESMTP\n"
    "client_address=192.0.2.9\nclient_name=unknown\nreverse_client_name=unknown\n"
    "helo_name=mail.example.org\nsender=alice@example.org\nrecipient=bob@example.net\n"
    "recipient_count=0\nqueue_id=\ninstance=1a2b.6543.0\nsize=301\netrn_domain=\nstress=\n"
    "sasl_method=\nsasl_username=\nsasl_sender=\nccert_subject=\nccert_issuer=\n"
    "ccert_fingerprint=\nencryption_protocol=\nencryption_cipher=\nencryption_keysize=0\n"
    "policy_context=\n\n";

static void check(const struct policy_request *r)
{
	assert_string_equal(r->client_address, "192.0.2.9");
	assert_true(r->is_access);
}

static void split_at_every_byte(void **state)
{
	const size_t length = sizeof(request) - 1;

	(void)state;
	for (size_t i = 0; i <= length; i++) {
		struct policy_request r;
		struct cursor c = cursor_over(request, i);
		int result;

		policy_request_init(&r);
		result = policy_request_feed(&r, &c);
		assert_int_equal(result, i == length ? RESULT_OK : RESULT_MORE);
		assert_int_equal(c.left, 0);
		if (i < length) {
			c = cursor_over(request + i, length - i);
			assert_int_equal(policy_request_feed(&r, &c), RESULT_OK);
		}
		check(&r);
	}
}

static void several_in_one_piece(void **state)
{
	char twice[2 * sizeof(request)];
	struct policy_request r;
	struct cursor c;

	(void)state;
	strcpy(twice, request);
	strcat(twice, request);
	c = cursor_over(twice, strlen(twice));
	for (int i = 0; i < 2; i++) {
		policy_request_init(&r);
		assert_int_equal(policy_request_feed(&r, &c), RESULT_OK);
		check(&r);
	}
	assert_int_equal(c.left, 0);
}

static int feed(struct policy_request *r, const char *text, size_t length)
{
	struct cursor c = cursor_over(text, length);

	policy_request_init(r);
	return policy_request_feed(r, &c);
}

static void what_others_write(void **state)
{
	static const struct {
		const char *text, *address;
		int result;
		bool is_access;
	} cases[] = {
	    {"\n", "", RESULT_OK, false},
	    {"request=other\nclient_address=192.0.2.1\n\n", "192.0.2.1", RESULT_OK, false},
	    {"client_address=\n\n", "", RESULT_OK, false},
	    {"client_address=::1\nclient_address=::2\n\n", "::2", RESULT_OK, false},
	    {"xclient_address=::1\nclient_addressx=::1\n\n", "", RESULT_OK, false},
	    {"a=b=c=d\n=\n==\n\n", "", RESULT_OK, false},
	    {"no equals sign\n\n", "", RESULT_BAD_VALUE, false},
	    {"request=smtpd_access_policy\r\n\r\n", "", RESULT_BAD_VALUE, false},
	};
	struct policy_request r;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(feed(&r, cases[i].text, strlen(cases[i].text)), cases[i].result);
		assert_string_equal(r.client_address, cases[i].address);
		assert_int_equal(r.is_access, cases[i].is_access);
	}
	assert_int_equal(feed(&r, "a=\0b\n", 5), RESULT_BAD_VALUE);
}

/* A line of any length is passed over, without a trace in the next one. */
static void long_lines(void **state)
{
	static const size_t lengths[] = {
	    POLICY_LINE_MAX - 1, POLICY_LINE_MAX, POLICY_LINE_MAX + 1, POLICY_ADDRESS_MAX, 100000};
	static char text[200000];
	struct policy_request r;

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		memset(text, 'x', lengths[i]);
		memcpy(text, "client_address=", 15);
		strcpy(text + lengths[i], "\nrequest=smtpd_access_policy\n\n");
		assert_int_equal(feed(&r, text, strlen(text)), RESULT_OK);
		assert_true(r.is_access);
		assert_int_equal(strlen(r.client_address),
		    lengths[i] < 15 + POLICY_ADDRESS_MAX ? lengths[i] - 15 : 0);
	}
}

static void without_an_end(void **state)
{
	struct policy_request r;
	struct cursor c;
	size_t fed = 0;
	int result = RESULT_MORE;

	(void)state;
	policy_request_init(&r);
	while (result == RESULT_MORE && fed < 2 * POLICY_REQUEST_MAX) {
		c = cursor_over("a=b\n", 4);
		result = policy_request_feed(&r, &c);
		fed += 4;
	}
	assert_int_equal(result, RESULT_TOO_LARGE);
	assert_true(fed <= POLICY_REQUEST_MAX + 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(split_at_every_byte),
	    cmocka_unit_test(several_in_one_piece),
	    cmocka_unit_test(what_others_write),
	    cmocka_unit_test(long_lines),
	    cmocka_unit_test(without_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
