/* A session's transcript, out of the fields of its record. */
#include "transcript.h"

#include <stdlib.h>
#include <string.h>

#include "table.h"

#define TOKEN_MAX  32 /* bytes of one event: "660000<250*65535" */
#define EVENTS_MAX (RECORD_EVENTS_MAX + 1)

struct event {
	unsigned long ms, times;
	char mark; /* '<' from the server, '>' from the client, '-' bytes missing, '+' more */
	char what[TOKEN_MAX];
};

struct writing {
	FILE *to;
	const struct evidence *e;
	bool color;
	struct event events[EVENTS_MAX];
	size_t count;
};

static const char *value(const struct writing *w, const char *name)
{
	return evidence_value(w->e, name);
}

static bool is(const struct writing *w, const char *name, const char *what)
{
	const char *text = value(w, name);

	return text != NULL && what != NULL && strcmp(text, what) == 0;
}

/* ---- Events ---- */

/* "12<250*2", "0>EHLO", "7-", "+3" */
static bool read_event(const char *token, size_t length, struct event *event)
{
	char text[TOKEN_MAX], *at = text, *star;

	if (length >= sizeof(text))
		return false;
	snprintf(text, sizeof(text), "%.*s", (int)length, token);
	*event = (struct event){.times = 1};
	if (*at != '+')
		event->ms = strtoul(at, &at, 10);
	event->mark = *at;
	if (*at == '\0' || strchr("<>-+", *at) == NULL)
		return false;
	star = strchr(at, '*');
	if (star != NULL) {
		*star = '\0';
		event->times = strtoul(star + 1, NULL, 10);
	}
	snprintf(event->what, sizeof(event->what), "%s", at + 1);
	return true;
}

static void read_events(struct writing *w)
{
	const char *text = value(w, "tlsvane.transcript");

	while (text != NULL && *text != '\0' && w->count < EVENTS_MAX) {
		size_t length = strcspn(text, " ");

		w->count += read_event(text, length, &w->events[w->count]);
		text += length + strspn(text + length, " ");
	}
}

static bool is_hello(const struct event *event)
{
	return event->mark == '>' &&
	       (strcmp(event->what, "EHLO") == 0 || strcmp(event->what, "HELO") == 0 ||
		   strcmp(event->what, "LHLO") == 0);
}

static size_t last_hello(const struct writing *w)
{
	size_t last = w->count;

	for (size_t i = 0; i < w->count; i++)
		if (is_hello(&w->events[i]))
			last = i;
	return last;
}

/* ---- Lines ---- */

static void begin_line(const struct writing *w, unsigned long ms, const char *mark)
{
	fprintf(w->to, "  %s%5lu.%03lu%s  %s ", style_on(STYLE_DIM, w->color), ms / 1000, ms % 1000,
	    style_off(STYLE_DIM, w->color), mark);
}

static void begin_remark(const struct writing *w, enum style style)
{
	fprintf(w->to, "             %s=== ", style_on(style, w->color));
}

static void end_remark(const struct writing *w, enum style style)
{
	fprintf(w->to, "%s\n", style_off(style, w->color));
}

static void remark(const struct writing *w, enum style style, const char *before, const char *text,
    const char *after)
{
	if (text == NULL)
		return;
	begin_remark(w, style);
	fputs(before, w->to);
	write_clean(w->to, text);
	fputs(after, w->to);
	end_remark(w, style);
}

/* What stands behind a verb was never kept; this shows that there was something. */
static const struct {
	const char *verb, *behind;
} left_out[] = {
    {"MAIL", " FROM:<...>"},
    {"RCPT", " TO:<...>"},
    {"AUTH", " ..."},
    {"X-EXPS", " ..."},
    {"BDAT", " ... (message left out)"},
    {"?", " (no command of SMTP, left out)"},
};

static void write_command(const struct writing *w, const struct event *event, bool named)
{
	const char *helo = value(w, "smtp.helo");

	begin_line(w, event->ms, "-->");
	if (strcmp(event->what, "?") != 0)
		fputs(event->what, w->to);
	if (named && helo != NULL) {
		putc(' ', w->to);
		write_clean(w->to, helo);
	}
	for (size_t i = 0; i < sizeof(left_out) / sizeof(left_out[0]); i++)
		if (strcmp(event->what, left_out[i].verb) == 0)
			fputs(left_out[i].behind, w->to);
	if (event->times > 1)
		fprintf(w->to, "  (%lu times)", event->times);
	putc('\n', w->to);
}

static void write_reply(const struct writing *w, const struct event *event, const char *text)
{
	begin_line(w, event->ms, "<--");
	write_clean(w->to, event->what);
	if (text != NULL) {
		putc(' ', w->to);
		write_clean(w->to, text);
	}
	if (event->times > 1)
		fprintf(w->to, "  (%lu times)", event->times);
	putc('\n', w->to);
	if (strcmp(event->what, "354") == 0)
		fputs("             --> (message left out)\n", w->to);
	if (strcmp(event->what, "334") == 0)
		fputs("             --> (response left out)\n", w->to);
}

