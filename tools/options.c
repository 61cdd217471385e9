/* Options of all commands: parsing, checking, help. */
#include "../rules/spelling.h"
#include "options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "say.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Each returns false when the value is none of its kind. */
typedef bool option_set(struct options *o, const char *value);

struct option_row {
	const char *name;     /* without its dashes */
	char letter;	      /* its short form, '\0': none */
	unsigned group;	      /* enum option_group */
	const char *argument; /* NULL: a switch */
	option_set *set;
	const char *wants; /* what its value must be, for errors */
	const char *help;
};

static bool set_format(struct options *o, enum output_format format)
{
	o->format = (uint8_t)format;
	o->formats |= 1u << format;
	return true;
}

static bool set_json(struct options *o, const char *value)
{
	(void)value;
	return set_format(o, OUTPUT_JSON);
}

static bool set_csv(struct options *o, const char *value)
{
	(void)value;
	return set_format(o, OUTPUT_CSV);
}

static bool set_list(struct options *o, const char *value)
{
	(void)value;
	return set_format(o, OUTPUT_LIST);
}

static bool set_transcript(struct options *o, const char *value)
{
	(void)value;
	return o->transcript = true;
}

static bool set_summary(struct options *o, const char *value)
{
	(void)value;
	return o->summary = true;
}

static bool set_legacy(struct options *o, const char *value)
{
	(void)value;
	return o->legacy = true;
}

static bool set_plaintext(struct options *o, const char *value)
{
	(void)value;
	return o->plaintext = true;
}

static bool set_help(struct options *o, const char *value)
{
	(void)value;
	return o->help = true;
}

static bool set_version(struct options *o, const char *value)
{
	(void)value;
	return o->version = true;
}

static bool set_redis(struct options *o, const char *value)
{
	o->redis = value;
	return value[0] != '\0';
}

static bool set_password_file(struct options *o, const char *value)
{
	o->password_file = value;
	return value[0] != '\0';
}

static bool set_fields(struct options *o, const char *value)
{
	o->fields = value;
	return value[0] != '\0';
}

static bool set_read(struct options *o, const char *value)
{
	o->reads[o->read_count++] = value;
	return value[0] != '\0';
}

static bool set_min_version(struct options *o, const char *value)
{
	o->min_version = value;
	return value[0] != '\0';
}

static bool set_no_cipher(struct options *o, const char *value)
{
	o->no_cipher = value;
	return value[0] != '\0';
}

static bool set_require_tls(struct options *o, const char *value)
{
	(void)value;
	return o->require_tls = true;
}

static bool set_rules(struct options *o, const char *value)
{
	o->rules = value;
	return value[0] != '\0';
}

static bool set_export(struct options *o, const char *value)
{
	o->export = value;
	return value[0] != '\0';
}

static bool set_policyd(struct options *o, const char *value)
{
	o->policyd = value;
	return value[0] != '\0';
}

static bool parse_date(const char *text, uint64_t *ms);

/* No time ago: 40d would be taken for in 40 days. */
static bool set_now(struct options *o, const char *value)
{
	return parse_date(value, &o->now_ms) && o->now_ms != 0;
}

static bool set_since(struct options *o, const char *value)
{
	return options_parse_since(value, now_ms(), &o->since_ms);
}

static bool parse_number(const char *text, char **end, unsigned long largest, unsigned long *n)
{
	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	*n = strtoul(text, end, 10);
	return errno == 0 && *n <= largest;
}

static bool set_limit(struct options *o, const char *value)
{
	unsigned long n;
	char *end;

	if (!parse_number(value, &end, 1000000000, &n) || *end != '\0')
		return false;
	o->limit = n;
	return true;
}

static bool set_ports(struct options *o, const char *value)
{
	return ports_parse(value, &o->ports);
}

static bool set_any_port(struct options *o, const char *value)
{
	(void)value;
	return o->any_port = true;
}

static bool set_ignore_vlan(struct options *o, const char *value)
{
	(void)value;
	return o->ignore_vlan = true;
}

