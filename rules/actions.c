/* The actions and their parameters. The code that acts is the sensor's: action_*.c. */
#include "actions.h"

static const char *const log_targets[] = {"stderr", "syslog", "journal", NULL};
static const char *const facilities[] = {"mail", "daemon", "user", "auth", "local0", "local1",
    "local2", "local3", "local4", "local5", "local6", "local7", NULL};
static const char *const formats[] = {"tlsvane", "alertmanager", "alertmanager-api", NULL};

static const struct action_parameter log_parameters[] = {
    {"to", PARAMETER_WORD, false, log_targets, "Where the line goes (stderr).", "syslog"},
    {"facility", PARAMETER_WORD, false, facilities, "The syslog facility (mail).", "local3"},
};

static const struct action_parameter json_parameters[] = {
    {"file", PARAMETER_PATH, true, NULL, "The file to which a line of JSON is added.",
	"/var/log/tlsvane/alerts.json"},
};

static const struct action_parameter redis_parameters[] = {
    {"channel", PARAMETER_TEXT, false, NULL,
	"The channel on which it is published too (tlsvane:alerts).", "tlsvane:alerts"},
};

static const struct action_parameter exec_parameters[] = {
    {"command", PARAMETER_COMMAND, true, NULL, "The program and its arguments; no shell.",
	"[/usr/local/bin/page, \"{server.ip}\"]"},
    {"timeout", PARAMETER_DURATION, false, NULL, "It is killed after so long (30s).", "10s"},
    {"rate", PARAMETER_NUMBER, false, NULL,
	"It is started so often a minute at most (60); the rest waits.", "6"},
};

static const struct action_parameter mail_parameters[] = {
    {"to", PARAMETER_TEMPLATES, true, NULL, "The recipients.", "postmaster@example.org"},
    {"from", PARAMETER_TEXT, false, NULL, "The sender (sendmail's own).", "tlsvane@example.org"},
    {"subject", PARAMETER_TEMPLATE, false, NULL, "The subject (severity, change and message).",
	"TLS 1.0 with {server.ip}"},
    {"digest", PARAMETER_DURATION, false, NULL,
	"What comes sooner than so long after the last message goes together into the next (15m).",
	"1h"},
    {"sendmail", PARAMETER_PATH, false, NULL, "The program (/usr/sbin/sendmail).",
	"/usr/sbin/sendmail"},
};

static const struct action_parameter webhook_parameters[] = {
    {"url", PARAMETER_URL, true, NULL, "Where it is posted to; http or https.",
	"https://hooks.example.org/tlsvane"},
    {"format", PARAMETER_WORD, false, formats,
	"The body: our own (tlsvane), what Alertmanager sends to webhooks (alertmanager), or what "
	"its "
	"/api/v2/alerts takes (alertmanager-api).",
	"alertmanager"},
    {"timeout", PARAMETER_DURATION, false, NULL, "It fails after so long (30s).", "10s"},
    {"digest", PARAMETER_DURATION, false, NULL,
	"What comes sooner than so long after the last request goes together into the next (0s).",
	"1m"},
    {"token_file", PARAMETER_PATH, false, NULL,
	"A file whose first line is sent as the bearer token.", "/etc/tlsvane/webhook.token"},
};

#define ROW(name_, help_)                                                                          \
	{                                                                                          \
#name_, name_##_parameters,                                                        \
		    sizeof(name_##_parameters) / sizeof(name_##_parameters[0]), help_              \
	}

const struct action_kind action_kinds[] = {
    ROW(log, "A line on standard error, to syslog or to the journal."),
    ROW(json, "A line of JSON added to a file."),
    ROW(redis, "An entry of the stream tlsvane:alerts:<sensor>, and a message on a channel."),
    ROW(exec, "Starts a program: JSON on its standard input, TLSVANE_... in its environment."),
    ROW(mail, "A message by the local sendmail."),
    ROW(webhook, "An HTTP POST with a body of JSON."),
};

const size_t action_kind_count = sizeof(action_kinds) / sizeof(action_kinds[0]);