static void write_dialog(const struct writing *w)
{
	size_t hello = last_hello(w);

	for (size_t i = 0; i < w->count; i++) {
		const struct event *event = &w->events[i];

		if (event->mark == '>')
			write_command(w, event, i == hello);
		else if (event->mark == '<')
			write_reply(w, event,
			    i == 0 ? value(w, "smtp.banner")
			    : i == hello + 1 && event->what[0] == '2'
				? value(w, "smtp.capabilities")
				: NULL);
		else if (event->mark == '+')
			fprintf(w->to, "             ... %s more lines\n", event->what);
		else
			remark(w, STYLE_WARN, "", "bytes are missing here", "");
	}
}

/* ---- TLS, in words ---- */

static const char *version_name(
    const char *protocol, const char *number, char text[16], const char *otherwise)
{
	if (number == NULL)
		return otherwise;
	snprintf(text, 16, "%s %.8s",
	    protocol != NULL && strcmp(protocol, "ssl") == 0 ? "SSL" : "TLS", number);
	return text;
}

static void write_offer(const struct writing *w)
{
	const char *min = value(w, "tls.client.min_version"),
		   *max = value(w, "tls.client.max_version"),
		   *name = value(w, "tls.client.server_name");

	if (max == NULL)
		return;
	begin_remark(w, STYLE_PLAIN);
	if (min == NULL)
		fprintf(w->to, "the client offered up to TLS %s", max);
	else if (strcmp(min, max) == 0)
		fprintf(w->to, "the client offered TLS %s alone", max);
	else
		fprintf(w->to, "the client offered TLS %s to %s", min, max);
	if (is(w, "tls.client.fallback_scsv", "true"))
		fputs(" and said that it can do more (FALLBACK_SCSV)", w->to);
	if (name != NULL) {
		fputs(", and asked for ", w->to);
		write_clean(w->to, name);
	}
	end_remark(w, STYLE_PLAIN);
}

static void write_choice(const struct writing *w)
{
	static const char *const rows[][2] = {
	    {"tls.cipher", ", "}, {"tls.curve", ", "}, {"tls.dh_bits", ", DHE bits "}};
	const char *number = value(w, "tls.version"), *side = value(w, "tlsvane.legacy_side");
	bool old = side != NULL && strcmp(side, "none") != 0 && number != NULL;
	char version[16];

	if (number == NULL)
		return;
	begin_remark(w, old ? STYLE_BAD : STYLE_PLAIN);
	fprintf(w->to, "the server chose %s",
	    version_name(value(w, "tls.version_protocol"), number, version, ""));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (value(w, rows[i][0]) != NULL)
			fprintf(w->to, "%s%s", rows[i][1], value(w, rows[i][0]));
	if (is(w, "tls.resumed", "true"))
		fputs(", resuming an earlier session", w->to);
	end_remark(w, old ? STYLE_BAD : STYLE_PLAIN);
	remark(w, STYLE_WARN, "the server's random says that it can do more than TLS ",
	    value(w, "tls.server.downgrade_sentinel"), "");
}

/* As of the session: times of one form are ordered as their text. */
static const char *validity(const struct writing *w)
{
	const char *at = value(w, "@timestamp"), *before = value(w, "tls.server.not_before"),
		   *after = value(w, "tls.server.not_after");
	size_t seconds = strlen("2026-03-01T08:15:30");

	if (at != NULL && after != NULL && strncmp(after, at, seconds) < 0)
		return ", expired";
	if (at != NULL && before != NULL && strncmp(before, at, seconds) > 0)
		return ", not yet valid";
	return "";
}

/* Not its names: they may be addresses of people. */
static void write_certificate(const struct writing *w)
{
	const char *type = value(w, "tls.server.key_type"), *bits = value(w, "tls.server.key_bits");

	if (type == NULL)
		return;
	begin_remark(w, STYLE_PLAIN);
	fprintf(w->to, "its certificate: %s %s%s", type, bits != NULL ? bits : "",
	    bits != NULL ? " bits" : "");
	if (value(w, "tls.server.not_after") != NULL)
		fprintf(w->to, ", until %.10s%s", value(w, "tls.server.not_after"), validity(w));
	if (is(w, "tls.server.self_signed", "true"))
		fputs(", self-signed", w->to);
	if (is(w, "tls.server.name_matches", "false"))
		fputs(", for another name", w->to);
	end_remark(w, STYLE_PLAIN);
}

static void write_alert(const struct writing *w)
{
	const char *name = value(w, "tls.alert.description");

	if (value(w, "tls.alert.side") == NULL)
		return;
	begin_remark(w, STYLE_BAD);
	fprintf(w->to, "the %s sent the %s alert %s", value(w, "tls.alert.side"),
	    value(w, "tls.alert.level") != NULL ? value(w, "tls.alert.level") : "",
	    name != NULL ? name : value(w, "tls.alert.code"));
	end_remark(w, STYLE_BAD);
}

