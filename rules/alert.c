/* Alerts as JSON (ECS) and as lines. */
#include "alert.h"

#include <string.h>

#define NS_PER_MS 1000000u

static const char *format_ms(uint64_t ms, char text[TIME_TEXT_MAX])
{
	return time_format(ms * NS_PER_MS, text);
}

static void member(FILE *to, const char *name, const char *value)
{
	fprintf(to, "\"%s\":", name);
	json_write_string(to, value);
}

static void array(FILE *to, const char *name, const char *const *items, size_t count)
{
	fprintf(to, "\"%s\":[", name);
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			putc(',', to);
		json_write_string(to, items[i]);
	}
	putc(']', to);
}

static void write_rule(FILE *to, const struct rule *rule)
{
	fputs(",\"rule\":{", to);
	member(to, "name", rule->name);
	if (rule->description != NULL) {
		putc(',', to);
		member(to, "description", rule->description);
	}
	if (rule->reference_count > 0) {
		putc(',', to);
		array(to, "reference", rule->references, rule->reference_count);
	}
	putc('}', to);
	if (rule->tag_count > 0) {
		putc(',', to);
		array(to, "tags", rule->tags, rule->tag_count);
	}
}

static void write_life(FILE *to, const struct alert *a)
{
	char time[TIME_TEXT_MAX];

	fputs(",\"tlsvane\":{\"alert\":{", to);
	member(to, "state", suppress_state_after(a->change));
	putc(',', to);
	member(to, "change", suppress_change_words[a->change]);
	putc(',', to);
	member(to, "key", a->key);
	putc(',', to);
	member(to, "id", a->id);
	putc(',', to);
	member(to, "since", format_ms(a->since_ms, time));
	fprintf(to, ",\"matches\":%llu,\"episode\":%llu}}", (unsigned long long)a->matches,
	    (unsigned long long)a->episode);
}

void alert_write_json(FILE *to, const struct alert *a)
{
	char time[TIME_TEXT_MAX];

	putc('{', to);
	member(to, "@timestamp", time_format(a->at_ns, time));
	fputs(",\"event\":{\"kind\":\"alert\",", to);
	member(to, "action", suppress_change_words[a->change]);
	putc(',', to);
	member(to, "id", a->uid);
	fputs("},\"log\":{", to);
	member(to, "level", rules_severity_words[a->rule->severity]);
	fputs("},", to);
	member(to, "message", a->message);
	fputs(",\"observer\":{", to);
	member(to, "name", a->sensor);
	putc('}', to);
	write_rule(to, a->rule);
	write_life(to, a);
	if (a->record != NULL) {
		fputs(",\"session\":", to);
		record_write_json(
		    to, a->record); /* ends in a newline: blank to JSON, but one too many */
		fseek(to, -1, SEEK_CUR);
	}
	fputs("}\n", to);
}

/* A value stands on one line. */
static void line(FILE *to, const char *name, const char *value)
{
	fprintf(to, "%s: ", name);
	for (; *value != '\0'; value++)
		putc((unsigned char)*value < 0x20 ? ' ' : *value, to);
	putc('\n', to);
}

static void words(FILE *to, const char *name, const char *const *items, size_t count)
{
	if (count == 0)
		return;
	fprintf(to, "%s:", name);
	for (size_t i = 0; i < count; i++)
		fprintf(to, " %s", items[i]);
	putc('\n', to);
}

static void number(FILE *to, const char *name, uint64_t value)
{
	fprintf(to, "%s: %llu\n", name, (unsigned long long)value);
}

void alert_write_fields(FILE *to, const struct alert *a)
{
	char time[TIME_TEXT_MAX];

	line(to, "alert.change", suppress_change_words[a->change]);
	line(to, "alert.state", suppress_state_after(a->change));
	line(to, "alert.id", a->id);
	line(to, "alert.uid", a->uid);
	line(to, "alert.key", a->key);
	line(to, "alert.time", time_format(a->at_ns, time));
	line(to, "alert.since", format_ms(a->since_ms, time));
	number(to, "alert.matches", a->matches);
	line(to, "alert.message", a->message);
	line(to, "rule.name", a->rule->name);
	line(to, "rule.severity", rules_severity_words[a->rule->severity]);
	if (a->rule->description != NULL)
		line(to, "rule.description", a->rule->description);
	words(to, "rule.tags", a->rule->tags, a->rule->tag_count);
	words(to, "rule.references", a->rule->references, a->rule->reference_count);
	line(to, "sensor.name", a->sensor);
	if (a->record != NULL)
		record_write_list(to, a->record);
}

size_t alert_field(const char *fields, const char *name, const char **value)
{
	size_t length = strlen(name);

	for (const char *at = fields; *at != '\0'; at += strcspn(at, "\n"), at += *at == '\n') {
		if (strncmp(at, name, length) != 0 || at[length] != ':' || at[length + 1] != ' ')
			continue;
		*value = at + length + 2;
		return strcspn(*value, "\n");
	}
	*value = NULL;
	return 0;
}
