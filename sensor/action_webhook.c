/* Alerts by HTTP POST: libcurl's multi interface, in the process that acts. */
#include "action_work.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "../rules/alert.h"
#include "action_curl.h"

#define VALUE_MAX 2048

struct webhook {
	struct webhook *next;
	uint64_t number;
	CURL *easy;
	struct curl_slist *headers;
	char *body;
	char error[CURL_ERROR_SIZE];
};

struct action_webhooks {
	CURLM *multi; /* NULL until the first is called */
	struct webhook *running;
	size_t count;
};

/* ---- Bodies ---- */

static void member(
    FILE *to, const char *fields, const char *name, const char *label, const char *comma)
{
	const char *value;
	size_t length = alert_field(fields, name, &value);
	char text[VALUE_MAX];

	if (value == NULL)
		return;
	snprintf(text, sizeof(text), "%.*s", (int)length, value);
	fprintf(to, "%s\"%s\":", comma, label);
	json_write_string(to, text);
}

static bool is_resolved(const char *fields)
{
	const char *state;
	size_t length = alert_field(fields, "alert.state", &state);

	return length == 8 && strncmp(state, "resolved", 8) == 0;
}

/* Labels are the alert's identity: the same for all its changes and sensors. */
static void write_alertmanager(FILE *to, const char *fields, bool status)
{
	static const char *const session[] = {"client.ip", "server.ip", "smtp.helo", "smtp.banner",
	    "tls.version", "tls.cipher", "tlsvane.outcome", "tlsvane.legacy_side", "alert.change",
	    "alert.matches", "rule.references", "sensor.name"};
	bool resolved = is_resolved(fields);

	putc('{', to);
	if (status)
		fprintf(to, "\"status\":\"%s\",", resolved ? "resolved" : "firing");
	fputs("\"labels\":{", to);
	member(to, fields, "rule.name", "alertname", "");
	member(to, fields, "rule.severity", "severity", ",");
	member(to, fields, "alert.key", "key", ",");
	member(to, fields, "alert.id", "alert_id", ",");
	fputs("},\"annotations\":{", to);
	member(to, fields, "alert.message", "summary", "");
	member(to, fields, "rule.description", "description", ",");
	for (size_t i = 0; i < sizeof(session) / sizeof(session[0]); i++) {
		char label[64];

		snprintf(label, sizeof(label), "%s", session[i]);
		for (char *c = label; *c != '\0'; c++)
			*c = *c == '.' ? '_' : *c;
		member(to, fields, session[i], label, ",");
	}
	putc('}', to);
	member(to, fields, "alert.since", "startsAt", ",");
	if (resolved)
		member(to, fields, "alert.time", "endsAt", ",");
	else if (status)
		fputs(",\"endsAt\":\"0001-01-01T00:00:00Z\"", to);
	member(to, fields, "alert.id", "fingerprint", ",");
	fputs(",\"generatorURL\":\"\"}", to);
}

static void write_group(FILE *to, const struct action_job *jobs, size_t count)
{
	const struct action_job *job = jobs;
	bool resolved = true;

	for (size_t i = 0; i < count; i++, job = job->next)
		resolved = resolved && is_resolved(action_job_fields(job));
	fprintf(to,
	    "{\"version\":\"4\",\"receiver\":\"tlsvane\",\"status\":\"%s\",\"groupKey\":"
	    "\"tlsvane\","
	    "\"truncatedAlerts\":0,\"groupLabels\":{},\"commonLabels\":{},\"commonAnnotations\":{},"
	    "\"externalURL\":\"\",\"alerts\":",
	    resolved ? "resolved" : "firing");
}

void action_webhook_write(FILE *to, const struct action_job *jobs, size_t count)
{
	const char *format = action_job_value(jobs, "format", 0), *json;
	bool own = format == NULL || strcmp(format, "tlsvane") == 0;
	bool api = !own && strcmp(format, "alertmanager-api") == 0;
	const struct action_job *job = jobs;

	if (own)
		fputs("{\"alerts\":", to);
	else if (!api)
		write_group(to, jobs, count);
	putc('[', to);
	for (size_t i = 0; i < count; i++, job = job->next) {
		if (i > 0)
			putc(',', to);
		json = action_job_json(job);
		if (own)
			fprintf(to, "%.*s", (int)strcspn(json, "\n"), json);
		else
			write_alertmanager(to, action_job_fields(job), !api);
	}
	fputs(api ? "]" : "]}", to);
}

/* ---- Requests ---- */

static const struct action_curl *curl; /* where multi is */

struct action_webhooks *action_webhooks_new(void)
{
	return calloc(1, sizeof(struct action_webhooks));
}

static bool is_loaded(struct action_webhooks *w, char *why)
{
	if (w->multi != NULL)
		return true;
	snprintf(why, LIMIT_ACTION_OUTPUT, "memory is short");
	curl = action_curl(why, LIMIT_ACTION_OUTPUT);
	if (curl != NULL)
		w->multi = curl->multi_init();
	return w->multi != NULL;
}

static void webhook_free(struct webhook *h)
{
	if (h == NULL)
		return;
	if (h->easy != NULL)
		curl->easy_cleanup(h->easy);
	curl->slist_free_all(h->headers);
	free(h->body);
	free(h);
}

static size_t ignore_answer(char *bytes, size_t size, size_t count, void *context)
{
	(void)bytes;
	(void)context;
	return size * count;
}