/* What it came to: by tlsvane.outcome. */
static const struct {
	const char *outcome, *words;
	uint8_t style;
} endings[] = {
    {"tls", "TLS was established", STYLE_GOOD},
    {"tls_failed", "the handshake failed", STYLE_BAD},
    {"starttls_refused", "the server refused STARTTLS", STYLE_WARN},
    {"starttls_abandoned", "the server was ready for STARTTLS, and TLS never began", STYLE_WARN},
    {"starttls_unused", "STARTTLS was offered and not used", STYLE_WARN},
    {"starttls_not_offered", "STARTTLS was not offered", STYLE_WARN},
    {"no_mail", "neither TLS nor mail", STYLE_PLAIN},
    {"unknown", "too little was seen to say", STYLE_PLAIN},
};

static const char *mail_words(const struct writing *w)
{
	if (!is(w, "smtp.plaintext_mail", "true"))
		return "";
	return is(w, "smtp.plaintext_refused", "true") ? "; the server refused mail without it"
						       : "; the mail went in the clear";
}

static void write_end(const struct writing *w)
{
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
		if (is(w, "tlsvane.outcome", endings[i].outcome))
			remark(w, endings[i].style, "", endings[i].words, mail_words(w));
}

/* "2026-03-01T08:15:30.123Z" -> "2026-03-01 08:15:30" */
static const char *when_text(const char *time, char text[20])
{
	snprintf(text, 20, "%.19s", time != NULL ? time : "");
	if (strlen(text) == 19)
		text[10] = ' ';
	return text;
}

static const char *stripping_words(const char *reason)
{
	if (reason != NULL && strcmp(reason, "masked") == 0)
		return "something on the way wrote over STARTTLS";
	if (reason != NULL && strcmp(reason, "offered_to_others") == 0)
		return "the server offers STARTTLS to others: was it removed on the way?";
	return "the server offered STARTTLS before: was it removed on the way?";
}

static void write_findings(const struct writing *w)
{
	char from[20], line[120];

	if (is(w, "smtp.starttls.injected", "true"))
		remark(w, STYLE_BAD, "",
		    "commands in the clear stood behind STARTTLS (CVE-2011-0411)", "");
	if (is(w, "smtp.starttls.reply_injected", "true"))
		remark(w, STYLE_BAD, "",
		    "replies in the clear stood behind the 220 (CVE-2021-33515)", "");
	if (is(w, "tlsvane.stripping_suspected", "true"))
		remark(w, STYLE_BAD, "", stripping_words(value(w, "tlsvane.stripping_reason")), "");
	if (!is(w, "tlsvane.fallback", "true"))
		return;
	snprintf(line, sizeof(line), "fallback: TLS had not come about in the session of %s",
	    when_text(value(w, "tlsvane.fallback_from"), from));
	if (is(w, "tlsvane.fallback_from", value(w, "@timestamp")))
		snprintf(line, sizeof(line), "fallback: the mail went in the clear all the same");
	remark(w, STYLE_BAD, "", line, "");
}

static void write_head(const struct writing *w)
{
	static const char *const names[] = {"client.ip", "client.port", "server.ip", "server.port"};
	const char *at[4];
	char when[20];

	for (size_t i = 0; i < 4; i++)
		at[i] = value(w, names[i]) != NULL ? value(w, names[i]) : "?";
	fprintf(w->to, "%s%s UTC  %s port %s -> %s port %s%s\n", style_on(STYLE_HEAD, w->color),
	    when_text(value(w, "@timestamp"), when), at[0], at[1], at[2], at[3],
	    style_off(STYLE_HEAD, w->color));
}

void transcript_write(FILE *to, const struct evidence *e, bool color)
{
	struct writing w = {.to = to, .e = e, .color = color};
	const char *confidence;

	read_events(&w);
	write_head(&w);
	write_dialog(&w);
	write_offer(&w);
	write_choice(&w);
	write_certificate(&w);
	write_alert(&w);
	write_end(&w);
	write_findings(&w);
	confidence = evidence_value(e, "tlsvane.confidence");
	if (confidence != NULL && strcmp(confidence, "full") != 0)
		remark(&w, STYLE_WARN, "seen in part: ", confidence, "");
}

bool transcript_write_record(FILE *to, const struct record *r, bool color)
{
	static struct evidence e;
	char *json = NULL;
	size_t size = 0;
	FILE *memory = open_memstream(&json, &size);

	if (memory == NULL)
		return false;
	record_write_json(memory, r);
	if (fclose(memory) != 0 || json == NULL)
		return false;
	json[strcspn(json, "\n")] = '\0';
	if (evidence_parse(json, &e))
		transcript_write(to, &e, color);
	free(json);
	return true;
}
