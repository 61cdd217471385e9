/* A record's JSON, read back. */
#include "evidence.h"

#include <stdio.h>
#include <string.h>

#define DEPTH_MAX 8   /* of nested objects; a record has 4 */
#define NAME_MAX_ 128 /* bytes of a dotted name */

struct parser {
	const char *at;
	struct evidence *e;
	char name[NAME_MAX_]; /* of the objects that we are in, with their dots */
};

static void skip_blanks(struct parser *p)
{
	p->at += strspn(p->at, " ");
}

static bool expect(struct parser *p, char c)
{
	skip_blanks(p);
	if (*p->at != c)
		return false;
	p->at++;
	return true;
}

static bool put(struct evidence *e, char c)
{
	if (e->used >= sizeof(e->memory))
		return false;
	e->memory[e->used++] = c;
	return true;
}

/* \uXXXX is what json_write_string makes of control bytes: never to be shown as they are. */
static bool put_escape(struct parser *p)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/?????";
	const char *escape = *p->at == '\0' ? NULL : strchr(from, *p->at);

	if (*p->at == 'u') {
		if (strspn(p->at + 1, "0123456789abcdefABCDEF") < 4)
			return false;
		p->at += 5;
		return put(p->e, '?');
	}
	if (escape == NULL)
		return false;
	p->at++;
	return put(p->e, to[escape - from]);
}

/* A string, into the memory; NULL where it is none. */
static const char *read_string(struct parser *p)
{
	const char *start = p->e->memory + p->e->used;
	bool good = expect(p, '"');

	while (good && *p->at != '"') {
		if ((unsigned char)*p->at < 0x20)
			return NULL;
		if (*p->at == '\\') {
			p->at++;
			good = put_escape(p);
		} else {
			good = put(p->e, *p->at++);
		}
	}
	if (!good || !put(p->e, '\0'))
		return NULL;
	p->at++;
	return start;
}

/* A number, true or false; NULL where it is none. */
static const char *read_bare(struct parser *p)
{
	const char *start = p->e->memory + p->e->used;
	size_t length = strspn(p->at, "-+.0123456789abcdefghijklmnopqrstuvwxyzE");
	bool word = (length == 4 && strncmp(p->at, "true", 4) == 0) ||
		    (length == 5 && strncmp(p->at, "false", 5) == 0);

	if (length == 0 || (!word && strspn(p->at, "0123456789") != length))
		return NULL;
	for (size_t i = 0; i < length; i++)
		if (!put(p->e, p->at[i]))
			return NULL;
	p->at += length;
	return put(p->e, '\0') ? start : NULL;
}

static bool add_field(struct parser *p, const char *value)
{
	const char *name = p->e->memory + p->e->used;

	if (value == NULL || p->e->count == EVIDENCE_FIELDS_MAX)
		return false;
	for (const char *c = p->name; *c != '\0'; c++)
		if (!put(p->e, *c))
			return false;
	if (!put(p->e, '\0'))
		return false;
	p->e->fields[p->e->count].name = name;
	p->e->fields[p->e->count++].value = value;
	return true;
}

/* Strings, put together with blanks. */
static const char *read_array(struct parser *p)
{
	const char *start = p->e->memory + p->e->used;

	if (!expect(p, '['))
		return NULL;
	if (expect(p, ']'))
		return put(p->e, '\0') ? start : NULL;
	do {
		if (p->e->memory + p->e->used != start)
			p->e->memory[p->e->used - 1] = ' ';
		if (read_string(p) == NULL)
			return NULL;
	} while (expect(p, ','));
	return expect(p, ']') ? start : NULL;
}

static const char *read_value(struct parser *p)
{
	return *p->at == '"' ? read_string(p) : *p->at == '[' ? read_array(p) : read_bare(p);
}

static bool read_object(struct parser *p, unsigned depth);

static bool read_member(struct parser *p, unsigned depth)
{
	size_t outer = strlen(p->name);
	const char *label = read_string(p);
	bool good;

	if (label == NULL || !expect(p, ':') || outer + strlen(label) + 2 > sizeof(p->name))
		return false;
	snprintf(p->name + outer, sizeof(p->name) - outer, "%s%s", outer > 0 ? "." : "", label);
	skip_blanks(p);
	good = *p->at == '{' ? read_object(p, depth + 1) : add_field(p, read_value(p));
	p->name[outer] = '\0';
	return good;
}

static bool read_object(struct parser *p, unsigned depth)
{
	if (depth > DEPTH_MAX || !expect(p, '{'))
		return false;
	if (expect(p, '}'))
		return true;
	do {
		if (!read_member(p, depth))
			return false;
	} while (expect(p, ','));
	return expect(p, '}');
}

bool evidence_parse(const char *json, struct evidence *e)
{
	struct parser p = {.at = json, .e = e};

	e->count = e->used = 0;
	if (json == NULL || strlen(json) > EVIDENCE_TEXT_MAX || !read_object(&p, 0))
		return false;
	skip_blanks(&p);
	return *p.at == '\0';
}

const char *evidence_value(const struct evidence *e, const char *name)
{
	for (size_t i = 0; i < e->count; i++)
		if (strcmp(e->fields[i].name, name) == 0)
			return e->fields[i].value;
	return NULL;
}

static const char *or_else(const struct evidence *e, const char *name, const char *otherwise)
{
	const char *value = evidence_value(e, name);

	return value == NULL ? otherwise : value;
}