static bool set_color(struct options *o, const char *value)
{
	static const char *const wishes[] = {
	    [COLOR_AUTO] = "auto", [COLOR_ALWAYS] = "always", [COLOR_NEVER] = "never"};

	for (size_t i = 0; i < COUNT(wishes); i++) {
		if (strcmp(value, wishes[i]) == 0) {
			o->color = (uint8_t)i;
			return true;
		}
	}
	return false;
}

static bool set_sort(struct options *o, const char *value)
{
	o->by_sessions = strcmp(value, "sessions") == 0;
	return o->by_sessions || strcmp(value, "last") == 0;
}

static const struct option_row rows[] = {
    {"transcript", 0, GROUP_READ, NULL, set_transcript, NULL,
	"each session as a transcript: commands and replies with their times, then TLS in words"},
    {"summary", 0, GROUP_READ, NULL, set_summary, NULL,
	"a row for each host pair instead of each session"},
    {"list", 0, GROUP_READ, NULL, set_list, NULL, "all fields of each session, a line each"},
    {"fields", 0, GROUP_READ, "A,B,C", set_fields, "names of fields",
	"the columns, by their names (tlsvane help fields)"},
    {"ports", 0, GROUP_READ, "P,Q", set_ports, "TCP ports, such as " PORTS_EXAMPLE,
	"TCP ports on which mail is spoken, with :tls or :lmtp (25)"},
    {"any-port", 0, GROUP_READ, NULL, set_any_port, NULL, "find SMTP on all other TCP ports, too"},
    {"ignore-vlan", 0, GROUP_READ, NULL, set_ignore_vlan, NULL,
	"tell no connections apart by their VLAN tags"},
    {"legacy", 0, GROUP_PAIRS, NULL, set_legacy, NULL, "only pairs that spoke below TLS 1.2"},
    {"plaintext", 0, GROUP_PAIRS, NULL, set_plaintext, NULL,
	"only pairs that sent mail in the clear"},
    {"sort", 0, GROUP_PAIRS, "last|sessions", set_sort, "last or sessions",
	"what stands first (last: seen last)"},
    {"min-version", 0, GROUP_WHAT_IF, "1.2", set_min_version, "a version",
	"what if lower versions were switched off"},
    {"no-cipher", 0, GROUP_WHAT_IF, "PATTERN", set_no_cipher, "a pattern",
	"what if these cipher suites were, by IANA names: \"*_CBC_*\""},
    {"require-tls", 0, GROUP_WHAT_IF, NULL, set_require_tls, NULL,
	"what if no mail went in the clear any more"},
    {"rules", 0, GROUP_RULES_FILE, "FILE", set_rules, "a rules file", "a rules file, or a pack"},
    {"export", 0, GROUP_ENFORCE, "FORMAT", set_export, "a format",
	"what a mail server loads: postfix, exim, opensmtpd or nftables"},
    {"policyd", 0, GROUP_ENFORCE, "ADDRESS", set_policyd, "an address",
	"answer Postfix (check_policy_service) there: 127.0.0.1:10040 or unix:/path"},
    {"now", 0, GROUP_ENFORCE, "TIME", set_now, "a time, such as 2026-03-01T08:15:30Z",
	"as if it were that time, for rehearsals"},
    {"since", 0, GROUP_SINCE, "TIME", set_since,
	"a time: 90s, 30m, 12h, 7d, 4w ago, or 2026-03-01 or 2026-03-01T08:15:30Z",
	"only what was seen since: 30m 12h 7d 4w ago, or a date"},
    {"limit", 0, GROUP_LIMIT, "N", set_limit, "a number of rows", "at most so many rows (0: all)"},
    {"json", 0, GROUP_OUTPUT, NULL, set_json, NULL, "JSON, an object a line"},
    {"csv", 0, GROUP_OUTPUT, NULL, set_csv, NULL, "CSV (RFC 4180)"},
    {"read", 'r', GROUP_RULES, "CAPTURE", set_read, "a capture file",
	"a capture whose sessions the rules are tried on; may be given again"},
    {"redis", 0, GROUP_REDIS, "URL", set_redis,
	"an address: redis://HOST:PORT/DB or unix:/path/to/socket",
	"redis://[USER@]HOST[:PORT][/DB] or unix:/SOCKET (else $TLSVANE_REDIS, else here)"},
    {"password-file", 0, GROUP_REDIS, "FILE", set_password_file, "a file",
	"file whose first line is the Redis password"},
    {"color", 0, GROUP_ALWAYS, "auto|always|never", set_color, "auto, always or never",
	"colour (auto: on a terminal, unless NO_COLOR)"},
    {"help", 'h', GROUP_ALWAYS, NULL, set_help, NULL, "this help"},
    {"version", 'V', GROUP_ALWAYS, NULL, set_version, NULL, "the version of tlsvane"},
};

