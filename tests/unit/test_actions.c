/* Programs as they come: good, failing, missing, hanging, crashing, flooding; and what is written
 * for mail and webhooks. The processes are real. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../rules/alert.h"
#include "../../sensor/action_runner.h"
#include "../../sensor/action_work.h"
#include "../../sensor/clock.h"

static const char fields[] =
    "alert.change: new\nalert.state: firing\nalert.id: abc\nalert.uid: abc-1\n"
    "alert.key: 192.0.2.1\nalert.time: 2026-03-01T00:00:00Z\n"
    "alert.since: 2026-03-01T00:00:00Z\nalert.message: TLS 1.0 with us\n"
    "rule.name: legacy\nrule.severity: error\nserver.ip: 192.0.2.1\n"
    "tls.version: 1.0\ntlsvane.outcome: tls\n@timestamp: 2026-03-01T00:00:00Z\n";

static void nap(void)
{
	nanosleep(&(struct timespec){0, 2000000}, NULL);
}

/* Runs a shell's words as an action would be; only this test uses a shell. */
static enum delivery_result run(const char *script, const char *timeout_ns, char *why)
{
	const struct action_value values[] = {{"command", "/bin/sh"}, {"command", "-c"},
	    {"command", script}, {"command", "name"}, {"command", "first; $(false)"},
	    {"timeout", timeout_ns}};
	struct action_job *job = action_job_new("exec", "u", "{\"a\":1}\n", fields, values, 6);
	struct action_program p = {0};
	enum delivery_result result = DELIVERY_STARTED;

	why[0] = '\0';
	assert_int_equal(action_exec_start(&p, job, why), 0);
	while (!action_program_poll(&p, clock_ms(CLOCK_MONOTONIC), &result, why))
		nap();
	free(job);
	return result;
}

#define TEN_S "10000000000"

static void a_program_gets_its_words(void **state)
{
	char why[LIMIT_ACTION_OUTPUT];

	(void)state;
	assert_int_equal(run("[ \"$1\" = 'first; $(false)' ]", TEN_S, why), DELIVERY_DONE);
	assert_int_equal(run("[ \"$(cat)\" = '{\"a\":1}' ]", TEN_S, why), DELIVERY_DONE);
	assert_int_equal(
	    run("[ $TLSVANE_SERVER_IP = 192.0.2.1 ] && [ $TLSVANE_TLS_VERSION = 1.0 ] && "
		"[ $TLSVANE_OUTCOME = tls ] && [ \"$TLSVANE_ALERT_MESSAGE\" = 'TLS 1.0 with us' ] "
		"&& "
		"[ $TLSVANE_TIMESTAMP = 2026-03-01T00:00:00Z ] && [ -z \"$HOME\" ]",
		TEN_S, why),
	    DELIVERY_DONE);
	/* Its three, and the directory being read. */
	assert_int_equal(run("set -- /proc/$$/fd/*; [ $# -le 4 ]", TEN_S, why), DELIVERY_DONE);
	assert_int_equal(
	    run("set -- $(cat /proc/$$/stat); [ $5 = $$ ]", TEN_S, why), DELIVERY_DONE);
}

static void failures_say_why(void **state)
{
	const struct action_value values[] = {{"command", "/nowhere/at/all"}};
	struct action_job *job = action_job_new("exec", "u", "", fields, values, 1);
	char why[LIMIT_ACTION_OUTPUT];
	struct action_program p = {0};
	enum delivery_result result;

	(void)state;
	assert_int_equal(run("echo no such pager >&2; exit 3", TEN_S, why), DELIVERY_FAILED);
	assert_string_equal(why, "exit 3: no such pager");
	assert_int_equal(run("kill -SEGV $$", TEN_S, why), DELIVERY_FAILED);
	assert_string_equal(why, "ended by signal 11");
	assert_int_equal(action_exec_start(&p, job, why), 0);
	while (!action_program_poll(&p, clock_ms(CLOCK_MONOTONIC), &result, why))
		nap();
	assert_int_equal(result, DELIVERY_FAILED);
	assert_string_equal(why, "exit 127: /nowhere/at/all: No such file or directory");
	free(job);
}

/* Its children too. */
static void a_hanging_program_is_killed(void **state)
{
	char why[LIMIT_ACTION_OUTPUT], script[100], left[100];

	(void)state;
	/* A length of our own: the sanitized twin of this test may run at the same time. */
	snprintf(script, sizeof(script), "trap '' TERM; sleep 77.%d & sleep 77.%d", (int)getpid(),
	    (int)getpid());
	snprintf(left, sizeof(left), "pgrep -x -f 'sleep 77.%d' >/dev/null", (int)getpid());
	assert_int_equal(run(script, "200000000", why), DELIVERY_FAILED);
	assert_string_equal(why, "killed, its time was over");
	assert_int_not_equal(system(left), 0);
}

static void a_flood_is_thrown_away(void **state)
{
	char why[LIMIT_ACTION_OUTPUT];

	(void)state;
	assert_int_equal(
	    run("yes flooding | head -c 50000000; exit 9", TEN_S, why), DELIVERY_FAILED);
	assert_string_equal(why, "exit 9: flooding");
	assert_int_equal(run("head -c 300000 /dev/zero; exit 9", TEN_S, why), DELIVERY_FAILED);
	assert_int_equal(strlen(why) < LIMIT_ACTION_OUTPUT, 1);
	assert_int_equal(run("yes | head -c 5000000 >&2", TEN_S, why), DELIVERY_DONE);
}

