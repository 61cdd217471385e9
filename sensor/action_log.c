/* Alerts as lines for people: to syslog (RFC 3164, as syslog(3) writes it) and to the journal (its
 * native protocol). By their sockets: unlike syslog(3) that tells when nobody listens. */
#include "action_work.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "../rules/alert.h"

#define SYSLOG_SOCKET  "/dev/log"
#define JOURNAL_SOCKET "/run/systemd/journal/socket"
#define LINE_MAX_BYTES 1024 /* RFC 3164 section 4.1 */
#define ENTRY_MAX      16384

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
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ssize_t sent = -1;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd >= 0)
		sent = sendto(fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT,
		    (const struct sockaddr *)&address, sizeof(address));
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

/* "client.ip: x" -> "TLSVANE_CLIENT_IP=x": the journal's own names begin with a letter too. */
static void write_entry(FILE *to, const char *fields)
{
	for (; *fields != '\0'; fields += strcspn(fields, "\n") + 1) {
		size_t name = strcspn(fields, ":\n");

		if (fields[name] != ':' || fields[0] == '@')
			continue;
		fputs("TLSVANE_", to);
		for (size_t i = 0; i < name; i++) {
			char c = fields[i];

			putc(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c == '.' ? '_' : c, to);
		}
		fprintf(to, "=%.*s\n", (int)strcspn(fields + name + 2, "\n"), fields + name + 2);
	}
}

static enum delivery_result to_journal(const struct action_job *job, char *why)
{
	char entry[ENTRY_MAX], text[LINE_MAX_BYTES];
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
	return send_to(JOURNAL_SOCKET, entry, size < 0 ? 0 : (size_t)size, why);
}

enum delivery_result action_log(const struct action_job *job, char *why)
{
	const char *to = action_job_value(job, "to", 0);

	return to != NULL && strcmp(to, "journal") == 0 ? to_journal(job, why)
							: to_syslog(job, why);
}