static int say_unknown(const char *given, const char *name, size_t length)
{
	char word[64];
	struct spelling near;

	snprintf(word, sizeof(word), "%.*s", (int)length, name);
	near = spelling_of(word);
	for (size_t i = 0; i < COUNT(rows); i++)
		spelling_try(&near, rows[i].name);
	if (near.best == NULL)
		return say_error(EXIT_USAGE, "unknown option %.*s; see tlsvane help",
		    (int)strcspn(given, "="), given);
	return say_error(EXIT_USAGE, "unknown option %.*s; did you mean --%s?",
	    (int)strcspn(given, "="), given, near.best);
}

static const struct option_row *find_row(const char *name, size_t length)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		if (strlen(rows[i].name) == length && memcmp(rows[i].name, name, length) == 0)
			return &rows[i];
	return NULL;
}

static const struct option_row *find_letter(const char *text)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		if (rows[i].letter != '\0' && rows[i].letter == text[0] && text[1] == '\0')
			return &rows[i];
	return NULL;
}

static int apply(struct options *o, const struct option_row *row, const char *value)
{
	if (!row->set(o, value))
		return say_error(
		    EXIT_USAGE, "--%s wants %s, not \"%s\"", row->name, row->wants, value);
	o->given |= row->group;
	o->last_of[__builtin_ctz(row->group)] = row->name;
	return 0;
}

/* One option at argv[*i]; moves *i over its value. */
static int parse_option(struct options *o, int argc, char **argv, int *i)
{
	const char *given = argv[*i], *name = given + 1 + (given[1] == '-');
	size_t length = strcspn(name, "=");
	const struct option_row *row = given[1] == '-' ? find_row(name, length) : find_letter(name);
	const char *value = name[length] == '=' ? name + length + 1 : NULL;

	if (row == NULL)
		return say_unknown(given, name, length);
	if (row->argument == NULL && value != NULL)
		return say_error(EXIT_USAGE, "--%s takes no value", row->name);
	if (row->argument != NULL && value == NULL) {
		if (*i + 1 == argc)
			return say_error(
			    EXIT_USAGE, "--%s wants %s behind it", row->name, row->wants);
		value = argv[++*i];
	}
	return apply(o, row, value);
}

int options_parse(struct options *o, int argc, char **argv)
{
	bool options_over = false;

	*o = (struct options){.arguments = calloc((size_t)argc + 1, sizeof(*o->arguments)),
	    .reads = calloc((size_t)argc + 1, sizeof(*o->reads))};
	if (o->arguments == NULL || o->reads == NULL)
		return say_error(EXIT_FAILED, "out of memory");
	for (int i = 1; i < argc; i++) {
		if (!options_over && strcmp(argv[i], "--") == 0) {
			options_over = true;
		} else if (!options_over && argv[i][0] == '-' && argv[i][1] != '\0') {
			int result = parse_option(o, argc, argv, &i);

			if (result != 0)
				return result;
		} else if (o->command == NULL) {
			o->command = argv[i];
		} else {
			o->arguments[o->argument_count++] = argv[i];
		}
	}
	return 0;
}

void options_free(struct options *o)
{
	free(o->arguments);
	free(o->reads);
	o->arguments = o->reads = NULL;
}

