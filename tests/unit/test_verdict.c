/* Outcome, legacy side and confidence, a row a case. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../parsers/smtp_status.h"
#include "../../parsers/tls_hello.h"
#include "../../sensor/verdict.h"

#define SEEN	       .end.client_seen = true, .end.server_seen = true, .smtp = true
#define CLOSED	       .end.closed = true, .end.ended = true
#define HELLOS	       .client_hello = true, .server_hello = true
#define BOTH_ENCRYPTED .client_encrypted = true, .server_encrypted = true

struct verdict_case {
	const char *name;
	struct verdict_facts facts;
	struct record r;
	const char *outcome, *legacy_side, *confidence;
};

static const struct verdict_case cases[] = {
    {"a modern session", {SEEN, CLOSED, HELLOS, BOTH_ENCRYPTED},
	{.tls_version = TLS_VERSION_13, .client_max_version = TLS_VERSION_13}, "tls", "none",
	"full"},
    {"the server can no more than 1.0", {SEEN, CLOSED, HELLOS, BOTH_ENCRYPTED},
	{.tls_version = TLS_VERSION_10, .client_max_version = TLS_VERSION_12}, "tls", "server",
	"full"},
    {"... also when the client fell back on purpose", {SEEN, CLOSED, HELLOS, BOTH_ENCRYPTED},
	{.tls_version = TLS_VERSION_11,
	    .client_max_version = TLS_VERSION_11,
	    .fallback_scsv = RECORD_TRUE},
	"tls", "server", "full"},
    {"the client can no more than 1.0", {SEEN, CLOSED, HELLOS, BOTH_ENCRYPTED},
	{.tls_version = TLS_VERSION_10,
	    .client_max_version = TLS_VERSION_10,
	    .sentinel = TLS_SENTINEL_11},
	"tls", "client", "full"},
    {"both could do more", {SEEN, CLOSED, HELLOS, BOTH_ENCRYPTED},
	{.tls_version = TLS_VERSION_10,
	    .client_max_version = TLS_VERSION_12,
	    .sentinel = TLS_SENTINEL_11},
	"tls", "downgrade", "full"},
    {"SSL 3", {SEEN, CLOSED, HELLOS, BOTH_ENCRYPTED},
	{.tls_version = TLS_VERSION_SSL3, .client_max_version = TLS_VERSION_SSL3}, "tls", "client",
	"full"},
    {"an old version, the ClientHello not seen",
	{.end.server_seen = true,
	    .smtp = true,
	    .server_hello = true,
	    .server_encrypted = true,
	    CLOSED},
	{.tls_version = TLS_VERSION_10}, "tls", "unknown", "server_only"},
    {"early data, the server not seen",
	{.end.client_seen = true, .smtp = true, .client_hello = true, .early_data = true, CLOSED},
	{.client_max_version = TLS_VERSION_13}, "unknown", "unknown", "client_only"},
    {"early data, and no ServerHello", {SEEN, CLOSED, .client_hello = true, .early_data = true},
	{.client_max_version = TLS_VERSION_13}, "tls_failed", "unknown", "full"},
    {"refused with a fatal alert", {SEEN, CLOSED, .client_hello = true, .fatal_alert = true},
	{.client_max_version = TLS_VERSION_12,
	    .alert_level = 2,
	    .alert_code = 40,
	    .alert_side = RECORD_SIDE_SERVER},
	"tls_failed", "unknown", "full"},
    {"protocol_version from the server blames the client",
	{SEEN, CLOSED, .client_hello = true, .fatal_alert = true},
	{.client_max_version = TLS_VERSION_10,
	    .alert_level = 2,
	    .alert_code = 70,
	    .alert_side = RECORD_SIDE_SERVER},
	"tls_failed", "client", "full"},
    {"... also one that offered TLS 1.2, where only 1.3 is wanted",
	{SEEN, CLOSED, .client_hello = true, .fatal_alert = true},
	{.client_max_version = TLS_VERSION_12,
	    .alert_level = 2,
	    .alert_code = 70,
	    .alert_side = RECORD_SIDE_SERVER},
	"tls_failed", "client", "full"},
    {"... but not one that offered TLS 1.2 and 1.3",
	{SEEN, CLOSED, .client_hello = true, .fatal_alert = true},
	{.client_max_version = TLS_VERSION_13,
	    .client_min_version = TLS_VERSION_10,
	    .alert_level = 2,
	    .alert_code = 70,
	    .alert_side = RECORD_SIDE_SERVER},
	"tls_failed", "server", "full"},
    {"... nor anybody where the client wants more than TLS 1.2",
	{SEEN, CLOSED, .client_hello = true, .fatal_alert = true},
	{.client_max_version = TLS_VERSION_13,
	    .client_min_version = TLS_VERSION_13,
	    .alert_level = 2,
	    .alert_code = 70,
	    .alert_side = RECORD_SIDE_SERVER},
	"tls_failed", "unknown", "full"},
    {"protocol_version from the client blames the server",
	{SEEN, CLOSED, HELLOS, .fatal_alert = true},
	{.tls_version = TLS_VERSION_10,
	    .client_max_version = TLS_VERSION_13,
	    .alert_level = 2,
	    .alert_code = 70,
	    .alert_side = RECORD_SIDE_CLIENT},
	"tls_failed", "server", "full"},
    {"... but nobody where the ServerHello that it answers was not read",
	{SEEN, CLOSED, .client_hello = true, .fatal_alert = true},
	{.client_max_version = TLS_VERSION_13,
	    .alert_level = 2,
	    .alert_code = 70,
	    .alert_side = RECORD_SIDE_CLIENT},
	"tls_failed", "unknown", "full"},
    {"protocol_version, the client not seen",
	{.end.server_seen = true, .smtp = true, CLOSED, .fatal_alert = true},
	{.alert_level = 2, .alert_code = 70, .alert_side = RECORD_SIDE_SERVER}, "tls_failed",
	"unknown", "server_only"},
    {"closed in the middle of the handshake", {SEEN, CLOSED, HELLOS, .client_encrypted = true},
	{.tls_version = TLS_VERSION_12, .client_max_version = TLS_VERSION_12}, "tls_failed", "none",
	"full"},
    {"... or there where bytes are missing", {SEEN, CLOSED, HELLOS, .gap = true},
	{.tls_version = TLS_VERSION_12, .client_max_version = TLS_VERSION_12}, "unknown", "none",
	"gap"},
    {"closed, the client's side alone",
	{.end.client_seen = true,
	    .smtp = true,
	    CLOSED,
	    .client_hello = true,
	    .client_encrypted = true},
	{.client_max_version = TLS_VERSION_12, .starttls_requested = RECORD_TRUE}, "unknown",
	"unknown", "client_only"},
    {"the capture ends within the handshake", {SEEN, .client_hello = true},
	{.client_max_version = TLS_VERSION_12, .starttls_reply = 220}, "unknown", "unknown",
	"full"},
    {"refused with 454", {SEEN, CLOSED, .capabilities = true},
	{.starttls_offered = RECORD_TRUE,
	    .starttls_requested = RECORD_TRUE,
	    .starttls_reply = 454,
	    .plaintext_mail = RECORD_TRUE},
	"starttls_refused", "unknown", "full"},
    {"any other reply than 220 refuses", {SEEN, CLOSED, .capabilities = true},
	{.starttls_requested = RECORD_TRUE, .starttls_reply = 250}, "starttls_refused", "unknown",
	"full"},
    {"... unless the client begins TLS", {SEEN, .capabilities = true, .client_hello = true},
	{.starttls_requested = RECORD_TRUE, .starttls_reply = 250}, "unknown", "unknown", "full"},
    {"an alert instead of a hello", {SEEN, CLOSED, .capabilities = true, .fatal_alert = true},
	{.starttls_requested = RECORD_TRUE,
	    .starttls_reply = 220,
	    .alert_level = 2,
	    .alert_code = 80,
	    .alert_side = RECORD_SIDE_CLIENT},
	"starttls_abandoned", "unknown", "full"},
    {"... or behind a hello that cannot be read",
	{SEEN, CLOSED, .capabilities = true, .fatal_alert = true, .malformed = true},
	{.starttls_requested = RECORD_TRUE,
	    .starttls_reply = 220,
	    .alert_level = 2,
	    .alert_code = 50,
	    .alert_side = RECORD_SIDE_SERVER},
	"tls_failed", "unknown", "full"},
    {"... or behind one that is missing",
	{SEEN, CLOSED, .capabilities = true, .fatal_alert = true, .gap = true},
	{.starttls_requested = RECORD_TRUE,
	    .starttls_reply = 220,
	    .alert_level = 2,
	    .alert_code = 40,
	    .alert_side = RECORD_SIDE_SERVER},
	"tls_failed", "unknown", "gap"},
    {"abandoned after the 220", {SEEN, CLOSED, .capabilities = true},
	{.starttls_offered = RECORD_TRUE, .starttls_requested = RECORD_TRUE, .starttls_reply = 220},
	"starttls_abandoned", "unknown", "full"},
    {"the capture ends after the 220", {SEEN, .capabilities = true},
	{.starttls_offered = RECORD_TRUE, .starttls_requested = RECORD_TRUE, .starttls_reply = 220},
	"unknown", "unknown", "full"},
    {"offered and unused", {SEEN, .capabilities = true},
	{.starttls_offered = RECORD_TRUE,
	    .starttls_requested = RECORD_FALSE,
	    .plaintext_mail = RECORD_TRUE},
	"starttls_unused", "unknown", "full"},
    {"not offered", {SEEN, CLOSED, .capabilities = true},
	{.starttls_offered = RECORD_FALSE, .plaintext_mail = RECORD_TRUE}, "starttls_not_offered",
	"unknown", "full"},
    {"HELO alone offers nothing", {SEEN, CLOSED, .helo = true}, {.plaintext_mail = RECORD_TRUE},
	"starttls_not_offered", "unknown", "full"},
    {"neither HELO nor EHLO does, either", {SEEN, CLOSED}, {.plaintext_mail = RECORD_TRUE},
	"starttls_not_offered", "unknown", "full"},
    {"EHLO whose reply was not seen", {SEEN, CLOSED, .ehlo = true}, {.plaintext_mail = RECORD_TRUE},
	"unknown", "unknown", "full"},
    {"mail, its beginning not seen", {SEEN, CLOSED, .midstream = true},
	{.plaintext_mail = RECORD_TRUE}, "unknown", "unknown", "midstream"},
    {"EHLO and QUIT", {SEEN, CLOSED, .capabilities = true},
	{.starttls_offered = RECORD_TRUE, .plaintext_mail = RECORD_FALSE}, "no_mail", "unknown",
	"full"},
    {"a health check", {.end.client_seen = true, .end.server_seen = true, .silent = true, CLOSED},
	{0}, "no_mail", "unknown", "full"},
    {"something was said, and it is not known what",
	{.end.client_seen = true, .end.server_seen = true, CLOSED}, {0}, "unknown", "unknown",
	"full"},
    {"no mail so far", {SEEN, .capabilities = true}, {.starttls_offered = RECORD_TRUE}, "unknown",
	"unknown", "full"},
    {"no mail in what is left", {SEEN, CLOSED, .gap = true}, {0}, "unknown", "unknown", "gap"},
    {"HTTP", {.end.client_seen = true, .end.server_seen = true, CLOSED, .foreign = true}, {0},
	"not_smtp", "unknown", "full"},
};

static void verdicts(void **state)
{
	struct record r;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct verdict_case *c = &cases[i];

		r = c->r;
		verdict_judge(&r, &c->facts);
		if (strcmp(record_outcome_name(r.outcome), c->outcome) != 0 ||
		    strcmp(record_legacy_side_name(r.legacy_side), c->legacy_side) != 0 ||
		    strcmp(record_confidence_name(r.confidence), c->confidence) != 0)
			fail_msg("%s: got %s, %s, %s", c->name, record_outcome_name(r.outcome),
			    record_legacy_side_name(r.legacy_side),
			    record_confidence_name(r.confidence));
	}
}

/* Mail in the clear that the server wants TLS for: taken, or not, or not known. */
static void mail_is_refused_for_want_of_tls(void **state)
{
	struct verdict_facts facts = {SEEN, CLOSED, .capabilities = true};
	struct record r;

	(void)state;
	record_init(&r);
	verdict_judge(&r, &facts);
	assert_int_equal(r.plaintext_refused, RECORD_ABSENT);
	r.plaintext_mail = RECORD_TRUE;
	verdict_judge(&r, &facts);
	assert_int_equal(r.plaintext_refused, RECORD_FALSE);
	r.enforcement = SMTP_TLS_REQUIRED;
	verdict_judge(&r, &facts);
	assert_int_equal(r.plaintext_refused, RECORD_TRUE);
	facts.gap = true;
	verdict_judge(&r, &facts);
	assert_int_equal(r.plaintext_refused, RECORD_FALSE);
	facts.gap = false;
	r.events[r.event_count++] = (struct record_event){.what = 354, .times = 1};
	verdict_judge(&r, &facts);
	assert_int_equal(r.plaintext_refused, RECORD_FALSE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(verdicts), cmocka_unit_test(mail_is_refused_for_want_of_tls)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