static bool add_header(struct webhook *h, const char *text)
{
	struct curl_slist *longer = curl->slist_append(h->headers, text);

	if (longer == NULL)
		return false;
	h->headers = longer;
	return true;
}

static bool add_headers(struct webhook *h, const struct action_job *job, const char *secret)
{
	char text[ACTION_SECRET_MAX + 32];
	const char *uid;
	size_t length = alert_field(action_job_fields(job), "alert.uid", &uid);
	bool whole;

	snprintf(text, sizeof(text), "Idempotency-Key: %.*s", (int)length, uid);
	whole = add_header(h, text) && add_header(h, "Content-Type: application/json") &&
		add_header(h, "Expect:");
	if (whole && secret[0] != '\0') {
		snprintf(text, sizeof(text), "Authorization: Bearer %s", secret);
		whole = add_header(h, text);
		explicit_bzero(text, sizeof(text));
	}
	return whole;
}

static bool make_body(struct webhook *h, const struct action_job *jobs, size_t count)
{
	size_t size;
	FILE *to = open_memstream(&h->body, &size);

	if (to == NULL)
		return false;
	action_webhook_write(to, jobs, count);
	return fclose(to) == 0;
}

static void set_options(struct webhook *h, const struct action_job *job)
{
	long timeout =
	    (long)(action_job_number(job, "timeout", LIMIT_ACTION_S * 1000000000ull) / 1000000u);

	curl->easy_setopt(h->easy, CURLOPT_URL, action_job_value(job, "url", 0));
	curl->easy_setopt(h->easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl->easy_setopt(h->easy, CURLOPT_POSTFIELDS, h->body);
	curl->easy_setopt(h->easy, CURLOPT_HTTPHEADER, h->headers);
	curl->easy_setopt(h->easy, CURLOPT_TIMEOUT_MS, timeout);
	curl->easy_setopt(h->easy, CURLOPT_NOSIGNAL, 1L);
	curl->easy_setopt(h->easy, CURLOPT_WRITEFUNCTION, ignore_answer);
	curl->easy_setopt(h->easy, CURLOPT_ERRORBUFFER, h->error);
	curl->easy_setopt(h->easy, CURLOPT_USERAGENT, "tlsvane/" TLSVANE_VERSION);
	curl->easy_setopt(h->easy, CURLOPT_PRIVATE, h);
}

int action_webhook_start(struct action_webhooks *w, uint64_t number, const struct action_job *jobs,
    size_t count, const char *secret, char *why)
{
	struct webhook *h;

	if (!is_loaded(w, why))
		return -1;
	h = calloc(1, sizeof(*h));
	if (h != NULL)
		h->easy = curl->easy_init();
	if (h == NULL || h->easy == NULL || !make_body(h, jobs, count) ||
	    !add_headers(h, jobs, secret)) {
		snprintf(why, LIMIT_ACTION_OUTPUT, "memory is short");
		webhook_free(h);
		return -1;
	}
	h->number = number;
	set_options(h, jobs);
	if (curl->multi_add_handle(w->multi, h->easy) != CURLM_OK) {
		webhook_free(h);
		return -1;
	}
	h->next = w->running;
	w->running = h;
	w->count++;
	return 0;
}

size_t action_webhooks_running(const struct action_webhooks *w)
{
	return w->count;
}

/* 408 and 429 ask for another try; other answers of the 300s and 400s will not change by
 * themselves. */
static enum delivery_result judge(const struct webhook *h, CURLcode code, char *why)
{
	long status = 0;

	curl->easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &status);
	if (code != CURLE_OK) {
		snprintf(why, LIMIT_ACTION_OUTPUT, "%.150s",
		    h->error[0] != '\0' ? h->error : curl->easy_strerror(code));
		return code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL
			   ? DELIVERY_REFUSED
			   : DELIVERY_FAILED;
	}
	if (status >= 200 && status < 300)
		return DELIVERY_DONE;
	snprintf(why, LIMIT_ACTION_OUTPUT, "HTTP status %ld%s", status,
	    status < 400 ? ": redirects are not followed, give the final address" : "");
	return status >= 500 || status == 408 || status == 429 ? DELIVERY_FAILED : DELIVERY_REFUSED;
}

static void end(struct action_webhooks *w, struct webhook *h)
{
	struct webhook **at = &w->running;

	while (*at != h)
		at = &(*at)->next;
	*at = h->next;
	w->count--;
	curl->multi_remove_handle(w->multi, h->easy);
	webhook_free(h);
}

void action_webhooks_wait(struct action_webhooks *w, struct pollfd *fds, size_t count,
    int timeout_ms, void (*over)(uint64_t number, enum delivery_result result, const char *why))
{
	struct curl_waitfd wanted = {.fd = count > 0 ? fds[0].fd : -1, .events = CURL_WAIT_POLLIN};
	char why[LIMIT_ACTION_OUTPUT] = "";
	struct webhook *h;
	CURLMsg *message;
	int running, left;

	if (w->multi == NULL) {
		(void)poll(fds, (nfds_t)count, timeout_ms);
		return;
	}
	curl->multi_perform(w->multi, &running);
	curl->multi_poll(w->multi, &wanted, count > 0 ? 1 : 0, timeout_ms, NULL);
	curl->multi_perform(w->multi, &running);
	while ((message = curl->multi_info_read(w->multi, &left)) != NULL) {
		enum delivery_result result;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl->easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &h);
		result = judge(h, message->data.result, why);
		over(h->number, result, why);
		end(w, h);
	}
}
