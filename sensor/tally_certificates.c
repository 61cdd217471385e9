/* Certificates of a host: kept, written, read back. */
#include "tally_certificates.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

void tally_certificates_free(struct tally_certificates *list)
{
	if (list == NULL)
		return;
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i].subject);
	free(list);
}

static struct tally_certificate *find(struct tally_certificates *list, const uint8_t *sha256)
{
	for (size_t i = 0; list != NULL && i < list->count; i++)
		if (memcmp(list->items[i].sha256, sha256, sizeof(list->items[i].sha256)) == 0)
			return &list->items[i];
	return NULL;
}

/* One more place, empty; NULL when memory is short. */
static struct tally_certificate *grow(struct tally_certificates **list)
{
	size_t count = *list == NULL ? 0 : (*list)->count;
	struct tally_certificates *grown =
	    realloc(*list, sizeof(**list) + (count + 1) * sizeof((*list)->items[0]));

	if (grown == NULL)
		return NULL;
	*list = grown;
	grown->items[count] = (struct tally_certificate){.first_ms = 0};
	grown->count = count + 1;
	return &grown->items[count];
}

static struct tally_certificate *longest_unseen(struct tally_certificates *list)
{
	struct tally_certificate *oldest = &list->items[0];

	for (size_t i = 1; i < list->count; i++)
		if (list->items[i].last_ms < oldest->last_ms)
			oldest = &list->items[i];
	return oldest;
}

/* Cut at a whole UTF-8 character. */
static char *copy_subject(const char *subject)
{
	size_t length = strlen(subject);

	if (length >= LIMIT_TALLY_TEXT)
		for (length = LIMIT_TALLY_TEXT - 1; length > 0 && (subject[length] & 0xc0) == 0x80;)
			length--;
	return strndup(subject, length);
}

static void see_again(struct tally_certificate *c, const struct tally_certificate *seen)
{
	if (seen->first_ms < c->first_ms)
		c->first_ms = seen->first_ms;
	if (seen->last_ms > c->last_ms)
		c->last_ms = seen->last_ms;
	if (c->not_after == 0)
		c->not_after = seen->not_after;
}

/* A place of its own: a new one, or that of the longest unseen, unless all were seen later. */
static int take_place(struct tally_certificates **list, const struct tally_certificate *certificate,
    struct tally_certificate **place)
{
	bool full = *list != NULL && (*list)->count == LIMIT_TALLY_CERTIFICATES;

	*place = full ? longest_unseen(*list) : grow(list);
	if (*place == NULL)
		return -1;
	if ((*place)->last_ms > certificate->last_ms) {
		*place = NULL;
		return 0;
	}
	free((*place)->subject);
	**place = *certificate;
	(*place)->subject = NULL;
	return 0;
}

int tally_certificates_add(
    struct tally_certificates **list, const struct tally_certificate *certificate)
{
	struct tally_certificate *place = find(*list, certificate->sha256);

	if (place == NULL && take_place(list, certificate, &place) != 0)
		return -1;
	if (place == NULL)
		return 0;
	see_again(place, certificate);
	if (place->subject != NULL || certificate->subject == NULL)
		return 0;
	place->subject = copy_subject(certificate->subject);
	return place->subject == NULL ? -1 : 0;
}

const char *tally_certificate_format(
    const struct tally_certificate *c, char text[TALLY_CERTIFICATE_TEXT])
{
	char hash[2 * sizeof(c->sha256) + 1], date[TIME_TEXT_MAX] = "-";

	if (c->not_after != 0)
		date_format(record_date_epoch(c->not_after), date);
	snprintf(text, TALLY_CERTIFICATE_TEXT, "%s %llu %llu %s %s",
	    hash_format(c->sha256, sizeof(c->sha256), hash), (unsigned long long)c->first_ms,
	    (unsigned long long)c->last_ms, date, c->subject == NULL ? "-" : c->subject);
	return text;
}

static bool parse_hash(const char *hex, uint8_t sha256[32])
{
	char byte[3] = "", *end;

	for (size_t i = 0; i < 32; i++) {
		memcpy(byte, hex + 2 * i, 2);
		sha256[i] = (uint8_t)strtoul(byte, &end, 16);
		if (end != byte + 2)
			return false;
	}
	return true;
}

/* "-" is 0. */
static bool parse_date(const char *text, uint64_t *date)
{
	struct tm tm = {0};
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);

	*date = end == NULL ? 0 : record_date(timegm(&tm));
	return end == NULL ? strcmp(text, "-") == 0 : *end == '\0';
}

bool tally_certificate_parse(const char *value, struct tally_certificate *c)
{
	unsigned long long first, last;
	char hash[65], date[TIME_TEXT_MAX];
	int subject = 0;

	/* sscanf would take a sign, and blanks of other kinds. */
	if (strspn(value, "0123456789abcdef") != 64 || value[64] != ' ' || value[65] < '0' ||
	    value[65] > '9')
		return false;
	if (sscanf(value, "%64s %20llu %20llu %35s %n", hash, &first, &last, date, &subject) != 4 ||
	    subject == 0 || value[subject] == '\0')
		return false;
	c->first_ms = first;
	c->last_ms = last;
	c->subject =
	    strcmp(value + subject, "-") == 0 ? NULL : (char *)(uintptr_t)(value + subject);
	return parse_hash(hash, c->sha256) && parse_date(date, &c->not_after);
}
