/* Alerts as a message (RFC 5322) for the local sendmail. */
#include "action_work.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../rules/alert.h"
#include "../rules/rule_file.h"

#define SENDMAIL      "/usr/sbin/sendmail"
#define SUBJECT_MAX   200 /* bytes */
#define ARGUMENTS_MAX (RULES_TEXTS_MAX + 8)
#define ENCODED_WORD_MAX                                                                           \
	45 /* bytes in one encoded word: RFC 2047 section 2 bounds it to 75 letters */

static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void write_base64(FILE *to, const unsigned char *s, size_t size)
{
	for (size_t i = 0; i < size; i += 3) {
		unsigned b = (unsigned)s[i] << 16 | (i + 1 < size ? (unsigned)s[i + 1] << 8 : 0) |
			     (i + 2 < size ? s[i + 2] : 0);

		putc(base64[b >> 18 & 63], to);
		putc(base64[b >> 12 & 63], to);
		putc(i + 1 < size ? base64[b >> 6 & 63] : '=', to);
		putc(i + 2 < size ? base64[b & 63] : '=', to);
	}
}

static bool is_plain(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || (unsigned char)*text >= 0x7f)
			return false;
	return true;
}

/* What is not plain ASCII as encoded words (RFC 2047), cut between characters. */
static void write_header(FILE *to, const char *name, const char *text)
{
	size_t size;

	fprintf(to, "%s:", name);
	if (is_plain(text)) {
		fprintf(to, " %s\n", text);
		return;
	}
	for (; *text != '\0'; text += size) {
		size = strnlen(text, ENCODED_WORD_MAX);
		while (size > 1 && text[size] != '\0' && ((unsigned char)text[size] & 0xc0) == 0x80)
			size--;
		fputs(" =?UTF-8?B?", to);
		write_base64(to, (const unsigned char *)text, size);
		fputs(text[size] == '\0' ? "?=" : "?=\n", to);
	}
	putc('\n', to);
}

/* An address is written as it is, but can begin no line of its own. */
static void write_addresses(FILE *to, const char *name, const struct action_job *job)
{
	const char *address;

	for (size_t n = 0; (address = action_job_value(job, name, n)) != NULL; n++) {
		fprintf(to, n == 0 ? "%s: " : ", ", "To");
		for (; *address != '\0'; address++)
			if ((unsigned char)*address > 0x20 && *address != 0x7f)
				putc(*address, to);
	}
	putc('\n', to);
}

static void write_subject(FILE *to, const struct action_job *job, size_t count)
{
	char text[SUBJECT_MAX];
	const char *subject = action_job_value(job, "subject", 0), *severity, *change, *message;
	const char *fields = action_job_fields(job);
	int severity_length = (int)alert_field(fields, "rule.severity", &severity);
	int change_length = (int)alert_field(fields, "alert.change", &change);
	int message_length = (int)alert_field(fields, "alert.message", &message);

	if (count > 1)
		snprintf(text, sizeof(text), "[tlsvane] %zu alerts, the first: %.*s", count,
		    message_length > 120 ? 120 : message_length, message);
	else if (subject != NULL)
		snprintf(text, sizeof(text), "%s", subject);
	else
		snprintf(text, sizeof(text), "[tlsvane] %.*s, %.*s: %.*s", severity_length,
		    severity, change_length, change, message_length > 140 ? 140 : message_length,
		    message);
	write_header(to, "Subject", text);
}

static void write_headers(FILE *to, const struct action_job *job, size_t count, uint64_t now_s)
{
	const char *from = action_job_value(job, "from", 0), *uid, *id;
	size_t uid_length = alert_field(action_job_fields(job), "alert.uid", &uid);
	size_t id_length = alert_field(action_job_fields(job), "alert.id", &id);
	char host[256] = "localhost", date[64];
	time_t now = (time_t)now_s;
	struct tm tm;

	(void)gethostname(host, sizeof(host) - 1);
	if (localtime_r(&now, &tm) != NULL &&
	    strftime(date, sizeof(date), "%a, %d %b %Y %T %z", &tm) > 0)
		fprintf(to, "Date: %s\n", date);
	if (from != NULL)
		write_header(to, "From", from);
	write_addresses(to, "to", job);
	write_subject(to, job, count);
	fprintf(to, "Message-ID: <%.*s.%zu@%s>\n", (int)uid_length, uid, count, host);
	fprintf(to, "References: <%.*s@tlsvane>\n", (int)id_length, id); /* one thread an alert */
	fputs("Auto-Submitted: auto-generated\nMIME-Version: 1.0\n"
	      "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n",
	    to);
}

void action_mail_write(FILE *to, const struct action_job *jobs, size_t count, uint64_t now_s)
{
	char line[1024];
	const struct action_job *job = jobs;

	write_headers(to, jobs, count, now_s);
	for (size_t i = 0; i < count && count > 1; i++, job = job->next) {
		action_log_line(job, line, sizeof(line));
		fprintf(to, "%s\n", line + strlen("alert: "));
	}
	for (job = jobs; count > 0; count--, job = job->next) {
		action_log_line(job, line, sizeof(line));
		fprintf(to, "\n%s\n\n%s", line + strlen("alert: "), action_job_fields(job));
	}
}

static size_t fill_argv(const struct action_job *job, const char *argv[ARGUMENTS_MAX])
{
	const char *program = action_job_value(job, "sendmail", 0),
		   *from = action_job_value(job, "from", 0), *to;
	size_t count = 0;

	argv[count++] = program != NULL ? program : SENDMAIL;
	argv[count++] = "-i";
	if (from != NULL) {
		argv[count++] = "-f";
		argv[count++] = from;
	}
	argv[count++] = "--"; /* a recipient is none of its options */
	for (size_t n = 0; n < RULES_TEXTS_MAX; n++) {
		to = action_job_value(job, "to", n);
		if (to == NULL)
			break;
		argv[count++] = to;
	}
	argv[count] = NULL;
	return count;
}

int action_mail_start(
    struct action_program *p, const struct action_job *jobs, size_t count, char *why)
{
	static const char *const environment[] = {
	    "PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LANG=C.UTF-8", NULL};
	const char *argv[ARGUMENTS_MAX];
	char *message = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&message, &size);
	int result = -1;

	if (to != NULL) {
		action_mail_write(to, jobs, count, (uint64_t)time(NULL));
		if (fclose(to) == 0 &&
		    fill_argv(jobs, argv) > 0) /* exec's types; it changes nothing */
			result = action_program_start(p, (char *const *)(uintptr_t)argv,
			    (char *const *)(uintptr_t)environment, message, size,
			    LIMIT_ACTION_S * 1000u, why);
	}
	free(message);
	return result;
}
