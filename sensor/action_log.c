/* Alerts as lines for people: to syslog (RFC 3164, as syslog(3) writes it) and to the journal (its
 * native protocol). By their sockets: unlike syslog(3) that tells when nobody listens. */
#include "action_work.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../rules/alert.h"
#include "log_journal.h"

#define SYSLOG_SOCKET  "/dev/log"
#define LINE_MAX_BYTES 1024 /* RFC 3164 section 4.1 */

static const struct {
	const char *word;
	unsigned number; /* RFC 5424 section 6.2.1 */
} facilities[] = {{"user", 1}, {"mail", 2}, {"daemon", 3}, {"auth", 4}, {"local0", 16},
    {"local1", 17}, {"local2", 18}, {"local3", 19}, {"local4", 20}, {"local5", 21}, {"local6", 22},
    {"local7", 23}},
  severities[] = {{"info", 6}, {"notice", 5}, {"warning", 4}, {"error", 3}, {"critical", 2}};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static unsigned facility_of(const struct action_job *job)
{
	const char *word = action_job_value(job, "facility", 0);

	for (size_t i = 0; word != NULL && i < COUNT(facilities); i++)
		if (strcmp(facilities[i].word, word) == 0)
			return facilities[i].number;
	return 2;
}

static unsigned severity_of(const struct action_job *job)
{
	const char *value;
	size_t length = alert_field(action_job_fields(job), "rule.severity", &value);

	for (size_t i = 0; i < COUNT(severities); i++)
		if (strlen(severities[i].word) == length &&
		    strncmp(severities[i].word, value, length) == 0)
			return severities[i].number;
	return 4;
}

void action_log_line(const struct action_job *job, char *line, size_t size)
{
	const char *fields = action_job_fields(job), *severity, *change, *rule, *message, *key;
	size_t severity_length = alert_field(fields, "rule.severity", &severity);
	size_t change_length = alert_field(fields, "alert.change", &change);
	size_t rule_length = alert_field(fields, "rule.name", &rule);
	size_t message_length = alert_field(fields, "alert.message", &message);
	size_t key_length = alert_field(fields, "alert.key", &key);

	snprintf(line, size, "alert: %.*s %.*s %.*s: %.*s [%.*s]", (int)severity_length, severity,
	    (int)change_length, change, (int)rule_length, rule, (int)message_length, message,
	    (int)key_length, key);
}

static enum delivery_result send_to(const char *path, const char *bytes, size_t size, char *why)
{
	int fd = log_journal_connect(path);
	ssize_t sent = fd < 0 ? -1 : send(fd, bytes, size, MSG_NOSIGNAL);

	if (sent < 0)
		snprintf(why, LIMIT_ACTION_OUTPUT, "%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return sent < 0 ? DELIVERY_FAILED : DELIVERY_DONE;
}

static enum delivery_result to_syslog(const struct action_job *job, char *why)
{
	char line[LINE_MAX_BYTES], text[LINE_MAX_BYTES - 64], date[32];
	time_t now = time(NULL);
	struct tm tm;
	int length;

	action_log_line(job, text, sizeof(text));
	if (localtime_r(&now, &tm) == NULL || strftime(date, sizeof(date), "%b %e %T", &tm) == 0)
		date[0] = '\0';
	length = snprintf(line, sizeof(line), "<%u>%s tlsvane[%ld]: %s",
	    facility_of(job) * 8 + severity_of(job), date, (long)getpid(), text);
	return send_to(SYSLOG_SOCKET, line, (size_t)length, why);
}

/* The lines "client.ip: x" of an alert. */
static void write_entry(FILE *to, const char *fields)
{
	for (; *fields != '\0'; fields += strcspn(fields, "\n") + 1) {
		size_t name = strcspn(fields, ":\n");

		if (fields[name] == ':' && fields[0] != '@')
			log_journal_put_own(
			    to, fields, name, fields + name + 2, strcspn(fields + name + 2, "\n"));
	}
}

static enum delivery_result to_journal(const struct action_job *job, char *why)
{
	char entry[LOG_JOURNAL_ENTRY], text[LINE_MAX_BYTES];
	FILE *to = fmemopen(entry, sizeof(entry), "w");
	long size;

	if (to == NULL)
		return DELIVERY_FAILED;
	action_log_line(job, text, sizeof(text));
	fprintf(to, "MESSAGE=%s\nPRIORITY=%u\nSYSLOG_FACILITY=%u\nSYSLOG_IDENTIFIER=tlsvane\n",
	    text, severity_of(job), facility_of(job));
	write_entry(to, action_job_fields(job));
	fflush(to);
	size = ftell(to);
	fclose(to);
	return send_to(LOG_JOURNAL_SOCKET, entry, size < 0 ? 0 : (size_t)size, why);
}

enum delivery_result action_log(const struct action_job *job, char *why)
{
	const char *to = action_job_value(job, "to", 0);

	return to != NULL && strcmp(to, "journal") == 0 ? to_journal(job, why)
							: to_syslog(job, why);
}
