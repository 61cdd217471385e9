/* Enhanced status codes, and which of them are about TLS. */
#include "../../parsers/smtp_status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static void keep(struct smtp_refusal *refusal, const char *line, bool of_another)
{
	struct smtp_reply reply;

	assert_true(smtp_reply_read(cursor_over(line, strlen(line)), &reply));
	smtp_refusal_keep(refusal, &reply, of_another);
}

static void test_refusals(void **state)
{
	static const struct {
		const char *line, *status;
		uint8_t meaning;
	} rows[] = {
	    {"450 4.7.230 Connecting Exchange server version is out-of-date; throttled for 5 mins",
		"4.7.230", SMTP_THROTTLED},
	    {"550 5.7.230 Connecting Exchange server version is out-of-date; blocked for 10 mins",
		"5.7.230", SMTP_BLOCKED},
	    {"421 4.7.66 TLS 1.0 and 1.1 are not supported.", "4.7.66", SMTP_OLD_TLS},
	    {"450 4.7.321 starttls-not-supported", "4.7.321", SMTP_STARTTLS_NOT_SUPPORTED},
	    {"550 5.7.322 certificate-expired", "5.7.322", SMTP_CERTIFICATE_EXPIRED},
	    {"450 4.7.323 tlsa-invalid", "4.7.323", SMTP_TLSA_INVALID},
	    {"450 4.7.324 dnssec-invalid", "4.7.324", SMTP_DNSSEC_INVALID},
	    {"450 4.7.325 certificate-host-mismatch", "4.7.325", SMTP_CERTIFICATE_MISMATCH},
	    {"454 4.7.0 TLS not available due to temporary reason", "4.7.0", SMTP_TLS_UNAVAILABLE},
	    {"454 4.7.5 x", "4.7.5", SMTP_TLS_UNAVAILABLE},
	    {"454 TLS not available", "", SMTP_TLS_UNAVAILABLE},
	    {"530 5.7.0 Must issue a STARTTLS command first", "5.7.0", SMTP_TLS_REQUIRED},
	    {"421-4.7.29 Your email has been rate limited", "4.7.29", SMTP_TLS_REQUIRED},
	    {"523 5.7.10 Encryption needed", "5.7.10", SMTP_TLS_REQUIRED},
	    {"450 4.7.1 Greylisted", "4.7.1", SMTP_ENFORCEMENT_NONE},
	    {"550 5.1.1 No such user", "5.1.1", SMTP_ENFORCEMENT_NONE},
	    {"450 5.7.230 another class", "", SMTP_ENFORCEMENT_NONE},
	    {"550 5.7.2300 too long", "", SMTP_ENFORCEMENT_NONE},
	    {"550 5.7.230.1 one more", "", SMTP_ENFORCEMENT_NONE},
	    {"550 5.7", "", SMTP_ENFORCEMENT_NONE},
	    {"550 5.7.", "", SMTP_ENFORCEMENT_NONE},
	    {"550 ", "", SMTP_ENFORCEMENT_NONE},
	    {"550 5.999.999", "5.999.999", SMTP_ENFORCEMENT_NONE},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct smtp_refusal r = {.code = 0};
		char text[SMTP_STATUS_TEXT_MAX];

		keep(&r, rows[i].line, false);
		assert_string_equal(smtp_status_text(&r, text), rows[i].status);
		assert_int_equal(r.meaning, rows[i].meaning);
		assert_true(r.meaning == 0 || smtp_enforcement_names[r.meaning] != NULL);
	}
}

static void test_a_meaning_stays_until_another_comes(void **state)
{
	struct smtp_refusal r = {.code = 0};

	(void)state;
	keep(&r, "550 5.1.1 No such user", false);
	assert_int_equal(r.code, 550);
	keep(&r, "450 4.7.230 throttled", false);
	assert_int_equal(r.code, 450);
	keep(&r, "501 5.5.2 Syntax error", false);
	assert_int_equal(r.meaning, SMTP_THROTTLED);
	keep(&r, "550 5.7.230 blocked", false);
	assert_int_equal(r.meaning, SMTP_BLOCKED);
}

static void test_auth_has_codes_of_its_own(void **state)
{
	struct smtp_refusal r = {.code = 0};

	(void)state;
	keep(&r, "454 4.7.0 Temporary authentication failure", true);
	assert_int_equal(r.code, 454);
	assert_int_equal(r.meaning, SMTP_ENFORCEMENT_NONE);
	keep(&r, "530 5.7.0 Authentication required", true);
	assert_int_equal(r.meaning, SMTP_ENFORCEMENT_NONE);
	keep(&r, "538 5.7.11 Encryption required for requested authentication mechanism", false);
	assert_int_equal(r.meaning, SMTP_TLS_REQUIRED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_refusals),
	    cmocka_unit_test(test_a_meaning_stays_until_another_comes),
	    cmocka_unit_test(test_auth_has_codes_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
