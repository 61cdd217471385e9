/* Keys of the tally's entries as texts: kinds, addresses, days. */
#include "tally_entry.h"

#include <string.h>
#include <time.h>

static const char *const kind_names[TALLY_KINDS] = {
    [TALLY_PAIR] = "pair",
    [TALLY_SERVER] = "server",
    [TALLY_CLIENT] = "client",
    [TALLY_DAY] = "day",
};

const char *tally_kind_name(unsigned kind)
{
	return kind < TALLY_KINDS ? kind_names[kind] : NULL;
}

unsigned tally_kind_from_name(const char *name)
{
	unsigned kind = 0;

	while (kind < TALLY_KINDS && strcmp(kind_names[kind], name) != 0)
		kind++;
	return kind;
}

#define DAY_S 86400

static void format_day(const uint8_t key[32], char text[TALLY_SUBJECT_MAX])
{
	uint32_t day;
	time_t seconds;
	struct tm tm;

	memcpy(&day, key, sizeof(day));
	seconds = (time_t)day * DAY_S;
	if (gmtime_r(&seconds, &tm) == NULL ||
	    strftime(text, TALLY_SUBJECT_MAX, "%Y-%m-%d", &tm) == 0)
		strcpy(text, "1970-01-01");
}

void tally_entry_subject(
    const struct tally_entry *e, char first[TALLY_SUBJECT_MAX], char second[TALLY_SUBJECT_MAX])
{
	struct frame_address address;

	strcpy(first, "-");
	strcpy(second, "-");
	if (e->kind == TALLY_DAY) {
		format_day(e->key, first);
		return;
	}
	if (e->kind != TALLY_CLIENT) {
		memcpy(address.bytes, e->key, sizeof(address.bytes));
		address_format(&address, first);
	}
	if (e->kind != TALLY_SERVER) {
		memcpy(address.bytes, e->key + 16, sizeof(address.bytes));
		address_format(&address, second);
	}
}

static bool parse_day(const char *text, uint8_t key[32])
{
	struct tm tm = {0};
	const char *end = strptime(text, "%Y-%m-%d", &tm);
	time_t seconds = end == NULL || *end != '\0' ? -1 : timegm(&tm);
	uint32_t day = (uint32_t)(seconds / DAY_S);

	memcpy(key, &day, sizeof(day));
	return seconds >= 0;
}

static bool parse_side(bool has, const char *text, uint8_t *key)
{
	struct frame_address address;

	if (!has)
		return strcmp(text, "-") == 0;
	if (!address_parse(text, &address))
		return false;
	memcpy(key, address.bytes, sizeof(address.bytes));
	return true;
}

bool tally_key_parse(unsigned kind, const char *first, const char *second, uint8_t key[32])
{
	memset(key, 0, 32);
	if (kind == TALLY_DAY)
		return parse_day(first, key) && strcmp(second, "-") == 0;
	return parse_side(kind != TALLY_CLIENT, first, key) &&
	       parse_side(kind != TALLY_SERVER, second, key + 16);
}