bool evidence_is_legacy(const struct evidence *e)
{
	const char *protocol = evidence_value(e, "tls.version_protocol"),
		   *version = evidence_value(e, "tls.version");
	const char *alert = evidence_value(e, "tls.alert.description");

	if (version == NULL)
		return alert != NULL && strcmp(alert, "protocol_version") == 0;
	return (protocol != NULL && strcmp(protocol, "ssl") == 0) || strcmp(version, "1.0") == 0 ||
	       strcmp(version, "1.1") == 0;
}

struct sentence {
	char *text;
	size_t size, used;
};

static void append(struct sentence *s, const char *before, const char *text, const char *after)
{
	if (text != NULL && s->used < s->size)
		s->used += (size_t)snprintf(
		    s->text + s->used, s->size - s->used, "%s%s%s", before, text, after);
}

/* Of a version's number alone: 2 and 3 were SSL's. */
static const char *protocol_of(const char *number)
{
	return number != NULL && strchr(number, '.') == NULL ? "ssl" : "tls";
}

/* "TLS 1.0", "SSL 3" */
static void append_version(
    struct sentence *s, const char *before, const char *protocol, const char *number)
{
	append(s, before,
	    number == NULL		   ? NULL
	    : strcmp(protocol, "ssl") == 0 ? "SSL "
					   : "TLS ",
	    "");
	append(s, "", number, "");
}

static void append_alert(struct sentence *s, const struct evidence *e)
{
	const char *side = evidence_value(e, "tls.alert.side"),
		   *alert = evidence_value(e, "tls.alert.description");

	if (alert == NULL)
		return;
	if (side != NULL && strcmp(side, "server") == 0 && evidence_value(e, "tls.version") == NULL)
		append(s, " answered with the alert ", "", "");
	else if (side != NULL)
		append(s, "; the ", side, " sent the alert ");
	else
		append(s, "; alert ", "", "");
	append(s, "", alert, "");
}

const char *evidence_sentence(const struct evidence *e, char *text, size_t size)
{
	struct sentence s = {.text = text, .size = size};
	char when[20];
	const char *confidence = evidence_value(e, "tlsvane.confidence");

	text[0] = '\0';
	snprintf(when, sizeof(when), "%.19s", or_else(e, "@timestamp", ""));
	if (strlen(when) == 19)
		when[10] = ' ';
	append(&s, "", when, "");
	append(&s, " ", evidence_value(e, "client.ip"), "");
	append_version(&s, " offered up to ",
	    protocol_of(evidence_value(e, "tls.client.max_version")),
	    evidence_value(e, "tls.client.max_version"));
	if (strcmp(or_else(e, "tls.client.fallback_scsv", "false"), "true") == 0)
		append(&s, " and said that it can do more (FALLBACK_SCSV)", "", "");
	append(&s, ", ", or_else(e, "server.ip", "the server"), "");
	append_version(&s, " chose ", or_else(e, "tls.version_protocol", "tls"),
	    evidence_value(e, "tls.version"));
	append(&s, " ", evidence_value(e, "tls.cipher"), "");
	append_alert(&s, e);
	if (confidence != NULL && strcmp(confidence, "full") != 0)
		append(&s, " (seen in part: ", confidence, ")");
	return text;
}

static const char *moment_of(const struct evidence *e, const char *name, char when[20])
{
	snprintf(when, 20, "%.19s", or_else(e, name, ""));
	if (strlen(when) == 19)
		when[10] = ' ';
	return when;
}

static const char *failure_words(const char *outcome)
{
	if (strcmp(outcome, "starttls_refused") == 0)
		return " was refused STARTTLS by ";
	if (strcmp(outcome, "starttls_abandoned") == 0)
		return " never began TLS behind the 220 of ";
	return " failed in TLS with ";
}

static void append_fallback(struct sentence *s, const struct evidence *e)
{
	char from[20], to[20];

	append(s, "", moment_of(e, "tlsvane.fallback_from", from), "");
	append(s, " ", or_else(e, "client.ip", "the client"),
	    failure_words(or_else(e, "tlsvane.fallback_outcome", "")));
	append(s, "", or_else(e, "server.ip", "the server"), "");
	moment_of(e, "tlsvane.fallback_to", to);
	if (strcmp(or_else(e, "tlsvane.fallback_from", ""),
		or_else(e, "tlsvane.fallback_to", "")) == 0)
		append(s, " and sent in the clear all the same", "", "");
	else
		append(s, " and at ", to + 11 * (strlen(to) == 19), " sent in the clear");
}

static void append_stripping(struct sentence *s, const struct evidence *e)
{
	const char *reason = or_else(e, "tlsvane.stripping_reason", "");
	char when[20];

	append(s, "", moment_of(e, "@timestamp", when), "");
	append(s, " ", or_else(e, "client.ip", "the client"), "");
	append(s, " got no STARTTLS from ", or_else(e, "server.ip", "the server"), "");
	if (strcmp(reason, "masked") == 0)
		append(s, ": the word was written over on the way", "", "");
	else if (evidence_value(e, "tlsvane.stripping_offered") != NULL)
		append(s, ", which offered it ",
		    strcmp(reason, "offered_to_others") == 0 ? "to another client " : "", "on ");
	if (strcmp(reason, "masked") != 0)
		append(s, "", moment_of(e, "tlsvane.stripping_offered", when), "");
}

const char *evidence_clear_sentence(const struct evidence *e, char *text, size_t size)
{
	struct sentence s = {.text = text, .size = size};

	text[0] = '\0';
	if (strcmp(or_else(e, "tlsvane.fallback", "false"), "true") == 0)
		append_fallback(&s, e);
	if (strcmp(or_else(e, "tlsvane.stripping_suspected", "false"), "true") == 0) {
		append(&s, s.used > 0 ? "; " : "", "", "");
		append_stripping(&s, e);
	}
	return text;
}