static char *written(void (*write)(FILE *, const struct action_job *, size_t),
    const struct action_job *job, size_t count)
{
	char *text;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	write(to, job, count);
	fclose(to);
	return text;
}

static void write_mail(FILE *to, const struct action_job *jobs, size_t count)
{
	action_mail_write(to, jobs, count, 1772323200);
}

static void a_mail_is_a_message(void **state)
{
	const struct action_value values[] = {{"to", "a@example.org"},
	    {"to", "b@example.org\nBcc: everybody@example.org"}, {"subject", "Grüße\r\nBcc: x@y"},
	    {"from", "tlsvane@example.org"}};
	struct action_job *job = action_job_new("mail", "u", "{}\n", fields, values, 4);
	char *text = written(write_mail, job, 1);

	(void)state;
	assert_non_null(
	    strstr(text, "To: a@example.org, b@example.orgBcc:everybody@example.org\n"));
	assert_null(strstr(text, "\nBcc:"));
	assert_non_null(strstr(text, "From: tlsvane@example.org\n"));
	assert_non_null(strstr(text, "Subject: =?UTF-8?B?R3LDvMOfZQ0KQmNjOiB4QHk=?=\n"));
	assert_non_null(strstr(text, "Auto-Submitted: auto-generated\n"));
	assert_non_null(strstr(text, "\n\nerror new legacy: TLS 1.0 with us [192.0.2.1]"));
	assert_non_null(strstr(text, "\ntls.version: 1.0\n"));
	free(text);
	free(job);
}

static void a_digest_lists_its_alerts(void **state)
{
	const struct action_value values[] = {{"to", "a@example.org"}};
	struct action_job *job = action_job_new("mail", "u", "{}\n", fields, values, 1);
	char *text;

	(void)state;
	job->next = action_job_new("mail", "v", "{}\n", fields, values, 1);
	text = written(write_mail, job, 2);
	assert_non_null(strstr(text, "Subject: [tlsvane] 2 alerts, the first: TLS 1.0 with us\n"));
	free(text);
	free(job->next);
	free(job);
}

static void a_webhook_has_three_forms(void **state)
{
	const struct action_value own[] = {{"url", "http://x"}},
				  group[] = {{"format", "alertmanager"}},
				  api[] = {{"format", "alertmanager-api"}};
	struct action_job *job = action_job_new("webhook", "u", "{\"a\":1}\n", fields, own, 1);
	char *text = written(action_webhook_write, job, 1);

	(void)state;
	assert_string_equal(text, "{\"alerts\":[{\"a\":1}]}");
	free(text);
	free(job);
	job = action_job_new("webhook", "u", "{}\n", fields, group, 1);
	text = written(action_webhook_write, job, 1);
	assert_non_null(strstr(text, "\"version\":\"4\""));
	assert_non_null(
	    strstr(text, "\"labels\":{\"alertname\":\"legacy\",\"severity\":\"error\""));
	free(text);
	free(job);
	job = action_job_new("webhook", "u", "{}\n", fields, api, 1);
	text = written(action_webhook_write, job, 1);
	assert_int_equal(text[0], '[');
	assert_non_null(strstr(text, "\"startsAt\":\"2026-03-01T00:00:00Z\""));
	assert_null(strstr(text, "endsAt"));
	free(text);
	free(job);
}

struct answered {
	uint64_t number;
	enum delivery_result result;
	unsigned count;
	char why[LIMIT_ACTION_OUTPUT];
};

static void take_answer(
    void *context, uint64_t number, enum delivery_result result, const char *why)
{
	struct answered *a = context;

	a->number = number;
	a->result = result;
	a->count++;
	snprintf(a->why, sizeof(a->why), "%s", why);
}

static void the_process_answers(void **state)
{
	const struct action_value values[] = {
	    {"command", "/bin/sh"}, {"command", "-c"}, {"command", "id -u; exit 4"}};
	struct action_job *job = action_job_new("exec", "u", "{}\n", fields, values, 3);
	struct action_runner *r = action_runner_start();
	struct answered a = {0};

	(void)state;
	assert_non_null(r);
	for (uint64_t i = 1; i <= 3; i++)
		assert_int_equal(action_runner_send(r, i, job, 1, NULL), 0);
	for (int i = 0; i < 2000 && a.count < 3; i++) {
		assert_int_equal(action_runner_pump(r, take_answer, &a), 0);
		nap();
	}
	assert_int_equal(a.count, 3);
	assert_int_equal(a.result, DELIVERY_FAILED);
	if (geteuid() == 0) /* not as root */
		assert_string_not_equal(a.why, "exit 4: 0");
	action_runner_stop(r);
	free(job);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_program_gets_its_words),
	    cmocka_unit_test(failures_say_why),
	    cmocka_unit_test(a_hanging_program_is_killed),
	    cmocka_unit_test(a_flood_is_thrown_away),
	    cmocka_unit_test(a_mail_is_a_message),
	    cmocka_unit_test(a_digest_lists_its_alerts),
	    cmocka_unit_test(a_webhook_has_three_forms),
	    cmocka_unit_test(the_process_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