int options_check(const struct options *o, unsigned groups)
{
	unsigned strange = o->given & ~(groups | GROUP_ALWAYS);

	if (strange != 0)
		return say_error(EXIT_USAGE, "%s has no option --%s; see tlsvane help %s",
		    o->command, o->last_of[__builtin_ctz(strange)], o->command);
	if ((o->formats & (o->formats - 1)) != 0)
		return say_error(EXIT_USAGE, "%s exclude each other; give one of them",
		    (o->formats & 1u << OUTPUT_LIST) != 0 ? "--json, --csv and --list"
							  : "--json and --csv");
	return 0;
}

void options_help(FILE *to, unsigned groups)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		char name[48];

		if ((rows[i].group & (groups | GROUP_ALWAYS)) == 0)
			continue;
		snprintf(name, sizeof(name), "--%s%s%s", rows[i].name,
		    rows[i].argument != NULL ? " " : "",
		    rows[i].argument != NULL ? rows[i].argument : "");
		fprintf(to, "  %-26s %s\n", name, rows[i].help);
	}
}

static bool parse_ago(const char *text, uint64_t now, uint64_t *ms)
{
	static const struct {
		char letter;
		uint64_t seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
	unsigned long n;
	char *end;

	if (!parse_number(text, &end, 100000000, &n) || end[0] == '\0' || end[1] != '\0')
		return false;
	for (size_t i = 0; i < COUNT(units); i++) {
		if (units[i].letter == end[0]) {
			uint64_t ago = n * units[i].seconds * 1000;

			*ms = ago < now ? now - ago : 0;
			return true;
		}
	}
	return false;
}

/* The zone behind a time: nothing, Z or +hh:mm; in seconds to take off. */
static bool parse_zone(const char *text, long *seconds)
{
	unsigned hours, minutes;
	int used = 0;

	*seconds = 0;
	if (text[0] == '\0' || strcmp(text, "Z") == 0 || strcmp(text, "z") == 0)
		return true;
	if ((text[0] != '+' && text[0] != '-') ||
	    sscanf(text + 1, "%2u:%2u%n", &hours, &minutes, &used) != 2 || used != 5 ||
	    text[6] != '\0' || hours > 23 || minutes > 59)
		return false;
	*seconds = (long)(hours * 3600 + minutes * 60) * (text[0] == '-' ? -1 : 1);
	return true;
}

static bool parse_date(const char *text, uint64_t *ms)
{
	struct tm tm = {0};
	long zone;
	time_t seconds;
	const char *rest = strptime(text, "%Y-%m-%d", &tm);
	int day = tm.tm_mday;

	if (rest != NULL && (*rest == 'T' || *rest == 't' || *rest == ' ')) {
		const char *clock = rest + 1;

		rest = strptime(clock, "%H:%M:%S", &tm);
		rest = rest != NULL ? rest : strptime(clock, "%H:%M", &tm);
		if (rest != NULL && *rest == '.')
			rest += 1 + strspn(rest + 1, "0123456789");
	}
	if (rest == NULL || !parse_zone(rest, &zone))
		return false;
	seconds = timegm(&tm) - zone;
	if (seconds < 0 || tm.tm_mday != day) /* 30 February became 2 March */
		return false;
	*ms = (uint64_t)seconds * 1000;
	return true;
}

bool options_parse_since(const char *text, uint64_t now, uint64_t *ms)
{
	return parse_ago(text, now, ms) || parse_date(text, ms);
}

int options_sides(const struct options *o, struct sides *sides)
{
	const char *which = o->argument_count == 0 ? "" : o->arguments[0];
	bool servers = strcmp(which, "servers") == 0, clients = strcmp(which, "clients") == 0;

	if (which[0] != '\0' && !servers && !clients)
		return say_error(
		    EXIT_USAGE, "%s what? %s is neither servers nor clients", o->command, which);
	*sides = (struct sides){.servers = !clients, .clients = !servers};
	return 0;
}

bool options_color(const struct options *o, FILE *to)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	if (o->color != COLOR_AUTO)
		return o->color == COLOR_ALWAYS;
	if (no_color != NULL && no_color[0] != '\0')
		return false;
	return isatty(fileno(to)) && (term == NULL || strcmp(term, "dumb") != 0);
}
